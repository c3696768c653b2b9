"""Coded files of every tool, made at random: each quote comes back where it was, and no file of bytes does harm."""

from __future__ import annotations

import csv
import io
import random
import tempfile
from html import escape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.qualitative.code_lists import CannotTell, split_codes
from pipelines.qualitative.html_text import text_nodes
from pipelines.qualitative.models import Project, UnreadableProject
from pipelines.qualitative.placing import Finder
from pipelines.qualitative.positions import Placed
from pipelines.qualitative.reading import read_coded
from tests.spec.coded_files import QUALCODER, TAGUETTE, database, qualcoder, taguette

WORDS = st.sampled_from(["care", "Zoë", "e\u0301t", "😀", "👩🏽\u200d💻", "שלום", "a<b", "x&y", "\u200fr", "10%", "no"])
TEXTS = st.lists(st.lists(WORDS, min_size=2, max_size=8).map(" ".join), min_size=1, max_size=5)
FEW = settings(derandomize=True, deadline=None, max_examples=30)


@st.composite
def coded(draw: st.DrawFn) -> tuple[list[str], list[tuple[int, int]]]:
    """Return lines, and passages that begin and end between words, in code points of the lines joined by LF."""
    lines = draw(TEXTS)
    text = "\n".join(lines)
    ends = [k for k in range(len(text) + 1) if k in (0, len(text)) or text[k - 1] in " \n" or text[k] in " \n"]
    pairs = (
        st.tuples(st.sampled_from(ends), st.sampled_from(ends)).map(sorted).filter(lambda p: text[p[0] : p[1]].strip())
    )
    return lines, [(a, b) for a, b in draw(st.lists(pairs, min_size=3, max_size=8, unique_by=tuple))]


def found(project: Project) -> list[tuple[int, int, str]]:
    """Return the places and quotes of codings, each in its document."""
    texts = {document.id: document.text for document in project.documents}
    assert all(texts[each.document_id][each.start : each.end] == each.quote for each in project.codings)
    return sorted((each.start, each.end, each.quote) for each in project.codings)


def expected(text: str, passages: list[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """Return what should be found."""
    return sorted((a, b, text[a:b]) for a, b in passages)


@given(coded())
@FEW
def test_taguette_gives_back_every_quote(made: tuple[list[str], list[tuple[int, int]]]) -> None:
    lines, passages = made
    text = "\n".join(lines)
    with tempfile.TemporaryDirectory() as folder:
        statements: list[str | tuple[str, tuple[object, ...]]] = [
            (
                "INSERT INTO documents VALUES (1, 'P1', '', '', '', 1, ?)",
                ("<p>" + "</p>\n<p>".join(map(escape, lines)) + "</p>",),
            )
        ]
        for number, (a, b) in enumerate(passages, start=1):
            start, end = len(text[:a].encode()), len(text[:b].encode())
            values = (number, start, end, f"<p>{escape(text[a:b])}</p>")
            statements.append(("INSERT INTO highlights VALUES (?, 1, ?, ?, ?)", values))
            statements.append(("INSERT INTO highlight_tags VALUES (?, 1)", (number,)))
        project = read_coded(database(Path(folder) / "a.sqlite3", TAGUETTE, *statements))
    assert found(project) == expected(text, passages)


@given(coded(), st.sampled_from(["\n", "\r\n"]))
@FEW
def test_qualcoder_gives_back_every_quote(made: tuple[list[str], list[tuple[int, int]]], newline: str) -> None:
    lines, passages = made
    text = "\n".join(lines)
    with tempfile.TemporaryDirectory() as folder:
        statements: list[str | tuple[str, tuple[object, ...]]] = [
            ("INSERT INTO source VALUES (1, 'P1', ?, NULL, '', '', '')", (newline.join(lines),))
        ]
        for number, (a, b) in enumerate(passages, start=1):
            values = (number, text[a:b], a, b)
            statements.append(("INSERT INTO code_text VALUES (?, 1, 1, ?, ?, ?, 'a', '', '', NULL, NULL)", values))
        project = read_coded(database(Path(folder) / "a.qda" / "data.qda", QUALCODER, *statements))
    assert found(project) == expected(text, passages)


@given(coded(), st.sampled_from(["\n", "\r\n"]), st.booleans())
@FEW
def test_codings_csv_gives_back_every_quote(
    made: tuple[list[str], list[tuple[int, int]]], newline: str, marked: bool
) -> None:
    lines, passages = made
    text = "\n".join(lines)
    with tempfile.TemporaryDirectory() as folder:
        written = io.StringIO()
        writer = csv.writer(written)
        writer.writerow(["document", "start", "end", "code", "quote"])
        writer.writerows(["P1", a, b, f"code {k}", text[a:b]] for k, (a, b) in enumerate(passages))
        (Path(folder) / "codings.csv").write_bytes(written.getvalue().encode())
        (Path(folder) / "P1.txt").write_bytes(b"\xef\xbb\xbf" * marked + newline.join(lines).encode())
        project = read_coded(Path(folder) / "codings.csv")
    assert found(project) == expected(text, passages)


@given(TEXTS, st.data())
@FEW
def test_a_passage_is_found_where_it_stands_once_and_nowhere_else(lines: list[str], data: st.DataObject) -> None:
    text = "\n".join(lines)
    a = data.draw(st.integers(0, len(text) - 1))
    b = data.draw(st.integers(a + 1, len(text)))
    wanted = text[a:b].strip()
    place = Finder(text).find(text[a:b].replace("\n", "  "))
    if isinstance(place, Placed):
        assert " ".join(text[place.start : place.end].split()) == " ".join(wanted.split())
    else:
        assert not wanted or text.count(wanted[0]) > 1 or "several" in place.reason
    if wanted and text.count(wanted) == 1 and "\n" not in wanted:
        assert place == Placed(text.index(wanted), text.index(wanted) + len(wanted), "exact")


@given(st.lists(st.text("ab,; é", min_size=1, max_size=5).map(lambda t: " ".join(t.split())), min_size=1, max_size=6))
@FEW
def test_codes_in_a_cell_are_told_apart_or_refused_never_mixed_up(drawn: list[str]) -> None:
    codes = tuple(name for name in drawn if name and not name.startswith(",") and not name.endswith(","))
    try:
        read = split_codes(", ".join(codes), set(codes), len(codes))
    except CannotTell:
        # Only where other names of the codebook fit just as well.
        assert any(", " in code for code in codes)
    else:
        assert read == codes


@given(
    st.lists(st.sampled_from(["<p>", "</p>", "<br/>", "a", "&amp;", "é", "<!-- x -->", "<b c='>'>", "\n"]), max_size=12)
)
@FEW
def test_text_nodes_agree_with_the_standard_librarys_parser(pieces: list[str]) -> None:
    from html.parser import HTMLParser

    read: list[str] = []
    parser = HTMLParser(convert_charrefs=True)
    parser.handle_data = read.append  # type: ignore[method-assign]
    parser.feed("".join(pieces))
    parser.close()
    assert text_nodes("".join(pieces)) == "".join(read)


@pytest.mark.parametrize("tool", ["taguette", "qualcoder"])
def test_broken_bytes_are_refused_or_read_and_nothing_else(tmp_path: Path, tool: str) -> None:
    said = [("said it helps", 1, "ann"), ("came twice & stayed", 2, "ben"), ("helps again", 1, "ann")]
    made = taguette(tmp_path / "a.db", said) if tool == "taguette" else qualcoder(tmp_path / "a.qda", said) / "data.qda"
    whole, chance = made.read_bytes(), random.Random(20261126)
    outcomes = set()
    for _ in range(150):
        broken = bytearray(whole)
        for _ in range(chance.choice((1, 3, 30))):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        made.write_bytes(bytes(broken[: chance.choice((len(broken), chance.randrange(20, len(broken))))]))
        try:
            found(read_coded(made))
            outcomes.add("read")
        except UnreadableProject as refused:
            outcomes.add(f"refused, hanging on to {refused.__context__}")
    assert outcomes == {"read", "refused, hanging on to None"}
