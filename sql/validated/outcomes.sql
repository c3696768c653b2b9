-- One row is one outcome of one person whose follow-up for it is over: its value, or the time until an event.
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
FROM (
    SELECT delivered.*, kept.arm AS kept_arm, unnest({outcomes}) AS measured
    FROM raw.cases delivered
    JOIN (SELECT row_key AS kept_row, arm, start_date, referral_date FROM validated.cases) kept ON kept.kept_row = delivered.row_key
)
WHERE measured.due AND (kept_arm IS NOT NULL OR NOT $has_arms)
