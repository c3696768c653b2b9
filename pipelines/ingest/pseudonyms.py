"""Identifiers become keyed hashes at the door and themselves go to the vault. The keys belong in pipelines.keys."""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from pipelines.protocol.folding import DOUBLE_QUOTES, SINGLE_QUOTES

DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
QUOTES = dict.fromkeys(map(ord, SINGLE_QUOTES), "'") | dict.fromkeys(map(ord, DOUBLE_QUOTES), '"')

CONTROLS = (*range(0x09), *range(0x0E, 0x1C), *range(0x7F, 0x85), *range(0x86, 0xA0))
"""Control characters that are no blanks."""
IGNORED = (
    *(0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),
    *(*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),
)
UNSEEN: dict[int, str | None] = {**dict.fromkeys((*CONTROLS, *IGNORED)), 0x2800: " "}
"""What nobody sees besides characters of the category Cf: those that Unicode lets ignore, and the blank of Braille."""
QUOTED = re.compile(r"""=?\s*(["'])(.*)\1|'(.*)""", re.DOTALL)
"""What programs put around a number so that spreadsheets leave it a text: `'007`, `"007"`, `="007"`."""


def normalised(identifier: str) -> str:
    """Return an identifier without what typing and programs change: case, blanks at the ends, kinds of dash, quotes.

    Leading zeros and inner punctuation stay: they tell people apart.
    """
    if identifier.isascii():
        return _unquoted(" ".join(identifier.translate(UNSEEN).split()).casefold())
    text = unicodedata.normalize("NFKC", identifier).translate(DASHES)
    seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf").translate(UNSEEN)
    folded = unicodedata.normalize("NFKC", seen.casefold()).translate(QUOTES)
    return _unquoted(" ".join(folded.split()))


def _unquoted(text: str) -> str:
    quoted = QUOTED.fullmatch(text)
    return (quoted[2] or quoted[3] or "").strip() if quoted else text


def pseudonym(key: bytes, identifier: str) -> str:
    """Return the keyed hash (HMAC-SHA-256, 128 bits in hexadecimal) of a normalised identifier."""
    return hmac.digest(key, normalised(identifier).encode("utf-8", "surrogatepass"), "sha256").hex()[:32]


def pseudonyms(key: bytes, identifiers: Iterable[str]) -> list[tuple[str, str]]:
    """Return each distinct identifier that holds anything, with its pseudonym: a blank is nobody, not somebody."""
    return [(one, pseudonym(key, one)) for one in dict.fromkeys(identifiers) if normalised(one)]


PLAIN_ONLY = r"[^ -~]|  |^ ?[\x22\x27=]"
"""What SQL leaves to `normalised`: anything but the letters of ASCII with single spaces between them and no quotes."""


def prepare(connection: Any, key: bytes) -> None:
    """Give a connection the two padded keys of HMAC (RFC 2104), for `pseudonym_sql`."""
    padded = key.ljust(64, b"\0")
    connection.execute("SET VARIABLE hmac_inner = ?", [bytes(byte ^ 0x36 for byte in padded)])
    connection.execute("SET VARIABLE hmac_outer = ?", [bytes(byte ^ 0x5C for byte in padded)])


def plain_sql(identifier: str) -> str:
    """Return a plain identifier as `normalised` leaves it; of any other, something that is not to be used."""
    # Looking for a blank costs a sixth of trimming one away, and hardly any identifier has one.
    return f"lower(CASE WHEN contains({identifier}, ' ') THEN trim({identifier}, ' ') ELSE {identifier} END)"


def pseudonym_sql(plain: str) -> str:
    """Return the pseudonym of a plain identifier as SQL; equal to `pseudonym`, and computed on every core."""
    inner = f"unhex(sha256(getvariable('hmac_inner') || encode({plain})))"
    return f"left(sha256(getvariable('hmac_outer') || {inner}), 32)"
