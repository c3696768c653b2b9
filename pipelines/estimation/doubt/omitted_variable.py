"""How strong an omitted variable must be to change a regression coefficient: robustness values and adjusted estimates.

The algebra of Cinelli & Hazlett; benchmark covariates are in `benchmark`.
"""

from dataclasses import dataclass
from math import copysign, isfinite, sqrt

from scipy.stats import t as student

from pipelines.estimation.doubt.wording import share
from pipelines.estimation.result import Inference
from pipelines.estimation.welch import t_inference


@dataclass(frozen=True)
class Robustness:
    """How robust one regression coefficient is.

    Parameters
    ----------
    estimate, se, df : float
        The coefficient, its classical standard error and residual degrees of freedom.
    q : float
        Share of the estimate to be explained away; 1 is all of it.
    alpha : float
        One minus the confidence level.
    partial_r2 : float
        Share of the outcome's residual variance that goes with treatment. Something that explained all that is left of
        the outcome would have to explain this share of treatment to bring the estimate to zero.
    value : float
        Robustness value: share of residual variance of both treatment and outcome that takes q of the estimate away.
    value_alpha : float
        The same, for the interval to include what is left; 0 when it does so already.
    """

    estimate: float
    se: float
    df: float
    q: float
    alpha: float
    partial_r2: float
    value: float
    value_alpha: float

    @property
    def sentence(self) -> str:
        """What the robustness value means, for a manager."""
        what = "the whole difference" if self.q == 1 else f"{share(self.q)} of the difference"
        left = "no difference" if self.q == 1 else "what is then left"
        said = (
            f"Something not measured would have to account for at least {share(self.value)} of what the covariates "
            f"leave unexplained, both in who was in the pilot group and in the outcome, to take {what} away"
        )
        if self.value_alpha == 0:
            return f"{said}; the interval includes {left} as it stands."
        return f"{said}, and {share(self.value_alpha)} for the interval to include {left}."


def partial_r2(t: float, df: float) -> float:
    """Partial R2 of a coefficient from its t statistic: t^2 / (t^2 + df) (Cinelli & Hazlett 2020, section 4.1)."""
    return t * t / (t * t + df)


def robustness_value(t: float, df: float, q: float = 1.0, alpha: float | None = None) -> float:
    """Robustness value RV_q, or RV_q,alpha when `alpha` is given.

    Parameters
    ----------
    t : float
        t statistic of the coefficient (its sign does not matter).
    df : float
        Residual degrees of freedom, above 1.
    q : float
        Share of the estimate to be explained away, above 0.
    alpha : float or None
        One minus the confidence level, between 0 and 1.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If df, q or alpha is out of range.

    References
    ----------
    Cinelli & Hazlett 2020, JRSS B 82:39-67, section 4.2 (degrees of freedom of the critical value: df - 1, as the
    regression with the omitted variable has one fewer).
    """
    if not (isfinite(t) and df > 1 and q > 0 and (alpha is None or 0 < alpha < 1)):
        raise ValueError("A robustness value needs a finite t, more than one degree of freedom, q > 0, 0 < alpha < 1.")
    f = q * abs(t) / sqrt(df)
    critical = 0.0 if alpha is None else float(student.isf(alpha / 2, df - 1)) / sqrt(df - 1)
    beyond = f - critical
    if beyond <= 0:
        return 0.0
    if f * critical > 1:
        return (f * f - critical * critical) / (1 + f * f)
    # Written as a quotient: the published difference of two large numbers loses its digits when f is large.
    return 2 * beyond / (beyond + sqrt(beyond**2 + 4))


def robustness(estimate: float, se: float, df: float, q: float = 1.0, alpha: float = 0.05) -> Robustness:
    """Robustness of a coefficient of ordinary least squares.

    Parameters
    ----------
    estimate, se, df : float
        Coefficient, classical standard error (above zero) and residual degrees of freedom (above 1).
    q, alpha : float
        As for `robustness_value`.

    Returns
    -------
    Robustness

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Cinelli & Hazlett 2020, JRSS B 82:39-67.
    """
    if not (isfinite(estimate) and 0 < se < float("inf")):
        raise ValueError("A coefficient must be finite and its standard error above zero.")
    t = estimate / se
    values = (robustness_value(t, df, q), robustness_value(t, df, q, alpha))
    return Robustness(estimate, se, df, q, alpha, partial_r2(t, df), *values)


def adjusted_for_omitted(
    estimate: float,
    se: float,
    df: float,
    r2_treatment: float,
    r2_outcome: float,
    level: float = 0.95,
    reduce: bool = True,
) -> Inference:
    """Estimate, had an omitted variable of given strength been in the regression.

    Parameters
    ----------
    estimate, se, df : float
        As for `robustness`.
    r2_treatment : float
        Partial R2 of the omitted variable with treatment given the covariates; from 0 up to, not including, 1.
    r2_outcome : float
        Partial R2 with the outcome given treatment and covariates; 0 to 1.
    level : float
        Confidence level.
    reduce : bool
        True when adjustment would bring the estimate towards (and past) zero, False when away from it.

    Returns
    -------
    Inference
        With df - 1 degrees of freedom. Value and limits coincide, without test, when `r2_outcome` is 1.

    Raises
    ------
    ValueError
        If a strength is out of range.

    References
    ----------
    Cinelli & Hazlett 2020, JRSS B 82:39-67, equations 7 to 9.
    """
    if not (0 <= r2_treatment < 1 and 0 <= r2_outcome <= 1):
        raise ValueError("Strengths are shares: below 1 for treatment, up to 1 for the outcome.")
    bias = se * sqrt(df * r2_outcome * r2_treatment / (1 - r2_treatment))
    moved = estimate - copysign(bias, estimate) * (1 if reduce else -1)
    spread = se * sqrt((1 - r2_outcome) / (1 - r2_treatment) * df / (df - 1))
    return t_inference(moved, spread, df - 1, level) if spread > 0 else Inference(moved, 0.0, moved, moved, df=df - 1)
