"""The worklist for coders: where they differ about a code. Places and codes, never words or names; it is no finding."""

from __future__ import annotations

import csv
import io
from string import ascii_uppercase
from typing import Any

from pipelines.findings.coding import PASSAGES, ROLES, TEXTS, TRANSCRIPTS
from pipelines.qualitative.agreement import disagreements
from pipelines.qualitative.units import coded_twice
from pipelines.refusal import Refusal
from pipelines.warehouse import columns_of, has_table, open_warehouse
from pipelines.workspace import PilotSite

COLUMNS = ("project", "document", "start", "end", "code", "coded_by", "not_coded_by")
PLACES = f"""
    SELECT transcript_key, source_file, min(source_row) FROM ({TEXTS})
    GROUP BY ALL ORDER BY transcript_key, source_file DESC
"""
# A spreadsheet would compute with a cell that begins like this.
_COMPUTED = ("=", "+", "-", "@", "\t", "\r")


def worklist(site: PilotSite) -> tuple[str, int]:
    """Return the worklist of a site as CSV text, and how many entries it has.

    A document is known by its coded project and its number there; positions are code points. Coders are letters, with
    the role that the protocol declares.

    Raises
    ------
    Refusal
        The site has no coded interviews, or none that two people coded.
    """
    with open_warehouse(site) as connection:
        if not has_table(connection, "analysis", "themes"):
            raise Refusal("The interviews of this site have not been read yet.", f"First: pilotlens run {site.key}")
        passages = connection.execute(PASSAGES).df()
        texts = dict(connection.execute(TRANSCRIPTS).fetchall())
        places = {key: (file, number) for key, file, number in connection.execute(PLACES).fetchall()}
        roles = _roles(connection)
    coded = coded_twice(passages, texts, site.protocol.agreement.unit)
    if not coded.documents:
        raise Refusal("No interview of this site was coded by two people.", "Have some of them coded twice.")
    listed = disagreements(coded, sorted(set(passages["code_path"])))
    named = {coder: _named(position, roles.get(coder)) for position, coder in enumerate(coded.coders)}
    rows = [_row(row, places[row.document_key], named) for row in listed.itertuples()]
    return _csv(sorted(rows)), len(rows)


def _roles(connection: Any) -> dict[str, str]:
    if "coder_role" not in dict(columns_of(connection, "validated.codings")):
        return {}
    return dict(connection.execute(ROLES).fetchall())


def _named(position: int, role: str | None) -> str:
    letter = ascii_uppercase[position] if position < len(ascii_uppercase) else str(position + 1)
    return f"coder {letter}" + (f" ({role.replace('_', ' ')})" if role else "")


def _row(row: Any, place: tuple[str, int], named: dict[str, str]) -> tuple[Any, ...]:
    who = ("; ".join(named[coder] for coder in coders) for coders in (row.coded_by, row.not_coded_by))
    return (*place, row.start, row.end, row.code_path, *who)


def _csv(rows: list[tuple[Any, ...]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _inert(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_COMPUTED) else cell
