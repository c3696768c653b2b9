"""Sentences about numbers, built by rule. Words follow the interval and the design, never a p-value.

No causal verb stands here: whether a difference may be read as an effect is said in its own sentence, from the design.
"""

from __future__ import annotations

import re

from pipelines.findings.models import ArmSummary, EffectResult
from pipelines.findings.sentences import led_by, one_more
from pipelines.reporting.numbers import (
    WITHHELD,
    average,
    decimal,
    difference_unit,
    fitting,
    is_share,
    level,
    percent,
    size_of,
    trimmed,
)

MADE_ALIKE = {
    "matched": "Each person is compared with the most alike of others.",
    "weighted": "The comparison group is weighted to be alike in what was measured.",
    "regression_adjusted": "What was known of people beforehand is taken into account.",
    "doubly_robust": "The comparison group is weighted and adjusted to be alike in what was measured.",
    "difference_in_differences": "The change of one group is held against the change of the other.",
    "staggered": "Those who began are compared with those who had not.",
    "panel": "Each unit is compared with itself over time, and with the others.",
    "matched_pairs": "People are compared in pairs that were alike beforehand.",
    "instrumental": "Something that moved the dose stands in for chance, if it moved nothing else.",
    "interrupted_time_series": "The series is held against its own course before the change.",
}
"""What stands in for chance, by design."""


def within(text: str) -> str:
    """Return a title as it stands inside a sentence; an abbreviation keeps its capitals."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def capital(text: str) -> str:
    """Return a phrase as it begins a sentence."""
    return text[:1].upper() + text[1:]


def first(text: str) -> str:
    """Return a text's first sentence."""
    return re.split(r"(?<=[.!?])\s+", text.strip(), maxsplit=1)[0]


def per_hundred(share: float | None) -> str:
    """Turn a share into people out of 100, whole people as people are."""
    if share is None:
        return WITHHELD
    people = 100 * share
    return "fewer than 1" if 0 < people < 0.5 else f"{people:.0f}"


def fewer_or_more(effect: EffectResult, value: float | None) -> str:
    """Say a difference in words: "8 fewer", "2.0 weeks more"."""
    if value is None:
        return WITHHELD
    if value == effect.null:
        return "no difference"
    if effect.null:
        return f"{size_of(effect, value)} {'more' if value > effect.null else 'less'}"
    if is_share(effect):
        size = "less than 1" if abs(value) < 0.005 else f"{abs(100 * value):.0f}"
        return f"{size} {'more' if value > 0 else 'fewer'}"
    return f"{size_of(effect, value)} {'more' if value > 0 else 'less'}"


def base(effect: EffectResult) -> str:
    """Say how many people stand behind the numbers of an outcome."""
    return " and ".join(f"{arm.n if arm.n is not None else WITHHELD} in “{arm.title}”" for arm in _groups(effect))


def span(effect: EffectResult) -> str:
    """Say an interval in words: "from 17 fewer to less than 1 fewer"; a figure may have none."""
    if effect.lower is None or effect.upper is None:
        return "cannot be given"
    return f"from {fewer_or_more(effect, effect.lower)} to {fewer_or_more(effect, effect.upper)}"


def out_of_a_hundred(effect: EffectResult) -> str:
    """Describe both groups, for any 100 people or on average."""
    return _shares(effect) if effect.outcome_type == "binary" else _averages(effect)


def gap(effect: EffectResult) -> str:
    """Say the difference with its interval; below the floors, why there is none."""
    if effect.value is None:
        return (
            f"The groups are described and not compared: {within(effect.described_because) or 'the figure is withheld'}"
        )
    if effect.outcome_type == "ordinal" and not effect.null:
        return (
            f"The chance that one of “{effect.arms['treatment'].title}” has the higher value, less the chance of a "
            f"lower one, is {decimal(effect.value, 2)}; the {level(effect)} interval runs {interval(effect)}."
        )
    of = " in every 100" if is_share(effect) and not effect.null else " on average"
    # An effect for one more of a dose is no difference between the two groups.
    where = "" if effect.design == "instrumental" else f" in “{effect.arms['treatment'].title}”"
    return (
        f"{led_by(effect)} {fewer_or_more(effect, effect.value)}{of}{where}; "
        f"the {level(effect)} interval {'' if effect.lower is None else 'runs '}{span(effect)}."
    )


def verdict(effect: EffectResult) -> str:
    """Say where the interval lies, in a sentence."""
    return {
        "better": "The whole interval lies on the better side.",
        "worse": "The whole interval lies on the worse side.",
        "inconclusive": "The interval holds better and worse results: this is still open.",
        "described": "No difference was estimated.",
    }[effect.verdict]


def verdict_word(effect: EffectResult) -> str:
    """Say where the interval lies, in a word or two for a cell."""
    if effect.look is not None and not effect.look.estimated:
        return "Not due"
    words = {"better": "Better", "worse": "Worse", "inconclusive": "Still open", "described": "Described only"}
    return words[effect.verdict]


def detectable(effect: EffectResult) -> str:
    """Say which difference the numbers in hand could have shown."""
    if effect.detectable is None:
        return ""
    return (
        f"With this many people a difference of {size_of(effect, effect.detectable)} would have shown itself "
        "80 times in 100; a smaller one can stay unseen."
    )


def against_minimum(effect: EffectResult) -> str:
    """Hold the interval against the smallest difference that would matter, as it was set beforehand."""
    minimum = effect.minimum_important_difference
    if minimum is None or effect.lower is None or effect.upper is None or effect.null:
        return ""
    size = size_of(effect, minimum)
    return f"Beforehand, {size} was set as the smallest difference that would matter. {_against(effect, minimum)}"


def good_limits(effect: EffectResult) -> tuple[float, float]:
    """Return the interval turned so that above zero is better."""
    lower, upper = effect.lower or 0.0, effect.upper or 0.0
    return (lower, upper) if effect.better == "higher" else (-upper, -lower)


def cause(is_randomised: bool, design: str = "") -> str:
    """Say whether a difference may be read as an effect."""
    if is_randomised:
        return "Chance decided who was offered what, so a difference can be read as an effect of the offer."
    if design in MADE_ALIKE:
        return (
            f"Chance did not decide who was in which group. {MADE_ALIKE[design]} So a difference is an effect only as "
            "far as nothing that was not measured differed too."
        )
    return "Chance did not decide who was in which group, so a difference cannot be read as an effect."


def short_verdict(effect: EffectResult) -> str:
    """Say an outcome's result as a title."""
    title, binary = within(effect.title), effect.outcome_type == "binary"
    if effect.verdict == "inconclusive":
        return f"no clear answer yet on {f'how many {title}' if binary else title}"
    if effect.look is not None and not effect.look.estimated:
        return f"no look is due now at {f'how many {title}' if binary else title}"
    if effect.verdict == "described":
        return f"described, not compared: {f'how many {title}' if binary else title}"
    if effect.outcome_type == "ordinal" and not effect.null:
        return f"{title}, {'higher' if (effect.value or 0) > 0 else 'lower'} among those who were offered it"
    told = fewer_or_more(effect, effect.value)
    if is_share(effect) and not binary:
        return f"{title}: {told} in every 100 without the event"
    said = f"{told} in every 100 {title}" if binary else f"{title}, {told} on average"
    return f"{said}, for one more {one_more(effect)}" if effect.design == "instrumental" else said


def name(outcome_type: str, title: str) -> str:
    """Name an outcome where it stands alone; a yes/no outcome's title ends the words "people who"."""
    return f"People who {within(title)}" if outcome_type == "binary" else capital(title)


def name_of(effect: EffectResult) -> str:
    """Name an effect's outcome where it stands alone."""
    return name(effect.outcome_type, effect.title)


def role_words(role: str) -> str:
    """Name a role for several people."""
    return {"staff": "staff", "other": "others"}.get(role, role if role.endswith("s") else f"{role}s")


def dose_words(unit: str, planned: float | None, arm: ArmSummary | None) -> str:
    """Say what was planned and what people got."""
    if arm is None:
        return "not measured"
    got = f"{dose(unit, arm.average)} on average"
    return got if planned is None else f"{got}, {planned_dose(unit, planned)} planned"


def dose(unit: str, average: float | None) -> str:
    """Write a dose with its unit; a share of something planned is a percentage."""
    return percent(average, 0) if unit.startswith("share") else f"{fitting(average)} {unit}".strip()


def planned_dose(unit: str, planned: float) -> str:
    """Write a planned dose as the protocol has it; a share is a percentage."""
    return percent(planned, 0) if unit.startswith("share") else trimmed(planned)


def interval(effect: EffectResult) -> str:
    """Write an interval for a cell, in the unit of the difference."""
    if effect.lower is None or effect.upper is None:
        return "none" if effect.value is not None else "–"
    scale = 100 if is_share(effect) and not effect.null else 1
    digits = 1 if scale == 100 or max(abs(effect.lower), abs(effect.upper)) >= 1 else 2
    return f"{decimal(scale * effect.lower, digits)} to {decimal(scale * effect.upper, digits)}"


def minimum_cell(effect: EffectResult) -> str:
    """Write the smallest difference that matters, for a figure's label."""
    minimum = effect.minimum_important_difference or 0.0
    scaled = 100 * minimum if is_share(effect) else minimum
    return f"{trimmed(round(scaled, 6))} {difference_unit(effect)}".strip()


def _groups(effect: EffectResult) -> list[ArmSummary]:
    """Return the groups, treatment first; everybody where nobody is compared."""
    return [effect.arms[key] for key in ("treatment", "comparison", "everyone") if key in effect.arms]


def _shares(effect: EffectResult) -> str:
    """For any 100 people: the share with the outcome in each group."""
    if all(arm.average is None for arm in _groups(effect)):
        return f"How many {within(effect.title)} is not shown."
    told = [f"about {per_hundred(arm.average)} in “{arm.title}”" for arm in _groups(effect)]
    return (
        f"For any 100 people like those in this pilot, the number who {within(effect.title)} is {' and '.join(told)}."
    )


def _averages(effect: EffectResult) -> str:
    """On average: the mean in each group."""
    if all(arm.average is None for arm in _groups(effect)):
        return f"{name_of(effect)}: the averages are not shown."
    if is_share(effect):
        told = [f"about {per_hundred(arm.average)} in “{arm.title}”" for arm in _groups(effect)]
        return f"{name_of(effect)}: of any 100 people, those without the event by then are {' and '.join(told)}."
    told = [f"{average(effect, arm.average)} {effect.unit}".strip() + f" in “{arm.title}”" for arm in _groups(effect)]
    return f"{name_of(effect)}: on average {' and '.join(told)}."


def _against(effect: EffectResult, minimum: float) -> str:
    """Say where the interval lies, seen from the smallest difference that matters."""
    near, far = good_limits(effect)
    if near >= minimum:
        return "Even the near end of the interval is as large as that."
    if far < minimum:
        return "The whole interval falls short of it."
    return "The interval reaches both sides of it: the difference may or may not be large enough to matter."
