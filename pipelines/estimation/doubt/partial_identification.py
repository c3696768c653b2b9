"""Intervals for a difference that is only known to lie between two bounds."""

from scipy.stats import norm


def imbens_manski(
    lower: float, upper: float, se_lower: float, se_upper: float, level: float = 0.95
) -> tuple[float, float]:
    """Interval that covers the difference, wherever between the bounds it is, with the given confidence.

    Parameters
    ----------
    lower, upper : float
        Estimated bounds, lower <= upper.
    se_lower, se_upper : float
        Their standard errors, not below zero.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float
        lower - c se_lower and upper + c se_upper, where Phi(c + (upper - lower)/max se) - Phi(-c) = level: c lies
        between the one-sided and the two-sided critical value.

    Raises
    ------
    ValueError
        If the bounds are the wrong way round or a standard error is below zero.

    References
    ----------
    Imbens & Manski 2004, Econometrica 72:1845-1857.
    """
    from scipy.optimize import brentq

    if not lower <= upper or min(se_lower, se_upper) < 0:
        raise ValueError("Bounds must be in order, and standard errors not below zero.")
    widest = max(se_lower, se_upper)
    if widest == 0:
        return lower, upper
    gap = (upper - lower) / widest
    one_sided, two_sided = float(norm.ppf(level)), float(norm.ppf(0.5 + level / 2))
    # At either end the equation holds only up to rounding, so the bracket is a little wider than theory.
    critical = brentq(lambda c: norm.cdf(c + gap) - norm.cdf(-c) - level, one_sided - 1e-6, two_sided + 1e-6)
    return lower - float(critical) * se_lower, upper + float(critical) * se_upper
