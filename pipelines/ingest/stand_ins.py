"""Numbers that stand in for one that nobody knew: 0, -1, 9999999999, 1234567890. They look like people and are none.

Where people are numbered one after another, 9, 99 and 0 may be somebody's: whether a number is a stand-in is decided by
the others of its file. Words, notes and signs in the place of a number belong in unlike_people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.ingest.pseudonyms import normalised

FEWEST_OTHERS = 8
"""Fewer different numbers prove nothing."""
NEAR = 10
"""A number with another so close by is one of a run."""
RARE = 1_000
"""Where fewer than one in so many of the numbers that could have been given was, this one was not given by chance."""
OFTEN = 3
"""Where everybody else has one row, a number with so many rows is a stand-in, whatever its neighbours."""
MOST_SHARE = 0.1
MOST_DIGITS = 37
ONE_DIGIT = "|".join(("0[0 -]*", "9[9 -]*9", *(f"{digit}[{digit} -]{{2,}}{digit}" for digit in range(1, 9))))
IN_TURN = "0?123456789?|1234567890|9876543210?"
NEGATIVE = "-[0-9]{1,5}"
TRIED = "(?i:test|dummy|example|fake)[^\\p{L}]*"
"""What somebody types who only tries a form: TEST, Test 01, dummy-1."""
PERSON = '"is person"'
ROUND = "[\\pZ\\pC\\x22\\x27=]*"
SUSPECTED = f"regexp_full_match({PERSON}, '{ROUND}(?:{ONE_DIGIT}|{IN_TURN}|{NEGATIVE}|{TRIED}){ROUND}')"
BARE = f"replace(replace({PERSON}, ' ', ''), '-', '')"


@dataclass(frozen=True)
class Others:
    """What is known of the numbers of a file that nobody suspects."""

    distinct: int
    rows: int
    negative: int
    digits: int
    """How many different ones are of digits only; of these:"""
    longest: int
    highest: int


def stand_ins(connection: Any, people: str) -> tuple[str, ...]:
    """Return what stands in the place of people's numbers and stands for a number that nobody knew.

    Parameters
    ----------
    people : what SQL reads identifiers from, their column called `is person`.

    Notes
    -----
    Suspected are one digit over and over, digits in turn, short negative numbers and `TEST`. Acquitted is a number with
    a neighbour, or one that others of its length are so many of that chance may have given it.
    """
    query = f"SELECT {PERSON}, count(*) FROM {people} WHERE {SUSPECTED} GROUP BY 1 ORDER BY 1"
    suspects = connection.execute(query).fetchall()
    if not suspects:
        return ()
    others = _others(connection, people)
    few = len(suspects) <= max(1, MOST_SHARE * others.distinct)
    if others.distinct < FEWEST_OTHERS:
        return ()
    return tuple(
        word for word, rows in suspects if _stands_in(connection, people, normalised(word), rows, others, few=few)
    )


def _others(connection: Any, people: str) -> Others:
    whole = f"CASE WHEN regexp_full_match({BARE}, '[0-9]{{1,{MOST_DIGITS}}}') THEN {BARE} END"
    query = f"""
        SELECT count(DISTINCT {PERSON}), count(*), count(*) FILTER ({PERSON}[1] = '-'), count(DISTINCT {whole}),
               max(length({whole})), max(CAST({whole} AS HUGEINT))
        FROM {people} WHERE {PERSON} <> '' AND NOT {SUSPECTED}
    """
    distinct, rows, negative, digits, longest, highest = connection.execute(query).fetchone()
    return Others(distinct, rows, negative, digits, longest or 0, highest or 0)


def _stands_in(connection: Any, people: str, word: str, rows: int, others: Others, *, few: bool) -> bool:
    if word.startswith("-"):
        return few and not others.negative
    digits = word.replace(" ", "").replace("-", "")
    if not digits.isdecimal():
        return few  # somebody tried a form
    if rows >= OFTEN and others.rows == others.distinct:
        return True
    if len(digits) > MOST_DIGITS or not others.digits:
        return True
    if _has_neighbour(connection, people, digits):
        return False
    number = int(digits)
    beyond = number == 0 or number > 2 * others.highest
    return beyond or others.digits * RARE < 10 ** max(len(digits), others.longest)


def _has_neighbour(connection: Any, people: str, digits: str) -> bool:
    """Tell whether another number of digits is close by; `007` is no neighbour of `8`."""
    unpadded = f"({BARE} = '0' OR {BARE}[1] <> '0')" if digits == "0" or digits[0] != "0" else "false"
    query = f"""
        SELECT 1 FROM {people} WHERE NOT {SUSPECTED} AND regexp_full_match({BARE}, '[0-9]{{1,{MOST_DIGITS}}}')
            AND (length({BARE}) = {len(digits)} OR {unpadded})
            AND abs(try_cast({BARE} AS HUGEINT) - {int(digits)}::HUGEINT) <= {NEAR} LIMIT 1
    """
    return connection.execute(query).fetchone() is not None
