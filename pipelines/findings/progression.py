"""Going on: each progression criterion with its light, and what the declared rule makes of them.

Statistics belong in pipelines.progression; who is counted in measures; words in progress_words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.disclosure.counts import contributors
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.findings import measures
from pipelines.findings.counted_words import counted_words
from pipelines.findings.evidence_level import level_finding
from pipelines.findings.inconclusive import inconclusive_findings
from pipelines.findings.judging import decided, group_share, judged
from pipelines.findings.making import Making
from pipelines.findings.measures import People
from pipelines.findings.models import Finding, ThemeResult
from pipelines.findings.progress import CriterionResult, DecisionResult, GroupShare, Light, OverrideShown
from pipelines.protocol.progression import Criterion

TABLES = (
    "validated.cases",
    "validated.assessments",
    "analysis.participants",
    "analysis.doses",
    "analysis.themes",
    "validated.consents",
)
UNAGREED = "Coders agree too little on what was said for people to be counted."
UNUSED = "No interview carries a code of this name."
SILENT = "No participant was interviewed."


def progression_findings(making: Making, findings: Sequence[Finding]) -> list[Finding]:
    """Return the verdict and its criteria, the level of evidence, and what stays open."""
    criteria = {key: _criterion(making, key, one, findings) for key, one in _declared(making).items()}
    found = [
        making.finding(f"progression/{key}", result, subject=key, population=result.counted)
        for key, result in criteria.items()
    ]
    overall = [_overall(making, criteria)] if criteria else []
    return [*overall, *found, level_finding(making, findings), *inconclusive_findings(making, findings)]


def _declared(making: Making) -> Mapping[str, Criterion]:
    return making.plan.progression.criteria


def _overall(making: Making, criteria: Mapping[str, CriterionResult]) -> Finding:
    progression = making.plan.progression
    rule = progression.combination
    required = {key: one for key, one in criteria.items() if one.required}
    empty = DecisionResult(
        rule=rule.rule,
        go_when_green=rule.go_when_green or 0,
        stop_when_red=rule.stop_when_red or 0,
        lights={},
        titles={key: one.title for key, one in required.items()},
        verdict="open",
        decides=progression.decides,
        override=_override(making, "overall"),
    )
    lights: dict[str, Light] = {key: one.light for key, one in required.items()}
    receipts = tuple(f"progression/{key}" for key in required)
    return making.finding("progression/overall", decided(empty, lights), receipts=receipts)


def _override(making: Making, of: str) -> OverrideShown | None:
    """Return the newest decision against a light, or against the verdict."""
    own = [one for one in making.plan.progression.overrides if one.of == of]
    if not own:
        return None
    last = max(own, key=lambda one: one.on)
    return OverrideShown(decision=last.decision, who=last.who, why=last.why, on=last.on.isoformat())


def _criterion(making: Making, key: str, criterion: Criterion, findings: Sequence[Finding]) -> CriterionResult:
    progression = making.plan.progression
    scale = {"recruitment_rate": "rate", "dose": "average"}.get(criterion.measure, "share")
    base: dict[str, Any] = {
        "title": criterion.title,
        "scale": scale,
        "counted": counted_words(making, criterion),
        "better": criterion.better,
        "red": criterion.red,
        "green": criterion.green,
        "required": criterion.required,
        "level": making.plan.confidence_level,
        "alpha": progression.level,
        "power": progression.power,
        "planned": _planned(making, criterion),
        "override": _override(making, key),
    }
    return judged(CriterionResult(**base, **_counts(making, criterion, findings)))


def _counts(making: Making, criterion: Criterion, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the counts of a criterion as fields of its result, or why there are none."""
    if criterion.measure == "dose":
        return _dose(making, criterion)
    if criterion.measure == "recruitment_rate":
        came = measures.started_in_time(making, criterion)
        why = "" if came.months else "The pilot had not begun at the date of the drop."
        return {"events": came.n, "exposure": came.months, "unit": "people a month", "unknown_because": why}
    if criterion.measure == "acceptability":
        asked = measures.speakers(making, criterion)
        why = _unheard(asked, findings)
    else:
        try:
            asked, why = measures.people(making, criterion), ""
        except EstimationRefusal as refusal:  # periods of assessments that nobody can count
            return {"unknown_because": str(refusal)}
    groups = () if why else tuple(g for name in criterion.by for g in _groups(making, name, asked))
    return {"n": asked.n, "events": None if why else asked.events, "groups": groups, "unknown_because": why}


def _dose(making: Making, criterion: Criterion) -> dict[str, Any]:
    values = measures.doses(making, criterion)
    component = making.plan.intervention.components[measures.component_of(making, criterion)]
    if len(values) < 2:
        return {"n": len(values), "unit": component.unit, "unknown_because": "Too few people have a known dose."}
    return {
        "n": len(values),
        "estimate": float(values.mean()),
        "spread": float(values.std(ddof=1)),
        "unit": component.unit,
        "contributors": contributors(values),
    }


def _unheard(asked: People, findings: Sequence[Finding]) -> str:
    """Say why what people said cannot be counted; nothing when it can."""
    if not asked.n:
        return SILENT
    if not asked.codes:
        return UNUSED
    themes = [f.result for f in findings if isinstance(f.result, ThemeResult) and f.result.code in asked.codes]
    return UNAGREED if any(not theme.counted for theme in themes) else ""


def _groups(making: Making, name: str, asked: People) -> list[GroupShare]:
    """Return the criterion in each category of a covariate, in the order of the protocol, then of the alphabet."""
    if name not in asked.frame:
        return []
    covariate, rows = making.plan.covariates[name], asked.asked
    known = rows[rows[name].notna()]
    values = known[name].map(lambda value: {True: "yes", False: "no"}.get(value, str(value)))
    order = list(dict.fromkeys([*covariate.labels, *sorted(values.unique())]))
    found = []
    for level in [one for one in order if (values == one).any()]:
        own = known[values == level]
        title = covariate.labels.get(level, level)
        share = group_share(name, title, int(own["counts"].sum()), len(own), making.plan.confidence_level)
        found.append(share)
    return found


def _planned(making: Making, criterion: Criterion) -> float | None:
    """Return people (for a rate months) when recruitment is full; None where nobody said."""
    site, plan = making.site.site, making.plan
    if criterion.measure == "recruitment_rate":
        return measures.months_between(plan.dates.start, plan.dates.end)
    if criterion.measure in ("dose", "acceptability"):
        return criterion.planned_per_site.get(site)
    own = criterion.planned_per_site.get(site)
    everyone = measures.arm_of(making.plan, criterion) == "everyone" and criterion.counted[1] in (
        "assigned",
        "started",
        "due",
    )
    return own or (plan.population.planned_per_site.get(site) if everyone else None)
