"""The rules that make a drop of a pilot believable: each with a table that keeps it, one that breaks it, and the edge.

Tables are written as a reader would write them; the drop is of 1 April 2026 unless a row says otherwise.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from pipelines.demo import create
from pipelines.protocol import Protocol, load_text
from pipelines.protocol.faults import ProtocolFaults
from pipelines.validation import CheckResult, Rule, decide, run_rules
from pipelines.validation.protocol_rules import rule_ids, rules_for
from pipelines.workspace import Workspace

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
dates: {start: 2025-01-01, end: 2026-12-31}
sites: {north: {title: North}, south: {title: South}}
population: {description: people}
intervention: {name: x}
arms:
  treatment: {title: Offered, codes: [fund]}
  comparison: {title: Usual, codes: [usual]}
outcomes:
  housed: {title: were housed, type: binary, tier: primary, better: higher, value: housed, due_after_days: 548}
  days: {title: Days in work, type: count, better: higher, value: days}
covariates:
  age: {title: Age}
  debt: {title: Debt}
limits: {LIMITS}
extracts:
  people:
    file: cases.csv
    columns:
      {person: p, site: z, arm: a, referral_date: r, start_date: s, end_date: e, age: g, debt: d, housed: h, days: n}
  talks: {noun: contacts, file: contacts.csv, columns: {person: p, site: z, contact_date: c, minutes: m}}
  money: {noun: spend, file: spend.csv, columns: {person: p, site: z, spend_date: d, amount: a}}
  agreed: {noun: consents, file: consents.csv, columns: {person: p, site: z, may_link: l, may_quote: q, may_publish: b}}
  arrests: {noun: events, file: events.csv, columns: {person: p, site: z, event_date: d, decided_date: c}}
"""
KEPT = (
    "row_key VARCHAR, person_key VARCHAR, unreadable VARCHAR, source_file VARCHAR, source_row BIGINT, drop_id VARCHAR"
)
COLUMNS = {
    "cases": "site VARCHAR, arm VARCHAR, referral_date DATE, start_date DATE, end_date DATE, age DOUBLE, debt DOUBLE",
    "outcomes": "outcome VARCHAR, value DOUBLE, time DOUBLE, event BOOLEAN, value_or_time DOUBLE",
    "contacts": "contact_date DATE, kind VARCHAR, minutes DOUBLE, attended BOOLEAN",
    "spend": "spend_date DATE, category VARCHAR, amount DOUBLE, purpose VARCHAR",
    "consents": "may_link BOOLEAN, may_quote BOOLEAN, consent_date DATE, withdrawn_on DATE",
    "documents": "document_key VARCHAR, role VARCHAR, text VARCHAR",
    "events": "event_date DATE, kind VARCHAR, decided_date DATE",
    "assessments": "period DOUBLE, period_date DATE",
}
DEFAULTS = {"drop_id": "2026-04-01", "unreadable": "", "site": "north"}
Row = dict[str, Any]


def protocol(limits: str = "{}", **swaps: str) -> Protocol:
    text = PROTOCOL.replace("{LIMITS}", limits)
    for old, new in swaps.items():
        text = text.replace(old, new)
    return load_text(text)


class Bench:
    """A warehouse in memory, filled with rows; asked for one rule at a time."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("ATTACH ':memory:' AS warehouse; USE warehouse")
        for layer in ("raw", "staging", "validated"):
            self.connection.execute(f"CREATE SCHEMA warehouse.{layer}")
            for noun, columns in COLUMNS.items():
                if layer != "raw":
                    self.connection.execute(f"CREATE TABLE {layer}.{noun} ({KEPT}, {columns})")
        self.connection.execute(f"CREATE SCHEMA quarantine; CREATE TABLE quarantine.cases ({KEPT}, reasons VARCHAR)")

    def fill(self, table: str, *rows: Row) -> None:
        for number, row in enumerate(rows):
            given = DEFAULTS | {"row_key": f"r{number}", "person_key": f"p{number}"} | row
            there = {name for (name, *_) in self.connection.execute(f"DESCRIBE {table}").fetchall()}
            given = {name: value for name, value in given.items() if name in there or name in row}
            marks = ", ".join("?" * len(given))
            self.connection.execute(f"INSERT INTO {table} ({', '.join(given)}) VALUES ({marks})", list(given.values()))

    def check(self, noun: str, name: str, plan: Protocol | None = None) -> CheckResult:
        rules = [rule for rule in _rules(plan or protocol(), noun) if rule.id == name]
        assert rules, f"there is no rule {name} about {noun}"
        return run_rules(self.connection, f"warehouse.staging.{noun}", rules, siblings="validated")[0]


def _rules(plan: Protocol, noun: str) -> tuple[Rule, ...]:
    return rules_for(plan, noun, "north")


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.connection.close()


def day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


# --- one person's dates ----------------------------------------------------------------------------------------------

# rule, severity, referral, start, end, whether the row breaks it
DATES = [
    ("start_after_referral", "block", "2026-01-10", "2026-01-10", "", False),
    ("start_after_referral", "block", "2026-01-10", "2026-01-09", "", True),
    ("start_after_referral", "block", "", "2026-01-09", "", False),
    ("end_after_start", "block", "", "2026-01-10", "2026-01-10", False),
    ("end_after_start", "block", "", "2026-01-10", "2026-01-09", True),
    ("end_after_referral", "block", "2026-01-10", "", "2026-01-10", False),
    ("end_after_referral", "block", "2026-01-10", "", "2026-01-09", True),
    ("end_after_referral", "block", "2026-01-10", "2026-01-11", "2026-01-09", False),  # another rule's
    ("referral_not_in_future", "block", "2026-04-01", "", "", False),
    ("referral_not_in_future", "block", "2026-04-02", "", "", True),
    ("start_not_in_future", "warn", "", "2026-04-01", "", False),
    ("start_not_in_future", "warn", "", "2026-04-02", "", True),
    ("end_not_in_future", "note", "", "", "2026-04-01", False),
    ("end_not_in_future", "note", "", "", "2026-04-02", True),
    ("referral_in_pilot", "warn", "2025-01-01", "", "", False),
    ("referral_in_pilot", "warn", "2024-12-31", "", "", True),
    ("referral_in_pilot", "warn", "2026-12-31", "", "", False),
    ("referral_in_pilot", "warn", "2027-01-01", "", "", True),
    ("referral_in_pilot", "warn", "", "", "", False),
]


@pytest.mark.parametrize(("rule", "severity", "referral", "start", "end", "breaks"), DATES)
def test_a_persons_dates_are_in_order(
    bench: Bench, rule: str, severity: str, referral: str, start: str, end: str, breaks: bool
) -> None:
    bench.fill("staging.cases", {"referral_date": day(referral), "start_date": day(start), "end_date": day(end)})
    found = bench.check("cases", rule)
    assert (found.severity, found.row_keys) == (severity, ("r0",) if breaks else ())


def test_a_row_of_an_earlier_drop_is_judged_by_its_own_date(bench: Bench) -> None:
    later = {"referral_date": day("2026-03-01")}
    bench.fill("staging.cases", {**later, "drop_id": "2026-02-01-first"}, {**later, "drop_id": "2026-03-01"}, later)
    assert bench.check("cases", "referral_not_in_future").row_keys == ("r0",)


def test_a_pilot_without_dates_asks_nothing_of_referrals() -> None:
    plan = protocol(**{"dates: {start: 2025-01-01, end: 2026-12-31}\n": ""})
    assert "referral_in_pilot" not in {rule.id for rule in rules_for(plan, "cases")}


# --- people ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "age", "breaks"),
    [
        ("{age: {field: age}}", 17, True),
        ("{age: {field: age}}", 18, False),
        ("{age: {field: age}}", 100, False),
        ("{age: {field: age}}", 101, True),
        ("{age: {field: age}}", None, False),
        ("{age: {field: age, low: 10, high: 17}}", 10, False),
        ("{age: {field: age, low: 10, high: 17}}", 18, True),
    ],
)
def test_ages_can_be_true(bench: Bench, limits: str, age: float | None, breaks: bool) -> None:
    bench.fill("staging.cases", {"age": age})
    found = bench.check("cases", "age_plausible", protocol(limits))
    assert (found.severity, found.failed) == ("warn", int(breaks))


def test_nobody_is_in_both_groups(bench: Bench) -> None:
    people = [("a", "treatment"), ("a", "comparison"), ("b", "treatment"), ("b", "treatment"), ("c", None)]
    bench.fill("staging.cases", *({"person_key": person, "arm": arm} for person, arm in people))
    found = bench.check("cases", "one_arm")
    assert found.row_keys == ("r0", "r1")
    assert found.decision == "refuse", "two rows of five are more than one in five"


def test_nobody_is_in_two_sites_unless_the_protocol_says_so(bench: Bench) -> None:
    bench.fill("staging.cases", *({} for _ in range(10)))
    assert bench.check("cases", "one_site").sentence.startswith("Not checked, as nobody has looked into")
    bench.connection.execute("CREATE VIEW raw.elsewhere AS SELECT 'p3' AS person_key, 'south' AS site")
    found = bench.check("cases", "one_site")
    assert (found.row_keys, found.decision) == (("r3",), "quarantine")
    assert "south" not in found.sentence
    assert "one_site" not in {rule.id for rule in rules_for(protocol("{two_sites: true}"), "cases")}
    alone = protocol(**{", south: {title: South}": ""})
    assert "one_site" not in {rule.id for rule in rules_for(alone, "cases")}


def test_who_may_be_in_two_sites_may_not_be_in_two_groups(bench: Bench) -> None:
    plan = protocol("{two_sites: true}")
    bench.connection.execute("CREATE TABLE raw.elsewhere (person_key VARCHAR, site VARCHAR, arm VARCHAR)")
    bench.connection.execute(
        "INSERT INTO raw.elsewhere VALUES ('a', 's', 'treatment'), ('b', 's', 'comparison'), ('c', 's', NULL)"
    )
    bench.fill("staging.cases", *({"person_key": person, "arm": "treatment"} for person in "abcd"))
    found = bench.check("cases", "one_arm_everywhere", plan)
    assert (found.row_keys, found.decision) == (("r1",), "refuse" if found.share > 0.2 else "quarantine")
    assert "one_arm_everywhere" not in {rule.id for rule in rules_for(protocol(), "cases")}, "one_site says it all"


CONSENTS: list[tuple[Row | None, bool]] = [
    (None, True),
    ({"may_link": True}, False),
    ({"may_link": False}, True),
    ({"may_link": None}, True),
    ({"may_link": True, "consent_date": day("2026-04-01")}, False),
    ({"may_link": True, "consent_date": day("2026-04-02")}, True),
    ({"may_link": True, "withdrawn_on": day("2026-03-01")}, True),
]


@pytest.mark.parametrize("noun", ["contacts", "spend", "documents", "events", "assessments"])
@pytest.mark.parametrize(("consent", "breaks"), CONSENTS)
def test_records_are_linked_with_consent_only(bench: Bench, noun: str, consent: Row | None, breaks: bool) -> None:
    bench.fill(f"staging.{noun}", {})
    bench.fill("validated.consents", *([consent] if consent else []))
    found = bench.check(noun, "consent_present", protocol("{consent_before_linking: true}"))
    assert found.decision == ("quarantine" if breaks else "publish"), "the table is never refused for it"
    assert "consent_present" not in {rule.id for rule in _rules(protocol(), noun)}


DATED = {"may_quote: q, may_publish: b}}": "may_quote: q, may_publish: b, consent_date: on}}"}


@pytest.mark.parametrize("noun", ["contacts", "spend", "documents", "events"])
def test_a_consent_whose_date_was_left_empty_does_not_link(bench: Bench, noun: str) -> None:
    plan = protocol("{consent_before_linking: true}", **DATED)
    bench.fill(f"staging.{noun}", *({"person_key": person} for person in ("dated", "undated", "refused", "nobody")))
    bench.fill(
        "validated.consents",
        {"person_key": "dated", "may_link": True, "consent_date": day("2026-01-01")},
        {"person_key": "undated", "may_link": True},
        {"person_key": "refused", "may_link": False},
    )
    assert bench.check(noun, "consent_has_date", plan).row_keys == ("r1",), "each row is set aside for its own reason"
    assert bench.check(noun, "consent_present", plan).row_keys == ("r2", "r3")
    undated = protocol("{consent_before_linking: true}")
    assert "consent_has_date" not in {rule.id for rule in _rules(undated, noun)}, "no column, nothing left empty"


def test_a_consent_to_linking_without_a_date_is_on_the_list(bench: Bench) -> None:
    plan = protocol("{consent_before_linking: true}", **DATED)
    given = ((True, ""), (True, "2026-01-01"), (False, ""))
    bench.fill("staging.consents", *({"may_link": may, "consent_date": day(when)} for may, when in given))
    found = bench.check("consents", "consent_dated", plan)
    assert (found.row_keys, found.decision) == (("r0",), "warn")


@pytest.mark.parametrize("noun", ["contacts", "spend", "documents", "events"])
def test_rows_of_people_who_were_set_aside_are_told_from_those_of_strangers(bench: Bench, noun: str) -> None:
    people = ["kept", "doubled", *["aside"] * 7, "stranger"]
    bench.fill(f"staging.{noun}", *({"person_key": person} for person in people))
    bench.fill("validated.cases", {"person_key": "kept"}, {"person_key": "doubled"})
    bench.fill("quarantine.cases", {"person_key": "doubled"}, {"person_key": "aside"})  # of `doubled` only a copy
    strangers, aside = bench.check(noun, "person_known"), bench.check(noun, "person_not_set_aside")
    assert (strangers.row_keys, strangers.decision) == (("r9",), "quarantine")
    assert (aside.row_keys, aside.decision) == (tuple(f"r{n}" for n in range(2, 9)), "quarantine")


def test_consents_of_people_who_were_set_aside_are_not_called_strangers(bench: Bench) -> None:
    bench.fill("staging.consents", {"person_key": "aside"}, {"person_key": "stranger"})
    bench.fill("quarantine.cases", {"person_key": "aside"})
    assert bench.check("consents", "person_known").row_keys == ("r1",)


def test_who_has_not_consented_is_not_counted_as_without_events(bench: Bench) -> None:
    plan = protocol(
        "{consent_before_linking: true}",
        **{"  days: {": "  arrest: {title: x, type: binary, better: lower, horizon: 365, events: {}}\n  days: {"},
    )
    bench.fill("validated.consents", {"person_key": "a", "may_link": True}, {"person_key": "b", "may_link": False})
    rows = [("a", "arrest"), ("b", "arrest"), ("b", "housed"), ("c", "arrest")]
    bench.fill("staging.outcomes", *({"person_key": person, "outcome": name} for person, name in rows))
    assert bench.check("outcomes", "consent_present", plan).row_keys == ("r1", "r3")


def test_the_case_file_is_the_services_own() -> None:
    plan = protocol("{consent_before_linking: true}")
    assert "consent_present" not in {rule.id for rule in (*rules_for(plan, "cases"), *rules_for(plan, "outcomes"))}


# --- outcomes and events ---------------------------------------------------------------------------------------------


def test_an_outcome_given_before_its_time_is_named(bench: Bench) -> None:
    fields = ("extract", "arm", "referral_date", "start_date", "end_date", "age", "debt", "housed", "days")
    columns = ", ".join(f"{field} VARCHAR" for field in fields)
    bench.connection.execute(f"CREATE TABLE raw.cases ({KEPT}, {columns})")
    # 548 days before 1 April 2026 is 30 September 2024.
    people = [("2024-09-30", "1"), ("2024-10-01", "1"), ("2024-10-01", ""), ("2024-10-01", "?"), ("", "1")]
    for number, (start, housed) in enumerate(people):
        bench.fill("staging.cases", {"row_key": f"r{number}", "start_date": day(start)})
        bench.fill("raw.cases", {"row_key": f"r{number}", "extract": "people", "housed": housed, "days": "5"})
    found = bench.check("cases", "follow_up_mature")
    assert (found.decision, found.row_keys) == ("warn", ("r1", "r3"))


def test_that_nobodys_time_has_come_is_said_and_refuses_nothing(bench: Bench) -> None:
    assert bench.check("outcomes", "somebody_mature").passed, "there is nobody at all"
    bench.fill("validated.cases", {})
    bench.fill("staging.outcomes", {"outcome": "days"})
    found = bench.check("outcomes", "somebody_mature")
    assert found.sentence == "Nobody's follow-up is over yet for: were housed."
    assert decide([found]).publish
    bench.fill("staging.outcomes", {"row_key": "s", "outcome": "housed"})
    assert bench.check("outcomes", "somebody_mature").passed


# rule, severity, event, decided, whether the row breaks it; the person started on 10 January 2026
EVENTS = [
    ("not_in_the_future", "block", "2026-04-01", "", False),
    ("not_in_the_future", "block", "2026-04-02", "", True),
    ("decided_after", "block", "2026-02-01", "2026-02-01", False),
    ("decided_after", "block", "2026-02-01", "2026-01-31", True),
    ("decided_after", "block", "2026-02-01", "", False),
    ("event_after_start", "note", "2026-01-10", "", False),
    ("event_after_start", "note", "2026-01-09", "", True),
]


@pytest.mark.parametrize(("rule", "severity", "event", "decided", "breaks"), EVENTS)
def test_events_are_in_order(bench: Bench, rule: str, severity: str, event: str, decided: str, breaks: bool) -> None:
    bench.fill("validated.cases", {"referral_date": day("2026-01-01"), "start_date": day("2026-01-10")})
    bench.fill("staging.events", {"event_date": day(event), "decided_date": day(decided)})
    found = bench.check("events", rule)
    assert (found.severity, found.failed) == (severity, int(breaks))


# --- contacts and money ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grace", "start", "contact", "breaks"),
    [
        (0, "2026-01-10", "2026-01-10", False),
        (0, "2026-01-10", "2026-01-09", True),
        (0, "", "2026-01-01", False),  # counted from the referral
        (0, "", "2025-12-31", True),
        (0, "2026-01-10", "2026-02-28", False),
        (0, "2026-01-10", "2026-03-01", True),
        (7, "2026-01-10", "2026-03-07", False),
        (7, "2026-01-10", "2026-03-08", True),
        (7, "2026-01-10", "2026-01-03", False),
        (7, "2026-01-10", "2026-01-02", True),
    ],
)
def test_contacts_lie_within_a_persons_time(bench: Bench, grace: int, start: str, contact: str, breaks: bool) -> None:
    person = {"referral_date": day("2026-01-01"), "start_date": day(start), "end_date": day("2026-02-28")}
    bench.fill("validated.cases", person)
    bench.fill("staging.contacts", {"contact_date": day(contact)})
    found = bench.check("contacts", "contact_in_episode", protocol(f"{{contact_grace_days: {grace}}}"))
    assert (found.severity, found.failed) == ("warn", int(breaks))


@pytest.mark.parametrize(("noun", "field", "rule"), [
    ("contacts", "contact_date", "contact_not_in_future"),
    ("spend", "spend_date", "spend_not_in_future"),
    ("consents", "consent_date", "consent_not_in_future"),
])  # fmt: skip
def test_nothing_else_is_dated_after_the_drop(bench: Bench, noun: str, field: str, rule: str) -> None:
    bench.fill(f"staging.{noun}", *({field: day(when)} for when in ("2026-04-01", "2026-04-02", "")))
    found = bench.check(noun, rule)
    assert (found.severity, found.row_keys) == ("block", ("r1",))


@pytest.mark.parametrize(
    ("spent", "breaks"), [("2026-01-10", False), ("2026-01-09", True), ("2026-12-31", False), ("2027-01-01", True)]
)
def test_payments_lie_between_referral_and_the_end_of_the_pilot(bench: Bench, spent: str, breaks: bool) -> None:
    bench.fill("validated.cases", {"referral_date": day("2026-01-10")})
    bench.fill("staging.spend", {"spend_date": day(spent)})
    found = bench.check("spend", "spend_in_pilot")
    assert (found.severity, found.failed) == ("warn", int(breaks))


def test_a_persons_payments_keep_the_funds_limit_refunds_taken_off(bench: Bench) -> None:
    paid = [("a", 300), ("a", 201), ("b", 300), ("b", 200), ("c", 501), ("c", -1)]
    bench.fill("staging.spend", *({"person_key": person, "amount": amount} for person, amount in paid))
    found = bench.check("spend", "person_within_limit", protocol("{spend_per_person: 500}"))
    assert (found.severity, found.row_keys) == ("warn", ("r0", "r1"))


def test_pence_that_add_up_to_the_limit_keep_it(bench: Bench) -> None:
    bench.fill("staging.spend", *({"person_key": "a", "amount": amount} for amount in (0.1, 0.2)))
    assert bench.check("spend", "person_within_limit", protocol("{spend_per_person: 0.3}")).row_keys == ()


def test_refunds_are_noted_and_signs_turned_round_refused(bench: Bench) -> None:
    bench.fill("staging.spend", {"amount": -5}, {"amount": 5})
    assert (
        bench.check("spend", "amount_positive").decision,
        bench.check("spend", "payments_not_refunds").decision,
    ) == (
        "note",
        "publish",
    )
    bench.fill("staging.spend", {"row_key": "s", "amount": -5})
    assert bench.check("spend", "payments_not_refunds").decision == "refuse"


@pytest.mark.parametrize("noun", ["contacts", "spend"])
def test_rows_that_are_equal_in_everything_stay_with_a_warning(bench: Bench, noun: str) -> None:
    bench.fill(f"staging.{noun}", {"person_key": "a"}, {"person_key": "a"}, {"person_key": "b"}, {"person_key": None})
    found = bench.check(noun, "identical_rows")
    assert (found.decision, found.row_keys) == ("warn", ("r0", "r1"))


# --- whole tables ----------------------------------------------------------------------------------------------------


def people(treated: int, missing_treated: int, compared: int, missing_compared: int) -> Iterator[Row]:
    """Give people of two groups, so many of each without a debt."""
    for arm, count, missing in (("treatment", treated, missing_treated), ("comparison", compared, missing_compared)):
        for number in range(count):
            key = f"{arm}{number}"
            yield {
                "row_key": key,
                "person_key": key,
                "arm": arm,
                "age": 30,
                "debt": None if number < missing else 1.0,
            }


# Differences of shares and the pooled z: 0.10 exactly; 0.12 with z 2.4; 0.20 of few people, z 1.1; the wrong way round.
MISSING = [
    ((100, 10, 100, 0), False),
    ((100, 12, 100, 0), True),
    ((20, 6, 20, 3), False),
    ((100, 0, 100, 12), True),
    ((100, 100, 100, 100), False),
    ((100, 12, 0, 0), False),
]


@pytest.mark.parametrize(("counts", "breaks"), MISSING)
def test_missing_covariates_are_compared_between_groups(
    bench: Bench, counts: tuple[int, int, int, int], breaks: bool
) -> None:
    bench.fill("staging.cases", *people(*counts))
    found = bench.check("cases", "missing_by_arm")
    assert found.decision == ("warn" if breaks else "publish")
    if breaks:
        assert found.sentence == "More is missing in one group than in the other, beyond chance: Debt."


@pytest.mark.parametrize(("counts", "breaks"), MISSING)
def test_missing_primary_outcomes_are_compared_between_groups(
    bench: Bench, counts: tuple[int, int, int, int], breaks: bool
) -> None:
    everybody = list(people(*counts))
    bench.fill("validated.cases", *everybody)
    bench.fill("staging.outcomes", *({**_keys(one), "outcome": "housed", "value": one["debt"]} for one in everybody))
    # Another outcome, of one group only, must not be counted.
    bench.fill(
        "staging.outcomes", *({**_keys(o), "row_key": f"d{n}", "outcome": "days"} for n, o in enumerate(everybody))
    )
    found = bench.check("outcomes", "missing_by_arm")
    assert found.decision == ("warn" if breaks else "publish")


def _keys(one: Row) -> Row:
    return {"row_key": one["row_key"], "person_key": one["person_key"]}


def test_a_pilot_may_bear_more_missing(bench: Bench) -> None:
    bench.fill("staging.cases", *people(100, 12, 100, 0))
    assert bench.check("cases", "missing_by_arm", protocol("{missing_by_arm: 0.12}")).passed


@pytest.mark.parametrize(
    ("rows", "decision", "said"),
    [
        ([100, 50], "publish", ""),
        ([100, 49], "warn", "This drop holds far fewer rows, compared with the drop before."),
        ([100, 500], "publish", ""),
        ([100, 501], "warn", "This drop holds more than 5 times as many rows, compared with the drop before."),
        ([9, 1], "publish", ""),  # too few to judge
        ([500, 100, 60], "publish", ""),  # only the drop before counts
        ([100], "publish", ""),
    ],
)
def test_volume_does_not_jump(bench: Bench, rows: list[int], decision: str, said: str) -> None:
    history(bench, rows, rows)
    found = bench.check("contacts", "volume_steady")
    assert found.decision == decision
    assert not said or found.sentence == said


def history(bench: Bench, rows: list[int], people: list[int]) -> None:
    columns = 'noun VARCHAR, drop_id VARCHAR, "rows" BIGINT, people BIGINT, position INTEGER'
    bench.connection.execute(f"CREATE TABLE raw.history ({columns})")
    for number, counts in enumerate(zip(rows, people, strict=True)):
        for noun in ("cases", "contacts"):
            values = [noun, f"2026-06-30-{9 + number}", *counts, number]
            bench.connection.execute("INSERT INTO raw.history VALUES (?, ?, ?, ?, ?)", values)
    bench.connection.execute("INSERT INTO raw.history VALUES ('spend', '2026-09-01', 1, 1, 0)")


def test_increments_may_be_small(bench: Bench) -> None:
    history(bench, [100, 5], [100, 5])
    plan = protocol(**{"{noun: contacts, ": "{noun: contacts, delivery: increments, "})
    assert bench.check("contacts", "volume_steady", plan).passed
    assert bench.check("contacts", "volume_steady").decision == "warn"


@pytest.mark.parametrize(("before", "now", "passed"), [(100, 100, True), (100, 99, False), (99, 100, True)])
def test_nobody_leaves_a_file_of_everything(bench: Bench, before: int, now: int, passed: bool) -> None:
    assert bench.check("cases", "people_kept").sentence.startswith("Not checked, as there is no earlier drop")
    history(bench, [200, 200], [before, now])
    found = bench.check("cases", "people_kept")
    assert (found.passed, found.severity) == (passed, "note")
    assert not any(character.isdigit() for character in found.sentence)


def rounded(share: float, count: int = 200, low: int = 18, high: int = 77) -> Iterator[float]:
    """Give whole numbers of which that share ends in 0 or 5, the others in every other digit alike."""
    fives = [n for n in range(low, high) if n % 5 == 0]
    others = [n for n in range(low, high) if n % 5]
    many = round(share * count)
    for number in range(count):
        yield float(fives[number % len(fives)] if number < many else others[number % len(others)])


# 0.35 is Whipple's 175.
@pytest.mark.parametrize(
    ("ages", "noted"),
    [
        (list(rounded(0.2)), False),
        (list(rounded(0.345)), False),
        (list(rounded(0.35)), True),
        (list(rounded(1.0)), True),
        (list(rounded(0.9, count=99)), False),  # too few
        (list(rounded(0.9, low=18, high=36)), False),  # they span too little to tell digits apart
        ([age + 0.5 * (n % 3 == 0) for n, age in enumerate(rounded(0.9))], False),  # not whole years
        ([0.0] * 500 + list(rounded(0.2)), False),  # many nothings are no rounding
    ],
)
def test_rounded_ages_are_noted(bench: Bench, ages: list[float], noted: bool) -> None:
    bench.fill("staging.cases", *({"row_key": f"r{n}", "age": age} for n, age in enumerate(ages)))
    found = bench.check("cases", "digits_not_rounded")
    assert found.decision == ("note" if noted else "publish")
    if noted:
        assert found.sentence.endswith(": Age.")


def test_counts_that_fall_steeply_are_not_taken_for_rounded(bench: Bench) -> None:
    draw = random.Random(7)
    values = [float(int(draw.expovariate(0.12))) for _ in range(3000)]
    bench.connection.execute("CREATE TABLE drawn AS SELECT unnest(?::DOUBLE[]) AS age", [values])
    bench.connection.execute("INSERT INTO staging.cases BY NAME SELECT 'r' || rowid AS row_key, age FROM drawn")
    assert bench.check("cases", "digits_not_rounded").passed


@pytest.mark.parametrize(("share", "noted"), [(0.2, False), (0.5, True), (1.0, False)])
def test_minutes_all_in_fives_are_a_scale_and_no_preference(bench: Bench, share: float, noted: bool) -> None:
    bench.fill("staging.contacts", *({"row_key": f"r{n}", "minutes": m} for n, m in enumerate(rounded(share))))
    assert bench.check("contacts", "digits_not_rounded").failed == int(noted)


def test_outcomes_are_looked_at_one_by_one(bench: Bench) -> None:
    bench.fill(
        "staging.outcomes",
        *({"row_key": f"r{n}", "outcome": "days", "value": value} for n, value in enumerate(rounded(0.6))),
        *({"row_key": f"h{n}", "outcome": "housed", "value": 1} for n in range(500)),
    )
    assert bench.check("outcomes", "digits_not_rounded").sentence.endswith(": Days in work.")


def starts(late: int, count: int = 365) -> Iterator[dt.date]:
    """Give a start for every day of 2025, with so many moved from early in a quarter to its last week."""
    quarters = [dt.date(2025, 3, 28), dt.date(2025, 6, 27), dt.date(2025, 9, 28), dt.date(2025, 12, 29)]
    for number in range(count):
        plain = dt.date(2025, 1, 1) + dt.timedelta(days=number)
        early = plain.day in (9, 10, 11, 12) and late > 0
        late -= early
        yield quarters[number % 4] if early else plain


@pytest.mark.parametrize(("late", "noted"), [(0, False), (10, False), (40, True)])
def test_starts_that_wait_for_the_end_of_the_quarter_are_noted(bench: Bench, late: int, noted: bool) -> None:
    bench.fill("staging.cases", *({"row_key": f"r{n}", "start_date": when} for n, when in enumerate(starts(late))))
    found = bench.check("cases", "dates_not_bunched")
    assert found.decision == ("note" if noted else "publish")
    if noted:
        assert found.sentence.endswith(": start dates.")


def test_a_share_that_chance_explains_is_not_noted(bench: Bench) -> None:
    """Twelve of 100 dates where 7.7 are expected: more than half as many again, and yet z is 1.6; with 15 it is 2.8."""
    days = [dt.date(2025, 1, 1), dt.date(2025, 12, 31)] + [dt.date(2025, 6, 30)] * 11 + [dt.date(2025, 5, 5)] * 87
    bench.fill("staging.cases", *({"row_key": f"r{n}", "start_date": when} for n, when in enumerate(days)))
    assert bench.check("cases", "dates_not_bunched").passed
    bench.connection.execute(
        "UPDATE staging.cases SET start_date = '2025-06-30' WHERE row_key IN ('r50', 'r51', 'r52')"
    )
    assert bench.check("cases", "dates_not_bunched").passed
    bench.connection.execute("UPDATE staging.cases SET start_date = '2025-06-30' WHERE row_key BETWEEN 'r20' AND 'r5'")
    assert not bench.check("cases", "dates_not_bunched").passed


def test_an_intake_of_one_week_is_no_bunching(bench: Bench) -> None:
    week = [dt.date(2025, 3, 25 + n % 7) for n in range(200)]
    bench.fill("staging.cases", *({"row_key": f"r{n}", "start_date": when} for n, when in enumerate(week)))
    assert bench.check("cases", "dates_not_bunched").passed


def test_dates_that_programs_write_where_none_is_known_are_named(bench: Bench) -> None:
    days = ("1900-01-01", "1899-12-30", "1970-01-01", "2099-12-31", "1900-01-03", "2026-01-01", "")
    bench.fill("staging.cases", *({"row_key": f"r{n}", "end_date": day(when)} for n, when in enumerate(days)))
    found = bench.check("cases", "no_placeholder_dates")
    assert (found.row_keys, found.decision) == (("r0", "r1", "r2", "r3"), "warn")


@pytest.mark.parametrize(
    ("far", "times", "said"),
    [("1950-01-01", 10, True), ("1950-01-01", 9, False), ("2044-04-04", 10, True), ("2024-06-01", 10, False)],
)
def test_a_date_that_is_there_often_and_far_from_all_others_is_named(
    bench: Bench, far: str, times: int, said: bool
) -> None:
    usual = [dt.date(2025, 1, 1) + dt.timedelta(days=n) for n in range(50)]
    dates = [*usual, *[dt.date.fromisoformat(far)] * times]
    bench.fill("staging.cases", *({"row_key": f"r{n}", "start_date": when} for n, when in enumerate(dates)))
    found = bench.check("cases", "no_date_stands_alone")
    assert found.passed is not said
    assert ("start dates" in found.sentence) is said


def test_two_dates_alone_prove_nothing(bench: Bench) -> None:
    dates = [dt.date(2020, 1, 1)] * 20 + [dt.date(2025, 1, 1)] * 20
    bench.fill("staging.cases", *({"row_key": f"r{n}", "start_date": when} for n, when in enumerate(dates)))
    assert bench.check("cases", "no_date_stands_alone").passed


# --- all rules together ----------------------------------------------------------------------------------------------


TABLES = (
    *("cases", "events", "assessments", "series", "outcomes", "contacts", "spend", "consents", "documents", "codings"),
)


@pytest.mark.parametrize("noun", TABLES)
def test_every_rule_is_known_before_any_pilot_and_reads_well(noun: str) -> None:
    known = dict(rule_ids(noun))
    full = "{spend_per_entry: 1, spend_per_person: 1, age: {field: age}, consent_before_linking: true}"
    for plan in (protocol(), protocol(full), protocol("{identical_rows: one}")):
        rules = rules_for(plan, noun, "north")
        assert len({rule.id for rule in rules}) == len(rules)
        assert {rule.id: known.get(rule.id) for rule in rules} == {rule.id: rule.words for rule in rules}
        assert all(rule.advice.endswith((".", "?")) and rule.why.endswith(".") for rule in rules)


def test_a_wholesome_drop_says_nothing(bench: Bench) -> None:
    """A year of plain data passes every rule: none of them cries wolf."""
    draw = random.Random(3)
    rows = [
        {
            "row_key": f"r{n}",
            "person_key": f"p{n}",
            "arm": ("treatment", "comparison")[n % 2],
            "referral_date": dt.date(2025, 1, 1) + dt.timedelta(days=n),
            "start_date": dt.date(2025, 1, 1) + dt.timedelta(days=n + draw.randint(0, 30)),
            "age": float(draw.randint(18, 70)),
            "debt": None if draw.random() < 0.1 else float(draw.randint(0, 4000)),
        }
        for n in range(400)
    ]
    for layer in ("staging", "validated"):
        bench.fill(f"{layer}.cases", *rows)
    bench.connection.execute(f"CREATE TABLE raw.cases ({KEPT}, extract VARCHAR, housed VARCHAR, days VARCHAR)")
    results = run_rules(
        bench.connection, "warehouse.staging.cases", rules_for(protocol(), "cases", "north"), siblings="validated"
    )
    assert [result.rule for result in results if not result.passed] == []


def test_the_demonstration_pilots_rules_are_all_known(tmp_path: Any) -> None:
    create(tmp_path)
    workspace = Workspace(tmp_path)
    for key in ("transitional-aid/baltimore", "residential-treatment/site-a", "personal-fund/northmoor"):
        site = workspace.site(*key.split("/"))
        for noun in TABLES:
            asked = {rule.id for rule in rules_for(site.protocol, noun, site.site)}
            assert asked <= dict(rule_ids(noun)).keys()


# --- faults of the limits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ("{age: {field: agee}}", 'limits.age.field): no number among the fields of the cases is called so. Did'),
        ("{age: {field: housed}}", "limits.age.field): no number"),
        ("{age: {field: age, low: 120}}", "limits.age.low): the lowest age is not below the highest."),
        ("{missing_by_arm: 2}", "limits.missing_by_arm"),
        ("{volume_change: 1}", "limits.volume_change"),
        ("{identical_rows: none}", "limits.identical_rows"),
        ("{contact_grace_days: -1}", "limits.contact_grace_days"),
    ],
)  # fmt: skip
def test_a_limit_that_cannot_be_kept_or_broken_is_a_fault(limits: str, said: str) -> None:
    with pytest.raises(ProtocolFaults) as raised:
        protocol(limits)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("limits", "extract", "said"),
    [
        ("{spend_per_person: 5}", "money", "no extract of spend maps amount"),
        ("{spend_per_entry: 5}", "money", "no extract of spend maps amount"),
        ("{consent_before_linking: true}", "agreed", "no extract of consents maps may_link"),
        ("{contact_grace_days: 3}", "talks", "no extract of contacts maps contact_date"),
    ],
)
def test_a_limit_needs_the_file_that_it_is_about(limits: str, extract: str, said: str) -> None:
    lines = [line for line in PROTOCOL.splitlines(keepends=True) if not line.startswith(f"  {extract}:")]
    text = "".join(lines)
    for switched_off in ("{}", "{consent_before_linking: false, contact_grace_days: 0, spend_per_entry: null}"):
        load_text(text.replace("{LIMITS}", switched_off))
    with pytest.raises(ProtocolFaults, match=said):
        load_text(text.replace("{LIMITS}", limits))
