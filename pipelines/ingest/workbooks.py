"""Workbooks: one sheet, each cell as the text that a person sees in it."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.ingest.error_cells import error_cells
from pipelines.ingest.headers import expected_columns, nameless_fault, tidy
from pipelines.protocol.extracts import Extract
from pipelines.protocol.faults import did_you_mean
from pipelines.refusal import Refusal
from pipelines.warehouse import insert, named

LARGEST_FILE = 200 * 1024 * 1024
LARGEST_CONTENT = 1024 * 1024 * 1024
"""Of what is packed in it: 1.5 MB can hold 1.5 GB, which keeps a machine busy for minutes."""

Rows = Sequence[Sequence[str]]


def read(path: Path, extract: Extract) -> tuple[tuple[str, ...], Rows]:
    """Return header and further rows of the sheet, every cell as text."""
    _refuse_too_large(path)
    workbook = _opened(path)
    sheet = _sheet(path, workbook, extract)
    try:
        cells = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except Exception:
        cells = None
    if cells is None:
        raise _not_a_workbook(path)
    rows = [[_cell(value) for value in row] for row in cells]
    for (number, column), shown in error_cells(path, sheet).items():
        if number < len(rows) and column < len(rows[number]):
            rows[number][column] = shown
    if not rows:
        raise Refusal(f"{path.name} holds no rows.", "Ask the provider to send it again.")
    return tuple(tidy(name) for name in rows[0]), rows[1:]


def load(connection: Any, path: Path, extract: Extract, target: str, header: Sequence[str], rows: Rows) -> None:
    """Put the rows under a sound header into `target`; rows without any value are no rows."""
    for index in (index for index, name in enumerate(header) if not name):
        if any(row[index].strip() for row in rows):
            raise Refusal(nameless_fault(path, index + 1), "The earlier results stand.")
    places = [header.index(name) for name in expected_columns(extract)]
    definition = ", ".join(f"{named(f'column_{index}')} VARCHAR" for index in range(len(places)))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {target} (source_row BIGINT, {definition})")
    filled = ((number, row) for number, row in enumerate(rows, start=2) if any(cell.strip() for cell in row))
    insert(connection, target, [[number, *(row[place] for place in places)] for number, row in filled])


def _refuse_too_large(path: Path) -> None:
    if path.stat().st_size > LARGEST_FILE or _unpacked(path) > LARGEST_CONTENT:
        raise Refusal(f"{path.name} is too large for a workbook.", "Send it as CSV.")


def _unpacked(path: Path) -> int:
    """Return how much a workbook says is packed in it; the older kinds pack nothing."""
    try:
        with zipfile.ZipFile(path) as packed:
            return sum(one.file_size for one in packed.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return 0


def _opened(path: Path) -> Any:
    import python_calamine

    try:
        return python_calamine.CalamineWorkbook.from_path(str(path))
    except Exception:
        refusal = _not_a_workbook(path)
    raise refusal


def _not_a_workbook(path: Path) -> Refusal:
    return Refusal(f"{path.name} cannot be opened as a workbook.", "Is it damaged, or locked with a password?")


def _sheet(path: Path, workbook: Any, extract: Extract) -> str:
    names = list(workbook.sheet_names)
    if extract.sheet:
        if extract.sheet not in names:
            raise Refusal(f'{path.name} has no sheet "{extract.sheet}".', did_you_mean(extract.sheet, names))
        return extract.sheet
    if len(names) != 1:
        raise Refusal(
            f"{path.name} has {len(names)} sheets.", f"Name one as `sheet` in the protocol: {', '.join(names)}."
        )
    return str(names[0])


def _cell(value: object) -> str:
    """Return a cell as text: dates as yyyy-mm-dd, whole numbers without the ".0" that only Excel stores."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date | dt.datetime | dt.time) else str(value)
