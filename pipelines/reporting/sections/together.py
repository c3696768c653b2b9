"""Putting it together: for each question, what the numbers say, what people said, and how the two meet."""

from __future__ import annotations

from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers
from pipelines.reporting.markup import heading, joined, source
from pipelines.reporting.tables import Table, markdown

_FITS = {"agree": "● Agree", "partial": "◐ Agree in part", "silent": "– One is silent", "dissonant": "◆ Dissonant"}
_DIRECTIONS = {
    "supports": "for the expectation",
    "against": "against the expectation",
    "open": "open",
    "mixed": "mixed",
    "silent": "silent",
}


def together(evidence: Evidence) -> str:
    """Return the joint display; nothing when the pilot asked no question of both kinds."""
    found = ev.answers(evidence)
    if not found:
        return ""
    head = ("Question", "Numbers", "Voices", "Fit", "What the two mean together")
    rows = [_row(row) for row in found]
    table = Table("joint", "Joint display: numbers and voices, question by question", head, rows, (18, 22, 22, 12, 26), False)
    title = heading(2, f"Putting it together: {_title(found)}", "sec-together")
    return joined(title, markdown(table), source(*(row.finding.id for row in found)))


def _title(found: list[ev.Answered]) -> str:
    """Count where numbers and voices agree, or say that they part."""
    agreed = sum(row.result.fit == "agree" for row in found)
    parted = sum(row.result.fit == "dissonant" for row in found)
    told = f"numbers and voices agree on {numbers.in_words(agreed)} of {numbers.several(len(found), 'question')}"
    return f"{told} and part on {numbers.in_words(parted)}" if parted else told


def _row(row: ev.Answered) -> tuple[str, ...]:
    """Write one question."""
    result, question = row.result, row.finding.question
    number = f"{result.number} ({_DIRECTIONS[result.number_direction]})"
    voice = f"{result.voice} ({_DIRECTIONS[result.voice_direction]})"
    return (question.text if question else row.finding.id, number, voice, _FITS[result.fit], result.meaning)
