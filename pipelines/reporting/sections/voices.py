"""What people said: themes by people, with their words where these may be shown."""

from __future__ import annotations

from pipelines.findings.models import QuoteShown, ThemeResult
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers
from pipelines.reporting.markup import block, heading, joined, plain, source
from pipelines.reporting.sections.summary import most_told
from pipelines.reporting.tables import Table, markdown

NO_INTERVIEWS = "No interviews were part of this pilot."


def voices(evidence: Evidence) -> str:
    """Return the themes; one line when there are none."""
    found = ev.themes(evidence)
    title = heading(2, _title(evidence), "sec-voices")
    if not found:
        return joined(title, NO_INTERVIEWS)
    return joined(title, markdown(_table(found)), source(*(theme.finding.id for theme in found)))


def quotes(evidence: Evidence) -> str:
    """Return people's words, a theme at a time, and say how many stay unshown."""
    shown = [quote_block(theme.result, quote) for theme, quote in ev.quotes(evidence)]
    withheld = plain(_withheld(evidence))
    return joined(heading(3, "In their own words"), *shown, withheld) if shown or withheld else ""


def quote_block(theme: ThemeResult, quote: QuoteShown) -> str:
    """Return one person's words with speaker and theme."""
    return block("quote", f"> {plain(quote.text)}", by=f"{quote.speaker}, on “{theme.title}”")


def people_told(result: ThemeResult) -> str:
    """Say how many people spoke of a theme, by role, with the number asked."""
    return " and ".join(f"{_of(result, role)} {role}" for role in result.people)


def _title(evidence: Evidence) -> str:
    """Say the theme that most people spoke of."""
    if not ev.themes(evidence):
        return "What people said: nobody was interviewed"
    result = most_told(evidence).result
    return f"What people said: {people_told(result)} spoke of “{result.title}”"


def _table(found: list[ev.Said]) -> Table:
    """Tabulate themes by people, never by passages alone."""
    roles = list(dict.fromkeys(role for theme in found for role in theme.result.interviewed))
    two_coders = any(theme.result.agreement is not None for theme in found)
    head = ("Theme", "What it means", *(role.capitalize() for role in roles), "Passages", *(("Coders agree",) if two_coders else ()))
    rows = [_row(theme.result, roles, two_coders) for theme in found]
    note = "People who spoke of it, of those interviewed. " + (
        "Coders agree: share of interviews in which two people who read it independently agree whether the theme is there."
        if two_coders
        else "One person coded the interviews, so agreement is unknown."
    )
    widths = (24, 76 - 14 * (len(head) - 2), *([14] * (len(head) - 2)))
    return Table("themes", "Themes, by people who spoke of them", head, rows, widths, False, note)


def _row(result: ThemeResult, roles: list[str], two_coders: bool) -> tuple[str, ...]:
    """Write one theme."""
    spread = (_of(result, role) for role in roles)
    agreement = (numbers.percent(result.agreement, 0) if result.agreement is not None else numbers.NONE_HERE,) if two_coders else ()
    return (result.title, result.definition, *spread, numbers.count(result.passages), *agreement)


def _of(result: ThemeResult, role: str) -> str:
    """Write people of those interviewed; where the count is withheld, how many that is in a word."""
    people, asked = result.people.get(role), numbers.count(result.interviewed.get(role))
    return f"{result.spread.get(role, numbers.WITHHELD)} of {asked}" if people is None else f"{numbers.count(people)} of {asked}"


def _withheld(evidence: Evidence) -> str:
    """Say how many candidates stay unshown, and why."""
    several = sum(theme.result.withheld_quotes for theme in ev.themes(evidence))
    if not several:
        return ""
    were = "passage is" if several == 1 else "passages are"
    return f"{several} further {were} not shown: not approved, not consented to, or naming somebody."
