"""Small coding tools' databases and tables, made for tests: what the tools write, and what they never would."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

PARAGRAPHS = ("Zoë said it helps. 😀", "She came twice & stayed.", "Then it helps again.")
HTML = "\n".join(f"<p>{each.replace('&', '&amp;')}</p>" for each in PARAGRAPHS)
TEXT = "\n".join(PARAGRAPHS)
PARTICIPANT = "Zoë"

HASTY = "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;"
"""Nobody needs these files after a crash."""
TAGUETTE = """
CREATE TABLE projects (id INTEGER PRIMARY KEY, name TEXT, description TEXT, created TEXT);
CREATE TABLE documents (id INTEGER PRIMARY KEY, name TEXT, description TEXT, filename TEXT, created TEXT,
    project_id INTEGER, contents TEXT);
CREATE TABLE tags (id INTEGER PRIMARY KEY, project_id INTEGER, path TEXT, description TEXT);
CREATE TABLE highlights (id INTEGER PRIMARY KEY, document_id INTEGER, start_offset INTEGER, end_offset INTEGER,
    snippet TEXT);
CREATE TABLE highlight_tags (highlight_id INTEGER, tag_id INTEGER);
CREATE TABLE commands (id INTEGER PRIMARY KEY, date TEXT, user_login TEXT, project_id INTEGER, document_id INTEGER,
    payload TEXT);
INSERT INTO projects VALUES (1, 'Wave 1', '', '2026-01-05 10:00:00');
INSERT INTO tags VALUES (1, 1, 'help', 'What helps'), (2, 1, 'help.visit', ''), (3, 1, 'unused', '');
"""
QUALCODER = """
CREATE TABLE source (id integer primary key, name text, fulltext text, mediapath text, memo text, owner text,
    date text);
CREATE TABLE code_name (cid integer primary key, name text, memo text, catid integer, owner text, date text, color text,
    supercid integer);
CREATE TABLE code_cat (catid integer primary key, name text, owner text, date text, memo text, supercatid integer);
CREATE TABLE code_text (ctid integer primary key, cid integer, fid integer, seltext text, pos0 integer, pos1 integer,
    owner text, date text, memo text, avid integer, important integer);
CREATE TABLE cases (caseid integer primary key, name text, memo text, owner text, date text);
CREATE TABLE case_text (id integer primary key, caseid integer, fid integer, pos0 integer, pos1 integer, owner text,
    date text, memo text);
CREATE TABLE attribute (attrid integer primary key, name text, attr_type text, value text, id integer, date text,
    owner text);
INSERT INTO code_cat VALUES (1, 'Outer', 'ann', '', '', NULL), (2, 'Inner', 'ann', '', '', 1);
INSERT INTO code_name VALUES (1, 'help', 'What helps', 2, 'ann', '', '', NULL);
INSERT INTO code_name VALUES (2, 'visit', '', NULL, 'ann', '', '', 1);
"""


def database(path: Path, schema: str, *statements: str | tuple[str, Sequence[object]]) -> Path:
    """Make an SQLite file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(HASTY + schema)
        for each in statements:
            connection.execute(*((each,) if isinstance(each, str) else each))
        connection.commit()
    return path


def in_bytes(quote: str, text: str = TEXT, nth: int = 1) -> tuple[int, int]:
    """Return where a quote stands, in bytes of UTF-8."""
    at = -1
    for _ in range(nth):
        at = text.index(quote, at + 1)
    start = len(text[:at].encode())
    return start, start + len(quote.encode())


def taguette(
    path: Path, highlights: Sequence[tuple[str, int, str]], *extra: str | tuple[str, Sequence[object]], name: str = "P1"
) -> Path:
    """Make a Taguette database with one document and highlights of (quote, tag, login)."""
    rows: list[str | tuple[str, Sequence[object]]] = [
        ("INSERT INTO documents VALUES (1, ?, '', '', '2026-01-05', 1, ?)", (name, HTML))
    ]
    for number, (quote, tag, login) in enumerate(highlights, start=1):
        start, end = in_bytes(quote)
        snippet = f"<p>{quote.replace('&', '&amp;')}</p>"
        rows.append(("INSERT INTO highlights VALUES (?, 1, ?, ?, ?)", (number, start, end, snippet)))
        rows.append(("INSERT INTO highlight_tags VALUES (?, ?)", (number, tag)))
        payload = json.dumps({"type": "highlight_add", "highlight_id": number, "tags": [tag]})
        rows.append(("INSERT INTO commands VALUES (?, '2026-02-01 09:00:00', ?, 1, 1, ?)", (number, login, payload)))
    return database(path, TAGUETTE, "PRAGMA application_id = 1416066164", *rows, *extra)


def qualcoder(
    folder: Path, codings: Sequence[tuple[str, int, str]], *extra: str | tuple[str, Sequence[object]], text: str = TEXT
) -> Path:
    """Make a QualCoder folder with one document of one case and codings of (quote, code, owner)."""
    plain = text.replace("\r\n", "\n")
    rows: list[str | tuple[str, Sequence[object]]] = [
        ("INSERT INTO source VALUES (1, 'P1.txt', ?, NULL, '', 'ann', '2026-01-05 10:00:00')", (text,)),
        "INSERT INTO cases VALUES (1, 'P1', '', 'ann', '')",
        ("INSERT INTO case_text VALUES (1, 1, 1, 0, ?, 'ann', '', '')", (len(plain),)),
        "INSERT INTO attribute VALUES (1, 'Site', 'case', 'north', 1, '', 'ann')",
        "INSERT INTO attribute VALUES (2, 'Role', 'case', 'participant', 1, '', 'ann')",
    ]
    for number, (quote, code, owner) in enumerate(codings, start=1):
        at = plain.index(quote)
        values = (number, code, quote, at, at + len(quote), owner)
        rows.append(
            ("INSERT INTO code_text VALUES (?, ?, 1, ?, ?, ?, ?, '2026-02-01 09:00:00', 'a memo', NULL, NULL)", values)
        )
    database(folder / "data.qda", QUALCODER, *rows, *extra)
    return folder
