"""E-values: how strongly something unmeasured must be linked to both arm and outcome to explain a difference away."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, isfinite, sqrt

from scipy.stats import norm

from pipelines.estimation.doubt.wording import figure


@dataclass(frozen=True)
class EValue:
    """An E-value for an estimate and for the limit of its interval that lies nearer to `null`.

    Parameters
    ----------
    measure : str
        What was converted: 'risk ratio', 'odds ratio', 'hazard ratio', 'risk difference', 'standardised difference'.
    risk_ratio, lower, upper : float or None
        The estimate and its limits on the scale of risk ratios.
    estimate : float
        E-value of the estimate, 1 or more.
    limit : float or None
        E-value of the nearer limit; 1 when the interval includes `null`, None when no interval was given.
    null : float
        Risk ratio that unmeasured confounding would bring the estimate to.
    approximate : bool
        True when the risk ratio was approximated from another measure.
    """

    measure: str
    risk_ratio: float
    lower: float | None
    upper: float | None
    estimate: float
    limit: float | None
    null: float = 1.0
    approximate: bool = False

    @property
    def sentence(self) -> str:
        """What the E-value means, for a manager."""
        target = "no difference" if self.null == 1 else f"a ratio of {figure(self.null)}"
        if self.estimate == 1:
            return f"The estimate is {target} already, so nothing unmeasured is needed to explain it."
        need = (
            f"something not measured would have to go with a risk at least {figure(self.estimate)} times as high, both "
            f"of being in the pilot group and of the outcome, beyond everything adjusted for, to bring the estimate to "
            f"{target}"
        )
        if self.limit is None:
            return f"{need[0].upper()}{need[1:]}."
        if self.limit == 1:
            return f"The interval includes {target} as it stands; for the estimate itself, {need}."
        return f"{need[0].upper()}{need[1:]}, and {figure(self.limit)} times for the interval to include it."


def e_value(risk_ratio: float, null: float = 1.0) -> float:
    """E-value of one risk ratio.

    Parameters
    ----------
    risk_ratio, null : float
        Observed risk ratio and the one that confounding would bring it to; above zero.

    Returns
    -------
    float
        r + sqrt(r (r - 1)), with r the larger of risk_ratio / null and its inverse; 1 or more.

    Raises
    ------
    ValueError
        If either is not a positive number.

    References
    ----------
    VanderWeele & Ding 2017, Annals of Internal Medicine 167:268-274.
    """
    if not (isfinite(risk_ratio) and isfinite(null) and risk_ratio > 0 and null > 0):
        raise ValueError("A ratio must be a number above zero.")
    ratio = max(risk_ratio / null, null / risk_ratio)
    return ratio + sqrt(ratio * (ratio - 1))


def risk_ratio_e_value(
    value: float, lower: float | None = None, upper: float | None = None, null: float = 1.0
) -> EValue:
    """E-value of a risk ratio (or of a rate ratio) and of its interval.

    Parameters
    ----------
    value : float
        Risk ratio, above zero.
    lower, upper : float or None
        Confidence limits; either may be left out.
    null : float
        Risk ratio to be explained towards.

    Returns
    -------
    EValue

    Raises
    ------
    ValueError
        If a ratio is not above zero or the limits do not hold the estimate.

    References
    ----------
    VanderWeele & Ding 2017, Annals of Internal Medicine 167:268-274.
    """
    return _converted("risk ratio", value, lower, upper, null, lambda ratio: ratio)


def odds_ratio_e_value(
    value: float, lower: float | None = None, upper: float | None = None, *, common: bool, null: float = 1.0
) -> EValue:
    """E-value of an odds ratio.

    Parameters
    ----------
    value, lower, upper, null : float
        As for `risk_ratio_e_value`, on the scale of odds ratios.
    common : bool
        True when the outcome is common (above about 15% by the end of follow-up): the risk ratio is then taken as the
        square root of the odds ratio, otherwise as the odds ratio.

    Returns
    -------
    EValue

    Raises
    ------
    ValueError
        As for `risk_ratio_e_value`.

    References
    ----------
    VanderWeele & Ding 2017; VanderWeele 2017, Epidemiology 28:e58-e60 (square root).
    """
    return _converted("odds ratio", value, lower, upper, null, sqrt if common else lambda ratio: ratio)


def hazard_ratio_e_value(
    value: float, lower: float | None = None, upper: float | None = None, *, common: bool, null: float = 1.0
) -> EValue:
    """E-value of a hazard ratio.

    Parameters
    ----------
    value, lower, upper, null : float
        As for `risk_ratio_e_value`, on the scale of hazard ratios.
    common : bool
        True when the outcome is common by the end of follow-up: the risk ratio is then taken as
        (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR)), otherwise as the hazard ratio.

    Returns
    -------
    EValue

    Raises
    ------
    ValueError
        As for `risk_ratio_e_value`.

    References
    ----------
    VanderWeele & Ding 2017, Annals of Internal Medicine 167:268-274, table 2.
    """
    return _converted("hazard ratio", value, lower, upper, null, _common_hazard if common else lambda ratio: ratio)


def standardised_e_value(value: float, se: float | None = None, level: float = 0.95, null: float = 0.0) -> EValue:
    """E-value of a standardised mean difference.

    Parameters
    ----------
    value : float
        Difference in standard deviations (Cohen's d or Hedges' g).
    se : float or None
        Its standard error, not below zero.
    level : float
        Confidence level; at 95% the limits are exp(0.91 d -/+ 1.78 se) as published.
    null : float
        Standardised difference to be explained towards.

    Returns
    -------
    EValue
        Risk ratio taken as exp(0.91 d).

    Raises
    ------
    ValueError
        If the standard error is below zero or a number is not finite.

    References
    ----------
    VanderWeele & Ding 2017; Chinn 2000, Statistics in Medicine 19:3127-3131.
    """
    if not isfinite(value) or (se is not None and not 0 <= se < float("inf")):
        raise ValueError("A standardised difference and its standard error must be finite numbers.")
    margin = None if se is None else (1.78 if level == 0.95 else 0.91 * float(norm.ppf(0.5 + level / 2))) * se
    lower, upper = (None, None) if margin is None else (exp(0.91 * value - margin), exp(0.91 * value + margin))
    return _assemble("standardised difference", exp(0.91 * value), lower, upper, exp(0.91 * null), True)


def _common_hazard(ratio: float) -> float:
    return float((1 - 0.5 ** sqrt(ratio)) / (1 - 0.5 ** sqrt(1 / ratio)))


def _converted(
    measure: str,
    value: float,
    lower: float | None,
    upper: float | None,
    null: float,
    convert: Callable[[float], float],
) -> EValue:
    given = [ratio for ratio in (lower, value, upper) if ratio is not None]
    if not all(isfinite(ratio) and ratio >= 0 for ratio in given) or value == 0:
        raise ValueError("A ratio must be a number above zero.")
    if given != sorted(given):
        raise ValueError("The limits must lie on either side of the estimate.")
    low, high = (None if ratio is None else convert(ratio) if ratio > 0 else 0.0 for ratio in (lower, upper))
    return _assemble(measure, convert(value), low, high, convert(null), measure != "risk ratio")


def _assemble(
    measure: str, value: float, lower: float | None, upper: float | None, null: float, approximate: bool
) -> EValue:
    limit = nearer_limit(value, lower, upper, null)
    bound = None if limit is None else e_value(limit, null)
    return EValue(measure, value, lower, upper, e_value(value, null), bound, null, approximate)


def nearer_limit(value: float, lower: float | None, upper: float | None, null: float) -> float | None:
    """Return the limit between estimate and null, the null itself when the interval reaches it, None if not given."""
    limit = lower if value >= null else upper
    if limit is None:
        return None
    return null if (limit <= null) == (value >= null) else limit
