"""What people said: themes counted by people, with words that may be shown. Reading files belongs in qualitative."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.disclosure.voices import anybody, spread
from pipelines.findings.coding import Coding, coding_findings, read_coding
from pipelines.findings.making import Making
from pipelines.findings.models import Finding, QuoteShown, ThemeResult
from pipelines.protocol.models import Plan
from pipelines.qualitative.cases import SEPARATOR
from pipelines.qualitative.quotes import IdentifierIndex, pattern_hits, quote_hash
from pipelines.qualitative.themes import typical_quotes
from pipelines.refusal import Refusal
from pipelines.warehouse import open_vault
from pipelines.workspace import PilotSite

TABLES = ("analysis.themes", "validated.codings", "validated.documents", "validated.consents", "validated.cases")
RELEASE_LIST = "quotes.csv"
FEWEST_OF_A_ROLE = 5
"""With fewer interviewed in a role, colleagues could guess who speaks: the role is left out."""
CANDIDATES = """
    SELECT c.document_key, d.speaker_key AS case_key, c.code_path, c.coder_key, c.start_at AS start, c.end_at AS "end",
           c.quote, d.role, coalesce(s.may_quote AND s.may_publish, false) AS consented
    FROM validated.codings c
    JOIN (SELECT DISTINCT document_key, speaker_key, role FROM analysis.themes) d USING (document_key)
    LEFT JOIN validated.consents s ON s.person_key = d.speaker_key
    WHERE c.checked IN ('exact', 'name', 'snippet', 'boundary') AND c.quote <> ''
    ORDER BY c.document_key, c.start_at, c.end_at, c.code_path, c.coder_key
"""


@dataclass(frozen=True)
class Approval:
    """Who passed a quote for publication, and when."""

    by: str
    on: str


def theme_findings(making: Making) -> list[Finding]:
    """Return one finding for each code, in the order of the frame's paths, and those on how they were coded."""
    matrix = making.frame("SELECT * FROM analysis.themes ORDER BY code_path, role, speaker_key")
    if matrix.empty:
        return []
    codings = making.frame(CANDIDATES)
    approvals = release_list(making.site.folder / RELEASE_LIST)
    passed = codings[codings["consented"] & codings["quote"].map(lambda quote: quote_hash(quote) in approvals)]
    index = identifiers_of(making.site)
    shown = passed[passed["quote"].map(lambda quote: _clean(index, quote)).astype(bool)]
    chosen = _chosen(shown, _opposites(making.plan, matrix))
    matrix["definition"] = matrix["definition"].map(lambda text: _definition(index, text))
    ids = _ids(dict.fromkeys(matrix["code_path"]))
    coding = read_coding(making, matrix)
    themes = [
        _finding(making, ids[path], rows, codings[codings["code_path"] == path], chosen, approvals, coding)
        for path, rows in matrix.groupby("code_path", sort=False)
    ]
    return [*themes, *coding_findings(making, coding, lambda text: _definition(index, text))]


def _opposites(plan: Plan, matrix: Any) -> dict[str, str]:
    """Return the path of the code that contradicts a code, by the code's path, where both were used."""
    paths = sorted(set(matrix["code_path"]))
    named = {name: _called(paths, name) for pair in plan.codebook.opposites.items() for name in pair}
    return {
        path: named[opposite][0]
        for code, opposite in plan.codebook.opposites.items()
        for path in named[code]
        if named[opposite]
    }


def _called(paths: list[str], name: str) -> list[str]:
    """Return the codes of a name or a path."""
    return [path for path in paths if name.casefold() in (path.casefold(), path.casefold().split(SEPARATOR)[-1])]


def _chosen(shown: Any, opposites: dict[str, str]) -> Any:
    """Return at most one quote for each code and one against it, chosen by rule, with the role of who speaks."""
    if shown.empty:
        return shown
    chosen = typical_quotes(shown, {quote_hash(quote) for quote in shown["quote"]}, opposites)
    roles = shown[["document_key", "case_key", "role"]].drop_duplicates()
    return chosen.merge(roles, on=["document_key", "case_key"], how="left")


def _ids(paths: dict[str, None]) -> dict[str, str]:
    """Return a stable id for each code: its own name, or its whole path where two codes share a name."""
    names = {path: _slug(path.split(" / ")[-1]) for path in paths}
    return {p: f"theme/{n if list(names.values()).count(n) == 1 else _slug(p)}" for p, n in names.items()}


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")


def identifiers_of(site: PilotSite) -> IdentifierIndex:
    """Return the names, numbers and addresses of everybody in the case file and in the interviews."""
    with open_vault(site) as vault:
        return IdentifierIndex(
            [row[0] for row in vault.execute("SELECT DISTINCT value FROM vault.identifiers").fetchall()]
        )


def _clean(index: IdentifierIndex, quote: str) -> bool:
    """Tell whether a quote holds nobody's name, number or address; consent and approval do not outweigh that."""
    return not index.hits(quote) and not pattern_hits(quote)


def _definition(index: IdentifierIndex, text: object) -> str:
    """Return a code's definition; nothing when somebody wrote a person's name or number into it.

    Single words of names are let through here: a code book says trust, hope and grace.
    """
    said = text if isinstance(text, str) else ""
    named = any(hit.kind == "identifier" for hit in index.hits(said))
    return "" if named or pattern_hits(said) else said


def _finding(
    making: Making,
    finding_id: str,
    rows: Any,
    codings: Any,
    chosen: Any,
    approvals: dict[str, Approval],
    coding: Coding,
) -> Finding:
    path = str(rows["code_path"].iloc[0])
    roles = sorted(rows["role"].unique(), key=lambda role: ({"participant": 0, "staff": 1}.get(role, 2), role))
    people = {
        role: int(rows.loc[(rows["role"] == role) & (rows["passages"] > 0), "speaker_key"].nunique()) for role in roles
    }
    asked = {role: int(rows.loc[rows["role"] == role, "speaker_key"].nunique()) for role in roles}
    quotes = _quotes(chosen, path, approvals, asked)
    typical = sum(quote.voice == "typical" for quote in quotes)
    why = coding.uncounted.get(path, "")
    result = ThemeResult(
        code=path,
        title=str(rows["code_name"].iloc[0]),
        definition=str(rows["definition"].iloc[0] or ""),
        people=dict.fromkeys(roles) if why else people,
        interviewed=asked,
        spread={role: anybody(people[role]) if why else spread(people[role], asked[role]) for role in roles},
        passages=None if why else int(rows["passages"].sum()),
        agreement=_agreement(rows),
        quotes=quotes,
        withheld_quotes=int(codings["quote"].nunique()) - typical,
        counted=not why,
        not_counted=why,
        opposite=_opposites(making.plan, coding.counted).get(path, ""),
    )
    receipts = tuple(f"quote/{quote.sha256}" for quote in quotes)
    return making.finding(
        finding_id, result, subject=path, population="everybody interviewed who has not withdrawn", receipts=receipts
    )


def _agreement(rows: Any) -> float | None:
    """Return the share of double-coded interviews in which both coders, or neither, found the code."""
    double = rows[rows["coders_at_work"] >= 2]
    if double.empty:
        return None
    agree = (double["coders"] == 0) | (double["coders"] == double["coders_at_work"])
    return float(agree.mean())


def _quotes(chosen: Any, path: str, approvals: dict[str, Approval], asked: dict[str, int]) -> tuple[QuoteShown, ...]:
    rows = chosen[chosen["code_path"] == path].to_dict("records") if len(chosen) else []
    return tuple(_shown(row, approvals, asked) for row in rows)


def _shown(row: dict[str, Any], approvals: dict[str, Approval], asked: dict[str, int]) -> QuoteShown:
    """Return a quote with its speaker's role, unless so few of that role were asked that it points at somebody."""
    approval, role = approvals[row["quote_hash"]], row["role"]
    enough = asked.get(role, 0) >= FEWEST_OF_A_ROLE
    return QuoteShown(
        text=row["quote"],
        sha256=row["quote_hash"],
        speaker={"staff": "member of staff"}.get(role, role) if enough else "somebody we interviewed",
        theme=row["code_path"],
        voice=row["voice"],
        approved_by=approval.by,
        approved_on=approval.on,
    )


def release_list(path: Path) -> dict[str, Approval]:
    """Return the approved quotes by the hash of their exact words.

    The file has the columns `approved_by`, `approved_on`, and `sha256` or `quote` (the exact words).
    """
    if not path.exists():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = {"approved_by", "approved_on"} - set(reader.fieldnames or ())
        if missing or not {"sha256", "quote"} & set(reader.fieldnames or ()):
            raise Refusal(
                f"{path.name} needs the columns approved_by, approved_on and sha256 (or quote).",
                "Without it no quote is shown.",
            )
        rows = [
            {key: (value or "").strip() if key != "quote" else value for key, value in row.items()} for row in reader
        ]
    return {
        (row.get("sha256") or "").lower() or quote_hash(row["quote"]): Approval(row["approved_by"], row["approved_on"])
        for row in rows
        if row["approved_by"] and row["approved_on"] and (row.get("sha256") or row.get("quote"))
    }
