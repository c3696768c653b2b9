"""What a step tells the person who watches it: words, then a table, a picture and counts; never a person's value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipelines.validation import CheckResult


@dataclass(frozen=True)
class Told:
    """The outcome of one step for one pilot site; everything in it may be shown in the UI."""

    sentence: str
    """One plain sentence (Markdown)."""
    rows: int | None = None
    """Rows of the published table."""
    columns: tuple[tuple[str, str], ...] = ()
    """Name and type of each column of the published table."""
    table: str = ""
    """A Markdown table of disclosure-safe figures."""
    picture: bytes = b""
    """A plot as PNG."""
    picture_alt: str = ""
    """The plot in words."""
    checks: tuple[CheckResult, ...] = ()
    """Results of the checks of a validated table."""
    refusal: str = ""
    """Why the table was refused, in words; empty when it was published. The old table then still stands."""
    files: tuple[Path, ...] = ()
    """Files that were written for people to open: reports and bundles."""
    attention: str = ""
    """What the evaluator has to know though the step went well; said at the end of a run too."""
