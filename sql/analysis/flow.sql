-- One row is one stage of the participant flow in one group ("unknown" for people whose group could not be read).
WITH delivered AS (
    SELECT person_key, arm, start_date, true AS kept FROM validated.cases
    UNION ALL BY NAME
    SELECT person_key, arm, start_date, false AS kept FROM quarantine.cases
),
stages AS (
    SELECT 1 AS position, 'In the case file' AS stage, arm, row_key_count AS people
    FROM (SELECT arm, count(*) AS row_key_count FROM delivered GROUP BY arm)
    UNION ALL
    SELECT 2, 'Kept after the checks', arm, count(*) FROM delivered WHERE kept GROUP BY arm
    UNION ALL
    SELECT 3, 'Started', arm, count(*) FROM delivered WHERE kept AND start_date IS NOT NULL AND $has_start GROUP BY arm
    UNION ALL
    SELECT 4, 'Follow-up over: ' || outcome, arm, count(*)
    FROM analysis.participants WHERE list_contains($due, outcome) GROUP BY ALL
    UNION ALL
    SELECT 5, 'Outcome known: ' || outcome, arm, count(*)
    FROM analysis.participants WHERE known AND list_contains($primary, outcome) GROUP BY ALL
)
SELECT position, stage, coalesce(arm, CASE WHEN $has_arms THEN 'unknown' ELSE 'everyone' END) AS arm, people
FROM stages
ORDER BY ALL
