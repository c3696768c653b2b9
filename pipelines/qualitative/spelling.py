"""One spelling and one text for what several projects hold alike: names that differ in blanks, case or stored form.

Tools store the same letter in two ways (one code point, or a letter and its accent), trim names or keep blanks, and
break lines differently. Without this, two coders' work on one interview would be on two, under two codes.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pipelines.qualitative.models import Coding, Document, Project
from pipelines.qualitative.waves import digest, known_on

Path = tuple[str, ...]
Spelt = Mapping[Hashable, Any]
# A blank of any length, or a character with the marks that stand over it.
_SIGN = re.compile(r"\s+|\S[\u0300-\u036f]*")
_SEVERAL = 2


def folded(name: str) -> str:
    """Return what names have in common that differ only in blanks, case, or how letters are stored."""
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def spelt_alike(projects: Sequence[Project]) -> tuple[Project, ...]:
    """Return projects in which what is alike is spelt as the earliest of them has it.

    Parameters
    ----------
    projects
        Waves or coders of one study. Codes (each step of the path), coders and cases are alike by `folded` names. So
        are documents whose texts are alike too: these get the earliest text, and passages their places in it. Names
        that one project itself tells apart (``Trust`` and ``trust``) are left as they are.

    Returns
    -------
    tuple of Project
        In the given order, which makes no difference to each. ``deviations`` say how many names and texts changed.
    """
    if len(projects) < _SEVERAL:
        return tuple(projects)
    earliest = sorted(projects, key=_rank)
    codes = _spellings([{path: path for path in _steps(each)} for each in earliest], _path_key)
    coders = _spellings([{c.name: c.name for c in each.coders} for each in earliest], folded)
    cases = _spellings([{c.name: c.name for c in each.cases} for each in earliest], folded)
    documents = _spellings([{_text_of(d): (d.name, d.text) for d in each.documents} for each in earliest], _text_key)
    return tuple(_respelt(each, codes, coders, cases, documents) for each in projects)


def _rank(project: Project) -> tuple[Any, ...]:
    """Return what orders projects by age, and equally old ones by what they hold."""
    names = tuple(tuple(each.name for each in held) for held in (project.coders, project.cases, project.documents))
    texts = tuple(digest(each) for each in project.documents)
    return known_on(project) or date.max, project.name, names, tuple(code.path for code in project.codes), texts


def _spellings(held: Sequence[Mapping[Any, Any]], key: Any) -> Spelt:
    """Return the first spelling of each key, but for keys that one project spells in several ways."""
    first: dict[Hashable, Any] = {}
    apart: set[Hashable] = set()
    for own in held:
        mine: defaultdict[Hashable, set[Any]] = defaultdict(set)
        for spelt in own:
            mine[key(spelt)].add(spelt)
            first.setdefault(key(spelt), own[spelt])
        apart |= {each for each, ways in mine.items() if len(ways) > 1}
    return {each: spelt for each, spelt in first.items() if each not in apart}


def _steps(project: Project) -> Iterable[Path]:
    return dict.fromkeys(code.path[: depth + 1] for code in project.codes for depth in range(len(code.path)))


def _path_key(path: Path) -> Path:
    return tuple(folded(name) for name in path)


def _text_of(document: Document) -> tuple[str, str, bool]:
    return document.name, document.text, document.excerpts_only


def _text_key(held: tuple[str, str, bool]) -> tuple[str, str, bool]:
    name, text, excerpts_only = held
    alike = text if excerpts_only else " ".join(unicodedata.normalize("NFC", text).split())
    return folded(name), alike, excerpts_only


def _respelt(project: Project, codes: Spelt, coders: Spelt, cases: Spelt, documents: Spelt) -> Project:
    def path_of(path: Path) -> Path:
        steps = (path[: depth + 1] for depth in range(len(path)))
        return tuple(codes.get(_path_key(step), step)[-1] for step in steps)

    def case_of(name: str) -> str:
        return str(cases.get(folded(name), name))

    texts = {each.id: documents.get(_text_key(_text_of(each)), (each.name, each.text)) for each in project.documents}
    moves = {each.id: _Move.between(each.text, texts[each.id][1]) for each in project.documents}
    moved = {identity: move for identity, move in moves.items() if move is not None}
    respelt = replace(
        project,
        codes=tuple(replace(each, path=path_of(each.path), name=path_of(each.path)[-1]) for each in project.codes),
        coders=tuple(replace(each, name=coders.get(folded(each.name), each.name)) for each in project.coders),
        cases=tuple(replace(each, name=case_of(each.name)) for each in project.cases),
        documents=tuple(
            replace(
                each,
                name=texts[each.id][0],
                text=moved[each.id].text if each.id in moved else each.text,
                case_names=tuple(case_of(name) for name in each.case_names),
            )
            for each in project.documents
        ),
        codings=tuple(_coding(each, moved) for each in project.codings),
        case_spans=tuple(
            replace(_placed(each, moved, each.document_id), case_name=case_of(each.case_name))
            for each in project.case_spans
        ),
        memos=tuple(_placed(each, moved, each.about[0] if each.about else "") for each in project.memos),
    )
    return replace(respelt, deviations=(*project.deviations, *_told(project, respelt, len(moved))))


def _told(before: Project, after: Project, texts: int) -> list[str]:
    kinds = ("codes", "coders", "cases", "documents")
    names = sum(
        one.name != other.name
        for kind in kinds
        for one, other in zip(getattr(before, kind), getattr(after, kind), strict=True)
    )
    said = [
        f"{names} names differ from an earlier project's in blanks, case or accents' form only; they count as the same"
    ]
    same = [f"{texts} texts differ from an earlier project's in blanks or accents' form only; they count as the same"]
    return (said if names else []) + (same if texts else [])


@dataclass(frozen=True)
class _Move:
    """From places in one text to those in another that is alike: starts and ends of signs in both."""

    text: str
    length: int
    own: tuple[tuple[int, int], ...]
    others: tuple[tuple[int, int], ...]

    @classmethod
    def between(cls, own: str, other: str) -> _Move | None:
        """Return how places move; None where the texts are the same, or not alike sign by sign."""
        if own == other:
            return None
        mine, theirs = _signs(own), _signs(other)
        if [sign for *_, sign in mine] != [sign for *_, sign in theirs]:
            return None
        return cls(other, len(own), tuple(s[:2] for s in mine), tuple(s[:2] for s in theirs))

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return a passage's place; a whole text stays whole, and a point stays a point."""
        if (start, end) == (0, self.length):
            return 0, len(self.text)
        first = bisect_right(self.own, start, key=lambda sign: sign[1])
        begin = self.others[first][0] if first < len(self.others) else len(self.text)
        if end <= start:
            return begin, begin
        last = bisect_left(self.own, end, key=lambda sign: sign[0]) - 1
        return begin, max(self.others[last][1] if last >= 0 else begin, begin)


def _signs(text: str) -> list[tuple[int, int, str]]:
    """Return the signs of a text with their places; blanks are one, at either end none."""
    inked = text.strip()
    at = text.find(inked)
    return [
        (at + m.start(), at + m.end(), " " if m[0].isspace() else unicodedata.normalize("NFC", m[0]))
        for m in _SIGN.finditer(inked)
    ]


def _placed(each: Any, moved: Mapping[str, _Move], document: str) -> Any:
    """Return a case's span or a note at its place in the text that counts."""
    if document not in moved or each.start is None:
        return each
    start, end = moved[document].place(each.start, each.start if each.end is None else each.end)
    return replace(each, start=start, end=end)


def _coding(coding: Coding, moved: Mapping[str, _Move]) -> Coding:
    move = moved.get(coding.document_id)
    if move is None:
        return coding
    start, end = move.place(coding.start, coding.end)
    quote = move.text[start:end] if coding.quote else ""
    changed = quote != coding.quote and coding.checked == "exact"
    return replace(coding, start=start, end=end, quote=quote, checked="name" if changed else coding.checked)
