"""What stands in the place of a person's number and is unlike all others there: lines of totals, notes, dates.

Words of sums that are known are in no_people. Other languages have others, and a provider may write anything below a
table; but where every number ends in a digit, `Gesamt` is nobody's.
"""

from __future__ import annotations

from typing import Any

from pipelines.ingest.row_words import ROWS_NAMED, rows_named
from pipelines.refusal import Refusal

FEWEST_OTHERS = 8
MOST_SHARE = 0.1
"""Of rows that are unlike the others: more of them, and the others prove nothing."""
MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
DATED = rf"(?:[0-9]{{1,2}}[-/ ])?{MONTH}[-/ ][0-9]{{2,4}}|[0-9]{{1,2}}-{MONTH}"
DATED_TOO = r"[0-9]{1,2}/[0-9]{1,2}/(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9](?:[T ]00:00(?::00)?)?"
"""A month and a day or a year, as a spreadsheet writes them when it has taken `MAR05` or `3-5` for a date."""
PERSON = 'trim("is person")'
PLAIN = "\"is person\"[-1] BETWEEN '0' AND '9' AND NOT contains(\"is person\", ' ') AND \"is person\" >= '+'"
"""A glance at what nearly all numbers are: a digit at the end, no blank, no mark in front."""
MAY_BE_DATE = "(contains(\"is person\", '-') OR contains(\"is person\", '/') OR contains(\"is person\", ' '))"
DIGIT_LAST = f"regexp_matches({PERSON}, '[0-9]$')"
DIGIT_FIRST = f"regexp_matches({PERSON}, '^[0-9]')"
NO_DIGIT = f"NOT {DIGIT_LAST} AND NOT regexp_matches({PERSON}, '[0-9]')"
WORDY = f"contains({PERSON}, ' ') AND regexp_matches({PERSON}, '[[:alpha:]]{{4}}')"
MARKED = f"{PERSON}[1] IN ('#', '*')"
IS_DATE = f"{PERSON} LIKE '%_-_%' OR {PERSON} LIKE '%_/_%' OR {PERSON} LIKE '___% __%'"
IS_DATED = f"({IS_DATE}) AND regexp_full_match(lower({PERSON}), '{DATED}|{DATED_TOO}')"


def words_unlike(connection: Any, people: str) -> tuple[str, ...]:
    """Return what stands in the place of people's numbers in a few rows and is no number, as all others are.

    Parameters
    ----------
    people : what SQL reads identifiers from, their column called `is person`.

    Notes
    -----
    Such are words without a digit where nearly every number ends (or begins) with one, phrases where hardly any number
    has a blank and a word in it, and what begins with `#` or `*`, as comments do.
    """
    if _found(connection, people, PLAIN) == _found(connection, people, "true"):
        return ()  # as nearly always
    known = f"{PERSON} <> ''"
    counts = ", ".join(f"count(*) FILTER ({one})" for one in (NO_DIGIT, DIGIT_LAST, DIGIT_FIRST, WORDY, MARKED))
    every, wordless, last, first, wordy, marked = connection.execute(
        f"SELECT count(*), {counts} FROM {people} WHERE {known}"
    ).fetchone()
    tests = [NO_DIGIT] if wordless and _are_few(every - max(last, first), every) else []
    tests += [test for test, count in ((WORDY, wordy), (MARKED, marked)) if count and _are_few(count, every)]
    if not tests:
        return ()
    listed = f"SELECT DISTINCT {PERSON} FROM {people} WHERE {known} AND ({' OR '.join(f'({one})' for one in tests)})"
    return tuple(word for (word,) in connection.execute(f"{listed} ORDER BY 1").fetchall())


def _found(connection: Any, people: str, condition: str) -> int:
    (count,) = connection.execute(f"SELECT count(*) FROM {people} WHERE \"is person\" <> '' AND {condition}").fetchone()
    return int(count)


def _are_few(count: int, every: int) -> bool:
    return every - count >= FEWEST_OTHERS and count <= max(1, MOST_SHARE * every)


def refuse_dated(connection: Any, people: str, row: str, file: str, column: str) -> None:
    """Refuse a file in which a spreadsheet has made dates of some people's numbers: whose they are is lost.

    Parameters are those of `no_people.refuse_shortened`.
    """
    if not _found(connection, people, MAY_BE_DATE):
        return
    known = f"{PERSON} <> ''"
    counts = f"SELECT count(*), count(*) FILTER ({IS_DATED}) FROM {people} WHERE {known}"
    every, dated = connection.execute(counts).fetchone()
    if not dated or not _are_few(dated, every):
        return
    query = f"SELECT {row or 'NULL'} FROM {people} WHERE {known} AND {IS_DATED} LIMIT {ROWS_NAMED + 1}"
    rows = [number for (number,) in connection.execute(query).fetchall() if number is not None]
    where = f", {rows_named(rows)}" if rows else ""
    raise Refusal(
        f'{file}, column "{column}"{where}: dates stand in the place of people\'s numbers, which the others are not.'
        " A spreadsheet makes them of numbers such as MAR05 or 3-5.",
        "Ask for the file as it left the database, not opened and saved in a spreadsheet. The earlier results stand.",
    )
