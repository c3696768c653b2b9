"""Oddities of real coded projects and codebooks by example, and files made to do harm."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.random import PCG64, Generator

from pipelines.qualitative.models import Code, Project, UnreadableProject
from pipelines.qualitative.offsets import source_text
from pipelines.qualitative.positions import Placed, Selection, calibrate
from pipelines.qualitative.refi_codebook import read_codebook
from pipelines.qualitative.refi_qda import read_project
from pipelines.qualitative.writer import write_codebook

SAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "qualitative"
TEXT = "They listened to me.\nIt took long, too long."
SAID = (
    '<PlainTextSelection guid="X1" startPosition="0" endPosition="13" name="They listened"><Coding guid="K1">'
    '<CodeRef targetGUID="C1"/></Coding></PlainTextSelection>'
)
BOOK = '<CodeBook><Codes><Code guid="C1" name="help" isCodable="true"/></Codes></CodeBook>'


def xml(body: str, declaration: str = "") -> str:
    """Return a project's XML."""
    return f'{declaration}<Project xmlns="urn:QDA-XML:project:1.0" name="demo">{body}</Project>'


def packed(qde: bytes, files: dict[str, bytes] | None = None, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Zip a project."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in {
            "project.qde": qde,
            **({"sources/a.txt": TEXT.encode()} if files is None else files),
        }.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def read(content: bytes) -> Project:
    """Read bytes as p.qdpx."""
    return read_project(content, name="p.qdpx")


def text_source(selections: str = SAID, path: str = "internal://a.txt", more: str = "") -> str:
    """Return Sources with one text."""
    return f'<Sources><TextSource guid="S1" name="one" plainTextPath="{path}">{selections}</TextSource>{more}</Sources>'


def selection(start: object, end: int, identity: str, *, code: str = "C1", more: str = "") -> str:
    """Return a selection with one coding."""
    words = TEXT[start:end] if isinstance(start, int) else ""
    return (
        f'<PlainTextSelection startPosition="{start}" endPosition="{end}" name="{words}">{more}'
        f'<Coding guid="{identity}"><CodeRef targetGUID="{code}"/></Coding></PlainTextSelection>'
    )


def test_odd_codings_among_plain_ones_are_told_apart_and_keep_their_order() -> None:
    selections = [
        selection(0, 13, "A"),
        selection(14, 19, "B", more="<Description>a memo</Description>"),
        selection(21, 33, "C", code="nowhere"),
        selection(21, 33, "A"),
        selection("x", 33, "D"),
        selection(35, 43, "E"),
    ]
    project = read(packed(xml(BOOK + text_source("".join(selections))).encode()))
    found = [(each.id, each.start, each.quote, each.memo) for each in project.codings]
    assert found == [
        ("a", 0, "They listened", ""),
        ("b", 14, "to me", "a memo"),
        ("a#2", 21, "It took long", ""),
        ("e", 35, "too long", ""),
    ]
    assert [(each.id, each.start, each.end, each.reason) for each in project.quarantined] == [
        ("c", 21, 33, "it refers to a code that is not in the file"),
        ("d", None, 33, "its positions are missing or not whole numbers"),
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_the_project_file_may_be_in_any_form_of_unicode(encoding: str) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding[:6] if "16" in encoding else "utf-8"}"?>'
    assert len(read(packed(xml(BOOK + text_source(), declared).encode(encoding))).codings) == 1


def test_utf_8_that_calls_itself_utf_16_is_read_and_told() -> None:
    project = read(packed(xml(BOOK + text_source(), '<?xml version="1.0" encoding="utf-16"?>').encode()))
    assert len(project.codings) == 1
    assert project.deviations == ("its XML says that it is UTF-16, and is UTF-8",)


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("internal://sub/a.txt", "sources/sub/a.txt"),
        ("internal://a%20b.txt", "sources/a b.txt"),
        ("internal://a.txt", "Sources/deep/er/a.txt"),
    ],
)
def test_texts_are_found_in_nested_folders(path: str, entry: str) -> None:
    content = packed(xml(BOOK + text_source(path=path)).encode(), {entry: TEXT.encode(), "sources/.root": b""})
    assert [coding.quote for coding in read(content).codings] == ["They listened"]


def test_a_lost_text_is_replaced_by_the_copy_inside_the_project_file() -> None:
    body = (
        f'<Sources><TextSource guid="S1" plainTextPath="internal://b.txt"><PlainTextContent>{TEXT}</PlainTextContent>'
    )
    project = read(packed(xml(f"{BOOK}{body}{SAID}</TextSource></Sources>").encode()))
    assert len(project.codings) == 1
    assert "copy inside the project file" in project.deviations[0]


def test_missing_and_repeated_guids_cost_nothing() -> None:
    bare = SAID.replace(' guid="X1"', "").replace(' guid="K1"', "")
    twice = f'<TextSource guid="S1" name="two" plainTextPath="internal://a.txt">{bare}</TextSource>'
    project = read(packed(xml(BOOK + text_source(bare, more=twice)).encode()))
    assert [(coding.id, coding.coder_id) for coding in project.codings] == [("coding", ""), ("coding#2", "")]
    assert [document.id for document in project.documents] == ["s1", "s1#2"]
    assert "two sources have the same GUID; the later one is numbered" in project.deviations


def test_codes_without_a_guid_stay_in_the_codebook() -> None:
    book = BOOK.replace("</Codes>", '<Code name="b" color="#A1f"/><Code guid="{C1}" name="c"/></Codes>')
    project = read(packed(xml(book + text_source()).encode()))
    assert [(code.name, code.colour) for code in project.codes] == [("help", ""), ("b", "#aa11ff"), ("c", "")]
    assert project.deviations == ("a code has no GUID or that of another code; no passage can refer to it (2 times)",)


def test_every_transcript_of_a_recording_is_a_document() -> None:
    transcripts = "".join(
        f'<Transcript guid="R{k}" name="t{k}" plainTextPath="internal://a.txt"><SyncPoint guid="T{k}" position="5"/>'
        f'<SyncPoint guid="U{k}" position="13"/><TranscriptSelection guid="Y{k}" name="listened" fromSyncPoint="T{k}" '
        f'toSyncPoint="U{k}"><Coding guid="L{k}"><CodeRef targetGUID="C1"/></Coding></TranscriptSelection></Transcript>'
        for k in (1, 2)
    )
    coding = '<Coding guid="M"><CodeRef targetGUID="C1"/></Coding>'
    stretch = f'<AudioSelection guid="Z" begin="0" end="9">{coding}</AudioSelection>'
    cases = '<Cases><Case guid="P" name="P1"><SourceRef targetGUID="S2"/></Case></Cases>'
    audio = f'<Sources><AudioSource guid="S2" name="tape">{transcripts}{stretch}</AudioSource></Sources>'
    project = read(packed(xml(BOOK + cases + audio).encode()))
    assert [(d.id, d.name, d.medium, d.case_names) for d in project.documents] == [
        ("s2", "tape", "audio", ("P1",)),
        ("r2", "tape (transcript t2)", "audio", ("P1",)),
    ]
    assert [coding.quote for coding in project.codings] == ["listened", "listened"]
    assert len(project.quarantined) == 1


def test_pictures_are_kept_as_metadata_and_their_descriptions_as_texts() -> None:
    value = '<VariableValue><VariableRef targetGUID="V1"/><TextValue>North</TextValue></VariableValue>'
    variables = '<Variables><Variable guid="V1" name="site" typeOfVariable="Text"/></Variables>'
    pictures = (
        f'<PictureSource guid="S2" name="wall"><Description>mural</Description>{value}</PictureSource>'
        f'<PictureSource guid="S3" name="map"><TextDescription guid="D" plainTextPath="internal://a.txt">{SAID}'
        "</TextDescription></PictureSource>"
    )
    sets = '<Sets><Set guid="G" name="wave 1"><MemberSource targetGUID="S2"/></Set></Sets>'
    project = read(packed(xml(f"{BOOK}{variables}<Sources>{pictures}</Sources>{sets}").encode()))
    (medium,) = project.media
    assert (medium.kind, medium.name, medium.description) == ("picture", "wall", "mural")
    assert (medium.attributes, medium.groups) == ({"site": "North"}, ("wave 1",))
    assert [(document.name, document.medium) for document in project.documents] == [("map", "picture")]


def test_memos_and_annotations_are_kept() -> None:
    note = '<Notes><Note guid="N1" name="idea"><PlainTextContent>look again</PlainTextContent></Note></Notes>'
    book = BOOK.replace('isCodable="true"/>', 'isCodable="true"><NoteRef targetGUID="N1"/></Code>')
    place = '<PlainTextSelection guid="A" startPosition="0" endPosition="4">'
    annotation = f"{place}<Description>who?</Description></PlainTextSelection>"
    project = read(packed(xml(book + text_source(SAID + annotation) + note).encode()))
    assert [(m.title, m.text, m.about, m.start, m.end) for m in project.memos] == [
        ("idea", "look again", ("c1",), None, None),
        ("", "who?", ("s1",), 0, 4),
    ]
    assert "look again" not in repr(project)


def test_a_document_that_shows_too_little_follows_the_others() -> None:
    # The line breaks count two here: only the two other documents prove it.
    lines = "\r\n".join(f"Line{k} says something to number{k}." for k in range(20))

    def selection(k: int, text: str, word: str) -> str:
        start = text.index(word)
        return (
            f'<PlainTextSelection guid="X{word}{k}" startPosition="{start}" endPosition="{start + len(word)}">'
            f'<Coding guid="K{word}{k}"><CodeRef targetGUID="C1"/></Coding></PlainTextSelection>'
        )

    strong = "".join(selection(1, lines, f"number{k}") for k in range(10, 20))
    weak = "\r\na b c\r\na b c"
    poor = selection(2, weak, "c")
    body = "".join(
        f'<TextSource guid="S{k}" plainTextPath="internal://{k}.txt">{inside}</TextSource>'
        for k, inside in enumerate((strong, strong, poor))
    )
    files = {"sources/0.txt": lines.encode(), "sources/1.txt": lines.encode(), "sources/2.txt": weak.encode()}
    project = read(packed(xml(f"{BOOK}<Sources>{body}</Sources>").encode(), files))
    assert [coding.quote for coding in project.codings if coding.document_id == "s2"] == ["c"]
    alone = xml(f"{BOOK}<Sources>{body.replace(strong, '')}</Sources>")
    assert read(packed(alone.encode(), files)).codings == ()


def test_positions_that_stop_fitting_are_refused_from_there_on() -> None:
    text = " ".join(f"{'word' * (1 + k % 3)}{k}" for k in range(120))
    starts = [k for k in range(1, len(text)) if text[k - 1] == " "]
    spans = [(start, text.index(" ", start)) for start in starts[:100:2]]
    shifted = [(s, e) if k < 35 else (s + 3, e + 3) for k, (s, e) in enumerate(spans)]
    _, places = calibrate("d", source_text(text), [Selection(*each) for each in shifted])
    placed = [isinstance(place, Placed) for place in places]
    assert all(placed[:30])
    assert not any(placed[36:])


# ---- codebooks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", ["urn:QDA-XML:codebook:1.0", "urn:QDA-XML:codebook:0:4"])
def test_codebooks_of_other_tools_are_read(namespace: str) -> None:
    content = (
        f'\ufeff<CodeBook xmlns="{namespace}" origin="tool"><Codes><Code guid="{{A}}" name="Access" isCodable="false">'
        '<Description>How to get in</Description><Code guid="B" name="waiting"/></Code></Codes><Sets/></CodeBook>'
    )
    book = read_codebook(content.encode(), name="folder/frame.qdc")
    assert (book.name, book.origin) == ("frame", "tool")
    assert book.codes == (
        Code("a", "Access", ("Access",), "How to get in", codable=False),
        Code("b", "waiting", ("Access", "waiting")),
    )
    assert "its list Sets is empty, which the standard forbids" in book.deviations
    assert len(book.deviations) == 1 + namespace.endswith("0:4")


def test_a_real_codebook_is_read() -> None:
    path = SAMPLES / "taguette" / "codebook.qdc"
    if not path.exists():
        pytest.skip("the sample exports are not beside the repository")
    assert len(read_codebook(path, name=path.name).codes) > 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<Project/>", "does not hold a REFI-QDA codebook"),
        (b"<CodeBook><Codes>", "broken at line 1"),
        (b"<!DOCTYPE x><CodeBook/>", "document type"),
        (b"", "broken at line 1"),
    ],
)
def test_what_is_no_codebook_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableProject, match=words):
        read_codebook(content, name="p.qdc")
    with pytest.raises(UnreadableProject, match="No such file"):
        read_codebook(Path("gone.qdc"), name="gone.qdc")


def test_codes_are_written_with_their_colours_and_missing_parents() -> None:
    content = write_codebook([Code("x", "waiting", ("Access", "waiting"), "long", colour="#00ff00")], origin="us")
    book = read_codebook(content, name="p.qdc")
    assert [(code.path, code.codable, code.colour) for code in book.codes] == [
        (("Access",), False, ""),
        (("Access", "waiting"), True, "#00ff00"),
    ]
    assert book.origin == "us"


# ---- harm -----------------------------------------------------------------------------------------------------------


def test_ten_thousand_nested_codes_are_refused() -> None:
    deep = '<Code guid="a" name="a">' * 10_000 + "</Code>" * 10_000
    with pytest.raises(UnreadableProject, match="nested deeper than 50"):
        read(packed(xml(f"<CodeBook><Codes>{deep}</Codes></CodeBook>").encode()))
    with pytest.raises(UnreadableProject, match="nested deeper than 50"):
        read_codebook(f"<CodeBook><Codes>{deep}</Codes></CodeBook>".encode(), name="p.qdc")


def test_ten_thousand_nested_elements_of_any_kind_do_no_harm() -> None:
    deep = "<Coding>" * 10_000 + "</Coding>" * 10_000
    assert len(read(packed(xml(BOOK + text_source(SAID + deep)).encode())).codings) == 1


def test_ten_thousand_codings_without_guids_are_numbered_in_no_time() -> None:
    bare = SAID.replace(' guid="X1"', "").replace(' guid="K1"', "")
    content = xml(BOOK + text_source(bare * 10_000)).encode()
    project = read(packed(content, method=zipfile.ZIP_STORED))
    assert len({coding.id for coding in project.codings}) == 10_000


def test_many_megabytes_of_text_are_read() -> None:
    # A hundred of them in the full form.
    pieces = 25 if os.environ.get("PILOTLENS_ALL_SIMULATIONS") == "1" else 4
    letters = Generator(PCG64(1)).integers(97, 123, 4_000_000, dtype=np.uint8)
    letters[::7] = 32
    letters[::90] = 10
    large = b"They listened to me.\n" + letters.tobytes() * pieces
    content = packed(xml(BOOK + text_source()).encode(), {"sources/a.txt": large}, zipfile.ZIP_STORED)
    project = read(content)
    assert len(project.documents[0].text) == len(large)
    assert [coding.checked for coding in project.codings] == ["exact"]


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE p [<!ENTITY a "aa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!-- late --><?x y?>\n<!DOCTYPE p PUBLIC "x" "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE p [<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_wherever_they_hide(prolog: str, encoding: str) -> None:
    content = (f'<?xml version="1.0" encoding="{encoding}"?>' + prolog + xml("")).encode(encoding)
    with pytest.raises(UnreadableProject, match="document type"):
        read(packed(content))


def test_a_zip_whose_directory_points_nowhere_is_refused() -> None:
    content = packed(xml(BOOK).encode())
    for cut in (10, 40, 120):
        with pytest.raises(UnreadableProject, match=r"zip file|damaged"):
            read(content[cut:])
