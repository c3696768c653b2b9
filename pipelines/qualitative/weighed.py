"""Weigh every way of counting positions for many sources at once; what follows for each is decided in positions.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import get_args

import numpy as np

from pipelines.qualitative.evidence import Evidence, Numbers, Rates, weigh
from pipelines.qualitative.models import Newline, Unit
from pipelines.qualitative.offsets import Convention, SourceText
from pipelines.qualitative.ways import Selections, Shelf, placings

Asked = tuple[SourceText, Selections, Sequence[Convention]]
"""A text, its selections, and the ways of counting to try on them."""

# No tool we know ends inclusively or counts a byte order mark, and bytes come with copies: such must be shown.
_INCLUSIVE_HANDICAP, _RARE_HANDICAP = 8.0, 3.0
# As many selections, and characters, as are looked up together: so few that memory does not grow with the project.
_TOGETHER, _LENGTH_TOGETHER = 4_000, 1_000_000

EVERY = tuple(Convention(*each) for each in product(get_args(Unit), get_args(Newline), (False, True), (False, True)))
"""All ways of counting."""


def _handicap(convention: Convention) -> float:
    rare = convention.bom_counted + (convention.unit == "utf-8 bytes")
    return _INCLUSIVE_HANDICAP * convention.end_inclusive + _RARE_HANDICAP * rare


HANDICAPS = {convention: _handicap(convention) for convention in EVERY}
"""What evidence each way of counting has to give in advance."""


class Weighed:
    """Selections placed by some ways of counting, and the evidence for each way."""

    def __init__(self, evidence: Evidence) -> None:
        """Judge by how sloppily people chose passages under the way that is likeliest at first sight."""
        self.ways, self.evidence = evidence.ways, evidence
        handicaps = np.array([min([HANDICAPS[each] for each in group]) for group in self.ways.conventions])
        likely = int(np.argmax(self.evidence.totals(self.evidence.rates()) - handicaps))
        self.rates: Rates = self.evidence.rates(likely)
        self.standings: Numbers = self.evidence.totals(self.rates) - handicaps
        self.scores: Numbers = self.evidence.scores()
        self.best = float(self.standings.max())
        self._rows = {c: row for row, group in enumerate(self.ways.conventions) for c in group}

    def standing_of(self, convention: Convention) -> float:
        """Return the evidence for one convention."""
        return float(self.standings[self._rows[convention]])

    def facts_of(self, convention: Convention) -> tuple[float, float]:
        """Return evidence and score of one convention."""
        return self.standing_of(convention), float(self.scores[self._rows[convention]])


def weighed_together(asked: Sequence[Asked]) -> list[Weighed]:
    """Weigh sources in their order, those that ways of counting treat alike together."""
    alike: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for k, (text, _, among) in enumerate(asked):
        alike[text.units, text.kinds_of_breaks, tuple(among)].append(k)
    found: dict[int, Weighed] = {}
    for members in alike.values():
        for some in _batches(members, asked):
            shelf = Shelf([asked[k][0] for k in some], [asked[k][1] for k in some])
            evidence = weigh(shelf, placings(shelf, asked[some[0]][2]))
            found.update((k, Weighed(each)) for k, each in zip(some, evidence, strict=True))
    return [found[k] for k in range(len(asked))]


def _batches(members: Iterable[int], asked: Sequence[Asked]) -> Iterator[list[int]]:
    """Yield sources that are handled together: few enough to be small, or one."""
    batch: list[int] = []
    selections = length = 0
    for k in members:
        text, own, _ = asked[k]
        if batch and (selections + len(own) > _TOGETHER or length + len(text.raw) > _LENGTH_TOGETHER):
            yield batch
            batch, selections, length = [], 0, 0
        batch.append(k)
        selections, length = selections + len(own), length + len(text.raw)
    if batch:
        yield batch
