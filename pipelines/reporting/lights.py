"""Words for the questions that a funder asks first, judged from the evidence of a site. Layout belongs in sections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pipelines.findings.models import ArmSummary, DoseResult, EffectResult
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev

Colour = Literal["green", "amber", "red", "grey"]

_MOST, _SOME = 0.8, 0.5
# "Most" is 80 of every 100 or more, "some" is half or more: words for counts, not thresholds that anybody agreed on.


class Light(NamedTuple):
    """A word, with the colour that repeats it."""

    word: str
    colour: Colour


NOT_MEASURED = "Not measured in this pilot"
VERDICTS = {
    "better": Light("A good sign", "green"),
    "worse": Light("A bad sign", "red"),
    "inconclusive": Light("No clear answer yet", "amber"),
    "described": Light("Not compared", "grey"),
}

CRITERION_COLOURS: dict[str, Colour] = {
    "red": "red",
    "amber_red": "amber",
    "amber_green": "amber",
    "green": "green",
    "unknown": "grey",
}
VERDICT_COLOURS: dict[str, Colour] = {"go": "green", "amend": "amber", "stop": "red", "open": "grey"}


NO_LOOK = Light("No look is due now", "grey")


def judged(result: EffectResult) -> Light:
    """Is there a signal on an outcome? Where its interval lies, if it is time to look."""
    waits = result.look is not None and not result.look.estimated
    return NO_LOOK if waits else VERDICTS[result.verdict]


def stayed(evidence: Evidence) -> Light:
    """Did people come and stay? The share that is left at the last stage of the flow."""
    found = ev.flow(evidence)
    if found is None or len(found[1].stages) < 2:
        return Light(NOT_MEASURED, "grey")
    pairs = ev.kept(found[1].stages)
    shares = [left / came for left, came in pairs if left is not None and came]
    return _judged(shares, ("Most did", "Some did", "Few did"))


def delivered(evidence: Evidence) -> Light:
    """Was it delivered as meant? Measured dose against the planned one."""
    found = [pair.result for pair in ev.doses(evidence) if offered(pair.result)]
    if not found:
        return Light(NOT_MEASURED, "grey")
    shares = [share for share in (_share(result) for result in found) if share is not None]
    return _judged(shares, ("Mostly", "In part", "Far from it"))


def offered(result: DoseResult) -> ArmSummary | None:
    """Return those who were offered it."""
    return result.arms.get("treatment") or result.arms.get("everyone")


def _judged(shares: Sequence[float], words: tuple[str, str, str]) -> Light:
    """Choose a word by the smallest share."""
    if not shares:
        return Light("Counted, not judged", "grey")
    least = min(shares)
    if least >= _MOST:
        return Light(words[0], "green")
    return Light(words[1], "amber") if least >= _SOME else Light(words[2], "red")


def _share(result: DoseResult) -> float | None:
    """Return delivered over planned."""
    arm = offered(result)
    return arm.average / result.planned if arm and result.planned and arm.average is not None else None
