"""What stands between a quote and publication: its hash for the release list, and a search for identifiers in it.

No model recognises names here: such models miss about four in ten UK identifiers. Instead every outgoing quote is
compared with the identifiers in the vault, and with patterns whose check digits or rules leave few false alarms.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from pipelines.qualitative.identifier_patterns import PATTERNS
from pipelines.qualitative.identifier_words import (
    SHORTEST,
    Word,
    is_initial,
    short_number,
    streets,
    words_of,
    written_together,
)

# Longest identifier, in words, that is looked for as a whole: a full address.
_MOST_WORDS = 12
# A word that a line's end broke in two.
_HYPHENATED = re.compile("[-\u2010\u2011]\\s*")


class Hit(NamedTuple):
    """Something that may identify a person: what kind, and where (code points, end exclusive). Never the text."""

    kind: str
    start: int
    end: int


def quote_hash(text: str) -> str:
    """Return the SHA-256 of a quote's exact code points in UTF-8, in hexadecimal.

    Nothing is normalised, so any edit of a transcript that touches a quote withdraws its approval. The hash is no
    disguise: a short quote can be guessed from it, so treat it as confidential as the quote.
    """
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def pattern_hits(text: str) -> tuple[Hit, ...]:
    """Find NHS and National Insurance numbers, postcodes, telephone numbers, e-mail addresses and full dates.

    Dates in words, and six digits or more said one by one, are found too.

    Each pattern takes time linear in the text.

    References
    ----------
    NHS Data Dictionary, NHS NUMBER (modulus 11). HMRC National Insurance Manual NIM39110 (prefixes). British Standard
    BS 7666 (postcodes).
    """
    hits = (
        Hit(kind, *match.span())
        for kind, pattern, accept in PATTERNS
        for match in pattern.finditer(text)
        if accept(match[0])
    )
    return tuple(sorted(hits, key=lambda hit: (hit.start, hit.end, hit.kind)))


def identifier_hits(text: str, identifiers: Iterable[str]) -> tuple[Hit, ...]:
    """Find known identifiers in a text, as whole words, whatever the case, accents, unseen signs and white space.

    An identifier with digits (a case number, a postcode) matches however it is grouped, also without zeros in front
    (HS-008 said as HS 8); of an address, so does the street. One without (a name) matches as a whole if it has at least
    three letters, and so does each of its words of at least three letters: with an s behind it, broken by a hyphen,
    without its own hyphen or apostrophe, spelt letter by letter, and with umlauts written out. A word of two letters
    matches with a capital, unless it is a common word. Dates of birth written out are left to `pattern_hits`.

    Parameters
    ----------
    text
        A quote or other outgoing text; time is linear in it.
    identifiers
        Names, case numbers, postcodes, addresses from the vault.

    Returns
    -------
    tuple of Hit
        ``identifier`` for a whole one, ``part of a name`` for a word of one; a part inside a whole one is not repeated.
    """
    return IdentifierIndex(identifiers).hits(text)


class IdentifierIndex:
    """Identifiers made ready for many texts: build it once, ask it about every quote."""

    def __init__(self, identifiers: Iterable[str]) -> None:
        """Fold identifiers into sets of words, word sequences, and runs of letters and digits."""
        self._parts: set[str] = set()
        self._short: set[str] = set()
        self._names: set[tuple[str, ...]] = set()
        self._numbers: set[str] = set()
        for identifier in identifiers:
            self._add(identifier, tuple(words_of(identifier)))
        self._most = min(max((len(name) for name in self._names), default=1), _MOST_WORDS)
        self._longest = max((len(number) for number in self._numbers), default=0)

    def _add(self, identifier: str, words: tuple[Word, ...]) -> None:
        plain = tuple(word.plain for word in words)
        whole = "".join(plain)
        if any(character.isdigit() for character in whole):
            self._add_number(whole)
            self._names.update(streets(plain))
            return
        spellings = {spelling for word in words for spelling in word[:2]} | set(written_together(identifier))
        self._parts.update(each for each in spellings if len(each) >= SHORTEST)
        self._short.update(each for each in spellings if len(each) == SHORTEST - 1)
        if len(whole) >= SHORTEST:
            self._names.add(plain[:_MOST_WORDS])

    def _add_number(self, whole: str) -> None:
        self._numbers.update(each for each in (whole, short_number(whole)) if len(each) >= SHORTEST)

    def hits(self, text: str) -> tuple[Hit, ...]:
        """Return what is found in a text; see `identifier_hits`."""
        words = list(words_of(text))
        wholes = [hit for k in range(len(words)) for hit in self._wholes(words, k)]
        parts = [Hit("part of a name", *span) for span in self._parts_in(text, words)]
        covered = {k for hit in wholes for k in range(hit.start, hit.end)}
        return tuple(sorted({*wholes, *(hit for hit in parts if hit.start not in covered)}, key=lambda hit: hit[1:]))

    def _parts_in(self, text: str, words: list[Word]) -> Iterator[tuple[int, int]]:
        """Yield where single words of names stand, however they are bent, broken or spelt."""
        for word in words:
            if self._is_part(word.plain) or self._is_part(word.spelt_out) or self._is_short(text, word):
                yield word.start, word.end
        for word, following in pairwise(words):
            broken = _HYPHENATED.fullmatch(text, word.end, following.start)
            if broken and self._is_part(word.plain + following.plain):
                yield word.start, following.end
        yield from self._letter_by_letter(words)

    def _is_part(self, word: str) -> bool:
        return word in self._parts or word.removesuffix("s") in self._parts

    def _is_short(self, text: str, word: Word) -> bool:
        return word.plain.removesuffix("s") in self._short and is_initial(text, word)

    def _letter_by_letter(self, words: list[Word]) -> Iterator[tuple[int, int]]:
        """Yield names that are spelt letter by letter, as in interviews."""
        run: list[Word] = []
        for word in [*words, Word("", "", 0, 0)]:
            if len(word.plain) == 1 and word.plain.isalpha():
                run.append(word)
                continue
            if len(run) >= SHORTEST and "".join(each.plain for each in run) in self._parts:
                yield run[0].start, run[-1].end
            run = []

    def _wholes(self, words: list[Word], k: int) -> Iterator[Hit]:
        """Yield whole identifiers that begin at the k-th word."""
        names = [word.plain for word in words[k : k + self._most]]
        for length in range(1, len(names) + 1):
            if tuple(names[:length]) in self._names:
                yield Hit("identifier", words[k].start, words[k + length - 1].end)
        run = ""
        for word in words[k : k + _MOST_WORDS]:
            run += word.plain
            if len(run) > self._longest:
                return
            if run in self._numbers:
                yield Hit("identifier", words[k].start, word.end)
