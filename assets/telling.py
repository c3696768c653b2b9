"""How the UI is told what a step did: metadata of a materialisation and results of checks, from pipelines.told.Told.

Words first, then a table, then a picture; only what Told and the spoken half of CheckResult hold, because exact counts
of failing rows may be too small to show.
"""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg

from pipelines.told import Told
from pipelines.validation import CheckResult

REPORTS_URL = "/pilotlens/reports"
"""Where assets.ui serves workspace/reports; file:// links are dead in the browser."""

ATTENTION = "Please note"
"""Under which name the UI shows what the evaluator has to know though the step went well."""

NOT_ASKED = "Does not apply to this pilot."

DECIDED = {
    "publish": "The table is published.",
    "quarantine": "The rows concerned are set aside; the table is published without them.",
    "refuse": "The table is refused; the earlier one still stands.",
    "warn": "The table is published; read its results with this in mind.",
    "note": "The table is published; this is only noted.",
}


def materialisation(told: Told, reports_folder: Path, known: Iterable[str] = ()) -> dg.MaterializeResult:
    """Return what the UI shows of a published table or report; `known` are the names of its asset's checks."""
    metadata: dict[str, dg.MetadataValue] = {"What happened": dg.MetadataValue.md(told.sentence)}
    if told.attention:
        metadata[ATTENTION] = dg.MetadataValue.md(told.attention)
    metadata |= dict(_links(told.files, reports_folder))
    if new := unlisted(told, known):
        said = " ".join(result.sentence for result in new)
        metadata["New rules"] = dg.MetadataValue.md(f"{said} (Reload definitions to see them among the checks.)")
    if told.table:
        metadata["Figures"] = dg.MetadataValue.md(told.table)
    if told.picture:
        metadata["Picture"] = dg.MetadataValue.md(_inline(told.picture, told.picture_alt))
    if told.rows is not None:
        metadata["dagster/row_count"] = dg.MetadataValue.int(told.rows)
    if told.columns:
        metadata["dagster/column_schema"] = dg.MetadataValue.table_schema(_schema(told.columns))
    return dg.MaterializeResult(metadata=metadata)


def check_results(told: Told, known: Iterable[str]) -> Iterator[dg.AssetCheckResult]:
    """Return one result for every check of the asset; rules that this pilot does not have pass and say so."""
    found = {result.rule: result for result in told.checks}
    for name in known:
        yield _spoken(found[name]) if name in found else _not_asked(name)


def unlisted(told: Told, known: Iterable[str]) -> tuple[CheckResult, ...]:
    """Return results of rules that came with a protocol changed after definitions were loaded."""
    names = set(known)
    return tuple(result for result in told.checks if result.rule not in names)


def _spoken(result: CheckResult) -> dg.AssetCheckResult:
    # Red is for a table that was stopped; yellow for one that was published with something to know.
    stopped = result.decision == "refuse"
    return dg.AssetCheckResult(
        check_name=result.rule,
        passed=result.passed,
        severity=dg.AssetCheckSeverity.ERROR if stopped else dg.AssetCheckSeverity.WARN,
        description=result.sentence,
        metadata={"What was found": result.sentence, "What follows": DECIDED[result.decision], **_advice(result)},
    )


def _advice(result: CheckResult) -> dict[str, str]:
    return {} if result.passed else {"What to do": result.advice}


def _not_asked(name: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(check_name=name, passed=True, description=NOT_ASKED)


def _links(files: Iterable[Path], reports_folder: Path) -> Iterator[tuple[str, dg.MetadataValue]]:
    for path in files:
        if path.is_relative_to(reports_folder):
            place = path.relative_to(reports_folder).as_posix()
            yield f"Open {path.name}", dg.MetadataValue.url(f"{REPORTS_URL}/{place}")
        else:
            yield f"File {path.name}", dg.MetadataValue.text("/".join(path.parts[-4:]))


def _inline(picture: bytes, alt: str) -> str:
    words = " ".join(alt.replace("[", "(").replace("]", ")").split())
    return f"![{words}](data:image/png;base64,{base64.b64encode(picture).decode()})"


def _schema(columns: Iterable[tuple[str, str]]) -> dg.TableSchema:
    return dg.TableSchema(columns=[dg.TableColumn(name, kind) for name, kind in columns])
