"""Interrupted time series with a control series: the difference between two changes."""

from dataclasses import dataclass, replace

from pipelines.estimation.over_time.interrupted import Interrupted, from_variance, interrupted, unchanged
from pipelines.estimation.over_time.segmented import Segmented, columns_of
from pipelines.estimation.over_time.series import Series
from pipelines.estimation.over_time.series_fits import SeriesFit, fit, robust
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference

ESTIMAND = (
    "The change at the interruption in the series treated beyond the change in the control series, if without "
    "treatment both would have changed alike."
)
INDEPENDENT = (
    "The two series are taken as independent of each other. With Newey-West or averaged errors, what moves both at "
    "once is allowed for."
)


@dataclass(frozen=True)
class Controlled:
    """The answer.

    Parameters
    ----------
    estimand : str
        In a sentence.
    measure : str
        'difference of differences', or 'ratio of rate ratios' for counts.
    level_change, slope_change : Inference
        Treated less (or over) control; slope None when the level only was declared to change.
    treated, control : Interrupted
        Each series by itself.
    warnings : tuple of str
        Plain sentences.
    """

    estimand: str
    measure: str
    level_change: Inference
    slope_change: Inference | None
    treated: Interrupted
    control: Interrupted
    warnings: tuple[str, ...]


def controlled(treated: Series, control: Series, design: Segmented) -> Controlled:
    """Difference of two interrupted time series.

    Parameters
    ----------
    treated, control : Series
        The same T points of time.
    design : Segmented
        For both. With Newey-West errors the two series' influences are subtracted point by point before the
        covariance is taken, and with averaged errors the series themselves, so that shocks common to both cancel.

    Returns
    -------
    Controlled
        Differences (ratios for counts).

    Raises
    ------
    EstimationRefusal
        If the points differ, or either series is refused.

    References
    ----------
    Lopez Bernal, Cummins & Gasparrini 2018, International Journal of Epidemiology 47:2082-2093; Linden 2015, Stata
    Journal 15:480-500.
    """
    if treated.when != control.when:
        raise EstimationRefusal("The two series do not have the same points.", "Keep the points that both have.")
    columns = columns_of(len(treated.outcome), design)
    alone = interrupted(treated, design), interrupted(control, design)
    fits = fit(treated, columns, design), fit(control, columns, design)
    together = design.errors == "averaged" and not design.counts
    joint = fit(_gap(treated, control), columns, design) if together else _joint(fits, design)
    names = columns.names
    changes = {
        name: from_variance(
            float(joint.coefficients[k]), float(joint.covariance[k, k]), joint.df, design.level, design.counts
        )
        for k, name in enumerate(names)
    }
    return Controlled(
        ESTIMAND,
        "ratio of rate ratios" if design.counts else "difference of differences",
        changes.get("level change", unchanged(design)),
        changes.get("slope change"),
        *alone,
        () if together or design.errors == "newey_west" else (INDEPENDENT,),
    )


def _gap(treated: Series, control: Series) -> Series:
    return replace(treated, outcome=treated.outcome - control.outcome)


def _joint(fits: tuple[SeriesFit, SeriesFit], design: Segmented) -> SeriesFit:
    """Differences of coefficients, with their covariance."""
    one, other = fits
    influence = one.influence - other.influence
    n, k = len(one.residuals), len(one.coefficients)
    covariance = one.covariance + other.covariance
    df = None if one.df is None or other.df is None else one.df + other.df
    if design.errors == "newey_west":
        covariance, df = robust(influence, n, k, design.lags), n - k
    return replace(one, coefficients=one.coefficients - other.coefficients, covariance=covariance, df=df)
