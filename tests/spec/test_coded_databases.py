"""Taguette and QualCoder databases by example: the samples, what tools of other ages wrote, and hostile files."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.qualitative.html_text import text_nodes
from pipelines.qualitative.models import CaseSpan, Project, UnreadableProject
from pipelines.qualitative.qualcoder import read_qualcoder
from pipelines.qualitative.reading import Wanted, read_coded
from pipelines.qualitative.refi_qda import read_project
from pipelines.qualitative.taguette import read_taguette
from tests.spec.coded_files import (
    HASTY,
    PARTICIPANT,
    QUALCODER,
    TAGUETTE,
    TEXT,
    database,
    in_bytes,
    qualcoder,
    taguette,
)

SAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "qualitative"
SAID = [("said it helps", 1, "ann"), ("😀", 2, "ben"), ("came twice & stayed", 1, "ben")]


def sample(*parts: str) -> Path:
    """Return a sample, or skip."""
    path = SAMPLES.joinpath(*parts)
    if not path.exists():
        pytest.skip("the sample exports are not beside the repository")
    return path


def told(project: Project) -> list[tuple[str, str, str, str, str]]:
    """Return code, quote, check, coder and the text at the coding's place, in order."""
    codes, coders = ({each.id: each for each in items} for items in (project.codes, project.coders))
    texts = {document.id: document.text for document in project.documents}
    return [
        (
            codes[c.code_id].name,
            c.quote,
            c.checked,
            coders[c.coder_id].name if c.coder_id else "",
            texts[c.document_id][c.start : c.end],
        )
        for c in sorted(project.codings, key=lambda c: (c.document_id, c.start, c.end, c.id))
    ]


# ---- Taguette -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "coders"),
    [("project.sqlite3", {"": 25}), ("server_multiuser_db.sqlite3", {"user-coder_a": 14, "user-coder_b": 11})],
)
def test_every_quote_of_the_taguette_samples_is_exact(file: str, coders: dict[str, int]) -> None:
    path = sample("taguette", file)
    project = read_coded(path)
    assert project.name == "Early help pilot – interviews"
    assert Counter(coding.checked for coding in project.codings) == {"exact": 25}
    assert Counter(coding.coder_id for coding in project.codings) == coders
    assert project.quarantined == ()
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        rows = connection.execute(
            "SELECT d.name, t.path, t.description, h.snippet FROM highlight_tags g"
            " JOIN highlights h ON h.id = highlight_id JOIN tags t ON t.id = tag_id"
            " JOIN documents d ON d.id = document_id"
        ).fetchall()
    names = {document.id: document.name for document in project.documents}
    codes = {code.id: code for code in project.codes}
    read = [
        (names[c.document_id], codes[c.code_id].name, codes[c.code_id].description, c.quote) for c in project.codings
    ]
    # The samples' snippets are plain but for their paragraphs' tags.
    plain = [(name, tag, said, snippet.replace("<p>", "").replace("</p>", "")) for name, tag, said, snippet in rows]
    assert sorted(read) == sorted(plain)
    assert sum("a highlight has no tag" in each for each in project.deviations) == 1


def test_a_taguette_database_counts_bytes_over_text_nodes(tmp_path: Path) -> None:
    project = read_taguette(taguette(tmp_path / "a.sqlite3", SAID), name="a.sqlite3")
    assert project.documents[0].text == TEXT
    assert told(project) == [
        ("help", "said it helps", "exact", "ann", "said it helps"),
        ("help.visit", "😀", "exact", "ben", "😀"),
        ("help", "came twice & stayed", "exact", "ben", "came twice & stayed"),
    ]
    assert {calibration.unit for calibration in project.calibrations} == {"utf-8 bytes"}
    assert [code.description for code in project.codes] == ["What helps", "", ""]
    assert project.codings[0].created is not None


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a &lt; b &amp; &eacute;</p>", "a < b & é"),
        ("a<br/>b<img alt='x > y'>c<!-- <p>no</p> -->d", "abcd"),
        ("<!DOCTYPE html><p>1 < 2 &#x1F600; </p\n>", "1 < 2 😀 "),
        ("open <b", "open <b"),
        ("a<!-- never ends", "a"),
        ("", ""),
    ],
)
def test_text_nodes_of_html(html: str, text: str) -> None:
    assert text_nodes(html) == text


@pytest.mark.parametrize("wanted", ["", "wave 2", "2", "Wave 3"])
def test_of_several_projects_one_is_named(tmp_path: Path, wanted: str) -> None:
    more = ("INSERT INTO projects VALUES (2, ' Wave 2', '', '')", "INSERT INTO tags VALUES (9, 2, 'other', '')")
    path = taguette(tmp_path / "a.sqlite3", SAID, *more)
    if wanted in ("wave 2", "2"):
        project = read_coded(path, wanted=Wanted(project=wanted))
        assert [code.name for code in project.codes] == ["other"]
        assert project.documents == ()
    else:
        with pytest.raises(UnreadableProject, match=r"holds 2 projects, and .*\(1: Wave 1; 2:  Wave 2\)"):
            read_coded(path, wanted=Wanted(project=wanted))


def test_old_taguette_files_without_some_columns_application_id_and_log(tmp_path: Path) -> None:
    start, end = in_bytes("said it helps")
    schema = (
        "CREATE TABLE projects (id INTEGER, name TEXT); CREATE TABLE tags (id INTEGER, project_id INTEGER, path TEXT);"
        "CREATE TABLE documents (id INTEGER, name TEXT, project_id INTEGER, contents TEXT);"
        "CREATE TABLE highlights (id INTEGER, document_id INTEGER, start_offset INTEGER, end_offset INTEGER, snippet);"
        "CREATE TABLE highlight_tags (highlight_id INTEGER, tag_id INTEGER);"
        "INSERT INTO projects VALUES (1, 'old'); INSERT INTO tags VALUES (1, 1, 'help');"
    )
    path = database(
        tmp_path / "old.db",
        schema,
        ("INSERT INTO documents VALUES (1, 'P1', 1, ?)", (f"<p>{TEXT}</p>",)),
        ("INSERT INTO highlights VALUES (1, 1, ?, ?, 'said it helps')", (start, end)),
        "INSERT INTO highlight_tags VALUES (1, 1)",
    )
    project = read_coded(path)
    assert told(project) == [("help", "said it helps", "exact", "", "said it helps")]
    assert "the file does not say who coded: it has no log of commands" in project.deviations


def test_who_first_tagged_coded_even_where_tags_were_merged_or_highlights_changed(tmp_path: Path) -> None:
    log = "INSERT INTO commands VALUES (?, '2026-03-01', ?, 1, 1, ?)"
    again = json.dumps({"type": "highlight_add", "highlight_id": 1, "tags": [1, 2]})
    merge = json.dumps({"type": "tag_merge", "src_tag_id": 3, "dest_tag_id": 1})
    path = taguette(
        tmp_path / "a.sqlite3",
        [("said it helps", 1, "ann"), ("came twice", 3, "ben")],
        (log, (10, "cat", again)),
        "INSERT INTO highlight_tags VALUES (1, 2)",
        (log, (11, "dan", merge)),
        "UPDATE highlight_tags SET tag_id = 1 WHERE tag_id = 3",
        (log, (12, "eve", "no json")),
    )
    found = {(code, quote): coder for code, quote, _, coder, _ in told(read_coded(path))}
    assert found == {
        ("help", "said it helps"): "ann",
        ("help.visit", "said it helps"): "cat",
        ("help", "came twice"): "ben",
    }


@pytest.mark.parametrize("change", ["start_offset + 1", "start_offset + 9", "NULL", "'five'", "-3", "1e17"])
def test_a_highlight_that_is_not_where_it_says_waits_in_quarantine(tmp_path: Path, change: str) -> None:
    path = taguette(tmp_path / "a.sqlite3", SAID, f"UPDATE highlights SET start_offset = {change} WHERE id = 3")
    project = read_coded(path)
    assert [quote for _, quote, *_ in told(project)] == ["said it helps", "😀"]
    assert [each.id for each in project.quarantined] == ["highlight-3-1"]


# ---- QualCoder ----------------------------------------------------------------------------------------------------


def test_the_qualcoder_sample_reads_as_its_own_exports_do() -> None:
    folder = sample("qualcoder", "early_help.qda")
    project = read_coded(folder)
    exported = read_project(sample("qualcoder", "out_lf.qdpx"), name="out_lf.qdpx")
    assert project.name == "early_help"
    assert Counter(coding.checked for coding in project.codings) == {"exact": 26}
    assert told(project)
    assert sorted(told(project)) == sorted(told(exported))
    assert {code.path for code in project.codes} == {code.path for code in exported.codes}
    assert {code.path: code.description for code in project.codes if code.codable} == {
        code.path: code.description for code in exported.codes if code.codable
    }
    assert {c.name: c.attributes for c in project.cases} == {c.name: c.attributes for c in exported.cases}
    assert {document.case_names for document in project.documents} == {("P03",), ("W01",), ("P11",), ("M02",)}
    assert sum(coding.memo == "memo: check with site lead" for coding in project.codings) == 2


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n")])
def test_a_qualcoder_folder_its_database_and_a_zip_read_alike(tmp_path: Path, text: str) -> None:
    folder = qualcoder(tmp_path / "early.qda", SAID, text=text)
    packed = Path(shutil.make_archive(str(tmp_path / "early"), "zip", tmp_path, "early.qda"))
    projects = [read_coded(folder), read_coded(folder / "data.qda"), read_coded(packed)]
    assert told(projects[0]) == told(projects[1]) == told(projects[2])
    assert len(told(projects[0])) == 3
    assert [project.name for project in projects] == ["early", "early", "early"]
    assert [code.path for code in projects[0].codes if code.codable] == [
        ("Outer", "Inner", "help"),
        ("Outer", "Inner", "help", "visit"),
    ]
    assert projects[0].documents[0].case_names == ("P1",)
    assert projects[0].codings[0].memo == "a memo"
    assert projects[0].case_spans == ()


def test_parts_of_a_document_belong_to_their_cases(tmp_path: Path) -> None:
    more = (
        "INSERT INTO cases VALUES (2, 'P2', '', '', '')",
        "INSERT INTO case_text VALUES (2, 2, 1, 21, 45, '', '', '')",
    )
    folder = qualcoder(tmp_path / "a.qda", SAID, "UPDATE case_text SET pos1 = 20", *more)
    project = read_coded(folder)
    assert project.case_spans == (CaseSpan("source-1", "P1", 0, 20), CaseSpan("source-1", "P2", 21, 45))
    assert {coding.quote: project.cases_of(coding) for coding in project.codings} == {
        "said it helps": ("P1",),
        "😀": ("P1",),
        "came twice & stayed": ("P2",),
    }


def test_the_key_to_who_people_are_is_named_and_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = qualcoder(tmp_path / "a.qda", SAID)
    (folder / "pseudonyms.json").write_text('{"P1": "somebody"}')
    opened: list[str] = []
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda path, *a, **k: (opened.append(path.name), real(path, *a, **k))[1])
    assert any("pseudonyms.json lies beside" in each for each in read_coded(folder).deviations)
    assert "pseudonyms.json" not in opened
    packed = Path(shutil.make_archive(str(tmp_path / "a"), "zip", tmp_path, "a.qda"))
    assert any("pseudonyms.json lies beside" in each for each in read_coded(packed).deviations)


def test_pictures_media_and_codings_without_a_code_are_said(tmp_path: Path) -> None:
    folder = qualcoder(
        tmp_path / "a.qda",
        SAID,
        "CREATE TABLE code_image (imid integer, cid integer)",
        "INSERT INTO code_image VALUES (1, 1), (2, 1)",
        "INSERT INTO source VALUES (2, 'photo.jpg', NULL, '/images/photo.jpg', '', '', '')",
        "UPDATE code_text SET cid = 99 WHERE ctid = 1",
    )
    project = read_coded(folder)
    assert len(project.codings) == 2
    assert project.deviations == (
        "a coding of pictures is not read (2 times)",
        "a coding has no code; left out",
        "a source without a text is not read",
    )


# ---- hostile files ------------------------------------------------------------------------------------------------

Spoil = Callable[[Path], object]


def run(*statements: str) -> Spoil:
    """Return what runs statements on a database, whatever they break."""

    def spoil(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(HASTY)
            for each in statements:
                connection.execute(each)
            connection.commit()

    return spoil


def written(start: int, content: bytes) -> Spoil:
    """Return what overwrites bytes of a file."""

    def spoil(path: Path) -> None:
        whole = bytearray(path.read_bytes())
        whole[start : start + len(content)] = content
        path.write_bytes(bytes(whole))

    return spoil


HOSTILE: dict[str, tuple[Spoil, str]] = {
    "a trigger": (run("CREATE TRIGGER t AFTER INSERT ON tags BEGIN DELETE FROM tags; END"), "views or triggers"),
    "a view": (run("CREATE VIEW v AS SELECT 1"), "views or triggers"),
    "a view in place of a table": (
        run("DROP TABLE highlights", "CREATE VIEW highlights AS SELECT 1 AS id"),
        "views or triggers",
    ),
    "a virtual table": (run("CREATE VIRTUAL TABLE f USING fts5(x)"), "virtual table"),
    "a computed column": (run("ALTER TABLE tags ADD COLUMN x AS (upper(path))"), "computed columns"),
    "bytes for a text": (run(f"UPDATE documents SET contents = x'{TEXT.encode().hex()}'"), "contents holds something"),
    "a number for a name": (run("UPDATE documents SET name = x'00ff'"), "documents.name holds something"),
    "a text that is not UTF-8": (run("UPDATE documents SET contents = CAST(x'5a6fff' AS TEXT)"), "damaged"),
    "tags that never end": (
        run("UPDATE documents SET contents = replace(hex(zeroblob(2000)), '00', '<a ')"),
        "its HTML is broken",
    ),
    "two rows of one number": (
        run(
            "CREATE TABLE again AS SELECT * FROM documents UNION ALL SELECT * FROM documents",
            "DROP TABLE documents",
            "ALTER TABLE again RENAME TO documents",
        ),
        "does not number its rows",
    ),
    "a missing table": (run("DROP TABLE highlights"), "lacks id"),
    "a missing column": (run("ALTER TABLE documents DROP COLUMN contents"), "lacks contents"),
    "no project": (run("DELETE FROM projects"), "holds no project"),
    "a cut file": (lambda path: path.write_bytes(path.read_bytes()[:5000]), "damaged"),
    "a broken page": (written(4096, b"\xff" * 600), "damaged"),
    "half a change beside it": (
        lambda path: path.with_name(path.name + "-wal").write_bytes(b"x"),
        "unfinished changes",
    ),
    "another database": (run("DROP TABLE tags", "PRAGMA application_id = 0"), "neither Taguette nor QualCoder"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_databases_are_refused_without_a_word_of_what_they_hold(tmp_path: Path, kind: str) -> None:
    path = taguette(tmp_path / "a.sqlite3", SAID)
    spoil, words = HOSTILE[kind]
    spoil(path)
    with pytest.raises(UnreadableProject) as refused:
        read_coded(path)
    assert words in str(refused.value)
    assert "a.sqlite3" in str(refused.value)
    assert PARTICIPANT not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None


def test_a_value_beyond_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.qualitative.sqlite_source.LONGEST_VALUE", 2_000)
    path = taguette(tmp_path / "a.sqlite3", SAID, "UPDATE documents SET contents = hex(zeroblob(2000))")
    with pytest.raises(UnreadableProject, match="damaged"):
        read_coded(path)


def test_a_database_that_keeps_changes_in_a_file_of_its_own_is_read(tmp_path: Path) -> None:
    path = taguette(tmp_path / "a.sqlite3", SAID)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    before = path.read_bytes()
    assert len(read_coded(path).codings) == 3
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.sqlite3"]


def test_codes_in_a_circle_are_refused(tmp_path: Path) -> None:
    folder = qualcoder(tmp_path / "a.qda", SAID, "UPDATE code_cat SET supercatid = 2 WHERE catid = 1")
    with pytest.raises(UnreadableProject, match="in a circle"):
        read_coded(folder)


def test_what_is_no_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.qda").mkdir()
    (tmp_path / "none.sqlite3").write_bytes(b"")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.qda/data.qda", b"x")
        archive.writestr("b.qda/data.qda", b"x")
    (tmp_path / "two.zip").write_bytes(buffer.getvalue())
    for name, words in {
        "empty.qda": "there is no data.qda in it",
        "none.sqlite3": "is empty",
        "two.zip": "holds 2 QualCoder projects",
        "gone.qda": "cannot be read",
    }.items():
        with pytest.raises(UnreadableProject, match=words):
            read_coded(tmp_path / name)
    other = database(tmp_path / "t.sqlite3", TAGUETTE)
    with pytest.raises(UnreadableProject, match="not a QualCoder database"):
        read_qualcoder(other, name="t.sqlite3")
    with pytest.raises(UnreadableProject, match="not a Taguette database"):
        read_taguette(database(tmp_path / "q.db", QUALCODER), name="q.db")
