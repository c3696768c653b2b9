"""Questions, design and level of evidence: what was to be answered, how, and how far an answer carries."""

from __future__ import annotations

from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers
from pipelines.reporting.markup import block, heading, joined, plain, source
from pipelines.reporting.sentences import capital, name
from pipelines.reporting.tables import Table, markdown

_SUMMARIES = {
    "binary": "difference in shares",
    "continuous": "difference in means",
    "count": "difference in mean counts",
    "ordinal": "chance that one of the first group does better",
    "time_to_event": "difference in restricted mean time",
}
_LEVELS = {
    "binary": "share",
    "continuous": "mean",
    "count": "mean count",
    "ordinal": "mean",
    "time_to_event": "restricted mean time",
}


_MADE = {
    "matched": "each person is compared with the most alike of others",
    "weighted": "a comparison group weighted to be alike",
    "regression_adjusted": "two groups, adjusted for what was known beforehand",
    "doubly_robust": "a comparison group weighted and adjusted to be alike",
    "difference_in_differences": "change against change",
    "staggered": "those who began against those who had not yet",
    "panel": "units over time",
    "matched_pairs": "people in pairs",
    "before_after": "one group, before and after",
    "interrupted_time_series": "one series, before and after a change",
    "instrumental": "what moved the dose stands in for chance",
}


def opening(evidence: Evidence) -> str:
    """Return the heading, which says who decided the groups, and the level of evidence."""
    return joined(heading(2, f"Design: {_assigned(evidence)}", "sec-design"), _level(evidence))


def questions(evidence: Evidence) -> str:
    """Return what was asked and what was expected before anybody saw data."""
    rows = [(question.text, question.expectation) for question in evidence.plan.questions.values()]
    table = Table(
        "questions", "Questions, and what was expected beforehand", ("Question", "Expected"), rows, (50, 50), False
    )
    return joined(heading(3, "Questions"), markdown(table)) if rows else ""


def estimand(evidence: Evidence) -> str:
    """Return who is compared with whom on what; of one group, who is described."""
    compared = evidence.plan.arms is not None
    caption = "Who is compared with whom" if compared else "Who is described"
    parts = Table("estimand", caption, ("Part", "In this pilot"), _parts(evidence), (28, 72), False)
    title = heading(3, "What is estimated" if compared else "What is described")
    return joined(title, markdown(parts), markdown(_outcomes(evidence)))


def _assigned(evidence: Evidence) -> str:
    """Say who decided the groups."""
    if evidence.plan.arms is None and evidence.plan.design is None:
        return "one group, described"
    whole = evidence.plan.design is not None and evidence.plan.design.kind == "cluster_randomised"
    if ev.randomised(evidence):
        return f"chance decided {'which groups of people were' if whole else 'who was'} offered what"
    return _MADE.get(evidence.plan.design.kind if evidence.plan.design else "", "two groups, not formed by chance")


def _level(evidence: Evidence) -> str:
    """Return the level of evidence, why, and what would raise it."""
    found = ev.evidence_level(evidence)
    if found is None:
        return ""
    finding, result = found
    scales = (
        f"Maryland Scientific Methods Scale {result.maryland} of 5; Nesta Standards of Evidence {result.nesta} of 5."
    )
    declared = (
        f"The design as declared: Maryland {result.declared_maryland}, Nesta {result.declared_nesta}."
        if result.declared_maryland is not None
        else ""
    )
    raised = f"What would raise it: {result.raise_it}" if result.raise_it else ""
    return block(
        "key-finding",
        f"**{plain(scales)}** {plain(result.reason)}",
        plain(declared),
        plain(raised),
        source(finding.id),
        title="Level of evidence",
    )


def _parts(evidence: Evidence) -> list[tuple[str, str]]:
    """Return the parts of the estimand that all outcomes share."""
    plan, titles = evidence.plan, _titles(evidence)
    counted = next(
        (pair.finding.scope.population for pair in ev.effects(evidence) if pair.finding.scope.population), ""
    )
    parts = [
        ("What is estimated", next((p.result.estimand for p in ev.effects(evidence) if p.result.estimand), "")),
        ("Population", plan.population.description),
        ("Who could take part", "; ".join(plan.population.eligibility)),
        ("Offered", titles.get("treatment", plan.intervention.name)),
        ("Compared with", titles.get("comparison", "nobody: one group only")),
        ("Groups formed", capital(_assigned(evidence))),
        ("Who is counted", counted),
        ("What happens afterwards", _afterwards(evidence)),
    ]
    return [part for part in parts if part[1]]


def _titles(evidence: Evidence) -> dict[str, str]:
    """Return the names of the groups: the protocol's, or those that the design makes."""
    if evidence.plan.arms:
        return ev.arm_titles(evidence)
    made = next((pair.result.arms for pair in ev.effects(evidence) if pair.result.value is not None), {})
    return {key: arm.title for key, arm in made.items() if key in ("treatment", "comparison")}


def _afterwards(evidence: Evidence) -> str:
    """Say how people are counted who did not take up or complete the offer."""
    if not evidence.plan.arms:
        return ""
    return "Everyone counts in the group they were in at the start, whether or not they took up or finished the offer"


def _outcomes(evidence: Evidence) -> Table:
    """Return each outcome's definition."""
    rows = []
    summaries = _SUMMARIES if evidence.plan.arms else _LEVELS
    for outcome in evidence.plan.outcomes.values():
        horizon = f"{numbers.trimmed(outcome.horizon)} {outcome.unit}" if outcome.horizon else ""
        rows.append(
            (
                name(outcome.type, outcome.title),
                outcome.tier.capitalize(),
                outcome.definition,
                summaries[outcome.type],
                horizon,
            )
        )
    head = ("Outcome", "Weight", "How it is counted", "Summary", "Follow-up")
    return Table("outcome-definitions", "Outcomes as defined beforehand", head, rows, (24, 13, 31, 18, 14), False)
