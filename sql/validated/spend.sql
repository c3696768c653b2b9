-- One row is one payment from the fund for a person.
SELECT row_key, person_key {fields}, {unreadable} AS unreadable, source_file, source_row, drop_id
FROM (SELECT * {read} FROM raw.spend)
