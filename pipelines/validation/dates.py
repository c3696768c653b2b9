"""Which way the dates of a column are written: the one way that fits every value, or a refusal. Nothing is guessed.

Turning values into dates by a proven format belongs in typed; what a format is, in protocol.date_formats.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.ingest.comparing import compared, literal, trimmed
from pipelines.protocol import Protocol
from pipelines.protocol.date_formats import shape, spoken
from pipelines.protocol.extracts import FIELDS, MISSING_DEFAULT, Column, Extract
from pipelines.refusal import Refusal
from pipelines.warehouse import columns_of, has_table, named, quoted
from pipelines.workspace import PilotSite

ISO = "%Y-%m-%d"
MARKS = ("/", "-", ".", " ")
BETWEEN_FORMATS = "|"
TIME = r"[T ] ?([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?( ?[AaPp][Mm])?(Z|[+-][0-9]{2}:?[0-9]{2})?$"
"""The time of day that may follow a date, by whatever clock; only the date is kept (see values.local_day)."""


def _candidates() -> tuple[str, ...]:
    """Return the ways in which dates are written. A two-digit year below 69 is one of this century."""
    found = ["%Y%m%d", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y"]
    for mark in MARKS:
        found += [mark.join(parts) for parts in (("%d", "%m", "%Y"), ("%m", "%d", "%Y"), ("%Y", "%m", "%d"))]
        found += [mark.join(parts) for parts in (("%d", "%b", "%Y"), ("%d", "%B", "%Y"))]
        found += [mark.join(parts) for parts in (("%d", "%b", "%y"), ("%d", "%B", "%y"))]
        found += [mark.join(parts) for parts in (("%d", "%m", "%y"), ("%m", "%d", "%y"))]
        # With a slash nobody begins with a short year; `24-01-15` may well be 15 January 2024.
        found += [mark.join(("%y", "%m", "%d"))] if mark != "/" else []
    return tuple(dict.fromkeys(form for form in found if form != ISO))


CANDIDATES = _candidates()


@dataclass(frozen=True)
class Proof:
    """What the values of a column say about how its dates are written."""

    format: str
    """`proven`: the format, for strptime. `undecided`: those that remain. `none`: those that fit some values only, if
    they differ in day and month alone. Several are separated by `|`."""
    verdict: Literal["proven", "undecided", "none", "blank"]


def prove(connection: Any, source: str, columns: Mapping[str, tuple[str, frozenset[str]]]) -> dict[str, Proof]:
    """Return how the dates of each field are written; each field comes with its column in SQL and its missing words.

    One scan settles all columns whose dates are written yyyy-mm-dd throughout; any other costs one scan of its own.
    """
    if not columns:
        return {}
    tests = ", ".join(f"bool_and({_plainly_iso(column)})" for column, _ in columns.values())
    settled = connection.execute(f"SELECT {tests} FROM {source}").fetchone()
    quick = {None: Proof(ISO, "blank"), True: Proof(ISO, "proven")}
    return {
        field: quick[answer] if answer in quick else _proof(connection, source, *columns[field])
        for field, answer in zip(columns, settled, strict=True)
    }


def _plainly_iso(column: str) -> str:
    """Return true for a date as yyyy-mm-dd, NULL for a blank, false for whatever needs a closer look."""
    iso = f"{column} LIKE '____-__-__' AND try_cast({column} AS DATE) IS NOT NULL"
    return f"CASE WHEN {column} IS NULL OR {column} = '' THEN NULL ELSE {iso} END"


def _proof(connection: Any, source: str, column: str, missing: frozenset[str]) -> Proof:
    """Try every format on every distinct day."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE days AS {_days(source, column, missing)}")
    try:
        given, foreign = connection.execute("SELECT count(*), count(*) FILTER (NOT iso) FROM days").fetchone()
        if not foreign:
            return Proof(ISO, "proven" if given else "blank")
        return _judged(connection, foreign, given - foreign)
    finally:
        connection.execute("DROP TABLE IF EXISTS days")


def _days(source: str, column: str, missing: frozenset[str]) -> str:
    """Return a SELECT of the distinct given days of a column, without their time of day."""
    words = ", ".join(literal(word) for word in sorted({*missing, ""}))
    day = f"regexp_replace({trimmed('given')}, '{TIME}', '')"
    given = f"coalesce({compared('given')}, '') NOT IN ({words})"
    return (
        f"SELECT DISTINCT day, coalesce({read_as('day', ISO)} IS NOT NULL, false) AS iso FROM (SELECT {day} AS day "
        f"FROM (SELECT DISTINCT {column} AS given FROM {source}) WHERE {given})"
    )


def read_as(expression: str, form: str) -> str:
    """Return the date that a text is if it is written in a format to the letter, else NULL."""
    return (
        f"CASE WHEN regexp_full_match({expression}, '{quoted(shape(form))}') "
        f"THEN try_strptime({expression}, '{quoted(form)}')::DATE END"
    )


def _judged(connection: Any, foreign: int, iso: int) -> Proof:
    """Return which format fits every day that is not written yyyy-mm-dd; those are understood beside any other."""
    counts = ", ".join(f"count({read_as('day', form)})" for form in CANDIDATES)
    fitting = connection.execute(f"SELECT {counts} FROM days WHERE NOT iso").fetchone()
    fits = dict(zip(CANDIDATES, fitting, strict=True))
    remaining = [form for form, count in fits.items() if count == foreign]
    if not remaining:
        return Proof(BETWEEN_FORMATS.join(_rivals(fits)), "none")
    if len(remaining) == 1 or not _differ(connection, remaining):
        return Proof("", "none") if iso and _half_converted(connection, remaining[0]) else Proof(remaining[0], "proven")
    return Proof(BETWEEN_FORMATS.join(remaining), "undecided")


def _half_converted(connection: Any, form: str) -> bool:
    """Tell a column in which a spreadsheet made dates of days up to 12 only, and so swapped their day and month."""
    if form.index("%d") > form.find("%m") >= 0 or "%m" not in form:
        return False
    query = f"""
        SELECT bool_and(day({read_as("day", form)}) > 12) FILTER (NOT iso),
               bool_and(day({read_as("day", ISO)}) <= 12) FILTER (iso),
               least(count(*) FILTER (iso), count(*) FILTER (NOT iso)) > 1 FROM days
    """
    return connection.execute(query).fetchone() == (True, True, True)


def _rivals(fits: Mapping[str, int]) -> list[str]:
    """Return day before month and month before day where each fits some values: two habits in one column."""
    pairs = [(form, form.replace("%d", "%D").replace("%m", "%d").replace("%D", "%m")) for form in fits]
    return next(([one, other] for one, other in pairs if fits[one] and fits.get(other) and one != other), [])


def _differ(connection: Any, forms: Iterable[str]) -> bool:
    """Tell whether some day reads differently under two formats."""
    read = ", ".join(read_as("day", form) for form in forms)
    query = f"SELECT 1 FROM days WHERE NOT iso AND len(list_distinct([{read}])) > 1 LIMIT 1"
    return connection.execute(query).fetchone() is not None


def missing_words(column: Column) -> frozenset[str]:
    """Return the words for "not known" of a column; what is listed as a code has a meaning and is none of them."""
    codes = {code.strip().casefold() for code in column.codes}
    words = {word.strip().casefold() for word in (*MISSING_DEFAULT, *column.missing)}
    # A column of whole numbers with a gap in it leaves many programs as -9.0.
    words |= {f"{word}.0" for word in words if re.fullmatch(r"-?[0-9]+", word)}
    return frozenset(words - codes)


def unproven(noun: str, extract: Extract) -> dict[str, frozenset[str]]:
    """Return the date fields of an extract whose format is not declared, with their words for "not known"."""
    return {
        field: missing_words(column)
        for field, column in extract.columns.items()
        if FIELDS[noun].get(field) == "date" and not column.format
    }


Readings = Mapping[tuple[str, str, str], str]
"""Proven format by extract, file and field."""


def readings(connection: Any, site: PilotSite, noun: str, table: str = "") -> Readings:
    """Return how each file's undeclared dates are written: as found at ingest, else as the received rows prove.

    The rows of the noun may stand in another table of the raw layer, as they do for an earlier state.

    Raises
    ------
    Refusal
        When the dates of some column have no format that all its values prove.
    """
    extracts = site.protocol.extracts_of(noun, site.site)
    asked = {name: fields for name, extract in extracts.items() if (fields := unproven(noun, extract))}
    if not asked:
        return {}
    found = _kept(connection, table or noun, asked)
    holders = {name: extracts[name].completes or name for name in asked}
    found |= _proven_here(connection, table or noun, asked, holders, found)
    faults = [
        _fault(site.protocol, where, proof, _misfits(connection, table or noun, where, asked[where[0]][where[2]]))
        for where, proof in sorted(found.items())
        if _is_fault(proof)
    ]
    if faults:
        raise Refusal("\n".join(faults), "The earlier results stand.")
    return {where: proof.format for where, proof in found.items()}


Proofs = dict[tuple[str, str, str], Proof]


def _kept(connection: Any, noun: str, asked: Mapping[str, Mapping[str, Any]]) -> Proofs:
    """Return what was found out at ingest, over the rows of all sites."""
    if not has_table(connection, "raw", "readings"):
        return {}
    query = "SELECT extract, source_file, field, format, verdict FROM raw.readings WHERE noun = ?"
    rows = connection.execute(query, [noun]).fetchall()
    return {
        (e, file, field): Proof(form, verdict) for e, file, field, form, verdict in rows if field in asked.get(e, {})
    }


def _proven_here(
    connection: Any,
    noun: str,
    asked: Mapping[str, Mapping[str, frozenset[str]]],
    holders: Mapping[str, str],
    known: Proofs,
) -> Proofs:
    """Prove, over the received rows, what nothing was kept of; `holders` names the extract whose rows hold a field."""
    found: Proofs = {}
    there = {name for name, _ in columns_of(connection, f"raw.{noun}")}
    files = connection.execute(f"SELECT DISTINCT extract, source_file FROM raw.{noun} ORDER BY ALL").fetchall()
    for holder, file in files:
        source = f"(SELECT * FROM raw.{noun} WHERE extract = '{quoted(holder)}' AND source_file = '{quoted(file)}')"
        for name in (name for name in asked if holders[name] == holder):
            kept = {key[2] for key in known if key[0] == name and (key[1] == file or name != holder)}
            columns = {f: (named(f), words) for f, words in asked[name].items() if f in there and f not in kept}
            proofs = prove(connection, source, columns)
            found |= {(name, file, field): proof for field, proof in proofs.items()}
    return found


def _is_fault(proof: Proof) -> bool:
    return proof.verdict in ("undecided", "none")


def _misfits(connection: Any, table: str, where: tuple[str, str, str], words: frozenset[str]) -> str:
    """Name the rows of this site that are not written as most others are; nothing where most say nothing."""
    from pipelines.ingest.row_words import ROWS_NAMED, rows_named

    extract, file, field = where
    x = named(field)
    source = f"(SELECT * FROM raw.{table} WHERE extract = '{quoted(extract)}' AND source_file = '{quoted(file)}')"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE days AS {_days(source, x, words)}")
    counts = ", ".join(f"count({read_as('day', form)})" for form in CANDIDATES)
    total, iso, *fits = connection.execute(f"SELECT count(*), count(*) FILTER (iso), {counts} FROM days").fetchone()
    connection.execute("DROP TABLE days")
    often, usual = max(zip((iso, *fits), (ISO, *CANDIDATES), strict=True), key=lambda pair: pair[0])
    if 2 * often <= total:
        return ""
    day = f"regexp_replace({trimmed(x)}, '{TIME}', '')"
    given = (
        f"NOT list_contains([{', '.join(literal(word) for word in sorted({*words, ''}))}], coalesce({compared(x)}, ''))"
    )
    misfits = f"{given} AND ({read_as(day, usual)}) IS NULL AND ({read_as(day, ISO)}) IS NULL"
    query = f"SELECT DISTINCT source_row FROM {source} WHERE {misfits} ORDER BY 1 LIMIT {ROWS_NAMED + 1}"
    rows = [row for (row,) in connection.execute(query).fetchall()]
    return f" Most are written {spoken(usual)}; not so {rows_named(rows)}." if rows else ""


def _fault(protocol: Protocol, where: tuple[str, str, str], proof: Proof, misfits: str) -> str:
    """Say why a column's dates cannot be read, and what to declare; no value is repeated."""
    extract, file, field = where
    header = protocol.extracts[extract].columns[field].column
    forms = [spoken(form) for form in proof.format.split(BETWEEN_FORMATS) if form]
    key = f"extracts.{extract}.columns.{field}"
    if proof.verdict == "undecided":
        said = f"{len(forms)} formats fit every date ({', '.join(forms)}) and no value decides between them."
        remedy = f"Ask the provider, and add the right one to {key}, for example `format: {forms[0]}`."
    else:
        mixed = f" Some are written {' and some '.join(forms)}." if forms else ""
        said = f"no format (0 remain) fits every date.{mixed}{misfits}"
        example = forms[0] if forms else "dd/mm/yyyy"
        remedy = (
            f"Ask the provider for one format, or add it to {key}, for example `format: {example}`: "
            'rows that do not fit it are then set aside. A word for "not known" belongs under `missing`.'
        )
    return f'{file}, column "{header}": {said} {remedy}'
