"""Rules about people: their age, their group, their site, what was spent for them, and whether they consented.

What belongs here: rules that the protocol's arms, outcomes and limits ask for. Rules about time are in episode_rules,
about the shape of whole tables in pattern_rules.
"""

from __future__ import annotations

from pipelines.protocol import Protocol
from pipelines.protocol.models import Age
from pipelines.validation.rule import ROW_COUNT, Rule
from pipelines.validation.rules import between, not_null_share, required
from pipelines.validation.typed import field_types
from pipelines.warehouse import named

LINKED = ("contacts", "spend", "events", "assessments", "documents")
"""Tables whose rows are linked with a person of the case file, and so may need consent."""
ONCE = ("cases", "consents")
"""Tables that have one row for each person: of identical copies one is kept."""
REPEATED = ("contacts", "spend", "events", "assessments")
"""Tables in which two equal rows may both be true."""


def people_rules(protocol: Protocol, noun: str, site: str = "") -> list[Rule]:
    """Return the rules about people that a protocol asks for."""
    limits = protocol.limits
    rules: list[Rule] = []
    if noun == "cases":
        rules += [_arm_known()] if protocol.arms else []
        rules += [_age_plausible(limits.age)] if limits.age else []
        rules += _says_something(protocol, site)
        rules += [_further_rows_placed(protocol)] if any(e.completes for e in protocol.extracts.values()) else []
        rules += [_one_site()] if len(protocol.sites) > 1 and not limits.two_sites else []
        rules += [_one_arm_everywhere()] if len(protocol.sites) > 1 and limits.two_sites and protocol.arms else []
    if noun == "outcomes" and protocol.outcomes:
        rules.append(_outcome_known(limits.missing_outcome))
    if noun == "spend":
        rules += [_spend_limit(limits.spend_per_entry)] if limits.spend_per_entry else []
        rules += [_person_limit(limits.spend_per_person)] if limits.spend_per_person else []
    if noun in (*REPEATED, "consents"):
        rules += [_rows_came(noun)] if _is_expected(protocol, noun) else []
    if needs_consents(protocol, noun):
        rules.append(_consented(protocol, noun))
        rules += [_consent_dated(protocol, noun)] if dates_consents(protocol) else []
    if noun == "consents" and limits.consent_before_linking and dates_consents(protocol):
        rules.append(_consents_dated())
    return [*rules, *([_identical_copy(noun)] if keeps_one(protocol, noun) else [])]


def needs_consents(protocol: Protocol, noun: str) -> bool:
    """Whether rows of a noun may stand only for people who agreed that their records are linked."""
    counted = any(outcome.events for outcome in protocol.outcomes.values())
    return protocol.limits.consent_before_linking and (noun in LINKED or (noun == "outcomes" and counted))


def dates_consents(protocol: Protocol) -> bool:
    """Whether some file of consents has a column for the date; then a consent without one cannot be relied on."""
    return any("consent_date" in extract.columns for extract in protocol.extracts.values())


def keeps_one(protocol: Protocol, noun: str) -> bool:
    """Whether one of several identical rows of a noun is kept, and the others are set aside as copies."""
    return noun in ONCE or (noun in REPEATED and protocol.limits.identical_rows == "one")


def _arm_known() -> Rule:
    return required(
        "arm",
        rows="people",
        severity="note",
        words="Everybody has a group",
        failed="{failed} of {total} people ({share}) have no group; they are in no comparison.",
        advice="Give the group of everybody who was assigned to one.",
        why="People who were referred but never assigned belong into the participant flow, and into no estimate.",
    )


def _says_something(protocol: Protocol, site: str) -> list[Rule]:
    """Return the rule about rows that hold a number in the place of the person's and nothing else, if any can."""
    extracts = protocol.extracts_of("cases", site) if site else protocol.extracts
    mapped = {f for e in extracts.values() if e.noun == "cases" for f in e.columns} - {"person", "site"}
    typed = sorted(mapped & field_types(protocol, "cases").keys())
    if not typed:
        return []
    silent = " AND ".join(["unreadable = ''", *(f"{named(field)} IS NULL" for field in typed)])
    kept = f"SELECT row_key FROM {{table}} WHERE {silent}"
    outcomes = sorted(mapped - set(typed))  # they are in no column of this table
    if outcomes:
        said = ", ".join(f"trim({named(field)})" for field in outcomes)
        delivered = f"SELECT row_key, concat_ws('', {said}) AS said FROM raw.cases"
        kept = f"SELECT kept.row_key FROM ({kept}) AS kept JOIN ({delivered}) AS d USING (row_key) WHERE d.said = ''"
    return [
        Rule(
            id="says_something",
            expectation="unexpected_rows",
            arguments={"sql": kept},
            severity="warn",
            level="row",
            needs=("raw.cases",),
            words="Every row says something of its person",
            failed="{failed} of {total} people ({share}) have a row with nothing in it but a number or name.",
            advice="Delete lines that are no people (notes, sources, dates of the export below the table); else fill in"
            " what is known.",
            why="A line of words below a table looks like a person of whom nothing is known, and would be counted.",
        )
    ]


def _further_rows_placed(protocol: Protocol) -> Rule:
    """Return the rule about files that complete the case file: their rows have no other place to be set aside in."""
    titles = {name: name.replace("_", " ") for name, extract in protocol.extracts.items() if extract.completes}
    return Rule(
        id="further_rows_placed",
        expectation="unexpected_rows",
        arguments={
            "sql": "SELECT DISTINCT extract AS row_key FROM raw.unplaced WHERE noun = 'cases'",
            "names": titles,
        },
        severity="warn",
        level="table",
        needs=("raw.unplaced",),
        unless="no file completes the case file",
        words="Every row of the files that complete the case file belongs to somebody in it",
        failed="Some rows belong to nobody in the case file, or do not say whose they are, and are not used: {named}.",
        advice="Check the people's numbers in these files, and that the case file is complete.",
        why="What cannot be joined to a person is missing for that person, and a mistyped number looks like a person"
        " without an outcome.",
    )


def _is_expected(protocol: Protocol, noun: str) -> bool:
    return any(extract.noun == noun and not extract.optional for extract in protocol.extracts.values())


def _rows_came(noun: str) -> Rule:
    return Rule(
        id="rows_came",
        expectation=ROW_COUNT,
        arguments={"min_value": 1},
        severity="warn",
        level="table",
        words=f"The drop has {noun} for this site",
        failed=f"The drop has no {noun} for this site, so nobody has any.",
        advice="Check that the export had rows, and that rows carry the site's code; if there were none, nothing is"
        " wrong.",
        why="An empty file may be true, or a failed export. Read as true, nobody had a contact, a payment or an event.",
    )


def _age_plausible(age: Age) -> Rule:
    return between(
        age.field,
        age.low,
        age.high,
        id="age_plausible",
        severity="warn",
        words="Everybody's age at referral can be true",
        failed=f"{{failed}} of {{total}} people ({{share}}) are younger than {age.low:g} or older than {age.high:g}.",
        advice="Check the ages and the dates of birth; the century may be wrong.",
        why="The person stays, and with them their outcome: a slip in the age is no reason to lose somebody.",
    )


def _one_site() -> Rule:
    return Rule(
        id="one_site",
        expectation="unexpected_rows",
        arguments={"sql": "SELECT row_key FROM {table} WHERE person_key IN (SELECT person_key FROM raw.elsewhere)"},
        severity="block",
        level="row",
        needs=("raw.elsewhere",),
        unless="nobody has looked into the case files of the other sites",
        words="Nobody is in the case files of two sites",
        failed="{failed} of {total} people ({share}) are in the case file of another site too.",
        advice="Say which site the person belongs to; take them out of the other one's file.",
        why="Counted in two sites, a person would weigh twice, perhaps in both groups. Where this is rightly so, the"
        " protocol says two_sites in its limits.",
    )


def _one_arm_everywhere() -> Rule:
    return Rule(
        id="one_arm_everywhere",
        expectation="unexpected_rows",
        arguments={
            "sql": "SELECT r.row_key FROM {table} AS r JOIN raw.elsewhere AS e ON e.person_key = r.person_key"
            " WHERE r.arm <> e.arm"
        },
        severity="block",
        level="row",
        needs=("raw.elsewhere",),
        unless="nobody has looked into the case files of the other sites",
        words="Nobody is in one group here and in the other group in another site",
        failed="{failed} of {total} people ({share}) are in the other group in the case file of another site.",
        advice="Give each person the one group that the allocation list says, in every site.",
        why="A person who stands in two sites may be supported in one of them, and is then no comparison in the other.",
    )


def _outcome_known(limit: float) -> Rule:
    return not_null_share(
        "value_or_time",
        limit,
        id="outcome_known",
        severity="warn",
        level="table",
        words="Few outcomes are missing",
        failed="{failed} of {total} outcomes ({share}) are not known; the limit is {limit}.",
        advice="Ask the provider for the missing outcomes.",
        why="People whose outcome is missing may differ from the others, and the estimate with them.",
    )


def _spend_limit(limit: float) -> Rule:
    return between(
        "amount",
        high=limit,
        id="amount_within_limit",
        severity="warn",
        words="No payment is above the fund's limit",
        failed="{failed} of {total} payments ({share}) are above the fund's limit.",
        advice="Check whether these payments were approved.",
    )


def _person_limit(limit: float) -> Rule:
    return Rule(
        id="person_within_limit",
        expectation="unexpected_rows",
        arguments={
            "sql": "SELECT row_key FROM {table} WHERE person_key IN"
            f" (SELECT person_key FROM {{table}} GROUP BY person_key HAVING round(sum(amount), 6) > {limit!r})"
        },
        severity="warn",
        level="row",
        words="For nobody was more spent than the fund allows",
        failed="{failed} of {total} payments ({share}) are for people for whom more was spent than the fund allows.",
        advice="Check whether these sums were approved, and that no payment is in the file twice.",
        why="A sum above the limit may be a payment counted twice, or two people under one number.",
    )


def _consented(protocol: Protocol, noun: str) -> Rule:
    """Return the rule about consent; of outcomes only those that are counted from events are linked.

    Their events are set aside too, and without this rule who did not consent would seem to have had none.
    """
    holds = (
        "c.person_key = r.person_key AND c.may_link AND c.withdrawn_on IS NULL"
        " AND (c.consent_date > try_cast(left(c.drop_id, 10) AS DATE)) IS NOT TRUE"
    )
    return Rule(
        id="consent_present",
        expectation="unexpected_rows",
        arguments={
            "sql": "SELECT r.row_key FROM {table} AS r WHERE r.person_key IS NOT NULL"
            f"{_linked(protocol, noun)} AND NOT EXISTS (SELECT 1 FROM {{schema}}.consents AS c WHERE {holds})"
        },
        severity="block",
        level="row",
        # However many have not consented, it is their right, and no fault of the file.
        refuse_above=1.0,
        words="Everybody here has agreed that their records are linked",
        failed="{failed} of {total} rows ({share}) are of people who have not agreed that their records are linked, or"
        " no longer do.",
        advice="Send the consent of these people if they gave it; else leave their rows out.",
        why="Without consent, or after its withdrawal, records are not linked. The case file is the service's own.",
    )


def _linked(protocol: Protocol, noun: str) -> str:
    """Return the condition that a row is linked: of outcomes, that they are counted from events."""
    counted = [f"'{key}'" for key, outcome in protocol.outcomes.items() if outcome.events]
    return f" AND r.outcome IN ({', '.join(counted)})" if noun == "outcomes" else ""


def _consent_dated(protocol: Protocol, noun: str) -> Rule:
    """Return the rule about consents whose date was left empty: nobody can say that they came before the linking."""
    undated = "c.person_key = r.person_key AND c.may_link AND c.withdrawn_on IS NULL AND c.consent_date IS NULL"
    return Rule(
        id="consent_has_date",
        expectation="unexpected_rows",
        arguments={
            "sql": "SELECT r.row_key FROM {table} AS r WHERE r.person_key IS NOT NULL"
            f"{_linked(protocol, noun)} AND EXISTS (SELECT 1 FROM {{schema}}.consents AS c WHERE {undated})"
        },
        severity="block",
        level="row",
        refuse_above=1.0,
        words="The consent of everybody here has a date",
        failed="{failed} of {total} rows ({share}) are of people whose consent has no date.",
        advice="Give the date of these people's consent in the file of consents; their rows then come back.",
        why="Consent must come before linking, and without its date nobody can show that it did: not linked is the"
        " safe reading. A file of consents that has no column for the date is taken to hold on the day of its drop.",
    )


def _consents_dated() -> Rule:
    return Rule(
        id="consent_dated",
        expectation="unexpected_rows",
        arguments={"where": "may_link AND withdrawn_on IS NULL AND consent_date IS NULL"},
        severity="warn",
        level="row",
        words="Every consent to linking has a date",
        failed="{failed} of {total} consents ({share}) allow linking and have no date; these people are not linked.",
        advice="Give the date on which each of them agreed.",
        why="Consent must come before linking, and without its date nobody can show that it did.",
    )


def _identical_copy(noun: str) -> Rule:
    copies = f"staging.{noun}_copies"
    return Rule(
        id="identical_copy",
        expectation="unexpected_rows",
        arguments={
            "sql": f"SELECT row_key FROM {copies}",
            "of": f"SELECT (SELECT count(*) FROM {{table}}) + (SELECT count(*) FROM {copies})",
        },
        severity="note",
        level="table",
        needs=(copies,),
        unless="no copies were looked for",
        words="No row is in the file twice",
        failed="{failed} of {total} rows ({share}) are exact copies of another row; one of each is kept.",
        advice="Check that the export does not repeat rows, or that files do not overlap.",
        why="Rows that are equal in every field say the same thing once. Rows that differ anywhere are never dropped.",
    )
