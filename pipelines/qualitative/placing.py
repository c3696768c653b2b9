"""From passages as a file has them to codings at their place: one document at a time, doubtful ones in quarantine.

How positions are counted is decided in positions.py; where a passage without positions stands is looked up here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.qualitative.models import Calibration, Checked, Coding, QuarantinedCoding
from pipelines.qualitative.offsets import Convention, SourceText
from pipelines.qualitative.positions import Placed, Refused, Selection, calibrate, comparable

Place = Placed | Refused
IN_CODE_POINTS = Convention("code points", "lf", bom_counted=False, end_inclusive=False)
IN_BYTES = Convention("utf-8 bytes", "lf", bom_counted=False, end_inclusive=False)
NO_PLACE = Refused("its positions are no whole numbers")
_BLANKS = re.compile("[\\s\x00-\x1f\x7f\ufffe\uffff]+")


@dataclass(frozen=True)
class Mark:
    """One code on one passage, before it is placed."""

    id: str
    code_id: str
    coder_id: str = ""
    created: datetime | None = None
    memo: str = field(default="", repr=False)


@dataclass(frozen=True)
class Passage:
    """A passage as a file has it: positions in unknown units (None: not given), its own words, and its codes."""

    start: int | None
    end: int | None
    copy: str = field(repr=False)
    marks: tuple[Mark, ...] = ()


def placed_by_position(
    document_id: str, text: SourceText, passages: Sequence[Passage], habit: Convention
) -> tuple[Calibration | None, list[Place]]:
    """Place passages by their positions, in whichever unit the document's own passages prove.

    Parameters
    ----------
    document_id
        Repeated in the calibration.
    text
        The document's text.
    passages
        n passages of it; those without positions are refused.
    habit
        How the tool is known to count; decides only what the passages leave open.

    Returns
    -------
    calibration
        None where no passage has positions.
    places
        n results in the order of the passages.
    """
    numbered = [k for k, each in enumerate(passages) if each.start is not None and each.end is not None]
    places: list[Place] = [NO_PLACE] * len(passages)
    if not numbered:
        return None, places
    calibration, found = calibrate(document_id, text, [_selection(passages[k]) for k in numbered], habit)
    for k, place in zip(numbered, found, strict=True):
        places[k] = place
    return calibration, places


def _selection(passage: Passage) -> Selection:
    return Selection(int(passage.start or 0), int(passage.end or 0), passage.copy)


class Finder:
    """Looks passages up in one text: by their exact words, then white space apart; only a single place is taken."""

    def __init__(self, text: str) -> None:
        """Keep the text; its collapsed form is made when first needed."""
        self._text = text
        self._collapsed: tuple[str, list[int]] | None = None

    def find(self, copy: str) -> Place:
        """Return the one place of a passage's words, or why there is none."""
        wanted = copy.strip()
        if not wanted:
            return Refused("the file has no words of the passage to look for")
        if found := self._search(self._text, wanted):
            first, again = found
            return _ambiguous() if again else Placed(first, first + len(wanted), "exact")
        collapsed, starts = self._collapse()
        short = comparable(wanted)
        if found := self._search(collapsed, short):
            first, again = found
            end = starts[first + len(short) - 1] + 1
            return _ambiguous() if again else Placed(starts[first], end, "name")
        return Refused("its words are not in the document's text")

    @staticmethod
    def _search(text: str, wanted: str) -> tuple[int, bool] | None:
        """Return the first place and whether there is another one."""
        first = text.find(wanted) if wanted else -1
        return None if first < 0 else (first, text.find(wanted, first + 1) >= 0)

    def _collapse(self) -> tuple[str, list[int]]:
        """Return the text with runs of white space as one blank, and where each of its characters stands."""
        if self._collapsed is None:
            parts, starts, at = [], [], 0
            for run in _BLANKS.finditer(self._text):
                parts += [self._text[at : run.start()], " "]
                starts += [*range(at, run.start()), run.start()]
                at = run.end()
            parts.append(self._text[at:])
            starts += range(at, len(self._text))
            self._collapsed = "".join(parts), starts
        return self._collapsed


def _ambiguous() -> Refused:
    return Refused("its words stand at several places of the document, and nothing says which is meant")


class Kept:
    """What the passages of a project come to, document by document: codings, and those set aside with the reason."""

    def __init__(self) -> None:
        """Start empty."""
        self.codings: list[Coding] = []
        self.aside: list[QuarantinedCoding] = []
        self.calibrations: list[Calibration] = []

    def by_position(
        self, document_id: str, text: SourceText, passages: Sequence[Passage], habit: Convention
    ) -> list[Place]:
        """Place passages as `placed_by_position` does, and keep how the document counts."""
        calibration, places = placed_by_position(document_id, text, passages, habit)
        if calibration is not None:
            self.calibrations.append(calibration)
        return places

    def keep(self, document_id: str, text: str, passages: Sequence[Passage], places: Sequence[Place]) -> None:
        """Keep the codings of a document's passages, or set them aside."""
        for passage, place in zip(passages, places, strict=True):
            for mark in passage.marks:
                if isinstance(place, Refused):
                    where = (passage.start, passage.end, place.reason)
                    self.aside.append(QuarantinedCoding(mark.id, document_id, mark.code_id, mark.coder_id, *where))
                else:
                    self.codings.append(_coding(document_id, text, mark, place.start, place.end, place.checked))


def _coding(document_id: str, text: str, mark: Mark, start: int, end: int, checked: Checked) -> Coding:
    quote = "" if checked == "whole-document" else text[start:end]
    return Coding(
        mark.id,
        document_id,
        mark.code_id,
        mark.coder_id,
        start,
        end,
        quote,
        created=mark.created,
        checked=checked,
        memo=mark.memo,
    )
