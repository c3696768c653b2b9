"""What is told of corrections: counts where they may be shown, words where they are small, and the register."""

from __future__ import annotations

import pytest

from pipelines.disclosure.corrected import corrections
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import policy
from pipelines.findings.corrected import WITHHELD, safe
from pipelines.findings.models import CorrectionMade, CorrectionsResult
from pipelines.findings.received_words import correction_words
from pipelines.protocol import load_text
from pipelines.qualitative.quotes import IdentifierIndex

PLAN = load_text(
    """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites: {north: {title: North}}
population: {description: people}
intervention: {name: x}
extracts:
  people: {file: cases.csv, columns: {person: ID}}
"""
)
LINE = CorrectionMade(extract="people", field="age", status="applied", why="Slip of the key", made_on="2026-04-10")


def result(named: int, corrected: int, remaining: int, new: int, **more: object) -> CorrectionsResult:
    counts = {"named": named, "corrected": corrected, "remaining": remaining, "new": new}
    return CorrectionsResult.model_validate({"earlier": "2026-03-31", "newest": "2026-06-30", **counts, **more})


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((40, 25, 15, 0), "Of 40 problems named after the drop 2026-03-31, 25 are gone and 15 remain."),
        ((40, 40, 0, 12), "Of 40 problems named after the drop 2026-03-31, 40 are gone and 0 remain; 12 are new."),
        ((0, 0, 0, 0), "Nothing had to be corrected after the drop 2026-03-31."),
        ((0, 0, 0, 3), "Nothing had to be corrected after the drop 2026-03-31; there are new ones."),
        ((40, 37, 3, 0), "A part of what the provider was told to correct after the drop 2026-03-31 was corrected."),
        ((4, 4, 0, 0), "Everything of what the provider was told to correct after the drop 2026-03-31 was corrected."),
        (
            (4, 0, 4, 20),
            "Nothing of what the provider was told to correct after the drop 2026-03-31 was corrected; there ",
        ),
    ],
)
def test_what_may_be_said_of_the_providers_corrections(counts: tuple[int, int, int, int], said: str) -> None:
    log = Log()
    shown = corrections(result(*counts), policy(PLAN), log)
    assert correction_words(shown).startswith(said)
    small = any(0 < count < 10 for count in counts)
    assert bool(log.changes) == small
    if small and counts[0]:
        assert (shown.named, shown.corrected, shown.remaining) == (None, None, None)


def test_the_register_is_printed_and_what_was_not_applied_is_pointed_out() -> None:
    lines = [LINE, LINE.model_copy(update={"status": "not found"})]
    said = correction_words(result(0, 0, 0, 0, earlier="", register_lines=lines))
    assert "corrected by the evaluation's register" in said
    assert "were not applied: look at them again" in said
    assert correction_words(result(0, 0, 0, 0, earlier="", register_lines=[LINE])).count(".") == 1


@pytest.mark.parametrize(
    ("why", "printed"),
    [
        ("Slip of the key", True),
        ("Marigold Zuckerbaum phoned: she is older", False),
        ("She moved to SW1A 1AA", False),
        ("Call back on 07700 900123", False),
    ],
)
def test_a_reason_that_may_tell_who_it_is_is_not_printed(why: str, printed: bool) -> None:
    known = IdentifierIndex(["Marigold Zuckerbaum", "R005"])
    assert safe(known, why) == (why if printed else WITHHELD)
