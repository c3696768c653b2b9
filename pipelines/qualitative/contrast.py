"""Cases that speak against a theme, and cases worth reading closely: picked by rule, never by hand.

Their keys stay with the evaluators; what is said of them in a report is a finding's count.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pipelines.estimation.refusal import EstimationRefusal
from pipelines.qualitative.cases import codes_under

Why = Literal["opposite", "both", "without"]


def negative_cases(matrix: Any, opposites: Mapping[str, str]) -> Any:
    """List the cases that speak against each theme, or never of it.

    Parameters
    ----------
    matrix : DataFrame
        Cases by codes.
    opposites : mapping of a code to the code declared to contradict it
        By name or path; whatever stands below a code counts as the code.

    Returns
    -------
    DataFrame
        code_path, case_key, why: ``opposite`` (coded with the opposite and never with the theme), ``both`` (with each:
        it changed, or it is divided), ``without`` (neither). Sorted by code, why and case.

    References
    ----------
    Lincoln & Guba 1985, Naturalistic Inquiry, pp. 309-313 (negative case analysis).
    """
    import pandas as pd

    there, columns = matrix > 0, list(matrix.columns)
    against = {
        path: list(codes_under(columns, [other]))
        for code, other in opposites.items()
        for path in codes_under(columns, [code])
    }
    rows = []
    for path in columns:
        opposed = there[against.get(path, [])].any(axis=1)
        for case in there.index:
            why = _why(bool(there.at[case, path]), bool(opposed[case]))
            rows += [(path, case, why)] if why else []
    frame = pd.DataFrame(rows, columns=["code_path", "case_key", "why"])
    return frame.sort_values(["code_path", "why", "case_key"], ignore_index=True)


def _why(theme: bool, opposite: bool) -> Why | None:
    if opposite:
        return "both" if theme else "opposite"
    return None if theme else "without"


@dataclass(frozen=True)
class CloseReading:
    """Cases to read closely, by how far their outcome lies from what their group would lead one to expect.

    Parameters
    ----------
    typical, better, worse : tuple
        Keys of the cases nearest to what was expected, and farthest above and below (in the outcome's own direction).
    """

    typical: tuple[Any, ...]
    better: tuple[Any, ...]
    worse: tuple[Any, ...]


def close_reading(
    outcomes: Mapping[Any, float],
    groups: Mapping[Any, str],
    linked: Collection[Any],
    *,
    each: int = 2,
    higher_is_better: bool = True,
) -> CloseReading:
    """Pick typical and extreme cases by the residual of their outcome.

    The residual is the outcome less the average of the case's group; ties go to the lower key.

    Parameters
    ----------
    outcomes : mapping of a person to a known outcome
        Of everybody in the groups, interviewed or not: they make the average.
    groups : mapping of a person to a group
        For example the arm.
    linked : collection of persons
        Those interviewed who agreed that interview and outcome may be linked; only they are picked.
    each : int
        How many of each kind.
    higher_is_better : bool
        The outcome's direction.

    Raises
    ------
    EstimationRefusal
        Fewer than three times `each` of those interviewed may be linked: the picks would overlap.

    References
    ----------
    Seawright & Gerring 2008, Political Research Quarterly 61:294-308 (typical and extreme cases).
    """
    known = {key: value for key, value in outcomes.items() if key in groups and np.isfinite(value)}
    average = {
        group: float(np.mean([value for key, value in sorted(known.items(), key=str) if groups[key] == group]))
        for group in sorted({groups[key] for key in known})
    }
    sign = 1.0 if higher_is_better else -1.0
    residual = {key: sign * (known[key] - average[groups[key]]) for key in sorted(set(linked) & known.keys(), key=str)}
    if len(residual) < 3 * each:
        raise EstimationRefusal(
            "Too few of those interviewed may be linked to their outcome to pick typical and extreme cases.",
            "Choose interviews to read closely by theme instead.",
        )
    upward = sorted(residual, key=lambda key: (-residual[key], str(key)))
    better, worse = upward[:each], sorted(residual, key=lambda key: (residual[key], str(key)))[:each]
    rest = [key for key in residual if key not in {*better, *worse}]
    typical = sorted(rest, key=lambda key: (abs(residual[key]), str(key)))[:each]
    return CloseReading(tuple(typical), tuple(better), tuple(worse))
