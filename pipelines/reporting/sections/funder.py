"""One side of A4 for those who fund and commission: no p-value, no number without its base, plain words throughout."""

from __future__ import annotations

from pipelines.findings.models import Finding, QuoteShown
from pipelines.protocol.models import Plan
from pipelines.release.bundle import Evidence
from pipelines.reporting import difference_figure, figures, numbers, pictogram, sentences
from pipelines.reporting import evidence as ev
from pipelines.reporting.markup import block, bold, bullets, code, joined, plain
from pipelines.reporting.sections import as_at, plan_kept
from pipelines.reporting.sections.room import Room
from pipelines.reporting.sections.summary import answer, most_told
from pipelines.reporting.sections.voices import NO_INTERVIEWS, NO_WORDS

_STRENGTH = {1: "Weak", 2: "Weak", 3: "Fair", 4: "Good", 5: "Strong"}
# A word for each level of the Maryland scale.


def opening(evidence: Evidence, room: Room) -> str:
    """Return what was asked, what was tried, with how many people, and the answer."""
    plan = evidence.plan
    idea = room.sentences(plan.concept.description or plan.intervention.why)
    lines = [("Question", plan.question), (plan.concept.name, idea), ("People", _people(evidence))]
    lines += [("Agreed criteria", room.sentences(_criteria(evidence))), ("As at", as_at.short(evidence))]
    told = "\\\n".join(f"{bold(f'{name}:')} {plain(words)}" for name, words in lines if words)
    return joined(
        room.typeset(), told, block("key-finding", plain(" ".join(answer(evidence))), title="The answer so far")
    )


def _criteria(evidence: Evidence) -> str:
    """Say what the agreed criteria come to, with the lights in words; nothing where none were agreed."""
    found = ev.decision(evidence)
    return found[0].sentence if found else ""


def of_every_hundred(evidence: Evidence) -> str:
    """Return the pictogram of the first yes/no outcome; another outcome is drawn as its interval."""
    found = _shown(evidence)
    if found is None:
        return ""
    picture = pictogram.pictogram(found.result) or next(iter(difference_figure.difference_figures([found])), None)
    if picture is None:
        return ""
    return joined(figures.image(picture), plain(_base(found)))


def voices_and_trust(evidence: Evidence, room: Room) -> str:
    """Return what people said, how far to trust all this, and what it cannot say, side by side."""
    limits = [finding.sentence for finding in ev.limits(evidence)] or list(evidence.plan.cannot_say)
    unsaid = bullets(plain(room.sentences(words)) for words in limits[: room.limits]) or plain("No limit was declared.")
    cards = [
        block("card", *_two_voices(evidence, room), title="In people's own words"),
        block("card", _trust(evidence, room), title="How far can we trust this?"),
        block("card", unsaid, title="What it cannot say"),
    ]
    return block("cards", *cards, depth=4)


def foot(evidence: Evidence) -> str:
    """Return whom to ask, and which findings the numbers come from."""
    asked = f"Questions: {evidence.plan.contact} " if evidence.plan.contact else ""
    decision = ev.decision(evidence)
    ids = [finding.id for finding in _flow_and_level(evidence)] + ([decision[0].id] if decision else [])
    ids += [pair.finding.id for pair in ev.headline(evidence)] + [pair.finding.id for pair in ev.doses(evidence)]
    listed = " ".join(code(finding_id, finding=finding_id) for finding_id in ids)
    kept = f"{words} " if (words := plan_kept.short(evidence)) else ""
    told = f"The full report holds every number with its source. Release {evidence.release}. Numbers from:"
    words = plain(f"{asked}{kept}{told}")
    return f"[{words} {listed}]{{.muted}}"


def _two_voices(evidence: Evidence, room: Room) -> list[str]:
    """Return a voice and a counter-voice, as far as words may be shown."""
    if not ev.themes(evidence):
        return [plain(NO_INTERVIEWS)]
    picked = ((name, _pick(evidence, side, room)) for name, side in (("For", "supporting"), ("Against", "countering")))
    voices = [_voice(name, *pair) for name, pair in picked if pair]
    if voices:
        return voices
    theme = plain(most_told(evidence).finding.sentence)
    return [theme] if ev.quotes(evidence) else [theme, plain(NO_WORDS)]


def _voice(name: str, theme: ev.Said, quote: QuoteShown) -> str:
    """Return one person's words on a narrow card."""
    said = f"“{quote.text}” – {quote.speaker}, on “{theme.result.title}”{' (edited)' if quote.edited else ''}"
    return f"{bold(f'{name}:')} {plain(said)}"


def _flow_and_level(evidence: Evidence) -> list[Finding]:
    """Return the findings of the flow and of the level of evidence, as far as there are any."""
    return [found[0] for found in (ev.flow(evidence), ev.evidence_level(evidence)) if found is not None]


def _people(evidence: Evidence) -> str:
    """Say who took part, with the numbers of the flow's first stage."""
    plan, found = evidence.plan, ev.flow(evidence)
    if found is None:
        return f"{sentences.capital(plan.population.description)}; how many was not recorded."
    first = found[1].stages[0]
    told = f"{' and '.join(numbers.count(people) for people in ev.people_at(first))} {plan.population.description}"
    groups = f", in two groups: {_groups(plan)}" if plan.arms and "everyone" not in first.counts else ""
    return f"{told}{groups}."


def _groups(plan: Plan) -> str:
    """Name both groups."""
    return f"“{plan.arms.treatment.title}” and “{plan.arms.comparison.title}”" if plan.arms else ""


def _base(found: ev.Estimated) -> str:
    """Say what the range is and how many people stand behind the dots."""
    counted = f"People counted: {sentences.base(found.result)}."
    if found.result.value is None:
        return counted
    return f"The line shows the range that fits what was seen (a {numbers.level(found.result)} interval). {counted}"


def _shown(evidence: Evidence) -> ev.Estimated | None:
    """Choose the outcome to draw: the first yes/no one among the headlines, else the first."""
    found = ev.headline(evidence)
    return next((pair for pair in found if pair.result.outcome_type == "binary"), found[0] if found else None)


def _pick(evidence: Evidence, side: str, room: Room) -> tuple[ev.Said, QuoteShown] | None:
    """Choose the first short quote of a theme that the protocol put on a side beforehand."""
    codes = {name.casefold() for question in evidence.plan.questions.values() for name in getattr(question, side)}
    for theme, quote in ev.quotes(evidence):
        named = codes & {theme.result.code.casefold(), theme.result.title.casefold()}
        if named and quote.voice == "typical" and len(quote.text) <= room.quote:
            return theme, quote
    return None


def _trust(evidence: Evidence, room: Room) -> str:
    """Say the level of evidence in plain words, and what would raise it."""
    found = ev.evidence_level(evidence)
    if found is None:
        return plain(sentences.cause(ev.randomised(evidence)))
    result = found[1]
    scales = f"Level {result.maryland} of 5 on the Maryland scale, {result.nesta} of 5 on Nesta's."
    raised = f"To know more: {sentences.within(room.sentences(result.raise_it))}" if result.raise_it else ""
    strength = f"{_STRENGTH[result.maryland]}." if result.maryland in _STRENGTH else ""
    return joined(plain(f"{strength} {sentences.first(result.reason)} {scales}"), plain(raised))
