"""Identifiers become keyed hashes at the door and themselves go to the vault. The keys belong in pipelines.keys."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Iterable
from typing import Any

DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")


def normalised(identifier: str) -> str:
    """Return an identifier without the differences that typing makes: case, spaces at the ends, kinds of dash.

    Leading zeros and inner punctuation stay: they tell people apart.
    """
    if identifier.isascii():
        return " ".join(identifier.split()).casefold()
    text = unicodedata.normalize("NFKC", identifier).translate(DASHES)
    seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")  # nobody sees these
    return " ".join(unicodedata.normalize("NFKC", seen.casefold()).split())


def pseudonym(key: bytes, identifier: str) -> str:
    """Return the keyed hash (HMAC-SHA-256, 128 bits in hexadecimal) of a normalised identifier."""
    return hmac.digest(key, normalised(identifier).encode("utf-8", "surrogatepass"), "sha256").hex()[:32]


def pseudonyms(key: bytes, identifiers: Iterable[str]) -> list[tuple[str, str]]:
    """Return each distinct identifier that holds anything, with its pseudonym: a blank is nobody, not somebody."""
    return [(one, pseudonym(key, one)) for one in dict.fromkeys(identifiers) if normalised(one)]


PLAIN_ONLY = "[^ -~]|  "
"""What SQL leaves to `normalised`: anything but the letters of ASCII with single spaces between them."""


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
