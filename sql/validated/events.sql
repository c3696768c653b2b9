-- One row is one event of one person: something that happened on a day, and when it was decided.
SELECT row_key, person_key {fields}, {unreadable} AS unreadable, source_file, source_row, drop_id
FROM (SELECT * {read} FROM raw.events)
