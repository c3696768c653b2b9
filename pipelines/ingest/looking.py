"""What a file says of itself, in plain words, with the lines of a protocol that pin it. Never a value of a row."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from pipelines.ingest.archives import is_zip, unpacked
from pipelines.ingest.files import expected_columns, header_faults, look, refuse
from pipelines.ingest.reading import Facts
from pipelines.ingest.text_dialect import spelt
from pipelines.ingest.text_encoding import spelt as spelt_encoding
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal

KINDS = {"text": "a text file", "workbook": "a workbook", "parquet": "a Parquet file", "sqlite": "an SQLite file"}


def described(path: Path, extract: Extract | None = None) -> str:
    """Return a description of a file and a snippet for the protocol.

    Raises
    ------
    Refusal
        When something is in doubt: where the first row may be somebody's data, not even that is shown.
    """
    if is_zip(path.name):
        return _described_each(path)
    facts = look(path, extract)
    if extract and expected_columns(extract):
        refuse(header_faults(path, facts.columns, extract))
    return "\n".join([*_told(path, facts), "", "For the protocol:", "", *_snippet(path, facts)]) + "\n"


def _described_each(path: Path) -> str:
    """Return a description of every file in a zip: each counts as if it lay in the drop itself."""
    with tempfile.TemporaryDirectory() as folder, unpacked([(path.name, path)], Path(folder) / "unpacked") as files:
        told = [f"{path.name} holds {len(files)} file(s), read as if they lay in the drop.", *map(_attempt, files)]
    return "\n\n".join(told)


def _attempt(file: tuple[str, Path]) -> str:
    """Return a description, or why there is none: one unclear file does not silence the others."""
    try:
        return f"{file[0]}\n{described(file[1])}"
    except Refusal as refusal:
        return f"{file[0]}\n{refusal}\n"


def _told(path: Path, facts: Facts) -> list[str]:
    """Return one line for each fact."""
    lines = {
        "Encoding": spelt_encoding(facts.encoding) if facts.encoding else "",
        "Between the columns": spelt(facts.delimiter) if facts.delimiter else "",
        "Around values, where needed": facts.quote,
        "Sheet": facts.sheet,
        "Table": facts.table,
        "Names of the columns in row": str(facts.header_row or ""),
    }
    columns = [f"  {number}. {name or '(no name)'}" for number, name in enumerate(facts.columns, start=1)]
    said = [f"{what}: {value}" for what, value in lines.items() if value]
    said += ["There is nothing below the names of the columns."] if facts.empty else []
    return [f"{path.name} is {KINDS[facts.kind]}.", *said, *facts.notes, f"Columns: {len(columns)}", *columns]


def _snippet(path: Path, facts: Facts) -> list[str]:
    """Return the lines that pin what was found; a person says which column is which."""
    pins: dict[str, str | int] = {
        "encoding": facts.encoding,
        "delimiter": facts.delimiter,
        "sheet": facts.sheet,
        "table": facts.table,
        "header_row": facts.header_row,
    }
    if facts.quote not in ("", '"'):
        pins["quote"] = facts.quote
    listed = [f"      #   : {_yaml(name)}" for name in facts.columns if name]
    return [
        "extracts:",
        "  cases:",
        "    noun: cases",
        f"    file: {_yaml(path.name)}",
        *(f"    {pin}: {_yaml(value)}" for pin, value in pins.items() if value),
        "    columns:",
        "      # write the field of the common model before the colon, and delete the mark",
        *listed,
    ]


def _yaml(value: str | int) -> str:
    """Return a value as YAML reads it back, whatever is in it: a text in JSON is one in YAML."""
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False)
