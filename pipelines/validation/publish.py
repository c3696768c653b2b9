"""Publishing a validated table, or refusing it: type, check, decide, then replace the old table in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.disclosure.policy import minimum_count
from pipelines.ingest import chronicle
from pipelines.refusal import Refusal
from pipelines.told import Told
from pipelines.validation import correction_list, failing
from pipelines.validation.copies import keep_copies, set_copies_apart
from pipelines.validation.corrections import as_list, failing_rows, unreadable_values
from pipelines.validation.dates import Readings, readings
from pipelines.validation.decide import Verdict, decide
from pipelines.validation.decimals import insist_on_one_decimal_sign, insist_on_proven_thousands
from pipelines.validation.index_dates import draws_starts, people_with_starts
from pipelines.validation.outcomes import NO_OUTCOMES, counted_events, outcome_fields, outcome_structs
from pipelines.validation.people_rules import keeps_one, needs_consents
from pipelines.validation.protocol_rules import rule_ids, rules_asked, rules_for
from pipelines.validation.result import CheckResult
from pipelines.validation.run import run_rules
from pipelines.validation.seal import put_under_seal, without_outcome_rules
from pipelines.validation.typed import Typed, field_columns, field_types, typed_columns, typed_field, unreadable_fields
from pipelines.warehouse import (
    STAGED,
    columns_of,
    few_set_aside,
    has_table,
    insert,
    open_warehouse,
    replace_table,
    replace_view,
    statement,
    transaction,
    without_values,
    write_table,
)
from pipelines.workspace import PilotSite

__all__ = ["NOUNS", "TABULAR", "publish", "rule_ids", "rules_for"]

NOUNS = (
    "cases",
    "consents",
    "events",
    "assessments",
    "series",
    "outcomes",
    "contacts",
    "spend",
    "documents",
    "codings",
)
"""In the order of the data: consents say whose contacts and payments may be linked."""
TABULAR = ("cases", "consents", "events", "assessments", "series", "contacts", "spend")


def staged(noun: str) -> str:
    """Return the table that is checked, and that then becomes the published one by its name: written once."""
    return f"validated.{noun}{STAGED}"


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
            connection.execute(f"DROP VIEW IF EXISTS staging.{noun}; DROP TABLE IF EXISTS {staged(noun)}")
            connection.execute(f"DROP TABLE IF EXISTS staging.{noun}_copies")


def _checked(connection: Any, site: PilotSite, noun: str) -> Told:
    """Type a table into staging, run its rules, and publish it unless they refuse."""
    minimum = minimum_count(site.protocol)
    found = readings(connection, site, noun) if noun in TABULAR else {}
    write_table(connection, staged(noun), _select(site, noun, found), _parameters(site, noun))
    replace_view(connection, f"staging.{noun}", f"FROM {staged(noun)}")
    if noun in (*TABULAR, "outcomes"):
        insist_on_one_decimal_sign(connection, site, noun, staged(noun))
        insist_on_proven_thousands(connection, site, noun, staged(noun))
    alone = keeps_one(site.protocol, noun) and set_copies_apart(connection, noun)
    rules = without_outcome_rules(site, noun, rules_asked(site.protocol, noun, site.site))
    distinct = ("person_key",) if alone else ()
    table = f"warehouse.staging.{noun}"
    results = run_rules(connection, table, rules, minimum_count=minimum, siblings="validated", distinct=distinct)
    verdict = decide(results, minimum_count=minimum)
    faults = [*unreadable_values(connection, site, noun), *failing_rows(connection, noun, results)]
    failing.find(connection, site, noun, rules, results, verdict)
    rows = _publish(connection, site, noun, results, verdict) if verdict.publish else None
    if not verdict.publish:
        failing.keep_refused(connection, noun)
    _tell_ledger(connection, site, noun, rows, verdict)
    correction_list.write(connection, site)
    faults += [correction_list.pointer(site)] if faults else []
    sentence = verdict.sentence
    if verdict.publish and few_set_aside(connection, minimum):
        # The number published, beside the number that arrived, would tell how few were set aside.
        rows, sentence = None, sentence if verdict.quarantine else "Published."
    columns = columns_of(connection, f"validated.{noun}") if verdict.publish else ()
    refusal = "" if verdict.publish else "\n".join([verdict.sentence, *faults])
    return Told(sentence, rows, columns, as_list(faults), checks=results, refusal=refusal)


def _tell_ledger(connection: Any, site: PilotSite, noun: str, rows: int | None, verdict: Verdict) -> None:
    """Note what became of the rows; of outcomes nothing, for they are made of the cases."""
    if noun == "outcomes":
        return
    query = "SELECT d.name, d.sha256 FROM raw.deliveries s JOIN raw.drops d USING (noun, name) WHERE noun = ?"
    drop, sha256 = connection.execute(query, [noun]).fetchone()
    if rows is None:
        chronicle.note_refused(site, drop, sha256, noun, verdict.sentence)
    else:
        chronicle.note_accepted(site, drop, sha256, noun, rows)


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
    if noun == "outcomes" and any(outcome.events for outcome in site.protocol.outcomes.values()):
        _insist_on_events(connection)
    # Words are kept and quoted by consent, whatever the protocol asks before records are linked.
    if needs_consents(site.protocol, noun) or noun in ("documents", "codings"):
        _insist_on_consents(connection)


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


def _insist_on_events(connection: Any) -> None:
    """Without the events of this drop everybody would silently have none."""
    remedy = "Publish them first; the earlier results stand."
    if not (has_table(connection, "raw", "events") and has_table(connection, "validated", "events")):
        raise Refusal("The events have not been published yet.", remedy)
    published = "SELECT drop_id FROM validated.events UNION ALL SELECT drop_id FROM quarantine.events"
    newer = f"SELECT DISTINCT drop_id FROM raw.events EXCEPT ({published})"
    if connection.execute(newer).fetchone() is not None:
        raise Refusal("The events of this drop have not been published.", remedy)


def _insist_on_consents(connection: Any) -> None:
    """A withdrawal that has arrived but was not published must not be passed over."""
    judged = "SELECT drop_id FROM validated.consents UNION SELECT drop_id FROM quarantine.consents"
    newer = f"SELECT DISTINCT drop_id FROM raw.consents EXCEPT ({judged})"
    there = has_table(connection, "raw", "consents") and has_table(connection, "validated", "consents")
    if not there or connection.execute(newer).fetchone() is not None:
        raise Refusal(
            "The consents of this drop have not been published.",
            "Publish them first: without them nothing may be linked or quoted. The earlier results stand.",
        )


def _select(site: PilotSite, noun: str, found: Readings | None = None) -> str:
    """Return the SELECT that types a table; `found` is how undeclared dates are written."""
    sql = statement("validated", noun)
    if noun == "outcomes":
        structs = outcome_structs(site.protocol, site.site) if site.protocol.outcomes else NO_OUTCOMES
        typed_sql = sql.replace("{outcomes}", structs).replace("{events}", counted_events(site.protocol, site.site))
        typed_sql = typed_sql.replace("{people}", people_with_starts(site.protocol))
        typed_sql = typed_sql.replace("{drawn}", ", drawn_start" if draws_starts(site.protocol) else "")
        typed_sql = typed_sql.replace("{read}", typed_columns(outcome_fields(site.protocol, site.site)))
        return f"SELECT *, coalesce(value, time) AS value_or_time FROM ({typed_sql})"
    typed = _typed(site, noun, found) if noun in TABULAR else {}
    sql = sql.replace("{read}", typed_columns(typed)).replace("{fields}", field_columns(typed))
    return sql.replace("{unreadable}", unreadable_fields(typed))


def _typed(site: PilotSite, noun: str, found: Readings | None) -> Mapping[str, Typed]:
    types = field_types(site.protocol, noun)
    return {field: typed_field(site.protocol, noun, site.site, field, kind, found) for field, kind in types.items()}


def _parameters(site: PilotSite, noun: str) -> dict[str, object]:
    if noun == "outcomes":
        return {"has_arms": site.protocol.arms is not None}
    return {"site": site.site} if noun == "cases" else {}


def _publish(connection: Any, site: PilotSite, noun: str, results: Sequence[CheckResult], verdict: Verdict) -> int:
    """Replace the published and the quarantined rows together; a killed process leaves both as they were."""
    aside = [(key, ", ".join(rules)) for key, rules in verdict.quarantine.items()]
    connection.execute("CREATE OR REPLACE TEMP TABLE set_aside (row_key VARCHAR, reasons VARCHAR)")
    insert(connection, "set_aside", aside)
    failed = f"SELECT s.*, a.reasons FROM {staged(noun)} s JOIN set_aside a USING (row_key)"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE aside AS {failed}")
    connection.execute(f"DROP VIEW staging.{noun}")
    # Outside the transaction: DuckDB does not rename a table that the same transaction changed. Nobody reads this one.
    if aside:
        connection.execute(f"DELETE FROM {staged(noun)} WHERE row_key IN (SELECT row_key FROM set_aside)")
    for column in ("unreadable", "value_or_time") if noun == "outcomes" else ("unreadable",):
        connection.execute(f"ALTER TABLE {staged(noun)} DROP COLUMN {column}")
    put_under_seal(connection, site, noun, staged(noun))
    with transaction(connection):
        replace_table(connection, f"quarantine.{noun}", "FROM aside")
        keep_copies(connection, noun)
        connection.execute(f"DROP TABLE IF EXISTS validated.{noun}")
        connection.execute(f"ALTER TABLE {staged(noun)} RENAME TO {noun}")
        _keep_checks(connection, noun, results)
        failing.keep(connection, noun)
    return int(connection.execute(f"SELECT count(*) FROM validated.{noun}").fetchone()[0])


def _keep_checks(connection: Any, noun: str, results: Sequence[CheckResult]) -> None:
    """Keep what the checks said beside the table they checked; row keys are not part of it."""
    connection.execute("CREATE TABLE IF NOT EXISTS validated.checks (noun VARCHAR, position INTEGER, result VARCHAR)")
    connection.execute("DELETE FROM validated.checks WHERE noun = ?", [noun])
    rows = [(noun, position, result.model_dump_json()) for position, result in enumerate(results)]
    insert(connection, "validated.checks", rows)
