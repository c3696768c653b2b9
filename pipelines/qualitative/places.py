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
        whole = Places([-1] * count, [-1] * count, ["failed"] * count, dict.fromkeys(range(count), reason))
        for k, number in enumerate(numbers):
            whole.starts[number], whole.ends[number] = self.starts[k], self.ends[k]
            whole.checks[number] = self.checks[k]
        found = {number: self.refused.get(k) for k, number in enumerate(numbers)}
        refused = {k: found.get(k, reason) for k in range(count)}
        return Places(whole.starts, whole.ends, whole.checks, {k: each for k, each in refused.items() if each})

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
