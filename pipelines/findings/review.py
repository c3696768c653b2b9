"""Which quotes of a site may be asked about, and what stands against each: for the person who passes them.

Words leave here only for that person's terminal. Asking belongs in assets.reviewing, deciding what is shown in themes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.findings.themes import candidates, identifiers_of, is_clean
from pipelines.findings.withdrawn import said_by_the_gone, words_of_the_gone
from pipelines.findings.words_beside import words_beside
from pipelines.ledger import append
from pipelines.qualitative.brackets import by_words, why_not
from pipelines.qualitative.quotes import IdentifierIndex, pattern_hits, quote_hash
from pipelines.qualitative.release_list import RELEASE_LIST, Decision, decide, decisions
from pipelines.refusal import Refusal
from pipelines.warehouse import has_table, open_warehouse
from pipelines.workspace import PilotSite


@dataclass(frozen=True)
class Candidate:
    """A coded passage that its speaker lets be quoted and published."""

    sha256: str
    words: str = field(repr=False)
    themes: tuple[str, ...]
    role: str
    speaker: str
    """Pseudonym."""
    reasons: tuple[str, ...]
    """Why it cannot be passed as it stands, with the words it is about; for the terminal only."""


@dataclass(frozen=True)
class Review:
    """The candidates of a site, in the order in which they are asked about, and what was decided."""

    site: PilotSite
    found: tuple[Candidate, ...]
    index: IdentifierIndex = field(repr=False)

    def decided(self) -> dict[str, Decision]:
        """Return the decisions about these candidates, as the release list has them now."""
        known = decisions(self.site.folder / RELEASE_LIST)
        return {one.sha256: known[one.sha256] for one in self.found if one.sha256 in known}

    def open(self) -> tuple[Candidate, ...]:
        """Return those that nobody has decided about; first those that hold nobody's name or number."""
        decided = self.decided()
        return tuple(one for one in self.found if one.sha256 not in decided)

    def against(self, one: Candidate, shown: str) -> str:
        """Say why a candidate may not be shown in these words; nothing when it may."""
        if shown == one.words:
            return "It holds " + " and ".join(one.reasons) + "." if one.reasons else ""
        said = why_not(one.words, shown, self._brackets(one))
        return said or ("" if is_clean(self.index, shown) else "It still holds somebody's name or number.")

    def _brackets(self, one: Candidate) -> Mapping[str, str]:
        """Return the brackets that stand for words in this person's other quotes."""
        words = {other.sha256: other.words for other in self.found if other.speaker == one.speaker}
        decided = self.decided()
        return by_words((words[key], decided[key].shown) for key in words if key in decided and decided[key].shown)

    def decide(self, one: Candidate, decision: str, by: str, on: dt.date, shown: str = "") -> None:
        """Write a decision into the release list and, by hash alone, into the ledger.

        Raises
        ------
        Refusal
            The words may not be shown, or nobody is named who decides. Nothing was written.
        """
        who = insist_on_somebody(by)
        edited = shown if shown != one.words else ""
        if decision == "approved" and (said := self.against(one, shown or one.words)):
            raise Refusal(said, "Replace words by [brackets], or refuse the quote.")
        made = Decision(one.sha256, who, on.isoformat(), decision, edited if decision == "approved" else "")
        decide(self.site.folder / RELEASE_LIST, made)
        facts = {"site": self.site.site, "sha256": one.sha256, "decision": decision, "edited": bool(made.shown)}
        append(self.site.workspace.ledger(self.site.pilot), "quote_decided", facts | {"who": who})


def insist_on_somebody(by: str) -> str:
    """Return a name on one line; raise Refusal for none, or for one that a spreadsheet would compute with."""
    who = " ".join(by.split())
    if not who or not who[0].isalnum():
        raise Refusal("Nobody is named who decides about the quotes.", 'Add --by and a name, as in --by "A. Lead".')
    return who


def review(site: PilotSite) -> Review:
    """Return the candidate quotes of a site.

    Candidates are coded passages that were found in their text, whose every speaker agreed to be quoted and published
    and has not withdrawn. Those without anybody's name or number come first, each group by theme.

    Raises
    ------
    Refusal
        The interviews of the site were not read yet.
    """
    with open_warehouse(site) as connection:
        if not has_table(connection, "analysis", "themes"):
            raise Refusal("The interviews of this site have not been read yet.", f"First: pilotlens run {site.key}")
        rows = _together(candidates(site, connection), words_beside(site, connection))
        gone = words_of_the_gone(site, connection)
    index = identifiers_of(site)
    allowed = rows[rows["consented"] & rows["case_key"].notna()]
    found = [
        _candidate(index, str(words), alike)
        for words, alike in allowed.groupby("quote", sort=True)
        if not said_by_the_gone(str(words), gone)
    ]
    return Review(site, tuple(sorted(found, key=_order)), index)


def _together(codings: Any, beside: Any) -> Any:
    """Return coded passages with summaries, stories and replies: all are passed in the same way."""
    import pandas as pd

    if beside.empty:
        return codings
    named = beside["kind"].where(beside["kind"] != "summary", beside["code_path"] + " (summary)")
    columns = ["case_key", "code_path", "quote", "role", "consented"]
    return pd.concat([codings[columns], beside.assign(code_path=named)[columns]], ignore_index=True)


def _order(one: Candidate) -> tuple[bool, tuple[str, ...], str]:
    return (bool(one.reasons), one.themes, one.sha256)


def _candidate(index: IdentifierIndex, words: str, rows: object) -> Candidate:
    first = rows.iloc[0]  # type: ignore[attr-defined]
    themes = tuple(sorted(set(rows["code_path"])))  # type: ignore[index]
    return Candidate(
        quote_hash(words), words, themes, str(first["role"]), str(first["case_key"]), tuple(_reasons(index, words))
    )


def _reasons(index: IdentifierIndex, words: str) -> Iterable[str]:
    kinds = {"identifier": "somebody's name or number", "part of a name": "a word of somebody's name"}
    found = ((kinds.get(hit.kind, f"a {hit.kind}"), words[hit.start : hit.end]) for hit in index.hits(words))
    patterns = ((f"what looks like a {hit.kind}", words[hit.start : hit.end]) for hit in pattern_hits(words))
    return dict.fromkeys(f"{kind} (“{said}”)" for kind, said in (*found, *patterns))
