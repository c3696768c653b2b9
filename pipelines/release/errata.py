"""Past releases that hold the words of somebody who has withdrawn since: what to take back, without the words.

Bundles are never changed. What belongs here is the list of them, so that whoever has copies can be told. It says
releases, files and findings and how many quotes, and holds neither words nor hashes.
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.findings.withdrawn import said_by_the_gone, shown_before, the_gone, words_said
from pipelines.qualitative.quotes import quote_hash
from pipelines.qualitative.release_list import RELEASE_LIST, decisions
from pipelines.warehouse import has_table, open_warehouse
from pipelines.workspace import PilotSite, Workspace

FILE = "withdrawn-quotes.csv"
COLUMNS = ("site", "release", "quotes", "findings", "files")


@dataclass(frozen=True)
class Erratum:
    """One release that holds words of people who withdrew."""

    site: str
    release: str
    quotes: int
    """Different quotes of theirs."""
    findings: tuple[str, ...]
    """Findings that hold them."""
    files: tuple[str, ...]
    """Files that hold them, below the workspace: of the bundle, and reports made from it that still lie there."""


def errata(site: PilotSite) -> tuple[Erratum, ...]:
    """Return every release of a site that holds words of people who withdrew, in order of name.

    Who withdrew is decided by the consents of the newest run. A quote is theirs when the vault has noted that it was
    shown of them; when they said it, word for word, in the interviews as they are now; or when the release list shows
    it, with [brackets], for something that they said.

    Parameters
    ----------
    site : a site that was run.
    """
    if not site.warehouse_file.exists():
        return ()
    with open_warehouse(site) as connection:
        gone = sorted(the_gone(connection))
        words = _said(connection, gone)
    hashes = _hashes(site, gone, words)
    return tuple(_of_releases(site, hashes, words)) if hashes or words else ()


def _said(connection: Any, gone: Collection[str]) -> frozenset[str]:
    if not gone or not (has_table(connection, "raw", "codings") and has_table(connection, "raw", "documents")):
        return frozenset()
    return words_said(connection, gone)


def _hashes(site: PilotSite, gone: Collection[str], words: Collection[str]) -> frozenset[str]:
    said = {quote_hash(quote) for quote in words}
    known = decisions(site.folder / RELEASE_LIST) if said else {}
    edited = {quote_hash(one.shown) for key, one in known.items() if key in said and one.shown}
    return frozenset(said | edited | shown_before(site, gone))


def _of_releases(site: PilotSite, hashes: Collection[str], words: Collection[str]) -> Iterator[Erratum]:
    for folder in _bundles(site):
        held = dict(_held(folder / "evidence.json", hashes, words))
        if held:
            quotes = {sha256 for found in held.values() for sha256 in found}
            yield Erratum(
                site.site, folder.name, len(quotes), tuple(sorted(held)), _files(site.workspace, folder, held)
            )


def _bundles(site: PilotSite) -> list[Path]:
    """Return the bundles of a site, those that were made in looking back among them."""
    root = site.workspace.root
    places = [root, *sorted((root / "as-of").glob("*"))]
    found = [path for place in places for path in (place / "releases" / site.pilot / site.site).glob("*/evidence.json")]
    return sorted(path.parent for path in found if not path.parent.name.startswith("."))


def _held(evidence: Path, hashes: Collection[str], words: Collection[str]) -> Iterator[tuple[str, set[str]]]:
    """Yield the findings of a bundle with the hashes of the quotes in question; read as JSON, whatever its version."""
    for finding in json.loads(evidence.read_bytes()).get("findings", ()):
        quotes = (finding.get("result") or {}).get("quotes") or ()
        found = {one["sha256"] for one in quotes if _is_theirs(one, hashes, words)}
        if found:
            yield finding["id"], found


def _is_theirs(quote: dict[str, Any], hashes: Collection[str], words: Collection[str]) -> bool:
    said = (quote.get("sha256"), quote_hash(quote.get("text", "")))
    return any(sha256 in hashes for sha256 in said) or said_by_the_gone(quote.get("text", ""), words)


def _files(workspace: Workspace, bundle: Path, held: Collection[str]) -> tuple[str, ...]:
    """Return the files of a bundle that hold its quotes, and the reports beside it that name it as theirs."""
    kinds = sorted({finding.partition("/")[0] for finding in held})
    parts = (bundle / "evidence.json", *(bundle / "tables" / f"{kind}.parquet" for kind in kinds))
    reports = bundle.parents[3] / "reports" / bundle.parents[1].name / bundle.parents[0].name
    pages = [page for page in sorted(reports.glob("*.html")) if bundle.name.encode() in page.read_bytes()]
    printed = [page.with_suffix(".pdf") for page in pages]
    return tuple(os.path.relpath(path, workspace.root) for path in (*parts, *pages, *printed) if path.is_file())


def write_errata(site: PilotSite) -> tuple[Path | None, tuple[Erratum, ...]]:
    """Write the list of a site beside its correction lists, or take an old one away when nothing is on it any more."""
    found = errata(site)
    path = site.workspace.derived / "corrections" / site.pilot / site.site / FILE
    if not found:
        path.unlink(missing_ok=True)
        return None, ()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = as_csv(found)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.replace(name, path)
    return path, found


def as_csv(found: Collection[Erratum]) -> str:
    """Return the list as CSV: a line for each release."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(
        [one.site, one.release, one.quotes, "; ".join(one.findings), "; ".join(one.files)] for one in found
    )
    return buffer.getvalue()
