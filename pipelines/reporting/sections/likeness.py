"""How rows without the person's number were linked by likeness: one file's thresholds, and the model's waterfall."""

from __future__ import annotations

from pipelines.findings.models import Finding, ProbabilisticLinkageResult
from pipelines.reporting import figures, numbers
from pipelines.reporting.markup import joined, plain, source
from pipelines.reporting.sentences import capital
from pipelines.reporting.tables import Table, markdown
from pipelines.reporting.waterfall_figure import waterfall_figure


def likeness(finding: Finding, number: int) -> str:
    """Return the paragraph, tables and figure of one file; `number` tells files apart."""
    result = finding.result
    if not isinstance(result, ProbabilisticLinkageResult):
        return ""
    return joined(
        f"{plain(finding.sentence)} {source(finding.id)}",
        _thresholds(result, number),
        _model(result, number),
        figures.markdown(waterfall_figure(result, number)),
    )


def _thresholds(result: ProbabilisticLinkageResult, number: int) -> str:
    if all(one.linked is None for one in result.sensitivity):
        return ""
    rows = [(f"{100 * one.threshold:.4g}%", numbers.count(one.linked)) for one in result.sensitivity]
    note = f"This report rests on the rows linked at {100 * result.threshold:.4g}%."
    caption = f"{result.title}: rows linked by the probability asked for"
    return markdown(
        Table(f"thresholds-{number}", caption, ("Match probability of at least", "Rows linked"), rows, note=note)
    )


def _model(result: ProbabilisticLinkageResult, number: int) -> str:
    """Tabulate what each agreement says, for those who want to check the model."""
    if result.start is None or not result.levels:
        return ""
    head = ("Identifier and agreement", "Pairs of one person (m)", "Pairs by chance (u)", "Match weight")
    rows = [
        (
            f"{capital(level.identifier)}: {level.agreement}",
            numbers.decimal(level.m, 2),
            numbers.WITHHELD if level.u is None else f"{level.u:.2g}",
            numbers.decimal(level.weight, 1),
        )
        for level in result.levels
    ]
    note = (
        f"Match weight: log2(m / u). A pair starts at {numbers.decimal(result.start, 1)}; the weights of its "
        "identifiers are added; 0 is as likely one person as two. Common names count less than the table says."
    )
    return markdown(Table(f"likeness-{number}", f"{result.title}: what each agreement says", head, rows, note=note))
