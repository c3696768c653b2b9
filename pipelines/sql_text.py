"""Words inside SQL: identifiers and texts in their quotation marks, and the statements of sql/."""

from __future__ import annotations

from pipelines.workspace import ROOT


def quoted(text: str) -> str:
    """Return text for use between single quotes in SQL."""
    return text.replace("'", "''")


def named(identifier: str) -> str:
    """Return an identifier for SQL, in double quotes."""
    return '"' + identifier.replace('"', '""') + '"'


def statement(layer: str, noun: str) -> str:
    """Return sql/<layer>/<noun>.sql: the SELECT that builds one table."""
    return (ROOT / "sql" / layer / f"{noun}.sql").read_text(encoding="utf-8")
