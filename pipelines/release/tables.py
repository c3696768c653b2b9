"""The bundle's findings as Parquet tables, one for each kind, for people who analyse across bundles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipelines.findings.models import Finding
from pipelines.release.bundle import Evidence
from pipelines.warehouse import quoted


def write_tables(evidence: Evidence, folder: Path) -> None:
    """Write tables/<kind>.parquet: one row for each finding, its figures as columns, everything else as JSON."""
    import duckdb
    import pandas as pd

    folder.mkdir()
    connection = duckdb.connect()
    try:
        for kind in dict.fromkeys(finding.kind for finding in evidence.findings):
            frame = pd.DataFrame([_row(finding) for finding in evidence.of_kind(kind)])  # read by DuckDB by its name
            connection.register("rows_of_kind", frame)
            target = quoted(str(folder / f"{kind}.parquet"))
            connection.execute(f"COPY (SELECT * FROM rows_of_kind) TO '{target}' (FORMAT parquet)")
    finally:
        connection.close()


def _row(finding: Finding) -> dict[str, Any]:
    result = finding.result.model_dump(mode="json", exclude={"kind"})
    figures = {key: value if _plain(value) else json.dumps(value, ensure_ascii=False) for key, value in result.items()}
    scope = finding.scope.model_dump()
    return {"id": finding.id, **scope, "sentence": finding.sentence, **figures}


def _plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)
