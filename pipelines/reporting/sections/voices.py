"""What people said: themes by people, with their words where these may be shown."""

from __future__ import annotations

from pipelines.findings.models import QuoteShown, ThemeResult
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers
from pipelines.reporting.markup import block, heading, joined, named, plain, source
from pipelines.reporting.sections.summary import most_told
from pipelines.reporting.sentences import capital, role_words
from pipelines.reporting.tables import Table, markdown

NO_INTERVIEWS = "No interviews were part of this pilot."
NO_WORDS = (
    "Nobody's words are shown: none has passed all of: consent to be quoted and published, somebody's approval of the "
    "exact words, and the check for names."
)
_COUNTED = (
    "People who spoke of it, of those interviewed; where a count is withheld, a word says how many that is. Kept back: "
    "passages that nobody approved for quoting, or that may not be quoted."
)
_TWO_CODERS = "Coders agree: share of interviews in which two coders agree whether the theme is there."
_ONE_CODER = "One person coded the interviews, so agreement is unknown."


def voices(evidence: Evidence) -> str:
    """Return the themes; one line when there are none."""
    found = ev.themes(evidence)
    title = heading(2, _title(evidence), "sec-voices")
    if not found:
        return joined(title, NO_INTERVIEWS)
    return joined(title, markdown(_table(found)), source(*(theme.finding.id for theme in found)))


def quotes(evidence: Evidence) -> str:
    """Return each theme's meaning, and people's words on it where they may be shown."""
    if not ev.themes(evidence):
        return ""
    results = {theme.result.code: theme.result for theme in ev.themes(evidence)}
    told = [_theme(result, results.get(result.opposite)) for result in results.values()]
    return joined(heading(3, "Theme by theme"), *told, "" if ev.quotes(evidence) else NO_WORDS)


def _theme(result: ThemeResult, opposite: ThemeResult | None) -> str:
    """Return one theme's meaning, what speaks against it, and words for both."""
    against = plain(f"Against it: {people_told(opposite)} spoke of “{opposite.title}”.") if opposite else ""
    uncounted = "" if result.counted else plain(f"Not counted: {result.not_counted}.")
    return joined(
        named(result.title, result.definition), uncounted, against, *(quote_block(result, q) for q in result.quotes)
    )


def quote_block(theme: ThemeResult, quote: QuoteShown) -> str:
    """Return one person's words with speaker and theme."""
    on = "against" if quote.voice == "counter" else "on"
    return block("quote", f"> {plain(quote.text)}", by=f"{quote.speaker}, {on} “{theme.title}”{edited(quote)}")


def edited(quote: QuoteShown) -> str:
    """Say that words in brackets were not spoken, where there are any."""
    return " (edited: words in square brackets were not spoken)" if quote.edited else ""


def people_told(result: ThemeResult) -> str:
    """Say how many people spoke of a theme, by role, with the number asked."""
    return " and ".join(_told(result, role) for role in result.people)


def _title(evidence: Evidence) -> str:
    """Say the theme that most people spoke of."""
    if not ev.themes(evidence):
        return "What people said: nobody was interviewed"
    result = most_told(evidence).result
    return f"What people said: {people_told(result)} spoke of “{result.title}”"


def _told(result: ThemeResult, role: str) -> str:
    """Say how many of a role spoke of a theme, in words where the count is withheld."""
    if result.people.get(role) is None or result.interviewed.get(role) is None:
        word = result.spread.get(role, "some")
        return f"{'none' if word == 'nobody' else word} of the {role_words(role)}"
    return f"{_of(result, role)} {role_words(role)}"


def _table(found: list[ev.Said]) -> Table:
    """Tabulate themes by people, never by passages alone."""
    roles = list(dict.fromkeys(role for theme in found for role in theme.result.interviewed))
    two_coders = any(theme.result.agreement is not None for theme in found)
    asked = (capital(role_words(role)) for role in roles)
    head = ("Theme", *asked, "Passages", "Kept back", *(("Coders agree",) if two_coders else ()))
    rows = [_row(theme.result, roles, two_coders) for theme in found]
    note = f"{_COUNTED} {_TWO_CODERS if two_coders else _ONE_CODER}"
    return Table("themes", "Themes, by people who spoke of them", head, rows, note=note)


def _row(result: ThemeResult, roles: list[str], two_coders: bool) -> tuple[str, ...]:
    """Write one theme."""
    spread = (_of(result, role) for role in roles)
    agreement = (
        (numbers.percent(result.agreement, 0) if result.agreement is not None else numbers.NONE_HERE,)
        if two_coders
        else ()
    )
    return (result.title, *spread, numbers.count(result.passages), numbers.count(result.withheld_quotes), *agreement)


def _of(result: ThemeResult, role: str) -> str:
    """Write people of those interviewed; where a count is withheld, how many that is in a word."""
    people, asked = result.people.get(role), result.interviewed.get(role)
    if people is not None and asked is not None:
        return f"{numbers.count(people)} of {numbers.count(asked)}"
    return f"{result.spread.get(role, '')} {numbers.WITHHELD}".strip()
