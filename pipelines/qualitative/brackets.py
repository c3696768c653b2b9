"""Quotes edited for publication: words may only be replaced by [brackets], and the same words by the same bracket.

Whether a bracket is true to what was said is for a person to judge; here stands what a program can prove of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

BRACKET = re.compile(r"\[[^\[\]\n]{1,80}\]")
LEFT_OUT = frozenset({"[...]", "[…]"})
"""Brackets that stand for whatever was left out, and so may replace many different words."""
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_SENTENCE_ENDS = ".!?…:\n"
_SHORTENED = re.compile(r"(?<![^\W_])(?:mr|mrs|ms|mx|dr|st|prof|rev|fr|[^\W\d_])\.$", re.IGNORECASE)
"""A full stop that ends no sentence: before a name, or after an initial."""
_ALWAYS_CAPITAL = frozenset({"i", "ok", "tv"})


class Replacement(NamedTuple):
    """A stretch of a quote (code points, end exclusive) and the bracket that stands there instead."""

    start: int
    end: int
    bracket: str


def replacements(original: str, shown: str) -> tuple[Replacement, ...] | None:
    """Find what an edited quote replaces.

    Parameters
    ----------
    original : the exact words.
    shown : the words with [brackets].

    Returns
    -------
    tuple of Replacement, or None
        In order; None when something else was changed too: every word outside brackets has to stand in the original,
        whole and in its order, and every bracket has to stand for something. Time is linear in practice.
    """
    pieces, found = BRACKET.split(shown), BRACKET.findall(shown)
    if not found:
        return () if shown == original else None
    if not original.startswith(pieces[0]) or not _between_words(original, len(pieces[0])):
        return None
    at, spans = len(pieces[0]), []
    for bracket, piece in zip(found, pieces[1:-1], strict=False):
        start = _next(original, piece, at + 1)
        if start < 0:
            return None
        spans.append(Replacement(at, start, bracket))
        at = start + len(piece)
    last = len(original) - len(pieces[-1])
    if last <= at or not original.endswith(pieces[-1]) or not _between_words(original, last):
        return None
    return (*spans, Replacement(at, last, found[-1]))


def _next(original: str, piece: str, at: int) -> int:
    """Return the first place of a piece that cuts no word at either of its ends; -1 without one."""
    start = original.find(piece, at)
    while start >= 0:
        if _between_words(original, start) and _between_words(original, start + len(piece)):
            return start
        start = original.find(piece, start + 1)
    return -1


def _between_words(text: str, at: int) -> bool:
    return at <= 0 or at >= len(text) or not (text[at - 1].isalnum() and text[at].isalnum())


def replaced(original: str, words: str, bracket: str) -> str:
    """Return a quote with every occurrence of some words, as whole words, replaced by a bracket."""
    if not words.strip():
        return original
    pattern = rf"(?<![^\W_]){re.escape(words.strip())}(?![^\W_])"
    parts = re.split(f"({BRACKET.pattern})", original)  # what stands in a bracket already is not spoken
    return "".join(part if k % 2 else re.sub(pattern, lambda _: bracket, part) for k, part in enumerate(parts))


def why_not(original: str, shown: str, earlier: Mapping[str, str]) -> str:
    """Say why an edited quote may not be shown; nothing when it may.

    Parameters
    ----------
    original, shown : the exact words, and the words with [brackets].
    earlier : brackets by the words that they replaced (`by_words`) in this person's other quotes.
    """
    spans = replacements(original, shown)
    if spans is None:
        return "Words may only be replaced by [brackets]; something else differs from what was said."
    if not spans or shown == original:
        return "Nothing was replaced."
    if not _WORD.search(BRACKET.sub(" ", shown)):
        return "No word of what was said is left."
    used = dict(earlier)
    for words, bracket in _named(original, spans):
        if used.setdefault(words, bracket) != bracket:
            return f"The same words were replaced by {used[words]} before, and by {bracket} now."
    left = BRACKET.sub(" | ", shown)
    if any(re.search(rf"(?<![^\W_]){re.escape(words)}(?![^\W_])", left) for words in _capitals(original, spans)):
        return "Words that are replaced in one place stand as they are in another."
    return ""


def _named(original: str, spans: Iterable[Replacement]) -> list[tuple[str, str]]:
    found = ((original[s.start : s.end].strip().casefold(), s.bracket) for s in spans)
    return [(words, bracket) for words, bracket in found if bracket not in LEFT_OUT and f"[{words[1:-1]}]" != words]


def _capitals(original: str, spans: Iterable[Replacement]) -> list[str]:
    """Return replaced words that begin with a capital, as names do."""
    found = (original[s.start : s.end].strip() for s in spans if s.bracket not in LEFT_OUT)
    return [words for words in found if words[:1].isupper()]


def by_words(edited: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the bracket by the words it replaced, over quotes that were edited before (original, shown)."""
    known: dict[str, str] = {}
    for original, shown in edited:
        for words, bracket in _named(original, replacements(original, shown) or ()):
            known.setdefault(words, bracket)
    return known


def words_to_look_at(text: str) -> tuple[str, ...]:
    """Return words with a capital inside a sentence: names of people and places that no list knows are among them.

    The first word of a sentence is left out, as is "I"; the order is that of the text, each word once.
    """
    found: dict[str, None] = {}
    for match in _WORD.finditer(BRACKET.sub(lambda bracket: " " * len(bracket[0]), text)):
        before = text[: match.start()].rstrip(" \t\"'“”‘’([–—-")
        starts = not before or (before[-1] in _SENTENCE_ENDS and not _SHORTENED.search(before[-6:]))
        plain = re.split("['’]", match[0].casefold())[0]
        if match[0][0].isupper() and not starts and plain not in _ALWAYS_CAPITAL:
            found[match[0]] = None
    return tuple(found)
