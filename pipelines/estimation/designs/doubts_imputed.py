"""Unknown outcomes and covariates filled in several times over, and the estimates pooled (Rubin 1987)."""

from collections.abc import Callable
from math import sqrt

import numpy as np
import pandas as pd

from pipelines.estimation.adjusted import adjust
from pipelines.estimation.cluster_robust import contrast_test, fit_clustered
from pipelines.estimation.covariates import is_numeric
from pipelines.estimation.design import CLUSTER, PAIR, Design
from pipelines.estimation.designs import comparison_groups
from pipelines.estimation.designs.doubts_case import GROUPS, Case
from pipelines.estimation.designs.doubts_missing import fewest
from pipelines.estimation.designs.pairs import complete_pairs
from pipelines.estimation.doubt.chained import impute, pool_over
from pipelines.estimation.doubt.imputation_plan import ImputationPlan, Model, Variable
from pipelines.estimation.doubt.rubin import Pooled
from pipelines.estimation.doubt.wording import figure, share
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference, Reading
from pipelines.estimation.sample import Sample, draw, numbers
from pipelines.estimation.welch import difference

MOST_DRAWS = 2_000_000
"""People times data sets times columns that have something missing."""
TOO_MANY = "with so many people and columns it would take too long; declare fewer imputations or auxiliary covariates."
Answer = Callable[[Sample, Design], Inference]


def imputed(asked: Case) -> tuple[Reading, ...]:
    """The estimate with unknown values filled in from what is known of similar people of the same arm."""
    frame = _frame(asked)
    plan = _plan(asked, frame)
    lacking = [variable.name for variable in plan.variables if frame[variable.name].isna().any()]
    if not lacking:
        return ()
    if len(frame) * (plan.m or 1) * len(lacking) > MOST_DRAWS:
        raise EstimationRefusal(TOO_MANY, "Declare fewer.")
    filled = impute(frame, plan, asked.design.seed)
    fills = "" if filled.settled else " The method did not settle, so do not rely on this."
    n = _fewest(asked, frame, lacking)
    readings: list[Reading] = []
    for key, title, answer, k in _answers(asked):
        found = pool_over(filled, _estimator(asked, answer), len(frame) - k, asked.design.level)
        said = f"{_said(asked, found)}{fills}" if not readings else ""
        readings += _pooled(asked, key, title, found, n, said)
    return tuple(readings)


def _fewest(asked: Case, frame: pd.DataFrame, lacking: list[str]) -> int:
    """Return the fewest people of an arm who lack one of the columns."""
    arms = (asked.treated, ~asked.treated)
    counts = [int((frame[name].isna().to_numpy() & arm).sum()) for name in lacking for arm in arms]
    return min((count for count in counts if count), default=fewest(asked))


def _names(asked: Case) -> tuple[str, ...]:
    names = (*asked.design.covariates, *asked.design.doubts.auxiliary)
    return tuple(dict.fromkeys(name for name in names if name in asked.frame))


def _frame(asked: Case) -> pd.DataFrame:
    """Return everybody with numbers as floats, so that unknown ones are NaN."""
    frame = asked.frame.reset_index(drop=True)
    numeric = {name: numbers(frame[name]) for name in _names(asked) if is_numeric(frame[name])}
    return frame.assign(value=asked.outcome, **numeric)


def _plan(asked: Case, frame: pd.DataFrame) -> ImputationPlan:
    variables = tuple(Variable(name, _model(frame[name])) for name in ("value", *_names(asked)))
    return ImputationPlan(variables, "arm", outcomes=("value",), m=max(asked.design.doubts.imputations, 2))


def _model(column: pd.Series) -> Model:
    if not is_numeric(column):
        return "category"
    return "binary" if np.isin(column.dropna().to_numpy(dtype=float), (0.0, 1.0)).all() else "matched"


def _answers(asked: Case) -> list[tuple[str, str, Answer, int]]:
    """Return the estimators, the headline's first: key, title, function, and coefficients it costs."""
    k = 2 + len(asked.design.covariates)
    if asked.design.kind in GROUPS:
        return [("imputed", "Unknown values filled in", _group, k)]
    if PAIR in asked.frame:
        return [("imputed", "Unknown values filled in", _paired, 1 + len(asked.frame) // 2)]
    plain = ("imputed", "Unknown values filled in", _clustered if CLUSTER in asked.frame else _plain, 2)
    if not asked.design.covariates or CLUSTER in asked.frame:
        return [plain]
    adjusted = ("imputed_adjusted", "Unknown values filled in, adjusted for covariates", _adjusted, 2 * k - 2)
    return [adjusted, plain] if asked.design.adjusted else [plain, adjusted]


def _estimator(asked: Case, answer: Answer) -> Callable[[pd.DataFrame], tuple[float, float]]:
    def estimate(frame: pd.DataFrame) -> tuple[float, float]:
        found = answer(draw(frame, ("value",)), asked.design)
        if found.value is None or found.se is None:
            raise EstimationRefusal("a filled-in data set gave no estimate.", "Use fewer covariates.")
        return found.value, found.se

    return estimate


def _plain(sample: Sample, design: Design) -> Inference:
    arms = list(sample.by_arm("value").values())
    return difference(arms[0], arms[1], design.level)


def _adjusted(sample: Sample, design: Design) -> Inference:
    return adjust(sample, sample.columns["value"], design).result or Inference(None)


def _group(sample: Sample, design: Design) -> Inference:
    return comparison_groups.difference_of(sample.rows, design)


def _paired(sample: Sample, _design: Design) -> Inference:
    pairs = complete_pairs(sample)
    d = pairs.treatment - pairs.comparison
    return Inference(float(d.mean()), sqrt(float(d.var(ddof=1)) / len(d)))


def _clustered(sample: Sample, design: Design) -> Inference:
    codes = np.unique(sample.rows[CLUSTER].astype(str).to_numpy(), return_inverse=True)[1].reshape(-1)
    columns = np.column_stack([np.ones(len(codes)), sample.treated])
    return contrast_test(fit_clustered(columns, sample.columns["value"], codes), 1, "CR2", design.level)


def _pooled(asked: Case, key: str, title: str, found: Pooled, n: int, said: str) -> list[Reading]:
    lost = Reading(
        key=f"{key}_fraction_missing",
        title=f"{title}: information that is missing",
        measure="share",
        value=found.fraction_missing,
        n=n,
    )
    return [asked.difference(key, title, found.result, n=n, sentence=said), lost]


def _said(asked: Case, found: Pooled) -> str:
    result = found.result
    low, high = (figure((limit or 0.0) * asked.found.scale) for limit in (result.lower, result.upper))
    return (
        "With unknown values filled in many times over from what is known of similar people, the difference is "
        f"{asked.amount(result.value)} (interval {low} to {high}); what is unknown costs "
        f"{share(found.fraction_missing)} of the information about it."
    )
