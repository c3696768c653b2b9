"""Tables of another shape, made into rows of the common model by declaration: long into wide, side by side into rows.

Works between a reader and the store, on text. Joining several files of a noun belongs in completing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from pipelines.ingest.comparing import compared, literal, trimmed
from pipelines.ingest.headers import ignored, tidy
from pipelines.ingest.reading import Rows, place
from pipelines.ingest.row_words import ROWS_NAMED, rows_named
from pipelines.protocol.extracts import MISSING_DEFAULT, Extract
from pipelines.refusal import Refusal
from pipelines.sql_text import named

PEOPLE_FIELDS = ("person", "site")


def file_columns(extract: Extract) -> tuple[str, ...]:
    """Return the headers that a file of this extract must have, each once, in the shape in which it is delivered."""
    fields = {f: c for f, c in extract.columns.items() if not extract.wider or f in PEOPLE_FIELDS}
    spelt = [name for column in fields.values() for name in (column.column, *column.also)]
    if extract.wider:
        spelt += [extract.wider.names, extract.wider.values]
    return tuple(dict.fromkeys(tidy(name) for name in (*spelt, *extract.identifiers.values())))


def reshaped(connection: Any, rows: Rows, extract: Extract, source: str) -> Rows:
    """Return the rows of a file in the shape of its noun; `source` is the name of the file, for messages.

    Raises
    ------
    Refusal
        When a person has two different values of one measure, or a measure is in no list of the protocol.
    """
    if extract.wider:
        return _wider(connection, rows, extract, source)
    if any(column.also for column in extract.columns.values()):
        return _side_by_side(rows, extract)
    return rows


def _numbered(rows: Rows) -> str:
    """Return what SQL reads from, with the row of the file in `source_row`."""
    if rows.numbered:
        return f"(SELECT * FROM {rows.source})"
    return f"(SELECT *, row_number() OVER () + {rows.facts.header_row} AS source_row FROM {rows.source})"


def _index(rows: Rows, column: str) -> str:
    """Return the column of the source that holds a column of the file."""
    return place(rows.facts.columns.index(tidy(column)))


# ---- side by side ----------------------------------------------------------------------------------------------------


def _side_by_side(rows: Rows, extract: Extract) -> Rows:
    """Make a row of each group of columns that holds anything; a row whose groups are all blank is none."""
    repeated = {field: (c.column, *c.also) for field, c in extract.columns.items() if c.also}
    others = tuple(dict.fromkeys(tidy(c.column) for field, c in extract.columns.items() if field not in repeated))
    single = tuple(dict.fromkeys((*others, *map(tidy, extract.identifiers.values()))))
    groups = list(zip_longest(*repeated.values()))
    selects = [_group(rows, single, group) for group in groups]
    facts = replace(rows.facts, columns=(*single, *(tidy(names[0]) for names in repeated.values())))
    union = " UNION ALL ".join(f"SELECT {i} AS turn, * FROM ({select})" for i, select in enumerate(selects))
    ordered = f"(SELECT * EXCLUDE (turn) FROM ({union}) ORDER BY source_row, turn)"
    return replace(rows, facts=facts, source=ordered, numbered=True)


def _group(rows: Rows, single: Sequence[str], group: Sequence[str | None]) -> str:
    """Return the SELECT of one group of columns beside those that a row has once."""
    given = [_index(rows, name) for name in group if name]
    columns = [_index(rows, name) for name in single] + [
        _index(rows, name) if name else "NULL::VARCHAR" for name in group
    ]
    listed = ", ".join(f"{column} AS {place(i)}" for i, column in enumerate(columns))
    some = " OR ".join(f"coalesce({trimmed(column)}, '') <> ''" for column in given)
    return f"SELECT source_row, {listed} FROM {_numbered(rows)} WHERE {some}"


# ---- long ------------------------------------------------------------------------------------------------------------


def _wider(connection: Any, rows: Rows, extract: Extract, source: str) -> Rows:
    """Make one row of all rows of a person, in a site where the file has a column of sites."""
    long = _LongTable(rows, extract)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE long_rows AS {long.select}")
    _refuse_nobody(connection, long, source)
    _refuse_unknown(connection, long, source)
    _refuse_contradictions(connection, long, source)
    target = named(f"wide {source}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {target} AS {long.wide}")
    connection.execute("DROP TABLE long_rows")
    facts = replace(rows.facts, columns=(*long.beside, *long.measures))
    return replace(rows, facts=facts, source=target, numbered=True)


class _LongTable:
    """The SQL of a long table: who, which measure, what came out."""

    def __init__(self, rows: Rows, extract: Extract) -> None:
        self.rows, self.extract = rows, extract
        people = [extract.columns[field].column for field in PEOPLE_FIELDS if field in extract.columns]
        self.people = tuple(map(tidy, people))
        self.beside = tuple(dict.fromkeys((*self.people, *map(tidy, extract.identifiers.values()))))
        measured = [c.column for field, c in extract.columns.items() if field not in PEOPLE_FIELDS]
        self.measures = tuple(dict.fromkeys(tidy(name) for name in measured))

    @property
    def select(self) -> str:
        """Rows with a key of their person, the number of their measure, and what came out, blank where nothing did."""
        if not self.extract.wider:
            return ""
        rows, wider = self.rows, self.extract.wider
        name, value = _index(rows, wider.names), _index(rows, wider.values)
        beside = ", ".join(f"{_index(rows, column)} AS {place(i)}" for i, column in enumerate(self.beside))
        # To the letter: two spellings of one person are found later, two people taken for one never would be.
        who = ", ".join(f"coalesce({trimmed(_index(rows, column))}, '')" for column in self.people)
        cases = " ".join(f"WHEN {literal(measure)} THEN {i}" for i, measure in enumerate(self.measures))
        measure = f"CASE {compared(name)} {cases} END"
        anything = " OR ".join(f"coalesce({trimmed(place(i))}, '') <> ''" for i in range(len(rows.facts.columns)))
        return (
            f"SELECT source_row, [{who}] AS who, {beside}, {measure} AS measure, {name} AS named, "
            f"nullif({trimmed(value)}, '') AS measured FROM {_numbered(rows)} WHERE {anything}"
        )

    @property
    def wide(self) -> str:
        """One row per person, in the order of their first rows."""
        beside = [f"arg_min({place(i)}, source_row) AS {place(i)}" for i in range(len(self.beside))]
        start = len(self.beside)
        values = [
            f"any_value(measured) FILTER (measure = {i}) AS {place(start + i)}" for i in range(len(self.measures))
        ]
        listed = ", ".join([*beside, *values])
        return f"SELECT min(source_row)::BIGINT AS source_row, {listed} FROM long_rows GROUP BY who ORDER BY source_row"


def _refuse_nobody(connection: Any, long: _LongTable, source: str) -> None:
    """Rows that name nobody would be taken together for one person."""
    words = {*MISSING_DEFAULT, "", *long.extract.columns["person"].missing}
    listed = ", ".join(literal(word) for word in sorted(words))
    found = _rows(connection, f"{compared('who[1]')} IN ({listed})")
    if found:
        column = long.extract.columns["person"].column
        raise Refusal(
            f'{source}, column "{column}", {rows_named(found)}: nobody is named, so these rows belong to no one.',
            "Ask the provider whose they are. The earlier results stand.",
        )


def _refuse_unknown(connection: Any, long: _LongTable, source: str) -> None:
    """Refuse measures that the protocol neither maps nor ignores, as with columns; their names may be anything."""
    found = connection.execute(
        "SELECT named, list(source_row ORDER BY source_row) FROM long_rows "
        f"WHERE measure IS NULL AND (measured IS NOT NULL OR {trimmed('named')} <> '') GROUP BY 1 ORDER BY 2"
    ).fetchall()
    rows = sorted(row for name, some in found if not ignored(tidy(name or ""), long.extract) for row in some)
    if rows:
        raise Refusal(
            f'{source}, column "{_names(long)}", {rows_named(rows)}: the measure is not in the protocol.',
            f"Map it under columns, or list it under ignore. Mapped: {', '.join(long.measures)}. "
            "The earlier results stand.",
        )


def _refuse_contradictions(connection: Any, long: _LongTable, source: str) -> None:
    """Of two values of one measure nobody can say which one is right; a blank beside a value contradicts it too."""
    found = connection.execute(
        "SELECT measure, list(source_row ORDER BY source_row) FROM long_rows WHERE measure IS NOT NULL "
        "GROUP BY who, measure HAVING count(DISTINCT coalesce(measured, '')) > 1 ORDER BY 2 LIMIT 10"
    ).fetchall()
    if found:
        said = "; ".join(f"{rows_named(rows)} ({long.measures[measure]})" for measure, rows in found)
        raise Refusal(
            f"{source}: some people have two different values of one measure: {said}.",
            "Ask the provider which one is right. The earlier results stand.",
        )


def _names(long: _LongTable) -> str:
    return long.extract.wider.names if long.extract.wider else ""


def _rows(connection: Any, condition: str) -> list[int]:
    query = f"SELECT source_row FROM long_rows WHERE {condition} ORDER BY 1 LIMIT {ROWS_NAMED + 1}"
    return [row for (row,) in connection.execute(query).fetchall()]
