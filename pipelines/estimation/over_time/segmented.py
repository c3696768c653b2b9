"""What an interrupted time series is to be fitted with, as declared, and its columns. No fitting belongs here."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.over_time.series import Series
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

Family = Literal["gaussian", "poisson", "quasi_poisson", "negative_binomial"]
Errors = Literal["averaged", "newey_west", "prais_winsten", "independent"]


@dataclass(frozen=True)
class Season:
    """A pattern that repeats every `period` points.

    Parameters
    ----------
    period : int
        Points in a cycle: 12 for months, 4 for quarters, 7 for days of the week.
    kind : {'harmonics', 'indicators'}
        Pairs of sines and cosines, or one level for each point of the cycle.
    pairs : int
        Harmonics only: number of pairs.
    """

    period: int = 12
    kind: Literal["harmonics", "indicators"] = "harmonics"
    pairs: int = 2


@dataclass(frozen=True)
class Segmented:
    """Segmented regression, as declared.

    Parameters
    ----------
    before : int
        Points before the interruption; the point at this position (from 0) is the first after it.
    slope_change : bool
        The slope may change.
    level_change : bool
        The level may change at once; False leaves the slope only.
    trend : bool
        A straight trend runs through the series; False needs `slope_change` False.
    season : Season or None
        Seasonality.
    family : {'gaussian', 'poisson', 'quasi_poisson', 'negative_binomial'}
        Values or rates; or counts, with the series' exposure.
    errors : {'averaged', 'newey_west', 'prais_winsten', 'independent'}
        How neighbours' likeness is allowed for. 'averaged' averages over first-order autocorrelations (see `averaged`)
        and suits short series; 'independent' takes the model's own standard errors. Prais-Winsten is for gaussian
        only.
    lags : int or None
        Newey-West's; None for the rule of thumb.
    horizon : int or None
        Effect at, and up to, this many points after the interruption; None for the last.
    phase_in : int
        Points from the interruption on that are left out of the fit, while treatment is introduced.
    minimum_before, minimum_after : int or None
        Fewer points than this are refused; None means 8 before (12, and at least one cycle, with seasonality), 3 after.
    level : float
        Confidence level.
    """

    before: int
    slope_change: bool = True
    trend: bool = True
    season: Season | None = None
    family: Family = "gaussian"
    errors: Errors = "newey_west"
    lags: int | None = None
    horizon: int | None = None
    phase_in: int = 0
    minimum_before: int | None = None
    minimum_after: int | None = None
    level: float = 0.95
    level_change: bool = True

    def __post_init__(self) -> None:
        if self.slope_change and not self.trend:
            raise ValueError("A change of slope needs a trend.")
        if not (self.slope_change or self.level_change):
            raise ValueError("Nothing is declared to change.")
        if self.errors == "prais_winsten" and self.family != "gaussian":
            raise EstimationRefusal("Prais-Winsten errors are not for counts.", "Use averaged errors.")

    @property
    def counts(self) -> bool:
        """Whether the outcome is a count, modelled by its logarithm."""
        return self.family != "gaussian"

    @property
    def leading(self) -> str:
        """Name of the term that is asked about first."""
        return "level change" if self.level_change else "slope change"


@dataclass(frozen=True)
class Columns:
    """Regressors of all T points.

    Parameters
    ----------
    names : tuple of str
        'level before', 'trend before', 'level change', 'slope change', then seasonal terms.
    observed : array, shape (T, k)
        As treated.
    counterfactual : array, shape (T, k)
        As if there had been no interruption.
    fitted : array of int
        Positions used in the fit (without the phase-in).
    """

    names: tuple[str, ...]
    observed: Array
    counterfactual: Array
    fitted: NDArray[np.intp]


def columns_of(points: int, design: Segmented) -> Columns:
    """Regressors; time is counted from the first point after the interruption, so that the level change is there.

    References
    ----------
    Wagner et al. 2002, Journal of Clinical Pharmacy and Therapeutics 27:299-309; Lopez Bernal et al. 2017,
    International Journal of Epidemiology 46:348-355.
    """
    time = np.arange(points) - float(design.before)
    after = (time >= 0).astype(float)
    parts = [("level before", np.ones(points)), ("trend before", time)]
    parts += [("level change", after)] if design.level_change else []
    parts += [("slope change", time * after)] if design.slope_change else []
    parts += seasonal(points, design.season)
    kept = [(name, column) for name, column in parts if design.trend or name != "trend before"]
    observed = np.column_stack([column for _, column in kept])
    counterfactual = observed.copy()
    names = tuple(name for name, _ in kept)
    counterfactual[:, [name.endswith(" change") for name in names]] = 0
    in_phase = (time >= 0) & (time < design.phase_in)
    return Columns(names, observed, counterfactual, np.flatnonzero(~in_phase))


def seasonal(points: int, season: Season | None) -> list[tuple[str, Array]]:
    """Seasonal columns, each of shape (points,)."""
    if season is None:
        return []
    place = np.arange(points) % season.period
    if season.kind == "indicators":
        return [(f"season {k + 1}", (place == k).astype(float)) for k in range(1, season.period)]
    waves = [(pair, 2 * np.pi * pair * place / season.period) for pair in range(1, season.pairs + 1)]
    both = [[(f"sine {k}", np.sin(angle)), (f"cosine {k}", np.cos(angle))] for k, angle in waves]
    # The sine of half a cycle is zero at every point.
    return [wave for pair in both for wave in pair if np.abs(wave[1]).max() > 1e-9]


def refuse_short(series: Series, design: Segmented) -> None:
    """Refuse a series that is too short on either side, or a horizon that was not observed.

    Raises
    ------
    EstimationRefusal
        With the minimum that holds.
    """
    points, season = len(series.outcome), design.season
    after = points - design.before - design.phase_in
    before_needed = design.minimum_before or (8 if season is None else max(12, season.period))
    after_needed = design.minimum_after or 3
    if design.before < before_needed:
        raise EstimationRefusal(
            f"The series has too few points before the interruption: {max(design.before, 0)}, and at least "
            f"{before_needed} are needed.",
            "Add earlier points, or describe the series without an estimate.",
        )
    if after < after_needed:
        raise EstimationRefusal(
            f"The series has too few points after the interruption: {max(after, 0)}, and at least {after_needed} are "
            "needed.",
            "Wait for later points, or describe the series without an estimate.",
        )
    if design.horizon is not None and not 1 <= design.horizon <= points - design.before:
        raise EstimationRefusal("The horizon lies beyond the series.", "Declare a horizon that was observed.")
