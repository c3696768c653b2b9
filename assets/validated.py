"""Layer 2, validated: typed tables in the words of the common model, each published or refused by its expectations."""

from functools import partial

from assets.binding import Rules, bind
from assets.partitions import SURVEY
from pipelines.told import Told
from pipelines.validation.protocol_rules import rule_ids, rules_asked
from pipelines.workspace import PilotSite

ROWS = {
    "cases": "One row is one person in this site, with the group they were in and what was known before they started.",
    "events": "One row is one event of one person: when it happened, of what kind, and when that was decided.",
    "assessments": "One row is one person, or other unit, in one period: what was measured of them then.",
    "series": "One row is one period of a series: its count or average, and the population behind it.",
    "outcomes": "One row is one outcome of one person: whether it is known, and what it was.",
    "contacts": "One row is one contact with one person: when, of what kind, how long, and whether it took place.",
    "spend": "One row is one payment from the fund for one person: when, for what, and how much.",
    "consents": "One row is one person who was asked: what they agreed to, and since when.",
    "documents": "One row is one interview or note: who spoke (as a pseudonym) and in what role.",
    "codings": "One row is one passage of an interview that one coder gave one code.",
}

DEPS = {
    "cases": ("raw_cases",),
    "events": ("raw_events", "validated_cases", "validated_consents"),
    "assessments": ("raw_assessments", "validated_cases", "validated_consents"),
    "series": ("raw_series",),
    "outcomes": ("raw_cases", "validated_cases", "validated_consents", "validated_events"),
    "contacts": ("raw_contacts", "validated_cases", "validated_consents"),
    "spend": ("raw_spend", "validated_cases", "validated_consents"),
    "consents": ("raw_consents", "validated_cases"),
    "documents": ("raw_documents", "validated_cases", "validated_consents"),
    "codings": ("raw_codings", "validated_documents"),
}


def _publish(site: PilotSite, noun: str) -> Told:
    from pipelines.validation.publish import publish

    return publish(site, noun)


def _rules(noun: str) -> Rules:
    """Return the checks that some pilot of the workspace has; all there are while there is no pilot."""
    asked = {
        rule.id
        for protocol in SURVEY.protocols
        for site in protocol.sites
        for rule in rules_asked(protocol, noun, site)
    }
    return [(name, words) for name, words in rule_ids(noun) if name in asked or not SURVEY.protocols]


ASSETS = tuple(
    bind("validated", noun, one_row, partial(_publish, noun=noun), DEPS[noun], _rules(noun))
    for noun, one_row in ROWS.items()
)
