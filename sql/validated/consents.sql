-- One row is one person, with what they agreed to and when they withdrew it.
SELECT row_key, person_key {fields}, {unreadable} AS unreadable, source_file, source_row, drop_id
FROM (SELECT * {read} FROM raw.consents)
