-- One row is one speaker of one interview. `person_key` is filled when the speaker is a person of the case file.
-- What somebody said who withdrew is not kept here; that they were interviewed is.
SELECT
    d.row_key,
    d.document_key,
    d.person_key AS speaker_key,
    c.person_key,
    coalesce(d.role, CASE WHEN c.person_key IS NOT NULL THEN 'participant' END) AS role,
    CASE WHEN w.person_key IS NOT NULL AND trim(d.text) <> '' THEN '[withdrawn]' ELSE d.text END AS text,
    '' AS unreadable,
    d.source_file,
    d.source_row,
    d.drop_id
FROM raw.documents d
LEFT JOIN (SELECT DISTINCT person_key FROM validated.cases) c ON c.person_key = d.person_key
LEFT JOIN (
    SELECT person_key FROM validated.consents WHERE withdrawn_on IS NOT NULL
    UNION
    SELECT person_key FROM quarantine.consents WHERE withdrawn_on IS NOT NULL
) w ON w.person_key = d.person_key
