"""E-values of a risk difference, from the four counts or from its interval and the risk in the comparison arm."""

from dataclasses import replace
from math import sqrt

from scipy.stats import norm

from pipelines.estimation.doubt.e_value import EValue, e_value, risk_ratio_e_value
from pipelines.estimation.refusal import EstimationRefusal


def counts_e_value(events: int, n: int, events_comparison: int, n_comparison: int, level: float = 0.95) -> EValue:
    """E-value of a risk difference from counts.

    The estimate's is that of the risk ratio, which must be explained to the same degree for the difference to vanish.
    The limit's is the bias at which the lower confidence limit of the smallest difference compatible with such a bias,
    (p1 - p0 B)(f + (1 - f)/B) with f the share of people in the arm of higher risk, reaches zero.

    Parameters
    ----------
    events, n, events_comparison, n_comparison : int
        People with the outcome, and people, in treatment and comparison.
    level : float
        Confidence level.

    Returns
    -------
    EValue
        `risk_ratio` is treatment over comparison; its limits are not given.

    Raises
    ------
    ValueError
        If the counts are impossible.
    EstimationRefusal
        If one arm has no event: the ratio is then not defined.

    References
    ----------
    Ding & VanderWeele 2016, Epidemiology 27:368-377; VanderWeele & Ding 2017.
    """
    if not (0 <= events <= n and 0 <= events_comparison <= n_comparison and n > 0 and n_comparison > 0):
        raise ValueError("Events must lie between 0 and the number of people, and nobody must be in no arm.")
    if min(events, events_comparison) == 0:
        raise EstimationRefusal(
            "One arm has no event, so no ratio of risks can be formed.", "Read the interval of the difference instead."
        )
    ratio = (events / n) / (events_comparison / n_comparison)
    arms = [(events / n, n), (events_comparison / n_comparison, n_comparison)]
    higher, lower = sorted(arms, key=lambda arm: arm[0], reverse=True)
    limit = e_value(_bias_at_limit(higher, lower, float(norm.ppf(0.5 + level / 2))))
    return EValue("risk difference", ratio, None, None, e_value(ratio), limit)


def difference_e_value(value: float, lower: float, upper: float, baseline: float) -> EValue:
    """E-value of an (adjusted) risk difference, from its interval and the risk in the comparison arm.

    Parameters
    ----------
    value, lower, upper : float
        Risk difference and limits, as proportions.
    baseline : float
        Risk in the comparison arm, above 0 and below 1, taken as known.

    Returns
    -------
    EValue
        Ratios taken as (baseline + difference) / baseline; approximate, as the baseline's own error is left out.

    Raises
    ------
    ValueError
        If the baseline is not between 0 and 1, the implied risk is not, or the limits do not hold the estimate.

    References
    ----------
    VanderWeele & Ding 2017, Annals of Internal Medicine 167:268-274.
    """
    if not 0 < baseline < 1 or not 0 < baseline + value <= 1:
        raise ValueError("Risks must lie between 0 and 1.")
    ratios = (max(baseline + limit, 0.0) / baseline for limit in (value, lower, upper))
    return replace(risk_ratio_e_value(*ratios), measure="risk difference", approximate=True)


def _bias_at_limit(higher: tuple[float, int], lower: tuple[float, int], z: float) -> float:
    """Bias factor at which the lower limit of the smallest compatible difference is zero; 1 if it is already there."""
    from scipy.optimize import brentq

    (p1, n1), (p0, n0) = higher, lower
    share, people = n1 / (n1 + n0), n1 + n0
    v1, v0, v_share = p1 * (1 - p1) / n1, p0 * (1 - p0) / n0, share * (1 - share) / people

    def lower_limit(bias: float) -> float:
        difference, weight = p1 - p0 * bias, share + (1 - share) / bias
        variance = (v1 + v0 * bias**2) * weight**2 + difference**2 * (1 - 1 / bias) ** 2 * v_share
        return float(difference * weight - z * sqrt(variance))

    if lower_limit(1.0) <= 0:
        return 1.0
    # At the bias of the whole ratio the difference is zero, so its lower limit is not above it.
    return 1.0 if lower_limit(p1 / p0) >= 0 else float(brentq(lower_limit, 1.0, p1 / p0, xtol=1e-12))
