"""Words of names and texts, written alike whatever the accents, signs that nobody sees and ways of spelling.

Looking for identifiers belongs in quotes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

_UNSEEN = "\u00ad\u200b-\u200d\u2060\ufeff"
_LETTER = "[^\\W_][\u0300-\u036f]*"
_WORD = re.compile(f"{_LETTER}(?:[{_UNSEEN}]*{_LETTER})*")
# Letters that Unicode does not take apart into a plain one and an accent.
_PLAIN = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n"}
)
# As they are written where the keyboard lacks them: Müller is Muller to some and Mueller to others.
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
# Two letters that begin sentences far more often than they name anybody.
# fmt: off
_COMMON = frozenset({
    "ah", "am", "an", "as", "at", "be", "by", "do", "eh", "er", "go", "he", "hi", "if", "in", "is", "it", "me",
    "mm", "my", "no", "of", "oh", "ok", "on", "or", "so", "to", "uh", "um", "up", "us", "we",
})
_STREETS = frozenset({
    "avenue", "close", "court", "crescent", "drive", "gardens", "grove", "house", "lane", "mews", "park", "place",
    "road", "row", "square", "street", "terrace", "walk", "way",
})
# fmt: on
SHORTEST = 3
"""Letters of a word of a name from which on it is looked for in any case."""


class Word(NamedTuple):
    """A word of a text: folded, spelt out, and where it stands (code points, end exclusive)."""

    plain: str
    spelt_out: str
    start: int
    end: int


def words_of(text: str) -> Iterator[Word]:
    """Yield a text's words, case, accents and unseen signs away."""
    for match in _WORD.finditer(text):
        yield Word(folded(match[0]), _stripped(_composed(match[0]).translate(_SPELT_OUT)), *match.span())


def folded(word: str) -> str:
    """Return a word without case, accents and unseen signs."""
    return _stripped(word.casefold())


def is_initial(text: str, word: Word) -> bool:
    """Whether two letters stand there as a name of two letters would: with a capital, and no common word."""
    return text[word.start].isupper() and word.plain not in _COMMON


def streets(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield names of streets and houses in an address, which tell where somebody lives without the number."""
    for before, after in pairwise(words):
        if after in _STREETS and before.isalpha() and len(before) >= SHORTEST:
            yield before, after


def written_together(identifier: str) -> Iterator[str]:
    """Yield words that hold a hyphen or an apostrophe as some write them, without it: O'Brien is obrien."""
    for token in identifier.split():
        parts = [word.plain for word in words_of(token)]
        if len(parts) > 1:
            yield "".join(parts)


def short_number(number: str) -> str:
    """Return a number such as hs008 as people say it: hs8."""
    return re.sub(r"(?<=[^\W\d_])0+(?=[0-9])", "", number)


def _composed(word: str) -> str:
    return unicodedata.normalize("NFKC", word.casefold())


def _stripped(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.translate(_PLAIN)).translate(_PLAIN)
    return re.sub(f"[{_UNSEEN}]", "", "".join(one for one in decomposed if not unicodedata.combining(one)))
