"""Place a document's selections by every way of counting positions, those that agree on all of them together."""

from __future__ import annotations

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
    conventions,
    mark_width,
    telling_unit,
)


@dataclass(frozen=True)
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


def ways_of_counting(text: SourceText, selections: Sequence[Selection]) -> Ways:
    """Place n selections of a text, at least one, by every way of counting."""
    starts = clipped([each.start for each in selections])
    ends = clipped([each.end for each in selections])
    maps: dict[tuple[Unit, Newline], OffsetMap] = {}
    groups: dict[bytes, list[Convention]] = {}
    places: list[tuple[Integers, Integers]] = []
    for convention in conventions(text):
        kind = telling_unit(text, convention.unit), convention.newline
        if kind not in maps:
            maps[kind] = OffsetMap(text, Convention(*kind, False, False))
        mark = mark_width(convention)
        placed = _spans(maps[kind], starts - mark, ends - mark + convention.end_inclusive)
        group = groups.setdefault(placed[0].tobytes() + placed[1].tobytes(), [])
        if not group:
            places.append(placed)
        group.append(convention)
    plain_first = [tuple(sorted(group, key=lambda c: (c.end_inclusive, c.bom_counted))) for group in groups.values()]
    return Ways(tuple(plain_first), np.stack([s for s, _ in places]), np.stack([e for _, e in places]))


def _spans(laid_out: OffsetMap, starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
    first, last = laid_out.indices(starts), laid_out.indices(ends)
    impossible = (first < 0) | (last < first)
    return np.where(impossible, -1, first), np.where(impossible, -1, last)
