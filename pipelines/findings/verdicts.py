"""What an interval allows one to say: which side of no difference it lies on."""

from __future__ import annotations

from typing import Literal


def verdict(
    lower: float | None, upper: float | None, better: Literal["higher", "lower"], null: float = 0.0
) -> Literal["better", "worse", "inconclusive"]:
    """Return where an interval of treatment against comparison lies; touching no difference is inconclusive."""
    if lower is None or upper is None or lower <= null <= upper:
        return "inconclusive"
    return "better" if (lower > null) == (better == "higher") else "worse"
