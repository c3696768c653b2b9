"""Progression criteria: thresholds, figures and lights, what the agreed rule makes of them, and who decides."""

from __future__ import annotations

from pipelines.findings.models import Finding
from pipelines.findings.progress import CriterionResult, DecisionResult, GroupShare
from pipelines.findings.progress_words import LIGHTS, VERDICTS, count, hundred, rule_words, shown, threshold
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import figures, numbers
from pipelines.reporting.criteria_figure import criteria_figure
from pipelines.reporting.lights import CRITERION_COLOURS, VERDICT_COLOURS
from pipelines.reporting.markup import block, bullets, heading, joined, light, plain, source
from pipelines.reporting.tables import Table, markdown

Judged = tuple[Finding, CriterionResult]
HOW = (
    "Red and green were agreed beforehand. Between the two it is amber: near green when the result is further from red "
    "than chance alone would make likely (a one-sided test after Lewis and others 2021), else near red."
)


def opening(evidence: Evidence) -> str:
    """Return the heading with the verdict, the rule and the decision; nothing where no criteria were agreed."""
    found = ev.decision(evidence)
    if found is None:
        return ""
    finding, result = found
    title = heading(2, f"Progression criteria: {VERDICTS[result.verdict].lower()}", "sec-progression")
    verdict = light(VERDICTS[result.verdict], VERDICT_COLOURS[result.verdict])
    rule = f"The rule agreed beforehand: {rule_words(result)}."
    told = block(
        "key-finding",
        verdict,
        plain(finding.sentence),
        plain(rule),
        source(finding.id),
        title="What the agreed rule says",
    )
    return joined(title, told, _by_hand(evidence, result))


def criteria(evidence: Evidence) -> str:
    """Return the lights as cards, the figure and the table."""
    found = ev.criteria(evidence)
    if not found:
        return ""
    cards = [_card(finding, result) for finding, result in found]
    picture = figures.markdown(criteria_figure([result for _, result in found]))
    parts = (block("cards", *cards, depth=4), picture, markdown(_table(found)), markdown(_tests(found)))
    return joined(*parts, source(*(finding.id for finding, _ in found)))


def groups(evidence: Evidence) -> str:
    """Return each criterion by the declared categories; which may not be shown is said."""
    found = [(f, r) for f, r in ev.criteria(evidence) if r.groups or r.groups_withheld]
    if not found:
        return ""
    rows = [_group(result, group, evidence) for _, result in found for group in result.groups]
    head = ("Criterion", "Category", "People", "Share", "Interval")
    note = "Wilson intervals. A wide interval says that too few people are in the category to tell."
    table = Table("criteria-by-group", "For whom each criterion is met", head, rows, (34, 20, 16, 12, 18), True, note)
    withheld = [
        f"{result.title}: not shown by {', '.join(_covariate(evidence, name) for name in result.groups_withheld)}, "
        "to protect people."
        for _, result in found
        if result.groups_withheld
    ]
    words = (heading(3, "For whom it goes well"), markdown(table), bullets(plain(one) for one in withheld))
    return joined(*words, source(*(finding.id for finding, _ in found)))


def _card(finding: Finding, result: CriterionResult) -> str:
    words = finding.sentence.partition(": ")[2] if finding.sentence.startswith(result.title) else finding.sentence
    required = "" if result.required else "Not required: it is shown, and has no say in the verdict."
    told = (words[:1].upper() + words[1:], required)
    colour = CRITERION_COLOURS[result.light]
    return block("card", light(LIGHTS[result.light], colour), *(plain(one) for one in told if one), title=result.title)


def _table(found: list[Judged]) -> Table:
    """Tabulate thresholds, counts and lights."""
    rows = [
        (
            result.title,
            f"{_beyond(result)} {threshold(result, result.red)}",
            f"{_reaching(result)} {threshold(result, result.green)}",
            _people(result),
            shown(result, result.estimate),
            _limits(result, result.lower, result.upper),
            LIGHTS[result.light],
        )
        for _, result in found
    ]
    head = ("Criterion", "Red", "Green", "n of N", "Result", "Interval", "Light")
    return Table("criteria", "What was agreed, and what was seen", head, rows, (26, 11, 11, 12, 10, 16, 14), True, HOW)


def _tests(found: list[Judged]) -> Table:
    """Tabulate what is behind the lights: the test, what is still to come, and how many it takes."""
    rows = [
        (
            result.title,
            shown(result, result.cut),
            numbers.WITHHELD if result.p is None else numbers.p_value(result.p),
            hundred(result.chance_green) if result.chance_green is not None else numbers.NONE_HERE,
            f"{result.needed:,} {'months' if result.scale == 'rate' else 'people'}" if result.needed else "",
        )
        for _, result in found
    ]
    head = ("Criterion", "Amber turns at", "p against red", "Chance of green", "Needed")
    power = f"{100 * found[0][1].power:g}"
    note = (
        "p against red: how often a pilot that is only just red would do as well as this or better (one-sided). Chance "
        "of green: with everybody planned, every share being equally likely beforehand; a dash where recruitment is "
        f"full or no number was planned. Needed: to tell green from red {power} times in 100."
    )
    return Table("criteria-tests", "What stands behind the lights", head, rows, (34, 15, 15, 20, 16), True, note)


def _beyond(result: CriterionResult) -> str:
    return "up to" if result.better == "higher" else "from"


def _reaching(result: CriterionResult) -> str:
    return "from" if result.better == "higher" else "up to"


def _limits(result: CriterionResult, lower: float | None, upper: float | None) -> str:
    return numbers.WITHHELD if lower is None else f"{shown(result, lower)} to {shown(result, upper)}"


def _people(result: CriterionResult) -> str:
    if result.estimate is None:
        return numbers.WITHHELD
    if result.scale == "rate":
        return f"{count(result.events)} people"
    return f"{count(result.n)} people" if result.scale == "average" else f"{count(result.events)} of {count(result.n)}"


def _by_hand(evidence: Evidence, decision: DecisionResult) -> str:
    """Print decisions against a light or the verdict beside what was computed."""
    found = [("The verdict", VERDICTS[decision.verdict], decision.override)]
    found += [(result.title, LIGHTS[result.light], result.override) for _, result in ev.criteria(evidence)]
    rows = [
        (title, computed, VERDICTS[one.decision], f"{one.who}, {one.on}", one.why)
        for title, computed, one in found
        if one is not None
    ]
    head = ("On", "As computed", "As decided", "By whom, when", "Why")
    return markdown(Table("overrides", "Decided otherwise by people", head, rows, (22, 16, 16, 20, 26), False))


def _group(result: CriterionResult, group: GroupShare, evidence: Evidence) -> tuple[str, ...]:
    limits = _limits(result, group.lower, group.upper)
    category = f"{_covariate(evidence, group.covariate)}: {group.level}"
    people = f"{count(group.events)} of {count(group.n)}"
    return (result.title, category, people, shown(result, group.share), limits)


def _covariate(evidence: Evidence, name: str) -> str:
    covariate = evidence.plan.covariates.get(name)
    return covariate.title if covariate else name
