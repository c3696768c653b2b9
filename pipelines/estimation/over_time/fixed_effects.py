"""Panel regression with entity and period effects, by linearmodels' PanelOLS."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pipelines.estimation.over_time.clustering import ClusterRobust
from pipelines.estimation.over_time.influence import ONE_TREATED, Codes
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference, OtherEstimate
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import t_inference

Effects = Literal["entity", "time"]
Covariance = Literal["clustered", "classical"]

ESTIMAND = (
    "The difference in the outcome that goes with a difference of one in '{name}' within the same {within}, if nothing "
    "else that changes over time within it moves both."
)
MANY = 30
FEW_ENTITIES = (
    "There are few clusters for a clustered standard error: it is too small as a rule. Use a bias-reduced one (CR2)."
)
CLASSICAL = "Errors taken as independent with equal variance; shown because published tables print it."
CONVENTION = (
    "Clustered variance multiplied by N / (N - K), with entity and period effects counted in K; t with the number of "
    "clusters less one."
)
ABSORBED = "'{}' does not vary within {}, so its effect cannot be told from theirs."
# Dummies for more entities than this would make a matrix too large for the bias-reduced covariance.
MOST_DUMMIES = 500


@dataclass(frozen=True)
class FixedEffects:
    """The answer.

    Parameters
    ----------
    estimand, engine : str
        In words.
    result : Inference
        Coefficient of the regressor asked for, in units of the outcome per unit of it.
    terms : dict of str to Inference
        Every regressor's.
    others : tuple of OtherEstimate
        The other covariance.
    rows, entities, periods, clusters : int
        What was used.
    convention : str
        The small-sample convention.
    warnings : tuple of str
        Plain sentences.
    """

    estimand: str
    engine: str
    result: Inference
    terms: dict[str, Inference]
    others: tuple[OtherEstimate, ...]
    rows: int
    entities: int
    periods: int
    clusters: int
    convention: str
    warnings: tuple[str, ...]


def panel_fixed_effects(
    rows: pd.DataFrame,
    outcome: str,
    regressors: tuple[str, ...],
    entity: str,
    period: str,
    effects: tuple[Effects, ...] = ("entity", "time"),
    cluster: str | None = None,
    covariance: Covariance = "clustered",
    level: float = 0.95,
    cluster_robust: ClusterRobust | None = None,
    weights: str | None = None,
) -> FixedEffects:
    """Least squares on regressors with entity and period effects.

    Parameters
    ----------
    rows : DataFrame
        One row per entity and period; rows with a missing value are left out.
    outcome, entity, period : str
        Columns.
    regressors : tuple of str
        Numeric columns; the first is the one asked about.
    effects : tuple of {'entity', 'time'}
        Which to take out.
    cluster : str or None
        Column of clusters that hold whole entities; None clusters by entity.
    covariance : {'clustered', 'classical'}
        Of the headline; the other is shown beside it.
    level : float
        Confidence level.
    cluster_robust : callable or None
        For few clusters: run on the dummy-variable form of the same regression, see `clustering.ClusterRobust`. It then
        leads.
    weights : str or None
        Column of how much each row counts, above zero (weighted least squares).

    Returns
    -------
    FixedEffects
        Coefficients and what they rest on.

    Raises
    ------
    EstimationRefusal
        If an entity is twice in a period, a regressor does not vary within entities, or fewer than two clusters remain.

    References
    ----------
    Vella & Verbeek 1998, Journal of Applied Econometrics 13:163-183 (the wage panel); Cameron & Miller 2015, Journal of
    Human Resources 50:317-372.
    """
    named = (outcome, *regressors, *((weights,) if weights else ()))
    frame = _known(rows, named, entity, period, cluster)
    labels: Codes = pd.factorize(frame[entity if cluster is None else cluster], sort=True)[0]
    clusters = int(labels.max()) + 1
    if clusters < 2:
        raise EstimationRefusal("There is a single cluster. " + ONE_TREATED, "Add entities.")
    _refuse_absorbed(frame, regressors, entity, period, effects)
    counts = None if weights is None else frame[weights].to_numpy(float)
    places = (frame[entity], frame[period])
    fits = {
        kind: _fit(frame, outcome, regressors, places, effects, labels, kind, counts)
        for kind in ("clustered", "classical")
    }
    terms = {name: _inference(fits[covariance], name, clusters, covariance, level) for name in regressors}
    if cluster_robust is not None:
        terms = _by_dummies(frame, outcome, regressors, places, effects, labels, cluster_robust, level, counts)
    beside = "classical" if covariance == "clustered" else "clustered"
    other = _inference(fits[beside], regressors[0], clusters, beside, level)
    note = CLASSICAL if beside == "classical" else CONVENTION
    within = "entity and period" if len(effects) == 2 else ("entity" if "entity" in effects else "period")
    few = ((FEW_ENTITIES,) if clusters < MANY else ()) if cluster_robust is None else ()
    return FixedEffects(
        ESTIMAND.format(name=regressors[0], within=within),
        f"panel regression with {' and '.join(effects)} effects, {covariance}",
        terms[regressors[0]],
        terms,
        (OtherEstimate(f"{beside} standard error", "difference", other, note),),
        len(frame),
        frame[entity].nunique(),
        frame[period].nunique(),
        clusters,
        CONVENTION if covariance == "clustered" else CLASSICAL,
        few,
    )


def _known(rows: pd.DataFrame, numbers: tuple[str, ...], entity: str, period: str, cluster: str | None) -> pd.DataFrame:
    names = list(dict.fromkeys((*numbers, entity, period, *((cluster,) if cluster else ()))))
    frame = rows[names].dropna()
    if frame.duplicated([entity, period]).any():
        raise EstimationRefusal("An entity is recorded twice in the same period.", "Keep one row of each.")
    if cluster and (frame.groupby(entity)[cluster].nunique() > 1).any():
        raise EstimationRefusal("Some entities change cluster over time.", "Give each entity one cluster.")
    if frame[entity].nunique() < 2 or frame[period].nunique() < 2:
        raise EstimationRefusal("A panel needs at least two entities in two periods.", "Use another design.")
    return frame.sort_values([entity, period], kind="stable").reset_index(drop=True)


def _refuse_absorbed(
    frame: pd.DataFrame, regressors: tuple[str, ...], entity: str, period: str, effects: tuple[Effects, ...]
) -> None:
    for effect, column in (("entity", entity), ("time", period)):
        if effect not in effects:
            continue
        for name in regressors:
            spread = frame.groupby(column)[name].agg(lambda values: float(np.ptp(values.to_numpy(float)))).max()
            if spread <= 1e-12 * (1 + frame[name].abs().max()):
                within = "entities" if effect == "entity" else "periods"
                raise EstimationRefusal(ABSORBED.format(name, within), "Leave it out.")


def _fit(
    frame: pd.DataFrame,
    outcome: str,
    regressors: tuple[str, ...],
    places: tuple[pd.Series, pd.Series],
    effects: tuple[Effects, ...],
    labels: Codes,
    kind: str,
    counts: Array | None,
) -> object:
    from linearmodels.panel import PanelOLS
    from linearmodels.panel.utility import AbsorbingEffectError

    # Codes, because linearmodels wants numbers or dates for periods.
    index = [pd.factorize(place, sort=True)[0] for place in places]
    data = frame[[outcome, *regressors]].astype(float)
    data.index = pd.MultiIndex.from_arrays(index, names=["entity", "period"])
    try:
        model = PanelOLS(
            data[outcome],
            data[list(regressors)],
            entity_effects="entity" in effects,
            time_effects="time" in effects,
            weights=None if counts is None else pd.Series(counts / counts.mean(), index=data.index),
        )
        if kind == "classical":
            return model.fit(cov_type="unadjusted", debiased=True)
        clusters = pd.DataFrame({"cluster": labels}, index=data.index)
        return model.fit(cov_type="clustered", clusters=clusters, debiased=True, count_effects=True)
    except (AbsorbingEffectError, ValueError) as reason:
        raise EstimationRefusal(
            "The regressors cannot be told from each other or from the effects.", "Leave some of them out."
        ) from reason


def _inference(fitted: object, name: str, clusters: int, kind: str, level: float) -> Inference:
    value = float(fitted.params[name])  # type: ignore[attr-defined]
    se = float(fitted.std_errors[name])  # type: ignore[attr-defined]
    df = clusters - 1 if kind == "clustered" else int(fitted.df_resid)  # type: ignore[attr-defined]
    return t_inference(value, se, df, level) if se > 0 else Inference(value)


def _by_dummies(
    frame: pd.DataFrame,
    outcome: str,
    regressors: tuple[str, ...],
    places: tuple[pd.Series, pd.Series],
    effects: tuple[Effects, ...],
    labels: Codes,
    cluster_robust: ClusterRobust,
    level: float,
    counts: Array | None,
) -> dict[str, Inference]:
    """The same regression with a column per entity and period, for a covariance of one's own.

    With weights every row is multiplied by the root of its own, so that a bias-reduced covariance takes errors of rows
    that count more to be smaller, as averages over more people are.
    """
    entity, period = places
    parts = [frame[list(regressors)].to_numpy(float)]
    for effect, place in (("entity", entity), ("time", period)):
        if effect in effects:
            codes = pd.factorize(place, sort=True)[0]
            indicators = np.equal.outer(codes, np.arange(codes.max() + 1)).astype(float)
            parts.append(indicators if len(parts) == 1 else indicators[:, 1:])
    columns = np.column_stack(parts)
    if columns.shape[1] > MOST_DUMMIES:
        raise EstimationRefusal("There are too many entities for this standard error.", "Use the clustered one.")
    y = frame[outcome].to_numpy(float)
    if counts is not None:
        root = np.sqrt(counts / counts.mean())
        columns, y = columns * root[:, None], y * root
    return {name: cluster_robust(columns, y, labels, k, level) for k, name in enumerate(regressors)}
