"""How rows of a file are named in a message, wherever one is written."""

from __future__ import annotations

from collections.abc import Sequence

ROWS_NAMED = 5
"""How many rows a message names before it says "and more"."""


def rows_named(rows: Sequence[int]) -> str:
    """Return "rows 3, 8 and more" for a message: how many more is a count that may be too small, or too telling."""
    first = ", ".join(str(row) for row in rows[:ROWS_NAMED])
    more = " and more" if len(rows) > ROWS_NAMED else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {first}{more}"
