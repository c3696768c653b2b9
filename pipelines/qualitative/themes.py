"""Voices for each theme, chosen by rule and never by hand. Themes are counted by sql/analysis/themes.sql alone.

Codings come as a frame with one row per coded passage and case: document_key, case_key (missing where a passage belongs
to nobody, such as an interviewer's words), code_path, coder_key (missing where unknown), start, end (code points),
quote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Any

import pandas as pd

from pipelines.qualitative.quotes import quote_hash

_PASSAGE = ["document_key", "start", "end"]
_VOICE_COLUMNS = ["code_path", "voice", "voice_code", "document_key", "case_key", "start", "end", "quote", "quote_hash"]


def typical_quotes(
    codings: pd.DataFrame, allowed: Collection[str], counter_codes: Mapping[Any, Any] | None = None
) -> pd.DataFrame:
    """Choose a typical and a counter voice for each theme, by rule, among quotes that may be shown.

    The rule: the person quoted least often so far in this list (so that nobody speaks for all); then the passage that
    most coders gave the code; then the one whose length is nearest to the median of all passages of the code; then the
    lower hash. A counter voice is chosen in the same way among passages with the declared counter-code, first from
    people never coded with the theme itself; without a declared counter-code there is none. Row order has no effect.

    Parameters
    ----------
    codings
        See the module.
    allowed
        `quote_hash` of each quote on the release list.
    counter_codes
        The code declared beforehand to contradict a code.

    Returns
    -------
    DataFrame
        At most two rows per code: code_path, voice (``typical`` or ``counter``), voice_code (the code of the passage),
        document_key, case_key, start, end, quote, quote_hash.
    """
    counters = counter_codes or {}
    voiced = _candidates(codings, allowed)
    quoted: Counter[Any] = Counter()
    rows = []
    for code in _all_codes(codings, counters):
        holders = set(codings.loc[codings["code_path"] == code, "case_key"])
        for voice, source in (("typical", code), ("counter", counters.get(code))):
            candidates = [row for row in voiced if row["voice_code"] == source]
            if candidates:
                chosen = min(
                    candidates, key=lambda row: (voice == "counter" and row["case_key"] in holders, *_rank(row, quoted))
                )
                quoted[chosen["case_key"]] += 1
                rows.append({**chosen, "code_path": code, "voice": voice})
    return pd.DataFrame(rows, columns=_VOICE_COLUMNS)


def _rank(row: Mapping[Hashable, Any], quoted: Counter[Any]) -> tuple[Any, ...]:
    return (
        quoted[row["case_key"]],
        -row["coders"],
        row["from_median"],
        row["quote_hash"],
        str(row["document_key"]),
        row["start"],
        str(row["case_key"]),
    )


def _candidates(codings: pd.DataFrame, allowed: Collection[str]) -> list[dict[Hashable, Any]]:
    """Return passages of somebody's own words that may be shown, with what the rule asks about them."""
    permitted = frozenset(allowed)
    rows = []
    for code, passages in codings.groupby("code_path", sort=False):
        median = float((passages["end"] - passages["start"]).median())
        coders = passages.groupby(_PASSAGE)["coder_key"].nunique()
        for row in passages.dropna(subset=["case_key"]).drop_duplicates(["case_key", *_PASSAGE]).to_dict("records"):
            hashed = quote_hash(row["quote"])
            if row["quote"] and hashed in permitted:
                agreed = int(coders[row["document_key"], row["start"], row["end"]])
                distance = abs(row["end"] - row["start"] - median)
                rows.append(
                    {**row, "voice_code": code, "quote_hash": hashed, "coders": agreed, "from_median": distance}
                )
    return rows


def _all_codes(codings: pd.DataFrame, codes: Iterable[Any]) -> list[Any]:
    return sorted({*codings["code_path"], *codes}, key=str)
