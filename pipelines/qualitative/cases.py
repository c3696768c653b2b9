"""Cases against codes: the matrix that framework, cross-tabulation, saturation and fidelity start from.

Counting is done once, by sql/analysis/themes.sql: one row is one code in one interview. Frames here have its columns:
document_key, speaker_key, role, code_path, passages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pipelines.estimation.refusal import EstimationRefusal

SEPARATOR = " / "


class Share(NamedTuple):
    """Cases with something, of cases that could have it."""

    cases: int
    of_cases: int


def case_matrix(counted: Any) -> Any:
    """Return how many passages each case has with each code.

    Parameters
    ----------
    counted : DataFrame
        Rows of analysis.themes; a case may have several interviews.

    Returns
    -------
    DataFrame of int
        Rows: every case interviewed, sorted, also those without any code; columns: codes, sorted. The 0/1 matrix is
        ``case_matrix(...) > 0``.
    """
    rows = counted.groupby(["speaker_key", "code_path"], sort=True)["passages"].sum()
    matrix = rows.unstack(fill_value=0).astype("int64")
    return matrix.rename_axis(index="case_key", columns="code_path").sort_index().sort_index(axis=1)


def codes_under(paths: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return the paths of codes that are named, by name or by path in any case, with all that stands below them.

    Parameters
    ----------
    paths : sequence of str
        Paths of the codes there are, names from the root down joined by " / ".
    names : sequence of str
        Names or paths of codes.
    """
    wanted = {name.casefold() for name in names}
    return tuple(path for path in sorted(set(paths)) if wanted & _lineage(path.casefold()))


def _lineage(path: str) -> set[str]:
    """Return the names and paths of a code and of every code above it."""
    parts = path.split(SEPARATOR)
    return set(parts) | {SEPARATOR.join(parts[: depth + 1]) for depth in range(len(parts))}


def shares(matrix: Any, groups: Mapping[Any, str]) -> dict[tuple[str, str], Share]:
    """Return a code by attribute table, counted by cases.

    Parameters
    ----------
    matrix : DataFrame
        Cases by codes; a case has a code where the value is above zero.
    groups : mapping of a case to its level of the attribute
        Cases without a level do not count.

    Returns
    -------
    dict
        Share by (code, level), levels and codes sorted; the denominators are all cases of the level.

    Raises
    ------
    EstimationRefusal
        No case has a level.
    """
    known = matrix[matrix.index.isin(list(groups))] > 0
    if known.empty:
        raise EstimationRefusal("Nobody interviewed has a known value of this.", "Look at the interviews as a whole.")
    level = known.index.map(groups)
    there, base = known.groupby(level).sum(), known.groupby(level).size()
    return {
        (str(code), str(one)): Share(int(there.at[one, code]), int(base[one]))
        for code in sorted(known.columns)
        for one in sorted(base.index)
    }
