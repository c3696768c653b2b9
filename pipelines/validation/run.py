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

    Raises
    ------
    ValidationBroken
        A rule could not be run. Says which, without a cell's value.

    """
    found = without_values(lambda: _look(connection, table, row_key, siblings), f"Table {table} cannot be read")
    names = [rule.id for rule in rules]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise ValidationBroken(f"Two rules on table {table} have the same id: {', '.join(sorted(doubled))}")
    asked = {rule.id: compile_rule(rule, row_key, found.path, found.siblings) for rule in rules if _applies(rule, found)}
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
    return _Table(parts[-1], schema, siblings or schema, row_key, columns, total)


def _applies(rule: Rule, table: _Table) -> bool:
    if rule.when is not None and rule.when not in table.columns:
        return False
    absent = sorted({table.row_key, *rule.columns} - table.columns)
    if absent:
        raise ValidationBroken(f"Rule {rule.id} on table {table.name}: the table has no column {', '.join(absent)}")
    return True


_Outcome = tuple[int, tuple[str, ...]]


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
    if failed == 0 or rule.level == "table":
        return failed, ()
    keys = without_values(lambda: session.keys(asked), broken)
    if len(set(keys)) != failed:
        raise ValidationBroken(f"{broken}: {table.row_key} does not name each failing row once")
    return failed, tuple(keys)


def _result(rule: Rule, table: _Table, outcome: _Outcome | None, minimum_count: int) -> CheckResult:
    failed, keys = outcome or (0, ())
    share = float(failed) if rule.expectation == ROW_COUNT else failed / max(table.total, 1)
    words = rule.words if failed == 0 else failed_words(rule.failed, failed, table.total, rule.limit, minimum_count)
    if outcome is None:
        words = f"Not checked, as this table has no column {rule.when}: {rule.words}"
    return CheckResult(
        rule=rule.id,
        table=table.name,
        passed=share <= rule.tolerance,
        severity=rule.severity,
        level=rule.level,
        failed=failed,
        total=table.total,
        share=share,
        limit=rule.limit,
        sentence=sentence(words),
        advice=rule.advice,
        row_keys=keys,
        decision=rule.decide(share),
    )
