"""Who is counted for a progression criterion, and of whom, in words. Counting belongs in measures."""

from __future__ import annotations

from pipelines.findings import measures
from pipelines.findings.making import Making
from pipelines.protocol.progression import Counted, Criterion


def counted_words(making: Making, criterion: Criterion) -> str:
    """Say who is counted of whom."""
    if criterion.measure == "recruitment_rate":
        return "people who started, by month"
    if criterion.measure == "acceptability":
        return f"participants interviewed who spoke of {_either(criterion.codes)}, of all participants interviewed"
    arms, arm = making.plan.arms, measures.arm_of(making.plan, criterion)
    group = f" in the group “{getattr(arms, arm).title}”" if arms and arm != "everyone" else ""
    if criterion.measure == "dose":
        return f"the dose of “{_component(making, criterion)}” a person got{group}"
    count, of = (_counted(making, criterion, one) for one in criterion.counted)
    return f"people {count}, of those {of}{group}"


def _either(codes: tuple[str, ...]) -> str:
    return " or ".join(f"“{code}”" for code in codes)


def _component(making: Making, criterion: Criterion) -> str:
    title: str = making.plan.intervention.components[measures.component_of(making, criterion)].title
    return title


def _counted(making: Making, criterion: Criterion, counted: Counted) -> str:
    if counted in ("due", "known"):
        outcome = making.plan.outcomes[measures.outcome_of(making, criterion)]
        title, assessed = outcome.title, outcome.noun == "assessments"
        over = (
            ("who were to be assessed" if assessed else "whose follow-up is over")
            if counted == "due"
            else "with a known answer"
        )
        return f"{over} (“{title}”)"
    if counted == "dosed":
        least = "the whole" if criterion.least == 1 else f"at least {100 * criterion.least:g}% of the"
        return f"who had {least} planned dose of “{_component(making, criterion)}”"
    if counted == "complete":
        return f"without a gap in {len(measures.complete_fields(making, criterion))} fields"
    words = {"referred": "in the case file", "assigned": "given a group", "started": "who started"}
    return words.get(counted, "who agreed that their records may be linked")
