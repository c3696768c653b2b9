"""How much of the error a pilot may have spent when a part of its information is in. No boundaries here."""

from __future__ import annotations

import math
from typing import Literal

Spending = Literal["obrien_fleming", "pocock"]


def spent(fraction: float, alpha: float, spending: Spending, sides: int = 2) -> float:
    """Return the error that is spent when a fraction of the planned information is in.

    Parameters
    ----------
    fraction : information in hand over the information planned; below 0 counts as 0, above 1 as 1.
    alpha : error of all looks together, between 0 and 1; of both sides where `sides` is 2.
    spending : `obrien_fleming`, which spends next to nothing early; or `pocock`, which spends at nearly equal rates.
    sides : 1 or 2. Of two sides each spends half of `alpha` by the same function.

    Returns
    -------
    float
        Between 0 and `alpha`; rises with `fraction`.

    Raises
    ------
    ValueError
        For an error out of range, an unknown function, or a fraction that is no number.

    References
    ----------
    Lan & DeMets 1983, Biometrika 70:659-663. With two sides as in Reboussin, DeMets, Kim & Lan 2000, Controlled
    Clinical Trials 21:190-207: the O'Brien-Fleming type is 2 - 2 Phi(z / sqrt(t)) on each side, with the quantile z of
    1 - alpha/4.
    """
    if not 0 < alpha < 1 or sides not in (1, 2) or math.isnan(fraction):
        raise ValueError("The error lies between 0 and 1, sides are 1 or 2, and a fraction is a number.")
    t = min(max(fraction, 0.0), 1.0)
    if spending not in ("obrien_fleming", "pocock"):
        raise ValueError(f"There is no spending function {spending!r}.")
    return _of_a_side(t, alpha / sides, spending) * sides


def _of_a_side(t: float, alpha: float, spending: Spending) -> float:
    from scipy.special import ndtr, ndtri

    if t in (0.0, 1.0):
        return alpha * t
    if spending == "pocock":
        return alpha * math.log1p((math.e - 1) * t)
    return 2 * float(ndtr(ndtri(alpha / 2) / math.sqrt(t)))
