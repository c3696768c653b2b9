-- One row is one component of the intervention for one participant: how much of it they got.
-- Sums run in the order of size: in the order of threads, the last digit would differ from run to run.
WITH contacted AS (
    SELECT
        person_key,
        count(*) FILTER (coalesce(attended, true)) AS contacts,
        coalesce(list_sum(list_sort(list(minutes) FILTER (coalesce(attended, true)))), 0) AS minutes
    FROM validated.contacts
    GROUP BY person_key
),
paid AS (
    SELECT person_key, round(list_sum(list_sort(list(amount))), 6) AS spend FROM validated.spend GROUP BY person_key
),
together AS (
    SELECT
        cases.*,
        coalesce(contacted.contacts, 0)::DOUBLE AS _contacts,
        coalesce(contacted.minutes, 0)::DOUBLE AS _minutes,
        coalesce(paid.spend, 0)::DOUBLE AS _spend
    FROM validated.cases
    LEFT JOIN contacted USING (person_key)
    LEFT JOIN paid USING (person_key)
)
SELECT person_key, arm, delivered.component, delivered.dose
FROM (SELECT person_key, arm, unnest({doses}) AS delivered FROM together)
