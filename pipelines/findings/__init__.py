"""Findings: results with an id, in which numbers and voices meet. Their models, and the functions that make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipelines.told import Told
from pipelines.workspace import PilotSite

if TYPE_CHECKING:
    from pipelines.findings.models import Finding

NOUNS = (
    "quality",
    "deliveries",
    "participants",
    "delivery",
    "outcomes",
    "themes",
    "progression",
    "questions",
    "learning",
    "protocol",
)
"""Tables of findings, in the order in which a report tells them."""

RESTS_ON = {"questions": ("outcomes", "themes"), "progression": ("participants", "outcomes", "themes")}
"""Tables of findings that a table of findings is made from."""


def compute(site: PilotSite, noun: str) -> Told:
    """Replace findings.<noun> by findings computed anew, and say what was found, as far as it may be shown."""
    from pipelines.disclosure.apply import checked
    from pipelines.findings.making import making
    from pipelines.findings.store import read_findings, write_findings
    from pipelines.release.earlier import held_against
    from pipelines.warehouse import open_warehouse, tables_in

    make, tables = _maker(noun)
    with open_warehouse(site) as connection:
        context = making(site, connection, tables)
        rests_on = RESTS_ON.get(noun)
        made = make(context, read_findings(connection, rests_on)) if rests_on else make(context)
        write_findings(connection, noun, made)
        there = tables_in(connection, "findings")
        others = [other for other in NOUNS if other in there]
        together = read_findings(connection, others)
    ids = {finding.id for finding in made}
    # What may be shown of these depends on what the other findings show, and on what was released before.
    earlier = held_against(site, context.inputs.drop, context.inputs.drop_hash)
    return _told(noun, [finding for finding in checked(together, site.protocol, earlier) if finding.id in ids])


def _maker(noun: str) -> tuple[Any, tuple[str, ...]]:
    """Return the function that makes a table of findings, and the tables it reads."""
    from pipelines.findings import (
        deliveries,
        delivery,
        learning,
        outcomes,
        participants,
        progression,
        protocols,
        quality,
        questions,
        themes,
    )

    makers = {
        "quality": (quality.quality_findings, quality.TABLES),
        "deliveries": (deliveries.delivery_findings, deliveries.TABLES),
        "participants": (participants.participant_findings, participants.TABLES),
        "delivery": (delivery.delivery_findings, delivery.TABLES),
        "outcomes": (outcomes.looked_at_findings, outcomes.TABLES),
        "themes": (themes.theme_findings, themes.TABLES),
        "progression": (progression.progression_findings, progression.TABLES),
        "questions": (questions.question_findings, questions.TABLES),
        "protocol": (protocols.protocol_findings, protocols.TABLES),
        "learning": (learning.learning_findings, learning.TABLES),
    }
    return makers[noun]


def _told(noun: str, findings: Sequence[Finding]) -> Told:
    """Return what may be shown of findings: each one's id and sentence, after the disclosure policy."""
    if not findings:
        return Told(f"This pilot site has no findings of this kind ({noun}).", rows=0)
    from pipelines.findings.pictures import picture

    rows = "\n".join(f"| `{f.id}` | {f.sentence.replace('|', '/')} |" for f in findings)
    image, alt = picture(findings)
    headline = findings[0].sentence
    return Told(
        headline, len(findings), table=f"| finding | what it says |\n|---|---|\n{rows}", picture=image, picture_alt=alt
    )
