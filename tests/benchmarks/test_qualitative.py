"""What it costs to read, calibrate and store a large coded project, against unzipping and parsing its XML alone.

PILOTLENS_BENCHMARK_CODINGS sets how many codings there are, 200 in each document of 10,000 characters; 100000 is a
large project. The aim is less than three times the parsing.
"""

from __future__ import annotations

import io
import os
import time
import uuid
import zipfile
from collections.abc import Callable
from operator import attrgetter
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

import duckdb
import pyarrow as pa
import pytest
from numpy.random import PCG64, Generator

from pipelines.qualitative.models import Project
from pipelines.qualitative.refi_qda import read_project
from tests.properties.transcripts import PRODUCERS, Producer, copy_of, delivered, passages, transcript

CODINGS = int(os.environ.get("PILOTLENS_BENCHMARK_CODINGS", "10000"))
DOCUMENTS, LENGTH, CODES = CODINGS // 200, 10_000, 60


def packed(producer: Producer) -> bytes:
    """Return a .qdpx as a producer writes it: one selection for each coding, as NVivo and QualCoder do."""
    rng = Generator(PCG64(11))
    guids = (str(uuid.UUID(bytes=rng.bytes(16))) for _ in range(CODINGS * 2 + DOCUMENTS + CODES + 10))
    coders, codes = [next(guids) for _ in range(3)], [next(guids) for _ in range(CODES)]
    sources, files = [], {}
    for number in range(DOCUMENTS):
        text = transcript(rng, LENGTH)
        raw, places = delivered(text, producer)
        identity = next(guids)
        files[f"sources/{identity}.txt"] = raw.encode()
        chosen = zip(
            passages(rng, text, CODINGS // DOCUMENTS),
            rng.integers(0, CODES, CODINGS // DOCUMENTS).tolist(),
            rng.integers(0, 3, CODINGS // DOCUMENTS).tolist(),
            strict=True,
        )
        selections = "".join(
            f'<PlainTextSelection guid="{next(guids)}" name={quoteattr(copy_of(text[s:e], producer))} '
            f'startPosition="{places[s]}" endPosition="{places[e]}" creatingUser="{coders[who]}" '
            f'creationDateTime="2024-03-01T10:00:00Z"><Coding guid="{next(guids)}" creatingUser="{coders[who]}" '
            f'creationDateTime="2024-03-01T10:00:00Z"><CodeRef targetGUID="{codes[code]}"/></Coding>'
            "</PlainTextSelection>"
            for (s, e), code, who in chosen
        )
        sources.append(
            f'<TextSource guid="{identity}" name="interview {number}" plainTextPath="internal://{identity}.txt">'
            f"{selections}</TextSource>"
        )
    users = "".join(f'<User guid="{each}" name="coder {k}"/>' for k, each in enumerate(coders))
    book = "".join(f'<Code guid="{each}" name="code {k}" isCodable="true"/>' for k, each in enumerate(codes))
    xml = (
        f'<?xml version="1.0" encoding="utf-8"?><Project xmlns="urn:QDA-XML:project:1.0" name="big"><Users>{users}'
        f"</Users><CodeBook><Codes>{book}</Codes></CodeBook><Sources>{''.join(sources)}</Sources></Project>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"project.qde": xml.encode(), **files}.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def parse_alone(content: bytes) -> int:
    """Unzip everything and parse the XML with the standard library."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        texts = {name: archive.read(name) for name in archive.namelist()}
    root = ElementTree.fromstring(texts.pop("project.qde"))  # noqa: S314 (made above)
    return sum(1 for _ in root.iter("{urn:QDA-XML:project:1.0}Coding"))


def stored(project: Project) -> int:
    """Store documents and codings in DuckDB by way of Arrow."""
    documents = pa.table({n: [getattr(x, n) for x in project.documents] for n in ("id", "name", "text")})
    fields = ("id", "document_id", "code_id", "coder_id", "start", "end", "quote", "created", "checked", "memo")
    codings = pa.table({name: list(map(attrgetter(name), project.codings)) for name in fields})
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE documents AS SELECT * FROM documents")
        connection.execute("CREATE TABLE codings AS SELECT * FROM codings")
        (count,) = connection.execute("SELECT count(*) FROM codings").fetchone() or (0,)
    return int(count) + 0 * len(documents) + 0 * len(codings)


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of the better of two attempts: other work on the machine does not count."""
    taken = []
    for _ in range(2):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return min(taken)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["NVivo for Windows", "QualCoder"])
def test_reading_a_large_project_costs_little_more_than_parsing_it(name: str) -> None:
    content = packed(PRODUCERS[name])
    project = read_project(content, name="big.qdpx")
    assert parse_alone(content) == CODINGS == stored(project) + len(project.quarantined)
    assert len(project.quarantined) < CODINGS / 100
    alone = seconds(lambda: parse_alone(content))
    whole = seconds(lambda: stored(read_project(content, name="big.qdpx")))
    print(f"\n{name}: {alone:.2f} s to unzip and parse, {whole:.2f} s in all: ratio {whole / alone:.2f}")
    assert whole < 6 * alone
