-- One row is one contact that a worker had, or tried to have, with a person.
SELECT row_key, person_key {fields}, {unreadable} AS unreadable, source_file, source_row, drop_id
FROM (SELECT * {read} FROM raw.contacts)
