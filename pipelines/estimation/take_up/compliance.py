"""The effect on those who take a service up because it is offered to them (compliers)."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference, OtherEstimate
from pipelines.estimation.sample import Array
from pipelines.estimation.take_up.anderson_rubin import AndersonRubin, anderson_rubin
from pipelines.estimation.take_up.first_stage import Codes, Stages, stages
from pipelines.estimation.welch import t_inference

TWO_SIDED = (
    "The average effect of taking the service up, among those who take it up if offered and not otherwise (compliers), "
    "if the offer changes the outcome only through take-up and puts nobody off."
)
ONE_SIDED = (
    "The average effect of taking the service up, among those who took it up (nobody could without the offer), if the "
    "offer changes the outcome only through take-up."
)
WEAK = (
    "The offer moves take-up too little (first-stage F below 10): the estimate and its usual interval cannot be "
    "trusted. Read the Anderson-Rubin set."
)
UNTESTABLE = (
    "That the offer works only through take-up cannot be tested. The effect of the offer itself, on everybody, rests "
    "on the randomisation alone and leads."
)
UNBOUNDED = "The Anderson-Rubin set is unbounded."
FEW_CLUSTERS = "There are few clusters: these standard errors are too small as a rule."
WEAK_BELOW = 10.0
FEW = 30

NOT_MOVED = "The offer did not raise take-up, so nobody's outcome shows what taking it up does."
ITT_INSTEAD = "Report the effect of the offer."


@dataclass(frozen=True)
class Shares:
    """Kinds of people, as shares of all, if nobody does the opposite of what is offered.

    Parameters
    ----------
    compliers, always_takers, never_takers : float
        Take it up if offered; in any case; in no case.
    """

    compliers: float
    always_takers: float
    never_takers: float


@dataclass(frozen=True)
class ComplierEffect:
    """The answer; counts are not yet disclosure-checked.

    Parameters
    ----------
    estimand, engine : str
        In words.
    result : Inference
        Effect on compliers, in the unit of the outcome.
    intention_to_treat, compliance : Inference
        The offer's effect on the outcome and on take-up.
    first_stage_f : float
        Robust; with one instrument also the effective F.
    anderson_rubin : AndersonRubin
        Confidence set that holds with a weak instrument.
    shares : Shares
        Compliers, always- and never-takers.
    one_sided : bool
        Nobody took it up without the offer.
    complier_mean : float or None
        Compliers' mean outcome without the service; None with covariates.
    n, took : dict of str to int
        People, and people who took it up, by arm ('assigned', 'not assigned').
    left_out : int
        People with something unknown.
    others : tuple of OtherEstimate
        Wald's estimate without covariates.
    warnings : tuple of str
        Plain sentences, free of counts.

    References
    ----------
    Montiel Olea & Pflueger 2013, Journal of Business & Economic Statistics 31:358-369.
    """

    estimand: str
    engine: str
    result: Inference
    intention_to_treat: Inference
    compliance: Inference
    first_stage_f: float
    anderson_rubin: AndersonRubin
    shares: Shares
    one_sided: bool
    complier_mean: float | None
    n: dict[str, int]
    took: dict[str, int]
    left_out: int
    others: tuple[OtherEstimate, ...]
    warnings: tuple[str, ...]


def complier_effect(
    assigned: ArrayLike,
    took: ArrayLike,
    outcome: ArrayLike,
    covariates: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> ComplierEffect:
    """Two-stage least squares with assignment as the instrument for take-up, by linearmodels.

    Parameters
    ----------
    assigned, took : array of 0/1 (NaN if unknown), shape (n,)
        Offered the service; took it up.
    outcome : array of float, shape (n,)
        Outcome; people with anything unknown are left out and counted.
    covariates : array of float, shape (n, k), or None
        Declared beforehand.
    cluster : array, shape (n,), or None
        Labels of the units of assignment.
    level : float
        Confidence level.

    Returns
    -------
    ComplierEffect
        Robust (HC1, t with n - k), or clustered (CR1, t with clusters less one).

    Raises
    ------
    EstimationRefusal
        If an arm is empty, the offer did not raise take-up, or covariates cannot be used.

    References
    ----------
    Angrist, Imbens & Rubin 1996, Journal of the American Statistical Association 91:444-455; Imbens & Angrist 1994,
    Econometrica 62:467-475.
    """
    people = known_people(assigned, took, outcome, covariates, cluster)
    if not np.isin(people.took, (0, 1)).all():
        raise EstimationRefusal("Take-up is not 0 or 1.", "Use the dose as a dose instead.")
    z, d = people.columns[:, 1], people.took
    refuse_not_moved(float(d[z == 1].mean() - d[z == 0].mean()))
    found = stages(people.outcome, d, people.columns, clusters=people.clusters)
    refuse_not_moved(found.uptake)
    value, se = two_stage_least_squares(people)
    plain = stages(people.outcome, d, people.columns[:, :2], clusters=people.clusters)
    adjusted = people.columns.shape[1] > 2
    others = (_wald_beside(plain, level),) if adjusted else ()
    counts = {"assigned": z == 1, "not assigned": z == 0}
    return assemble(
        found,
        inference(value, se, found.df, level),
        (float(d[z == 1].mean()), float(d[z == 0].mean())),
        None if adjusted else _complier_mean(z, d, people.outcome),
        {name: int(arm.sum()) for name, arm in counts.items()},
        {name: int(d[arm].sum()) for name, arm in counts.items()},
        people.left_out,
        others,
        "two-stage least squares" + (" with covariates" if adjusted else ""),
        (FEW_CLUSTERS,) if people.clusters is not None and people.clusters.max() + 1 < FEW else (),
        level,
    )


@dataclass(frozen=True)
class People:
    """Rows with everything known, in canonical order; `columns` are intercept, assignment, covariates."""

    columns: Array
    took: Array
    outcome: Array
    clusters: Codes | None
    left_out: int


def known_people(
    assigned: ArrayLike,
    took: ArrayLike,
    outcome: ArrayLike,
    covariates: ArrayLike | None,
    cluster: ArrayLike | None,
) -> People:
    """Rows with everything known; see `complier_effect` for parameters and errors."""
    z, d, y = (np.asarray(values, dtype=float) for values in (assigned, took, outcome))
    X = np.empty((len(y), 0)) if covariates is None else np.asarray(covariates, dtype=float).reshape(len(y), -1)
    table = np.column_stack([z, d, y, X])
    if np.isinf(table).any():
        raise EstimationRefusal("A number is infinite.", "Correct it, or leave it empty if it is unknown.")
    known = ~np.isnan(table).any(axis=1)
    codes = None if cluster is None else pd.factorize(np.asarray(cluster)[known], sort=True)[0]
    rows = table[known]
    order = np.lexsort(rows.T[::-1] if codes is None else (*rows.T[::-1], codes))
    rows = rows[order]
    if not np.isin(rows[:, 0], (0, 1)).all():
        raise EstimationRefusal("Assignment is not 0 or 1.", "Code it so.")
    if min((rows[:, 0] == 1).sum(), (rows[:, 0] == 0).sum()) < 2:
        raise EstimationRefusal("An arm has fewer than two people with everything known.", "Describe the arms.")
    if codes is not None and ((codes < 0).any() or codes.max() < 1):
        raise EstimationRefusal("A cluster is not named, or there is only one.", "Name the units of assignment.")
    columns = np.column_stack([np.ones(len(rows)), rows[:, 0], _scaled(rows[:, 3:])])
    return People(columns, rows[:, 1], rows[:, 2], None if codes is None else codes[order], int((~known).sum()))


def two_stage_least_squares(people: People) -> tuple[float, float]:
    """Effect of take-up and its standard error by linearmodels' IV2SLS."""
    from linearmodels.iv import IV2SLS

    exogenous = np.delete(people.columns, 1, axis=1)
    names = ["intercept", *(f"x{k}" for k in range(1, exogenous.shape[1]))]
    model = IV2SLS(
        people.outcome,
        pd.DataFrame(exogenous, columns=names),
        pd.DataFrame({"took": people.took}),
        pd.DataFrame({"assigned": people.columns[:, 1]}),
    )
    if people.clusters is None:
        fitted = model.fit(cov_type="robust", debiased=True)
    else:
        fitted = model.fit(cov_type="clustered", clusters=people.clusters, debiased=True)
    return float(fitted.params["took"]), float(fitted.std_errors["took"])


def inference(value: float, se: float, df: float, level: float) -> Inference:
    """Inference by t, without an interval where nothing varies."""
    return t_inference(value, se, df, level) if se > 1e-12 * (1 + abs(value)) else Inference(value)


def refuse_not_moved(effect_on_take_up: float) -> None:
    """Refuse where the offer did not raise take-up.

    Raises
    ------
    EstimationRefusal
        If the effect is zero or below.
    """
    if not effect_on_take_up > 1e-12:
        raise EstimationRefusal(NOT_MOVED, ITT_INSTEAD)


def assemble(
    found: Stages,
    result: Inference,
    uptake: tuple[float, float],
    complier_mean: float | None,
    n: dict[str, int],
    took: dict[str, int],
    left_out: int,
    others: tuple[OtherEstimate, ...],
    engine: str,
    warnings: tuple[str, ...],
    level: float,
) -> ComplierEffect:
    """Put an answer together from the stages; `uptake` is the share who took it up, assigned first."""
    offered, not_offered = uptake
    one_sided = not_offered == 0
    ar = anderson_rubin(found, level)
    said = (
        (True, UNTESTABLE),
        (found.strength < WEAK_BELOW, WEAK),
        (ar.shape != "interval", UNBOUNDED),
    )
    itt, compliance = (
        inference(value, sqrt(found.covariance[k, k]), found.df, level)
        for k, value in enumerate((found.outcome, found.uptake))
    )
    return ComplierEffect(
        ONE_SIDED if one_sided else TWO_SIDED,
        engine,
        result,
        itt,
        compliance,
        found.strength,
        ar,
        Shares(offered - not_offered, not_offered, 1 - offered),
        one_sided,
        complier_mean,
        n,
        took,
        left_out,
        others,
        (*(sentence for holds, sentence in said if holds), *warnings),
    )


def _wald_beside(plain: Stages, level: float) -> OtherEstimate:
    result = inference(plain.ratio, sqrt(plain.variance_of_ratio()), plain.df, level)
    note = "The offer's effect on the outcome over its effect on take-up, without covariates."
    return OtherEstimate("Wald", "effect on compliers", result, note)


def _complier_mean(z: Array, d: Array, y: Array) -> float:
    """Compliers' mean outcome without the service (Abadie 2002, JASA 97:284-292)."""
    untreated = y * (1 - d)
    numerator = untreated[z == 1].mean() - untreated[z == 0].mean()
    return float(numerator / ((1 - d)[z == 1].mean() - (1 - d)[z == 0].mean()))


def _scaled(X: Array) -> Array:
    """Covariates centred and scaled: the same answer, better arithmetic; a constant one stays and is refused later."""
    if X.shape[1] == 0:
        return X
    spread = X.std(axis=0)
    if (spread <= 1e-12 * (1 + np.abs(X).max(axis=0))).any():
        raise EstimationRefusal("A covariate does not vary.", "Leave it out.")
    return np.asarray((X - X.mean(axis=0)) / spread)
