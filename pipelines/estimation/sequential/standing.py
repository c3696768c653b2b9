"""Where one look stands among all looks at an outcome: its number, what it spends, and how wide its interval has to be.

All of it follows from the set of looks, and for each look from those with no more information: in which order somebody
looked, and how often at the same evidence, changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.estimation.sequential.boundaries import SAME, boundaries
from pipelines.estimation.sequential.confidence_sequences import TUNED_AT, always_valid_p, mixture_multiplier
from pipelines.estimation.sequential.repeated import repeated_p
from pipelines.estimation.sequential.spending import Spending

KEPT_BACK = 0.03
"""Part of what each look after the first would spend that is kept back. Boundaries hold for estimates whose errors are
normal with a known spread. With an estimated one an only look stays exact (Student's t), but looks hang together a
little less, and the limits of a share are not exact: the error of twelve monthly looks was then up to 5.1 instead of 5
in 100 (means from 10 people a group and month on, shares from 40 on; tests/properties/test_looks.py). It costs half a
percent of the interval's width."""


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
        Part of the planned information that is in, and error spent so far at most; None without a plan.
    p : float or None
        Repeated p value of the look, where its own was given; None where the ordinary one stands.
    """

    number: int
    z: float | None
    extra: bool = False
    fraction: float | None = None
    spent: float | None = None
    p: float | None = None


def planned_standing(
    seen: Iterable[Seen],
    own: Seen,
    planned: float,
    alpha: float,
    spending: Spending = "obrien_fleming",
    p: float | None = None,
) -> Standing:
    """Return where a look stands when looks were planned: boundaries that spend the error (see `boundaries`).

    Parameters
    ----------
    seen : looks that were taken, in any order; `own` may be among them.
    own : the look.
    planned : information at which all of the error is spent, in the unit of the looks.
    alpha : error of all looks together, of both sides.
    spending : as in `boundaries`.
    p : two-sided p value of the look's estimate, had nobody looked before; None without one.

    Returns
    -------
    Standing
    """
    known = _up_to(seen, own)
    information = [one.information for one in known]
    last = boundaries(information, planned, alpha, spending, kept_back=KEPT_BACK)
    before = any(one.stage == own.stage and _less(one.information, own.information) for one in known)
    repeated = None if p is None else repeated_p(information, planned, p, spending, KEPT_BACK)
    return Standing(len(last), last[-1].z, own.stage == 0 or before, last[-1].fraction, last[-1].spent, repeated)


def open_standing(
    seen: Iterable[Seen], own: Seen, alpha: float, tuned_at: float = TUNED_AT, p: float | None = None
) -> Standing:
    """Return where a look stands when none were planned.

    The first keeps its ordinary interval. From the second on, a confidence sequence holds at all of them. Which is the
    first is told by information; of two with the same neither is.

    Parameters
    ----------
    seen, own : as in `planned_standing`.
    alpha : error of all looks together.
    tuned_at : as in `mixture_multiplier`.
    p : as in `planned_standing`.

    Returns
    -------
    Standing
    """
    number = len(_up_to(seen, own))
    if number == 1:
        return Standing(number, None)
    always = None if p is None else always_valid_p(own.information, p, alpha, tuned_at)
    return Standing(number, mixture_multiplier(own.information, alpha, tuned_at), p=always)


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
