"""Putting it together: for each question, what the numbers say, what people said, and how the two meet."""

from __future__ import annotations

from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers
from pipelines.reporting.markup import block, bold, columns, heading, joined, plain, source
from pipelines.reporting.tables import Table, markdown

_FITS = {"agree": "● Agree", "partial": "◐ Agree in part", "silent": "– One is silent", "dissonant": "◆ Dissonant"}
_DIRECTIONS = {
    "supports": "support what was expected",
    "against": "speak against it",
    "open": "leave it open",
    "mixed": "are mixed",
    "silent": "are silent",
}


def together(evidence: Evidence) -> str:
    """Return the joint display, short and then in full; nothing where one side is missing from the whole pilot."""
    found = ev.answers(evidence)
    if not found or not ev.themes(evidence):
        return ""
    head = ("Question", "Numbers", "Voices", "Fit")
    table = Table(
        "joint", "Numbers and voices, question by question", head, [_row(row) for row in found], (40, 20, 20, 20), False
    )
    title = heading(2, f"Putting it together: {_title(found)}", "sec-together")
    return joined(title, markdown(table), *(_question(row) for row in found))


def _title(found: list[ev.Answered]) -> str:
    """Count where numbers and voices agree, or say that they part."""
    agreed = sum(row.result.fit == "agree" for row in found)
    parted = sum(row.result.fit == "dissonant" for row in found)
    some = numbers.in_words(agreed) if agreed else "none"
    told = f"numbers and voices agree on {some} of {numbers.several(len(found), 'question')}"
    return f"{told} and part on {numbers.in_words(parted)}" if parted else told


def _asked(row: ev.Answered) -> str:
    """Return the question of a row."""
    return row.finding.question.text if row.finding.question else row.finding.id


def _row(row: ev.Answered) -> tuple[str, ...]:
    """Write one question."""
    result = row.result
    return (_asked(row), _DIRECTIONS[result.number_direction], _DIRECTIONS[result.voice_direction], _FITS[result.fit])


def _question(row: ev.Answered) -> str:
    """Return one question in full: both sides next to each other, then what they mean together."""
    result = row.result
    sides = [joined(bold("Numbers"), plain(result.number)), joined(bold("Voices"), plain(result.voice))]
    meant = block("key-finding", plain(result.meaning), source(row.finding.id), title=_FITS[result.fit])
    expected = f"Expected beforehand: {row.finding.question.expectation}" if row.finding.question else ""
    return joined(heading(3, _asked(row)), plain(expected), columns(sides), meant)
