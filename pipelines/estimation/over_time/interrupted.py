"""Interrupted time series: what changed at the interruption, and what would have been without it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from pipelines.estimation.over_time.autocorrelation import RESEMBLE, SHORT, SHORT_BELOW, Residuals, residual_checks
from pipelines.estimation.over_time.averaged import VERY_SHORT, VERY_SHORT_BELOW
from pipelines.estimation.over_time.segmented import Columns, Errors, Family, Segmented, columns_of, refuse_short
from pipelines.estimation.over_time.series import Series
from pipelines.estimation.over_time.series_fits import SeriesFit, fit
from pipelines.estimation.result import Inference, OtherEstimate
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import t_inference, z_inference

ESTIMAND = (
    "The change in the {what} at the interruption, against what it would have been had the earlier level{trend}"
    "{season} gone on and nothing else changed at the same time."
)
OVERDISPERSED = (
    "Counts vary more than a Poisson model allows: its standard errors are too small. Read the "
    "quasi-Poisson ones beside it, best with averaged autocorrelation."
)
SHORT_COUNTS = (
    "The series is short: an interval that takes its periods for independent of each other covers the truth less often "
    "than it says (by simulation, with 24 to 60 periods, 76 to 95 times in 100 instead of 95 for a quasi-Poisson model "
    "and 54 to 95 for a Poisson one). The interval with averaged autocorrelation, beside it, covers it 93 to 98 times."
)
SHORT_COUNTS_BELOW = 100
NOT_OVERDISPERSED = "Counts vary no more than Poisson's, so the negative binomial is the Poisson model here."
NO_COMPARISON = "There is no comparison series: anything else that changed at the same time is part of the estimate."
FAMILIES: dict[Family, str] = {
    "gaussian": "least squares",
    "poisson": "Poisson regression",
    "quasi_poisson": "quasi-Poisson regression",
    "negative_binomial": "negative binomial regression",
}
ERRORS: dict[Errors, str] = {
    "averaged": "averaged autocorrelation",
    "newey_west": "Newey-West",
    "prais_winsten": "Prais-Winsten",
    "independent": "independent points",
}


@dataclass(frozen=True)
class Effect:
    """The difference that the interruption made by, or up to, a horizon.

    Parameters
    ----------
    points : int
        The horizon, in points after the interruption.
    observed, counterfactual : Inference
        Fitted outcome with and without the interruption (counts at the observed exposure).
    absolute : Inference
        Their difference.
    ratio : Inference or None
        One over the other, `se` on the log scale; None where a fitted value is not above zero.
    """

    points: int
    observed: Inference
    counterfactual: Inference
    absolute: Inference
    ratio: Inference | None


@dataclass(frozen=True)
class Term:
    """A coefficient; for counts a ratio, with `se` on the log scale."""

    name: str
    result: Inference


@dataclass(frozen=True)
class Interrupted:
    """The answer.

    Parameters
    ----------
    estimand, engine : str
        In words.
    measure : str
        'rate ratio' for counts, otherwise 'difference'; of `level_change` and `slope_change`.
    level_change : Inference
        At the first point after the interruption; no change, without a standard error, where none was declared.
    slope_change : Inference or None
        Per point of time; None when the level only was declared to change.
    at_horizon, up_to_horizon : Effect
        At the horizon's point, and the mean of the points up to it.
    terms : tuple of Term
        Every coefficient.
    fitted, counterfactual : tuple of float
        Point by point, all T of them.
    residuals : Residuals
        Durbin-Watson and autocorrelations (of transformed residuals for Prais-Winsten).
    dispersion, parameter : float or None
        As in `SeriesFit`.
    others : tuple of OtherEstimate
        The level change by other errors or families.
    warnings : tuple of str
        Plain sentences.
    """

    estimand: str
    engine: str
    measure: str
    level_change: Inference
    slope_change: Inference | None
    at_horizon: Effect
    up_to_horizon: Effect
    terms: tuple[Term, ...]
    fitted: tuple[float, ...]
    counterfactual: tuple[float, ...]
    residuals: Residuals
    dispersion: float | None
    parameter: float | None
    others: tuple[OtherEstimate, ...]
    warnings: tuple[str, ...]


def interrupted(series: Series, design: Segmented) -> Interrupted:
    """Segmented regression of one series.

    Parameters
    ----------
    series : Series
        T points, by `make_series`.
    design : Segmented
        As declared.

    Returns
    -------
    Interrupted
        Changes, effect at the horizon, diagnostics.

    Raises
    ------
    EstimationRefusal
        If either side is too short, terms cannot be told apart, or counts are not counts.

    References
    ----------
    Lopez Bernal, Cummins & Gasparrini 2017, International Journal of Epidemiology 46:348-355; Wagner et al. 2002,
    Journal of Clinical Pharmacy and Therapeutics 27:299-309.
    """
    refuse_short(series, design)
    columns = columns_of(len(series.outcome), design)
    found = fit(series, columns, design)
    terms = tuple(
        Term(name, coefficient(found, k, design.counts, design.level)) for k, name in enumerate(columns.names)
    )
    by_name = {term.name: term.result for term in terms}
    horizon = design.horizon or len(series.outcome) - design.before
    checks = residual_checks(found.residuals)
    mu, mu0 = fitted_courses(series, columns, found, design)
    return Interrupted(
        _estimand(design),
        f"segmented {FAMILIES[design.family]}, {ERRORS[design.errors]}",
        "rate ratio" if design.counts else "difference",
        by_name.get("level change", unchanged(design)),
        by_name.get("slope change"),
        effect(series, columns, found, design, range(horizon - 1, horizon)),
        effect(series, columns, found, design, range(horizon)),
        terms,
        tuple(mu.tolist()),
        tuple(mu0.tolist()),
        checks,
        found.dispersion,
        found.parameter,
        _others(series, columns, design),
        _warnings(found, design, checks),
    )


def level_change(series: Series, design: Segmented) -> Inference:
    """The change asked about first, for engines run at many dates; parameters and errors as for `interrupted`."""
    refuse_short(series, design)
    columns = columns_of(len(series.outcome), design)
    return coefficient(fit(series, columns, design), columns.names.index(design.leading), design.counts, design.level)


def unchanged(design: Segmented) -> Inference:
    """What stands for a change of level that was declared not to be: a ratio of 1, or a difference of 0."""
    return Inference(1.0 if design.counts else 0.0)


def coefficient(found: SeriesFit, k: int, counts: bool, level: float) -> Inference:
    """One coefficient with its inference, exponentiated for counts."""
    value, variance = float(found.coefficients[k]), float(found.covariance[k, k])
    return from_variance(value, variance, found.df, level, counts)


def from_variance(value: float, variance: float, df: float | None, level: float, logged: bool) -> Inference:
    """Inference by t (or the normal, df None); a logged value comes back as a ratio with `se` on the log scale."""
    scale = abs(value) + 1
    if not variance > (1e-12 * scale) ** 2:
        return Inference(float(np.exp(value)) if logged else value)
    se = sqrt(variance)
    on_scale = z_inference(value, se, level) if df is None else t_inference(value, se, df, level)
    if not logged or on_scale.lower is None or on_scale.upper is None:
        return on_scale
    limits = {"lower": float(np.exp(on_scale.lower)), "upper": float(np.exp(on_scale.upper))}
    return replace(on_scale, value=float(np.exp(value)), **limits)


def effect(series: Series, columns: Columns, found: SeriesFit, design: Segmented, after: Sequence[int]) -> Effect:
    """Mean effect over points counted from the interruption (0 is the first after it), by the delta method."""
    rows = np.array([design.before + k for k in after])
    sides = [
        _mean_and_gradient(series, x[rows], rows, found, design) for x in (columns.observed, columns.counterfactual)
    ]
    (mean, slope), (mean0, slope0) = sides
    ratio = None
    if mean > 0 and mean0 > 0:
        gradient = slope / mean - slope0 / mean0
        ratio = from_variance(float(np.log(mean / mean0)), _quadratic(gradient, found), found.df, design.level, True)
    inference = [
        from_variance(value, _quadratic(gradient, found), found.df, design.level, False)
        for value, gradient in ((mean, slope), (mean0, slope0), (mean - mean0, slope - slope0))
    ]
    return Effect(int(max(after)) + 1, inference[0], inference[1], inference[2], ratio)


def _mean_and_gradient(
    series: Series, x: Array, rows: Array, found: SeriesFit, design: Segmented
) -> tuple[float, Array]:
    eta = x @ found.coefficients
    if not design.counts:
        return float(eta.mean()), x.mean(axis=0)
    mu = np.exp(eta) * (1 if series.exposure is None else series.exposure[rows])
    return float(mu.mean()), (mu[:, None] * x).mean(axis=0)


def _quadratic(gradient: Array, found: SeriesFit) -> float:
    return float(gradient @ found.covariance @ gradient)


def fitted_courses(series: Series, columns: Columns, found: SeriesFit, design: Segmented) -> tuple[Array, Array]:
    """Fitted outcome of all T points, with and without the interruption; counts at the observed exposure."""
    etas = columns.observed @ found.coefficients, columns.counterfactual @ found.coefficients
    if not design.counts:
        return etas
    exposure = 1.0 if series.exposure is None else series.exposure
    return np.exp(etas[0]) * exposure, np.exp(etas[1]) * exposure


def critical(df: float | None, level: float) -> float:
    """Two-sided critical value of t, or of the normal for df None."""
    return float(norm.ppf(0.5 + level / 2) if df is None else student.ppf(0.5 + level / 2, df))


_BESIDE: dict[bool, tuple[tuple[Family, Errors], ...]] = {
    False: (
        ("gaussian", "averaged"),
        ("gaussian", "newey_west"),
        ("gaussian", "prais_winsten"),
        ("gaussian", "independent"),
    ),
    True: (
        ("poisson", "independent"),
        ("quasi_poisson", "independent"),
        ("quasi_poisson", "averaged"),
        ("poisson", "newey_west"),
    ),
}


def _others(series: Series, columns: Columns, design: Segmented) -> tuple[OtherEstimate, ...]:
    """The change asked about first, by the other usual engines."""
    where, found = columns.names.index(design.leading), []
    for family, errors in _BESIDE[design.counts]:
        if (family, errors) == (design.family, design.errors):
            continue
        other = replace(design, family=family, errors=errors)
        result = coefficient(fit(series, columns, other), where, design.counts, design.level)
        name = f"{FAMILIES[family]}, {ERRORS[errors]}"
        measure = "rate ratio" if design.counts else "difference"
        note = "Change of level at the interruption." if design.level_change else "Change of slope."
        found.append(OtherEstimate(name, measure, result, note))
    return tuple(found)


def _estimand(design: Segmented) -> str:
    return ESTIMAND.format(
        what="rate" if design.counts else "outcome",
        trend=" and trend" if design.trend else "",
        season=" (with its seasons)" if design.season else "",
    )


def _warnings(found: SeriesFit, design: Segmented, checks: Residuals) -> tuple[str, ...]:
    plain = design.errors == "independent"
    over = found.dispersion is not None and found.dispersion > 1.5
    said = (
        (True, NO_COMPARISON),
        (checks.resemble and design.errors in ("independent", "prais_winsten"), RESEMBLE),
        (design.errors == "averaged" and len(found.residuals) < VERY_SHORT_BELOW, VERY_SHORT),
        (design.errors == "newey_west" and len(found.residuals) < SHORT_BELOW, SHORT),
        (design.family == "poisson" and plain and over, OVERDISPERSED),
        (design.counts and plain and len(found.residuals) < SHORT_COUNTS_BELOW, SHORT_COUNTS),
        (design.family == "negative_binomial" and found.parameter == 0, NOT_OVERDISPERSED),
    )
    return tuple(sentence for holds, sentence in said if holds)
