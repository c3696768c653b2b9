"""Find out how a source counts positions, from its own passages, and place them; refuse those that stay doubtful.

The REFI-QDA standard says Unicode code points; most tools do otherwise, and ``origin`` does not settle it. So every
way of counting is tried, and scored by the passages' own copies of their text and by whether ends lie between words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.qualitative.models import Calibration, Checked
from pipelines.qualitative.offsets import Convention, OffsetMap, SourceText, conventions, splits_word

Span = tuple[int, int]
Spans = tuple[Span | None, ...]

# A passage's own copy weighs as much as four passages without: a copy is seldom right by chance, two ends often are.
_COPY = 4.0
_COPY_WORTH: dict[Checked, float] = {"exact": _COPY, "name": _COPY - 0.5, "snippet": _COPY - 0.6}
# The lead over another way of counting that decides: one passage's two ends, or a quarter of a copy.
_LEAD = 1.0
# No tool we know ends inclusively, so that must be shown by two passages more than chance would.
_INCLUSIVE_HANDICAP = 2.0
# Ends at random positions of English text score about 0.3; real passages of careful coders above 0.8.
_ENOUGH = 0.6
_CUT = ("\u2026", "...")
_BLANKS = re.compile("[\\s\x00-\x1f\x7f\ufffe\uffff]+")


@dataclass(frozen=True)
class Selection:
    """A passage as a file has it: positions in unknown units, and the file's own copy of its text (or empty)."""

    start: int
    end: int
    copy: str = ""


@dataclass(frozen=True)
class Placed:
    """A passage placed: canonical code points, end exclusive, and how that was checked."""

    start: int
    end: int
    checked: Checked


@dataclass(frozen=True)
class Refused:
    """A passage that could not be placed, and why, without its words."""

    reason: str


@dataclass(frozen=True)
class _Reading:
    """One way of counting (or several that agree), the spans it gives, and the evidence for it."""

    convention: Convention
    spans: Spans
    evidence: float

    @property
    def standing(self) -> float:
        return self.evidence - _INCLUSIVE_HANDICAP * self.convention.end_inclusive


def calibrate(
    document_id: str, text: SourceText, selections: Sequence[Selection]
) -> tuple[Calibration, tuple[Placed | Refused, ...]]:
    """Decide how a source counts positions and place its selections.

    Parameters
    ----------
    document_id
        Repeated in the calibration.
    text
        The source's text.
    selections
        n selections of one source, coded or not: all are evidence. At least one.

    Returns
    -------
    calibration
        ``verified`` is True if the evidence reaches 0.6 of what is possible and no selection has its text elsewhere
        under another way of counting with about the same evidence.
    places
        n results in the order of the selections. Doubtful ones are refused one by one: a wrong quote is worse than
        none.
    """
    possible = sum(_possible(selection) for selection in selections)
    readings = _readings(text, selections)
    best = readings[0]
    contenders = [each for each in readings if best.standing - each.standing < _LEAD]
    score = best.evidence / possible if possible else 0.0
    places = tuple(
        _place(text.canonical, selection, [each.spans[k] for each in contenders], supported=score >= _ENOUGH)
        for k, selection in enumerate(selections)
    )
    others = [each.evidence / possible for each in readings[1:] if possible]
    agreed = all(len(_meanings(text.canonical, [c.spans[k] for c in contenders])) == 1 for k in range(len(selections)))
    calibration = Calibration(
        document_id,
        *best.convention,
        score=score,
        runner_up=max(others, default=None),
        verified=score >= _ENOUGH and agreed,
    )
    return calibration, places


def _readings(text: SourceText, selections: Sequence[Selection]) -> list[_Reading]:
    """Group ways of counting that give the same spans, best first; the standard's own way leads among equals."""
    groups: defaultdict[Spans, list[Convention]] = defaultdict(list)
    for convention in conventions(text):
        offsets = OffsetMap(text, convention)
        groups[tuple(offsets.span(each.start, each.end) for each in selections)].append(convention)
    readings = [
        _Reading(group[0], spans, _evidence(text.canonical, selections, spans)) for spans, group in groups.items()
    ]
    return sorted(readings, key=lambda reading: -reading.standing)


def _possible(selection: Selection) -> float:
    """Return the most evidence a selection can give; points and reversed passages give none."""
    if selection.end < selection.start:
        return 0.0
    return _COPY if comparable(selection.copy) else float(selection.end > selection.start)


def _evidence(text: str, selections: Sequence[Selection], spans: Spans) -> float:
    pairs = zip(selections, spans, strict=True)
    return sum(_support(text, selection, span) for selection, span in pairs if span is not None)


def _support(text: str, selection: Selection, span: Span) -> float:
    if comparable(selection.copy):
        return _COPY_WORTH.get(compare(text[slice(*span)], selection.copy), 0.0)
    return (_start_fit(text, span[0]) + _end_fit(text, span[1])) / 2 if selection.end > selection.start else 0.0


def _start_fit(text: str, index: int) -> float:
    """Return 1 at the start of a word or sign, 0.5 in white space, 0 inside a word."""
    if splits_word(text, index):
        return 0.0
    return 0.5 if text[index : index + 1].isspace() else 1.0


def _end_fit(text: str, index: int) -> float:
    """Return 1 behind the last character of a word or sign, 0.5 behind white space, 0 inside a word."""
    if splits_word(text, index):
        return 0.0
    return 0.5 if text[max(index - 1, 0) : index].isspace() else 1.0


def compare(passage: str, copy: str) -> Checked:
    """Say how a file's own copy agrees with the passage found: exact, name (but for white space), snippet, failed."""
    if passage == copy:
        return "exact"
    found, wanted = comparable(passage), comparable(copy)
    if found == wanted:
        return "name"
    for mark in _CUT:
        start = wanted.removesuffix(mark).rstrip()
        # ATLAS.ti cuts at 100 characters; a much shorter stub proves little.
        if start != wanted and len(start) >= 20 and found.startswith(start):
            return "snippet"
    return "failed"


def comparable(text: str) -> str:
    """Return text as XML can carry it: white space and characters that XML cannot hold collapse to one blank."""
    return _BLANKS.sub(" ", text).strip()


def _meanings(text: str, spans: Sequence[Span | None]) -> set[Span | None]:
    """Return distinct spans, blanks at their ends apart."""
    return {None if span is None else _trimmed(text, span) for span in spans}


def _trimmed(text: str, span: Span) -> Span:
    passage = text[slice(*span)]
    if not passage.strip():
        return span
    return span[0] + len(passage) - len(passage.lstrip()), span[1] - len(passage) + len(passage.rstrip())


def _place(text: str, selection: Selection, spans: Sequence[Span | None], *, supported: bool) -> Placed | Refused:
    """Place one selection by the ways of counting still in question, the best first."""
    if selection.end < selection.start:
        return Refused("it ends before it starts")
    if len(_meanings(text, spans)) > 1:
        return Refused("several ways of counting positions fit this document and put the passage in different places")
    span = spans[0]
    if span is None:
        return Refused("its positions lie outside the text or inside a character")
    if comparable(selection.copy):
        checked = compare(text[slice(*span)], selection.copy)
        return (
            Refused("the file's copy of the passage differs from the text there")
            if checked == "failed"
            else Placed(*span, checked)
        )
    if not supported:
        return Refused("nothing in this document shows how its positions are counted")
    return Placed(*span, "failed" if any(splits_word(text, index) for index in span) else "boundary")
