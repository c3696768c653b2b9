"""The technical annex: where numbers come from, other engines, disclosure, provenance, how to do it again, words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipelines.findings.models import Finding, OtherEstimate
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers
from pipelines.reporting.leaves import leaves
from pipelines.reporting.markup import block, bullets, code, heading, joined, plain
from pipelines.reporting.sections import plan_kept
from pipelines.reporting.sections.status import SEVERITIES
from pipelines.reporting.sentences import capital, name_of, within
from pipelines.reporting.tables import Table, markdown


def number_sources(evidence: Evidence) -> str:
    """Return every figure of every finding, unrounded, by the finding's id; on paper those of estimates only.

    On paper the whole table would be pages of digits that nobody can search or copy.
    """
    told = {f.id: " · ".join(_figure(f.id, *leaf) for leaf in leaves(f)) for f in evidence.findings}
    rows = [f"| {code(finding_id)} | {figures} |" for finding_id, figures in told.items() if figures]
    if not rows:
        return ""
    whole, main = _every_figure(rows), _main_figures(evidence)
    return joined(
        block("content-hidden", whole, depth=5, **{"when-format": "typst"}),
        block("content-hidden", main, depth=5, **{"when-format": "html"}),
    )


def _every_figure(rows: Sequence[str]) -> str:
    listed = "\n".join(
        (
            "| Finding | Figures, unrounded |",
            "|:----------------|:------------------------------------------------------------|",
            *rows,
        )
    )
    caption = "Every figure of this report, as it stands in the evidence bundle"
    return f":::: {{#tbl-sources}}\n\n{listed}\n\n{caption}\n\n::::"


REFUSED = " (not to be relied on here)"
MAIN = {"Estimate": "value", "From": "lower", "To": "upper", "p": "p"}


def _main_figures(evidence: Evidence) -> str:
    """Return estimates with their intervals to six digits, and where all the other figures are."""
    found = [(f.id, *(_main(f, field) for field in MAIN.values())) for f in evidence.findings]
    rows = [row for row in found if row[1] != numbers.NONE_HERE]
    caption = "Estimates of this report as they stand in the evidence bundle, to six digits"
    table = Table("estimates", caption, ("Finding", *MAIN), rows, (40, 16, 16, 16, 12))
    whole = "Every figure, unrounded, is in evidence.json and in the web page of this report."
    return joined(markdown(table), block("note", plain(whole)))


def _main(finding: Finding, field: str) -> str:
    figure = getattr(finding.result, field, None)
    if isinstance(figure, int | float):
        return numbers.trimmed(float(f"{figure:.6g}"))
    return numbers.WITHHELD if field in {one.cell for one in finding.disclosure.changes} else numbers.NONE_HERE


def other_engines(evidence: Evidence) -> str:
    """Return other engines' answers beside the headline."""
    rows = [_other(pair, other) for pair in ev.effects(evidence) for other in pair.result.others]
    head = ("Outcome", "Engine", "Measure", "Estimate", "Interval", "p")
    note = "Differences of shares are in percentage points."
    if any(pair.result.look is not None and pair.result.others for pair in ev.effects(evidence)):
        note += " Intervals and p values are those of a single look; the table of looks shows those that allow for all."
    table = Table(
        "engines", "Other engines' answers to the same questions", head, rows, (32, 16, 18, 10, 16, 8), note=note
    )
    return joined(heading(3, "Other ways to estimate"), markdown(table)) if rows else ""


def all_checks(evidence: Evidence) -> str:
    """Return every check of the data."""
    rows = [
        (
            check.noun,
            check.rule,
            "held" if check.passed else f"failed: {within(SEVERITIES[check.severity])}",
            check.sentence,
        )
        for check in ev.checks(evidence)
    ]
    table = Table(
        "checks",
        "Every check of the data",
        ("Table", "Rule", "Result", "What was found"),
        rows,
        (14, 24, 16, 46),
        False,
    )
    return joined(heading(3, "Checks of the data, one by one"), markdown(table)) if rows else ""


def disclosure(evidence: Evidence) -> str:
    """Return what was changed to protect people, in words."""
    told = Counter((change.action, change.rule) for change in evidence.disclosure.changes)
    items = [
        f"{capital(action)} by the rule “{rule}”: {numbers.several(count, 'figure')}."
        for (action, rule), count in told.items()
    ]
    profile = f"Profile “{evidence.disclosure.profile or evidence.plan.disclosure.profile}”."
    nothing = "" if items else "Nothing had to be withheld or rounded."
    head = ("Finding", "Figures", "Action", "Rule")
    table = Table("disclosure", "Disclosure log", head, _changed(evidence), (24, 40, 12, 24), False)
    return joined(plain(f"{profile} {nothing}".strip()), bullets(plain(item) for item in items), markdown(table))


def _changed(evidence: Evidence) -> list[tuple[str, ...]]:
    """Return the disclosure log with a row for all figures of a finding that were changed in the same way."""
    told: dict[tuple[str, str, str], list[str]] = {}
    for change in evidence.disclosure.changes:
        finding, _, figure = change.cell.partition(": ")
        told.setdefault((finding, change.action, change.rule), []).append(figure or "the whole finding")
    return [(finding, ", ".join(figures), action, rule) for (finding, action, rule), figures in told.items()]


def provenance(evidence: Evidence) -> str:
    """Return the hashes that have to be the same for the same report to come out."""
    hashes = evidence.provenance
    items = [
        ("Release", evidence.release),
        ("Data drop", f"{evidence.drop.name}, SHA-256 {evidence.drop.sha256}"),
        ("Protocol", hashes.protocol),
        ("Disclosure policy", hashes.policy),
        ("Program", hashes.code),
        ("Packages", hashes.environment),
        ("Python", hashes.python),
        ("Seed", str(hashes.seed)),
    ]
    version = plan_kept.version(evidence)
    told = [f"{plain('Version of the protocol')}: {plain(version)}"] if version else []
    return bullets([*(f"{plain(name)}: {code(value)}" for name, value in items), *told])


def rerun(evidence: Evidence) -> str:
    """Return the command that makes this report again."""
    return f"```\npilotlens run {evidence.plan.pilot}/{evidence.site}\n```"


def data_sources(evidence: Evidence) -> str:
    """Return where the data come from and under which licence."""
    items = [
        plain(f"{src.citation} Licence: {src.licence}" if src.licence else src.citation)
        for src in evidence.plan.sources
    ]
    if evidence.plan.synthetic:
        items.append("The data of this pilot are made up: nobody in them is real.")
    return joined(heading(3, "Data sources and licences"), bullets(items)) if items else ""


def contact(evidence: Evidence) -> str:
    """Return whom to ask."""
    return (
        block("note", plain(f"Questions about this report: {evidence.plan.contact}")) if evidence.plan.contact else ""
    )


def _figure(finding_id: str, field: str, value: str) -> str:
    """Write one figure with its place in the finding; the two never part at the end of a line."""
    return f"{plain(field)}\N{NO-BREAK SPACE}{code(value, finding=finding_id, field=field)}"


def _other(pair: ev.Estimated, other: OtherEstimate) -> tuple[str, ...]:
    """Write one other engine's answer."""
    points = other.measure.startswith("risk difference")
    value, lower, upper = (_answer(n, points) for n in (other.value, other.lower, other.upper))
    interval = f"{lower} to {upper}" if other.lower is not None else numbers.NONE_HERE
    engine = other.engine + REFUSED if other.refused else other.engine
    return (name_of(pair.result), engine, other.measure, value, interval, numbers.p_value(other.p))


def _answer(value: float | None, points: bool) -> str:
    """Write an estimate or a limit.

    The policy leaves out an engine it may not show as a whole, so a missing figure was never computed: a test has none.
    """
    if value is None:
        return numbers.NONE_HERE
    return numbers.points(value) if points else numbers.decimal(value, 2)
