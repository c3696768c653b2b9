"""What stands beside the change of a series: its course, what was expected, the effect over time, and checks of it."""

from dataclasses import replace
from math import isfinite

import numpy as np

from pipelines.estimation.over_time.interrupted import Interrupted, effect, fitted_courses
from pipelines.estimation.over_time.placebo import PlaceboDates, placebo_interruptions
from pipelines.estimation.over_time.segmented import Segmented, columns_of
from pipelines.estimation.over_time.series import Series
from pipelines.estimation.over_time.series_fits import fit
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference, OverTime, Reading

AXIS = "periods since the change"
MOST_POINTS = 400
"""Placebo dates are tried in series up to this length."""
ALIKE = (
    "Neighbouring periods resemble each other beyond the course that was fitted (Durbin-Watson {:.2f}; 2 is none): an "
    "interval that takes them for independent is too narrow."
)
NOT_ALIKE = "Neighbouring periods do not resemble each other beyond the course that was fitted (Durbin-Watson {:.2f})."
DISPERSED = (
    "Counts vary {:.1f} times as much as chance alone (Poisson) would have it: read the quasi-Poisson "
    "interval, best with averaged autocorrelation."
)
NOT_DISPERSED = "Counts vary about as much as chance alone (Poisson) would have it ({:.1f} times)."
PLACEBO = "At {:.0f} of every 100 dates, the real one among them, the same model finds a change at least as extreme. {}"


def courses(series: Series, control: Series | None, design: Segmented, unit: str) -> tuple[OverTime, ...]:
    """Return the series, what was expected of it without the change, and the difference, period by period.

    Parameters
    ----------
    series : Series
        T points.
    control : Series or None
        A control series, shown as it ran.
    design : Segmented
        The regression.
    unit : str
        Unit of the outcome.

    Returns
    -------
    tuple of OverTime
        Of counts the difference is a ratio. The fitted course comes last.
    """
    columns = columns_of(len(series.outcome), design)
    found = fit(series, columns, design)
    after = range(len(series.outcome) - design.before)
    effects = [effect(series, columns, found, design, range(k, k + 1)) for k in after]
    words = series.when[design.before :]
    expected = tuple(
        _reading("expected", word, one.counterfactual, "expected", unit)
        for word, one in zip(words, effects, strict=True)
    )
    sizes = [one.ratio if design.counts and one.ratio is not None else one.absolute for one in effects]
    measure = "rate ratio" if design.counts else "difference"
    differences = tuple(
        _reading("effect", word, one, measure, "" if design.counts else unit)
        for word, one in zip(words, sizes, strict=True)
    )
    positions = tuple(float(k) for k in after)
    shown: tuple[OverTime, ...] = (
        OverTime(
            title="The series against what was expected",
            axis=AXIS,
            readings=differences,
            positions=positions,
            sentence="What came against what was expected, by the fitted course.",
            null=1.0 if design.counts else 0.0,
        ),
        OverTime(
            title="What was expected without the change",
            axis=AXIS,
            readings=expected,
            positions=positions,
            sentence="The course before the change, carried on.",
            null=None,
        ),
        _observed("observed", "The series as it ran", series, design, unit),
    )
    if control is not None:
        shown = (*shown, _observed("control", "The control series as it ran", control, design, unit))
    course = replace(series, outcome=fitted_courses(series, columns, found, design)[0])
    return (*shown, _observed("fitted", "The course that was fitted", course, design, unit))


def checks(found: Interrupted, series: Series, design: Segmented, unit: str) -> tuple[Reading, ...]:
    """Return placebo dates, autocorrelation of residuals, and for counts their dispersion.

    Parameters
    ----------
    found : Interrupted
        The answer.
    series, design : Series, Segmented
        What it was made from.
    unit : str
        Unit of the outcome.

    Returns
    -------
    tuple of Reading
        One for each check that could be made.
    """
    said = ALIKE if found.residuals.resemble else NOT_ALIKE
    neighbours = Reading(
        key="autocorrelation",
        title="Do neighbouring periods resemble each other?",
        measure="first autocorrelation of residuals",
        value=found.residuals.acf[0],
        sentence=said.format(found.residuals.durbin_watson),
    )
    return (*_placebo(series, design), neighbours, *_dispersion(found))


def _observed(key: str, title: str, series: Series, design: Segmented, unit: str) -> OverTime:
    readings = tuple(
        _reading(key, word, Inference(float(value)), "fitted" if key == "fitted" else "observed", unit)
        for word, value in zip(series.when, series.outcome, strict=True)
    )
    positions = tuple(float(k - design.before) for k in range(len(series.outcome)))
    return OverTime(title=title, axis=AXIS, readings=readings, positions=positions, sentence="", null=None)


def _reading(key: str, word: str, result: Inference, measure: str, unit: str) -> Reading:
    return Reading(
        key=f"{key}/{word}",
        title=word,
        measure=measure,
        value=result.value,
        se=result.se,
        lower=result.lower,
        upper=result.upper,
        df=result.df,
        p=result.p,
        unit=unit,
    )


def _placebo(series: Series, design: Segmented) -> tuple[Reading, ...]:
    if len(series.outcome) > MOST_POINTS:
        return ()
    try:
        found: PlaceboDates = placebo_interruptions(series, design)
    except EstimationRefusal as refusal:
        return (
            Reading(key="placebo_dates", title="Dates at which nothing happened", measure="", sentence=str(refusal)),
        )
    return (
        Reading(
            key="placebo_dates",
            title="Dates at which nothing happened",
            measure="share",
            value=found.share,
            scale=100.0,
            sentence=PLACEBO.format(100 * found.share, found.sentence),
        ),
    )


def _dispersion(found: Interrupted) -> tuple[Reading, ...]:
    if found.dispersion is None or not isfinite(found.dispersion):
        return ()
    said = DISPERSED if found.dispersion > 1.5 else NOT_DISPERSED
    return (
        Reading(
            key="dispersion",
            title="Do counts vary more than by chance?",
            measure="dispersion (1: Poisson)",
            value=float(np.round(found.dispersion, 12)),
            sentence=said.format(found.dispersion),
        ),
    )
