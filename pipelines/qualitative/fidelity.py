"""How far interviews show the elements of a frame: cases in which each element is present, of cases interviewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.qualitative.cases import Share, case_matrix, codes_under
from pipelines.qualitative.deductive_frames import Frame

TOGETHER = "together"


@dataclass(frozen=True)
class Presence:
    """One element among the cases of one role.

    Parameters
    ----------
    element : str
        Key of the element, or ``together`` for all of them in one case.
    role : str
        Role of those interviewed.
    share : Share
        Cases with at least one passage of any of the element's codes, of cases interviewed.
    codes : tuple of str
        Paths of the codes that stand for it; empty when no code in use does.
    """

    element: str
    role: str
    share: Share
    codes: tuple[str, ...]


def presence(counted: Any, frame: Frame, mapped: Mapping[str, Sequence[str]] | None = None) -> list[Presence]:
    """Count the cases in which each element of a frame is present, by role.

    Parameters
    ----------
    counted : DataFrame
        Rows of analysis.themes: document_key, speaker_key, role, code_path, passages.
    frame : Frame
        The frame.
    mapped : mapping of an element's key to names or paths of codes
        Codes below them count too. An element that is not mapped is looked for by its own title.

    Returns
    -------
    list of Presence
        Elements in the frame's order, within each the roles the frame is meant for, sorted.
    """
    told = mapped or {}
    paths = sorted(set(counted["code_path"]))
    codes = {one.key: codes_under(paths, told.get(one.key, (one.title,))) for one in frame.elements}
    if frame.together:
        codes[TOGETHER] = tuple(sorted({path for of_element in codes.values() for path in of_element}))
    matrices = {
        str(role): case_matrix(rows) > 0
        for role, rows in counted.groupby("role", sort=True)
        if not frame.speakers or role in frame.speakers
    }
    return [
        Presence(element, role, Share(int(_cases(matrix, element, codes).sum()), len(matrix)), codes[element])
        for element in codes
        for role, matrix in matrices.items()
    ]


def _cases(matrix: Any, element: str, codes: Mapping[str, Sequence[str]]) -> Any:
    """Return which cases have an element, or all elements."""
    if element != TOGETHER:
        return matrix[list(codes[element])].any(axis=1)
    each = [_cases(matrix, key, codes) for key in codes if key != TOGETHER]
    return sum(each[1:], start=each[0].astype(int)) == len(each)
