"""Differences that a few extreme people cannot carry: trimmed, winsorised, Hodges-Lehmann; beside the headline."""

from dataclasses import dataclass
from math import floor, sqrt

import numpy as np
from scipy.stats import norm, rankdata

from pipelines.estimation.doubt.hodges_lehmann import largest_sum
from pipelines.estimation.doubt.wording import figure
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference, OtherEstimate
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import difference, t_inference

TRIM = 0.1


@dataclass(frozen=True)
class Robust:
    """The plain difference in means with three that resist extreme values.

    Parameters
    ----------
    plain : Inference
        Difference in means, Welch.
    others : tuple of OtherEstimate
        Trimmed, winsorised, Hodges-Lehmann; fewer where one is not defined.
    """

    plain: Inference
    others: tuple[OtherEstimate, ...]

    @property
    def sentence(self) -> str:
        """Whether extreme values carry the difference, for a manager."""
        plain = self.plain.value or 0.0
        values = [other.result.value or 0.0 for other in self.others]
        if not values:
            return "Nothing can be said about extreme values among so few."
        run = f"between {figure(min(values))} and {figure(max(values))}"
        said = f"Measured in ways that a few extreme people cannot carry, the difference is {run}"
        if any(value * plain <= 0 for value in values) and plain != 0:
            return f"{said}, against {figure(plain)} for the plain averages: a few people may carry it."
        inside = all((self.plain.lower or 0.0) <= value <= (self.plain.upper or 0.0) for value in values)
        end = "in keeping with" if inside else "outside the interval of"
        return f"{said}, {end} the {figure(plain)} of the plain averages."


def robust_differences(treatment: Array, comparison: Array, trim: float = TRIM, level: float = 0.95) -> Robust:
    """Differences of two arms that resist extreme values.

    Parameters
    ----------
    treatment, comparison : array of float, shapes (n1,) and (n0,)
        Outcomes, all known.
    trim : float
        Share set aside, or pulled in, at each end of each arm; from 0 up to, not including, 0.5.
    level : float
        Confidence level.

    Returns
    -------
    Robust

    Raises
    ------
    EstimationRefusal
        If an arm has fewer than two people, an outcome is unknown, or none varies.
    ValueError
        If the share is out of range.

    References
    ----------
    Yuen 1974, Biometrika 61:165-170 (trimmed); Dixon & Tukey 1968, Technometrics 10:83-98 (winsorised); Hodges &
    Lehmann 1963, Annals of Mathematical Statistics 34:598-611.
    """
    if not 0 <= trim < 0.5:
        raise ValueError("Trim less than half at each end.")
    if min(len(treatment), len(comparison)) < 2 or not np.isfinite([*treatment, *comparison]).all():
        raise EstimationRefusal("An arm has too few known outcomes.", "Describe the arms.")
    if np.ptp(treatment) == 0 and np.ptp(comparison) == 0:
        raise EstimationRefusal("No outcome varies within an arm.", "Describe the arms.")
    a, b = np.sort(treatment), np.sort(comparison)
    found = (_trimmed(a, b, trim, level), _winsorised(a, b, trim, level), _hodges_lehmann(a, b, level))
    return Robust(difference(a, b, level), tuple(other for other in found if other is not None))


def _trimmed(a: Array, b: Array, trim: float, level: float) -> OtherEstimate | None:
    means, variances, dfs = zip(*(_yuen(arm, trim) for arm in (a, b)), strict=True)
    result = _welch(means, variances, dfs, level)
    note = f"Difference in means without the {trim:.0%} lowest and highest of each arm (Yuen 1974)."
    return None if result is None else OtherEstimate("trimmed", "difference in trimmed means", result, note)


def _winsorised(a: Array, b: Array, trim: float, level: float) -> OtherEstimate | None:
    rows = []
    for arm in (a, b):
        n, g = len(arm), _cut(len(arm), trim)
        pulled = np.clip(arm, arm[g], arm[n - 1 - g])
        h = n - 2 * g
        # Dixon & Tukey: the winsorised variance, widened by (n - 1)/(h - 1) twice, on h - 1 degrees of freedom.
        variance = _spread(pulled) / n * ((n - 1) / (h - 1)) ** 2 if h > 1 else float("nan")
        rows.append((float(pulled.mean()), variance, h - 1.0))
    means, variances, dfs = zip(*rows, strict=True)
    result = _welch(means, variances, dfs, level)
    note = f"Difference in means with the {trim:.0%} lowest and highest of each arm pulled in to the next value."
    return None if result is None else OtherEstimate("winsorised", "difference in winsorised means", result, note)


def _hodges_lehmann(a: Array, b: Array, level: float) -> OtherEstimate:
    """Median of all differences between two people of different arms; limits from the rank-sum test, normal."""
    n1, n0 = len(a), len(b)
    pairs, n = n1 * n0, n1 + n0
    _, ties = np.unique(rankdata(np.concatenate([a, b])), return_counts=True)
    spread = sqrt(pairs / 12 * (n + 1 - float((ties.astype(float) ** 3 - ties).sum()) / (n * (n - 1))))
    middle = {(pairs + 1) // 2, (pairs + 2) // 2}
    value = sum(largest_sum(a, -b, rank) for rank in sorted(middle)) / len(middle)
    edge = max(1, floor(pairs / 2 - float(norm.ppf(0.5 + level / 2)) * spread))
    limits = largest_sum(a, -b, pairs - edge + 1), largest_sum(a, -b, edge)
    note = "Middle of all differences between two people of different arms (Hodges & Lehmann 1963)."
    return OtherEstimate("Hodges-Lehmann", "median shift", Inference(value, None, *limits), note)


def _yuen(arm: Array, trim: float) -> tuple[float, float, float]:
    n, g = len(arm), _cut(len(arm), trim)
    h = n - 2 * g
    spread = (n - 1) * _spread(np.clip(arm, arm[g], arm[n - 1 - g]))
    return float(arm[g : n - g].mean()), spread / (h * (h - 1)) if h > 1 else float("nan"), h - 1.0


def _cut(n: int, trim: float) -> int:
    return floor(n * trim + 1e-9)


def _spread(values: Array) -> float:
    return 0.0 if np.ptp(values) == 0 else float(values.var(ddof=1))


def _welch(
    means: tuple[float, ...], variances: tuple[float, ...], dfs: tuple[float, ...], level: float
) -> Inference | None:
    total = sum(variances)
    if not total > 0:
        return None
    df = total**2 / sum(v**2 / d for v, d in zip(variances, dfs, strict=True))
    return t_inference(means[0] - means[1], sqrt(total), df, level)
