"""What was changed in a finding, for a checker; and the count that stands alone."""

from __future__ import annotations

from pipelines.disclosure.counts import rounded, too_small
from pipelines.disclosure.policy import Policy
from pipelines.findings.models import Change

SMALL = "minimum count"
"""The one reason given for a withheld cell: a finer one would tell which cell was small and which covers it."""


class Log:
    """The changes of one finding, each once."""

    def __init__(self) -> None:
        self._changes: dict[Change, None] = {}

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every change, in order."""
        return tuple(self._changes)

    def withheld(self, cell: str, rule: str = SMALL) -> None:
        """Note a cell that is withheld."""
        self._changes[Change(cell=cell, rule=rule, action="withheld")] = None

    def rounded(self, cell: str, rule: str) -> None:
        """Note a cell that is rounded."""
        self._changes[Change(cell=cell, rule=rule, action="rounded")] = None

    def count(self, value: int | None, cell: str, rules: Policy) -> int | None:
        """Return a count of people as it may stand alone."""
        if value is not None and too_small(value, rules):
            self.withheld(cell)
            return None
        # Noted even when it changes nothing: else a missing note would tell that the count was exact.
        if value is not None and rules.rounding_base > 1:
            self.rounded(cell, f"rounding to {rules.rounding_base}")
        return rounded(value, rules)
