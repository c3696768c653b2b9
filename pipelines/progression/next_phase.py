"""How large the next phase has to be, from what the pilot taught: precision, inflated spread, main trial, assurance."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, isfinite, sqrt

from scipy.stats import chi2, norm

from pipelines.estimation.proportions import wilson
from pipelines.progression.lights import ROUNDING


def share_precision(n: int, share: float, level: float = 0.95) -> float:
    """Half the width of the interval of a share that so many people will give.

    Parameters
    ----------
    n : int
        People, above zero.
    share : float
        Share expected, 0 to 1.
    level : float
        Confidence level.

    Returns
    -------
    float
        Half the width of Wilson's interval at the nearest count.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Wilson 1927, JASA 22:209-212.
    """
    if n < 1 or not 0 <= share <= 1:
        raise ValueError("Precision needs people and a share between 0 and 1.")
    lower, upper = wilson(round(share * n), n, level)
    return (upper - lower) / 2


def share_people(half_width: float, share: float, level: float = 0.95) -> int:
    """People needed for an interval of a share that is no wider than asked.

    Parameters
    ----------
    half_width : float
        Half the width asked for, between 0 and 0.5.
    share : float
        Share expected, strictly between 0 and 1.
    level : float
        Confidence level.

    Returns
    -------
    int
        z squared p (1 - p) / half width squared, rounded up.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Cochran 1977, Sampling Techniques, ch. 4.
    """
    if not 0 < half_width < 0.5 or not 0 < share < 1:
        raise ValueError("Ask for a half width between 0 and 0.5 at a share between 0 and 1.")
    return ceil(float(norm.ppf(0.5 + level / 2)) ** 2 * share * (1 - share) / half_width**2 - ROUNDING)


def inflated_sd(sd: float, df: int, confidence: float = 0.8) -> float:
    """Upper confidence limit of a standard deviation: the spread to plan with.

    Parameters
    ----------
    sd : float
        Standard deviation of the pilot, above zero.
    df : int
        Its degrees of freedom: people minus groups.
    confidence : float
        Chance that the true spread is no larger.

    Returns
    -------
    float
        sd sqrt(df / chi-squared(1 - confidence, df)).

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Browne 1995, Statistics in Medicine 14:1933-1940; Whitehead et al. 2016, Statistical Methods in Medical Research
    25:1057-1073.
    """
    if not isfinite(sd) or sd <= 0 or df < 1 or not 0 < confidence < 1:
        raise ValueError("A spread above zero and at least one degree of freedom are needed.")
    return sd * sqrt(df / float(chi2.ppf(1 - confidence, df)))


def main_trial_per_arm(difference: float, sd: float, alpha: float = 0.05, power: float = 0.9) -> int:
    """People a group needs in a main trial of two equal groups.

    Parameters
    ----------
    difference : float
        Smallest difference that matters; not zero. For shares, with sd = sqrt(mean share (1 - mean share)).
    sd : float
        Standard deviation to plan with, above zero: best `inflated_sd` of the pilot's.
    alpha, power : float
        Two-sided level and power.

    Returns
    -------
    int
        2 (z + z)^2 sd^2 / difference^2 + z^2 / 4 (Guenther's correction for Student's t), rounded up.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Guenther 1981, American Statistician 35:243-244; Julious 2004, Statistics in Medicine 23:1921-1986.
    """
    if difference == 0 or not isfinite(difference) or not isfinite(sd) or sd <= 0 or not 0 < alpha < power < 1:
        raise ValueError("A main trial needs a difference to look for and a spread above zero.")
    z_alpha, z_power = float(norm.ppf(1 - alpha / 2)), float(norm.ppf(power))
    plain = 2 * ((z_alpha + z_power) * sd / difference) ** 2
    return ceil(plain + z_alpha**2 / 4 - ROUNDING)


@dataclass(frozen=True)
class Assurance:
    """What more data of the same kind would buy.

    Parameters
    ----------
    factor : float
        Information in the end over information now.
    se : float
        Standard error in the end.
    width : float
        Width of the interval in the end.
    clear_sign : float
        Chance that the interval will leave out no difference.
    rules_out : float
        Chance that it will leave out every difference that matters, yet not no difference.
    """

    factor: float
    se: float
    width: float
    clear_sign: float
    rules_out: float

    @property
    def conclusive(self) -> float:
        """Chance of an interval that does not hold both nothing and what matters."""
        return self.clear_sign + self.rules_out


def assurance(value: float, se: float, factor: float, matters: float, level: float = 0.95) -> Assurance:
    """Chance of a conclusive interval when the present data are joined by more of the same kind.

    The truth is taken from the present estimate and its uncertainty (flat prior); the data still to come scatter around
    it. The estimate in the end is then normal around the present one with variance se^2 (factor - 1) / factor.

    Parameters
    ----------
    value, se : float
        Present estimate of the difference and its standard error, above zero.
    factor : float
        Information in the end over information now; 1 or more.
    matters : float
        Smallest difference that matters, with the sign of the good direction; not zero.
    level : float
        Level of the interval.

    Returns
    -------
    Assurance

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    O'Hagan, Stevens & Campbell 2005, Pharmaceutical Statistics 4:187-201; Spiegelhalter, Abrams & Myles 2004, Bayesian
    Approaches to Clinical Trials, sec. 6.5.
    """
    if not isfinite(value) or not 0 < se < inf or factor < 1 or matters == 0 or not isfinite(factor):
        raise ValueError("Assurance needs an estimate, an error above zero, more data, and a difference that matters.")
    sign = 1.0 if matters > 0 else -1.0
    centre, bar = sign * value, abs(matters)
    later = se / sqrt(factor)
    half = float(norm.ppf(0.5 + level / 2)) * later
    spread = se * sqrt((factor - 1) / factor)
    good, bad = 1 - _below(half, centre, spread), _below(-half, centre, spread)
    # Wholly below what matters, and not already counted as clearly bad.
    futile = max(_below(bar - half, centre, spread) - _below(-half, centre, spread), 0.0)
    overlap = max(_below(bar - half, centre, spread) - _below(half, centre, spread), 0.0)
    return Assurance(factor, later, 2 * half, good + bad, max(futile - overlap, 0.0))


def _below(limit: float, centre: float, spread: float) -> float:
    """Chance that the estimate in the end lies below a limit; without more data it is where it is."""
    if spread == 0:
        return float(centre < limit)
    return float(norm.cdf((limit - centre) / spread))
