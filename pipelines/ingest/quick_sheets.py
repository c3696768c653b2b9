"""The quick way into a large, plain XLSX sheet: DuckDB's excel extension reads it, once its XML is proven to be plain.

Plain means: every column holds one kind of cell (text, numbers, dates or booleans), nothing is calculated, no row is
left out. The extension gives what is stored; SQL writes it as the careful way does (xlsx_cells, number_formats), and
the tests hold the two against each other. Whatever is not provably plain goes the careful way.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipelines.ingest.number_formats import LAST_SERIAL, PLAIN
from pipelines.ingest.sheet_headers import DEEPEST, Header, header_of
from pipelines.ingest.sheets import Grid, letters
from pipelines.ingest.xlsx_books import XlsxBook
from pipelines.ingest.xlsx_cells import Meaning, position, read_cells
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal
from pipelines.sql_text import quoted
from pipelines.warehouse import named

SMALL = 2 * 1024 * 1024
"""Below this size of a sheet's XML the careful way takes half a second at most."""
CELL = re.compile(rb'<c r="([A-Z]{1,3})[0-9]+"([^>/]*)>(?!</c>)')
ROW = re.compile(rb'<row r="([0-9]+)"')
STRINGS = re.compile(rb'(?:<si>(?:<t(?: xml:space="preserve")?>[^<]*+</t>|<t/>)</si>)*+')
VALUES = {
    "text": rb"<v>[0-9]++</v>",
    "inline": rb'<is><t(?: xml:space="preserve")?>[^<]*+</t></is>',
    "number": rb"<v>(?!-?0[0-9]|-0<)-?[0-9]++(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?</v>",
    "date": rb"<v>[0-9]++(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?</v>",
    "boolean": rb"<v>[01]</v>",
}
Kind = Literal["text", "inline", "number", "date", "boolean"]
FIRST_SERIAL = 61
"""1 March 1900: the days before it are one off, and the careful way knows how."""


@dataclass(frozen=True)
class _Plan:
    """What the beginning of a sheet promises of all of it."""

    header: Header
    kinds: dict[int, Kind]
    """By column, from 1; a column that is not here must stay empty."""
    attributes: dict[int, frozenset[bytes]]
    """How the filled cells of each column are marked."""
    head: Grid


def quick_table(
    connection: Any, book: XlsxBook, sheet: str, extract: Extract, target: str
) -> tuple[Grid, Header] | None:
    """Fill `target` (source_row, place_0 ...) and return what judges the sheet; None: go the careful way."""
    if book.size(sheet) < SMALL or not extension() or re.search(r"[*?\[]", str(book.path)):
        return None
    plan = _plan(book, sheet, extract)
    if plan is None:
        return None
    with ThreadPoolExecutor(1) as pool:  # DuckDB lets go of Python while it reads
        reading = pool.submit(_read, connection, book.path, sheet, plan, target)
        proof = _proof(book, sheet, plan)
        read = reading.result()
    if proof is None or not read or not _agrees(connection, target, plan, *proof):
        return None
    grid = _judged(book, sheet, plan, proof[2])
    return grid, header_of(book.path, grid, extract)


def extension() -> str:
    """Return where DuckDB's excel extension lies, or '' where it is not installed."""
    try:
        import duckdb
        import duckdb_extension_excel
    except ImportError:
        return ""
    folder = Path(duckdb_extension_excel.__file__).parent / "extensions"
    return str(next(folder.glob(f"v{duckdb.__version__}/excel.duckdb_extension"), ""))


def _plan(book: XlsxBook, sheet: str, extract: Extract) -> _Plan | None:
    """Read the beginning of the sheet the careful way, and see of which kind each column is."""
    start = book.beginning(sheet)
    first, last = start.find(b"<row "), start.rfind(b"</row>")
    if not 0 < first < last or b"<sheetData>" not in start or book.from_1904:
        return None
    rows = _first_rows(start[: last + 6])
    meaning = Meaning(book.strings(_strings_needed(rows)), book.formats(), False, book.never_calculated)
    try:
        head = read_cells(book.path, sheet, rows + b"</sheetData></worksheet>", meaning, None)
        header = header_of(book.path, head, extract)
    except Refusal:
        return None  # the careful way says why
    below = start.find(b'<row r="%d"' % (header.row + 1))
    attributes = _attributes(start[below:last]) if below > 0 else {}
    kinds = {column: _kind(marks, meaning) for column, marks in attributes.items()}
    if not kinds or None in kinds.values() or not all(_named(header, column) for column in kinds):
        return None
    return _Plan(header, {column: kind for column, kind in kinds.items() if kind}, attributes, head)


def _first_rows(start: bytes) -> bytes:
    """Return a sheet's XML up to the end of the last row in which names may stand."""
    end = 0
    for _ in range(DEEPEST):
        found = start.find(b"</row>", end)
        if found < 0:
            break
        end = found + 6
    return start[:end]


def _strings_needed(rows: bytes) -> int:
    return max((int(index) for index in re.findall(rb't="s"[^>]*><v>([0-9]{1,9})<', rows)), default=-1) + 1


def _attributes(rows: bytes) -> dict[int, frozenset[bytes]]:
    found: dict[bytes, set[bytes]] = {}
    for column, marks in set(CELL.findall(rows)):
        found.setdefault(column, set()).add(marks)
    return {_column(column): frozenset(marks) for column, marks in found.items()}


def _column(name: bytes) -> int:
    found = position(f"{name.decode()}1")
    return found[1] if found else 0


def _named(header: Header, column: int) -> bool:
    return column <= len(header.columns) and bool(header.columns[column - 1])


def _kind(marks: frozenset[bytes], meaning: Meaning) -> Kind | None:
    """Return the one kind that all marks of a column mean."""
    kinds = {_kind_of(mark, meaning) for mark in marks}
    return kinds.pop() if len(kinds) == 1 else None


def _kind_of(mark: bytes, meaning: Meaning) -> Kind | None:
    found = re.fullmatch(rb'(?: s="([0-9]{1,6})")?(?: t="(s|n|b|inlineStr)")?', mark)
    if not found:
        return None
    told: dict[bytes, Kind] = {b"s": "text", b"inlineStr": "inline", b"b": "boolean"}
    if found[2] in told:
        return told[found[2]]
    index = int(found[1] or 0)
    style = meaning.formats[index] if index < len(meaning.formats) else PLAIN
    if style.may_veil or style.sections:
        return None
    if style.kind == "number":
        return "number"
    return "date" if style.kind == "moment" and style.dated and not style.fractions else None


def _proof(book: XlsxBook, sheet: str, plan: _Plan) -> tuple[int, int, bytes] | None:
    """Prove that the sheet is plain; return its last row, how many cells are filled below the header, and its XML."""
    strings = book.shared()
    begin, end = strings.find(b"<si>"), strings.rfind(b"</sst>")
    if b"_x" in strings or (begin > 0 and not STRINGS.fullmatch(strings, begin, end)):
        return None
    content = book.part(sheet)
    below, close = content.find(b'<row r="%d"' % (plan.header.row + 1)), content.rfind(b"</sheetData>")
    if below < 0 or not _grammar(plan).fullmatch(content, below, close):
        return None
    inline = "inline" in plan.kinds.values()
    aside = content.find(b"<!", 0, below) >= 0 or content.find(b"<!", close) >= 0
    if aside or (inline and b"_x" in content):
        return None
    numbers = [int(number) for number in ROW.findall(content, below, close)]
    if numbers != list(range(plan.header.row + 1, plan.header.row + 1 + len(numbers))):
        return None
    return numbers[-1], content.count(b"<v>", below, close) + content.count(b"<is>", below, close), content


def _grammar(plan: _Plan) -> re.Pattern[bytes]:
    """Return what rows below the header must look like, to the last byte."""
    cells = b"".join(_cell(plan, column) for column in range(1, len(plan.header.columns) + 1))
    return re.compile(rb'(?:<row r="([0-9]++)"[^>/]*+>' + cells + rb"</row>)++")


def _cell(plan: _Plan, column: int) -> bytes:
    reference = rb'<c r="' + letters(column).encode() + rb'\1"'
    blank = rb'(?: s="[0-9]++")?+(?:/>|></c>)'
    if column not in plan.kinds:
        return rb"(?:" + reference + blank + rb")?+"
    marks = b"|".join(re.escape(mark) for mark in sorted(plan.attributes[column], reverse=True))
    value = VALUES[plan.kinds[column]]
    return rb"(?:" + reference + rb"(?:(?:" + marks + rb")>" + value + rb"</c>|" + blank + rb"))?+"


def _read(connection: Any, path: Path, sheet: str, plan: _Plan, target: str) -> bool:
    """Read the rows below the header; what DuckDB says when it cannot is not kept, for it may quote a cell."""
    import duckdb

    width, first = len(plan.header.columns), plan.header.row + 1
    names = ", ".join(f"c{index}" for index in range(width))
    told = ", ".join(f"{_sql(plan.kinds.get(i + 1), f'c{i}')} AS {named(f'place_{i}')}" for i in range(width))
    area = f"A{first}:{letters(width)}1048576"
    try:
        connection.execute(f"LOAD '{quoted(extension())}'")
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT row_number() OVER () + {plan.header.row} AS source_row, "
            f"{told} FROM read_xlsx('{quoted(str(path))}', sheet = '{quoted(sheet)}', header = false, "
            f"all_varchar = true, stop_at_empty = true, range = '{area}') AS plain({names})"
        )
    except duckdb.Error:
        return False
    return True


def _sql(kind: Kind | None, column: str) -> str:
    """Return SQL that writes a stored value as text, as number_formats does."""
    number = f"CAST({column} AS DOUBLE)"
    if kind == "boolean":
        return f"CASE {column} WHEN '1' THEN 'TRUE' WHEN '0' THEN 'FALSE' END"
    if kind == "number":
        whole = f"{number} = trunc({number})"
        return (
            f"CASE WHEN length({column}) < 16 AND NOT regexp_matches({column}, '[.eE]') THEN {column}"
            f" WHEN abs({number}) >= 1e15 OR ({number} <> 0 AND abs({number}) < 1e-300)"
            " THEN error('a number for the careful way')"
            f" WHEN {whole} THEN CAST(CAST({number} AS BIGINT) AS VARCHAR)"
            f" ELSE format('{{:.15g}}', {number}) END"
        )
    if kind == "date":
        seconds = f"((CAST(round_even({number} * 86400000, 0) AS BIGINT) + 500) // 1000)"
        moment = f"make_timestamp(({seconds} - 2209161600) * 1000000)"
        return (
            f"CASE WHEN {number} NOT BETWEEN {FIRST_SERIAL} AND {LAST_SERIAL - 1} THEN error('a careful date')"
            f" WHEN {seconds} % 86400 = 0 THEN CAST(CAST({moment} AS DATE) AS VARCHAR)"
            f" ELSE strftime({moment}, '%Y-%m-%dT%H:%M:%S') END"
        )
    return column


def _agrees(connection: Any, target: str, plan: _Plan, last: int, filled: int, _: bytes) -> bool:
    """Tell whether DuckDB found the rows and filled cells that the XML has, and the first as read with care."""
    width = len(plan.header.columns)
    counts = " + ".join(f"count({named(f'place_{index}')})" for index in range(width))
    found = connection.execute(f"SELECT max(source_row), count(*), {counts} FROM {target}").fetchone()
    if found != (last, last - plan.header.row, filled):
        return False
    seen = max(plan.head.rows)
    query = f"SELECT * FROM {target} WHERE source_row <= {seen} ORDER BY source_row"
    for row, *cells in connection.execute(query).fetchall():
        careful = plan.head.rows.get(row, [])
        if [cell or "" for cell in cells] != careful + [""] * (width - len(careful)):
            return False
    return True


def _judged(book: XlsxBook, sheet: str, plan: _Plan, content: bytes) -> Grid:
    """Return the first rows with what stands around all rows: merged cells, hidden columns, filters."""
    begin, close = content.find(b"<sheetData>") + len(b"<sheetData>"), content.rfind(b"</sheetData>")
    around = read_cells(book.path, sheet, content[:begin] + content[close:], Meaning([], [], False, False), None)
    around.rows = dict(plan.head.rows)
    numbers = ROW.findall(content, content.rfind(b"<row ", begin, close), close)
    around.rows.setdefault(int(numbers[-1]), [])
    around.hidden_rows = len(re.findall(rb'<row [^>]*hidden="(?:1|true)"', content)) if b"hidden=" in content else 0
    around.errors, around.uncalculated = plan.head.errors, plan.head.uncalculated
    return around
