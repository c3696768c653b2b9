"""A table that every reader can use: caption, column heads, row heads, notes. Which tables there are is elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.reporting.markup import joined, plain
from pipelines.reporting.numbers import NONE_HERE, WITHHELD

_STYLE = re.compile(r"<style>.*?</style>\s*", re.DOTALL)

WITHHELD_NOTE = f"{WITHHELD} = not shown: withheld to protect people, or not computable."


@dataclass(frozen=True)
class Table:
    """A table of plain words and formatted numbers."""

    name: str
    """Name that references use, without `tbl-`."""
    caption: str
    """What the table shows: an active title where a rule can make one."""
    head: tuple[str, ...]
    """Column heads; the first is the head of the row heads."""
    rows: Sequence[tuple[str, ...]]
    """Rows; the first cell is the row head."""
    widths: tuple[int, ...] = ()
    """Widths of the columns in percent; empty lets the content decide."""
    figures: bool = True
    """Whether the columns after the first hold figures, which align right."""
    note: str = ""
    """How to read it."""


def markdown(table: Table) -> str:
    """Return the table as a referable block; nothing for a table without rows."""
    if not table.rows:
        return ""
    note = " ".join(part for part in (table.note, _withheld_note(table)) if part)
    return joined(
        f":::: {{#tbl-{table.name}}}",
        f"```{{=html}}\n{_html(table)}\n```",
        plain(table.caption),
        "::::",
        f"::: {{.note}}\n{plain(note)}\n:::" if note else "",
    )


def _withheld_note(table: Table) -> str:
    """Explain [c] where it stands."""
    return WITHHELD_NOTE if any(WITHHELD in cell for row in table.rows for cell in row) else ""


def _html(table: Table) -> str:
    """Return great_tables' HTML with a fixed id and without its style: the theme has one for all tables."""
    import pandas as pd
    from great_tables import GT

    frame = pd.DataFrame([_filled(row) for row in table.rows], columns=list(table.head), dtype="object")
    drawn = GT(frame, rowname_col=table.head[0], id=f"gt-{table.name}").tab_stubhead(table.head[0])
    drawn = drawn.cols_align("right" if table.figures else "left", columns=list(table.head[1:]))
    if table.widths:
        shares = zip(table.head, table.widths, strict=True)
        drawn = drawn.cols_width({head: f"{width}%" for head, width in shares})
    return _STYLE.sub("", drawn.as_raw_html())


def _filled(row: tuple[str, ...]) -> tuple[str, ...]:
    """Leave no cell empty: a screen reader would fall silent."""
    return tuple(cell or NONE_HERE for cell in row)
