"""Codes the transcripts of the synthetic pilot with two coders, and makes a coded project of them.

Writing the file belongs to `pipelines.qualitative.writer`.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np

from pipelines.demo.frame import FRAME
from pipelines.demo.interviews import Interview
from pipelines.demo.truths import FIRST_DROP, SEED, SiteTruth, Truths
from pipelines.qualitative.models import Case, Code, Coder, Coding, Document, Project

CODERS = ("Coder 1", "Coder 2")


def project(truths: Truths, site: SiteTruth, interviews: tuple[Interview, ...], drop: date) -> Project:
    """The coded project of the interviews held by `drop`.

    Ids carry the drop, because coding tools give new GUIDs with every export.
    """
    held = [interview for interview in interviews if interview.held <= drop]
    mark = f"{site.site}/{drop}"
    return Project(
        name=f"Personal fund, {site.label}",
        origin="Pilotlens demonstration",
        coders=tuple(Coder(f"{mark}/{name}", name) for name in CODERS),
        codes=_codes(mark),
        cases=tuple(Case(f"{mark}/case/{i.speaker}", i.speaker, {"site": i.site, "role": i.role}) for i in held),
        documents=tuple(_document(mark, interview) for interview in held),
        codings=tuple(coding for interview in held for coding in _codings(truths, mark, interview)),
    )


def _codes(mark: str) -> tuple[Code, ...]:
    groups = dict.fromkeys(code.group for code in FRAME)
    folders = [Code(f"{mark}/group/{group}", group, (group,), codable=False) for group in groups]
    leaves = [
        Code(
            f"{mark}/code/{c.key}",
            c.name,
            (c.group, c.name),
            f"{c.definition} Include: {c.include} Exclude: {c.exclude}",
        )
        for c in FRAME
    ]
    return (*folders, *leaves)


def _document(mark: str, interview: Interview) -> Document:
    held = datetime.combine(interview.held, datetime.min.time(), UTC).replace(hour=14)
    wave = "1" if interview.held <= FIRST_DROP else "2"
    attributes = {"site": interview.site, "role": interview.role, "wave": wave}
    return Document(
        f"{mark}/document/{interview.number}",
        interview.number,
        interview.text,
        attributes,
        (interview.speaker,),
        held,
        (interview.site,),
    )


def _codings(truths: Truths, mark: str, interview: Interview) -> Iterator[Coding]:
    """Both coders' codings; the second differs from the first by a draw that depends on the interview alone."""
    rng = np.random.default_rng([SEED, 3, *interview.number.encode()])
    when = datetime.combine(interview.held, datetime.min.time(), UTC) + timedelta(days=9)
    number = 0
    for passage in interview.passages:
        for key in passage.codes:
            first = (passage.start, passage.end, key)
            second = _second_opinion(truths, interview.text, first, rng)
            for coder, view in zip(CODERS, (first, second), strict=True):
                if view:
                    number += 1
                    yield _coding(mark, interview, coder, view, number, when + timedelta(minutes=number))


def _coding(
    mark: str, interview: Interview, coder: str, view: tuple[int, int, str], number: int, when: datetime
) -> Coding:
    start, end, key = view
    return Coding(
        id=f"{mark}/coding/{interview.number}/{number}",
        document_id=f"{mark}/document/{interview.number}",
        code_id=f"{mark}/code/{key}",
        coder_id=f"{mark}/{coder}",
        start=start,
        end=end,
        quote=interview.text[start:end],
        created=when,
    )


def _second_opinion(
    truths: Truths, text: str, first: tuple[int, int, str], rng: np.random.Generator
) -> tuple[int, int, str] | None:
    """The first coder's view, or now and then: no code, another code, or only the first sentence."""
    differs, kind, other = rng.random() < truths.second_coder_differs, rng.integers(0, 3), rng.integers(0, len(FRAME))
    if not differs:
        return first
    start, end, key = first
    sentence = text.find(". ", start, end)
    if kind == 0 and sentence > start:
        return start, sentence + 1, key
    return None if kind == 1 else (start, end, FRAME[other].key)
