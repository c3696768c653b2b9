"""The annex of the report on all sites: methods, other averages, how much sites differ, and what it rests on."""

from __future__ import annotations

from pipelines.findings.across import SynthesisResult
from pipelines.release.bundle import Evidence
from pipelines.reporting import across_words as aw
from pipelines.reporting import numbers, sentences
from pipelines.reporting.markup import bullets, code, heading, joined, plain
from pipelines.reporting.sections.across import outcomes_of, sites_of
from pipelines.reporting.tables import Table, markdown
from pipelines.synthesis.averages import FEW, METHOD, RULE


def methods(evidence: Evidence) -> str:
    """Return how sites were put together, or why they were not."""
    found = [pair.result for pair in outcomes_of(evidence)]
    told = []
    if any(result.pooled for result in found):
        told += [
            f"Average over sites: {METHOD} (Fisher scoring; Viechtbauer 2005).",
            f"Interval: {RULE} (Hartung and Knapp 2001; Knapp and Hartung 2003; Röver, Knapp and Friede 2015).",
            "Variance between sites: interval by Q-profile (Viechtbauer 2007); I² and H² follow from it (Higgins and"
            " Thompson 2002).",
            "A further site: prediction interval by the t distribution with k − 2 degrees of freedom (Higgins, Thompson"
            " and Spiegelhalter 2009). Of few sites it holds the truth somewhat less often than it says.",
        ]
    if any(not result.pooled and len(aw.compared(result)) > 1 for result in found):
        told.append(FEW)
    if any(result.scale == "logarithm" for result in found):
        told.append("Ratios were put together on the scale of their logarithms.")
    told.append("People are never added up over sites, so that no total gives a withheld number back.")
    return joined(heading(3, "How sites were put together"), bullets(map(plain, told)))


def differing(evidence: Evidence) -> str:
    """Return how much sites differ beyond chance, outcome by outcome."""
    rows = [_differing(pair.result) for pair in outcomes_of(evidence) if pair.result.heterogeneity]
    head = ("Outcome", "Q (df)", "p", "Variance between sites", "I²")
    note = (
        "Q measures the distances between the sites' estimates by their errors. Of few sites the test seldom finds a"
        " difference, whatever is true, and below five sites neither variance nor I² is given."
    )
    table = Table("differing", "How much sites differ", head, rows, (32, 14, 10, 24, 20), note=note)
    return joined(heading(3, "How much sites differ"), markdown(table)) if rows else ""


def _differing(result: SynthesisResult) -> tuple[str, ...]:
    spread, name = result.heterogeneity, sentences.name(result.outcome_type, result.title)
    if spread is None:
        return (name, "", "", "", "")
    test = (f"{numbers.decimal(spread.q, 2)} ({spread.df})", numbers.p_value(spread.p))
    if spread.tau2 is None or spread.i2 is None:
        return (name, *test, "", "")
    tau2 = f"{spread.tau2:.4g} ({spread.tau2_lower:.4g} to {spread.tau2_upper:.4g})"
    return (name, *test, tau2, f"{spread.i2:.0f}% ({spread.i2_lower:.0f}% to {spread.i2_upper:.0f}%)")


def other_methods(evidence: Evidence) -> str:
    """Return other methods' averages; below five sites the one that teaches why no average is given."""
    rows: list[tuple[str, ...]] = []
    lesson: list[tuple[str, ...]] = []
    for pair in outcomes_of(evidence):
        name = sentences.name(pair.result.outcome_type, pair.result.title)
        for other in pair.result.others:
            # A ratio beside differences is written as a ratio.
            as_measured = pair.result.model_copy(
                update={"scale": "as estimated" if other.measure == pair.result.measure else "logarithm"}
            )
            written = pair.result if other.measure == pair.result.measure else as_measured
            told = (aw.written(written, other.value), aw.limits(written, other.lower, other.upper))
            (rows if pair.result.pooled else lesson).append((name, other.method, other.measure, *told))
    head = ("Outcome", "Method", "Measure", "Average", "Interval")
    widths = (26, 24, 18, 12, 20)
    beside = Table("methods", "Other methods' averages", head, rows, widths)
    caption = "Why no average is given: the interval it would have"
    note = (
        "So few sites say next to nothing about how much sites vary, and the interval shows it. It is a lesson and not"
        " a result: please do not quote it. An outcome that is not in the table has sites that lie close together,"
        " which so few sites often do whatever is true."
    )
    return joined(
        heading(3, "Other methods") if rows else "",
        markdown(beside),
        heading(3, "Why no average is given") if lesson else "",
        markdown(Table("lesson", caption, head, lesson, widths, note=note)),
    )


def releases(evidence: Evidence) -> str:
    """Return which release of each site was read."""
    rows = [(site.title, site.release, site.drop) for site in sites_of(evidence)[1].sites if not site.missing]
    head = ("Site", "Release", "Newest drop")
    return markdown(Table("releases", "The releases that this report was made from", head, rows, (34, 40, 26), False))


def rerun(evidence: Evidence) -> str:
    """Return the command that makes this report again."""
    return f"```\npilotlens run {evidence.plan.pilot}\n```"


def state(evidence: Evidence) -> str:
    """Return the hash over the releases, which stands where a site's bundle has that of its data."""
    return f"{plain('Hash over the releases above:')} {code(evidence.drop.sha256)}"
