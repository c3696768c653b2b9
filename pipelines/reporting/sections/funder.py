"""One side of A4 for those who fund and commission: no p-value, no number without its base, plain words throughout."""

from __future__ import annotations

from pipelines.findings.models import ArmSummary, EvidenceLevelResult, QuoteShown
from pipelines.release.bundle import Evidence
from pipelines.reporting import difference_figure, figures, numbers, pictogram, sentences
from pipelines.reporting import evidence as ev
from pipelines.reporting.markup import block, bold, bullets, joined, light, plain, source
from pipelines.reporting.sections.status import banner
from pipelines.reporting.sections.voices import NO_INTERVIEWS, quote_block

NOT_MEASURED = "Not measured in this pilot"
_MOST, _SOME = 0.8, 0.5
_LONGEST_QUOTE = 220
_VERDICTS = {"better": "A good sign", "worse": "A bad sign", "inconclusive": "Still open", "described": "Not compared"}
_MARYLAND = {
    1: "Weak: there is nobody to compare with, so other causes may explain what happened.",
    2: "Weak: the groups may have differed from the start.",
    3: "Fair: a comparison group was followed over time.",
    4: "Good: the groups were made alike as far as records allow.",
    5: "Strong: chance decided who was offered it, so the groups were alike at the start.",
}


def opening(evidence: Evidence) -> str:
    """Return what was tried, where, and with how many people."""
    plan = evidence.plan
    idea = bold(plan.concept.name) + ". " + plain(plan.concept.description or plan.intervention.why)
    return joined(banner(evidence), idea, plain(f"Question: {plan.question} {_people(evidence)}".strip()))


def three_lights(evidence: Evidence) -> str:
    """Return the three answers a funder looks for first."""
    return block("cards", _stayed(evidence), _delivered(evidence), _signal(evidence), depth=4)


def of_every_hundred(evidence: Evidence) -> str:
    """Return the pictogram of the first yes/no outcome; another outcome is drawn as its interval."""
    found = _shown(evidence)
    if found is None:
        return ""
    picture = pictogram.pictogram(found.result) or next(iter(difference_figure.difference_figures([found])), None)
    if picture is None:
        return ""
    base = f"{numbers.level(found.result)} interval. People counted: {sentences.base(found.result)}."
    title = sentences.capital(sentences.short_verdict(found.result))
    return joined(f"**{plain(title)}**", figures.image(picture), f"{plain(base)} {source(found.finding.id)}")


def two_voices(evidence: Evidence) -> str:
    """Return a voice and a counter-voice, as far as words may be shown."""
    if not ev.themes(evidence):
        return plain(NO_INTERVIEWS)
    voice, counter = _pick(evidence, "supporting"), _pick(evidence, "countering")
    told = [quote_block(theme.result, quote) for theme, quote in (pair for pair in (voice, counter) if pair)]
    return _columns(told) if told else plain(sentences.capital(ev.themes(evidence)[0].finding.sentence))


def trust(evidence: Evidence) -> str:
    """Return how far to trust it, and what it cannot say, side by side."""
    return _columns([block("card", _trust(evidence), title="How far can we trust this?"), _cannot_say(evidence)])


def contact(evidence: Evidence) -> str:
    """Return whom to ask, and from which release the numbers come."""
    asked = f"Questions: {evidence.plan.contact}. " if evidence.plan.contact else ""
    return f"[{plain(f'{asked}The full report gives every number with its source. Release {evidence.release}.')}]{{.muted}}"


def _people(evidence: Evidence) -> str:
    """Say who took part, with the numbers of the flow's first stage."""
    found = ev.flow(evidence)
    if found is None:
        return f"For {evidence.plan.population.description}."
    first = found[1].stages[0]
    told = " and ".join(numbers.count(people) for people in ev.people_at(first))
    return f"People reached ({sentences.within(first.title)}): {told}, {evidence.plan.population.description}."


def _stayed(evidence: Evidence) -> str:
    """Did people come and stay? The share of the first stage that is left at the last."""
    found = ev.flow(evidence)
    title = "Did people come and stay?"
    if found is None or len(found[1].stages) < 2:
        return block("card", light(NOT_MEASURED), title=title)
    first, last = found[1].stages[0], found[1].stages[-1]
    pairs = list(zip(ev.people_at(last), ev.people_at(first), strict=False))
    shares = [left / came for left, came in pairs if left is not None and came]
    told = " and ".join(f"{numbers.count(left)} of {numbers.count(came)}" for left, came in pairs)
    words = f"{told} are counted at the end ({sentences.within(last.title)})."
    return block("card", _share_light(shares, ("Most did", "Some did", "Few did")), f"{plain(words)} {source(found[0].id)}", title=title)


def _delivered(evidence: Evidence) -> str:
    """Was it delivered as meant? Measured dose against the planned one."""
    title = "Was it delivered as meant?"
    found = [pair for pair in ev.doses(evidence) if "treatment" in pair.result.arms]
    if not found:
        return block("card", light(NOT_MEASURED), title=title)
    shares = [s for s in (_dose_share(p.result.planned, p.result.arms["treatment"]) for p in found) if s is not None]
    told = [f"{plain(_dose(pair))} {source(pair.finding.id)}" for pair in found[:2]]
    return block("card", _share_light(shares, ("Mostly", "In part", "Far from it")), *told, title=title)


def _signal(evidence: Evidence) -> str:
    """Is there a signal on outcomes? Where the interval of the shown outcome lies."""
    title = "Is there a signal on outcomes?"
    found = ev.headline(evidence)
    if not found:
        return block("card", light(NOT_MEASURED), title=title)
    colours = {"better": "green", "worse": "red", "inconclusive": "amber", "described": "grey"}
    told = [f"{light(_VERDICTS[p.result.verdict], colours[p.result.verdict])} {plain(sentences.capital(p.result.title))}" for p in found[:3]]
    return block("card", *told, title=title)


def _share_light(shares: list[float], words: tuple[str, str, str]) -> str:
    """Choose a word by the smallest share: at least 80 of 100, at least half, or less."""
    if not shares:
        return light("Counted, not judged")
    least = min(shares)
    if least >= _MOST:
        return light(words[0], "green")
    return light(words[1], "amber") if least >= _SOME else light(words[2], "red")


def _dose_share(planned: float | None, arm: ArmSummary) -> float | None:
    """Return delivered over planned."""
    return arm.average / planned if planned and arm.average is not None else None


def _dose(pair: ev.Dosed) -> str:
    """Say one component's dose with its base."""
    result, arm = pair.result, pair.result.arms["treatment"]
    told = sentences.dose_words(result.unit, result.planned, arm)
    return f"{result.title}: {told} ({numbers.count(arm.n)} people)."


def _shown(evidence: Evidence) -> ev.Estimated | None:
    """Choose the outcome to draw: the first yes/no one among the headlines, else the first."""
    found = ev.headline(evidence)
    return next((pair for pair in found if pair.result.outcome_type == "binary"), found[0] if found else None)


def _pick(evidence: Evidence, side: str) -> tuple[ev.Said, QuoteShown] | None:
    """Choose the first short quote of a theme that the protocol put on a side beforehand."""
    codes = {code for question in evidence.plan.questions.values() for code in getattr(question, side)}
    fitting = [pair for pair in ev.quotes(evidence) if pair[0].result.code in codes and len(pair[1].text) <= _LONGEST_QUOTE]
    return fitting[0] if fitting else None


def _trust(evidence: Evidence) -> str:
    """Say the level of evidence in plain words, and what would raise it."""
    found = ev.evidence_level(evidence)
    if found is None:
        return plain(sentences.cause(ev.randomised(evidence)))
    return joined(f"{plain(_level(found[1]))} {source(found[0].id)}", plain(_raise(found[1])))


def _level(result: EvidenceLevelResult) -> str:
    """Say the level in words first."""
    return f"{_MARYLAND.get(result.maryland, '')} (Maryland scale: {result.maryland} of 5; Nesta: {result.nesta} of 5.)"


def _raise(result: EvidenceLevelResult) -> str:
    """Say what would raise it."""
    return f"What would raise it: {result.raise_it}" if result.raise_it else ""


def _cannot_say(evidence: Evidence) -> str:
    """Return the first limits: the page is short."""
    limits = [finding.sentence for finding in ev.limits(evidence)] or list(evidence.plan.cannot_say)
    told = bullets(plain(words) for words in limits[:3]) or plain("No limit was declared.")
    return block("card", told, title="What it cannot say")


def _columns(parts: list[str]) -> str:
    """Put parts side by side."""
    return joined("::::: {.columns}", *(joined(":::: {.column}", part, "::::") for part in parts), ":::::")
