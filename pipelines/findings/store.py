"""Findings in the warehouse: a table for each noun, one row each, replaced whole. They are not yet fit to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.findings.models import Finding
from pipelines.refusal import Refusal
from pipelines.warehouse import insert, tables_in, transaction


def write_findings(connection: Any, noun: str, findings: Sequence[Finding]) -> None:
    """Replace findings.<noun>."""
    rows = [(position, f.id, f.model_dump_json()) for position, f in enumerate(findings)]
    with transaction(connection):
        connection.execute(f"CREATE OR REPLACE TABLE findings.{noun} (position INTEGER, id VARCHAR, finding VARCHAR)")
        insert(connection, f"findings.{noun}", rows)


def read_findings(connection: Any, nouns: Sequence[str]) -> list[Finding]:
    """Return the findings of some nouns, in order."""
    there = tables_in(connection, "findings")
    missing = [noun for noun in nouns if noun not in there]
    if missing:
        raise Refusal(f"The findings on {' and '.join(missing)} are not there yet.", "Run the steps before this one.")
    rows = [row for noun in nouns for row in _rows(connection, noun)]
    return [Finding.model_validate_json(row[0]) for row in rows]


def _rows(connection: Any, noun: str) -> list[tuple[str]]:
    return list(connection.execute(f"SELECT finding FROM findings.{noun} ORDER BY position").fetchall())
