"""What may be shown of an effect: all of it, all of it rounded, or only the groups and their sizes.

An estimate, its standard error and a p value at full precision give every count back that they were made of, so an
effect with one cell that may not be shown is withheld as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipelines.disclosure.counts import part_hidden, rests_on_few, rounded, too_small
from pipelines.disclosure.log import Log
from pipelines.disclosure.looks import NOTHING, with_look
from pipelines.disclosure.policy import Policy
from pipelines.disclosure.precision import like
from pipelines.disclosure.recomputed import coarse_curves, recomputed
from pipelines.disclosure.sizes import Sizes
from pipelines.findings.models import ArmSummary, EffectResult, Interval, OtherEstimate
from pipelines.protocol.models import Plan

COUNTED = ("binary", "time_to_event")
NUMBERS = (
    *("value", "se", "lower", "upper", "df", "p", "p_adjusted"),
    *("effect_size", "detectable", "residual_df"),
)
SIMPLE = (
    *("difference in proportions", "difference in means", "difference in counts per person"),
    "restricted mean survival time",
)
ADJUSTED = ("Lin", "Cox, adjusted")
WITHHELD_EFFECT = (
    "Too few people stand behind a figure to show this outcome without the risk that somebody is recognised."
)
ADJUSTED_WARNING = "The adjusted estimate is not shown, or leaves out covariates that could not be used."
FEW_LEFT_EARLY = "rounding, because few left the follow-up early"
WITHHELD_COVARIATE = "rounding, because a covariate has a withheld cell"

Effects = dict[str, tuple[EffectResult, Log]]


def effects(results: Mapping[str, EffectResult], plan: Plan, rules: Policy, sizes: Sizes) -> Effects:
    """Return every effect as it may be shown, and note the sizes of groups that are.

    Parameters
    ----------
    results : effects by the id of their finding, the most important first: a later one gives way to an earlier one.
        Each outcome's key is the second part of the id.
    plan : the pilot's plan.
    rules : the limits.
    sizes : sizes of groups that are shown; those of effects are added.
    """
    kin: dict[tuple[str, str], list[EffectResult]] = {}
    visible = {
        key for key, result in results.items() if _admitted(result, kin.setdefault(_fields(key, plan), []), rules)
    }
    shown: Effects = {key: (results[key], Log()) for key in results}
    # Estimates first: a size that only describes a withheld outcome gives way to them.
    for key in sorted(results, key=lambda key: key not in visible):
        log, family = Log(), kin[_fields(key, plan)]
        if key in visible:
            told = _shown(results[key], key.split("/")[1], rules, log, sizes)
        else:
            told = _withheld(results[key], key.split("/")[1], family, rules, log, sizes)
        shown[key] = with_look(told, results[key], rules, log), log
    return _with_the_same_caution(shown)


def _admitted(result: EffectResult, family: list[EffectResult], rules: Policy) -> bool:
    """Tell whether an effect may be shown beside those of its family that are, and note it if so."""
    admitted = not must_hide(result, rules) and not any(_too_close(result, one, _parts, rules) for one in family)
    if admitted:
        family.append(result)
    return admitted


def must_hide(result: EffectResult, rules: Policy) -> bool:
    """Tell whether one cell of an effect, or what its mean rests on, is too small to show any figure of it."""
    left = result.df if result.residual_df is None else result.residual_df
    few_df = left is not None and left < rules.minimum_df
    return few_df or any(_arm_hidden(arm, result, rules) for arm in result.arms.values())


def _arm_hidden(arm: ArmSummary, result: EffectResult, rules: Policy) -> bool:
    counted = result.outcome_type in COUNTED and (arm.events is not None or arm.average is not None)
    rests_on = arm.average is not None
    return bool(
        too_small(arm.n, rules)
        or (counted and part_hidden(arm.events, arm.n, rules))
        or (rests_on and rests_on_few(arm.contributors, rules))
    )


def _fields(finding_id: str, plan: Plan) -> tuple[str, str]:
    """Return the fields an outcome is made from; those of one time and event, or of events, are parts of each other."""
    key = finding_id.split("/")[1]
    outcome = plan.outcomes.get(key)
    return outcome.source if outcome and outcome.source else (key, "")


def _too_close(
    result: EffectResult, other: EffectResult, parts: Callable[[ArmSummary], Sequence[int]], rules: Policy
) -> bool:
    """Tell whether parts of the groups (such as people with the event) differ too little from those of another effect.

    Never so under rounding, which makes the difference uncertain by itself.
    """
    return rules.rounding_base == 1 and any(
        too_small(abs(mine - theirs), rules)
        for arm in result.arms.keys() & other.arms.keys()
        for mine, theirs in zip(parts(result.arms[arm]), parts(other.arms[arm]), strict=True)
    )


def _size(arm: ArmSummary) -> tuple[int]:
    return (arm.n or 0,)


def _parts(arm: ArmSummary) -> tuple[int, int, int]:
    n, events = arm.n or 0, arm.events or 0
    return n, events, n - events


def _shown(result: EffectResult, outcome: str, rules: Policy, log: Log, sizes: Sizes) -> EffectResult:
    """Return an effect whose counts may all be shown, with what else its figures could tell taken away."""
    for key, arm in result.arms.items():
        sizes.show(key, arm.n or 0, outcome)
    if result.curves:  # thinned where the events are still known: see pipelines.disclosure.curves
        log.rounded("curves", f"steps rest on at least {rules.minimum_step} events, and shares are rounded")
    if rules.rounding_base > 1 and _simple(result):
        return recomputed(_without_counts(_without_helpers(result, rules, log)), rules, log)
    if rules.rounding_base > 1:
        return _coarse(_rounded_sizes(_without_counts(_without_helpers(result, rules, log)), rules), log)
    few_left = any(too_small(arm.censored, rules) for arm in result.arms.values())
    clean = _without_helpers(result, rules, log)
    return _coarse(clean, log) if few_left else clean


def _without_counts(result: EffectResult) -> EffectResult:
    """Return an effect without what an exact count stands in, or what follows from exact figures."""
    return result.model_copy(update={"advice": (), "p_adjusted": None, "adjustment": ""})


def _simple(result: EffectResult) -> bool:
    """Tell whether an estimate is the plain difference between two groups, which can be had from rounded counts."""
    return result.design in ("", "randomised") and result.engine.split(",")[0] in SIMPLE


def _rounded_sizes(result: EffectResult, rules: Policy) -> EffectResult:
    """Return an effect with rounded counts, and without degrees of freedom."""
    arms = {
        key: arm.model_copy(update={"n": rounded(arm.n, rules), "events": rounded(arm.events, rules)})
        for key, arm in result.arms.items()
    }
    # Degrees of freedom may be a count too, such as matched pairs less one.
    return result.model_copy(update={"arms": arms, "df": None})


def _without_helpers(result: EffectResult, rules: Policy, log: Log) -> EffectResult:
    """Return an effect without the counts that only disclosure control needs, and with warnings that name no cell."""
    arms = {
        key: arm.model_copy(
            update={"contributors": None, "censored": log.count(arm.censored, f"arms.{key}.censored", rules)}
        )
        for key, arm in result.arms.items()
    }
    return result.model_copy(update={"arms": arms, "warnings": _warnings(result.warnings), "residual_df": None})


def _warnings(warnings: tuple[str, ...]) -> tuple[str, ...]:
    """Return warnings without those that tell of one person's covariates, or of a covariate that is all or none."""
    from pipelines.estimation.adjusted import DROPPED, LEVERAGE, TOO_SMALL
    from pipelines.estimation.matching import ADDS_NOTHING

    telling = (DROPPED, LEVERAGE, TOO_SMALL, ADDS_NOTHING, "The adjusted estimate is not shown.")
    said = (ADJUSTED_WARNING if warning.startswith(telling) else warning for warning in warnings)
    return tuple(dict.fromkeys(said))


def _with_the_same_caution(shown: Effects) -> Effects:
    """Say of every estimate that unknown outcomes are left out when it is said of one.

    Said only where somebody is missing, it would tell which outcomes are complete, and so how many others lack.
    """
    from pipelines.estimation.sample import MISSING

    if not any(MISSING in result.warnings for result, _ in shown.values()):
        return shown
    return {
        key: (result.model_copy(update={"warnings": tuple(dict.fromkeys((*result.warnings, MISSING)))}), log)
        if result.value is not None
        else (result, log)
        for key, (result, log) in shown.items()
    }


def _withheld(
    result: EffectResult, outcome: str, family: list[EffectResult], rules: Policy, log: Log, sizes: Sizes
) -> EffectResult:
    """Return an effect of which only the groups and their sizes are left; warnings could tell of an empty cell."""
    log.withheld("all figures", "minimum count of people with and without the outcome")
    near = any(_too_close(result, one, _size, rules) for one in family)
    arms = {}
    for key, arm in result.arms.items():
        n = None if near else log.count(arm.n, f"arms.{key}.n", rules)
        arms[key] = ArmSummary(title=arm.title, n=n)
        if near:
            log.withheld(f"arms.{key}.n")
        elif n is not None:
            sizes.show(key, arm.n or 0, outcome)
    if not near:
        family.append(result)
    return _nothing_else(result, arms)


def withheld_effect(result: EffectResult) -> EffectResult:
    """Return an effect of which not even the sizes of its groups are left."""
    bare = _nothing_else(result, {key: ArmSummary(title=arm.title, n=None) for key, arm in result.arms.items()})
    look = bare.look.model_copy(update={**NOTHING, "stage": 0}) if bare.look else None
    return bare.model_copy(update={"look": look})


def _nothing_else(result: EffectResult, arms: dict[str, ArmSummary]) -> EffectResult:
    """Return an effect of which only its groups are left, as they are given."""
    nothing: dict[str, Any] = dict.fromkeys(NUMBERS) | {"advice": (), "adjustment": ""}
    said = {
        "engine": "withheld",
        "why": "Withheld under the disclosure policy.",
        "measure": "none",
        "verdict": "described",
    }
    empty = {"others": (), "curves": {}, "warnings": (), "described_because": WITHHELD_EFFECT}
    return result.model_copy(update={"arms": arms, **nothing, **said, **empty})


def _coarse(result: EffectResult, log: Log) -> EffectResult:
    """Return an effect with its figures rounded to two figures of its standard error; the verdict stays."""
    log.rounded("all figures", FEW_LEFT_EARLY)
    arms = {key: _coarse_arm(arm, result.se) for key, arm in result.arms.items()}
    curves = coarse_curves(result)
    figures = {name: like(getattr(result, name), result.se) for name in ("value", "lower", "upper", "se", "detectable")}
    others = tuple(coarse_other(other) for other in result.others)
    size = _coarse_size(result.effect_size)
    p, p_adjusted = (None if one is None else round(one, 2) for one in (result.p, result.p_adjusted))
    rest = {"others": others, "effect_size": size, "p": p, "p_adjusted": p_adjusted, "curves": curves}
    return result.model_copy(update={"arms": arms, **figures, **rest})


def _coarse_arm(arm: ArmSummary, error: float | None) -> ArmSummary:
    figures = {name: like(getattr(arm, name), error) for name in ("average", "spread", "lower", "upper")}
    return arm.model_copy(update=figures)


def _coarse_size(size: Interval | None) -> Interval | None:
    if size is None:
        return None
    return size.model_copy(update={name: like(getattr(size, name), None) for name in ("value", "lower", "upper")})


def coarse_other(other: OtherEstimate) -> OtherEstimate:
    """Return another engine's answer rounded to two figures of its standard error, and its p value to two decimals."""
    figures = {name: like(getattr(other, name), other.se) for name in ("value", "lower", "upper", "se")}
    return other.model_copy(update={**figures, "p": None if other.p is None else round(other.p, 2)})


def with_coarse_adjusted(result: EffectResult, log: Log) -> EffectResult:
    """Return an effect with rounded adjusted estimates: exact ones give back how a withheld covariate is spread."""
    if not any(other.engine in ADJUSTED for other in result.others):
        return result
    log.rounded("others.adjusted", WITHHELD_COVARIATE)
    others = tuple(coarse_other(other) if other.engine in ADJUSTED else other for other in result.others)
    return result.model_copy(update={"others": others})
