"""REFI-QDA: what we write is valid and reads back the same; every known way of counting positions is recognised."""

from __future__ import annotations

from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.qualitative.models import Case, CaseSpan, Checked, Code, Coder, Coding, Document, Medium, Memo, Project
from pipelines.qualitative.offsets import Convention, OffsetMap, conventions, source_text
from pipelines.qualitative.positions import Placed, Selection, calibrate
from pipelines.qualitative.refi_codebook import read_codebook
from pipelines.qualitative.refi_qda import read_project
from pipelines.qualitative.safe_zip import SafeZip
from pipelines.qualitative.writer import write_codebook, write_project

SCHEMAS = Path(__file__).parents[2].parent / "shared" / "data" / "refi-qda"
NASTY = (
    "😀",
    "👩🏽\u200d💻",
    "e\u0301",
    "é",
    "שלום",
    "\u202b",
    "\n",
    "\n\n",
    "“",
    "—",
    "\u2028",
    "\x0b",
    "\t",
    "𝔘",
    "ﷺ",
    "&<>\"'",
)
GUIDS = st.uuids().map(str)
SETTINGS = settings(derandomize=True, max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def schema(name: str) -> xmlschema.XMLSchema:
    """Return a schema of the standard, or skip."""
    if not (SCHEMAS / name).exists():
        pytest.skip("the standard's schemas are not beside the repository")
    return xmlschema.XMLSchema(SCHEMAS / name)


@st.composite
def unique_texts(draw: st.DrawFn, words: int = 12) -> tuple[str, list[tuple[int, int]]]:
    """Return a text of words that occur once, nasty signs between them, and passages of whole words."""
    text, edges = "", []
    for number in range(words):
        text += draw(st.sampled_from(("", *NASTY))) + " "
        edges.append((len(text), len(text) + len(f"word{number:02d}")))
        text += f"word{number:02d} "
    first = draw(st.lists(st.integers(0, words - 1), min_size=1, max_size=8))
    lengths = [draw(st.integers(0, words - 1 - k)) for k in first]
    return text, [(edges[k][0], edges[k + length][1]) for k, length in zip(first, lengths, strict=True)]


@st.composite
def projects(draw: st.DrawFn, texts: st.SearchStrategy[tuple[str, list[tuple[int, int]]]]) -> Project:
    """Return projects with everything the model can hold."""
    words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), min_size=1, max_size=12)
    names = draw(st.lists(words, min_size=4, max_size=4, unique=True))
    identities = draw(st.lists(GUIDS, min_size=30, max_size=30, unique=True))
    codes = (
        Code(identities[0], names[0], (names[0],), draw(words), codable=False, colour="#12ab00"),
        Code(identities[1], names[1], (names[0], names[1])),
        Code(identities[2], names[2], (names[2],), draw(words)),
    )
    coders = (Coder(identities[3], draw(words)), Coder(identities[4], draw(words)))
    text, passages = draw(texts)
    document = Document(
        identities[5],
        names[3],
        text,
        {names[0]: draw(words)},
        (names[1],),
        draw(st.none() | st.datetimes()),
        (names[2],),
        draw(st.just("") | words),
        draw(st.sampled_from(("text", "picture", "pdf", "audio", "video"))),
    )
    codings = tuple(
        Coding(
            identities[10 + k],
            document.id,
            draw(st.sampled_from(codes)).id,
            draw(st.sampled_from(coders)).id,
            start,
            end,
            text[start:end],
            draw(st.none() | st.datetimes(timezones=st.sampled_from([UTC]))),
            memo=draw(st.just("") | words),
        )
        for k, (start, end) in enumerate(passages)
    )
    whole = Coding(
        identities[6], document.id, codes[2].id, coders[0].id, 0, len(text), "", None, "whole-document", "a memo"
    )
    spans = (
        (CaseSpan(document.id, names[1], *passages[0]),) if len(text[slice(*passages[0])]) < len(text.strip()) else ()
    )
    case = Case(identities[7], names[1], {names[2]: draw(words)})
    medium = Medium(
        identities[8], draw(st.sampled_from(("picture", "pdf", "audio"))), "photo", {names[0]: "x"}, (names[1],)
    )
    memos = (
        Memo(identities[20], draw(words), draw(words), coders[0].id, about=tuple(sorted((document.id, codes[1].id)))),
        Memo(identities[21], "", draw(words), created=draw(st.none() | st.datetimes())),
        Memo(identities[22], "", draw(words), coders[1].id, None, (document.id,), *passages[0]),
    )
    return Project(
        "p",
        "Pilotlens",
        coders,
        codes,
        (case,),
        (document,),
        (*codings, whole),
        spans,
        media=(medium,),
        memos=memos,
        description=draw(st.just("") | words),
    )


def by_id(items: Any) -> dict[str, Any]:
    """Index by id: order within lists is not part of a project."""
    return {item.id: item for item in items}


@SETTINGS
@given(project=projects(unique_texts()))
def test_a_written_project_is_valid_and_reads_back_the_same(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("refi") / "p.qdpx"
    write_project(project, path)
    with SafeZip(path) as archive:
        schema("Project.xsd").validate(archive.read("project.qde").decode())
    read = read_project(path, name="p.qdpx")
    assert read.quarantined == ()
    assert set(read.deviations) <= {f"{kind}Source without text is not read" for kind in ("Picture", "PDF", "Audio")}
    assert by_id(read.media) == by_id(project.media)
    assert {memo.id: memo for memo in read.memos if memo.text.strip()} == {
        memo.id: memo for memo in project.memos if memo.text.strip()
    }
    assert read.description == project.description
    assert by_id(read.documents) == by_id(project.documents)
    assert by_id(read.codes) == by_id(project.codes)
    assert by_id(read.coders) == by_id(project.coders)
    assert by_id(read.cases) == by_id(project.cases)
    assert read.case_spans == project.case_spans
    for identity, coding in by_id(read.codings).items():
        original = by_id(project.codings)[identity]
        # A quote with a character that XML cannot hold is found again, but only all but exactly.
        assert coding.checked in (original.checked, "name")
        assert (coding.start, coding.end, coding.quote, coding.memo) == (
            original.start,
            original.end,
            original.quote,
            original.memo,
        )
        assert (coding.code_id, coding.coder_id, coding.created) == (
            original.code_id,
            original.coder_id,
            original.created,
        )
    assert len(read.codings) == len(project.codings)
    assert all(calibration.verified for calibration in read.calibrations)


@SETTINGS
@given(project=projects(unique_texts()))
def test_a_written_codebook_is_valid_and_reads_back_the_same(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("refi") / "p.qdc"
    content = write_codebook(project, path)
    assert path.read_bytes() == content == write_codebook(project.codes)
    schema("Codebook.xsd").validate(content.decode())
    read = read_codebook(content, name="p.qdc")
    assert by_id(read.codes) == by_id(project.codes)
    assert (read.deviations, read.origin) == ((), "Pilotlens")


@SETTINGS
@given(project=projects(unique_texts()))
def test_equal_projects_give_equal_bytes(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("refi")
    shuffled = Project(
        project.name,
        project.origin,
        project.coders[::-1],
        project.codes,
        project.cases[::-1],
        project.documents,
        project.codings[::-1],
        project.case_spans[::-1],
        media=project.media[::-1],
        memos=project.memos[::-1],
        description=project.description,
    )
    write_project(project, folder / "a.qdpx")
    write_project(shuffled, folder / "b.qdpx")
    assert (folder / "a.qdpx").read_bytes() == (folder / "b.qdpx").read_bytes()


@st.composite
def any_texts(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    """Return short texts full of repetition, and passages that are not blank: the hardest case for calibration."""
    text = draw(st.text(st.sampled_from("ab 😀é\n"), min_size=2, max_size=12).filter(lambda each: each.strip()))
    spans = [(i, j) for i in range(len(text)) for j in range(i + 1, len(text) + 1) if text[i:j].strip()]
    return text, draw(st.lists(st.sampled_from(spans), min_size=1, max_size=4))


def inked(text: str, start: int, end: int) -> list[int]:
    """Return the places of a passage's characters that are not white space."""
    return [k for k in range(start, end) if not text[k].isspace()]


@settings(SETTINGS, max_examples=60)
@given(project=projects(any_texts()))
def test_a_passage_is_placed_right_or_not_at_all(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("refi") / "p.qdpx"
    write_project(project, path)
    read = read_project(path, name="p.qdpx")
    originals = by_id(project.codings)
    text = project.documents[0].text
    for coding in read.codings:
        original = originals[coding.id]
        # A way of counting that only moves an end over white space may win: no word is lost by it.
        assert inked(text, coding.start, coding.end) == inked(text, original.start, original.end)
    assert len(read.codings) + len(read.quarantined) == len(project.codings)
    assert all("several ways of counting" in coding.reason for coding in read.quarantined)


def delivered_position(raw: str, index: int, convention: Convention, *, bom: bool) -> int:
    """Count a position as a tool does, by encoding everything before it; `index` counts canonical code points."""
    canonical = raw.replace("\r\n", "\n")
    before = canonical[:index].replace("\n", "\r\n") if convention.newline == "crlf" else canonical[:index]
    before = ("\ufeff" if bom and convention.bom_counted else "") + before
    encoded = {
        "code points": len(before),
        "utf-16": len(before.encode("utf-16-le")) // 2,
        "utf-8 bytes": len(before.encode()),
    }
    return encoded[convention.unit]


PRODUCERS = {
    "NVivo for Windows": (Convention("utf-16", "crlf", False, False), "\r\n", True, False),
    "NVivo for Mac": (Convention("utf-16", "lf", False, False), "\n", False, False),
    "QualCoder": (Convention("code points", "lf", False, False), "\n", True, True),
    "QualCoder for MAXQDA": (Convention("code points", "lf", False, False), "\r\n", True, True),
    "qc": (Convention("code points", "lf", False, False), "\n", False, True),
    "Taguette": (Convention("utf-8 bytes", "lf", False, False), "\n", False, True),
    "ATLAS.ti": (Convention("utf-16", "lf", False, False), "\r\n", True, True),
    "mark counted": (Convention("code points", "crlf", True, False), "\r\n", True, True),
    "end inclusive": (Convention("code points", "lf", False, True), "\n", False, True),
}
# Signs, accents and breaks early on, so that ways of counting part; words that occur once.
SENTENCES = "\n".join(
    f"{'😀' * (1 + k % 3)} Zoë{k} said: “caf\u00e9 number{k} was fine — really{k}” and left{k}." for k in range(12)
)


@pytest.mark.parametrize("producer", PRODUCERS)
@given(data=st.data())
@settings(derandomize=True, max_examples=10, deadline=None)
def test_each_producer_is_recognised(producer: str, data: st.DataObject) -> None:
    convention, line_break, bom, copies = PRODUCERS[producer]
    raw = SENTENCES.replace("\n", line_break)
    starts = [k for k in range(len(SENTENCES)) if SENTENCES[k].isalpha() and not SENTENCES[k - 1].isalpha()]
    starts = [k for k in starts if k == 0 or not SENTENCES[k - 1].isalnum()]
    chosen = data.draw(st.lists(st.sampled_from(starts[20:]), min_size=12, max_size=20, unique=True))
    spans = [
        (start, next(k for k in range(start + 1, len(SENTENCES)) if not SENTENCES[k].isalnum())) for start in chosen
    ]
    selections = [
        Selection(
            delivered_position(raw, start, convention, bom=bom),
            delivered_position(raw, end, convention, bom=bom) - convention.end_inclusive,
            SENTENCES[start:end] if copies else "",
        )
        for start, end in spans
    ]
    calibration, places = calibrate("d", source_text(("\ufeff" if bom else "") + raw), selections)
    expected: Checked = "exact" if copies else "boundary"
    assert places == tuple(Placed(start, end, expected) for start, end in spans)
    assert calibration.verified
    assert (
        Convention(calibration.unit, calibration.newline, calibration.bom_counted, calibration.end_inclusive)
        == convention
    )


@given(raw=st.text(st.sampled_from("aé😀\n\r\u0301 "), max_size=30), bom=st.booleans())
@settings(derandomize=True, max_examples=60, deadline=None)
def test_offset_maps_agree_with_encoding_the_text_before(raw: str, bom: bool) -> None:
    text = source_text(("\ufeff" if bom else "") + raw.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n"))
    for convention in conventions(text):
        offsets = OffsetMap(text, convention)
        for index in range(len(text.canonical) + 1):
            position = delivered_position(text.raw, index, convention, bom=bom)
            assert offsets.delivered(index) == position
            assert offsets.canonical(position) == index
