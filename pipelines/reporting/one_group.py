"""Words for an outcome of one group, where nobody is compared with anybody: what was seen, and of how many people."""

from __future__ import annotations

from pipelines.findings.models import EffectResult
from pipelines.reporting import numbers
from pipelines.reporting.sentences import capital, out_of_a_hundred, per_hundred, within


def alone(effect: EffectResult) -> bool:
    """Say whether an outcome is of one group only."""
    return set(effect.arms) == {"everyone"}


def level(effect: EffectResult) -> str:
    """Say what was seen, as a title: "49 of every 100 people kept their first appointment"."""
    title, seen = within(effect.title), effect.arms["everyone"].average
    if effect.outcome_type == "binary":
        return f"how many {title} is not shown" if seen is None else f"{per_hundred(seen)} of every 100 people {title}"
    return f"{title}, not shown" if seen is None else f"{title}, {_mean(effect)} on average"


def told(effect: EffectResult) -> str:
    """Say what was seen with the people behind it; where it is withheld, say why."""
    arm = effect.arms["everyone"]
    if arm.average is None:
        return f"{out_of_a_hundred(effect)} {effect.described_because}".strip()
    people = numbers.count(arm.n)
    base = f"of {people}" if effect.outcome_type == "binary" else f"{people} people"
    return f"{capital(level(effect))} ({base})."


def figure(effect: EffectResult) -> str:
    """Write what was seen as a figure with its unit; nothing where it is withheld."""
    arm = effect.arms["everyone"]
    if arm.average is None:
        return ""
    return numbers.percent(arm.average) if effect.outcome_type == "binary" else _mean(effect)


def limits(effect: EffectResult) -> str:
    """Write the interval of what was seen; nothing where there is none."""
    arm = effect.arms["everyone"]
    if arm.lower is None or arm.upper is None:
        return ""
    ends = f"{numbers.average(effect, arm.lower)} to {numbers.average(effect, arm.upper)}"
    return f"{numbers.level(effect)} interval {ends}"


def _mean(effect: EffectResult) -> str:
    """Write the mean with its unit."""
    return f"{numbers.average(effect, effect.arms['everyone'].average)} {effect.unit}".strip()
