"""The three answers a funder looks for first: each a word, a shape and a count; the word says no more."""

from __future__ import annotations

from pipelines.findings.models import DoseResult
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers, sentences
from pipelines.reporting.lights import NOT_MEASURED, delivered, judged, offered, stayed
from pipelines.reporting.markup import block, light, plain
from pipelines.reporting.sections.room import Room


def three_lights(evidence: Evidence, room: Room) -> str:
    """Return the three lights as cards."""
    return block("cards", _stayed(evidence), _delivered(evidence, room), _signal(evidence), depth=4)


def _stayed(evidence: Evidence) -> str:
    """Did people come and stay? The share that is left at the last stage."""
    title, found = "Did people come and stay?", ev.flow(evidence)
    if found is None or len(found[1].stages) < 2:
        return block("card", light(NOT_MEASURED), title=title)
    pairs = ev.kept(found[1].stages)
    told = " and ".join(f"{numbers.count(left)} of {numbers.count(came)}" for left, came in pairs)
    groups = " in the two groups" if len(pairs) == 2 else ""
    ends = (ev.counted_from(found[1].stages), found[1].stages[-1])
    first, last = (sentences.within(stage.title.partition(":")[0]) for stage in ends)
    withheld = f" {numbers.WITHHELD}: withheld to protect people." if numbers.WITHHELD in told else ""
    words = f"{told}{groups}, from “{first}” to “{last}”.{withheld}"
    return block("card", light(*stayed(evidence)), plain(words), title=title)


def _delivered(evidence: Evidence, room: Room) -> str:
    """Was it delivered as meant? Measured dose against the planned one."""
    title = "Was it delivered as meant?"
    found = [pair for pair in ev.doses(evidence) if offered(pair.result)]
    if not found:
        return block("card", light(NOT_MEASURED), title=title)
    told = [plain(_dose(pair.result)) for pair in found[: room.doses]]
    return block("card", light(*delivered(evidence)), *told, title=title)


def _signal(evidence: Evidence) -> str:
    """Is there a signal on outcomes? Where the intervals of the headline outcomes lie."""
    title, found = "Is there a signal on outcomes?", ev.headline(evidence)
    if not found:
        return block("card", light(NOT_MEASURED), title=title)
    told = [f"{light(*judged(pair.result))}\\\n{plain(sentences.name_of(pair.result))}" for pair in found[:3]]
    return block("card", *told, title=title)


def _dose(result: DoseResult) -> str:
    """Say one component's dose with its base."""
    arm = offered(result)
    people = numbers.count(arm.n) if arm else numbers.WITHHELD
    return f"{result.title}: {sentences.dose_words(result.unit, result.planned, arm)} ({people} people)."
