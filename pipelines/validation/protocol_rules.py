"""Which rules a table has: those of expectations/, and those that a pilot's protocol asks for.

What belongs here: putting them together, and the list of all that any pilot can have. The rules themselves are in
people_rules, episode_rules and pattern_rules.
"""

from __future__ import annotations

from functools import cache

from pipelines.protocol import Protocol
from pipelines.validation.corrections import READABLE_ID
from pipelines.validation.episode_rules import episode_rules
from pipelines.validation.load import load_rules
from pipelines.validation.pattern_rules import pattern_rules
from pipelines.validation.people_rules import people_rules
from pipelines.validation.placeholders import placeholder_rules
from pipelines.validation.rule import Rule

READABLE = Rule(
    id=READABLE_ID,
    expectation="unexpected_rows",
    arguments={"where": "unreadable <> ''"},
    severity="block",
    level="row",
    words="Every value that is given can be read as the protocol says",
    failed="{failed} of {total} rows ({share}) hold a value that cannot be read as the protocol says.",
    advice="Correct the values in the rows listed below, or add their codes or format to the protocol.",
    why="A value that nobody can read is not a value; guessing it would be worse than missing it.",
)


def rules_for(protocol: Protocol, noun: str, site: str = "") -> tuple[Rule, ...]:
    """Return the rules of a table: those of expectations/, and those that the protocol asks for."""
    rules = [*load_rules(noun), READABLE, *protocol_rules(protocol, noun, site)]
    return tuple(rule.model_copy(update={"refuse_above": _patience(protocol, rule)}) for rule in rules)


def rules_asked(protocol: Protocol, noun: str, site: str) -> tuple[Rule, ...]:
    """Return the rules that a table of a site is checked by: none where the protocol expects no rows of it."""
    if noun == "outcomes":
        expected = bool(protocol.outcomes)
    else:
        expected = bool(protocol.extracts_of("interviews" if noun in ("documents", "codings") else noun, site))
    return rules_for(protocol, noun, site) if expected else ()


def _patience(protocol: Protocol, rule: Rule) -> float:
    """Return the share above which a rule refuses: a rule file may be more patient than the protocol's limit."""
    if rule.id == "document_known" and protocol.limits.consent_before_linking:
        return 1.0  # an interview that is set aside for want of consent takes its codings along, however many
    return rule.refuse_above if "refuse_above" in rule.model_fields_set else protocol.limits.quarantine


def protocol_rules(protocol: Protocol, noun: str, site: str = "") -> list[Rule]:
    """Return the rules that a protocol asks for."""
    dates = [*episode_rules(protocol, noun, site), *placeholder_rules(protocol, noun)]
    return [*people_rules(protocol, noun, site), *dates, *pattern_rules(protocol, noun)]


def rule_ids(noun: str) -> tuple[tuple[str, str], ...]:
    """Return id and words of every rule that a table can have in any pilot."""
    everything = _everything()
    both = everything.model_copy(update={"limits": everything.limits.model_copy(update={"two_sites": True})})
    possible = [*load_rules(noun), READABLE, *protocol_rules(everything, noun), *protocol_rules(both, noun)]
    return tuple({rule.id: (rule.id, rule.words) for rule in possible}.values())


@cache
def _everything() -> Protocol:
    """Return a protocol that asks for every rule there is; nobody's data are ever read by it."""
    columns = {"person": "p", "referral_date": "r", "arm": "a", "age": "g", "score": "s", "contact_date": "c"}
    columns |= {"spend_date": "d", "amount": "m", "may_link": "l", "may_quote": "q", "may_publish": "b"}
    columns |= {"consent_date": "cd", "event_date": "ed", "period_date": "pd"}
    tables = ("cases", "contacts", "spend", "consents", "events", "assessments", "series")
    return Protocol.model_validate(
        {
            "pilot": "everything",
            "title": "Everything",
            "question": "Which rules are there?",
            "concept": {"name": "x"},
            "dates": {"start": "2000-01-01", "end": "2000-12-31"},
            "sites": {site: {"title": site} for site in ("here", "there")},
            "population": {"description": "people"},
            "intervention": {"name": "x"},
            "arms": {arm: {"title": arm, "codes": [arm]} for arm in ("treatment", "comparison")},
            "outcomes": {"score": _PRIMARY, "arrest": _COUNTED},
            "covariates": {"age": {"title": "Age"}},
            "limits": {
                "spend_per_entry": 1,
                "spend_per_person": 1,
                "age": {"field": "age"},
                "consent_before_linking": True,
                "identical_rows": "one",
            },
            "extracts": {noun: {"noun": noun, "file": noun, "columns": columns} for noun in tables} | _FURTHER,
        }
    )


_COUNTED = {"title": "x", "type": "binary", "better": "lower", "events": {}, "horizon": 1}
_PRIMARY = {
    "title": "Score",
    "type": "continuous",
    "tier": "primary",
    "better": "higher",
    "value": "score",
    "due_after_days": 1,
}
_FURTHER = {"further": {"file": "further", "completes": "cases", "columns": {"person": "p", "end_date": "e"}}}
