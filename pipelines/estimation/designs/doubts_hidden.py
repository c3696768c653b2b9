"""Something that was not measured: how strong it would have to be to explain a difference between groups."""

import numpy as np

from pipelines.estimation.covariates import encode
from pipelines.estimation.design import TREATMENT
from pipelines.estimation.designs.doubts_case import Case, change, smallest_cell
from pipelines.estimation.doubt.benchmark import Benchmark, Benchmarked, benchmark
from pipelines.estimation.doubt.e_value import EValue, standardised_e_value
from pipelines.estimation.doubt.e_value_difference import difference_e_value
from pipelines.estimation.doubt.wording import figure
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference, Reading

MOST_CELLS = 3_000_000
"""People times squared columns of the regressions for benchmarks, in thousands: beyond, they would take long."""
CERTAIN = 1e-9
"""A risk below this is rounding: nobody has the outcome."""
TIMES = (1.0, 2.0, 3.0)
STRONGLY = {1.0: "as strongly", 2.0: "twice as strongly", 3.0: "three times as strongly"}
STRENGTHS = {1.0: "as strong as", 2.0: "twice as strong as", 3.0: "three times as strong as"}


def e_values(asked: Case) -> tuple[Reading, ...]:
    """E-values of the headline and of the limit of its interval nearer to no difference (VanderWeele & Ding 2017)."""
    found = _risks(asked) if asked.binary else _standardised(asked)
    readings = [
        Reading(key="e_value", title="E-value", measure="E-value", value=found.estimate, sentence=found.sentence)
    ]
    if found.limit is not None:
        readings.append(
            Reading(key="e_value_limit", title="E-value of the interval", measure="E-value", value=found.limit)
        )
    return tuple(readings)


def _risks(asked: Case) -> EValue:
    """E-value of a risk difference; the risk without the pilot is that of the treatment group less the difference."""
    found = asked.found
    risk = (found.summary[TREATMENT].mean or 0.0) - (found.value or 0.0)
    if found.lower is None or found.upper is None or not CERTAIN < risk < 1:
        raise EstimationRefusal("there is no risk of the comparison group to form a ratio with.", "Read the interval.")
    return difference_e_value(found.value or 0.0, found.lower, found.upper, risk)


def _standardised(asked: Case) -> EValue:
    """E-value of the headline in standard deviations of the outcome, pooled over the groups."""
    y, treated = change(asked), asked.sample.treated
    spreads = [(len(y[arm]) - 1, float(np.nanvar(y[arm], ddof=1))) for arm in (treated, ~treated)]
    spread = (sum(df * v for df, v in spreads) / max(sum(df for df, _ in spreads), 1)) ** 0.5
    if not spread > 0:
        raise EstimationRefusal("no outcome varies within a group.", "Describe the groups.")
    se = None if asked.found.se is None else asked.found.se / spread
    return standardised_e_value((asked.found.value or 0.0) / spread, se, asked.design.level)


def robustness_values(asked: Case) -> tuple[Reading, ...]:
    """Robustness values and benchmarks of the regression of the outcome on group and covariates (Cinelli & Hazlett)."""
    encoded = encode(asked.sample.rows, asked.design.covariates)
    y = change(asked)
    known = np.isfinite(y)
    groups, unsaid = _groups(asked, encoded.names), ""
    cost = len(y) * encoded.columns.shape[1] ** 2 * max(len(groups), 1) / 1000
    if cost > MOST_CELLS:
        groups, unsaid = {}, " Benchmarks are left out: with so many covariates they would take too long."
    found = benchmark(
        y[known],
        asked.sample.treated[known].astype(float),
        encoded.columns[known],
        groups,
        TIMES,
        level=asked.design.level,
    )
    fit = found.robustness
    rows = (
        ("robustness_value", "Robustness value", fit.value, f"{fit.sentence}{unsaid}"),
        ("robustness_value_alpha", "Robustness value of the interval", fit.value_alpha, ""),
        ("partial_r2", "Share of the outcome that goes with the group", fit.partial_r2, ""),
    )
    shares = tuple(
        Reading(key=key, title=title, measure="share", value=value, sentence=said) for key, title, value, said in rows
    )
    said = _chosen(found)
    benchmarks = (_benchmark(asked, found, one, said) for one in found.benchmarks)
    return (*shares, _regression(asked, found), *(reading for reading in benchmarks if reading))


def _regression(asked: Case, found: Benchmarked) -> Reading:
    fit = found.robustness
    return asked.difference(
        "regression", "Regression that these checks start from", Inference(fit.estimate, fit.se, df=fit.df)
    )


def _groups(asked: Case, names: tuple[str, ...]) -> dict[str, list[int]]:
    """Return the columns of each benchmark covariate."""
    wanted = asked.design.doubts.benchmarks or asked.design.covariates
    columns = {
        name: [i for i, column in enumerate(names) if column == name or column.startswith(f"{name} = ")]
        for name in wanted
    }
    return {name: places for name, places in columns.items() if places}


def _chosen(found: Benchmarked) -> Benchmark | None:
    """Return the benchmark that is said: the weakest that would change the reading, or the strongest that would not."""
    possible = [one for one in found.benchmarks if one.result is not None]
    if not possible:
        return None
    sign = 1.0 if found.robustness.estimate >= 0 else -1.0
    breaking = [one for one in possible if _nearer(one, sign) <= 0]
    if breaking and found.robustness.value_alpha > 0:
        return min(breaking, key=lambda one: (one.times, _nearer(one, sign), one.name))
    return min(possible, key=lambda one: (_nearer(one, sign), one.name, one.times))


def _nearer(one: Benchmark, sign: float) -> float:
    result = one.result or Inference(None)
    return min(sign * (limit or 0.0) for limit in (result.lower, result.upper))


def _benchmark(asked: Case, found: Benchmarked, one: Benchmark, chosen: Benchmark | None) -> Reading | None:
    if one.result is None:
        return None
    title = f"With something {STRENGTHS.get(one.times, f'{one.times:g} times as strong as')} '{one.name}'"
    said = _benchmark_said(asked, found, one) if one is chosen else ""
    key = f"benchmark/{one.name}/{one.times:g}"
    return asked.difference(key, title, one.result, n=smallest_cell(asked, one.name), sentence=said)


def _benchmark_said(asked: Case, found: Benchmarked, one: Benchmark) -> str:
    result = one.result or Inference(None)
    if found.robustness.value_alpha == 0:
        end = "the interval includes no difference with or without it"
    else:
        crossed = _nearer(one, 1.0 if found.robustness.estimate >= 0 else -1.0) <= 0
        end = f"and the interval would {'' if crossed else 'still not '}include no difference"
    joint = ":" if found.robustness.value_alpha == 0 else ","
    strongly = STRONGLY.get(one.times, f"{figure(one.times)} times as strongly")
    low, high = (figure((limit or 0.0) * asked.found.scale) for limit in (result.lower, result.upper))
    return (
        f"Were something not measured {strongly} linked to the group and to the outcome as "
        f"'{one.name}' is, the difference in a regression could shrink to {asked.amount(result.value)} (interval {low} "
        f"to {high}){joint} {end}."
    )
