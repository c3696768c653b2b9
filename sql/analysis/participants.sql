-- One row is one outcome of one participant: group, value, and whether the outcome is known.
SELECT
    c.person_key,
    c.arm,
    o.outcome,
    o.value,
    o.time,
    o.event,
    o.exposure,
    o.competing,
    CASE WHEN list_contains($times, o.outcome) THEN o.time IS NOT NULL AND o.event IS NOT NULL ELSE o.value IS NOT NULL END AS known
FROM validated.cases c
JOIN validated.outcomes o USING (person_key)
