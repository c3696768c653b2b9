"""The smallest difference a design could have shown: computed from who arrived, never from the result."""

from dataclasses import dataclass
from math import sqrt

from scipy.stats import t as student


@dataclass(frozen=True)
class Detectable:
    """A minimum detectable effect.

    Parameters
    ----------
    standardised : float
        In standard deviations of the outcome.
    value : float
        In the unit of the outcome; for proportions, between 0 and 1.
    multiplier : float
        Standard errors that the effect must span.
    df : int
        Degrees of freedom behind the multiplier.
    level, power : float
        Confidence level (two-sided) and power.
    """

    standardised: float
    value: float
    multiplier: float
    df: int
    level: float
    power: float


def detectable_difference(
    n_treatment: int, n_comparison: int, sd: float, level: float = 0.95, power: float = 0.8
) -> Detectable:
    """Minimum detectable difference in means of two arms, people assigned one by one.

    Parameters
    ----------
    n_treatment, n_comparison : int
        People with a known outcome; at least three together.
    sd : float
        Standard deviation of the outcome, best from the comparison arm or before the pilot; above zero.
    level, power : float
        Confidence level (two-sided) and power.

    Returns
    -------
    Detectable
        (t(level) + t(power)) sd sqrt(1/n1 + 1/n0), both t on n1 + n0 - 2 degrees of freedom.

    Raises
    ------
    ValueError
        If an arm is empty, nobody is left over, or sd is not above zero.

    References
    ----------
    Bloom 1995, Evaluation Review 19:547-556; Dong & Maynard 2013, Journal of Research on Educational Effectiveness
    6:24-67.
    """
    df = n_treatment + n_comparison - 2
    if min(n_treatment, n_comparison) < 1 or df < 1 or not sd > 0:
        raise ValueError("A detectable difference needs people in both arms, three in all, and an outcome that varies.")
    multiplier = float(student.ppf(0.5 + level / 2, df) + student.ppf(power, df))
    standardised = multiplier * sqrt(1 / n_treatment + 1 / n_comparison)
    return Detectable(standardised, standardised * sd, multiplier, df, level, power)


def detectable_risk_difference(
    n_treatment: int, n_comparison: int, baseline: float, level: float = 0.95, power: float = 0.8
) -> Detectable:
    """Minimum detectable risk difference, taking sqrt(p(1-p)) at the comparison arm's risk as the standard deviation.

    Parameters
    ----------
    n_treatment, n_comparison : int
        People with a known outcome.
    baseline : float
        Risk without the intervention, above 0 and below 1.
    level, power : float
        Confidence level (two-sided) and power.

    Returns
    -------
    Detectable
        `value` as a proportion. Approximate when the baseline is near 0 or 1.

    Raises
    ------
    ValueError
        If the baseline is not between 0 and 1, or as for `detectable_difference`.

    References
    ----------
    Bloom 1995, Evaluation Review 19:547-556.
    """
    if not 0 < baseline < 1:
        raise ValueError("The baseline risk must lie between 0 and 1.")
    return detectable_difference(n_treatment, n_comparison, sqrt(baseline * (1 - baseline)), level, power)
