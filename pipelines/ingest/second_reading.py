"""A second reader's view of a sheet: calamine, which shares no code with ours, must find as many filled cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.ingest.sheets import Grid
from pipelines.refusal import Refusal


def cross_check(path: Path, sheet: str, grid: Grid) -> None:
    """Refuse a sheet in which two readers find different cells: then neither is to be trusted."""
    other = _other_rows(path, sheet)
    if other is None:
        raise _disagreement(path, sheet, "cannot be opened by the second reader")
    ours = {row: (_filled(cells) - _errors(cells), _filled(cells)) for row, cells in grid.rows.items()}
    for row, cells in enumerate(other, start=1):
        least, most = ours.pop(row, (0, 0))
        if not least <= _count(cells) <= most:
            raise _disagreement(path, sheet, f"row {row} is read differently by two readers")
    left = [row for row, (least, _) in ours.items() if least]
    if left:
        raise _disagreement(path, sheet, f"row {min(left)} is read differently by two readers")


def _other_rows(path: Path, sheet: str) -> Sequence[Sequence[object]] | None:
    import python_calamine

    try:
        with path.open("rb") as file:  # by its content: the ending of its name may be another kind's
            book = python_calamine.CalamineWorkbook.from_filelike(file)
            return book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except Exception:
        return None


def _filled(cells: Sequence[str]) -> int:
    return sum(1 for text in cells if text.strip())


def _errors(cells: Sequence[str]) -> int:
    """Count failed cells, which the second reader returns as blank, or as a zero where a program has left one."""
    return sum(1 for text in cells if (text.startswith("#") and text in ERRORS) or text.startswith("Err:"))


def _count(cells: Sequence[object]) -> int:
    return sum(1 for value in cells if str(value).strip() and value not in ERRORS)


ERRORS = ("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#GETTING_DATA", "#SPILL!", "#CALC!")


def _disagreement(path: Path, sheet: str, what: str) -> Refusal:
    return Refusal(
        f'{path.name}, sheet "{sheet}": {what}.',
        "Ask the provider to open it in a spreadsheet program, check what it shows, save it, and send it again.",
    )
