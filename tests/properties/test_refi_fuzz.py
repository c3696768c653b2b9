"""Broken and hostile coded projects: whatever the bytes, the readers return a project or refuse in their own words.

Short here; for as long as PILOTLENS_FUZZ_SECONDS says, with other cases each time, when that is set.
"""

from __future__ import annotations

import io
import os
import re
import time
import warnings
import zipfile

from numpy.random import PCG64, Generator

from pipelines.qualitative.models import Project, UnreadableProject
from pipelines.qualitative.refi_codebook import read_codebook
from pipelines.qualitative.refi_qda import read_project
from tests.properties.transcripts import PRODUCERS, copy_of, delivered, passages, transcript

SECONDS = float(os.environ.get("PILOTLENS_FUZZ_SECONDS", "0"))
CASES = 250
WORDS = "Zoë"
TOKENS = [
    "0",
    "-1",
    "99999999999999999999999",
    "1e9",
    "",
    "\x00",
    "\ufeff",
    "😀",
    "</",
    "/>",
    "<",
    ">",
    '"',
    "&",
    "&#0;",
    "&#xD800;",
    "]]>",
    "<![CDATA[",
    "<!--",
    "<?x",
    "<!DOCTYPE p>",
    "xmlns",
    "q:",
    "internal://",
    "absolute://",
    "../",
    "\\",
    "{",
    "}",
    "<Coding/>",
    "<Code>",
    "<Case/>",
    "<Set/>",
    "<Note/>",
    "<SyncPoint/>",
    "<Transcript/>",
    "<Representation/>",
    "<PlainTextSelection/>",
    "<TranscriptSelection/>",
    "<VariableValue/>",
    "guid",
    "name",
    "٣",
    "\u202e",
    "\r\n",
]
VALUES = (r'"[^"<>]*"', r"<(\w+)[^<>]*/>", r"<(PlainTextSelection)\b.*?</PlainTextSelection>", r"\d+")
SOURCE = (
    '<{kind} guid="S{n}" name="{name}"{path} creationDateTime="2024-03-01T10:00:00Z"><Description>about</Description>'
    '{before}{selections}{after}<Coding guid="W{n}"><CodeRef targetGUID="C1"/></Coding><NoteRef targetGUID="N1"/>'
    '<VariableValue><VariableRef targetGUID="V1"/><TextValue>North</TextValue></VariableValue></{kind}>'
)


def parts(rng: Generator) -> dict[str, bytes]:
    """Return the entries of a small project with something of everything."""
    producer = list(PRODUCERS.values())[rng.integers(len(PRODUCERS))]
    text = transcript(rng, 400)
    raw, places = delivered(text, producer)
    selections = "".join(
        f'<PlainTextSelection guid="X{k}" name="{copy_of(text[s:e], producer)}" startPosition="{places[s]}" '
        f'endPosition="{places[e]}"><Description>memo</Description><Coding guid="K{k}" creatingUser="{{U1}}">'
        f'<CodeRef targetGUID="c{k % 3}"/></Coding></PlainTextSelection>'
        for k, (s, e) in enumerate(passages(rng, text, 6))
    )
    points = f'<SyncPoint guid="T1" position="{places[0]}"/><SyncPoint guid="T2" position="{places[-1]}"/>'
    spoken = '<TranscriptSelection guid="Y1" fromSyncPoint="T1" toSyncPoint="T2"/>'
    path = ' plainTextPath="internal://a.txt"'
    carried = {"PDFSource": "Representation", "AudioSource": "Transcript", "PictureSource": "TextDescription"}
    sources = SOURCE.format(
        kind="TextSource", n=0, name=WORDS, path=path, before="", selections=selections, after=""
    ) + "".join(
        SOURCE.format(
            kind=kind,
            n=n,
            name="x",
            path="",
            before=f'<{tag} guid="R{n}"{path}>',
            selections=points + spoken if tag == "Transcript" else selections,
            after=f"</{tag}>",
        )
        for n, (kind, tag) in enumerate(carried.items(), start=1)
    )
    xml = (
        '<?xml version="1.0" encoding="utf-8"?><Project xmlns="urn:QDA-XML:project:1.0" name="p"><Users>'
        '<User guid="{U1}" name="Ann"/></Users><CodeBook><Codes><Code guid="C0" name="a" isCodable="true" color="#abc">'
        '<NoteRef targetGUID="N1"/><Code guid="C1" name="b" isCodable="true"/></Code><Code guid="C2" name="P1"/>'
        '</Codes></CodeBook><Variables><Variable guid="V1" name="site" typeOfVariable="Text"/></Variables><Cases>'
        '<Case guid="C2" name="P1"><SourceRef targetGUID="S0"/><SelectionRef targetGUID="X1"/></Case></Cases>'
        f'<Sources>{sources}</Sources><Notes><Note guid="N1" name="n"><PlainTextContent>{WORDS}</PlainTextContent>'
        '</Note></Notes><Sets><Set guid="G1" name="wave"><MemberSource targetGUID="S0"/></Set></Sets></Project>'
    )
    return {"project.qde": xml.encode(), "sources/a.txt": raw.encode()}


def garbled(rng: Generator, content: bytes) -> bytes:
    """Return content with some bytes or tokens changed, cut, doubled or moved."""
    for _ in range(int(rng.integers(1, 6))):
        start = int(rng.integers(0, len(content) + 1))
        end = min(start + int(rng.integers(0, 1 + int(rng.choice([2, 20, 400])))), len(content))
        token = TOKENS[rng.integers(len(TOKENS))].encode("utf-8", "surrogatepass")
        content = [
            lambda c, s, e, t: c[:s] + t + c[s:],
            lambda c, s, e, t: c[:s] + t + c[e:],
            lambda c, s, e, t: c[:s] + c[e:],
            lambda c, s, e, t: c[:e] + c[s:e] + c[e:],
            lambda c, s, e, t: c[:s] + bytes(rng.integers(0, 256, e - s, dtype="uint8")) + c[e:],
        ][rng.integers(5)](content, start, end, token)
    return content


def scrambled(rng: Generator, xml: bytes) -> bytes:
    """Return XML that stays well-formed for the most part: values exchanged, elements dropped, doubled, renamed."""
    text = xml.decode()
    for _ in range(int(rng.integers(1, 8))):
        pattern = [r'"[^"<>]*"', r"<(\w+)[^<>]*/>", r"<(PlainTextSelection)\b.*?</PlainTextSelection>", r"\d+"][
            rng.integers(4)
        ]
        found = list(re.finditer(pattern, text))
        if not found:
            continue
        first, second = (found[rng.integers(len(found))] for _ in range(2))
        new = [second[0], first[0] * 2, "", re.sub(r"\d", lambda _: str(rng.integers(10)), first[0])][rng.integers(4)]
        text = text[: first.start()] + new + text[first.end() :]
    return text.encode([*["utf-8"] * 6, "utf-16", "utf-8-sig"][rng.integers(8)])


def hostile(seed: int) -> bytes:
    """Return a damaged project."""
    rng = Generator(PCG64([seed, 3]))
    entries = parts(rng)
    way = int(rng.integers(4))
    if way in (0, 3):
        entries["project.qde"] = scrambled(rng, entries["project.qde"])
    if way in (1, 3):
        name = list(entries)[rng.integers(2)]
        entries[name] = garbled(rng, entries[name])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED][rng.integers(2)]) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return garbled(rng, buffer.getvalue()) if way == 2 else buffer.getvalue()


def insist_whole(project: Project) -> None:
    """Check what holds of every project that is read."""
    documents = {document.id: document for document in project.documents}
    codes, coders = {code.id for code in project.codes}, {coder.id for coder in project.coders} | {""}
    assert len(documents) == len(project.documents)
    assert len({coding.id for coding in project.codings}) == len(project.codings)
    for coding in project.codings:
        text = documents[coding.document_id].text
        assert 0 <= coding.start <= coding.end <= len(text)
        assert coding.code_id in codes
        assert coding.coder_id in coders
        assert coding.quote in ("", text[coding.start : coding.end])
        assert set(project.cases_of(coding)) <= {case.name for case in project.cases}


def attempt(seed: int) -> str:
    """Read a damaged project; only our own refusals may come out, and no participant's words in them."""
    content = hostile(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for read in (read_project, read_codebook):
            try:
                found = read(content, name="p.qdpx")
            except UnreadableProject as refusal:
                said = str(refusal)
            else:
                if isinstance(found, Project):
                    insist_whole(found)
                    said = " ".join((*found.deviations, *(each.reason for each in found.quarantined)))
            assert WORDS not in said
            if read is read_project:
                outcome = "refused" if said.startswith("p.qdpx cannot") else "read"
    return outcome


def test_damaged_projects_are_read_or_refused() -> None:
    begun, seed, outcomes = time.monotonic(), 0, {"read": 0, "refused": 0}
    while seed < CASES or time.monotonic() - begun < SECONDS:
        try:
            outcomes[attempt(seed)] += 1
        except BaseException:
            print(f"seed {seed}")
            raise
        seed += 1
    print(seed, "damaged projects:", outcomes)
    assert min(outcomes.values()) > CASES / 10
