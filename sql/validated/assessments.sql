-- One row is one person, or other unit, in one period: what was measured of them then.
SELECT row_key, person_key {fields}, {unreadable} AS unreadable, source_file, source_row, drop_id
FROM (SELECT * {read} FROM raw.assessments)
