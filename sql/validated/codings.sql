-- One row is one code that one coder put on one passage of one speaker.
SELECT
    row_key, coding_key, document_key, code_path, code_name, definition, coder_key, coder_role,
    start_at, end_at, quote, checked, '' AS unreadable, source_file, source_row, drop_id
FROM raw.codings
