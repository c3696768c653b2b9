"""Outcomes: both groups, the difference, its interval, and what it is held against."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.findings.look import counting_p
from pipelines.findings.models import ArmSummary, EffectResult
from pipelines.release.bundle import Evidence
from pipelines.reporting import difference_figure, figures, numbers, one_group, sentences, survival_figure
from pipelines.reporting import evidence as ev
from pipelines.reporting.markup import bold, bullets, heading, joined, plain, source
from pipelines.reporting.sections.plan_kept import SEALED
from pipelines.reporting.tables import Table, markdown

_WIDTHS = (19, 14, 14, 14, 12, 17, 10)


def outcomes(evidence: Evidence) -> str:
    """Return table, figures and words; one line when nothing was measured."""
    found = ev.effects(evidence)
    title = heading(2, _title(evidence), "sec-outcomes")
    if not found:
        return joined(title, SEALED if ev.sealed(evidence) else "No outcome was measured in this pilot.")
    drawn = [figures.markdown(picture) for picture in difference_figure.difference_figures(found)]
    design = evidence.plan.design.kind if evidence.plan.design else ""
    cause = plain(sentences.cause(ev.randomised(evidence), design)) if evidence.plan.arms or design else ""
    return joined(title, cause, markdown(_table(found)), _sources(found), *drawn)


def curves(evidence: Evidence) -> str:
    """Return the survival curves, each with a table of its data."""
    parts = []
    for pair in ev.effects(evidence):
        picture = survival_figure.survival_figure(pair)
        if picture is not None:
            parts += [
                figures.markdown(picture),
                markdown(survival_figure.survival_table(pair)),
                source(pair.finding.id),
            ]
    return joined(heading(3, "Over time"), *parts) if parts else ""


def in_words(evidence: Evidence) -> str:
    """Return each outcome in words: what was found, what it is held against; then how all of them were estimated."""
    told = [_told(pair) for pair in ev.effects(evidence)]
    return joined(heading(3, "In words"), *told, _how(ev.effects(evidence))) if told else ""


def _title(evidence: Evidence) -> str:
    """Say the first headline outcome."""
    found = ev.headline(evidence)
    if not found:
        return "Outcomes: none measured"
    first = found[0].result
    return f"Outcomes: {one_group.level(first) if one_group.alone(first) else sentences.short_verdict(first)}"


def _table(found: list[ev.Estimated]) -> Table:
    """Tabulate every outcome: n, raw figures, difference, interval, effect size, verdict."""
    first = found[0].result
    keys = [key for key in ("treatment", "comparison", "everyone") if key in first.arms]
    if len(keys) != 2:
        return _one_group(found, keys)
    head = (
        "Outcome",
        *(first.arms[key].title for key in keys),
        "Difference",
        f"{numbers.level(first)} interval",
        "Effect size",
        "Verdict",
    )
    minus = "for one more of the dose" if first.design == "instrumental" else "the first group minus the second"
    note = (
        f"Difference: {minus}. Shares with people in brackets; means with standard deviation "
        "and people. The interval holds the values that fit the data; the verdict says on which side it lies."
    )
    rows = [_row(pair) for pair in found]
    return Table("outcomes", "Outcomes of both groups, and the difference", head, rows, _WIDTHS, note=note)


def _one_group(found: list[ev.Estimated], keys: Sequence[str]) -> Table:
    """Tabulate outcomes where nobody is compared with anybody."""
    rows = [
        (sentences.name_of(pair.result), *(_arm(pair.result, pair.result.arms.get(key)) for key in keys))
        for pair in found
    ]
    head = ("Outcome", *(found[0].result.arms[key].title for key in keys))
    return Table(
        "outcomes",
        "Outcomes, described",
        head,
        rows,
        note="Nobody is compared with anybody, so no difference is shown.",
    )


def _row(pair: ev.Estimated) -> tuple[str, ...]:
    """Write one outcome."""
    result = pair.result
    arms = (_arm(result, result.arms.get(key)) for key in ("treatment", "comparison"))
    value = "not estimated"
    if result.value is not None:
        value = f"{numbers.difference(result, result.value)} {_short_unit(result)}".strip()
    size = _effect_size(result)
    return (sentences.name_of(result), *arms, value, sentences.interval(result), size, sentences.verdict_word(result))


def _arm(result: EffectResult, arm: ArmSummary | None) -> str:
    """Write one group's raw figures."""
    if arm is None:
        return numbers.NONE_HERE
    average = numbers.average(result, arm.average)
    if result.outcome_type == "time_to_event":  # the average is of those without the event, or a time
        return f"{average} (event: {numbers.count(arm.events)} of {numbers.count(arm.n)})"
    if result.outcome_type == "binary":
        return f"{average} ({numbers.count(arm.events)} of {numbers.count(arm.n)})"
    return f"{average} ({numbers.fitting(arm.spread)}; n = {numbers.count(arm.n)})"


def _short_unit(result: EffectResult) -> str:
    """Name the unit for a narrow cell."""
    return "" if result.null else "points" if numbers.is_share(result) else result.unit


def _effect_size(result: EffectResult) -> str:
    """Write the effect size with its interval and name."""
    size = result.effect_size
    if size is None:
        return numbers.NONE_HERE
    value, lower, upper = (numbers.decimal(number, 2) for number in (size.value, size.lower, size.upper))
    return f"{size.name} {value} ({lower} to {upper})"


def _sources(found: list[ev.Estimated]) -> str:
    """Name the findings of the table."""
    return source(*(pair.finding.id for pair in found))


def _told(pair: ev.Estimated) -> str:
    """Return one outcome in words."""
    notes = [plain(words) for words in (pair.finding.sentence, sentences.against_minimum(pair.result)) if words]
    return joined(f"{bold(sentences.name_of(pair.result))} {source(pair.finding.id)}", bullets(notes))


def _how(found: list[ev.Estimated]) -> str:
    """Say once for each engine how it estimates and why it was chosen."""
    engines = dict.fromkeys((pair.result.engine, pair.result.why) for pair in found if pair.result.value is not None)
    listed = bullets(f"{bold(sentences.capital(engine))}: {plain(why)}" for engine, why in engines)
    told = joined(plain("How the differences were estimated:"), listed) if engines else ""
    return joined(told, _several(found), _advice(found))


def _several(found: list[ev.Estimated]) -> str:
    """Say what several outcomes of one tier do to their tests."""
    adjusted = [pair for pair in found if pair.result.p_adjusted is not None]
    if not adjusted:
        return ""
    rows = [
        (
            sentences.name_of(pair.result),
            pair.result.tier.capitalize(),
            numbers.p_value(counting_p(pair.result)),
            numbers.p_value(pair.result.p_adjusted),
            _ADJUSTMENTS.get(pair.result.adjustment, pair.result.adjustment),
        )
        for pair in adjusted
    ]
    head = ("Outcome", "Weight", "p value", "Adjusted", "How")
    note = "With several outcomes, one is likely to look different by chance alone; adjusted p values allow for that."
    return markdown(Table("several", "Tests, adjusted for the number of outcomes", head, rows, note=note))


_ADJUSTMENTS = {
    "holm": "Holm",
    "benjamini_hochberg": "Benjamini and Hochberg",
    "romano_wolf": "Romano and Wolf",
}


def _advice(found: list[ev.Estimated]) -> str:
    """Say once what the sizes of groups and clusters mean for the method."""
    told = {pair.result.why for pair in found}
    said = dict.fromkeys(
        sentences.capital(words) for pair in found for words in pair.result.advice if words not in told
    )
    return joined(plain("What the numbers of people and groups allow:"), bullets(map(plain, said))) if said else ""
