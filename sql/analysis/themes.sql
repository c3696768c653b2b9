-- One row is one code in one interview: how many passages carry it, how many coders put it there, how many coded at all.
WITH speakers AS (
    SELECT d.document_key, d.speaker_key, coalesce(d.role, 'other') AS role
    FROM validated.documents d
    -- Who withdrew is not counted, not quoted, and not among those interviewed; also when their row was set aside.
    ANTI JOIN (
        SELECT person_key FROM validated.consents WHERE withdrawn_on IS NOT NULL
        UNION ALL
        SELECT person_key FROM quarantine.consents WHERE withdrawn_on IS NOT NULL
    ) w ON w.person_key = d.speaker_key
),
frame AS (
    -- A code that only people who withdrew had used would still say that somebody had.
    SELECT code_path, min(code_name) AS code_name, max(definition) AS definition
    FROM validated.codings
    SEMI JOIN speakers USING (document_key)
    GROUP BY code_path
),
coders AS (
    -- Codings of nobody known are no coder's: they are passages, but agree with nobody.
    SELECT document_key, count(DISTINCT nullif(coder_key, '')) AS coders_at_work
    FROM validated.codings
    GROUP BY document_key
),
passages AS (
    SELECT
        document_key,
        code_path,
        count(DISTINCT (start_at, end_at)) AS passages,
        count(DISTINCT nullif(coder_key, '')) AS coders
    FROM validated.codings
    GROUP BY document_key, code_path
)
SELECT
    s.document_key,
    s.speaker_key,
    s.role,
    f.code_path,
    f.code_name,
    f.definition,
    coalesce(p.passages, 0) AS passages,
    coalesce(p.coders, 0) AS coders,
    coalesce(k.coders_at_work, 0) AS coders_at_work
FROM speakers s
CROSS JOIN frame f
LEFT JOIN passages p USING (document_key, code_path)
LEFT JOIN coders k USING (document_key)
