"""Rules about when things happened: within a person's time in the pilot, the pilot's own dates, and before the drop.

What belongs here: rules that the protocol's dates and limits ask for. Those that hold in every pilot are in
expectations/; `events` has them here because their tables are compared with those of the cases.
"""

from __future__ import annotations

import datetime as dt

from pipelines.protocol import Protocol
from pipelines.protocol.extracts import FieldType
from pipelines.protocol.outcomes import Outcome
from pipelines.validation.rule import Rule
from pipelines.validation.typed import typed_field

BEGAN = "coalesce({0}.start_date, {0}.referral_date)"
"""A person's time is counted from the start, or without one from the referral, as outcomes are (see typed)."""


def episode_rules(protocol: Protocol, noun: str, site: str = "") -> list[Rule]:
    """Return the rules about time that a protocol asks for."""
    rules = {
        "cases": [*_referral_in_pilot(protocol), *_follow_up_mature(protocol, site)],
        "outcomes": _somebody_mature(protocol),
        "contacts": [_contact_in_episode(protocol.limits.contact_grace_days)],
        "spend": [_spend_in_pilot(protocol)],
        "events": _events(),
    }
    return rules.get(noun, [])


def drop_day(table: str) -> str:
    """Return the SQL of the date of the drop in which a row arrived; NULL where it has none."""
    return f"try_cast(left({table}.drop_id, 10) AS DATE)"


def _day(day: dt.date) -> str:
    return f"DATE '{day.isoformat()}'"


def _outside(column: str, low: dt.date | None, high: dt.date | None) -> str:
    """Return the condition that a date lies outside the pilot's dates."""
    outside = [f"{column} < {_day(low)}"] if low else []
    outside += [f"{column} > {_day(high)}"] if high else []
    return " OR ".join(outside)


def _referral_in_pilot(protocol: Protocol) -> list[Rule]:
    outside = _outside("referral_date", protocol.dates.start, protocol.dates.end)
    if not outside:
        return []
    return [
        Rule(
            id="referral_in_pilot",
            expectation="unexpected_rows",
            arguments={"where": outside},
            severity="warn",
            level="row",
            words="Everybody was referred between the pilot's first and last day",
            failed="{failed} of {total} people ({share}) were referred before the pilot's first day or after its last.",
            advice="Check the referral dates, and that the file holds the people of this pilot only.",
            why="People referred outside the pilot's dates were not its population; a warning, as dates do get moved.",
        )
    ]


def _follow_up_mature(protocol: Protocol, site: str) -> list[Rule]:
    """Return the rule about values given too early.

    A value before its time counts those who failed early and not yet those who will: reoffending within a year looks
    lower than it is. Times to an event are left alone: a time that is not over yet is what they are made for.
    """
    early = {key: one for key, one in protocol.outcomes.items() if one.value and one.due_after_days}
    if not early:
        return []
    given = ", ".join(f"{_given(protocol, site, one)} AS given_{n}" for n, one in enumerate(early.values()))
    began = BEGAN.format("kept")
    too_early = " OR ".join(
        f"(delivered.given_{n} AND {began} + {one.due_after_days} > {drop_day('kept')})"
        for n, one in enumerate(early.values())
    )
    return [
        Rule(
            id="follow_up_mature",
            expectation="unexpected_rows",
            arguments={
                "sql": f"SELECT kept.row_key FROM {{table}} AS kept JOIN (SELECT row_key, {given} FROM raw.cases)"
                f" AS delivered USING (row_key) WHERE {too_early}"
            },
            severity="warn",
            level="row",
            needs=("raw.cases",),
            words="No outcome is given before its follow-up is over",
            failed="{failed} of {total} people ({share}) have an outcome although the time it needs is not over; it is"
            " left out until then.",
            advice="Nothing needs to be done if the time is right; else check start and referral dates.",
            why="An outcome known early is known of those to whom it came early: counted, it would tilt the result.",
        )
    ]


def _given(protocol: Protocol, site: str, outcome: Outcome) -> str:
    """Return the condition that the file has a value, readable or not."""
    kind: FieldType = "yes_no" if outcome.type == "binary" else "number"
    typed = typed_field(protocol, "cases", site, str(outcome.value), kind)
    return f"(({typed.value}) IS NOT NULL OR {typed.unreadable})"


def _somebody_mature(protocol: Protocol) -> list[Rule]:
    names = {key: one.title for key, one in protocol.outcomes.items() if one.due_after_days}
    if not names:
        return []
    keys = ", ".join(f"('{key}')" for key in names)
    return [
        Rule(
            id="somebody_mature",
            expectation="unexpected_rows",
            arguments={
                "sql": f"SELECT outcome AS row_key FROM (VALUES {keys}) AS declared(outcome)"
                " WHERE outcome NOT IN (SELECT outcome FROM {table} WHERE outcome IS NOT NULL)"
                " AND EXISTS (SELECT 1 FROM {schema}.cases)",
                "names": names,
            },
            severity="note",
            level="table",
            needs=("{schema}.cases",),
            unless="no cases have been published",
            words="For every outcome there is somebody whose follow-up is over",
            failed="Nobody's follow-up is over yet for: {named}.",
            advice="Wait for a later drop; nothing is wrong.",
            why="Without this note an empty table would look as if outcomes had been lost.",
        )
    ]


def _contact_in_episode(grace: int) -> Rule:
    began = BEGAN.format("c")
    return Rule(
        id="contact_in_episode",
        expectation="unexpected_rows",
        arguments={
            "sql": "SELECT r.row_key FROM {table} AS r JOIN {schema}.cases AS c ON c.person_key = r.person_key"
            f" WHERE r.contact_date < {began} - {grace} OR r.contact_date > c.end_date + {grace}"
        },
        severity="warn",
        level="row",
        needs=("{schema}.cases",),
        unless="no cases have been published",
        words="Contacts lie between a person's start and end",
        failed="{failed} of {total} contacts ({share}) lie before the person's start or after their end.",
        advice="Check the dates of these contacts, and the start and end dates of the people.",
        why="Contacts measure the dose of this pilot. Services do meet people before and after: a warning, or allow for"
        " it with contact_grace_days.",
    )


def _spend_in_pilot(protocol: Protocol) -> Rule:
    after = f" OR r.spend_date > {_day(protocol.dates.end)}" if protocol.dates.end else ""
    return Rule(
        id="spend_in_pilot",
        expectation="unexpected_rows",
        arguments={
            "sql": "SELECT r.row_key FROM {table} AS r JOIN {schema}.cases AS c ON c.person_key = r.person_key"
            f" WHERE r.spend_date < c.referral_date{after}"
        },
        severity="warn",
        level="row",
        needs=("{schema}.cases",),
        unless="no cases have been published",
        words="Payments lie between a person's referral and the end of the pilot",
        failed="{failed} of {total} payments ({share}) lie before the person's referral or after the end of the pilot.",
        advice="Check the dates of these payments, and that they were made from this pilot's fund.",
        why="Money spent before a person was referred, or after the pilot, was not spent on the pilot.",
    )


def _events() -> list[Rule]:
    return [
        Rule(
            id="event_not_in_future",
            expectation="unexpected_rows",
            arguments={"where": "event_date > try_cast(left(drop_id, 10) AS DATE)"},
            severity="block",
            level="row",
            words="No event is dated after the date of the drop",
            failed="{failed} of {total} events ({share}) are dated after the date of the drop.",
            advice="Check the date; day and month may be swapped.",
            why="What has not happened yet cannot be in a file.",
        ),
        Rule(
            id="decided_after_event",
            expectation="expect_column_pair_values_a_to_be_greater_than_b",
            arguments={"column_A": "decided_date", "column_B": "event_date", "or_equal": True},
            severity="block",
            level="row",
            words="No event is decided before it happened",
            failed="{failed} of {total} events ({share}) were decided before they happened.",
            advice="Check both dates; they may be swapped.",
            why="Whether an event counts hangs on both dates, so a wrong order may count what should not be counted.",
        ),
        Rule(
            id="event_after_start",
            expectation="unexpected_rows",
            arguments={
                "sql": "SELECT r.row_key FROM {table} AS r JOIN {schema}.cases AS c ON c.person_key = r.person_key"
                f" WHERE r.event_date < {BEGAN.format('c')}"
            },
            severity="note",
            level="row",
            needs=("{schema}.cases",),
            unless="no cases have been published",
            words="Every event comes after the person's start",
            failed="{failed} of {total} events ({share}) lie before the person's start: they are history, no outcomes.",
            advice="Nothing needs to be done if the file is meant to hold people's history.",
            why="What happened before the start cannot be owed to the pilot; it is kept, and never counted as outcome.",
        ),
    ]
