"""The summary: question, answer, an estimate for each outcome, a theme, a dissonance, and what cannot be said."""

from __future__ import annotations

from pipelines.findings.models import EffectResult
from pipelines.findings.sentences import one_more
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers, one_group, sentences
from pipelines.reporting.markup import block, bullets, heading, joined, plain, source
from pipelines.reporting.sections import as_at
from pipelines.reporting.sections.plan_kept import SEALED

_MOST_CARDS = 4
UNLIKE = "Caution: the groups compared are not alike in everything that was measured."
DESCRIBES = "This report can say what was done and what was seen, not what changed."


def opening(evidence: Evidence) -> str:
    """Return the heading, the question and the answer."""
    return joined(
        heading(2, title(evidence), "sec-summary"),
        block("lead", plain(evidence.plan.question)),
        block("key-finding", plain(" ".join(answer(evidence))), title="The answer"),
        as_at.note(evidence),
    )


def title(evidence: Evidence) -> str:
    """Say the first headline outcome in the heading; several are counted."""
    found = ev.headline(evidence)
    if not found:
        return "Summary"
    if one_group.alone(found[0].result):
        return f"Summary: {one_group.level(found[0].result)}"
    return f"Summary: {_tally(found) if len(found) > 1 else sentences.short_verdict(found[0].result)}"


def answer(evidence: Evidence) -> tuple[str, str]:
    """Answer the main question in two sentences, from where the intervals lie and from the design."""
    found = ev.headline(evidence)
    if not found:
        return SEALED if ev.sealed(evidence) else "This pilot holds no measured outcome.", DESCRIBES
    if all(one_group.alone(pair.result) for pair in found):
        return " ".join(one_group.told(pair.result) for pair in found[:_MOST_CARDS]), DESCRIBES
    if len(found) > 1:
        estimated = any(pair.result.value is not None for pair in found)
        cause = sentences.cause(ev.randomised(evidence), found[0].result.design)
        return f"{sentences.capital(_tally(found))}.", cause if estimated else DESCRIBES
    return _first(found[0].result), _second(found[0].result, ev.randomised(evidence))


def estimates(evidence: Evidence) -> str:
    """Return a card for each headline outcome."""
    unlike = {result.outcome for _, result in ev.comparisons(evidence) if result.light_after == "red"}
    shown = ev.headline(evidence)[:_MOST_CARDS]
    cards = [_card(pair, caution=pair.finding.scope.subject in unlike) for pair in shown]
    return block("cards", *cards, depth=4) if cards else ""


def voices_and_limits(evidence: Evidence) -> str:
    """Return one finding from what people said, one dissonance, and what cannot be said."""
    return joined(_one_theme(evidence), _one_dissonance(evidence), _cannot_say(evidence))


def _first(result: EffectResult) -> str:
    """Say where the interval lies."""
    treated = result.arms["treatment"].title if "treatment" in result.arms else ""
    title = sentences.within(result.title)
    if result.verdict == "described":
        return sentences.gap(result)
    if result.verdict == "inconclusive":
        open_ = sentences.capital(sentences.short_verdict(result))
        return f"{open_}: the {numbers.level(result)} interval runs {sentences.span(result)}{_per(result)}."
    told = f"{sentences.fewer_or_more(result, result.value)}{_per(result)}"
    joint = f"{told} {title}" if result.outcome_type == "binary" else f"{title}, {told}"
    limits = f"{numbers.level(result)} interval {sentences.span(result)}"
    where = f"with one more {one_more(result)}" if result.design == "instrumental" else f"in “{treated}”"
    return f"The numbers point to a {result.verdict} result {where}: {joint} ({limits})."


def _second(result: EffectResult, is_randomised: bool) -> str:
    """Say how far the first sentence carries."""
    if result.verdict == "described":
        return DESCRIBES
    if result.verdict == "inconclusive":
        return sentences.detectable(result) or sentences.cause(is_randomised, result.design)
    return sentences.cause(is_randomised, result.design)


def _per(result: EffectResult) -> str:
    """Give the base of a difference."""
    return " in every 100" if numbers.is_share(result) else " on average"


def _tally(found: list[ev.Estimated]) -> str:
    """Count the verdicts of several outcomes, in words."""
    words = {"better": "better", "worse": "worse", "inconclusive": "still open", "described": "described only"}
    counts = {verdict: sum(pair.result.verdict == verdict for pair in found) for verdict in words}
    told = [f"{numbers.in_words(count)} {words[verdict]}" for verdict, count in counts.items() if count]
    tier = "main " if found[0].result.tier == "primary" else ""
    return f"of {numbers.in_words(len(found))} {tier}outcomes, {', '.join(told)}"


def _card(pair: ev.Estimated, *, caution: bool) -> str:
    """Return one outcome's card; with a caution in words where the comparison group is not alike."""
    result = pair.result
    if one_group.alone(result):
        return _card_of_one_group(pair)
    value = f"{numbers.difference(result, result.value)} {numbers.difference_unit(result)}"
    big = f"[{plain(value)}]{{.big}}" if result.value is not None else ""
    limits = f"{numbers.level(result)} interval {sentences.interval(result)}" if result.value is not None else ""
    careful = UNLIKE if caution and result.value is not None else ""
    words = " ".join(filter(None, (sentences.out_of_a_hundred(result), sentences.gap(result), careful)))
    return block("card", big, plain(limits), plain(words), source(pair.finding.id), title=sentences.name_of(result))


def _card_of_one_group(pair: ev.Estimated) -> str:
    """Return the card of an outcome that nobody is compared on."""
    result = pair.result
    seen = one_group.figure(result)
    big = f"[{plain(seen)}]{{.big}}" if seen else ""
    words = (plain(one_group.limits(result)), plain(one_group.told(result)))
    return block("card", big, *words, source(pair.finding.id), title=sentences.name_of(result))


def _one_theme(evidence: Evidence) -> str:
    """Return the theme most people spoke of."""
    if not ev.themes(evidence):
        return ""
    theme = most_told(evidence)
    return joined(heading(3, "One thing people said"), f"{plain(theme.finding.sentence)} {source(theme.finding.id)}")


def most_told(evidence: Evidence) -> ev.Said:
    """Return the theme that most people spoke of; the first of equals."""
    return max(ev.themes(evidence), key=lambda theme: sum(people or 0 for people in theme.result.people.values()))


def _one_dissonance(evidence: Evidence) -> str:
    """Return the first question in which numbers and voices part."""
    parted = [row for row in ev.answers(evidence) if row.result.fit == "dissonant"]
    if not parted:
        return ""
    return joined(
        heading(3, "Where numbers and voices part"), f"{plain(parted[0].result.meaning)} {source(parted[0].finding.id)}"
    )


def _cannot_say(evidence: Evidence) -> str:
    """Return the limits, declared and found."""
    found = [plain(finding.sentence) for finding in ev.limits(evidence)]
    declared = [plain(words) for words in evidence.plan.cannot_say if not ev.limits(evidence, "protocol")]
    items = declared + found
    return joined(heading(3, "What this pilot cannot say"), bullets(items)) if items else ""
