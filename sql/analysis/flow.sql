-- One row is one stage of the participant flow in one group ("unknown" for people whose group could not be read).
WITH delivered AS (
    SELECT person_key, arm, start_date, true AS kept FROM validated.cases
    UNION ALL BY NAME
    SELECT person_key, arm, start_date, false AS kept FROM quarantine.cases
),
stages AS (
    -- The stages come from the protocol: one that nobody reached is a stage with nobody, not a stage that is missing.
    SELECT 1 AS position, 'In the case file' AS stage, NULL AS outcome
    UNION ALL
    SELECT 2, 'Kept after the checks', NULL
    UNION ALL
    SELECT 3, 'Started', NULL WHERE $has_start
    UNION ALL
    SELECT 4, 'Follow-up over: ' || outcome, outcome FROM (SELECT unnest($due::VARCHAR[]) AS outcome)
    UNION ALL
    SELECT 5, 'Outcome known: ' || outcome, outcome FROM (SELECT unnest($primary::VARCHAR[]) AS outcome)
),
people AS (
    SELECT position, arm, count(*) AS people
    FROM delivered
    JOIN stages ON position = 1 OR (position = 2 AND kept) OR (position = 3 AND kept AND start_date IS NOT NULL)
    GROUP BY ALL
),
followed AS (
    SELECT position, stage, arm, count(*) AS people
    FROM analysis.participants
    JOIN stages USING (outcome)
    WHERE position = 4 OR known
    GROUP BY ALL
),
groups AS (
    SELECT DISTINCT arm FROM delivered
)
SELECT
    s.position,
    s.stage,
    coalesce(g.arm, CASE WHEN $has_arms THEN 'unknown' ELSE 'everyone' END) AS arm,
    coalesce(p.people, f.people, 0) AS people
FROM stages s
CROSS JOIN groups g
LEFT JOIN people p ON p.position = s.position AND p.arm IS NOT DISTINCT FROM g.arm
LEFT JOIN followed f ON f.stage = s.stage AND f.arm IS NOT DISTINCT FROM g.arm
ORDER BY ALL
