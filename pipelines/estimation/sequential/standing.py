"""Where one look stands among all looks at an outcome: its number, what it spends, and how wide its interval has to be.

All of it follows from the set of looks, and for each look from those with no more information: in which order somebody
looked, and how often at the same evidence, changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.estimation.sequential.boundaries import SAME, boundaries
from pipelines.estimation.sequential.confidence_sequences import TUNED_AT, mixture_multiplier
from pipelines.estimation.sequential.spending import Spending


@dataclass(frozen=True)
class Seen:
    """A look that was taken, or is about to be.

    Parameters
    ----------
    information : float
        People (or events) whose outcome was known, above zero.
    evidence : str
        Names the rows and the question; the same evidence is the same look.
    stage : int
        Planned looks that had come due; 0 before the first, or without a plan.
    """

    information: float
    evidence: str
    stage: int = 0


@dataclass(frozen=True)
class Standing:
    """What a look's place among the others means for its interval.

    Parameters
    ----------
    number : int
        Which look it is, by information, from 1.
    z : float or None
        Standard errors on each side of the estimate, for a normal one; None where the ordinary interval stands,
        infinity where nothing can be left out.
    extra : bool
        Whether it is none of those that were planned.
    fraction, spent : float or None
        Part of the planned information that is in, and error spent so far; None without a plan.
    """

    number: int
    z: float | None
    extra: bool = False
    fraction: float | None = None
    spent: float | None = None


def planned_standing(
    seen: Iterable[Seen], own: Seen, planned: float, alpha: float, spending: Spending = "obrien_fleming"
) -> Standing:
    """Return where a look stands when looks were planned: boundaries that spend the error (see `boundaries`).

    Parameters
    ----------
    seen : looks that were taken, in any order; `own` may be among them.
    own : the look.
    planned : information at which all of the error is spent, in the unit of the looks.
    alpha : error of all looks together, of both sides.
    spending : as in `boundaries`.

    Returns
    -------
    Standing
    """
    known = _up_to(seen, own)
    last = boundaries([one.information for one in known], planned, alpha, spending)
    before = any(one.stage == own.stage and _less(one.information, own.information) for one in known)
    return Standing(len(last), last[-1].z, own.stage == 0 or before, last[-1].fraction, last[-1].spent)


def open_standing(seen: Iterable[Seen], own: Seen, alpha: float, tuned_at: float = TUNED_AT) -> Standing:
    """Return where a look stands when none were planned.

    The first keeps its ordinary interval. From the second on, a confidence sequence holds at all of them. Which is the
    first is told by information; of two with the same neither is.

    Parameters
    ----------
    seen, own : as in `planned_standing`.
    alpha : error of all looks together.
    tuned_at : as in `mixture_multiplier`.

    Returns
    -------
    Standing
    """
    number = len(_up_to(seen, own))
    return Standing(number, None if number == 1 else mixture_multiplier(own.information, alpha, tuned_at))


def is_due(seen: Iterable[Seen], own: Seen) -> bool:
    """Tell whether a look may be taken where extra ones are refused: once for each planned look, and again any time.

    A look with the information of the one that was taken is that look: its rows were corrected, and it spends nothing.
    """
    looks = list(seen)
    if any(one.evidence == own.evidence for one in looks):
        return True
    taken = [one for one in looks if one.stage == own.stage]
    return own.stage > 0 and all(math.isclose(one.information, own.information, rel_tol=SAME) for one in taken)


def _up_to(seen: Iterable[Seen], own: Seen) -> list[Seen]:
    """Return the different looks with no more information than a look has, itself among them."""
    others = {one.evidence: one for one in seen if one.evidence != own.evidence}
    known = [one for one in others.values() if not _less(own.information, one.information)]
    return sorted([*known, own], key=lambda one: (one.information, one.evidence))


def _less(one: float, other: float) -> bool:
    return other - one > SAME * other
