"""Find out how a source counts positions, from its own passages, and place them; refuse those that stay doubtful.

The REFI-QDA standard says Unicode code points; most tools do otherwise, and ``origin`` does not settle it. So every
way of counting is tried, and judged by the passages' own copies of their text and by whether ends lie between words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log

import numpy as np

from pipelines.qualitative.boundaries import INSIDE
from pipelines.qualitative.copies import comparable, compare
from pipelines.qualitative.evidence import Numbers
from pipelines.qualitative.matching import FAILED, MATCHES, SNIPPET, Flags
from pipelines.qualitative.models import Calibration, Checked, Newline
from pipelines.qualitative.offsets import Convention, SourceText, conventions
from pipelines.qualitative.places import Placed, Places, Refused
from pipelines.qualitative.ways import Selection, Selections
from pipelines.qualitative.weighed import EVERY, HANDICAPS, Weighed, weighed_together

__all__ = [
    "Placed",
    "Refused",
    "Selection",
    "Selections",
    "Trial",
    "calibrate",
    "comparable",
    "compare",
    "habit_of",
    "trials",
]

Span = tuple[int, int]

# A thousand to one decides between two ways of counting; one end inside a word is not enough in a short document.
_LEAD = 6.9
# Evidence for the best of R ways over positions without meaning: e to the seventh to one, after R attempts.
_ENOUGH = 7.0
# Fewer passages cannot give that much; most must then fit.
_FEW = 5
# Both ends of passages that mean nothing score about 0.3 in English; those of careful coders above 0.8.
_SCORE = 0.6
# What a project's other documents add for their way of counting.
_HABIT = 7.0
# Positions that stop fitting somewhere in a text show within this many passages before or after.
_NEIGHBOURS = 6
_PROOF_IN_ITSELF = 12
# Ways of counting that fall this far behind on some passages are not tried on the others. A copy says more than ends.
_FIRST_WITH_COPIES, _FIRST_WITHOUT, _HOPELESS = 16, 40, 30.0
_CHECKS: tuple[Checked, ...] = (*MATCHES, "boundary")
_BOUNDARY = len(MATCHES)


_REVERSED = Refused("it ends before it starts")
_SEVERAL = Refused("several ways of counting positions fit this document and put the passage in different places")
_OUTSIDE = Refused("its positions lie outside the text or inside a character")
_DIFFERS = Refused("the file's copy of the passage differs from the text there")
_UNPROVEN = Refused("nothing in this document shows how its positions are counted")
_DRIFT = Refused("positions do not fit the words in this part of the document")


def calibrate(
    document_id: str, text: SourceText, selections: Sequence[Selection], habit: Convention | None = None
) -> tuple[Calibration, tuple[Placed | Refused, ...]]:
    """Decide how a source counts positions and place its selections.

    Parameters
    ----------
    document_id
        Repeated in the calibration.
    text
        The source's text.
    selections
        n selections of one source, coded or not: all are evidence. At least one.
    habit
        How the same tool counts in other sources, where known; decides only what this one leaves open.

    Returns
    -------
    calibration
        ``verified`` is True if the evidence is far beyond what positions without meaning would give, and no selection
        has its text elsewhere under another way of counting with about the same evidence.
    places
        n results in the order of the selections. Doubtful ones are refused one by one: a wrong quote is worse than
        none.
    """
    return trials([(text, Selections.of(selections))])[0].verdict(document_id, habit)


def trials(sources: Sequence[tuple[SourceText, Selections]]) -> list[Trial]:
    """Try every way of counting on the selections, at least one, of each of D texts."""
    among = [conventions(text) for text, _ in sources]
    dropped: list[dict[Convention, tuple[float, float]]] = [{} for _ in sources]
    first_ones = [_spread(each) for _, each in sources]
    many = [k for k, (_, each) in enumerate(sources) if len(each) > 2 * len(first_ones[k])]
    few = [(sources[k][0], sources[k][1][first_ones[k]], among[k]) for k in many]
    for k, first in zip(many, weighed_together(few), strict=True):
        kept = tuple(c for c in among[k] if first.standing_of(c) >= first.best - _HOPELESS)
        dropped[k] = {c: first.facts_of(c) for c in among[k] if c not in kept}
        among[k] = kept
    weighed = weighed_together([(*source, each) for source, each in zip(sources, among, strict=True)])
    return [Trial(*source, *each) for source, each in zip(sources, zip(weighed, dropped, strict=True), strict=True)]


class Trial:
    """The evidence of one source's selections, kept until it is known how the project's other sources count."""

    def __init__(
        self,
        text: SourceText,
        selections: Selections,
        weighed: Weighed,
        dropped: Mapping[Convention, tuple[float, float]],
    ) -> None:
        """Keep what `trials` found: the ways of counting weighed, and those dropped with evidence and score."""
        self._text, self._selections, self._weighed, self._dropped = text, selections, weighed, dropped

    def standings(self) -> Mapping[Convention, float]:
        """Return how far each convention falls short of the best, those that this text cannot tell apart alike.

        At most by as much as decides; all nothing where the best does not fit either.
        """
        told = {c: _as_told_by(self._text, c) for c in EVERY}
        best = self._weighed.best
        if best <= 0:
            return dict.fromkeys(EVERY, 0.0)
        return {c: max(self._standing(each) - best, -_ENOUGH) + min(best, _ENOUGH) for c, each in told.items()}

    def _standing(self, convention: Convention) -> float:
        dropped = self._dropped.get(convention)
        return self._weighed.standing_of(convention) if dropped is None else dropped[0]

    def verdict(
        self, document_id: str, habit: Convention | None = None
    ) -> tuple[Calibration, tuple[Placed | Refused, ...]]:
        """Decide; see `calibrate`."""
        calibration, places = self.judged(document_id, habit)
        return calibration, tuple(places)

    def judged(self, document_id: str, habit: Convention | None = None) -> tuple[Calibration, Places]:
        """Decide, with the places in columns; see `calibrate`."""
        standing = np.round(self._weighed.standings + self._bonuses(habit), 9)
        order = np.argsort(-standing, kind="stable").tolist()
        best = order[0]
        contenders = [row for row in order if standing[best] - standing[row] < _LEAD]
        scores = self._weighed.scores
        supported = self._supports(best, float(standing[best]), float(scores[best]))
        disputed = self._disputed(contenders)
        convention: Convention = self._weighed.ways.conventions[best][0]
        calibration = Calibration(
            document_id,
            *convention,
            score=float(scores[best]),
            runner_up=max([*scores[order[1:]].tolist(), *(score for _, score in self._dropped.values())], default=None),
            verified=supported and not disputed.any(),
        )
        return calibration, self._places(best, supported, disputed)

    def _bonuses(self, habit: Convention | None) -> Numbers:
        told = None if habit is None else _as_told_by(self._text, habit)
        return _HABIT * np.array([told in group for group in self._weighed.ways.conventions], dtype=np.float64)

    def _supports(self, row: int, standing: float, score: float) -> bool:
        """Whether passages are placed far better than by chance, by their starts and by their ends."""
        if score < _SCORE or min(self._weighed.evidence.sides(row, self._weighed.rates)) < 0:
            return False
        first = (self._selections.starts[:1000].tolist(), self._selections.ends[:1000].tolist())
        if len(set(zip(*first, strict=True))) < _FEW:
            return standing > 0
        return standing >= _ENOUGH + log(len(self._weighed.ways.conventions))

    def _disputed(self, contenders: Sequence[int]) -> Flags:
        """Say of each selection whether ways still in question put its words in different places."""
        starts, ends = self._weighed.ways.starts[contenders], self._weighed.ways.ends[contenders]
        disputed = (starts != starts[0]).any(axis=0) | (ends != ends[0]).any(axis=0)
        for column in np.flatnonzero(disputed).tolist():
            pairs = zip(starts[:, column].tolist(), ends[:, column].tolist(), strict=True)
            disputed[column] = len({_trimmed(self._text.canonical, pair) for pair in pairs}) > 1
        return disputed

    def _places(self, row: int, supported: bool, disputed: Flags) -> Places:
        """Place each selection by the best way of counting, or refuse it."""
        evidence = self._weighed.evidence
        cut_off = evidence.end_kinds[row] == INSIDE
        checks = np.where((evidence.start_kinds[row] == INSIDE) | cut_off, FAILED, _BOUNDARY)
        if evidence.named:
            matches = evidence.matches[row]
            checked = np.where((matches == SNIPPET) & cut_off, FAILED, matches)
            checks = np.where(evidence.copy_worth > 0, checked, checks)
        refused: dict[int, Refused] = {}
        for flags, reason in self._reasons(row, supported, disputed):
            refused.update((k, reason) for k in np.flatnonzero(flags).tolist())
        starts, ends = (each[row].tolist() for each in (self._weighed.ways.starts, self._weighed.ways.ends))
        return Places(starts, ends, [_CHECKS[k] for k in checks.tolist()], refused)

    def _reasons(self, row: int, supported: bool, disputed: Flags) -> Iterator[tuple[Flags, Refused]]:
        """Yield which selections are refused, and why; the last reason that holds for one is the one to tell."""
        asked, evidence = self._selections, self._weighed.evidence
        matches = evidence.matches[row]
        named, outside = evidence.copy_worth > 0, self._weighed.ways.starts[row] < 0
        if disputed.any():
            # Passages that would prove how an end inside a word is meant are in doubt themselves.
            inside = (evidence.start_kinds[row] == INSIDE) | (evidence.end_kinds[row] == INSIDE)
            yield ~named & inside, _UNPROVEN
        if not named.all():
            yield ~named & self._drifting(row), _DRIFT
        if not supported and not matches[named].all():
            weak = [not _proves_itself(copy) for copy in asked.copies]
            yield named & ((matches == SNIPPET) | np.array(weak)), _UNPROVEN
        yield named & (matches == FAILED), _DIFFERS
        yield outside, _OUTSIDE
        yield disputed, _SEVERAL
        if not supported:
            yield ~named & ~outside, _UNPROVEN
            yield ~named & outside, _OUTSIDE
        yield asked.ends < asked.starts, _REVERSED

    def _drifting(self, row: int) -> Flags:
        """Say of each selection whether those around it, on one side, speak against this way of counting."""
        starts, ends = self._weighed.ways.starts[row], self._weighed.ways.ends[row]
        spans, which = np.unique(starts * (len(self._text.canonical) + 2) + ends, return_inverse=True)
        if len(spans) < _FEW:
            return np.zeros(len(starts), dtype=bool)
        evidence = np.zeros(len(spans))
        evidence[which] = self._weighed.evidence.of_each(row, self._weighed.rates)
        near = min(_NEIGHBOURS, len(evidence))
        sums = np.convolve(evidence, np.ones(near), mode="valid")
        last = len(sums) - 1
        numbers = np.arange(len(evidence))
        behind, ahead = np.clip(numbers - near + 1, 0, last), np.clip(numbers, 0, last)
        flags: Flags = (np.minimum(sums[behind], sums[ahead]) < 0)[which]
        return flags


def habit_of(standings: Iterable[Mapping[Convention, float]]) -> Convention | None:
    """Return how the sources of one project count by their trials' standings, if beyond doubt: a tool has one way."""
    summed = dict.fromkeys(EVERY, 0.0)
    for each in standings:
        for convention, standing in each.items():
            summed[convention] += max(min(standing, _ENOUGH), -_ENOUGH)
    best = max(EVERY, key=lambda c: round(summed[c] - HANDICAPS[c], 9))
    return best if summed[best] >= _ENOUGH + log(len(EVERY)) else None


def _proves_itself(copy: str) -> bool:
    """Whether a copy is long enough to stand at its position by no chance; a single word may stand there again."""
    words = copy.split()
    return len(" ".join(words)) >= _PROOF_IN_ITSELF * (1 if len(words) > 1 else 2)


def _spread(selections: Selections) -> list[int]:
    """Return the numbers of some selections from all over the text; of few, all."""
    few = _FIRST_WITH_COPIES if all(selections.copies) else _FIRST_WITHOUT
    if len(selections) <= 2 * few:
        return list(range(len(selections)))
    order = np.lexsort((selections.ends, selections.starts)).tolist()
    return [order[k * len(order) // few] for k in range(few)]


def _as_told_by(text: SourceText, convention: Convention) -> Convention:
    """Return a convention as `conventions` lists it for a text that may lack what would tell it apart."""
    newline: Newline = convention.newline
    lengths = text.kinds_of_breaks
    if not lengths or (newline == "as in the file" and lengths == {1}):
        newline = "lf"
    elif newline == "as in the file" and len(lengths) == 1:
        newline = "crlf"
    return convention._replace(newline=newline, bom_counted=convention.bom_counted and text.has_bom)


def _trimmed(text: str, span: Span) -> Span | None:
    """Return a span without the blanks at its ends; None for no place."""
    if span[0] < 0:
        return None
    passage = text[slice(*span)]
    if not passage.strip():
        return span
    return span[0] + len(passage) - len(passage.lstrip()), span[1] - len(passage) + len(passage.rstrip())
