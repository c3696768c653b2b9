"""Files that hold the names of their columns and nothing below: for some nouns that is a failed export.

`pilotlens check` says so before anything runs; a run refuses such a table by a rule of validation, with its own line in
the provider's list. Where an empty file may be true (nobody had a contact yet) that rule only warns.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.ingest.reading import Facts
from pipelines.protocol.extracts import Extract

NO_ROWS = (
    "{} holds the names of the columns and no rows below them. Did the export fail? Ask the provider to send it again."
)
NEED_ROWS = ("cases", "series")
"""Nouns without which there is nothing to evaluate."""


def needs_rows(extract: Extract) -> bool:
    """Tell whether a file of this extract cannot rightly be empty; an increment, or one of several files, may be."""
    whole = extract.delivery == "cumulative" and not extract.completes and "*" not in extract.file
    return extract.noun in NEED_ROWS and whole and not extract.optional


def no_rows_faults(path: Path, facts: Facts, extract: Extract) -> list[str]:
    """Return what is wrong with a file that only has a header, if anything is."""
    return [NO_ROWS.format(path.name)] if facts.empty and needs_rows(extract) else []
