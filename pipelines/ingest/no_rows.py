"""Files that hold the names of their columns and nothing below: for some nouns that is a failed export, and said so.

Where an empty file may be true (nobody had a contact yet) it is read, and a rule of validation warns.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.ingest.reading import Facts
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal

NEED_ROWS = ("cases", "series")
"""Nouns without which there is nothing to evaluate."""


def needs_rows(extract: Extract) -> bool:
    """Tell whether a file of this extract cannot rightly be empty; an increment, or one of several files, may be."""
    whole = extract.delivery == "cumulative" and not extract.completes and "*" not in extract.file
    return extract.noun in NEED_ROWS and whole and not extract.optional


def no_rows_fault(name: str) -> Refusal:
    """Say that a file has no rows."""
    problem = f"{name} holds the names of the columns and no rows below them."
    return Refusal(problem, "Did the export fail? Ask the provider to send it again.")


def no_rows_faults(path: Path, facts: Facts, extract: Extract) -> list[str]:
    """Return what is wrong with a file that only has a header, if anything is."""
    return [str(no_rows_fault(path.name))] if facts.empty and needs_rows(extract) else []
