"""Sentences built by rule from results: they change when the result does. Words follow the interval, never a p value.

Without randomisation no sentence says or implies that one thing made another happen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.findings.models import (
    BaselineResult,
    DataQualityResult,
    DoseResult,
    EffectResult,
    EvidenceLevelResult,
    FlowResult,
    JointResult,
    ThemeResult,
)
from pipelines.protocol.models import Plan

WITHHELD = "[c]"
FIT = {
    "agree": "Numbers and voices agree.",
    "partial": "Numbers and voices meet only in part.",
    "silent": "One side has nothing to say, so the answer rests on the other.",
    "dissonant": "Numbers and voices contradict each other: this needs follow-up before anybody decides.",
}


def sentence_of(result: Any, plan: Plan) -> str:
    """Return the sentence of a result."""
    makers: dict[type, Callable[[Any, Plan], str]] = {
        FlowResult: _flow,
        BaselineResult: _baseline,
        EffectResult: _effect,
        DoseResult: _dose,
        ThemeResult: _theme,
        JointResult: _joint,
        DataQualityResult: _quality,
        EvidenceLevelResult: _level,
    }
    return makers[type(result)](result, plan)


def count(value: int | None) -> str:
    """Return a count, or the sign for one that is withheld."""
    return WITHHELD if value is None else f"{value:,}"


def amount(value: float | None, places: int = 1) -> str:
    """Return a figure with a real minus sign, or the sign for one that is withheld."""
    if value is None:
        return WITHHELD
    text = f"{abs(value):,.{places}f}"
    return text if value >= 0 or float(text.replace(",", "")) == 0 else f"−{text}"


def per_hundred(share: float | None) -> str:
    """Return a share as people of every hundred."""
    return WITHHELD if share is None else amount(100 * share, 1)


def _flow(result: FlowResult, _plan: Plan) -> str:
    first, last = result.stages[0], result.stages[-1]
    totals = [_total(stage.counts) for stage in (first, last)]
    if len(result.stages) == 1 or totals[0] in (None, totals[1]):
        return f"{count(totals[1])} people are in the main analysis."
    return f"Of {count(totals[0])} people in the case file, {count(totals[1])} are in the main analysis."


def _total(counts: dict[str, int | None]) -> int | None:
    known = [number for number in counts.values() if number is not None]
    return sum(known) if len(known) == len(counts) else None


def _baseline(result: BaselineResult, plan: Plan) -> str:
    if plan.arms is None:
        return "Who took part is described by what was known before they started."
    apart = [row.title for row in result.rows if row.light == "red"]
    if not apart:
        return "At the start the groups were alike in everything that was measured."
    return (
        f"At the start the groups differed by more than 0.1 standard deviations in: {', '.join(dict.fromkeys(apart))}."
    )


def _effect(result: EffectResult, plan: Plan) -> str:
    if result.value is None or plan.arms is None:
        what = f"How many {result.title}" if result.outcome_type == "binary" else _capital(result.title)
        return f"{what}: no effect is estimated. {result.described_because}".strip()
    if result.outcome_type == "binary":
        return _binary(result, plan)
    return _difference(result, plan)


def _binary(result: EffectResult, plan: Plan) -> str:
    assert_arms = plan.arms
    if assert_arms is None:  # _effect sends no pilot without groups here
        return ""
    treated, compared = result.arms["treatment"], result.arms["comparison"]
    levels = (
        f"Of every 100 people {_with(assert_arms.treatment.title)}, {per_hundred(treated.average)} {result.title}; "
        f"of every 100 {_with(assert_arms.comparison.title)}, {per_hundred(compared.average)}."
    )
    return f"{levels} {_range(result, 100, 'per 100')} {_verdict(result, plan)}"


def _difference(result: EffectResult, plan: Plan) -> str:
    assert_arms = plan.arms
    if assert_arms is None:  # _effect sends no pilot without groups here
        return ""
    treated, compared = result.arms["treatment"], result.arms["comparison"]
    unit = f" {result.unit}" if result.unit else ""
    levels = (
        f"{_capital(result.title)}: {amount(treated.average)}{unit} on average {_with(assert_arms.treatment.title)}, "
        f"{amount(compared.average)}{unit} {_with(assert_arms.comparison.title)}."
    )
    return f"{levels} {_range(result, 1, result.unit)} {_verdict(result, plan)}"


def _with(title: str) -> str:
    return f"in the group “{title}”"


def _range(result: EffectResult, scale: float, unit: str) -> str:
    value, lower, upper = (None if x is None else scale * x for x in (result.value, result.lower, result.upper))
    level = f"{100 * result.level:g}%"
    return (
        f"That is a difference of {amount(value)} {unit} ({level} interval {amount(lower)} to {amount(upper)})".replace(
            "  ", " "
        )
        .replace(" )", ")")
        .rstrip()
        + "."
    )


def _verdict(result: EffectResult, plan: Plan) -> str:
    """Return what the interval allows one to say."""
    by_chance = plan.arms is not None and plan.arms.assignment == "randomised"
    if result.verdict == "inconclusive":
        return "The interval holds both an improvement and a worsening, so this pilot cannot tell which it was."
    word = "an improvement" if result.verdict == "better" else "a worsening"
    caution = "" if by_chance else ", which other differences may explain"
    return f"The whole interval lies on the side of {word}{caution}."


def _dose(result: DoseResult, plan: Plan) -> str:
    arm = result.arms.get("treatment") or result.arms.get("everyone")
    if arm is None or arm.average is None:
        return f"{_capital(result.title)}: how much people got may not be shown."
    unit = f" {result.unit}" if result.unit else ""
    planned = f" (planned: {amount(result.planned, 0 if result.planned % 1 == 0 else 1)})" if result.planned else ""
    group = f" in the group “{plan.arms.treatment.title}”" if plan.arms else ""
    average = amount(arm.average, 2 if arm.average < 2 else 1)
    return f"{_capital(result.title)}: {average}{unit} a person on average{group}{planned}."


def _theme(result: ThemeResult, _plan: Plan) -> str:
    said = [
        f"{count(result.people[role])} of {count(result.interviewed[role])} interviewed {plural(role)}"
        if result.people[role] is not None and result.interviewed[role] is not None
        else f"{spoken(result.spread[role])} of the interviewed {plural(role)}"
        for role in result.people
    ]
    return (
        f"{_capital(result.title)} came up with {' and '.join(said)}." if said else f"{result.title} did not come up."
    )


def spoken(spread: str) -> str:
    """Return a word for how many; "nobody" becomes "none" before "of the interviewed"."""
    return "none" if spread == "nobody" else spread


def plural(role: str) -> str:
    """Return the name of a role for several people."""
    return {"staff": "staff", "other": "others"}.get(role, role if role.endswith("s") else f"{role}s")


def _joint(result: JointResult, _plan: Plan) -> str:
    return FIT[result.fit]


def _quality(result: DataQualityResult, _plan: Plan) -> str:
    failed = [check for check in result.checks if not check.passed]
    if not failed:
        return f"All {len(result.checks)} checks of the data held."
    return f"{len(failed)} of {len(result.checks)} checks of the data found something: " + " ".join(
        c.sentence for c in failed
    )


def _level(result: EvidenceLevelResult, _plan: Plan) -> str:
    return f"Level {result.maryland} of 5 on the Maryland scale, level {result.nesta} of 5 on Nesta's. {result.reason}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
