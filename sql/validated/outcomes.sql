-- One row is one outcome of one person whose follow-up for it is over: its value, or the time until an event.
SELECT
    row_key || '/' || measured.outcome AS row_key,
    person_key,
    measured.outcome,
    measured.value,
    measured.time,
    measured.event,
    measured.exposure,
    measured.competing,
    measured.unreadable,
    source_file,
    source_row,
    drop_id
FROM (
    SELECT delivered.*, kept.arm AS kept_arm, unnest({outcomes}) AS measured
    FROM (SELECT * {read} FROM raw.cases) delivered
    -- Only people of this very drop, and no name of theirs that a delivered column could be mistaken for.
    JOIN (
        SELECT row_key AS kept_row, drop_id AS kept_drop, person_key AS kept_person, arm, start_date, referral_date {drawn}
        FROM {people}
    ) kept ON kept_row = delivered.row_key AND kept_drop = delivered.drop_id AND kept_person = delivered.person_key
    {events}
)
WHERE measured.due AND (kept_arm IS NOT NULL OR NOT $has_arms)
