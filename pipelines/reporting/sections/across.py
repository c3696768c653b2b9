"""All sites of a pilot together: what each shows, what they share, how they differ, and what cannot be said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pipelines.findings.across import Light, SiteEffect, SiteInPilot, SitesResult, SynthesisResult
from pipelines.findings.models import Finding
from pipelines.release.bundle import Evidence
from pipelines.reporting import across_words as aw
from pipelines.reporting import evidence as ev
from pipelines.reporting import figures, forest_figure, numbers, sentences
from pipelines.reporting.lights import VERDICTS
from pipelines.reporting.markup import block, bold, bullets, heading, joined, plain, source
from pipelines.reporting.sections.plan_kept import SEALED
from pipelines.reporting.sections.status import PHASES, protocol_told
from pipelines.reporting.tables import Table, markdown
from pipelines.synthesis.words import several_sites

_SHAPES = {"green": "●", "amber": "◐", "red": "○", "grey": "–"}
_WIDE = 4
"""More sites than this stand below each other instead of side by side."""


class Together(NamedTuple):
    """An outcome's finding over all sites, typed."""

    finding: Finding
    result: SynthesisResult


def outcomes_of(evidence: Evidence) -> list[Together]:
    """Return the outcomes over all sites, in order."""
    found = ((finding, finding.result) for finding in evidence.of_kind("synthesis"))
    return [Together(finding, result) for finding, result in found if isinstance(result, SynthesisResult)]


def sites_of(evidence: Evidence) -> tuple[Finding, SitesResult]:
    """Return the sites side by side."""
    finding = evidence.finding("sites/all")
    if not isinstance(finding.result, SitesResult):
        raise TypeError("The finding sites/all holds no sites.")
    return finding, finding.result


def status_bar(evidence: Evidence) -> str:
    """Return the bar at the top: which pilot, which releases, which rules."""
    plan, sites = evidence.plan, sites_of(evidence)[1].sites
    here = sum(not site.missing for site in sites)
    items = [
        ("Pilot", plan.title),
        ("Concept", plan.concept.name),
        ("Phase", PHASES[plan.phase]),
        ("Sites", f"{here} of {len(sites)} with released evidence"),
        ("Newest drop", evidence.drop.name),
        ("Release", evidence.release),
        ("Protocol", protocol_told(evidence)),
        ("Disclosure profile", evidence.disclosure.profile or plan.disclosure.profile),
    ]
    told = "\n\n".join(f"{name}\n: {plain(value)}" for name, value in items)
    return f"::: {{.status-bar}}\n\n{told}\n\n:::"


def _none(evidence: Evidence) -> str:
    return SEALED if ev.sealed(evidence) else "No outcome was measured in this pilot."


def summary(evidence: Evidence) -> str:
    """Return the question, what the sites say to it, and how far that carries."""
    found = [pair for pair in outcomes_of(evidence) if pair.result.tier == "primary"] or outcomes_of(evidence)
    answer = [
        f"{bold(sentences.name(pair.result.outcome_type, pair.result.title))}: {plain(pair.finding.sentence)}"
        f" {source(pair.finding.id)}"
        for pair in found[:3]
    ]
    compared = any(len(aw.compared(pair.result)) for pair in found)
    cause = plain(sentences.cause(found[0].result.randomised)) if compared else ""
    return joined(
        heading(2, _title(found), "sec-summary"),
        block("lead", plain(evidence.plan.question)),
        block("key-finding", *(answer or [plain(_none(evidence))]), cause, title="The answer"),
    )


def _title(found: Sequence[Together]) -> str:
    if not found:
        return "Summary: no outcome was measured"
    count = max(len(aw.compared(pair.result)) for pair in found)
    if any(pair.result.pooled for pair in found):
        return f"Summary: {several_sites(count)}, and what they show on average"
    if count < 2:
        return "Summary: nothing to put together yet"
    return f"Summary: {several_sites(count)}, each by itself"


def sites(evidence: Evidence) -> str:
    """Return the sites side by side: lights and level of evidence; and those that are missing, with the reason."""
    finding, result = sites_of(evidence)
    head = ("Site", "Did people come and stay?", "Was it delivered as meant?", "Signal on main outcomes", "Evidence")
    rows = [_site_row(site, evidence) for site in result.sites if not site.missing]
    note = (
        "Words, and shapes that repeat them, are those of each site's own report. Evidence: level on the Maryland"
        " Scientific Methods Scale and on Nesta's Standards of Evidence, each from 1 to 5."
    )
    table = Table("sites", "The sites side by side", head, rows, (16, 18, 18, 30, 18), False, note)
    missing = [f"{bold(site.title)}: {plain(site.missing)}" for site in result.sites if site.missing]
    told = joined(heading(3, "Sites that are not in here"), bullets(missing)) if missing else ""
    title = heading(2, f"Sites: {_count(result)}", "sec-sites")
    return joined(title, f"{plain(finding.sentence)} {source(finding.id)}", markdown(table), told)


def _count(result: SitesResult) -> str:
    here = sum(not site.missing for site in result.sites)
    return several_sites(here) if here == len(result.sites) else f"{numbers.in_words(here)} of {len(result.sites)}"


def _site_row(site: SiteInPilot, evidence: Evidence) -> tuple[str, ...]:
    signals = [
        f"{_light(Light(**VERDICTS[verdict]._asdict()))}: {_outcome_name(evidence, key)}"
        for key, verdict in site.signals.items()
    ]
    level = "" if site.maryland is None else f"Maryland {site.maryland}, Nesta {site.nesta}"
    return (site.title, _light(site.stayed), _light(site.delivered), "; ".join(signals), level)


def _light(light: Light | None) -> str:
    return f"{_SHAPES[light.colour]} {light.word}" if light else ""


def _outcome_name(evidence: Evidence, key: str) -> str:
    outcome = evidence.plan.outcomes.get(key)
    return sentences.within(sentences.name(outcome.type, outcome.title)) if outcome else key


def context(evidence: Evidence) -> str:
    """Return what is known of the places: read beside the estimates, it explains nothing by itself."""
    found = sites_of(evidence)[1].sites
    factors = dict.fromkeys(factor for site in found for factor in site.context)
    if not factors:
        return ""
    if len(found) <= _WIDE:
        head = ("Factor", *(site.title for site in found))
        rows = [(factor, *(site.context.get(factor, "") for site in found)) for factor in factors]
    else:
        head = ("Site", "Context")
        rows = [(site.title, "; ".join(f"{name}: {value}" for name, value in site.context.items())) for site in found]
    note = "From the protocol. Sites differ in many ways at once, so context alone does not explain a difference."
    table = Table("context", "The places, as the protocol describes them", head, rows, (), False, note)
    return joined(heading(3, "Context"), markdown(table))


def outcomes(evidence: Evidence) -> str:
    """Return each outcome: forest plot, the same figures as a table, words, and what follows from an average."""
    found = outcomes_of(evidence)
    average = any(pair.result.pooled for pair in found)
    title = heading(2, f"Outcomes: {'sites and their average' if average else 'each site by itself'}", "sec-outcomes")
    told = [_outcome(pair, number, evidence) for number, pair in enumerate(found, 1)]
    return joined(title, *told) if found else joined(title, _none(evidence))


def _outcome(pair: Together, number: int, evidence: Evidence) -> str:
    result = pair.result
    name = sentences.name(result.outcome_type, result.title)
    pictures = [figures.markdown(one) for one in forest_figure.forest_figures(str(number), result)]
    left = bullets(f"{bold(site.title)}: {plain(site.left_out)}" for site in result.sites if site.left_out)
    return joined(
        heading(3, name),
        f"{plain(pair.finding.sentence)} {source(pair.finding.id)}",
        *pictures,
        markdown(_table(result, number, evidence)) if aw.compared(result) else "",
        joined(plain("Not compared, and why:"), left) if left else "",
        markdown(_without(result, number)),
    )


def _table(result: SynthesisResult, number: int, evidence: Evidence) -> Table:
    """Tabulate the sites: the numbers of the figure."""
    unit = f", {aw.unit(result)}" if aw.unit(result) else ""
    what = sentences.capital(result.measure) if result.scale == "logarithm" else "Difference"
    weight = ("Weight",) if result.pooled else ()
    limits = f"{aw.level(result)} interval"
    head = ("Site", f"People{_groups(evidence)}", f"{what}{unit}", limits, "Where it lies", *weight)
    rows = [_row(result, site) for site in result.sites]
    if result.pooled:
        pooled = result.pooled
        figure = (aw.written(result, pooled.value), aw.limits(result, pooled.lower, pooled.upper))
        rows.append(("Average of the sites", "", *figure, aw.WHERE.get(result.verdict, ""), "100%"))
    if result.prediction:
        ends = aw.limits(result, result.prediction.lower, result.prediction.upper)
        rows.append(("A further site like these", "", "", ends, "", ""))
    name = sentences.name(result.outcome_type, result.title)
    widths = (22, 20, 16, 20, 12, 10) if result.pooled else (24, 22, 18, 22, 14)
    return Table(f"forest-{number}", f"{name}: the numbers of the figure", head, rows, widths, note=_note(result))


def _groups(evidence: Evidence) -> str:
    titles = ", ".join(ev.arm_titles(evidence).values())
    return f" ({titles})" if titles else ""


def _row(result: SynthesisResult, site: SiteEffect) -> tuple[str, ...]:
    people = ", ".join(numbers.count(site.n[arm]) for arm in ("treatment", "comparison", "everyone") if arm in site.n)
    if site.left_out:
        row = (site.title, people, "not compared", "", "")
    else:
        where = aw.WHERE[site.verdict]
        row = (site.title, people, aw.written(result, site.value), aw.limits(result, site.lower, site.upper), where)
    return (*row, numbers.percent(site.weight, 0) if site.weight is not None else "") if result.pooled else row


def _note(result: SynthesisResult) -> str:
    told = ["Each site's figures are those of its own report."]
    if result.pooled:
        told.append(f"Average: {result.pooled.method}. Its interval: {result.pooled.rule}.")
    if result.prediction:
        told.append(f"A further site: {result.prediction.convention}.")
    return " ".join(told)


def _without(result: SynthesisResult, number: int) -> Table:
    """Tabulate the average without each site."""
    rows = [
        (f"without {one.title}", aw.written(result, one.value), aw.limits(result, one.lower, one.upper))
        for one in result.leave_one_out
    ]
    unit = f", {aw.unit(result)}" if aw.unit(result) else ""
    head = ("Average", f"Estimate{unit}", f"{aw.level(result)} interval")
    return Table(f"without-{number}", "Whether the average hangs on one site", head, rows, (46, 24, 30))


def cannot_say(evidence: Evidence) -> str:
    """Return what all sites together cannot say."""
    items = [f"{plain(finding.sentence)} {source(finding.id)}" for finding in ev.limits(evidence)]
    return joined(heading(2, "What this pilot cannot say", "sec-cannot-say"), bullets(items)) if items else ""
