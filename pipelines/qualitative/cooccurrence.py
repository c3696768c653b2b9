"""Which codes go together, by a stated rule. A place in a text counts once for a code, whoever coded it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

from pipelines.qualitative.units import joined

Rule = Literal["overlap", "near", "same document"]
Places = list[tuple[int, int]]


@dataclass(frozen=True)
class Pair:
    """Two codes together.

    Parameters
    ----------
    first, second : str
        Paths of the codes, sorted.
    together, n_first, n_second : int
        Times both meet, and places of each; documents under the rule ``same document``.
    """

    first: str
    second: str
    together: int
    n_first: int
    n_second: int

    @property
    def c(self) -> float | None:
        """Coefficient n12 / (n1 + n2 - n12), 0 to 1; None when neither code occurs."""
        either = self.n_first + self.n_second - self.together
        return self.together / either if either else None


def cooccurrence(codings: Any, rule: Rule = "overlap", distance: int = 0) -> list[Pair]:
    """Count how often each pair of codes meets.

    A place of one code meets at most one place of the other, so that c cannot pass 1 (counts of overlapping quotations
    can). Each document's places are matched from its beginning on, which finds as many meetings as there can be.

    Parameters
    ----------
    codings : DataFrame
        One row per coded passage: document_key, code_path, start, end.
    rule : {"overlap", "near", "same document"}
        ``overlap``: the places share text; ``near``: no more than `distance` characters lie between them; ``same
        document``: both codes occur in a document.
    distance : int
        For ``near``, in code points.

    Returns
    -------
    list of Pair
        Pairs that meet at all: the largest c first, then by name.

    References
    ----------
    Contreras 2011, QRSociety Conference (the c coefficient as ATLAS.ti has it).
    """
    if rule not in ("overlap", "near", "same document"):
        raise ValueError("codes meet by overlap, near, or in the same document")
    reach = distance + 1 if rule == "near" else 0
    places = _places(codings, whole=rule == "same document")
    codes = sorted({code for document in places.values() for code in document})
    totals = {code: sum(len(document.get(code, ())) for document in places.values()) for code in codes}
    met = dict.fromkeys(combinations(codes, 2), 0)
    for document in places.values():
        for pair in combinations(sorted(document), 2):
            met[pair] += _meetings(document[pair[0]], document[pair[1]], reach)
    found = [Pair(a, b, n, totals[a], totals[b]) for (a, b), n in met.items() if n]
    return sorted(found, key=lambda pair: (-(pair.c or 0.0), pair.first, pair.second))


def _places(codings: Any, *, whole: bool) -> dict[Any, dict[str, Places]]:
    """Return each document's places by code: what overlaps within a code is one place."""
    found: dict[Any, dict[str, Places]] = {}
    for (document, code), rows in codings.groupby(["document_key", "code_path"], sort=True):
        spans = [(int(s), max(int(e), int(s) + 1)) for s, e in zip(rows["start"], rows["end"], strict=True)]
        found.setdefault(document, {})[code] = [(0, 1)] if whole else joined(spans)
    return found


def _meetings(first: Places, second: Places, reach: int) -> int:
    """Return the most pairs that can be made of places that meet, each place in one pair."""
    i = j = met = 0
    while i < len(first) and j < len(second):
        (start, end), (other_start, other_end) = first[i], second[j]
        if start < other_end + reach and other_start < end + reach:
            i, j, met = i + 1, j + 1, met + 1
        elif end <= other_end:
            i += 1
        else:
            j += 1
    return met
