"""Publishing a validated table, or refusing it: type, check, decide, then replace the old table in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.disclosure.policy import minimum_count
from pipelines.protocol import Protocol
from pipelines.refusal import Refusal
from pipelines.told import Told
from pipelines.validation import correction_list, failing
from pipelines.validation.corrections import READABLE_ID, as_list, failing_rows, unreadable_values
from pipelines.validation.decide import Verdict, decide
from pipelines.validation.load import load_rules
from pipelines.validation.result import CheckResult
from pipelines.validation.rule import Rule
from pipelines.validation.rules import between, not_null_share, required
from pipelines.validation.run import run_rules
from pipelines.validation.typed import Typed, field_types, outcome_structs, typed_field, unreadable_fields
from pipelines.warehouse import (
    columns_of,
    few_set_aside,
    has_table,
    insert,
    open_warehouse,
    replace_table,
    statement,
    transaction,
    without_values,
)
from pipelines.workspace import PilotSite

NOUNS = ("cases", "outcomes", "contacts", "spend", "consents", "documents", "codings")
TABULAR = ("cases", "contacts", "spend", "consents")

READABLE = Rule(
    id=READABLE_ID,
    expectation="unexpected_rows",
    arguments={"sql": "SELECT row_key FROM {table} WHERE unreadable <> ''"},
    severity="block",
    level="row",
    words="Every value that is given can be read as the protocol says",
    failed="{failed} of {total} rows ({share}) hold a value that cannot be read as the protocol says.",
    advice="Correct the values in the rows listed below, or add their codes or format to the protocol.",
    why="A value that nobody can read is not a value; guessing it would be worse than missing it.",
)


def publish(site: PilotSite, noun: str) -> Told:
    """Type, check and publish validated.<noun>; on refusal say why and leave the earlier table.

    Raises
    ------
    Refusal
        When what the table is made from has not been received, or not under the present protocol.
    """
    return without_values(lambda: _publish_or_refuse(site, noun))


def _publish_or_refuse(site: PilotSite, noun: str) -> Told:
    with open_warehouse(site) as connection:
        _insist_received(connection, site, noun)
        try:
            return _checked(connection, site, noun)
        finally:
            connection.execute(f"DROP TABLE IF EXISTS staging.{noun}")


def _checked(connection: Any, site: PilotSite, noun: str) -> Told:
    """Type a table into staging, run its rules, and publish it unless they refuse."""
    minimum = minimum_count(site.protocol)
    replace_table(connection, f"staging.{noun}", _select(site, noun), _parameters(site, noun))
    declared = noun != "cases" or site.protocol.extracts_of("cases", site.site)
    rules = rules_for(site.protocol, noun) if declared else ()
    results = run_rules(connection, f"warehouse.staging.{noun}", rules, minimum_count=minimum, siblings="validated")
    verdict = decide(results, minimum_count=minimum)
    faults = [*unreadable_values(connection, site, noun), *failing_rows(connection, noun, results)]
    failing.find(connection, site, noun, rules, results, verdict)
    rows = _publish(connection, noun, results, verdict) if verdict.publish else None
    if not verdict.publish:
        failing.keep_refused(connection, noun)
    correction_list.write(connection, site)
    faults += [correction_list.pointer(site)] if faults else []
    sentence = verdict.sentence
    if verdict.publish and few_set_aside(connection, minimum):
        # The number published, beside the number that arrived, would tell how few were set aside.
        rows, sentence = None, sentence if verdict.quarantine else "Published."
    columns = columns_of(connection, f"validated.{noun}") if verdict.publish else ()
    refusal = "" if verdict.publish else "\n".join([verdict.sentence, *faults])
    return Told(sentence, rows, columns, as_list(faults), checks=results, refusal=refusal)


def _insist_received(connection: Any, site: PilotSite, noun: str) -> None:
    """Refuse to type what never arrived, what arrived under another protocol, or outcomes of cases not published."""
    source = "cases" if noun == "outcomes" else noun
    if not has_table(connection, "raw", source):
        raise Refusal(f"The {source} have not been received yet.", "Run the steps before this one.")
    there = {name for name, _ in columns_of(connection, f"raw.{source}")}
    extracts = site.protocol.extracts_of(source, site.site) if source in TABULAR else {}
    mapped = {field for extract in extracts.values() for field in extract.columns} - {"person", "site"}
    if mapped - there:
        raise Refusal(f"The protocol has changed since the {source} were received.", "Run all steps of this site.")
    if noun in ("outcomes", "documents"):
        _insist_on_cases(connection, source)


def _insist_on_cases(connection: Any, source: str) -> None:
    """Outcomes belong to the people of the same drop's case file, or to nobody."""
    if not has_table(connection, "validated", "cases"):
        raise Refusal("The cases have not been published yet.", "Run the steps before this one.")
    newer = f"SELECT DISTINCT drop_id FROM raw.{source} EXCEPT SELECT drop_id FROM validated.cases"
    kept = connection.execute("SELECT count(*) FROM validated.cases").fetchone()[0]
    if source == "cases" and kept and connection.execute(newer).fetchone() is not None:
        raise Refusal(
            "The cases of this drop have not been published.", "Publish them first; the earlier results stand."
        )


def rules_for(protocol: Protocol, noun: str) -> tuple[Rule, ...]:
    """Return the rules of a table: those of expectations/, and those that the protocol asks for."""
    rules = [*load_rules(noun), READABLE, *_protocol_rules(protocol, noun)]
    limit = protocol.limits.quarantine
    # A rule file may be more patient with some rules; the protocol's limit speaks for all others.
    return tuple(
        r if "refuse_above" in r.model_fields_set else r.model_copy(update={"refuse_above": limit}) for r in rules
    )


def rule_ids(noun: str) -> tuple[tuple[str, str], ...]:
    """Return id and words of every rule that a table can have in any pilot."""
    possible = [*load_rules(noun), READABLE, *(rule for rules in _possible().values() for rule in rules[noun])]
    return tuple({rule.id: (rule.id, rule.words) for rule in possible}.values())


def _possible() -> dict[str, dict[str, list[Rule]]]:
    """Return the rules that some protocol can ask for, by the key of the protocol that does."""
    return {
        "arms": {n: [_arm_known()] if n == "cases" else [] for n in NOUNS},
        "limits.missing_outcome": {n: [_outcome_known(0.2)] if n == "outcomes" else [] for n in NOUNS},
        "limits.spend_per_entry": {n: [_spend_limit(1.0)] if n == "spend" else [] for n in NOUNS},
    }


def _protocol_rules(protocol: Protocol, noun: str) -> list[Rule]:
    """Return the rules that a protocol asks for."""
    if noun == "cases" and protocol.arms:
        return [_arm_known()]
    if noun == "outcomes" and protocol.outcomes:
        return [_outcome_known(protocol.limits.missing_outcome)]
    if noun == "spend" and protocol.limits.spend_per_entry:
        return [_spend_limit(protocol.limits.spend_per_entry)]
    return []


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


def _select(site: PilotSite, noun: str) -> str:
    """Return the SELECT that types a table."""
    sql = statement("validated", noun)
    if noun == "outcomes":
        structs = outcome_structs(site.protocol, site.site) if site.protocol.outcomes else _NO_OUTCOMES
        typed_sql = sql.replace("{outcomes}", structs)
        return f"SELECT *, coalesce(value, time) AS value_or_time FROM ({typed_sql})"
    typed = _typed(site, noun) if noun in TABULAR else {}
    fields = "".join(f', {one.value} AS "{field}"' for field, one in typed.items())
    return sql.replace("{fields}", fields).replace("{unreadable}", unreadable_fields(typed))


_NO_OUTCOMES = (
    "[]::STRUCT(outcome VARCHAR, value DOUBLE, time DOUBLE, event BOOLEAN, unreadable VARCHAR, due BOOLEAN)[]"
)


def _typed(site: PilotSite, noun: str) -> Mapping[str, Typed]:
    types = field_types(site.protocol, noun)
    return {field: typed_field(site.protocol, noun, site.site, field, kind) for field, kind in types.items()}


def _parameters(site: PilotSite, noun: str) -> dict[str, object]:
    if noun == "outcomes":
        return {"has_arms": site.protocol.arms is not None}
    return {"site": site.site} if noun == "cases" else {}


def _publish(connection: Any, noun: str, results: Sequence[CheckResult], verdict: Verdict) -> int:
    """Replace the published and the quarantined rows together; a killed process leaves both as they were."""
    aside = [(key, ", ".join(rules)) for key, rules in verdict.quarantine.items()]
    connection.execute("CREATE OR REPLACE TEMP TABLE set_aside (row_key VARCHAR, reasons VARCHAR)")
    insert(connection, "set_aside", aside)
    with transaction(connection):
        staged = f"staging.{noun}"
        replace_table(
            connection, f"quarantine.{noun}", f"SELECT s.*, a.reasons FROM {staged} s JOIN set_aside a USING (row_key)"
        )
        left_out = "unreadable, value_or_time" if noun == "outcomes" else "unreadable"
        kept = f"SELECT * EXCLUDE ({left_out}) FROM {staged} ANTI JOIN set_aside USING (row_key)"
        rows = replace_table(connection, f"validated.{noun}", kept)
        _keep_checks(connection, noun, results)
        failing.keep(connection, noun)
    return rows


def _keep_checks(connection: Any, noun: str, results: Sequence[CheckResult]) -> None:
    """Keep what the checks said beside the table they checked; row keys are not part of it."""
    connection.execute("CREATE TABLE IF NOT EXISTS validated.checks (noun VARCHAR, position INTEGER, result VARCHAR)")
    connection.execute("DELETE FROM validated.checks WHERE noun = ?", [noun])
    rows = [(noun, position, result.model_dump_json()) for position, result in enumerate(results)]
    insert(connection, "validated.checks", rows)
