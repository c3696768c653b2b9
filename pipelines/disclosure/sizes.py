"""The sizes of a group that are shown: flow, estimates, baseline and doses count the same people again and again."""

from __future__ import annotations

from collections import defaultdict

from pipelines.disclosure.counts import rounded, too_small
from pipelines.disclosure.policy import Policy


class Sizes:
    """The exact sizes of each group that a reader sees, in whatever finding.

    Parameters
    ----------
    policy : the limits.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._shown: dict[str, set[int]] = defaultdict(set)
        self._estimates: dict[tuple[str, str], int] = {}

    def close(self, arm: str, size: int) -> bool:
        """Tell whether a size (people) of an arm differs from one that is shown by fewer than the minimum, yet differs.

        Never so under rounding, which makes the difference uncertain by itself.
        """
        if self._policy.rounding_base > 1:
            return False
        return any(too_small(abs(size - one), self._policy) for one in self._shown[arm])

    def show(self, arm: str, size: int, outcome: str = "") -> None:
        """Note that a size (people) of an arm is shown, as the people behind an outcome's estimate if one is named."""
        self._shown[arm].add(size)
        if outcome:
            self._estimates[arm, outcome] = size

    def repeats(self, arm: str, size: int | None, outcome: str) -> bool:
        """Tell whether a size (people) of an arm only says again how many stand behind an estimate that is shown."""
        return bool(outcome) and size is not None and self._estimates.get((arm, outcome)) == size

    def least(self, arm: str, size: int) -> int:
        """Return the fewest people an arm may have as far as a reader knows who sees only what is shown of its size.

        How far a figure is rounded must depend on this and not on the size: else it tells on which side of 100 it lies.
        """
        if self._policy.rounding_base > 1:
            return max((rounded(size, self._policy) or 0) - self._policy.rounding_base // 2, 1)
        near = [one for one in self._shown[arm] if too_small(abs(size - one), self._policy)]
        return max(min(near, default=size) - self._policy.minimum_count + 1, 1)

    def admit(self, arm: str, size: int | None) -> bool:
        """Tell whether a size (people) of an arm may be shown, and note it if so; None may not."""
        if size is None or too_small(size, self._policy) or self.close(arm, size):
            return False
        self.show(arm, size)
        return True
