"""When two texts count as the same: blanks at the ends, case and kinds of the same accent do not matter.

SQL on both sides, the delivered value's and the protocol's, so that no two languages disagree about a letter.
"""

from __future__ import annotations

from pipelines.warehouse import quoted

BLANKS = "E' \\t\\r\\n' || chr(160) || chr(8203) || chr(65279)"
"""Spaces at the ends that nobody sees: also those that web pages, Excel and joined files leave behind."""


def trimmed(expression: str) -> str:
    """Return a value without blanks at its ends."""
    return f"trim({expression}, {BLANKS})"


def compared(expression: str) -> str:
    """Return the form in which a delivered value is compared; `expression` is SQL."""
    # DuckDB normalises up to the first NUL only: what follows it would be lost, and `0<NUL>...` would be read as 0.
    whole = f"replace({trimmed(expression)}, chr(0), chr(65533))"
    return f"lower(nfc_normalize({whole}))"


def literal(text: str) -> str:
    """Return a word of the protocol in the form in which it is compared, as SQL."""
    return f"lower(nfc_normalize('{quoted(text.strip())}'))"
