-- One row is one speaker of one interview. `person_key` is filled when the speaker is a person of the case file.
SELECT
    d.row_key,
    d.document_key,
    d.person_key AS speaker_key,
    c.person_key,
    coalesce(d.role, CASE WHEN c.person_key IS NOT NULL THEN 'participant' END) AS role,
    d.text,
    '' AS unreadable,
    d.source_file,
    d.source_row,
    d.drop_id
FROM raw.documents d
LEFT JOIN (SELECT DISTINCT person_key FROM validated.cases) c ON c.person_key = d.person_key
