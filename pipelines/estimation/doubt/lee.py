"""Lee's bounds: the difference among people who would be followed up whichever arm they were in."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.doubt.partial_identification import imbens_manski
from pipelines.estimation.doubt.wording import confidence, figure, interval, share
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

NOBODY = "In part of the sample nobody's outcome is known in one of the arms."
BOTH_WAYS = "In some groups more of the treatment arm are followed up, in others more of the comparison arm."


@dataclass(frozen=True)
class LeeBounds:
    """Bounds on a difference in means when follow-up differs between the arms.

    Parameters
    ----------
    lower, upper : float
        Bounds, in the unit of the outcome.
    se_lower, se_upper : float or None
        Their standard errors; None when too few people remain.
    interval_lower, interval_upper : float or None
        Imbens-Manski interval for the difference.
    level : float
        Its confidence level.
    followed_treatment, followed_comparison : float
        Shares of people whose outcome is known.
    trim : float
        Share of the known outcomes of the better followed arm that is set aside; the average over cells when tightened.
    trimmed : {'treatment', 'comparison', 'neither'}
        That arm.
    cells : int
        Groups of covariates within which was trimmed; 1 without covariates.
    """

    lower: float
    upper: float
    se_lower: float | None
    se_upper: float | None
    interval_lower: float | None
    interval_upper: float | None
    level: float
    followed_treatment: float
    followed_comparison: float
    trim: float
    trimmed: str
    cells: int

    @property
    def sentence(self) -> str:
        """What the bounds say, for a manager."""
        gap = (
            f"The outcome is known for {share(self.followed_treatment)} of the treatment arm and "
            f"{share(self.followed_comparison)} of the comparison arm; if the arm only ever moved follow-up in one "
            "direction, "
        )
        said = (
            f"{gap}the difference among people who would be followed up in either arm lies between "
            f"{figure(self.lower)} and {figure(self.upper)}"
        )
        if self.interval_lower is None:
            return f"{said}."
        return f"{said} ({confidence(self.level)} interval {interval(self.interval_lower, self.interval_upper)})."


@dataclass(frozen=True)
class _Cell:
    """One group of people: bounds, their variances, its weight, share trimmed and direction."""

    bounds: tuple[float, float]
    variances: tuple[float, float]
    weight: float
    trim: float
    direction: int


def lee_bounds(
    outcome: Array, treated: NDArray[np.bool_], cell: NDArray | None = None, level: float = 0.95
) -> LeeBounds:
    """Lee's trimming bounds, tightened by covariates when `cell` is given.

    The better followed arm is trimmed so that both arms keep the same share of people; where the cut falls inside a
    person, that person counts in part. With cells, trimming happens within each, and the cells' bounds are averaged by
    the known outcomes of the less followed arm.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        NaN where not known.
    treated : array of bool, shape (n,)
        Arm, assigned at random (within cells).
    cell : array, shape (n,), or None
        Group of covariates known before assignment; few and large ones.
    level : float
        Confidence level of the Imbens-Manski interval.

    Returns
    -------
    LeeBounds

    Raises
    ------
    EstimationRefusal
        If an arm (in a cell) has no known outcome, or cells disagree on which arm is better followed.

    References
    ----------
    Lee 2009, Review of Economic Studies 76:1071-1102, propositions 1a, 1b and 3; Imbens & Manski 2004.
    """
    known = np.isfinite(outcome)
    codes = np.zeros(len(outcome), dtype=int) if cell is None else np.unique(cell, return_inverse=True)[1]
    cells = [_bound_cell(outcome[codes == c], treated[codes == c]) for c in range(int(codes.max(initial=0)) + 1)]
    directions = {each.direction for each in cells} - {0}
    if len(directions) > 1:
        raise EstimationRefusal(BOTH_WAYS, "Use fewer and larger groups, or the bounds without groups.")
    weights = _weights(cells)
    lower, upper = (float(sum(w * c.bounds[i] for w, c in zip(weights, cells, strict=True))) for i in (0, 1))
    # Without trimming both bounds are the difference, computed in two ways.
    upper = max(lower, upper)
    errors = _error(cells, weights, 0, lower), _error(cells, weights, 1, upper)
    sound = all(map(isfinite, errors))
    limits = imbens_manski(lower, upper, errors[0], errors[1], level) if sound else (None, None)
    return LeeBounds(
        lower=lower,
        upper=upper,
        se_lower=errors[0] if sound else None,
        se_upper=errors[1] if sound else None,
        interval_lower=limits[0],
        interval_upper=limits[1],
        level=level,
        followed_treatment=float(known[treated].mean()),
        followed_comparison=float(known[~treated].mean()),
        trim=float(sum(w * c.trim for w, c in zip(weights, cells, strict=True))),
        trimmed={1: "treatment", -1: "comparison", 0: "neither"}[sum(directions)],
        cells=len(cells),
    )


def _bound_cell(outcome: Array, treated: NDArray[np.bool_]) -> _Cell:
    """Bounds of one group; the arm with the lower share followed is left whole."""
    arms = [outcome[treated], outcome[~treated]]
    values = [np.sort(arm[np.isfinite(arm)]) for arm in arms]
    if min(len(arm) for arm in values) == 0:
        raise EstimationRefusal(NOBODY, "Use fewer and larger groups, or report how many outcomes are missing.")
    # Shares compared as whole numbers: equal shares must come out equal.
    ahead = len(values[0]) * len(arms[1]) - len(values[1]) * len(arms[0])
    direction = (ahead > 0) - (ahead < 0)
    better, other = (1, 0) if direction < 0 else (0, 1)
    kept = len(values[other]) * len(arms[better]) / len(arms[other])
    share_error = sum(1 / len(v) - 1 / len(a) for v, a in zip(values, arms, strict=True))
    low, high = _trimmed(values[better], kept, share_error), _trimmed(-values[better][::-1], kept, share_error)
    mean, variance = float(values[other].mean()), _mean_variance(values[other])
    bounds = (low[0] - mean, -high[0] - mean) if better == 0 else (mean + high[0], mean - low[0])
    variances = (low[1] + variance, high[1] + variance)
    return _Cell(
        bounds,
        variances if better == 0 else variances[::-1],
        float(len(values[other])),
        1 - kept / len(values[better]),
        direction,
    )


def _trimmed(values: Array, kept: float, share_error: float) -> tuple[float, float]:
    """Mean of the lowest `kept` of sorted values, the last in part, and its variance (Lee 2009, proposition 3)."""
    weights = np.clip(kept - np.arange(len(values)), 0.0, 1.0)
    mean = float(weights @ values / kept)
    spread = float(weights @ (values - mean) ** 2 / kept)
    cut, trim = float(values[weights > 0][-1]), 1 - kept / len(values)
    within = spread / (kept - 1) if kept > 1 else float("nan")
    return mean, within + (cut - mean) ** 2 * (trim / kept + share_error)


def _mean_variance(values: Array) -> float:
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else float("nan")


def _weights(cells: Iterable[_Cell]) -> list[float]:
    sizes = [each.weight for each in cells]
    return [size / sum(sizes) for size in sizes]


def _error(cells: list[_Cell], weights: list[float], side: int, bound: float) -> float:
    """Standard error of an average over cells, whose shares are estimated too."""
    pairs = list(zip(weights, cells, strict=True))
    within = sum(w**2 * c.variances[side] for w, c in pairs)
    between = sum(w * (c.bounds[side] - bound) ** 2 for w, c in pairs) / sum(c.weight for c in cells)
    return sqrt(within + between)
