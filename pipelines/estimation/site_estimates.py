"""What a synthesis is made from: one estimate and its standard error for each site, checked.

Belongs here: the guard, and the way from a ratio to its logarithm. Reading bundles belongs in pipelines.synthesis.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log
from typing import NamedTuple

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

NO_ERROR = (
    "The estimate of {name} has no standard error above zero, so it would outweigh every other site.",
    "Show this site by itself, with the reason, and put together the others.",
)
TRACE = 1e-10
"""A standard error this small beside its estimate, or beside the largest one, is what rounding left of zero."""
NOT_A_NUMBER = ("The estimate of {name}, or its standard error, is not a number.", "Show the sites that have one.")


class OnScale(NamedTuple):
    """An estimate on the scale on which sites are put together."""

    value: float
    """The estimate; the logarithm of a ratio."""
    se: float
    """Its standard error on that scale."""


@dataclass(frozen=True)
class SiteEstimates:
    """Estimates of k sites of the same quantity, from different people.

    Parameters
    ----------
    names : tuple of str, length k
        Sites, each once.
    values : array of float, shape (k,)
        Estimates, of ratios their logarithms.
    variances : array of float, shape (k,)
        Squared standard errors, above zero.
    """

    names: tuple[str, ...]
    values: Array
    variances: Array

    @property
    def k(self) -> int:
        """Number of sites."""
        return len(self.names)

    def without(self, name: str) -> "SiteEstimates":
        """Return the others."""
        kept = [place for place, one in enumerate(self.names) if one != name]
        return SiteEstimates(tuple(self.names[i] for i in kept), self.values[kept], self.variances[kept])


def site_estimates(names: Sequence[str], values: Sequence[float], ses: Sequence[float]) -> SiteEstimates:
    """Check the estimates of several sites.

    Parameters
    ----------
    names : sequence of str, length k
        Sites, each once.
    values, ses : sequences of float, length k
        Estimates and standard errors on one scale, of ratios the logarithmic one.

    Returns
    -------
    SiteEstimates
        In the order of `names`.

    Raises
    ------
    EstimationRefusal
        If a standard error is not above zero, or a figure is not a finite number.
    ValueError
        If lengths differ or a site stands twice.
    """
    if not len(names) == len(values) == len(ses):
        raise ValueError("There must be one value and one standard error for each site.")
    if len(set(names)) < len(names):
        raise ValueError("A site stands twice.")
    for name, value, se in zip(names, values, ses, strict=True):
        if not (isfinite(value) and isfinite(se)):
            raise EstimationRefusal(NOT_A_NUMBER[0].format(name=name), NOT_A_NUMBER[1])
    for name, value, se in zip(names, values, ses, strict=True):
        if no_error(value, se, max(ses)):
            raise EstimationRefusal(NO_ERROR[0].format(name=name), NO_ERROR[1])
    return SiteEstimates(tuple(names), np.array(values, dtype=float), np.array(ses, dtype=float) ** 2)


def no_error(value: float, se: float, largest: float) -> bool:
    """Tell whether a standard error is zero, or only what arithmetic left of zero beside the largest one."""
    return se <= TRACE * max(abs(value), largest, 1e-100)


def log_ratio(
    value: float, se: float | None, lower: float | None, upper: float | None, df: float | None, level: float
) -> OnScale | None:
    """Logarithm of a ratio with its standard error, whichever scale the error was given on.

    Engines differ: some give the standard error of the ratio, most that of its logarithm. The limits tell which it is:
    the reading that fits them better is taken. Without a standard error, the limits give it.

    Parameters
    ----------
    value : float
        Ratio, for example a rate ratio.
    se : float or None
        Its standard error, on either scale.
    lower, upper : float or None
        Confidence limits of the ratio.
    df : float or None
        Degrees of freedom of the interval; None means the normal distribution.
    level : float
        Confidence level.

    Returns
    -------
    OnScale or None
        None when the ratio is not above zero (nobody, or everybody, had the event) or nothing tells its error.
    """
    if not (isfinite(value) and value > 0):
        return None
    from_limits = _log_error(lower, upper, df, level)
    if se is None or not isfinite(se):
        return None if from_limits is None else OnScale(log(value), from_limits)
    if from_limits is None:
        return OnScale(log(value), se)
    readings = (se, se / value)
    return OnScale(log(value), min(readings, key=lambda reading: abs(reading - from_limits)))


def _log_error(lower: float | None, upper: float | None, df: float | None, level: float) -> float | None:
    """Standard error of a logarithm, from limits that are symmetric around it."""
    if lower is None or upper is None or not (0 < lower < upper and isfinite(upper)):
        return None
    quantile = student.ppf(0.5 + level / 2, df) if df else norm.ppf(0.5 + level / 2)
    return float((log(upper) - log(lower)) / (2 * quantile))
