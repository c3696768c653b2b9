"""Findings on linkage by likeness, one for each file without the person's number. The words belong in likeness."""

from __future__ import annotations

from pipelines.findings.likeness import LinkedAt, MatchLevel, ProbabilisticLinkageResult
from pipelines.findings.making import Making
from pipelines.findings.models import Finding
from pipelines.warehouse import has_table


def likeness_findings(making: Making) -> list[Finding]:
    """Return one finding for each extract whose rows were linked by likeness."""
    if not has_table(making.connection, "raw", "links"):
        return []
    query = "SELECT DISTINCT noun, extract, threshold FROM raw.links ORDER BY 1, 2"
    found = making.connection.execute(query).fetchall()
    return [_finding(making, *one) for one in found]


def _finding(making: Making, noun: str, extract: str, threshold: float) -> Finding:
    by_status = "SELECT status, rows, people FROM raw.links WHERE noun = ? AND extract = ?"
    counts = {s: (rows, people) for s, rows, people in making.connection.execute(by_status, [noun, extract]).fetchall()}
    rows = {status: n for status, (n, _) in counts.items()}
    people = {status: n for status, (_, n) in counts.items()}
    start, levels = _model(making, noun, extract)
    result = ProbabilisticLinkageResult(
        noun=noun,
        extract=extract,
        title=f"File “{extract.replace('_', ' ')}”",
        threshold=threshold,
        rows=sum(rows.values()),
        linked=rows["linked"],
        ambiguous=rows["ambiguous"],
        unlinked=rows["unlinked"],
        linked_people=people["linked"],
        smallest=min(people["ambiguous"], people["unlinked"]),
        others=people["ambiguous"] + people["unlinked"],
        sensitivity=_sensitivity(making, noun, extract),
        start=start,
        levels=levels,
    )
    return making.finding(f"probabilistic_linkage/{extract}", result, subject=noun, population="the rows of this file")


def _sensitivity(making: Making, noun: str, extract: str) -> tuple[LinkedAt, ...]:
    query = """
        SELECT threshold, linked, least(ambiguous + unlinked, ambiguous_people + unlinked_people)
        FROM raw.link_sensitivity WHERE noun = ? AND extract = ? ORDER BY 1
    """
    found = making.connection.execute(query, [noun, extract]).fetchall()
    return tuple(LinkedAt(threshold=t, linked=linked, others=others) for t, linked, others in found)


def _model(making: Making, noun: str, extract: str) -> tuple[float, tuple[MatchLevel, ...]]:
    query = """
        SELECT identifier, agreement, m, u, weight FROM raw.link_model
        WHERE noun = ? AND extract = ? ORDER BY position
    """
    (_, _, _, _, start), *levels = making.connection.execute(query, [noun, extract]).fetchall()
    return start, tuple(
        MatchLevel(identifier=kind.replace("_", " "), agreement=agreement, m=m, u=u, weight=weight)
        for kind, agreement, m, u, weight in levels
    )
