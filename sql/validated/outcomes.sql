-- One row is one outcome of one person: its value, and for an event the time until it or until follow-up ended.
SELECT
    row_key || '/' || measured.outcome AS row_key,
    person_key,
    measured.outcome,
    measured.value,
    measured.time,
    measured.event,
    measured.unreadable,
    source_file,
    source_row,
    drop_id
FROM (SELECT *, unnest({outcomes}) AS measured FROM raw.cases)
