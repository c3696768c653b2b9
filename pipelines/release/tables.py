"""The bundle's findings as Parquet tables, one for each kind, for people who analyse across bundles."""

from __future__ import annotations

import json
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pipelines.findings.models import Finding, Scope
from pipelines.release.bundle import Evidence
from pipelines.warehouse import named, quoted

TYPES: dict[type, str] = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: "VARCHAR"}


def write_tables(evidence: Evidence, folder: Path) -> None:
    """Write tables/<kind>.parquet: one row for each finding, its figures as columns, everything else as JSON."""
    import duckdb

    folder.mkdir()
    # One thread: with several, the order of writing and so the bytes could differ.
    connection = duckdb.connect(config={"threads": 1})
    try:
        for kind in dict.fromkeys(finding.kind for finding in evidence.findings):
            _write(connection, evidence.of_kind(kind), folder / f"{kind}.parquet")
    finally:
        connection.close()


def _write(connection: Any, findings: tuple[Finding, ...], target: Path) -> None:
    columns = _columns(findings[0])
    definition = ", ".join(f"{named(name)} {kind}" for name, kind in columns.items())
    connection.execute(f"CREATE OR REPLACE TABLE rows_of_kind ({definition})")
    places = ", ".join("?" for _ in columns)
    rows = [[_row(finding)[name] for name in columns] for finding in findings]
    connection.executemany(f"INSERT INTO rows_of_kind VALUES ({places})", rows)
    connection.execute(f"COPY rows_of_kind TO '{quoted(str(target))}' (FORMAT parquet)")


def _columns(finding: Finding) -> dict[str, str]:
    """Return the columns of a kind with their types, from the model: the same in every bundle, whatever is null."""
    scope = dict.fromkeys(Scope.model_fields, "VARCHAR")
    fields = type(finding.result).model_fields.items()
    return {"id": "VARCHAR", **scope, "sentence": "VARCHAR"} | {
        name: _type(field.annotation) for name, field in fields if name != "kind"
    }


def _type(annotation: Any) -> str:
    """Return the type of a column; what is neither a number nor text is kept as JSON."""
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [part for part in get_args(annotation) if part is not type(None)]
        return _type(kinds[0]) if len(kinds) == 1 else "VARCHAR"
    if get_origin(annotation) is Literal:
        return TYPES.get(type(get_args(annotation)[0]), "VARCHAR")
    return TYPES.get(annotation, "VARCHAR")


def _row(finding: Finding) -> dict[str, Any]:
    result = finding.result.model_dump(mode="json", exclude={"kind"})
    figures = {key: value if _plain(value) else json.dumps(value, ensure_ascii=False) for key, value in result.items()}
    scope = finding.scope.model_dump()
    return {"id": finding.id, **scope, "sentence": finding.sentence, **figures}


def _plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)
