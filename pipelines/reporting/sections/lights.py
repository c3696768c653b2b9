"""The three answers a funder looks for first: each a word, a shape and a count; the word says no more."""

from __future__ import annotations

from pipelines.findings.models import ArmSummary, DoseResult
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers, sentences
from pipelines.reporting.markup import block, light, plain
from pipelines.reporting.sections.room import Room

NOT_MEASURED = "Not measured in this pilot"
_MOST, _SOME = 0.8, 0.5
# "Most" is 80 of every 100 or more, "some" is half or more: words for counts, not thresholds that anybody agreed on.
_VERDICTS = {
    "better": ("A good sign", "green"),
    "worse": ("A bad sign", "red"),
    "inconclusive": ("No clear answer yet", "amber"),
    "described": ("Not compared", "grey"),
}


def three_lights(evidence: Evidence, room: Room) -> str:
    """Return the three lights as cards."""
    return block("cards", _stayed(evidence), _delivered(evidence, room), _signal(evidence), depth=4)


def _stayed(evidence: Evidence) -> str:
    """Did people come and stay? The share that is left at the last stage."""
    title, found = "Did people come and stay?", ev.flow(evidence)
    if found is None or len(found[1].stages) < 2:
        return block("card", light(NOT_MEASURED), title=title)
    pairs = ev.kept(found[1].stages)
    shares = [left / came for left, came in pairs if left is not None and came]
    told = " and ".join(f"{numbers.count(left)} of {numbers.count(came)}" for left, came in pairs)
    groups = " in the two groups" if len(pairs) == 2 else ""
    ends = (ev.counted_from(found[1].stages), found[1].stages[-1])
    first, last = (sentences.within(stage.title.partition(":")[0]) for stage in ends)
    withheld = f" {numbers.WITHHELD}: withheld to protect people." if numbers.WITHHELD in told else ""
    words = f"{told}{groups}, from “{first}” to “{last}”.{withheld}"
    word = _judged(shares, ("Most did", "Some did", "Few did"))
    return block("card", word, plain(words), title=title)


def _delivered(evidence: Evidence, room: Room) -> str:
    """Was it delivered as meant? Measured dose against the planned one."""
    title = "Was it delivered as meant?"
    found = [pair for pair in ev.doses(evidence) if _arm(pair.result)]
    if not found:
        return block("card", light(NOT_MEASURED), title=title)
    shares = [share for share in (_share(pair.result) for pair in found) if share is not None]
    told = [plain(_dose(pair.result)) for pair in found[: room.doses]]
    return block("card", _judged(shares, ("Mostly", "In part", "Far from it")), *told, title=title)


def _signal(evidence: Evidence) -> str:
    """Is there a signal on outcomes? Where the intervals of the headline outcomes lie."""
    title, found = "Is there a signal on outcomes?", ev.headline(evidence)
    if not found:
        return block("card", light(NOT_MEASURED), title=title)
    told = [
        f"{light(*_VERDICTS[pair.result.verdict])}\\\n{plain(sentences.name_of(pair.result))}" for pair in found[:3]
    ]
    return block("card", *told, title=title)


def _judged(shares: list[float], words: tuple[str, str, str]) -> str:
    """Choose a word by the smallest share."""
    if not shares:
        return light("Counted, not judged")
    least = min(shares)
    if least >= _MOST:
        return light(words[0], "green")
    return light(words[1], "amber") if least >= _SOME else light(words[2], "red")


def _arm(result: DoseResult) -> ArmSummary | None:
    """Return those who were offered it."""
    return result.arms.get("treatment") or result.arms.get("everyone")


def _share(result: DoseResult) -> float | None:
    """Return delivered over planned."""
    arm = _arm(result)
    return arm.average / result.planned if arm and result.planned and arm.average is not None else None


def _dose(result: DoseResult) -> str:
    """Say one component's dose with its base."""
    arm = _arm(result)
    people = numbers.count(arm.n) if arm else numbers.WITHHELD
    return f"{result.title}: {sentences.dose_words(result.unit, result.planned, arm)} ({people} people)."
