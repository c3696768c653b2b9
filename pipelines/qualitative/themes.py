"""Themes counted in people, not only in passages, with denominators; and voices chosen by rule, never by hand.

Frames in, frames out. Two shapes are used throughout:

codings
    One row per coded passage and case: document_key, case_key (missing where a passage belongs to nobody, such as an
    interviewer's words), code_path, coder_key (missing where unknown), start, end (code points), quote.
documents
    One row per document and case: document_key, case_key, role. A focus group has a row per person.

A code counts where it was applied; codes below it are not added up, so roll codes up first where that is meant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipelines.qualitative.quotes import quote_hash

ALL_ROLES = "all roles"
_PASSAGE = ["document_key", "start", "end"]
_VOICE_COLUMNS = ["code_path", "voice", "voice_code", "document_key", "case_key", "start", "end", "quote", "quote_hash"]


def themes(codings: pd.DataFrame, documents: pd.DataFrame, codes: Iterable[Any] = ()) -> pd.DataFrame:
    """Count cases, passages and coders of each code, over all roles and for each role.

    Parameters
    ----------
    codings, documents
        See the module.
    codes
        Codes to list even if nobody was coded with them.

    Returns
    -------
    DataFrame
        One row per code and role (first `ALL_ROLES`): code_path, role, cases (distinct, with at least one passage),
        of_cases (distinct cases with at least one document), segments (distinct passages), coders (distinct). Passages
        that belong to no case count as segments of all roles together only.

    Raises
    ------
    ValueError
        A passage's document and case are not among the documents.
    """
    coded = _with_roles(codings, documents)
    groups: list[tuple[Any, pd.DataFrame, pd.DataFrame]] = [(ALL_ROLES, coded, documents)]
    groups += [(role, coded[coded["role"] == role], rows) for role, rows in documents.groupby("role", sort=True)]
    rows = [
        {"code_path": code, "role": role, **_counts(rows[rows["code_path"] == code]), "of_cases": _distinct(base)}
        for code in _all_codes(codings, codes)
        for role, rows, base in groups
    ]
    return pd.DataFrame(rows, columns=["code_path", "role", "cases", "of_cases", "segments", "coders"])


def case_matrix(codings: pd.DataFrame, documents: pd.DataFrame, codes: Iterable[Any] = ()) -> pd.DataFrame:
    """Count passages by case and code.

    Returns
    -------
    DataFrame
        Rows: every case with a document, sorted; columns: codes, sorted; values: distinct passages, 0 where none. The
        0/1 matrix is ``case_matrix(...) > 0``.
    """
    passages = _with_roles(codings, documents).dropna(subset=["case_key"])
    passages = passages.drop_duplicates(["case_key", "code_path", *_PASSAGE])
    cases = sorted(documents["case_key"].dropna().unique(), key=str)
    counts = Counter(zip(passages["case_key"], passages["code_path"], strict=True))
    columns = _all_codes(codings, codes)
    values = [[counts[case, code] for code in columns] for case in cases]
    return pd.DataFrame(
        np.array(values, dtype=np.int64).reshape(len(cases), len(columns)),
        index=pd.Index(cases, name="case_key"),
        columns=pd.Index(columns, name="code_path", tupleize_cols=False),
    )


def coder_overlap(
    codings: pd.DataFrame, coders: tuple[Any, Any], double_coded: Iterable[Any] | None = None
) -> pd.DataFrame:
    """Compare by case where two coders applied each code.

    Parameters
    ----------
    codings
        See the module.
    coders
        The two coder keys.
    double_coded
        Cases both coders worked through. Without it, cases where each coded something: that loses a case in which one
        of them found nothing, so agreement looks better than it is.

    Returns
    -------
    DataFrame
        One row per code either coder used in those cases: code_path, cases (n), both, either, only_first, only_second,
        percent_agreement = (both + neither) / n, positive_agreement = 2 both / (2 both + only_first + only_second),
        jaccard = both / either. Shares are 0 to 1.

    References
    ----------
    Cicchetti, D. V. & Feinstein, A. R. (1990). High agreement but low kappa: II. Journal of Clinical Epidemiology
    43(6), 551-558 (positive agreement).
    """
    by_coder = [codings[codings["coder_key"] == coder].dropna(subset=["case_key"]) for coder in coders]
    worked = [set(rows["case_key"]) for rows in by_coder]
    base = worked[0] & worked[1] if double_coded is None else set(double_coded)
    first, second = (rows[rows["case_key"].isin(base)].groupby("code_path")["case_key"].agg(set) for rows in by_coder)
    rows = [
        {"code_path": code, **_agreement(first.get(code, set()), second.get(code, set()), len(base))}
        for code in sorted(set(first.index) | set(second.index), key=str)
    ]
    shares = ["percent_agreement", "positive_agreement", "jaccard"]
    return pd.DataFrame(rows, columns=["code_path", "cases", "both", "either", "only_first", "only_second", *shares])


def negative_cases(
    codings: pd.DataFrame, documents: pd.DataFrame, counter_codes: Mapping[Any, Any], codes: Iterable[Any] = ()
) -> pd.DataFrame:
    """List the cases that speak against each code.

    Parameters
    ----------
    codings, documents
        See the module.
    counter_codes
        The code declared beforehand to contradict a code.
    codes
        Codes to examine besides those applied.

    Returns
    -------
    DataFrame
        code_path, case_key, why: ``counter-code`` (coded with the declared counter-code, whether or not with the code)
        or ``without the code`` (interviewed, and never coded with it).
    """
    matrix = case_matrix(codings, documents, [*codes, *counter_codes, *counter_codes.values()]) > 0
    rows = []
    for code in matrix.columns:
        counter = counter_codes.get(code)
        for case in matrix.index:
            if counter is not None and matrix.at[case, counter]:
                rows.append((code, case, "counter-code"))
            elif not matrix.at[case, code]:
                rows.append((code, case, "without the code"))
    return pd.DataFrame(rows, columns=["code_path", "case_key", "why"])


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


def _with_roles(codings: pd.DataFrame, documents: pd.DataFrame) -> pd.DataFrame:
    roles = documents[["document_key", "case_key", "role"]].drop_duplicates(["document_key", "case_key"])
    coded = codings.merge(roles, on=["document_key", "case_key"], how="left", indicator=True)
    lost = int(((coded["_merge"] == "left_only") & coded["case_key"].notna()).sum())
    if lost:
        raise ValueError(f"{lost} coded passages belong to a document and case that are not among the documents")
    return coded.drop(columns="_merge")


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    segments = len(rows.drop_duplicates(_PASSAGE))
    return {"cases": _distinct(rows), "segments": segments, "coders": int(rows["coder_key"].nunique())}


def _distinct(rows: pd.DataFrame) -> int:
    return int(rows["case_key"].nunique())


def _all_codes(codings: pd.DataFrame, codes: Iterable[Any]) -> list[Any]:
    return sorted({*codings["code_path"], *codes}, key=str)


def _agreement(first: set[Any], second: set[Any], cases: int) -> dict[str, float]:
    both, either = len(first & second), len(first | second)
    only_first, only_second = len(first - second), len(second - first)
    return {
        "cases": cases,
        "both": both,
        "either": either,
        "only_first": only_first,
        "only_second": only_second,
        "percent_agreement": (cases - only_first - only_second) / cases,
        "positive_agreement": 2 * both / (both + either),
        "jaccard": both / either,
    }
