"""Where passages lie, or why they lie nowhere: one by one, and in columns for all selections of a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipelines.qualitative.models import Checked


class Placed(NamedTuple):
    """A passage placed: canonical code points, end exclusive, and how that was checked."""

    start: int
    end: int
    checked: Checked


class Refused(NamedTuple):
    """A passage that could not be placed, and why, without its words."""

    reason: str


@dataclass(frozen=True)
class Places:
    """The places of n selections in columns; those in `refused`, by number, have none."""

    starts: list[int]
    ends: list[int]
    checks: list[Checked]
    refused: Mapping[int, Refused]

    @classmethod
    def none(cls, count: int, reason: Refused) -> Places:
        """Refuse all of them for one reason."""
        nowhere = [-1] * count
        return cls(nowhere, nowhere, ["failed"] * count, dict.fromkeys(range(count), reason))

    def among(self, numbers: Sequence[int], count: int, reason: Refused) -> Places:
        """Return these as some of `count` selections, by their numbers there; the others are refused."""
        if len(numbers) == count:
            return self
        own = dict(zip(numbers, range(len(numbers)), strict=True))
        rows = [own.get(number) for number in range(count)]
        starts, ends = ([-1 if k is None else each[k] for k in rows] for each in (self.starts, self.ends))
        checks: list[Checked] = ["failed" if k is None else self.checks[k] for k in rows]
        refused = {number: self.refused[k] for number, k in own.items() if k in self.refused}
        refused |= {number: reason for number, k in enumerate(rows) if k is None}
        return Places(starts, ends, checks, refused)

    def __len__(self) -> int:
        """Return how many selections there are."""
        return len(self.starts)

    def __getitem__(self, number: int) -> Placed | Refused:
        """Return the place of one selection, or why it has none."""
        refused = self.refused.get(number)
        return refused or Placed(self.starts[number], self.ends[number], self.checks[number])

    def __iter__(self) -> Iterator[Placed | Refused]:
        """Yield the place of each selection, or why it has none."""
        return (self[number] for number in range(len(self)))
