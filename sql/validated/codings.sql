-- One row is one code that one coder put on one passage of one speaker. The words of who withdrew are not kept here.
WITH gone AS (
    SELECT d.document_key FROM raw.documents d
    SEMI JOIN (
        SELECT person_key FROM validated.consents WHERE withdrawn_on IS NOT NULL
        UNION ALL
        SELECT person_key FROM quarantine.consents WHERE withdrawn_on IS NOT NULL
    ) w ON w.person_key = d.person_key
)
SELECT
    row_key, coding_key, document_key, code_path, code_name, definition, coder_key, coder_role,
    start_at, end_at,
    CASE WHEN quote IS NOT NULL AND document_key IN (SELECT document_key FROM gone) THEN '' ELSE quote END AS quote,
    checked, '' AS unreadable, source_file, source_row, drop_id
FROM raw.codings
