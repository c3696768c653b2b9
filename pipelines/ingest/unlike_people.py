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
UNSEEN = r"[\pC\x{34F}\x{115F}\x{1160}\x{2800}\x{3164}\x{FE00}-\x{FE0F}]"
RAW = 'trim("is person")'
PERSON = f"trim(regexp_replace(\"is person\", '^=?[\\x22\\x27]|[\\x22]$|{UNSEEN}', '', 'g'))"
"""What a person sees of a number, without the quotes that programs put around it."""
PLAIN = "\"is person\"[-1] BETWEEN '0' AND '9' AND NOT regexp_matches(\"is person\", '[^0-9A-Za-z./_-]')"
"""A glance at what nearly all numbers are: a digit at the end, and no blank or sign that numbers seldom have."""
MAY_BE_DATE = "(contains(\"is person\", '-') OR contains(\"is person\", '/') OR contains(\"is person\", ' '))"
DIGIT_LAST = f"regexp_matches({PERSON}, '[0-9]$')"
DIGIT_FIRST = f"regexp_matches({PERSON}, '^[0-9]')"
NO_DIGIT = f"NOT {DIGIT_LAST} AND NOT regexp_matches({PERSON}, '[0-9]')"
WORDY = f"contains({PERSON}, ' ') AND regexp_matches({PERSON}, '[[:alpha:]]{{4}}')"
MARKED = f"{PERSON}[1] IN ('#', '*')"
SIGNED = rf"regexp_matches(regexp_replace({PERSON}, '[-+./_\p{{Pd}}\x{{2212}}]', '', 'g'), '[\pP\pS]')"
"""With a sign that joins no parts of a number, as in `n=40`, `A123?` or `A12, A13`."""
PHRASE = f"contains({PERSON}, ' ') AND regexp_matches({PERSON}, '(?:^| )\\pL[\\pL.]+(?: |$)')"
PATTERN = f"regexp_replace(regexp_replace(replace({PERSON}, ' ', ''), '[0-9]', '9', 'g'), '\\pL', 'a', 'g')"
"""How a number is made: `AB 123` is made as `XY456` is, and `e.g. A123` is not."""
MOST_WORDS = 1_000
"""So many different ones are a way of numbering people, and no odd lines."""
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
    has a blank and a word in it, what begins with `#` or `*`, as comments do, and, where hardly any number has such
    signs, `n=40` and the like.
    """
    if _found(connection, people, PLAIN) == _found(connection, people, "true"):
        return ()  # as nearly always
    every, wordless, last, first, wordy, marked, signed, phrases = _counts(connection, people)
    numbered = _are_few(every - max(last, first), every)
    tests = [NO_DIGIT] if wordless and numbered else []
    tests += [test for test, count in ((WORDY, wordy), (MARKED, marked)) if count and _are_few(count, every)]
    tests += [SIGNED] if signed and numbered and _are_few(signed, every) else []
    tests += [_unlike_phrase(people)] if phrases and numbered and _are_few(phrases, every) else []
    return tuple(word for test in tests for word in _words(connection, people, test))


def _counts(connection: Any, people: str) -> tuple[int, ...]:
    kinds = (NO_DIGIT, DIGIT_LAST, DIGIT_FIRST, WORDY, MARKED, SIGNED, PHRASE)
    counts = ", ".join(f"count(*) FILTER ({one})" for one in kinds)
    found = connection.execute(f"SELECT count(*), {counts} FROM {people} WHERE {RAW} <> ''").fetchone()
    return tuple(map(int, found))


def _unlike_phrase(people: str) -> str:
    """Return the condition that words stand before or behind a number, and are not just a part of it set apart."""
    made = f"SELECT DISTINCT {PATTERN} FROM {people} WHERE NOT contains({PERSON}, ' ')"
    return f"({PHRASE}) AND {PATTERN} NOT IN ({made})"


def _words(connection: Any, people: str, test: str) -> tuple[str, ...]:
    listed = f"SELECT DISTINCT {RAW} FROM {people} WHERE {RAW} <> '' AND ({test}) ORDER BY 1 LIMIT {MOST_WORDS + 1}"
    found = [word for (word,) in connection.execute(listed).fetchall()]
    return tuple(found) if len(found) <= MOST_WORDS else ()


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
