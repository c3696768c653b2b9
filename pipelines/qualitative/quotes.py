"""What stands between a quote and publication: its hash for the release list, and a search for identifiers in it.

No model recognises names here: such models miss about four in ten UK identifiers. Instead every outgoing quote is
compared with the identifiers in the vault, and with patterns whose check digits or rules leave few false alarms.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

_BLANK = "[\\s\u200b\u00ad-]"
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = "(?:3[01]|[12][0-9]|0?[1-9])"
_YEAR = "(?:(?:19|20)?[0-9]{2})"
_WORD = re.compile("(?:[^\\W_][\u0300-\u036f]*)+")
# Longest identifier, in words, that is looked for as a whole: a full address.
_MOST_WORDS = 12


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

    Each pattern takes time linear in the text.

    References
    ----------
    NHS Data Dictionary, NHS NUMBER (modulus 11). HMRC National Insurance Manual NIM39110 (prefixes). British Standard
    BS 7666 (postcodes).
    """
    hits = (
        Hit(kind, *match.span())
        for kind, pattern, accept in _PATTERNS
        for match in pattern.finditer(text)
        if accept(match[0])
    )
    return tuple(sorted(hits, key=lambda hit: (hit.start, hit.end, hit.kind)))


def identifier_hits(text: str, identifiers: Iterable[str]) -> tuple[Hit, ...]:
    """Find known identifiers in a text, as whole words, whatever the case, accents and white space.

    An identifier with digits (a case number, a postcode) matches however it is grouped. One without (a name) matches
    as a whole if it has at least three letters, and so does each of its words of at least three letters. Dates of birth
    written out are left to `pattern_hits`.

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
        self._names: set[tuple[str, ...]] = set()
        self._numbers: set[str] = set()
        for identifier in identifiers:
            self._add(tuple(word for word, _, _ in _words(identifier)))
        self._most = min(max((len(name) for name in self._names), default=1), _MOST_WORDS)
        self._longest = max((len(number) for number in self._numbers), default=0)

    def _add(self, words: tuple[str, ...]) -> None:
        whole = "".join(words)
        if len(whole) < 3:
            return
        if any(character.isdigit() for character in whole):
            self._numbers.add(whole)
        else:
            self._names.add(words[:_MOST_WORDS])
            self._parts.update(word for word in words if len(word) >= 3)

    def hits(self, text: str) -> tuple[Hit, ...]:
        """Return what is found in a text; see `identifier_hits`."""
        words = list(_words(text))
        wholes: list[Hit] = []
        parts: list[Hit] = []
        for k, (word, start, end) in enumerate(words):
            wholes += self._wholes(words, k)
            if word in self._parts:
                parts.append(Hit("part of a name", start, end))
        covered = {k for hit in wholes for k in range(hit.start, hit.end)}
        return tuple(sorted({*wholes, *(hit for hit in parts if hit.start not in covered)}, key=lambda hit: hit[1:]))

    def _wholes(self, words: list[tuple[str, int, int]], k: int) -> Iterator[Hit]:
        """Yield whole identifiers that begin at the k-th word."""
        names = [word for word, _, _ in words[k : k + self._most]]
        for length in range(1, len(names) + 1):
            if tuple(names[:length]) in self._names:
                yield Hit("identifier", words[k][1], words[k + length - 1][2])
        run = ""
        for word, _, end in words[k : k + _MOST_WORDS]:
            run += word
            if len(run) > self._longest:
                return
            if run in self._numbers:
                yield Hit("identifier", words[k][1], end)


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield words folded (case and accents away) with their places."""
    return ((_folded(match[0]), *match.span()) for match in _WORD.finditer(text))


def _folded(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def is_nhs_number(text: str) -> bool:
    """Whether ten digits carry the NHS number's check digit (modulus 11, weights 10 to 2)."""
    digits = [int(character) for character in text if character in "0123456789"]
    check = -sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return len(digits) == 10 and check == digits[9]


def _is_ni_prefix(text: str) -> bool:
    return text[:2].upper() not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


def _always(_: str) -> bool:
    return True


_DATE = (
    rf"{_DAY}[/.-](?:1[0-2]|0?[1-9])[/.-]{_YEAR}"
    r"|(?:19|20)[0-9]{2}[/.-](?:1[0-2]|0?[1-9])[/.-](?:3[01]|[12][0-9]|0?[1-9])"
    rf"|{_DAY}(?:st|nd|rd|th)?(?:\s+of)?[\s,-]{{1,3}}{_MONTH}[\s,-]{{1,3}}{_YEAR}"
    rf"|{_MONTH}\s{{1,3}}{_DAY}(?:st|nd|rd|th)?[\s,]{{1,3}}(?:19|20)[0-9]{{2}}"
)
_RULES: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("NHS number", rf"(?<![0-9])[0-9]{{3}}{_BLANK}?[0-9]{{3}}{_BLANK}?[0-9]{{4}}(?![0-9])", is_nhs_number),
    (
        "National Insurance number",
        rf"(?<![^\W_])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?:{_BLANK}?[0-9]{{2}}){{3}}(?:{_BLANK}?[A-D])?(?![^\W_])",
        _is_ni_prefix,
    ),
    (
        "postcode",
        r"(?<![^\W_])(?:GIR\s{0,2}0AA|[A-PR-UWYZ](?:[0-9]{1,2}|[A-HK-Y][0-9][0-9ABEHMNPRV-Y]?|[0-9][A-HJKPS-UW])"
        r"\s{0,2}[0-9][ABD-HJLNP-UW-Z]{2})(?![^\W_])",
        _always,
    ),
    (
        "telephone number",
        r"(?<![0-9+])(?:(?:\+|00)44|\(?0)(?:[\s().-]{0,3}[0-9]){9,11}(?![0-9])|\+[1-9](?:[\s().-]{0,3}[0-9]){7,14}(?![0-9])",
        _always,
    ),
    ("e-mail address", r"(?<![\w.+'-])[\w.+'-]+@[\w-]+(?:\.[\w-]+)+", _always),
    ("date", rf"(?<![^\W_])(?:{_DATE})(?![^\W_])", _always),
)
_PATTERNS = tuple((kind, re.compile(rule, re.IGNORECASE), accept) for kind, rule, accept in _RULES)
