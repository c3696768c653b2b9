"""The effect of one more unit of a dose, with instruments: two-stage least squares, LIML, and the tests beside them."""

from dataclasses import dataclass
from math import inf, sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.take_up.compliance import FEW, FEW_CLUSTERS, WEAK_BELOW, inference
from pipelines.estimation.take_up.instruments import ALREADY, NO_DOSE, Instrumented, instrumented
from pipelines.estimation.take_up.weak_instruments import ConfidenceSet, Strength, anderson_rubin_set, strength

Method = Literal["two_stage", "liml"]
NO_EFFECT_OF_IT = (
    "The instruments do not move the dose at all, so nobody's outcome shows what more of it does.",
    "Name other instruments, or adjust or match instead.",
)
UNSTEADY = (
    "The instruments move the dose too little (effective first-stage F below 10): the estimate and its usual interval "
    "cannot be trusted. The interval given is Anderson and Rubin's, which holds however little the dose is moved."
)
NO_INTERVAL = (
    "The instruments move the dose too little for an interval: the values that Anderson and Rubin's test does not "
    "reject are no interval around the estimate. They stand beside it."
)
MIDDLING = (
    "The instruments are not strong enough to rule out that the estimate is pulled towards that of least squares by a "
    "tenth or more: read Anderson and Rubin's interval beside it."
)
CONTRADICT = "The instruments contradict each other: at most one of the answers that they give can be right."


@dataclass(frozen=True)
class Tests:
    """Tests beside an effect by instruments; each None where it cannot be made.

    Parameters
    ----------
    differs : Inference or None
        Whether least squares gives another answer (Wu-Hausman): `statistic` is the robust t of the first stage's
        residuals beside the dose, `df` its degrees of freedom.
    differs_classical : Inference or None
        The same for errors of one size; the square of its t is Wu and Hausman's F.
    sargan, hansen : Inference or None
        Whether several instruments agree (over-identification): chi-square with `df` instruments less one, for errors
        of one size (n times R squared), and robust (J of two-step GMM).
    """

    differs: Inference | None
    differs_classical: Inference | None
    sargan: Inference | None
    hansen: Inference | None


@dataclass(frozen=True)
class InstrumentalEffect:
    """The answer; counts are not yet disclosure-checked.

    Parameters
    ----------
    result : Inference
        Outcome per unit of dose, by the declared method; with weak instruments its limits and p value are those of the
        Anderson-Rubin set, or None where that is no interval around the estimate.
    usual : Inference
        The same estimate with its usual interval (robust, t).
    classical : Inference
        With a standard error for errors of one size, as textbooks print it.
    other : Inference or None
        The other method's answer where there are more instruments than one: with one, both are the same.
    least_squares : Inference
        Of the outcome on the dose itself, with the covariates.
    reduced_form : Inference or None
        Of the outcome on the instrument, per unit of it, where there is one.
    strength : Strength
        Of the first stage.
    anderson_rubin : ConfidenceSet
        Holds with weak instruments too.
    tests : Tests
        Wu-Hausman, Sargan, Hansen.
    n, instruments, clusters : int
        People; instruments that say something of their own; clusters, or people where there are none.
    residual_df : int
        People, or clusters, less coefficients.
    warnings : tuple of str
        Plain sentences, free of counts.
    """

    result: Inference
    usual: Inference
    classical: Inference
    other: Inference | None
    least_squares: Inference
    reduced_form: Inference | None
    strength: Strength
    anderson_rubin: ConfidenceSet
    tests: Tests
    n: int
    instruments: int
    clusters: int
    residual_df: int
    warnings: tuple[str, ...]


def instrumental_effect(
    outcome: ArrayLike,
    dose: ArrayLike,
    instruments: ArrayLike,
    covariates: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    method: Method = "two_stage",
    level: float = 0.95,
) -> InstrumentalEffect:
    """Effect of one more unit of dose on those whose dose the instruments move.

    Parameters
    ----------
    outcome, dose, instruments, covariates, cluster
        As for `instruments.instrumented`: complete rows.
    method : {'two_stage', 'liml'}
        Two-stage least squares, or limited information maximum likelihood, which many or weak instruments bias less.
    level : float
        Confidence level.

    Returns
    -------
    InstrumentalEffect
        A weighted average of the effects of one more unit, over doses and over people whose dose the instruments move
        (average causal response). Robust standard errors: HC1 with t of n - k, or CR1 with t of clusters less one.

    Raises
    ------
    ValueError
        As for `instrumented`.
    EstimationRefusal
        As for `instrumented`; or if the instruments do not move the dose.

    References
    ----------
    Angrist & Imbens 1995, Journal of the American Statistical Association 90:431-442; Anderson & Rubin 1949, Annals of
    Mathematical Statistics 20:46-63; Wooldridge 2010, Econometric Analysis of Cross Section and Panel Data, ch. 5-6.
    """
    found = instrumented(outcome, dose, instruments, covariates, cluster)
    firm = strength(found)
    if firm.explained <= 1e-18:
        raise EstimationRefusal(*NO_EFFECT_OF_IT)
    values: dict[Method, float] = {"two_stage": two_stage(found), "liml": liml(found)}
    usual = _with_robust_error(found, values[method], level)
    beyond: Method = "liml" if method == "two_stage" else "two_stage"
    ar = anderson_rubin_set(found, level)
    result, said = _with_the_interval_that_holds(usual, firm, ar)
    tests = _tests(found, values["two_stage"], level)
    return InstrumentalEffect(
        result,
        usual,
        _with_classical_error(found, values[method], level),
        _with_robust_error(found, values[beyond], level) if found.count > 1 else None,
        least_squares(found, level),
        _reduced_form(found, level),
        firm,
        ar,
        tests,
        found.n,
        found.count,
        found.groups,
        found.groups - (found.covariates + 1 if found.clusters is None else 1),
        (*said, *_warnings(found, tests, level)),
    )


def _warnings(found: Instrumented, tests: Tests, level: float) -> tuple[str, ...]:
    disagree = tests.hansen is not None and tests.hansen.p is not None and tests.hansen.p < 1 - level
    said = (
        (disagree, CONTRADICT),
        (found.clusters is not None and found.groups < FEW, FEW_CLUSTERS),
        (found.repeated, ALREADY),
    )
    return tuple(words for holds, words in said if holds)


def _with_the_interval_that_holds(
    usual: Inference, firm: Strength, ar: ConfidenceSet
) -> tuple[Inference, tuple[str, ...]]:
    """Return the estimate with the interval to be read: with weak instruments not the usual one."""
    if firm.effective >= WEAK_BELOW:
        return usual, (MIDDLING,) if firm.effective < firm.critical else ()
    value = usual.value or 0.0
    if ar.shape == "interval" and ar.holds(value):
        lower, upper = ar.pieces[0]
        return Inference(value, usual.se, lower, upper, p=ar.p), (UNSTEADY,)
    return Inference(value, usual.se, p=ar.p), (NO_INTERVAL,)


def two_stage(found: Instrumented) -> float:
    """Return the two-stage least squares estimate.

    Parameters
    ----------
    found : Instrumented
        Outcome, dose and instruments without the covariates.
    """
    moved = found.on_dose
    return float(moved @ found.on_outcome) / float(moved @ moved)


def liml(found: Instrumented) -> float:
    """Return the limited information maximum likelihood estimate, in the unit of two-stage least squares.

    Parameters
    ----------
    found : Instrumented
        Outcome, dose and instruments without the covariates.

    References
    ----------
    Anderson & Rubin 1949, Annals of Mathematical Statistics 20:46-63.
    """
    if found.count == 1:
        return two_stage(found)
    scales = np.array([np.linalg.norm(found.outcome) or 1.0, np.linalg.norm(found.dose)])
    both = np.column_stack([found.outcome, found.dose]) / scales
    moved = found.instruments.T @ both
    rest = both - found.instruments @ moved
    within, among = rest.T @ rest, moved.T @ moved
    try:
        # With kappa = 1 + the smallest root, X'(I - kappa M)X is what the instruments move less root x the rest.
        root = float(np.linalg.eigvals(np.linalg.solve(within, among)).real.min())
    except np.linalg.LinAlgError:
        return two_stage(found)
    denominator = float(among[1, 1] - root * within[1, 1])
    if denominator <= 1e-14:
        return two_stage(found)
    return float(among[0, 1] - root * within[0, 1]) / denominator * float(scales[0] / scales[1])


def _kappa_bread(found: Instrumented, value: float) -> float:
    """Return X'(I - kappa M)X of the estimator that gives a value, from its own first-order condition."""
    moved = found.on_dose
    if found.count == 1 or value == two_stage(found):
        return float(moved @ moved)
    rest_d = found.dose - found.instruments @ moved
    rest_y = found.outcome - found.instruments @ found.on_outcome
    error = float(moved @ found.on_outcome) - value * float(moved @ moved)
    left = float(rest_d @ rest_y) - value * float(rest_d @ rest_d)
    root = error / left if left else 0.0
    return float(moved @ moved) - root * float(rest_d @ rest_d)


def _with_robust_error(found: Instrumented, value: float, level: float) -> Inference:
    fitted = found.instruments @ found.on_dose
    score = fitted * (found.outcome - value * found.dose)
    variance = float(found.meat(score[:, None], 1)[0, 0]) / _kappa_bread(found, value) ** 2
    return inference(value, sqrt(variance), found.df(1), level)


def _with_classical_error(found: Instrumented, value: float, level: float) -> Inference:
    error = found.outcome - value * found.dose
    left = found.n - found.covariates - 1
    variance = float(error @ error) / left / _kappa_bread(found, value)
    return inference(value, sqrt(max(variance, 0.0)), float(left), level)


def least_squares(found: Instrumented, level: float = 0.95) -> Inference:
    """Return the coefficient of the dose itself, with the covariates, and its robust interval.

    Parameters
    ----------
    found : Instrumented
        Outcome and dose without the covariates.
    level : float
        Confidence level.

    Returns
    -------
    Inference
        HC1, or CR1 with clusters.

    Raises
    ------
    EstimationRefusal
        If the dose does not vary.
    """
    size = float(found.dose @ found.dose)
    if size <= 0:
        raise EstimationRefusal(*NO_DOSE)
    value = float(found.dose @ found.outcome) / size
    score = found.dose * (found.outcome - value * found.dose)
    return inference(value, sqrt(float(found.meat(score[:, None], 1)[0, 0])) / size, found.df(1), level)


def _reduced_form(found: Instrumented, level: float) -> Inference | None:
    if found.length is None:
        return None
    value = float(found.on_outcome[0])
    score = found.instruments * (found.outcome - found.instruments[:, 0] * value)[:, None]
    se = sqrt(float(found.meat(score, 1)[0, 0]))
    return inference(value / found.length, se / abs(found.length), found.df(1), level)


def _tests(found: Instrumented, value: float, level: float) -> Tests:
    robust, classical = _differs(found, level)
    if found.count < 2:
        return Tests(robust, classical, None, None)
    return Tests(robust, classical, _sargan(found, value), _hansen(found, value))


def _differs(found: Instrumented, level: float) -> tuple[Inference | None, Inference | None]:
    """Regress the outcome on the dose and the first stage's residuals, beside the covariates."""
    rest = found.dose - found.instruments @ found.on_dose
    columns = np.column_stack([found.dose, rest])
    sizes = np.linalg.norm(columns, axis=0)
    left = found.n - found.covariates - 2
    if sizes[1] <= 1e-9 * sizes[0] or left < 1:
        return None, None
    columns = columns / sizes
    gram = columns.T @ columns
    if np.linalg.cond(gram) > 1e14:
        return None, None
    bread = np.linalg.inv(gram)
    coefficients = bread @ (columns.T @ found.outcome)
    error = found.outcome - columns @ coefficients
    robust = bread @ found.meat(columns * error[:, None], 2) @ bread
    plain = bread * float(error @ error) / left
    value = float(coefficients[1] / sizes[1])
    ses = [sqrt(max(float(V[1, 1]), 0.0)) / float(sizes[1]) for V in (robust, plain)]
    return inference(value, ses[0], found.df(2), level), inference(value, ses[1], float(left), level)


def _sargan(found: Instrumented, value: float) -> Inference | None:
    error = found.outcome - value * found.dose
    size = float(error @ error)
    moved = found.instruments.T @ error
    return _chi_square(found.n * float(moved @ moved) / size, found.count - 1) if size > 0 else None


def _hansen(found: Instrumented, value: float) -> Inference | None:
    error = found.outcome - value * found.dose
    own = found.sums(found.instruments * error[:, None])
    S, p, r = own.T @ own, found.on_dose, found.on_outcome
    try:
        Sp, Sr = np.linalg.solve(S, p), np.linalg.solve(S, r)
    except np.linalg.LinAlgError:
        return None
    left = r - float(p @ Sr) / float(p @ Sp) * p
    statistic = float(left @ np.linalg.solve(S, left))
    return _chi_square(statistic, found.count - 1) if np.isfinite(statistic) and statistic < inf else None


def _chi_square(statistic: float, df: int) -> Inference:
    from scipy.stats import chi2

    return Inference(None, statistic=max(statistic, 0.0), df=float(df), p=float(chi2.sf(max(statistic, 0.0), df)))


def instrument_index(instruments: Array, dose: Array) -> Array:
    """Return what the instruments alone say of the dose: the fitted values of the dose on them; shape (n,).

    Parameters
    ----------
    instruments : array of float, shape (n, l)
        Known of everybody.
    dose : array of float, shape (n,)
        Known of everybody.
    """
    columns = np.column_stack([np.ones(len(dose)), instruments])
    return np.asarray(columns @ np.linalg.lstsq(columns, dose, rcond=None)[0])
