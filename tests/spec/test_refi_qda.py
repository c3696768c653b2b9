"""Coded interviews by example: real exports, their quirks, hostile files, theme counts and identifiers."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from pipelines.qualitative.identifier_patterns import is_nhs_number
from pipelines.qualitative.models import Code, Coding, Document, Project, UnreadableProject
from pipelines.qualitative.offsets import decode, source_text
from pipelines.qualitative.positions import Placed, Refused, Selection, calibrate, compare
from pipelines.qualitative.quotes import IdentifierIndex, identifier_hits, pattern_hits, quote_hash
from pipelines.qualitative.refi_qda import read_project
from pipelines.qualitative.safe_zip import Bounds, SafeZip, UnsafeZip
from pipelines.qualitative.themes import typical_quotes
from pipelines.qualitative.writer import write_codebook, write_project

SAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "qualitative" / "qualcoder"
TEXT = "Zoë said it helps. 😀\nShe came twice.\n"
PARTICIPANT = "Zoë"


# ---- real exports -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["out_lf.qdpx", "out_crlf.qdpx"])
def test_every_quote_of_a_real_qualcoder_export_is_exact(file: str) -> None:
    if not (SAMPLES / file).exists():
        pytest.skip("the sample exports are not beside the repository")
    project = read_project(SAMPLES / file, name=file)
    texts = {document.id: document.text for document in project.documents}
    assert Counter(coding.checked for coding in project.codings) == {"exact": 26}
    assert all(coding.quote == texts[coding.document_id][coding.start : coding.end] for coding in project.codings)
    assert project.quarantined == ()
    assert {(c.unit, c.newline, c.bom_counted, c.end_inclusive, c.verified) for c in project.calibrations} == {
        ("code points", "lf", False, False, True)
    }
    assert [coder.name for coder in project.coders] == ["coder_a", "coder_b"]
    assert ("Access", "access", "waiting") in {code.path for code in project.codes}
    assert {case.name: case.attributes for case in project.cases}["P03"] == {
        "site": "site01",
        "role": "parent",
        "months_in_service": "4",
    }
    assert sum(coding.memo == "memo: check with site lead" for coding in project.codings) == 2


# ---- quirks -------------------------------------------------------------------------------------------------------


def qdpx(body: str, files: dict[str, bytes] | None = None, qde: str = "project.qde", attributes: str = "") -> bytes:
    """Zip a project whose root holds `body`, with plain texts."""
    xml = f'<Project xmlns="urn:QDA-XML:project:1.0" name="demo" {attributes}>{body}</Project>'
    return zipped({qde: xml.encode(), **({"sources/a.txt": TEXT.encode()} if files is None else files)})


def zipped(entries: dict[str, bytes]) -> bytes:
    """Zip entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


CODEBOOK = '<CodeBook><Codes><Code guid="C1" name="help" isCodable="true"/></Codes></CodeBook>'


def source(selections: str, path: str = "internal://a.txt", rest: str = "") -> str:
    """Return a Sources element with one text source."""
    return f'<Sources><TextSource guid="S1" name="one" plainTextPath="{path}">{selections}{rest}</TextSource></Sources>'


def selection(start: object, end: object, name: str = "", codes: str = "C1", inside: str = "", guid: str = "") -> str:
    """Return a selection with one Coding per code."""
    marks = "".join(f'<Coding guid="K{code}{start}"><CodeRef targetGUID="{code}"/></Coding>' for code in codes.split())
    return (
        f'<PlainTextSelection guid="{guid or f"X{start}"}" startPosition="{start}" endPosition="{end}" name="{name}">'
        f"{inside}{marks}</PlainTextSelection>"
    )


SAID = selection(4, 17, "said it helps")


def read(content: bytes) -> Project:
    """Read bytes as p.qdpx."""
    return read_project(content, name="somewhere/p.qdpx")


@pytest.mark.parametrize("path", ["internal://a.txt", "a.txt", "internal://SOURCES/A.TXT", "internal://sources\\a.txt"])
def test_texts_are_found_by_the_last_part_of_their_path(path: str) -> None:
    project = read(qdpx(CODEBOOK + source(SAID, path), {"Sources/a.txt": TEXT.encode(), "Sources/.root": b""}))
    assert [coding.quote for coding in project.codings] == ["said it helps"]
    assert "the folder of texts is not spelled sources/" in project.deviations


@pytest.mark.parametrize("path", ["absolute:///a.txt", "relative://a.txt", "internal://b.txt"])
def test_texts_outside_the_file_are_not_opened_and_their_codings_wait_in_quarantine(path: str) -> None:
    project = read(qdpx(CODEBOOK + source(SAID, path)))
    assert project.codings == ()
    assert project.documents == ()
    assert [each.reason for each in project.quarantined] == ["the text of its document cannot be read"]


def test_guids_match_whatever_their_braces_and_case() -> None:
    body = source(
        '<PlainTextSelection guid="X" startPosition="4" endPosition="17" name="said it helps">'
        '<Coding guid="{K1}" creatingUser="{u1}"><CodeRef targetGUID="{c1}"/></Coding></PlainTextSelection>'
    )
    project = read(qdpx('<Users><User guid="U1" name="Ann"/></Users>' + CODEBOOK + body))
    assert (project.codings[0].code_id, project.codings[0].coder_id) == ("c1", "u1")


def test_another_namespace_and_order_are_reported_and_read() -> None:
    xml = f'<q:Project xmlns:q="urn:other" name="demo">{source(SAID)}{CODEBOOK}<Sets/></q:Project>'
    project = read(zipped({"Demo.qde": xml.encode(), "sources/a.txt": TEXT.encode()}))
    assert len(project.codings) == 1
    assert project.deviations == (
        "the project file inside is not called project.qde",
        "its XML namespace is not urn:QDA-XML:project:1.0",
        "its parts are not in the standard's order",
        "its list Sets is empty, which the standard forbids",
    )


def test_inline_text_is_read() -> None:
    inline = f'<Sources><TextSource guid="S1"><PlainTextContent>{TEXT}</PlainTextContent>{SAID}</TextSource></Sources>'
    project = read(qdpx(CODEBOOK + inline, {}))
    assert project.documents[0].text == TEXT
    assert len(project.codings) == 1


def test_one_selection_may_hold_several_codings_and_ids_stay_unique() -> None:
    codes = '<CodeBook><Codes><Code guid="C1" name="a" isCodable="true"/><Code guid="C2" name="b" isCodable="true"/>'
    twice = SAID.replace("</PlainText", '<Coding guid="KC14"><CodeRef targetGUID="C2"/></Coding></PlainText')
    project = read(qdpx(codes + "</Codes></CodeBook>" + source(twice)))
    assert [(coding.id, coding.code_id) for coding in project.codings] == [("kc14", "c1"), ("kc14#2", "c2")]


def test_annotations_are_evidence_but_no_codings() -> None:
    assert read(qdpx(CODEBOOK + source(selection(4, 17, "said it helps", codes="")))).codings == ()


def test_nvivo_case_codes_become_cases_of_passages() -> None:
    book = CODEBOOK.replace("</Codes>", '<Code guid="P1" name="P1" isCodable="true"/></Codes>')
    cases = '<Cases><Case guid="P1" name="P1"/></Cases>'
    body = source(SAID + selection(0, 18, "Zoë said it helps.", codes="P1") + selection(21, 36, "She came twice."))
    project = read(qdpx(book + cases + body))
    assert [code.name for code in project.codes] == ["help"]
    assert [project.cases_of(coding) for coding in project.codings] == [("P1",), ()]
    assert project.documents[0].case_names == ("P1",)


def test_a_case_code_on_the_whole_text_makes_the_document_the_cases() -> None:
    book = CODEBOOK.replace("</Codes>", '<Code guid="P1" name="P1" isCodable="true"/></Codes>')
    whole = selection(0, len(TEXT) - 1, TEXT.rstrip().replace("\n", "&#10;"), codes="P1")
    project = read(qdpx(book + '<Cases><Case guid="P1" name="P1"/></Cases>' + source(SAID + whole)))
    assert project.case_spans == ()
    assert project.cases_of(project.codings[0]) == ("P1",)


def test_variables_sit_in_cases_or_sources_and_sets_are_groups() -> None:
    variables = '<Variables><Variable guid="V1" name="site" typeOfVariable="Text"/></Variables>'
    value = '<VariableValue><VariableRef targetGUID="{0}"/><TextValue>North</TextValue></VariableValue>'
    case = f'<Cases><Case guid="P1">{value.format("V1")}{value.format("V9")}<SourceRef targetGUID="S1"/></Case></Cases>'
    sets = '<Sets><Set guid="G1" name="wave 1"><MemberSource targetGUID="S1"/></Set></Sets>'
    project = read(qdpx(CODEBOOK + variables + case + source(SAID, rest=value.format("V1")) + sets))
    assert [(each.name, each.attributes) for each in project.cases] == [("one", {"site": "North"})]
    document = project.documents[0]
    assert (document.attributes, document.case_names, document.groups) == ({"site": "North"}, ("one",), ("wave 1",))
    assert any("variable that the file does not define" in sentence for sentence in project.deviations)


def test_cases_that_share_a_name_are_two_cases() -> None:
    project = read(qdpx('<Cases><Case guid="P1" name="A"/><Case guid="P2" name="A"/></Cases>' + CODEBOOK))
    assert [case.name for case in project.cases] == ["A", "A (2)"]


def test_a_whole_source_may_be_coded() -> None:
    body = source(SAID, rest='<Coding guid="K9"><CodeRef targetGUID="C1"/></Coding>')
    coding = read(qdpx(CODEBOOK + body)).codings[-1]
    assert (coding.checked, coding.start, coding.end, coding.quote) == ("whole-document", 0, len(TEXT), "")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (selection(9, 4, "x"), "it ends before it starts"),
        (selection("", 4), "its positions are missing or not whole numbers"),
        (selection("9" * 40, 4), "its positions are missing or not whole numbers"),
        (selection(21, 400, "She"), "its positions lie outside the text or inside a character"),
        (selection(21, 24, "She", codes="C9"), "it refers to a code that is not in the file"),
        (selection(21, 24, "Her"), "the file's copy of the passage differs from the text there"),
        (
            selection(21, 24, "She").replace("<Coding ", '<Coding creatingUser="U9" '),
            "it refers to a coder who is not in the file",
        ),
    ],
)
def test_a_broken_coding_is_quarantined_alone_and_without_its_words(broken: str, reason: str) -> None:
    project = read(qdpx(CODEBOOK + source(SAID + broken + selection(25, 35, "came twice"))))
    assert [coding.quote for coding in project.codings] == ["said it helps", "came twice"]
    assert [each.reason for each in project.quarantined] == [reason]


def test_a_point_is_kept() -> None:
    project = read(qdpx(CODEBOOK + source(SAID + selection(18, 18))))
    assert [(coding.start, coding.end, coding.quote) for coding in project.codings][-1] == (18, 18, "")


def test_pictures_and_recordings_are_named_as_not_read() -> None:
    sources = (
        '<Sources><PictureSource guid="S2"><PictureSelection guid="X"><Coding guid="K"><CodeRef targetGUID="C1"/>'
        "</Coding></PictureSelection></PictureSource></Sources>"
    )
    project = read(qdpx(CODEBOOK + sources))
    assert project.deviations == ("PictureSource without text is not read",)
    assert [each.reason for each in project.quarantined] == ["it is on a picture or recording, which is not read"]


def test_the_text_of_a_pdf_and_of_a_transcript_is_read() -> None:
    pdf = (
        f'<PDFSource guid="S1" name="pdf"><PDFSelection guid="Y"><Coding guid="K8"><CodeRef targetGUID="C1"/></Coding>'
        f'</PDFSelection><Representation guid="R1" plainTextPath="internal://a.txt">{SAID}</Representation></PDFSource>'
    )
    points = "".join(f'<SyncPoint guid="T{p}" position="{p}"/>' for p in (21, 36))
    audio = (
        f'<AudioSource guid="S2"><Transcript guid="R2" plainTextPath="internal://a.txt">{points}'
        '<TranscriptSelection guid="Z" name="She came twice." fromSyncPoint="T21" toSyncPoint="T36">'
        '<Coding guid="K7"><CodeRef targetGUID="C1"/></Coding></TranscriptSelection></Transcript></AudioSource>'
    )
    project = read(qdpx(f"{CODEBOOK}<Sources>{pdf}{audio}</Sources>"))
    assert [(coding.document_id, coding.quote) for coding in project.codings] == [
        ("s1", "said it helps"),
        ("s2", "She came twice."),
    ]
    assert len(project.quarantined) == 1


# ---- positions ----------------------------------------------------------------------------------------------------


def test_plain_ascii_without_copies_needs_only_ends_between_words() -> None:
    calibration, places = calibrate("d", source_text("one two three"), [Selection(4, 7), Selection(8, 13)])
    assert calibration.verified
    assert places == (Placed(4, 7, "boundary"), Placed(8, 13, "boundary"))


def test_without_copies_ends_inside_words_prove_nothing() -> None:
    calibration, places = calibrate("d", source_text("one two three"), [Selection(5, 6)])
    assert not calibration.verified
    assert places == (Refused("nothing in this document shows how its positions are counted"),)


def test_a_passage_on_which_equal_evidence_disagrees_is_refused() -> None:
    # UTF-16 finds the first "no" there, code points the second.
    calibration, places = calibrate("d", source_text("😀😀😀 no no"), [Selection(7, 9, "no")])
    assert not calibration.verified
    assert isinstance(places[0], Refused)


def test_an_end_inside_a_surrogate_pair_cannot_be_utf_16() -> None:
    calibration, _ = calibrate("d", source_text("a 😀 bb"), [Selection(2, 3, "😀")])
    assert calibration.unit == "code points"


def test_a_sloppy_passage_is_kept_where_the_others_prove_the_counting() -> None:
    words = "alpha beta gamma delta epsilon"
    _, places = calibrate(
        "d", source_text(words), [Selection(0, 5), Selection(6, 10), Selection(11, 16), Selection(18, 22)]
    )
    assert places[-1] == Placed(18, 22, "failed")


def test_copies_compare_exactly_or_apart_from_blanks_or_cut_short() -> None:
    long = "word " * 30
    assert compare("a b", "a b") == "exact"
    assert compare("a\n\nb", "a b") == "name"
    assert compare(long, long[:100] + "…") == "snippet"
    assert compare("a b", "a c") == "failed"
    assert compare("a bc", "a…") == "failed"


def test_a_text_that_does_not_decode_names_its_byte() -> None:
    with pytest.raises(ValueError, match="byte 4 is not valid UTF-8"):
        decode(b"abc\xff")
    assert decode("\ufeffé\r\n".encode("utf-16-le")).canonical == "é\n"


# ---- writing ------------------------------------------------------------------------------------------------------


def test_a_quote_that_is_not_at_its_place_is_not_written(tmp_path: Path) -> None:
    project = Project(
        "p",
        "",
        codes=(Code("c", "c", ("c",)),),
        documents=(Document("d", "d", "abc"),),
        codings=(Coding("k", "d", "c", "", 0, 1, "b"),),
    )
    with pytest.raises(ValueError, match="coding k quotes words"):
        write_project(project, tmp_path / "p.qdpx")
    with pytest.raises(ValueError, match="needs at least one"):
        write_codebook(Project("p", ""), tmp_path / "p.qdc")


def test_canonical_text_has_no_carriage_return() -> None:
    with pytest.raises(ValueError, match="carriage returns"):
        Document("d", "d", "a\r\nb")


# ---- hostile files ------------------------------------------------------------------------------------------------


DEEP = '<Code guid="a" name="a">' * 60 + "</Code>" * 60


def refused(content: bytes) -> str:
    """Return the refusal, which names the file and nobody's words."""
    with pytest.raises(UnreadableProject) as caught:
        read(content)
    message = str(caught.value)
    assert message.startswith("p.qdpx cannot be read: ")
    assert PARTICIPANT not in message
    assert caught.value.__cause__ is None
    return message


def with_entry(name: str, mode: int = 0o100644) -> bytes:
    """Return a good project with one more entry."""
    buffer = io.BytesIO(qdpx(CODEBOOK + source(SAID)))
    with zipfile.ZipFile(buffer, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile warns of duplicate names, which is the point
        info = zipfile.ZipInfo("x")
        info.filename, info.external_attr = name, mode << 16
        archive.writestr(info, b"x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "mode", "words"),
    [
        ("../evil.txt", 0o100644, "climbs out"),
        ("sources/../../evil", 0o100644, "climbs out"),
        ("/etc/evil", 0o100644, "starts at the root"),
        ("C:evil.txt", 0o100644, "names a drive"),
        ("sources\\evil.txt", 0o100644, "backslash"),
        ("sources/a\0b.txt", 0o100644, "NUL"),
        ("sources/link", 0o120777, "link or a device"),
        ("SOURCES/A.txt", 0o100644, "more than once"),
        ("project.qde", 0o100644, "more than once"),
    ],
)
def test_hostile_entries_are_refused(name: str, mode: int, words: str) -> None:
    assert words in refused(with_entry(name, mode))


def test_encryption_is_refused() -> None:
    content = bytearray(qdpx(CODEBOOK))
    central = content.index(b"PK\x01\x02")
    struct.pack_into("<H", content, central + 8, 1)
    assert "is encrypted" in refused(bytes(content))


def test_a_zip_bomb_is_refused_while_it_unpacks() -> None:
    assert "zip bomb" in refused(zipped({"project.qde": b" " * 30_000_000}))


def test_bounds_hold_on_entries_and_totals() -> None:
    with pytest.raises(UnsafeZip, match="at most 1"):
        SafeZip(zipped({"a": b"", "b": b""}), Bounds(entries=1))
    with SafeZip(zipped({"a": b"xy" * 50, "b": b"yz" * 50}), Bounds(total_bytes=150)) as archive:
        archive.read("a")
        with pytest.raises(UnsafeZip, match="entry 2 is too large"):
            archive.read("b")


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (f'<!DOCTYPE p [<!ENTITY e "{PARTICIPANT}">]><Project name="&e;"/>', "document type or entities"),
        ('<!DOCTYPE p SYSTEM "file:///etc/passwd"><Project/>', "document type or entities"),
        (f"<Project>\n<{PARTICIPANT}", "broken at line 2"),
        (f"<Project>{PARTICIPANT}&nosuch;</Project>", "broken at line 1"),
        ("<CodeBook/>", "does not hold a REFI-QDA project"),
        ('<?xml version="1.0" encoding="klingon"?><Project/>', "encoding"),
        ("<Project><CodeBook><Codes>" + DEEP + "</Codes></CodeBook></Project>", "deeper"),
    ],
)
def test_hostile_or_broken_xml_is_refused(xml: str, words: str) -> None:
    assert words in refused(zipped({"project.qde": xml.encode()}))


def test_files_that_are_no_projects_are_refused(tmp_path: Path) -> None:
    assert "not a zip" in refused(b"hello")
    assert "holds 0" in refused(zipped({"a.txt": b""}))
    assert "holds 2" in refused(zipped({"a.qde": b"", "b.qde": b""}))
    with pytest.raises(UnreadableProject, match=r"^gone\.qdpx cannot be read: No such file"):
        read_project(tmp_path / "gone.qdpx", name="gone.qdpx")


def test_a_damaged_text_costs_its_own_codings_only() -> None:
    two = source(SAID).replace(
        "</Sources>", f'<TextSource guid="S2" plainTextPath="internal://b.txt">{SAID}</TextSource></Sources>'
    )
    project = read(qdpx(CODEBOOK + two, {"sources/a.txt": TEXT.encode(), "sources/b.txt": b"abc\xff"}))
    assert len(project.codings) == len(project.quarantined) == 1
    assert project.deviations == ("source 2 cannot be read: byte 4 is not valid UTF-8",)


# ---- voices -------------------------------------------------------------------------------------------------------

CODINGS = pd.DataFrame(
    [
        ("d1", "p1", "trust", "ann", 0, 10, "trust p1 a"),
        ("d1", "p1", "trust", "ben", 0, 10, "trust p1 a"),
        ("d5", "p1", "trust", "ann", 5, 9, "p1 b"),
        ("d2", "p2", "trust", "ann", 0, 30, "a much longer passage about it"),
        ("d2", "p2", "doubt", "ben", 40, 50, "no, never."),
        ("d3", "p3", "doubt", "ann", 0, 9, "not at al"),
        ("d3", "p3", "doubt", "ben", 0, 9, "not at al"),
        ("d4", "w1", "trust", "ben", 0, 10, "staff say."),
        ("d4", None, "trust", "ben", 20, 24, "ask?"),
    ],
    columns=["document_key", "case_key", "code_path", "coder_key", "start", "end", "quote"],
)


def test_voices_are_chosen_by_rule_whatever_the_order_of_rows() -> None:
    allowed = {quote_hash(quote) for quote in CODINGS["quote"]} - {quote_hash("no, never.")}
    chosen = typical_quotes(CODINGS, allowed, {"trust": "doubt"})
    assert list(chosen[["code_path", "voice", "voice_code", "quote"]].itertuples(index=False, name=None)) == [
        ("doubt", "typical", "doubt", "not at al"),
        ("trust", "typical", "trust", "trust p1 a"),  # two coders, and median length
        ("trust", "counter", "doubt", "not at al"),
    ]
    for seed in range(5):
        shuffled = CODINGS.sample(frac=1, random_state=seed)
        pd.testing.assert_frame_equal(typical_quotes(shuffled, allowed, {"trust": "doubt"}), chosen)


def test_no_quote_is_chosen_that_is_not_allowed() -> None:
    assert typical_quotes(CODINGS, set()).empty


# ---- quotes and identifiers ---------------------------------------------------------------------------------------


def test_a_quotes_hash_is_of_its_exact_code_points() -> None:
    assert quote_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert quote_hash("é") != quote_hash("e\u0301")


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("my number is 943 476 5919.", {"NHS number"}),
        ("9434765919", {"NHS number"}),
        ("943 476 5918 has a wrong check digit", set()),
        ("AB 12 34 56 C", {"National Insurance number"}),
        ("ab123456c", {"National Insurance number"}),
        ("GB123456A and DA123456A and AO123456A", set()),
        ("at SW1A 1AA, m1 1ae, EC1A1BB", {"postcode"}),
        ("ring 020 7946 0958", {"telephone number"}),
        ("ring +44 (0)20 7946-0958", {"telephone number"}),
        ("ring 07700 900123 or so", {"telephone number"}),
        ("write to ann.o'neil+x@example.co.uk.", {"e-mail address"}),
        ("born 12/03/1984", {"date"}),
        ("born 1984-03-12", {"date"}),
        ("born on the 3rd of March, 1984", {"date"}),
        ("born March 3, 1984", {"date"}),
        ("in March, or six weeks, 10 minutes, £7.40, site02, 24/7", set()),
    ],
)
def test_uk_identifiers_are_found_by_rule(text: str, kinds: set[str]) -> None:
    assert {hit.kind for hit in pattern_hits(text)} == kinds


def test_nhs_numbers_whose_check_would_be_ten_do_not_exist() -> None:
    # 6 times weight 2 leaves 1 modulo 11, so the check would be 10: no digit will do.
    assert not any(is_nhs_number(f"000000006{digit}") for digit in range(10))
    assert is_nhs_number("9434765919")
    assert not is_nhs_number("987654321")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I saw MARIA  Lopez there", ["MARIA  Lopez"]),
        ("Maria was kind", ["Maria"]),
        ("mariana was kind", []),
        ("with López-Smith", ["López"]),
        ("Zoe's bus", ["Zoe"]),
        ("case c 1234", ["c 1234"]),
        ("near sw1a1aa", ["sw1a1aa"]),
        ("Jo said Jo Li came", ["Jo", "Jo Li"]),
        ("a 12 b", []),
    ],
)
def test_vault_identifiers_are_found_as_whole_words(text: str, found: list[str]) -> None:
    vault = ["Maria Lopez", "Zoë", "C-1234", "SW1A 1AA", "Jo Li", "Al", "12", ""]
    assert [text[hit.start : hit.end] for hit in identifier_hits(text, vault)] == found


def test_identifiers_are_indexed_once_for_many_quotes() -> None:
    index = IdentifierIndex(["Maria Lopez"])
    assert [hit.kind for hit in index.hits("Maria Lopez and Lopez")] == ["identifier", "part of a name"]
    assert index.hits("nobody") == ()
