"""Texts cut into units, and which coder put which code on which unit. How far coders agree belongs in agreement.

Coded passages come as a frame with one row per coder, code and passage: document_key, coder_key, code_path, start, end
(code points of the canonical text, end exclusive). A coder worked through a document when they coded anything in it, so
a coder who read one and found nothing is not seen: agreement then looks a little worse than it was, never better.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.qualitative.ratings import Array, Ratings

Unit = Literal["segment", "sentence", "paragraph", "character", "document"]
Spans = NDArray[np.int64]

# Ends a sentence: a full stop, question or exclamation mark with what closes after it, then a blank; or a line break.
# The look behind and the possessive marks keep the time linear, whatever a text holds.
_SENTENCE = re.compile(r"[^\n]*?(?<![.!?\u2026])[.!?\u2026]++[\"'\u201d\u2019)\]]*+(?=\s|$)|[^\n]+")
_LINE = re.compile(r"[^\n]+")
_MISSING = -1


@dataclass(frozen=True)
class Cut:
    """A text's units.

    Parameters
    ----------
    starts, ends : array of int, shape (u,)
        Code points, ascending, end exclusive; units never overlap.
    weights : array of float, shape (u,)
        How many units each entry stands for: characters between two ends of passages are counted, not listed.
    """

    starts: Spans
    ends: Spans
    weights: Array


def cut(text: str, unit: Unit, passages: Iterable[tuple[int, int]] = ()) -> Cut:
    """Cut a text into units.

    Parameters
    ----------
    text : str
        Canonical text.
    unit : {"segment", "sentence", "paragraph", "character", "document"}
        ``segment``: a stretch of text that anybody coded with anything, overlapping passages joined, so text that
        nobody coded does not count; ``sentence``: up to a full stop, question or exclamation mark, or a line break;
        ``paragraph``: a line, which in a transcript is a turn of talk; ``character``: a code point; ``document``: all.
    passages : pairs of start and end
        What was coded in the text by any coder with any code; needed for segments and characters.
    """
    if unit == "document":
        return _laid([(0, max(len(text), 1))])
    if unit == "segment":
        return _laid(joined(passages))
    if unit == "character":
        edges = np.unique([0, len(text), *(edge for passage in passages for edge in passage)]).astype(np.int64)
        return Cut(edges[:-1], edges[1:], np.diff(edges).astype(float))
    pattern = _SENTENCE if unit == "sentence" else _LINE
    return _laid(_trimmed(text, match.span()) for match in pattern.finditer(text) if match[0].strip())


def marked(units: Cut, passages: Iterable[tuple[int, int]]) -> NDArray[np.bool_]:
    """Return which units a coder marked: those that share text with a passage."""
    spans = np.array(sorted(passages), dtype=np.int64).reshape(-1, 2)
    first = np.searchsorted(units.ends, spans[:, 0], side="right")
    last = np.searchsorted(units.starts, spans[:, 1], side="left")
    steps = np.zeros(len(units.starts) + 1, dtype=np.int64)
    some = last > first
    np.add.at(steps, first[some], 1)
    np.add.at(steps, last[some], -1)
    return np.asarray(np.cumsum(steps)[:-1] > 0)


@dataclass(frozen=True)
class Document:
    """A text that two coders or more worked through.

    Parameters
    ----------
    key : str
        The document's key.
    units : Cut
        Its units.
    coders : tuple of int
        Positions of the coders who worked through it.
    passages : mapping of a code to a mapping of a coder's position to passages
        What they coded.
    length : int
        Code points of the text.
    source : str
        Whose text it is: documents of one source are not independent. Each document is its own unless told otherwise.
    """

    key: str
    units: Cut
    coders: tuple[int, ...]
    passages: Mapping[str, Mapping[int, tuple[tuple[int, int], ...]]]
    length: int
    source: str

    def values(self, code: str, coders: int) -> NDArray[np.int8]:
        """Return a code's marks, shape (coders, u): 1 there, 0 not, -1 where a coder did not work."""
        found = np.full((coders, len(self.units.starts)), _MISSING, dtype=np.int8)
        for coder in self.coders:
            found[coder] = marked(self.units, self.passages.get(code, {}).get(coder, ()))
        return found


@dataclass(frozen=True)
class CodedTwice:
    """All documents that two coders or more worked through, in the order of their keys; coders in theirs."""

    unit: Unit
    coders: tuple[str, ...]
    documents: tuple[Document, ...]


@dataclass(frozen=True)
class CodeRatings:
    """One code's ratings, alike units put together.

    Parameters
    ----------
    ratings : Ratings
        m coders, p patterns, each weighted by its units over all documents.
    by_document : array of float, shape (d, p)
        Units of each pattern in each document.
    sources : tuple of str, of length d
        Whose text each document is; every document by default is its own.
    """

    ratings: Ratings
    by_document: Array
    sources: tuple[str, ...] = ()

    @property
    def by_source(self) -> Array:
        """Units of each pattern in the documents of each source: what a bootstrap draws from, shape (s, p)."""
        if not self.sources:
            return self.by_document
        names, places = np.unique(np.array(self.sources), return_inverse=True)
        summed = np.zeros((len(names), self.by_document.shape[1]))
        np.add.at(summed, places, self.by_document)
        return summed


def coded_twice(
    codings: Any, texts: Mapping[str, str], unit: Unit, sources: Mapping[str, str] | None = None
) -> CodedTwice:
    """Return the documents that two coders or more worked through, cut into units.

    Parameters
    ----------
    codings : DataFrame
        See the module. Rows without a coder do not count; nor do rows with ``whole`` true (a document coded as a whole,
        where the frame has that column), but where the unit is the document.
    texts : mapping of a document's key to its text
        Passages are held within it.
    sources : mapping of a document's key to its source, optional
        For example the person who speaks in several; a document that is not listed is its own source.

    Raises
    ------
    ValueError
        A coded document has no text here.
    """
    known = codings[codings["coder_key"].notna() & (codings["coder_key"] != "")]
    if set(known["document_key"]) - texts.keys():
        raise ValueError("a coded document has no text")
    coders = tuple(sorted(set(known["coder_key"]), key=str))
    place = {coder: position for position, coder in enumerate(coders)}
    told = sources or {}
    documents = [
        _document(str(key), texts[key], unit, rows, place, told.get(key, str(key)))
        for key, rows in known.groupby("document_key", sort=True)
    ]
    return CodedTwice(unit, coders, tuple(each for each in documents if len(each.coders) >= 2))


def code_ratings(coded: CodedTwice, code: str) -> CodeRatings:
    """Return the ratings of one code over all documents that were coded twice."""
    blocks = [_patterns(document, code, len(coded.coders)) for document in coded.documents]
    columns = np.concatenate([patterns for patterns, _ in blocks], axis=1) if blocks else np.empty((0, 0))
    patterns, places = np.unique(columns, axis=1, return_inverse=True) if columns.size else (columns, np.empty(0, int))
    by_document = np.zeros((len(blocks), patterns.shape[1]))
    owners = np.repeat(np.arange(len(blocks)), [len(weights) for _, weights in blocks])
    if columns.size:
        np.add.at(by_document, (owners, places.ravel()), np.concatenate([weights for _, weights in blocks]))
    values = np.where(patterns == _MISSING, np.nan, patterns.astype(float))
    sources = tuple(document.source for document in coded.documents)
    return CodeRatings(Ratings(values, by_document.sum(axis=0)), by_document, sources)


def joined_by(coded: CodedTwice, groups: Mapping[str, str]) -> CodedTwice:
    """Return the same documents with coders of one group taken for one coder: what any of them marked is marked.

    Parameters
    ----------
    groups : mapping of a coder's key to a group
        Coders without a group do not count. Documents stay in when two groups worked through them.
    """
    names = tuple(sorted(set(groups.values())))
    place = {position: names.index(groups[coder]) for position, coder in enumerate(coded.coders) if coder in groups}
    documents = [_regrouped(document, place) for document in coded.documents]
    return CodedTwice(coded.unit, names, tuple(each for each in documents if len(each.coders) >= 2))


def _document(key: str, text: str, unit: Unit, rows: Any, place: Mapping[str, int], source: str) -> Document:
    coders = tuple(sorted({place[coder] for coder in rows["coder_key"]}))
    size = max(len(text), 1)
    passages: dict[str, dict[int, list[tuple[int, int]]]] = {}
    for row in _passages(rows, unit):
        # A coded point stands for the character behind it, or before the end.
        start = min(int(row.start), size - 1)
        end = size if row.whole else max(min(int(row.end), size), start + 1)
        passages.setdefault(row.code_path, {}).setdefault(place[row.coder_key], []).append((start, end))
    frozen = {c: {k: tuple(spans) for k, spans in by_coder.items()} for c, by_coder in passages.items()}
    everything = [span for by_coder in frozen.values() for spans in by_coder.values() for span in spans]
    return Document(key, cut(text, unit, everything), coders, frozen, size, source)


def _passages(rows: Any, unit: Unit) -> Iterator[Any]:
    """Yield coded passages; a document coded as a whole says nothing of its parts."""
    told = rows if "whole" in rows else rows.assign(whole=False)
    yield from (told if unit == "document" else told[~told["whole"].astype(bool)]).itertuples(index=False)


def _regrouped(document: Document, place: Mapping[int, int]) -> Document:
    groups = tuple(sorted({place[coder] for coder in document.coders if coder in place}))
    passages: dict[str, dict[int, tuple[tuple[int, int], ...]]] = {}
    for code, by_coder in document.passages.items():
        for coder in sorted(by_coder):
            if coder in place:
                mine = passages.setdefault(code, {})
                mine[place[coder]] = mine.get(place[coder], ()) + by_coder[coder]
    return Document(document.key, document.units, groups, passages, document.length, document.source)


def _patterns(document: Document, code: str, coders: int) -> tuple[NDArray[np.int8], Array]:
    """Return the different columns of a document's marks, and how many units have each."""
    weights = document.units.weights
    if code not in document.passages:
        column = np.full((coders, 1), _MISSING, dtype=np.int8)
        column[list(document.coders)] = 0
        return column, np.array([weights.sum()])
    patterns, places = np.unique(document.values(code, coders), axis=1, return_inverse=True)
    return patterns, np.bincount(places.ravel(), weights=weights, minlength=patterns.shape[1]).astype(float)


def _laid(spans: Iterable[tuple[int, int]]) -> Cut:
    both = np.array(list(spans), dtype=np.int64).reshape(-1, 2)
    return Cut(both[:, 0], both[:, 1], np.ones(len(both)))


def joined(passages: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return passages in order, those that overlap as one; those that only touch stay apart."""
    places: list[tuple[int, int]] = []
    for start, end in sorted(passages):
        if places and start < places[-1][1]:
            places[-1] = (places[-1][0], max(places[-1][1], end))
        else:
            places.append((start, end))
    return places


def _trimmed(text: str, span: tuple[int, int]) -> tuple[int, int]:
    words = text[span[0] : span[1]]
    return span[0] + len(words) - len(words.lstrip()), span[1] - len(words) + len(words.rstrip())
