"""Runs rules on one table. What belongs here: the order of work and the sentence of each result; not the decision."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.validation.compile import Asked, compile_rule, quoted
from pipelines.validation.engine import Session, quiet, without_values
from pipelines.validation.result import CheckResult, ValidationBroken
from pipelines.validation.rule import ROW_COUNT, Rule
from pipelines.validation.speech import failed_words, sentence

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class _Table:
    name: str
    schema: str
    siblings: str
    row_key: str
    columns: frozenset[str]
    total: int
    tables: frozenset[str] = frozenset()

    @property
    def path(self) -> str:
        return f"{self.schema}.{self.name}"


def run_rules(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rules: Sequence[Rule],
    *,
    row_key: str = "row_key",
    minimum_count: int = 10,
    siblings: str | None = None,
    distinct: Sequence[str] = (),
) -> tuple[CheckResult, ...]:
    """Check a table against rules, in the rules' order.

    Parameters
    ----------
    connection
        An open connection that sees the table; also within a transaction, also if the table is temporary. A result
        that waits on this connection to be fetched is lost.
    table
        Qualified name, e.g. `warehouse.staging.cases`.
    rules
        Rules with distinct ids.
    row_key
        Column that names a row; unique.
    minimum_count
        Counts above 0 and below this are spoken as 'fewer than ...'.
    siblings
        Schema that `{schema}` stands for in a rule's SQL; default the table's own.
    distinct
        Columns in which no two rows are known to agree, NULL apart: what only such rows can fail is not looked for.

    Raises
    ------
    ValidationBroken
        A rule could not be run. Says which, without a cell's value.

    """
    found = without_values(lambda: _look(connection, table, row_key, siblings), f"Table {table} cannot be read")
    names = [rule.id for rule in rules]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise ValidationBroken(f"Two rules on table {table} have the same id: {', '.join(sorted(doubled))}")
    asked = {
        rule.id: compile_rule(rule, row_key, found.path, found.siblings, distinct)
        for rule in rules
        if _applies(rule, found)
    }
    outcomes = _outcomes(connection, found, {rule.id: rule for rule in rules}, asked)
    return tuple(_result(rule, found, outcomes.get(rule.id), minimum_count) for rule in rules)


def _look(connection: duckdb.DuckDBPyConnection, table: str, row_key: str, siblings: str | None) -> _Table:
    parts = table.split(".")
    if len(parts) < 2 or not all(NAME.fullmatch(part) for part in (*parts, *(siblings or "main").split("."))):
        raise ValidationBroken(f"'{table}' is not a qualified table name such as warehouse.staging.cases")
    path = ".".join(quoted(part) for part in parts)
    columns = frozenset(row[0] for row in connection.execute(f"DESCRIBE {path}").fetchall())
    (total,) = connection.execute(f"SELECT count(*) FROM {path}").fetchall()[0]
    schema = ".".join(parts[:-1])
    tables = _tables(connection, parts[0] if len(parts) > 2 else None)
    return _Table(parts[-1], schema, siblings or schema, row_key, columns, total, tables)


def _tables(connection: duckdb.DuckDBPyConnection, catalogue: str | None) -> frozenset[str]:
    """Return the tables and views beside a table, as schema.name."""
    every = "SELECT table_schema || '.' || table_name FROM information_schema.tables"
    query = f"{every} WHERE coalesce(table_catalog = ?, true)"
    return frozenset(name for (name,) in connection.execute(query, [catalogue]).fetchall())


def _unmet(rule: Rule, table: _Table) -> str:
    """Return why a rule cannot be asked here, or nothing."""
    if rule.when is not None and rule.when not in table.columns:
        return f"this table has no column {rule.when}"
    schema = table.siblings.split(".")[-1]
    needed = {name.replace("{schema}", schema) for name in rule.needs}
    return "" if needed <= table.tables else rule.unless


def _applies(rule: Rule, table: _Table) -> bool:
    if _unmet(rule, table):
        return False
    absent = sorted({table.row_key, *rule.columns} - table.columns)
    if absent:
        raise ValidationBroken(f"Rule {rule.id} on table {table.name}: the table has no column {', '.join(absent)}")
    return True


@dataclass(frozen=True)
class _Outcome:
    failed: int
    keys: tuple[str, ...] = ()
    total: int | None = None


def _outcomes(
    connection: duckdb.DuckDBPyConnection, table: _Table, rules: dict[str, Rule], asked: dict[str, Asked]
) -> dict[str, _Outcome]:
    """Count first, for all rules at once; then fetch keys, only for row rules that failed."""
    if not asked:
        return {}
    broken = f"The rules of table {table.name} cannot be run"
    with quiet():
        session = without_values(lambda: Session(connection, table.schema, table.name), broken)
        counts = without_values(lambda: session.counts(asked), broken)
        return {name: _outcome(session, table, rules[name], each, counts.get(name)) for name, each in asked.items()}


def _outcome(session: Session, table: _Table, rule: Rule, asked: Asked, failed: int | None) -> _Outcome:
    broken = f"Rule {rule.id} on table {table.name} cannot be run"
    if failed is None:
        raise ValidationBroken(broken)
    total = without_values(lambda: session.total(asked), broken)
    if failed == 0 or (rule.level == "table" and "names" not in rule.arguments):
        return _Outcome(failed, total=total)
    keys = without_values(lambda: session.keys(asked), broken)
    if len(set(keys)) != failed:
        raise ValidationBroken(f"{broken}: {table.row_key} does not name each failing row once")
    return _Outcome(failed, tuple(keys), total)


def _words(rule: Rule, table: _Table, outcome: _Outcome | None, total: int, minimum_count: int) -> str:
    if outcome is None:
        return f"Not checked, as {_unmet(rule, table)}: {rule.words}"
    if outcome.failed == 0:
        return rule.words
    names = rule.arguments.get("names", {})
    named = ", ".join(words for key, words in names.items() if key in outcome.keys)
    return failed_words(rule.failed, outcome.failed, total, rule.limit, minimum_count, named)


def _result(rule: Rule, table: _Table, outcome: _Outcome | None, minimum_count: int) -> CheckResult:
    failed = outcome.failed if outcome else 0
    total = table.total if outcome is None or outcome.total is None else outcome.total
    share = float(failed) if rule.expectation == ROW_COUNT else failed / max(total, 1)
    return CheckResult(
        rule=rule.id,
        table=table.name,
        passed=share <= rule.tolerance,
        severity=rule.severity,
        level=rule.level,
        failed=failed,
        total=total,
        share=share,
        limit=rule.limit,
        sentence=sentence(_words(rule, table, outcome, total, minimum_count)),
        advice=rule.advice,
        row_keys=outcome.keys if outcome and rule.level == "row" else (),
        decision=rule.decide(share),
    )
