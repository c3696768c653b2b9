"""What a reader hands on: the rows of one file as SQL, and what the file says of itself. No reader belongs here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pipelines.refusal import Refusal
from pipelines.warehouse import named


@dataclass(frozen=True)
class Facts:
    """What was found out about a file; each can be pinned in the protocol, after which another one is an error."""

    kind: Literal["text", "workbook", "parquet", "sqlite"]
    columns: tuple[str, ...]
    """Names of the columns in order, tidy; a column without a name is an empty text."""
    header_row: int = 1
    """Row of the names as a spreadsheet counts; 0 where the kind of file has none."""
    encoding: str = ""
    delimiter: str = ""
    quote: str = ""
    sheet: str = ""
    table: str = ""
    empty: bool = False
    """True where nothing stands below the names of the columns."""
    notes: tuple[str, ...] = ()
    """What a person should know, for example that hidden sheets were not read. Never a value."""


@dataclass(frozen=True)
class Rows:
    """The rows of a file below its header, every value text, in the file's order."""

    facts: Facts
    source: str
    """What SQL reads from: its columns are `place_0`, `place_1` ..., VARCHAR, blank where NULL or ''."""
    numbered: bool
    """True: there is also `source_row`, a BIGINT, as a spreadsheet counts. False: the first row of the source stands
    just below the header, and none is left out."""
    explain: Callable[[str], Refusal]
    """Turns what DuckDB says when the source cannot be read to its end into words without values."""


def place(index: int) -> str:
    """Return the name of a column of the source."""
    return named(f"place_{index}")
