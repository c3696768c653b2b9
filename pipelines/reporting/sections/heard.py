"""People's words shown by rule: framework matrix, negative cases, close reading, and stories people told themselves."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.findings.coded_words import people
from pipelines.findings.heard import Against, CloseReadingResult, FrameworkResult, StoriesResult, Story, Words
from pipelines.findings.speakers import SOMEBODY
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers
from pipelines.reporting.markup import block, heading, joined, named, plain, source
from pipelines.reporting.sentences import capital, role_words
from pipelines.reporting.tables import Table, markdown

STATES = {
    "summary and words": "summary and words",
    "words without a summary": "words, no summary",
    "summary without words": "summary, no words",
    "empty": "nothing",
}
MATRIX_NOTE = (
    "Rows are groups and not people, so that nobody can be followed from theme to theme. Summaries are the "
    "researchers' words; under each stand words of the same person, where these may be shown."
)
NEGATIVE_NOTE = (
    "Negative cases are looked for by rule, not by hand: whoever was coded with the theme's declared opposite. All "
    "four parts are shown together or not at all."
)
CLOSE_NOTE = (
    "How far an outcome lies from the average of the person's group decides who is picked; only those who agreed that "
    "interview and outcome be linked can be. Nothing here says who they are, or what their outcome was."
)
STORIES_NOTE = (
    "People told these stories and edited them themselves. Each is here with its author's consent, named as the author "
    "chose, and after the author could reply to what was made of it."
)
GROUPS = {
    "typical": "Outcome about as expected",
    "better": "Outcome better than expected",
    "worse": "Outcome worse than expected",
}


def contrast(evidence: Evidence) -> str:
    """Return how many speak against a theme, beside who speaks for it."""
    found = next(ev.contrasts(evidence), None)
    if found is None:
        return ""
    finding, result = found
    rows = [_against(row) for row in result.rows if row.against is not None]
    head = ("Theme and its opposite", "Asked", "Theme only", "Both", "Opposite only", "Neither")
    widths = (40, 12, 12, 12, 12, 12)
    table = Table("negative-cases", "Who speaks for a theme and who against", head, rows, widths, note=NEGATIVE_NOTE)
    told = f"{plain(finding.sentence)} {source(finding.id)}"
    return joined(heading(3, "Who speaks against a theme"), told, markdown(table))


def _against(row: Against) -> tuple[str, ...]:
    title = f"“{row.title}” against “{row.opposite_title}” ({people(row.role)})"
    return (title, *(numbers.count(n) for n in (row.interviewed, row.only, row.both, row.against, row.neither)))


def framework(evidence: Evidence) -> str:
    """Return the framework matrix by group, and its summaries with the words they rest on."""
    return joined(*(_framework(finding.id, finding.sentence, result) for finding, result in ev.frameworks(evidence)))


def _framework(finding_id: str, sentence: str, result: FrameworkResult) -> str:
    groups = list(dict.fromkeys(cell.group for cell in result.cells))
    states = {(cell.title, cell.group): STATES[cell.state] for cell in result.cells}
    titles = dict.fromkeys(cell.title for cell in result.cells)
    rows = [(title, *(states.get((title, group), STATES["empty"]) for group in groups)) for title in titles]
    head = ("Theme", *(_group_title(group) for group in groups))
    table = Table("framework", "What the framework matrix holds", head, rows, figures=False, note=MATRIX_NOTE)
    told = f"{plain(sentence)} {source(finding_id)}"
    shown = [_cell(cell) for cell in _together(result.quotes)]
    return joined(heading(3, "Theme by theme: the framework matrix"), told, markdown(table), *shown)


def _group_title(group: str) -> str:
    return {"member of staff": "Staff", SOMEBODY: "People we interviewed"}.get(group, capital(role_words(group)))


def _together(quotes: Sequence[Words]) -> list[list[Words]]:
    """Return words by the place at which they stand together, in order."""
    places = dict.fromkeys(one.place for one in quotes)
    return [[one for one in quotes if one.place == place] for place in places]


def _cell(cell: Sequence[Words]) -> str:
    summary, *words = cell
    told = f"{named(summary.theme, f'{summary.text}')}{_edited(summary)}"
    return joined(told, *(_quote(one, f"{one.group}, beside the summary above") for one in words))


def close_reading(evidence: Evidence) -> str:
    """Return words of typical and extreme cases, or why nobody was picked."""
    return joined(*(_close(finding.id, finding.sentence, result) for finding, result in ev.close_readings(evidence)))


def _close(finding_id: str, sentence: str, result: CloseReadingResult) -> str:
    told = f"{plain(sentence)} {source(finding_id)}"
    shown = [_group(result, group) for group in GROUPS]
    note = "" if result.refused else plain(CLOSE_NOTE)
    return joined(heading(3, "Read closely: as expected, and far from it"), told, note, *shown)


def _group(result: CloseReadingResult, group: str) -> str:
    quotes = [one for one in result.quotes if one.group == group]
    by = f"one of {numbers.in_words(result.each)} people"
    return (
        joined(named(GROUPS[group], ""), *(_quote(one, f"{by}, on “{_leaf(one.theme)}”") for one in quotes))
        if (quotes)
        else ""
    )


def _leaf(path: str) -> str:
    return path.rsplit(" / ", 1)[-1]


def stories(evidence: Evidence) -> str:
    """Return the stories that people told and edited themselves."""
    return joined(*(_stories(finding.id, finding.sentence, result) for finding, result in ev.stories(evidence)))


def _stories(finding_id: str, sentence: str, result: StoriesResult) -> str:
    words = {group[0].place: group for group in _together(result.quotes)}
    told = f"{plain(sentence)} {source(finding_id)}"
    note = plain(STORIES_NOTE) if result.stories else ""
    shown = [_story(story, words[story.place]) for story in result.stories]
    return joined(heading(3, "Stories people told themselves"), told, note, *shown)


def _story(story: Story, words: Sequence[Words]) -> str:
    author = story.credit or "a community reporter who chose to stay anonymous"
    curated = f", curation round {story.round}" if story.round else ""
    last = {
        True: "the author's reply stands below",
        False: "the author replied" if story.reply == "given" else "a reply was offered",
    }[len(words) > 1]
    return joined(
        _quote(words[0], f"told by {author}{curated}; {last}"),
        *(_quote(one, "the author's reply") for one in words[1:]),
    )


def _quote(words: Words, by: str) -> str:
    paragraphs = [part for part in words.text.split("\n\n") if part.strip()]
    quoted = "\n>\n".join(f"> {plain(part)}" for part in paragraphs)
    return block("quote", quoted, by=f"{by}{_edited(words)}")


def _edited(words: Words) -> str:
    return " (edited: words in square brackets were not written so)" if words.edited else ""
