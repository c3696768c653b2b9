"""The lights of a criterion, whatever it measures: red, amber (both sides of the test) and green."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Literal

Light = Literal["red", "amber_red", "amber_green", "green"]
Better = Literal["higher", "lower"]
ORDER: tuple[Light, ...] = ("red", "amber_red", "amber_green", "green")


@dataclass(frozen=True)
class Thresholds:
    """What was agreed beforehand.

    Parameters
    ----------
    red : float
        A value at or beyond this, on the bad side, stops: in the unit of the measure.
    green : float
        A value at or beyond this, on the good side, goes.
    better : {"higher", "lower"}
        Which direction is good. For "lower" green lies below red.

    Raises
    ------
    ValueError
        If the two are not apart in the good direction, or are no numbers.
    """

    red: float
    green: float
    better: Better = "higher"

    def __post_init__(self) -> None:
        """Refuse thresholds that leave no amber."""
        apart = self.green - self.red if self.better == "higher" else self.red - self.green
        if not isfinite(apart) or apart <= 0:
            raise ValueError("Green has to lie on the good side of red.")

    @property
    def sign(self) -> int:
        """1 when more is better, else -1."""
        return 1 if self.better == "higher" else -1


@dataclass(frozen=True)
class Judged:
    """A criterion as the data answer it.

    Parameters
    ----------
    estimate, lower, upper : float
        In the unit of the measure, with the limits of a two-sided interval.
    cut : float
        Value at which the one-sided test against red turns: amber is "amber_green" from there on.
    p : float
        One-sided p value against red: chance of a result as good as this or better if the truth were only red.
    light : {"red", "amber_red", "amber_green", "green"}
        Where the estimate lies.
    """

    estimate: float
    lower: float
    upper: float
    cut: float
    p: float
    light: Light


ROUNDING = 1e-12


def light_of(estimate: float, cut: float, thresholds: Thresholds) -> Light:
    """Return the light of an estimate.

    Parameters
    ----------
    estimate, cut : float
        In the unit of the measure; `cut` as in `Judged`.
    thresholds : Thresholds

    Returns
    -------
    {"red", "amber_red", "amber_green", "green"}
        Red up to and with the red threshold, green from the green one; a cut beyond green leaves no amber_green.

    References
    ----------
    Lewis et al. 2021, Pilot and Feasibility Studies 7:40, table 1.
    """
    sign = thresholds.sign
    # 0.3 x 10 is not 3 in binary arithmetic: a hair must not change a light.
    slack = ROUNDING * max(abs(thresholds.red), abs(thresholds.green), 1.0)
    if sign * estimate <= sign * thresholds.red + slack:
        return "red"
    if sign * estimate >= sign * thresholds.green - slack:
        return "green"
    return "amber_green" if sign * estimate >= sign * cut - slack else "amber_red"
