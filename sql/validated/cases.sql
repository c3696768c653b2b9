-- One row is one person referred to the pilot in this site, with what was known of them before they started.
SELECT row_key, person_key, $site AS site {fields}, {unreadable} AS unreadable, source_file, source_row, drop_id
FROM (SELECT * {read} FROM raw.cases)
