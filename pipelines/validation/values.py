"""One delivered text as SQL: whether it is given, and the number, date, code or words that it is.

Each expression has a short cut for values as programs write them and a slow, exact path for all others; a test proves
that both say the same. The slow path rules. Which column is read how belongs in typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pipelines.ingest.comparing import compared, literal, trimmed_slowly
from pipelines.protocol.date_formats import runs_together, shape, strptime_format
from pipelines.protocol.extracts import Column
from pipelines.protocol.folding import folded
from pipelines.validation.dates import ISO, TIME, missing_words
from pipelines.warehouse import quoted

WHOLE = r"^(-?[0-9]+)\.0+$"
NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
"""A number as every program writes it. `1,200` may be one thousand or one and a bit, so it is none."""
FIRST_DAY, DAY_AFTER_LAST = "1850-01-01", "2200-01-01"
"""A date outside is a slip: `05/01/26` under dd/mm/yyyy would be a day in the year 26."""
POINT = {"decimal": "."}
ZONED = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})"
"""A moment on the world's clock (ISO 8601); the slow path alone meets it."""
FEW_CODES = 12
"""Up to so many codes are looked for as they are spelt before anything is normalised."""


def given(x: str, column: Column) -> str:
    """Return the condition that a value is given: not blank, and not one of the words for "not known"."""
    words = sorted({*missing_words(column), ""})
    longest = max(map(len, words))
    return (
        f"CASE WHEN {x} IS NULL OR {x} = '' THEN false WHEN {_plain(x)} AND strlen({x}) > {longest} THEN true "
        f"ELSE NOT {_is_one_of(compared(x), words)} END"
    )


def _is_one_of(expression: str, words: Sequence[str]) -> str:
    # DuckDB makes a join of a long IN, and so works the expression out for every row, also where CASE excludes it.
    return f"coalesce(list_contains([{', '.join(literal(word) for word in words)}], {expression}), false)"


def _plain(x: str) -> str:
    """Return the condition that a text is ASCII without a blank at either end."""
    return f"(strlen({x}) = length({x}) AND {x} >= '!' AND {x}[-1] >= '!')"


def _no_word(x: str, column: Column) -> str:
    """Return a further condition of a short cut: the usual words are no numbers and no dates, a pilot's own may be."""
    return f" AND NOT {_is_one_of(compared(x), sorted(missing_words(column)))}" if column.missing else ""


def _first_quickly(x: str, quick: str, slow: str) -> str:
    """Return the short cut's value, else the slow path's; blanks cost nothing."""
    return f"coalesce({quick}, CASE WHEN {x} <> '' THEN {slow} END)"


def words(x: str, column: Column) -> str:
    """Return a text without blanks at its ends, in the declared case."""
    slow = f"CASE WHEN {given(x, column)} THEN {trimmed_slowly(x)} END"
    missing = sorted({*missing_words(column), ""})
    known = f"strlen({x}) > {max(map(len, missing))} OR NOT {_is_one_of(f'lower({x})', missing)}"
    # A grave accent is folded into an apostrophe in comparison, and a word for "not known" might hold one.
    folds = f" AND NOT contains({x}, '`')" if any("'" in folded(word) for word in missing) else ""
    quick = f"CASE WHEN {_plain(x)} AND ({known}){folds} THEN {x} ELSE {slow} END"
    return {"lower": f"lower({quick})", "upper": f"upper({quick})"}.get(column.case, quick)


GROUPED = r"[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]*)?"
"""A number with a full stop between thousands, as it is written where the decimal sign is a comma."""


def _with_point(x: str) -> str:
    """Return a number with a decimal comma as one with a point; one that is written otherwise stays unreadable."""
    grouped = f"NOT contains({x}, '.') OR regexp_full_match({trimmed_slowly(x)}, '{GROUPED}')"
    return f"CASE WHEN {grouped} THEN replace(replace({x}, '.', ''), ',', '.') ELSE {x} || '?' END"


def _without_thousands(x: str, sign: str) -> str:
    """Return a number without the signs between its thousands; one in which they stand elsewhere stays unreadable."""
    text = trimmed_slowly(f"translate({x}, '\u00a0\u202f\u2009', '   ')" if sign == " " else x)
    mark = quoted(sign)
    grouped = rf"[+-]?[0-9]{{1,3}}({'[.]' if sign == '.' else mark}[0-9]{{3}})+([.,][0-9]*)?"
    ungrouped = (
        f"CASE WHEN regexp_full_match({text}, '{grouped}') THEN replace({text}, '{mark}', '') ELSE {x} || '?' END"
    )
    return f"CASE WHEN contains({text}, '{mark}') THEN {ungrouped} ELSE {x} END"


def number(x: str, column: Column) -> str:
    """Return a number, perhaps an infinite one; codes stand for numbers written as words, such as `none: 0`."""
    if column.thousands and (column.decimal, column.thousands) != (",", "."):
        plain = number(f"({_without_thousands(x, column.thousands)})", column.model_copy(update={"thousands": ""}))
        return f"CASE WHEN {given(x, column)} THEN {plain} END"
    if column.decimal == ",":
        return f"CASE WHEN {given(x, column)} THEN {number(f'({_with_point(x)})', column.model_copy(update=POINT))} END"
    spelt = trimmed_slowly(x)
    if column.codes:
        spelt = f"coalesce({_meaning(x, column.codes)}, {spelt})"
    exact = f"CASE WHEN regexp_full_match({spelt}, '{NUMBER}') THEN try_cast({spelt} AS DOUBLE) END"
    slow = f"CASE WHEN {given(x, column)} THEN {exact} END"
    if any(re.match("[-./0-9]", folded(code)) for code in column.codes):
        return slow
    # DuckDB reads `1_000`, `+-1` and ` nan` as numbers; what begins with a digit, a dot or a minus and has no
    # underscore it reads as NUMBER does.
    safe = f"{x} >= '-' AND {x} < ':' AND NOT contains({x}, '_'){_no_word(x, column)}"
    return _first_quickly(x, f"CASE WHEN {safe} THEN try_cast({x} AS DOUBLE) END", slow)


def code(x: str, column: Column, meanings: Mapping[str, str]) -> str:
    """Return the meaning of a code; NULL for a code that is not listed."""
    if not meanings:
        return "NULL"
    slow = f"CASE WHEN {given(x, column)} THEN {_meaning(x, meanings)} END"
    spelt = {form: meaning for word, meaning in reversed(_whole(meanings).items()) for form in _spellings(word)}
    if len(meanings) > FEW_CODES or not spelt:
        return slow
    unknown = {form for word in missing_words(column) for form in _spellings(word) if form}
    cases = " ".join(f"WHEN '{quoted(form)}' THEN '{quoted(meaning)}'" for form, meaning in spelt.items())
    cases += "".join(f" WHEN '{quoted(form)}' THEN NULL" for form in sorted(unknown - spelt.keys()))
    return f"CASE WHEN {x} IS NULL OR {x} = '' THEN NULL ELSE CASE {x} {cases} ELSE {slow} END END"


def _whole(meanings: Mapping[str, str]) -> dict[str, str]:
    """Return codes as they are compared: a column of whole numbers with a gap leaves many programs as 1.0 and 0.0."""
    return {re.sub(WHOLE, r"\1", word.strip()): str(meaning) for word, meaning in meanings.items()}


def _spellings(word: str) -> tuple[str, ...]:
    """Return how a plain code is usually spelt; those of another kind have none."""
    if not word.isascii() or not word.isprintable() or folded(word) != word.lower():
        return ()
    return tuple(dict.fromkeys((word, word.lower(), word.upper(), word.capitalize())))


def _meaning(x: str, meanings: Mapping[str, str]) -> str:
    read = compared(x)
    plain = f"CASE WHEN regexp_full_match({read}, '{WHOLE}') THEN split_part({read}, '.', 1) ELSE {read} END"
    return _looked_up(plain, {literal(word): meaning for word, meaning in reversed(_whole(meanings).items())})


def _looked_up(expression: str, meanings: Mapping[str, str]) -> str:
    """Return the meaning of an expression's value; CASE would work the expression out once for each code."""
    listed = ", ".join(f"{word}: '{quoted(meaning)}'" for word, meaning in meanings.items())
    return f"map_extract_value(MAP {{{listed}}}, {expression})"


def declared_date(x: str, column: Column) -> str:
    """Return a date by the declared format. Workbooks hold true dates, written yyyy-mm-dd: always understood."""
    form = strptime_format(column.format)
    forms = ", ".join(f"'{quoted(one)}'" for one in dict.fromkeys((form, ISO, f"{ISO}T%H:%M:%S")))
    text = trimmed_slowly(x)
    # DuckDB has words for dates: `epoch`, `infinity`.
    guard = f"regexp_matches({text}, '[0-9]')"
    if runs_together(form) and not set(re.findall("%[a-zA-Z]", form)) - {"%Y", "%y", "%m", "%d"}:
        guard = (
            f"(regexp_full_match({text}, '{quoted(shape(form))}') OR regexp_full_match({text}, '{shape(ISO)}(T.*)?'))"
        )
    slow = (
        f"CASE WHEN {given(x, column)} AND {zoned(text)} THEN {local_day(text, column)} "
        f"WHEN {given(x, column)} AND {guard} THEN try_strptime({text}, [{forms}])::DATE END"
    )
    return _first_quickly(x, _quick_date(x, column, form), slow)


def proven_date(x: str, column: Column, form: str) -> str:
    """Return a date by a format that all values were proven to have; a time of day may follow it."""
    text = f"regexp_replace({trimmed_slowly(x)}, '{TIME}', '')"
    tries = [
        f"WHEN regexp_full_match({text}, '{quoted(shape(one))}') THEN try_strptime({text}, '{quoted(one)}')::DATE"
        for one in dict.fromkeys((form, ISO))
    ]
    there = trimmed_slowly(x)
    tries = [f"WHEN {zoned(there)} THEN {local_day(there, column)}", *tries]
    slow = f"CASE WHEN {given(x, column)} THEN CASE {' '.join(tries)} END END"
    return _first_quickly(x, _quick_date(x, column, form), slow)


def zoned(text: str) -> str:
    """Return the condition that a text is a moment on the world's clock: with `Z`, or so far from Greenwich."""
    return f"(contains({text}, ':') AND regexp_full_match({text}, '{ZONED}'))"


def local_day(text: str, column: Column) -> str:
    """Return the day, where the column's days are counted, of a moment on the world's clock."""
    seconds = f"regexp_replace({text}, '([T ][0-9]{{2}}:[0-9]{{2}})(Z|[+-])', '\\1:00\\2')"
    offset = f"regexp_replace({seconds}, '([+-][0-9]{{2}})([0-9]{{2}})$', '\\1:\\2')"
    return f"(try_cast({offset} AS TIMESTAMPTZ) AT TIME ZONE '{quoted(column.time_zone)}')::DATE"


def _quick_date(x: str, column: Column, form: str) -> str:
    begins = f"{x} >= '0' AND {x} < ':'{_no_word(x, column)}"
    iso = f"WHEN {x} LIKE '____-__-__' THEN try_cast({x} AS DATE)"
    if form == ISO:
        return f"CASE WHEN {begins} THEN CASE {iso} END END"
    if re.fullmatch(r"(%d[/. -]%m|%m[/. -]%d)[/. -]%Y", form):
        return f"CASE WHEN {begins} THEN CASE {iso} ELSE try_strptime({x}, '{form}')::DATE END END"
    return "NULL::DATE"


def kept(kind: str, value: str) -> str:
    """Return a value that is read, if it is one that can be true."""
    if kind == "number":
        return f"CASE WHEN isfinite({value}) THEN {value} END"
    if kind == "date":
        return f"CASE WHEN {value} >= DATE '{FIRST_DAY}' AND {value} < DATE '{DAY_AFTER_LAST}' THEN {value} END"
    return value
