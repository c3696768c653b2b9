"""The framework matrix: a row a case, a column a theme, a summary and its quotes in each cell; empty cells are shown.

It is about single people and their words, so it stays with the evaluators and never becomes a finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FILLED, EMPTY = "summary and words", "empty"
ONLY_WORDS, ONLY_SUMMARY = "words without a summary", "summary without words"


def framework_matrix(matrix: Any, codings: Any, summaries: Mapping[tuple[Any, str], str] | None = None) -> Any:
    """Join summaries to the quotes that they rest on, cell by cell.

    Parameters
    ----------
    matrix : DataFrame
        Cases by codes (``case_matrix``): it says which cells there are.
    codings : DataFrame
        One row per passage: case_key, code_path, document_key, start, end, quote.
    summaries : mapping of (case, code) to a summary that somebody wrote
        Summaries of cells that do not exist are an error: a typing slip would lose them without a word.

    Returns
    -------
    DataFrame
        One row a cell, cases within codes sorted: case_key, code_path, summary, quotes (tuple of (document_key, start,
        end, quote), in order, each passage once), state (``summary and words``, ``words without a summary``, ``summary
        without words``, ``empty``).

    Raises
    ------
    ValueError
        A summary belongs to a case or code that is not in the matrix.

    References
    ----------
    Ritchie & Spencer 1994, in Bryman & Burgess, Analyzing Qualitative Data; Gale et al. 2013, BMC Medical Research
    Methodology 13:117.
    """
    import pandas as pd

    written = {key: text.strip() for key, text in (summaries or {}).items() if text.strip()}
    cells = [(case, code) for case in matrix.index for code in matrix.columns]
    if written.keys() - set(cells):
        raise ValueError("a summary belongs to a case or a code that is not in the matrix")
    passages = _passages(codings)
    rows = [(*cell, written.get(cell, ""), passages.get(cell, ()), _state(cell, written, passages)) for cell in cells]
    return pd.DataFrame(rows, columns=["case_key", "code_path", "summary", "quotes", "state"])


def _passages(codings: Any) -> dict[tuple[Any, str], tuple[tuple[Any, ...], ...]]:
    kept = codings.dropna(subset=["case_key"])
    columns = ["document_key", "start", "end", "quote"]
    return {
        (case, code): tuple(sorted(set(rows[columns].itertuples(index=False, name=None))))
        for (case, code), rows in kept.groupby(["case_key", "code_path"], sort=False)
    }


def _state(cell: tuple[Any, str], written: Mapping[Any, str], passages: Mapping[Any, Any]) -> str:
    summary, words = cell in written, bool(passages.get(cell))
    return {(True, True): FILLED, (False, True): ONLY_WORDS, (True, False): ONLY_SUMMARY}.get((summary, words), EMPTY)
