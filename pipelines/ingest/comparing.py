"""When two texts count as the same: blanks at the ends, case, kinds of accent, space, dash and quote do not matter.

SQL on both sides, the delivered value's and the protocol's, so that no two languages disagree about a letter. Which
characters are folded is declared in protocol.folding. Plain values take a short cut; a test proves it changes nothing.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pipelines.protocol.folding import FOLDED_FROM, FOLDED_TO, SPACES
from pipelines.sql_text import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BLANK_CHARACTERS = " \t\r\n\v\f\u200b\u2060\ufeff" + SPACES
BLANKS = f"'{BLANK_CHARACTERS}'"
"""Spaces at the ends that nobody sees: also those that web pages, Excel and joined files leave behind."""


def trimmed(expression: str) -> str:
    """Return a value without blanks at its ends; `expression` is SQL, best a column, for it is repeated."""
    x = expression
    # Trimming costs eight times what these comparisons do, and hardly any value needs it.
    tidy = f"{x} >= '!' AND {x} < chr(127) AND ({x})[-1] >= '!' AND ({x})[-1] < chr(127)"
    return f"CASE WHEN {tidy} THEN {x} ELSE {trimmed_slowly(x)} END"


def trimmed_slowly(expression: str) -> str:
    """Return a value without blanks at its ends, whatever it is made of."""
    return f"trim({expression}, {BLANKS})"


def compared(expression: str) -> str:
    """Return the form in which a delivered value is compared; `expression` is SQL, best a column."""
    plain = f"strlen({expression}) = length({expression}) AND NOT contains({expression}, '`')"
    return f"CASE WHEN {plain} THEN lower({trimmed(expression)}) ELSE {_folded(expression)} END"


def _folded(expression: str) -> str:
    # DuckDB normalises up to the first NUL only: what follows it would be lost, and `0<NUL>...` would be read as 0.
    whole = f"replace({expression}, chr(0), chr(65533))"
    plain = f"translate({whole}, '{quoted(FOLDED_FROM)}', '{quoted(FOLDED_TO)}')"
    return f"lower(nfc_normalize({trimmed_slowly(plain)}))"


@cache
def literal(text: str) -> str:
    """Return a word of the protocol in the form in which it is compared, as SQL."""
    if text.isascii() and not {"`", "\0"} & set(text):
        return f"'{quoted(text.strip(BLANK_CHARACTERS).lower())}'"
    # Worked out once by DuckDB itself: in a statement of many columns the expression costs more than its rows.
    found = _words().execute(f"SELECT {_folded('?::VARCHAR')}", [text]).fetchone()
    return f"'{quoted(found[0] if found else '')}'"


@cache
def _words() -> DuckDBPyConnection:
    """Return a connection for words of protocols: opening one costs more than all of them."""
    import duckdb

    return duckdb.connect()
