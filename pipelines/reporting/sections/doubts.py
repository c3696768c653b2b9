"""How wrong could this be: what could have been seen, what was held against it, and where the data fall short."""

from __future__ import annotations

from pipelines.findings.models import EffectResult
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers, sentences
from pipelines.reporting.markup import bullets, heading, joined, plain, source
from pipelines.reporting.tables import Table, markdown

OF_ONE_LOOK = (
    "Where several looks at an outcome are planned or were taken, the figures of this section are those of a single "
    "look: how clear the result is, allowing for all looks, is said by the interval with the outcome itself."
)
NOTHING_ESTIMATED = "How small a difference could have gone unseen cannot be said: no estimate here tells it."


def opening(evidence: Evidence) -> str:
    """Return the heading, what the pilot could not have seen; a sentence where that is not known."""
    title = heading(2, f"How wrong could this be? {_title(evidence)}", "sec-doubts")
    estimated = any(pair.result.detectable is not None for pair in ev.effects(evidence))
    looked = any(pair.result.look is not None and pair.result.look.estimated for pair in ev.effects(evidence))
    return joined(title, "" if estimated else NOTHING_ESTIMATED, plain(OF_ONE_LOOK) if looked and estimated else "")


def detectable(evidence: Evidence) -> str:
    """Return what each outcome could have shown, beside what would matter."""
    found = [pair for pair in ev.effects(evidence) if pair.result.detectable is not None]
    rows = [_row(pair.result) for pair in found]
    head = ("Outcome", "Could have been seen", "Would matter", "So")
    note = "Could have been seen: the smallest difference that numbers like these would show 80 times in 100."
    table = Table("detectable", "What this pilot could have seen", head, rows, (30, 22, 20, 28), False, note)
    return joined(markdown(table), source(*(pair.finding.id for pair in found))) if rows else ""


def warnings(evidence: Evidence) -> str:
    """Return the estimates' warnings, each once, and the limits that the data showed."""
    warned: dict[str, list[str]] = {}
    for pair in ev.effects(evidence):
        for words in pair.result.warnings:
            warned.setdefault(words, []).append(pair.finding.id)
    told = [f"{plain(words)} {source(*ids)}" for words, ids in warned.items()]
    told += [f"{plain(finding.sentence)} {source(finding.id)}" for finding in ev.limits(evidence, "data")]
    return joined(heading(3, "What to keep in mind"), bullets(told)) if told else ""


def _title(evidence: Evidence) -> str:
    """Say the first headline outcome's detectable difference."""
    first = next((pair.result for pair in ev.headline(evidence) if pair.result.detectable is not None), None)
    if first is None:
        return "What the data cannot show"
    return f"A difference below {numbers.size_of(first, first.detectable)} could stay unseen"


def _row(result: EffectResult) -> tuple[str, ...]:
    """Hold what could be seen against what would matter."""
    minimum = result.minimum_important_difference
    matters = numbers.size_of(result, minimum) if minimum is not None else "not set beforehand"
    return (sentences.name_of(result), numbers.size_of(result, result.detectable), matters, _so(result))


def _so(result: EffectResult) -> str:
    """Say whether the pilot was large enough for what would matter."""
    minimum, seen = result.minimum_important_difference, result.detectable
    if minimum is None or seen is None:
        return "No judgement"
    return "Large enough to see it" if seen <= minimum else "Too small to see all that would matter"
