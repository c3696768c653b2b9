"""How the interviews were coded: what coders agreed on and what differed, frames, codes together, who said what."""

from __future__ import annotations

from pipelines.findings.coded import (
    AgreementResult,
    CodeAgreement,
    CodebookResult,
    ElementPresence,
    FidelityResult,
    ReadingDifference,
    SaturationResult,
    WhoSaidResult,
)
from pipelines.findings.coded_words import measure_words, role
from pipelines.findings.models import Finding
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers
from pipelines.reporting.markup import bullets, heading, joined, named, plain, source
from pipelines.reporting.sentences import capital, role_words
from pipelines.reporting.tables import Table, markdown

FIRM, TENTATIVE = 0.8, 0.667
HOW_TO_READ = (
    "1 is full agreement, 0 is what chance would give. Krippendorff asks for 0.8, and for 0.667 where tentative "
    "conclusions will do. Both of either: what both coders coded, of what either did. Passages: agreement on where "
    "passages begin and end (alpha_U). AC1 is high wherever most text lacks a code, so it never stands alone."
)
NOT_AN_ERROR = (
    "Where people with different experience read the same words differently, that is a finding about the words. "
    "Nobody is right by majority."
)
NO_INTERVAL = (
    "A value without a range in brackets rests on too few interviews or passages, or on coders who differed nowhere: "
    "how far it would vary with other interviews cannot be told."
)
UNITS = {
    "segment": "coded passage",
    "sentence": "sentence",
    "paragraph": "turn of talk",
    "character": "character",
    "document": "interview",
}
USED = {"reached": "counted", "no floor": "counted", "below": "not counted", "unknown": "not counted"}


def agreement(evidence: Evidence) -> str:
    """Return what coders agreed on; nothing where there were no interviews."""
    found = next(ev.agreements(evidence), None)
    if found is None:
        return ""
    finding, result = found
    title = heading(2, f"How sure is the coding? {_title(result)}", "sec-coding")
    return joined(title, f"{plain(finding.sentence)} {source(finding.id)}", markdown(_table(result)), _worklist(result))


def differences(evidence: Evidence) -> str:
    """Return where groups of coders read differently."""
    found = next(ev.agreements(evidence), None)
    if found is None or not found[1].differences:
        return ""
    rows = [_reading(row) for row in sorted(found[1].differences, key=lambda row: (not row.differ, row.code))]
    head = ("Code", "Read by", "Found it in", "Both of either", "Read differently")
    table = Table("readings", "The same words read by different people", head, rows, (26, 24, 22, 12, 16), False)
    return joined(heading(3, "Where readings differ"), plain(NOT_AN_ERROR), markdown(table), source(found[0].id))


def frames(evidence: Evidence) -> str:
    """Return how far people's words show the elements of each frame."""
    return joined(*(_frame(finding, result) for finding, result in ev.fidelities(evidence)))


def together(evidence: Evidence) -> str:
    """Return which codes go together."""
    found = next(ev.togethers(evidence), None)
    if found is None or not found[1].pairs:
        return ""
    finding, result = found
    head = ("Codes", "Together", "First", "Second", "c")
    rows = [
        (
            " and ".join(f"“{title}”" for title in pair.titles),
            *(numbers.count(count) for count in (pair.together, pair.n_first, pair.n_second)),
            numbers.decimal(pair.c, 2),
        )
        for pair in result.pairs[:10]
    ]
    note = (
        f"Two codes meet by the rule: {result.rule}. c is 0 when they never meet and 1 when they always do. What "
        "overlaps counts once, whoever coded it. Pairs that meet rarely are left out."
    )
    table = Table("together", "Codes that go together most", head, rows, (52, 12, 12, 12, 12), note=note)
    return joined(heading(3, "What goes together"), markdown(table), source(finding.id))


def who_said(evidence: Evidence) -> str:
    """Return themes by category of those who spoke."""
    return joined(*(_who_said(finding, result) for finding, result in ev.who_said(evidence)))


def making(evidence: Evidence) -> str:
    """Return how the code book came to be, and whether interviews still brought new codes."""
    told = [*ev.codebooks(evidence), *ev.saturations(evidence)]
    if not told:
        return ""
    lines = [f"{plain(finding.sentence)} {source(finding.id)}" for finding, _ in told]
    changed = [_wordings(result) for _, result in told if isinstance(result, CodebookResult)]
    return joined(heading(3, "How the codes came about"), *lines, *changed, *map(_runs, ev.saturations(evidence)))


def _title(result: AgreementResult) -> str:
    """Say in a heading on how many codes coders agree."""
    if not result.codes:
        return "Each interview was coded by one person"
    floor = TENTATIVE if result.floor is None else result.floor
    held = sum(row.value is not None and row.value >= floor for row in result.codes)
    total = numbers.several(len(result.codes), "code")
    enough = f"all {total}" if held == len(result.codes) > 1 else f"{numbers.in_words(held)} of {total}"
    return f"Coders agree well enough on {enough}"


def _table(result: AgreementResult) -> Table:
    kappa = f"{'Fleiss’' if result.kappa_of == 'Fleiss' else 'Cohen’s'} kappa"
    head = ("Code", capital(measure_words(result)), "Both of either", kappa, "Passages", "AC1", "Use")
    rows = [_row(row) for row in result.codes]
    documents = "" if result.documents is None else f" in {numbers.several(result.documents, 'interview')}"
    compared = f"Compared by {UNITS.get(result.unit, result.unit)}{documents}."
    if any(row.value is not None and row.lower is None for row in result.codes) and result.measure != "alpha_u":
        compared = f"{compared} {NO_INTERVAL}"
    widths = (24, 21, 10, 11, 13, 9, 12)
    return Table(
        "agreement", "Agreement between coders, code by code", head, rows, widths, note=f"{compared} {HOW_TO_READ}"
    )


def _row(row: CodeAgreement) -> tuple[str, ...]:
    beside = (row.jaccard, row.kappa, row.alpha_u, row.ac1)
    return (row.title, _value(row), *(_figure(value) for value in beside), USED[row.standing])


def _value(row: CodeAgreement) -> str:
    if row.value is None:
        return "undefined"
    interval = "" if row.lower is None else f" ({_figure(row.lower)} to {_figure(row.upper)})"
    return f"{_figure(row.value)}{interval}"


def _figure(value: float | None) -> str:
    """Write a coefficient; one that could not be computed is no withheld one."""
    return numbers.NONE_HERE if value is None else numbers.decimal(value, 2)


def _worklist(result: AgreementResult) -> str:
    if not result.disagreements:
        return ""
    return plain(
        f"Coders have a worklist of {result.disagreements:,} stretches of text to talk over; it names places and "
        "codes, never words."
    )


def _reading(row: ReadingDifference) -> tuple[str, ...]:
    shares = [numbers.percent(share, 0) for share in (row.share_first, row.share_second)]
    found = "; ".join(shares) if row.share_first is not None else numbers.WITHHELD
    who = f"{role(row.first)}; {role(row.second)}"
    return (row.title, who, found, _figure(row.jaccard), "yes" if row.differ else "no sign of it")


def _frame(finding: Finding, result: FidelityResult) -> str:
    roles = list(dict.fromkeys(row.role for row in result.elements))
    cells = {(row.element, row.role): row for row in result.elements}
    titles = {row.element: row.title for row in result.elements}
    rows = [(title, *(_present(cells.get((key, one))) for one in roles)) for key, title in titles.items()]
    head = ("Element", *(capital(role_words(one)) for one in roles))
    note = (
        "People whose interviews show it, of those interviewed, with the exact interval for people like them where "
        f"the count may be shown. {result.source}"
    )
    name = f"frame-{result.frame.replace('_', '-')}"
    table = Table(name, f"{result.title}: what interviews show", head, rows, figures=False, note=note)
    told = f"{plain(finding.sentence)} {source(finding.id)}"
    return joined(heading(3, f"Held against a frame: {result.title}"), told, markdown(table))


def _present(row: ElementPresence | None) -> str:
    if row is None or not row.looked_for:
        return "not looked for"
    if not row.counted:
        return "none" if row.spread == "nobody" else "some, not counted: coders differ"
    if row.spread == "nobody":
        return "absent"
    if row.people is None or row.interviewed is None:
        return f"{row.spread} {numbers.WITHHELD}"
    count = f"{numbers.count(row.people)} of {numbers.count(row.interviewed)}"
    interval = f" ({numbers.percent(row.lower, 0)} to {numbers.percent(row.upper, 0)})" if row.lower is not None else ""
    return f"{count}{interval}"


def _who_said(finding: Finding, result: WhoSaidResult) -> str:
    title = heading(3, f"Who said what: by {result.title[:1].lower()}{result.title[1:]}")
    levels = list(dict.fromkeys(row.level for row in result.rows))
    cells = {(row.code, row.level): row for row in result.rows}
    titles = {row.code: row.title for row in result.rows}
    rows = [
        (
            name,
            *(
                f"{numbers.count(cells[code, level].people)} of {numbers.count(cells[code, level].interviewed)}"
                for level in levels
            ),
        )
        for code, name in titles.items()
    ]
    note = "Participants who agreed that interview and case file be linked."
    table = Table(
        f"who-{result.attribute}", f"Themes by {result.title}", ("Theme", *map(capital, levels)), rows, note=note
    )
    return joined(title, f"{plain(finding.sentence)} {source(finding.id)}", markdown(table))


def _wordings(result: CodebookResult) -> str:
    changed = [row for row in result.codes if len(row.wordings) > 1]
    return bullets(named(row.title, " Later: ".join(row.wordings)) for row in changed)


def _runs(found: tuple[Finding, SaturationResult]) -> str:
    result = found[1]
    rows = [
        (f"{one.after + 1} to {one.after + result.run}", f"{one.new:,}", numbers.percent(one.share, 0))
        for one in result.runs
    ]
    note = "In the order of the coded project. Share: new codes over those of the base."
    return markdown(
        Table("saturation", "New codes in further interviews", ("Interviews", "New", "Share"), rows, note=note)
    )
