"""Place documents' selections by every way of counting positions, those that agree on all of them together.

Several documents lie side by side as one text, so that what is looked up for one is looked up for all at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from pipelines.qualitative.boundaries import Kinds, pairs_of
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

# Between texts: a place just outside one is not yet inside the next.
_GAP = "\0\0"


@dataclass(frozen=True, slots=True)
class Selection:
    """A passage as a file has it: positions in unknown units, and the file's own copy of its text (or empty)."""

    start: int
    end: int
    copy: str = field(default="", repr=False)


@dataclass(frozen=True)
class Selections:
    """n passages of one text in columns; `copies` are empty where the file has none."""

    starts: Integers
    ends: Integers
    copies: Sequence[str] = field(repr=False)

    @classmethod
    def of(cls, selections: Sequence[Selection]) -> Selections:
        """Return passages in columns; positions far outside any text stay so."""
        return cls(
            clipped([each.start for each in selections]),
            clipped([each.end for each in selections]),
            [each.copy for each in selections],
        )

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.starts)

    def __getitem__(self, chosen: Sequence[int]) -> Selections:
        """Return some of them."""
        return Selections(self.starts[chosen], self.ends[chosen], [self.copies[k] for k in chosen])

    @cached_property
    def named(self) -> bool:
        """Whether there is any copy."""
        return any(self.copies)


class Shelf:
    """D texts side by side as one, with the n selections of all of them."""

    def __init__(self, texts: Sequence[SourceText], selections: Sequence[Selections]) -> None:
        """Join texts, at least one, and their selections, at least one each."""
        canonical = _side_by_side([each.canonical for each in texts])
        # Long texts without CR are kept once.
        alike = all(each.raw is each.canonical for each in texts)
        raw = canonical if alike else _side_by_side([each.raw for each in texts])
        self.texts, self.selections = texts, selections
        self.text = SourceText(raw, canonical)
        self.lengths = np.array([len(each.canonical) for each in texts])
        self.origins = len(_GAP) * np.arange(1, len(texts) + 1) + np.cumsum(self.lengths) - self.lengths
        self.counts = [len(each) for each in selections]
        self.which = np.repeat(np.arange(len(texts)), self.counts)
        self.starts = np.concatenate([each.starts for each in selections])
        self.ends = np.concatenate([each.ends for each in selections])

    @cached_property
    def copies(self) -> list[str]:
        """The copies of all selections."""
        return [copy for each in self.selections for copy in each.copies]

    @cached_property
    def pairs(self) -> Kinds:
        """The kinds of characters at each place of the joined text, as `pairs_of` numbers them."""
        return pairs_of(self.text)

    @cached_property
    def columns(self) -> list[slice]:
        """Which of the n selections are those of each text."""
        ends = np.cumsum(self.counts).tolist()
        return [slice(end - count, end) for end, count in zip(ends, self.counts, strict=True)]

    def pairs_in(self, number: int) -> Kinds:
        """Return the pairs at the places of one text, the one behind its last character among them."""
        start = int(self.origins[number])
        return self.pairs[start : start + int(self.lengths[number]) + 1]


def _side_by_side(texts: Sequence[str]) -> str:
    return _GAP + _GAP.join(texts) + _GAP


@dataclass(frozen=True)
class Placings:
    """Where M conventions place the n selections of a shelf: code points of each one's own text, -1 for no place."""

    conventions: tuple[Convention, ...]
    starts: Integers = field(repr=False)
    ends: Integers = field(repr=False)


@dataclass(frozen=True)
class Ways:
    """R ways of counting that place a text's selections differently, and for each the conventions that agree on it.

    `rows` are those of the placings; `starts` and `ends` are R x n code points, -1 where a way has no such place.
    """

    conventions: tuple[tuple[Convention, ...], ...]
    rows: Sequence[int]
    starts: Integers = field(repr=False)
    ends: Integers = field(repr=False)


def placings(shelf: Shelf, among: Sequence[Convention]) -> Placings:
    """Place the selections of a shelf, whose texts have the same telling units, by some ways of counting."""
    by_kind: defaultdict[tuple[Unit, Newline], list[int]] = defaultdict(list)
    for row, convention in enumerate(among):
        by_kind[telling_unit(shelf.texts[0], convention.unit), convention.newline].append(row)
    starts = np.empty((len(among), len(shelf.which)), dtype=np.int64)
    ends = np.empty_like(starts)
    # Sorted places are looked up several times faster.
    by_start, by_end = (np.lexsort((each, shelf.which)) for each in (shelf.starts, shelf.ends))
    for kind, rows in by_kind.items():
        laid_out = OffsetMap(shelf.text, Convention(*kind, False, False))
        marks = np.array([[mark_width(among[row])] for row in rows])
        inclusive = np.array([[int(among[row].end_inclusive)] for row in rows])
        numbers = np.array(rows)[:, None]
        # How ends are counted is nothing to starts.
        different, which = np.unique(marks, return_inverse=True)
        places = _places(shelf, laid_out, shelf.starts[by_start] - different[:, None])
        starts[numbers, by_start] = places[which.ravel()]
        ends[numbers, by_end] = _places(shelf, laid_out, shelf.ends[by_end] - marks + inclusive)
    impossible = (starts < 0) | (ends < starts)
    starts[impossible] = ends[impossible] = -1
    return Placings(tuple(among), starts, ends)


def _places(shelf: Shelf, laid_out: OffsetMap, positions: Integers) -> Integers:
    """Return the code points at positions in each selection's own text."""
    first = laid_out.delivered(shelf.origins)
    beyond = laid_out.delivered(shelf.origins + shelf.lengths) - first + 1
    # The order of a shelf's selections is that of its texts, within a text any.
    near = np.minimum(np.maximum(positions, -1), beyond[shelf.which])
    found = laid_out.indices(near + first[shelf.which]) - shelf.origins[shelf.which]
    found[(found < 0) | (found > shelf.lengths[shelf.which])] = -1
    return found


def distinct(found: Placings, columns: slice) -> Ways:
    """Return the ways that place the selections of one text differently, the standard's own first."""
    starts, ends = found.starts[:, columns], found.ends[:, columns]
    groups: dict[bytes, list[int]] = {}
    for row in range(len(found.conventions)):
        groups.setdefault(starts[row].tobytes() + ends[row].tobytes(), []).append(row)
    if len(groups) == len(found.conventions):
        return Ways(_alone(found.conventions), range(len(groups)), starts, ends)
    order = _simplest_first(found.conventions)
    # The standard's own way leads among equals.
    ranked = sorted((sorted(group, key=order.__getitem__) for group in groups.values()), key=lambda group: group[0])
    rows = [group[0] for group in ranked]
    return Ways(tuple(tuple(found.conventions[k] for k in group) for group in ranked), rows, starts[rows], ends[rows])


def _alone(conventions: Sequence[Convention]) -> tuple[tuple[Convention, ...], ...]:
    return tuple((each,) for each in conventions)


def _simplest_first(conventions: Sequence[Convention]) -> Mapping[int, tuple[bool, bool, int]]:
    return {row: (c.end_inclusive, c.bom_counted, row) for row, c in enumerate(conventions)}
