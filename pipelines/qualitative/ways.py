"""Place a document's selections by every way of counting positions, those that agree on all of them together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from pipelines.qualitative.models import Newline, Unit
from pipelines.qualitative.offsets import (
    Convention,
    Integers,
    OffsetMap,
    SourceText,
    clipped,
    mark_width,
    telling_unit,
)


@dataclass(frozen=True, slots=True)
class Selection:
    """A passage as a file has it: positions in unknown units, and the file's own copy of its text (or empty)."""

    start: int
    end: int
    copy: str = field(default="", repr=False)


@dataclass(frozen=True)
class Ways:
    """R ways of counting that place n selections differently, and for each the conventions that agree on it.

    `starts` and `ends` are R x n code points, -1 where a way has no such place.
    """

    conventions: tuple[tuple[Convention, ...], ...]
    starts: Integers = field(repr=False)
    ends: Integers = field(repr=False)


def ways_of_counting(text: SourceText, selections: Sequence[Selection], among: Sequence[Convention]) -> Ways:
    """Place n selections of a text, at least one, by some ways of counting, the standard's own first."""
    starts = clipped([each.start for each in selections])
    ends = clipped([each.end for each in selections])
    by_kind: defaultdict[tuple[Unit, Newline], list[Convention]] = defaultdict(list)
    for convention in among:
        by_kind[telling_unit(text, convention.unit), convention.newline].append(convention)
    groups: dict[bytes, list[Convention]] = {}
    places: dict[bytes, tuple[Integers, Integers]] = {}
    for kind, members in by_kind.items():
        laid_out = OffsetMap(text, Convention(*kind, False, False))
        marks = np.array([[mark_width(each)] for each in members])
        inclusive = np.array([[int(each.end_inclusive)] for each in members])
        first, last = laid_out.indices(starts - marks), laid_out.indices(ends - marks + inclusive)
        impossible = (first < 0) | (last < first)
        first[impossible] = last[impossible] = -1
        for member, one, other in zip(members, first, last, strict=True):
            key = one.tobytes() + other.tobytes()
            groups.setdefault(key, []).append(member)
            places.setdefault(key, (one, other))
    order = {convention: number for number, convention in enumerate(among)}
    plain_first = [
        tuple(sorted(group, key=lambda c: (c.end_inclusive, c.bom_counted, order[c]))) for group in groups.values()
    ]
    # The standard's own way leads among equals.
    rows = sorted(range(len(plain_first)), key=lambda row: order[plain_first[row][0]])
    kept = list(places.values())
    return Ways(
        tuple(plain_first[row] for row in rows),
        np.stack([kept[row][0] for row in rows]),
        np.stack([kept[row][1] for row in rows]),
    )
