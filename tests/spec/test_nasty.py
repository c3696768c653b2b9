"""Every file of the nasty collection: read cell by cell as an independent reader reads it, or refused in words.

The protocol's extract is written as a user would: each name of a column mapped, what the file cannot tell pinned.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.ingest.archives import unpacked
from pipelines.ingest.files import open_rows
from pipelines.ingest.headers import tidy
from pipelines.ingest.reading import place
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal

NASTY = Path(__file__).resolve().parents[3] / "shared" / "data" / "nasty"
if not NASTY.is_dir():
    pytest.skip("the nasty files are not on this machine", allow_module_level=True)

SPECTRUM = "csv-spectrum/package"
HORROR = "messytables/horror"
SHEETS = "readxl/tests/testthat/sheets"
Table = list[tuple[str, ...]]


@dataclass(frozen=True)
class File:
    """One row of the table: what the protocol says of a file, and what becomes of it."""

    path: str
    verdict: str
    """`read`, or the words of the refusal."""
    header_row: int = 1
    delimiter: str = ","
    encoding: str = "utf-8"
    """What the independent reader is told."""
    pins: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return Path(self.path).name + "".join(f"-{pin}" for pin in self.pins)


TEXTS = [
    *(
        File(f"{SPECTRUM}/csvs/{name}.csv", "read")
        for name in (
            *("comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json", "location_coordinates"),
            *("newlines", "newlines_crlf", "quotes_and_newlines", "simple", "simple_crlf", "utf8"),
        )
    ),
    File(f"{HORROR}/211.csv", "211.csv, line 77, byte 86236 of the file: not UTF-8", encoding="latin-1"),
    File(f"{HORROR}/211.csv", "line 77, byte 86306 of the file: not cp1252", 1, ",", "latin-1", {"encoding": "cp1252"}),
    File(f"{HORROR}/211.csv", "read", encoding="mac_roman", pins={"encoding": "mac_roman"}),
    File(f"{HORROR}/begrotingsanalyse-2011.csv", "column 3 holds values but has no name", 7),
    File(f"{HORROR}/characters.csv", "characters.csv, line 1, byte 4 of the file: not UTF-8", encoding="gb18030"),
    File(f"{HORROR}/characters.csv", "read", encoding="gb18030", pins={"encoding": "gb18030"}),
    File(f"{HORROR}/complex.csv", "complex.csv, line 4: 6 columns where the header has 4"),
    File(f"{HORROR}/example.tsv", "read", delimiter="\t"),
    File(f"{HORROR}/example.tsv", "pins the delimiter as `; (semicolon)`", 1, "\t", pins={"delimiter": ";"}),
    File(f"{HORROR}/excel_pasting.csv", "read", 4),
    File(f"{HORROR}/excel_pasting.csv", "pins the header row as 1, but", 4, pins={"header_row": 1}),
    File(f"{HORROR}/long.csv", "rows 1 and 2 both hold the names of the columns"),
    File(f"{HORROR}/long.csv", "read", pins={"header_row": 1}),
    File(f"{HORROR}/mixedGLB.csv", "read", 4),
    File(f"{HORROR}/null.csv", 'the column "0" stands there twice'),
    File(f"{HORROR}/simple.csv", "read"),
    File(f"{HORROR}/simple.psv", "read", delimiter="|"),
    File(f"{HORROR}/simple.ssv", "read", delimiter=";"),
    File(f"{HORROR}/skip_initials.csv", "read"),
    File(f"{HORROR}/small.csv", "read"),
    File(f"{HORROR}/spanish_chars.csv", "It reads without a fault as cp1252", encoding="cp1252"),
    File(f"{HORROR}/spanish_chars.csv", "read", encoding="cp1252", pins={"encoding": "cp1252"}),
    File(f"{HORROR}/sparse_with_column_errors.csv", "line 2, byte 36 of the file: not UTF-8", encoding="cp1252"),
    File(
        *(f"{HORROR}/sparse_with_column_errors.csv", "column 4 holds values but has no name"),
        *(1, ",", "cp1252", {"encoding": "cp1252"}),
    ),
    File(f"{HORROR}/utf-16le_encoded.csv", "read", encoding="utf-16"),
    File(f"{HORROR}/utf-16le_encoded.csv", "pins the encoding as utf-8, but", 1, ",", "utf-16", {"encoding": "utf-8"}),
    File(f"{HORROR}/utf8bom.csv", "read", encoding="utf-8-sig"),
    File(f"{HORROR}/weird_head_padding.csv", "line 74: 1 column where the header has 11", 12, ";"),
]


def stated(file: File) -> Table:
    """Return what Python's csv module makes of a file, its header first; blank lines are no rows."""
    text = (NASTY / file.path).read_bytes().decode(file.encoding)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=file.delimiter))
    header = tuple(tidy(name) for name in rows[file.header_row - 1])
    return [header, *(tuple(map(one_kind_of_line_end, row)) for row in rows[file.header_row :] if row)]


def one_kind_of_line_end(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")


def extract(header: tuple[str, ...], **pins: Any) -> Extract:
    names = list(dict.fromkeys(name for name in header if name))
    return Extract.model_validate(
        {"file": "*", "columns": {f"field_{number}": name for number, name in enumerate(names)}, **pins}
    )


def read(path: Path, wanted: Extract) -> Table:
    """Return header and rows as they would be staged; blank is an empty text."""
    with duckdb.connect() as connection:
        rows = open_rows(connection, path, wanted)
        places = ", ".join(f"coalesce({place(index)}, '')" for index in range(len(rows.facts.columns)))
        order = " ORDER BY source_row" if rows.numbered else ""
        found = connection.execute(f"SELECT {places} FROM {rows.source}{order}").fetchall()
    return [rows.facts.columns, *(tuple(map(one_kind_of_line_end, row)) for row in found)]


@pytest.mark.parametrize("file", TEXTS, ids=str)
def test_a_text_is_read_as_it_stands_or_refused(file: File) -> None:
    right = stated(file)
    wanted = extract(right[0], **file.pins)
    if file.verdict == "read":
        assert read(NASTY / file.path, wanted) == right
        return
    with pytest.raises(Refusal) as refused:
        read(NASTY / file.path, wanted)
    assert file.verdict in str(refused.value)
    assert Path(file.path).name in str(refused.value)


@pytest.mark.parametrize("name", [Path(file.path).stem for file in TEXTS if file.path.startswith(SPECTRUM)])
def test_csv_spectrum_is_what_its_twins_in_json_say(name: str) -> None:
    said = json.loads((NASTY / SPECTRUM / "json" / f"{name}.json").read_text(encoding="utf-8"))
    rows = said if isinstance(said, list) else [said | {"Contact Phone Number": "2095257564"}]  # another one there
    right = [tuple(rows[0]), *(tuple(map(one_kind_of_line_end, row.values())) for row in rows)]
    assert read(NASTY / SPECTRUM / "csvs" / f"{name}.csv", extract(tuple(rows[0]))) == right


def test_a_zipped_drop_is_read_like_the_files_in_it(tmp_path: Path) -> None:
    path = NASTY / HORROR / "simple.zip"
    with unpacked([("simple.zip", path)], tmp_path) as files:
        assert [name for name, _ in files] == ["simple.zip/simple.csv"]
        found = read(files[0][1], extract(("date", "temperature", "place")))
    assert found == stated(File(f"{HORROR}/simple.csv", "read"))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Refusal, match="is a packed file, which is not read here"):
        read(path, extract(("date",)))


OTHERS = sorted(
    path
    for path in NASTY.rglob("*")
    if path.is_file() and path.suffix in (".html", ".md", ".json", ".unknown", ".gitattributes", "")
)


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.name)
def test_what_is_no_table_is_refused_by_its_name(path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        read(path, extract(("date",)))
    empty = path.stat().st_size == 0
    assert str(refused.value).startswith(f"{path.name} is ")
    assert ("is empty (0 bytes)" if empty else "not read here") in str(refused.value)
