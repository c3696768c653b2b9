"""A measure taken at several declared waves: the difference between arms at the headline wave."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.estimation.arrays import arms_of, numbers_of
from pipelines.estimation.gee import GeeFit, gee
from pipelines.estimation.mixed_model import MixedFit, mixed_model
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array

Engine = Literal["mixed_model", "random_intercept", "gee", "gee_independence"]

WHY = {
    "mixed_model": (
        "Mixed model for repeated measures: a mean for every arm and wave, any covariance between waves, restricted "
        "maximum likelihood, Satterthwaite degrees of freedom. People who miss a wave count with the waves they have."
    ),
    "random_intercept": (
        "Linear model with a person effect, restricted maximum likelihood, Satterthwaite degrees of freedom: assumes "
        "that any two waves correlate alike."
    ),
    "gee": (
        "Generalised estimating equations with one working correlation and Mancl-DeRouen errors, t with people less "
        "columns degrees of freedom. Missing waves must not depend on the outcome."
    ),
    "gee_independence": (
        "Least squares on all waves with Mancl-DeRouen errors, t with people less columns degrees of freedom. Missing "
        "waves must not depend on the outcome."
    ),
}
CONSTRAINED = "The arms have one mean at baseline, as randomisation makes true (constrained longitudinal analysis)."
CHANGE = "The arms may differ at baseline: the headline is the difference in change since then."
APART = "No wave is taken as a baseline: the headline is the difference at its own wave."


@dataclass(frozen=True)
class RepeatedMeasures:
    """Arms compared over waves.

    Parameters
    ----------
    headline : Inference
        Treatment minus comparison at the headline wave: of means if baseline is constrained, else as `change` says.
    by_wave : tuple of (label, Inference)
        The same for every wave after baseline.
    engine, why : str
        What was fitted, and in plain words.
    people, rows : int
        People, and their measurements.
    """

    headline: Inference
    by_wave: tuple[tuple[Any, Inference], ...]
    engine: str
    why: str
    people: int
    rows: int


def repeated_measures(
    person: ArrayLike,
    wave: ArrayLike,
    outcome: ArrayLike,
    treated: ArrayLike,
    headline_wave: Any,
    *,
    engine: Engine = "mixed_model",
    constrained: bool = True,
    change: bool = True,
    covariates: ArrayLike | None = None,
    level: float = 0.95,
) -> RepeatedMeasures:
    """Compare two arms at the waves after baseline (the first wave).

    Parameters
    ----------
    person, wave : arrays, shape (n,)
        Labels; waves sort in their order, the first is baseline. One row per person and wave that was seen.
    outcome : array of float, shape (n,)
        Known in every row.
    treated : array of bool, shape (n,)
        Arm, the same in all rows of a person.
    headline_wave : label
        Declared beforehand; not the baseline.
    engine : {'mixed_model', 'random_intercept', 'gee', 'gee_independence'}
        How correlation is handled.
    constrained : bool
        True for randomised arms: one mean for both at baseline.
    change : bool
        Where not constrained: whether differences are of changes since the first wave, or, where that one is no
        baseline, of the waves themselves.
    covariates : array of float, shape (n, k), optional
        Declared beforehand, known at baseline; they enter centred.
    level : float
        Confidence level.

    Returns
    -------
    RepeatedMeasures
        In the unit of the outcome.

    Raises
    ------
    EstimationRefusal
        If a wave lacks an arm, somebody is in both arms, or there are too few people.
    ValueError
        If the headline wave is not a wave after the first, or somebody is seen twice at one wave.

    References
    ----------
    Liang & Zeger 2000, Sankhya B 62:134-148 (constrained); Mallinckrodt et al. 2008, Drug Information Journal
    42:303-319; see `gee` and `mixed_model` for the engines.
    """
    (y,) = numbers_of(outcome=outcome)
    arm = arms_of(treated, len(y))
    labels, at = np.unique(np.asarray(wave), return_inverse=True)
    later = list(labels[1:])
    if headline_wave not in later:
        raise ValueError("The headline wave must be one of the waves after baseline.")
    _check(np.asarray(person), arm, at, len(labels))
    columns, contrasts = _design(arm, at, len(labels), constrained, change)
    if covariates is not None:
        (z,) = numbers_of(covariates=covariates)
        columns = np.column_stack([columns, z - z.mean(axis=0)])
        contrasts = np.column_stack([contrasts, np.zeros((len(contrasts), z.shape[1]))])
    fit = _fit(engine, person, at, columns, y)
    found = tuple((label, fit.contrast(c, level)) for label, c in zip(later, contrasts, strict=True))
    why = f"{WHY[engine]} {CONSTRAINED if constrained else CHANGE if change else APART}"
    return RepeatedMeasures(found[later.index(headline_wave)][1], found, engine, why, fit.people, len(y))


def _fit(engine: Engine, person: ArrayLike, at: NDArray[np.int_], columns: Array, y: Array) -> GeeFit | MixedFit:
    if engine in ("gee", "gee_independence"):
        return gee(person, columns, y, "exchangeable" if engine == "gee" else "independence")
    return mixed_model(person, at, columns, y, "unstructured" if engine == "mixed_model" else "random_intercept")


def _design(
    arm: NDArray[np.bool_], at: NDArray[np.int_], waves: int, constrained: bool, change: bool
) -> tuple[Array, Array]:
    """A mean per wave, an arm difference per wave (not at baseline if constrained), and a contrast per later wave."""
    wave = (at[:, None] == np.arange(waves)).astype(float)
    first = 1 if constrained else 0
    columns = np.column_stack([wave, wave[:, first:] * arm[:, None]])
    contrasts = np.zeros((waves - 1, columns.shape[1]))
    for later in range(1, waves):
        contrasts[later - 1, waves + later - first] = 1.0
        if change and not constrained:
            contrasts[later - 1, waves] = -1.0
    return columns, contrasts


def _check(person: NDArray[Any], arm: NDArray[np.bool_], at: NDArray[np.int_], waves: int) -> None:
    seen = np.zeros((waves, 2))
    np.add.at(seen, (at, arm.astype(int)), 1)
    if waves < 2 or seen.min() < 1:
        raise EstimationRefusal("Nobody of an arm was seen at one of the waves.", "Leave that wave out, and say so.")
    _, code = np.unique(person, return_inverse=True)
    people, treated = np.bincount(code), np.bincount(code, weights=arm)
    if ((treated > 0) & (treated < people)).any():
        raise EstimationRefusal("Somebody is in both arms.", "Give each person the arm they were assigned to.")
