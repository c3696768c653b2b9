-- One row is one period of a series: its count or average, and the population behind it.
SELECT row_key {fields}, {unreadable} AS unreadable, source_file, source_row, drop_id
FROM (SELECT * {read} FROM raw.series)
