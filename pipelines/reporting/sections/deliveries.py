"""What the deliveries hold: what changed since the drop before, who is found in which file, and who was lost."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.findings.models import CorrectionsResult, Count, DifferenceResult, FieldChange, LinkageResult
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers
from pipelines.reporting.markup import bullets, heading, joined, plain, source
from pipelines.reporting.numbers import NONE_HERE
from pipelines.reporting.sections.likeness import likeness
from pipelines.reporting.sections.people import baseline_cells, light_words
from pipelines.reporting.sentences import capital, name
from pipelines.reporting.tables import Table, markdown

NOUNS = {"cases": "Case file", "contacts": "Contacts", "spend": "Payments", "consents": "Consents", "events": "Events"}
NOUNS |= {"assessments": "Assessments", "series": "Series"}
DIFFERENCES = ("Standardised difference", "In words")


def deliveries(evidence: Evidence) -> str:
    """Return the section; nothing where nothing is known of the deliveries."""
    differences, linkages = ev.differences(evidence), ev.linkages(evidence)
    likenesses, corrected = ev.likenesses(evidence), ev.corrections(evidence)
    if not (differences or linkages or likenesses or corrected):
        return ""
    return joined(
        heading(3, "What the deliveries hold", "sec-deliveries"),
        *(f"{plain(f.sentence)} {source(f.id)}" for f, result in differences if result.noun == "cases"),
        _drops([result for _, result in differences]),
        _changes(evidence, [change for _, result in differences for change in result.changes]),
        bullets(f"{plain(f.sentence)} {source(f.id)}" for f, result in linkages if _worth_a_sentence(result)),
        _found([result for _, result in linkages if result.noun != "cases" or result.extract]),
        *(_lost(result, number) for number, (_, result) in enumerate(linkages, start=1) if result.groups),
        *(likeness(finding, number) for number, (finding, _) in enumerate(likenesses, start=1)),
        *(f"{plain(f.sentence)} {source(f.id)}" for f, _ in corrected),
        *(_register(result) for _, result in corrected),
    )


REGISTER_NOTE = (
    "Applied where the old value stood; not found where it does not stand (any more); ambiguous where several rows "
    "could be meant."
)


def _register(result: CorrectionsResult) -> str:
    """Tabulate the register of corrections: what was to be corrected, why, and what became of it."""
    head = ("Field", "Reason", "On", "What became of it")
    rows = [(_field(line.field), line.why, line.made_on, line.status) for line in result.register_lines]
    caption, widths = "Values corrected by the evaluation", (22, 46, 16, 16)
    return markdown(Table("register", caption, head, rows, widths, note=REGISTER_NOTE)) if rows else ""


def _field(field: str) -> str:
    """Return a field for readers."""
    return capital(field.replace("_", " "))


def _drops(results: list[DifferenceResult]) -> str:
    """Tabulate rows and people of this drop and the one before."""
    if not results:
        return ""
    earlier, newest = results[0].earlier, results[0].newest
    head = ("Table", f"Rows, {earlier}", f"Rows, {newest}", f"People, {earlier}", f"People, {newest}")
    rows = [(NOUNS[r.noun], (r.rows_before, r.rows_now, r.people_before, r.people_now)) for r in results]
    told, note = _told(rows)
    return joined(markdown(Table("drops", "What this drop holds, and what the one before held", head, told)), note)


def _told(rows: Sequence[tuple[str, tuple[Count, ...]]]) -> tuple[list[tuple[str, ...]], str]:
    """Return the rows that tell something, and in words what nothing may be shown of."""
    told = [(title, *map(numbers.count, counts)) for title, counts in rows if set(counts) != {None}]
    silent = [title for title, counts in rows if set(counts) == {None}]
    note = f"Not shown, because the numbers would speak of a few people: {'; '.join(silent)}."
    return told, plain(note) if silent else ""


def _changes(evidence: Evidence, changes: list[FieldChange]) -> str:
    """Tabulate the fields that changed, became known, or are not known any more."""
    told = [change for change in changes if (change.changed, change.filled, change.emptied) != (0, 0, 0)]
    head = ("What", "Changed", "Became known", "Not known any more")
    rows = [(_title(evidence, c), _changed(c), numbers.count(c.filled), numbers.count(c.emptied)) for c in told]
    note = "People who are in both drops. What changed for nobody is left out."
    table = Table(
        "changes", "For how many people in both drops a record changed", head, rows, (46, 18, 18, 18), note=note
    )
    return markdown(table)


def _title(evidence: Evidence, change: FieldChange) -> str:
    """Name a field where it stands alone."""
    outcome = evidence.plan.outcomes.get(change.field) if change.group == "outcome" else None
    return name(outcome.type, change.title) if outcome else capital(change.title)


def _changed(change: FieldChange) -> str:
    """Write how many people a field changed for, in words where the count is withheld."""
    return f"{numbers.count(change.changed)} ({change.extent})" if change.extent else numbers.count(change.changed)


def _worth_a_sentence(result: LinkageResult) -> bool:
    """Tell whether somebody is lost, nameless or perhaps two people: the table says the rest."""
    lost = result.expected and result.without != 0 and (result.noun != "cases" or result.extract)
    return (
        bool(lost) or result.strangers != 0 or result.stranger_rows != 0 or any(n != 0 for n in result.several.values())
    )


def _found(results: list[LinkageResult]) -> str:
    """Tabulate who is found in each file."""
    head = ("File", "People", "Found there", "Not found there", "In no case file")
    rows = [(capital(r.title), (r.people, r.linked, r.without)) for r in results]
    told, silent = _told(rows)
    strangers = {capital(r.title): NONE_HERE if r.noun == "outcomes" else numbers.count(r.strangers) for r in results}
    lines = [(*row, strangers[row[0]]) for row in told]
    note = "People of the case file who count in this report; for an outcome, those whose follow-up is over."
    table = Table("linkage", "Who is found in which file", head, lines, (36, 16, 16, 16, 16), note=note)
    return joined(markdown(table), silent)


def _lost(result: LinkageResult, number: int) -> str:
    """Tabulate who was lost beside who was found."""
    sizes = {"linked": result.linked, "without": result.without}
    columns = (f"{arm.title} (n = {numbers.count(sizes[key])})" for key, arm in result.groups[0].arms.items())
    head = ("Characteristic", *columns, *DIFFERENCES)
    rows = [
        (row.title, *baseline_cells(row, list(row.arms)), numbers.decimal(row.difference, 2), light_words(row))
        for row in result.groups
    ]
    note = "Means with standard deviation in brackets; shares with people in brackets."
    caption = f"Who was lost: {result.title}"
    return markdown(Table(f"lost-{number}", caption, head, rows, (28, 16, 16, 20, 20), note=note))
