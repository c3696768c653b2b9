"""Identifiers become keyed hashes at the door and themselves go to the vault. The keys belong in pipelines.keys."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable

DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")


def normalised(identifier: str) -> str:
    """Return an identifier without the differences that typing makes: case, spaces at the ends, kinds of dash.

    Leading zeros and inner punctuation stay: they tell people apart.
    """
    text = unicodedata.normalize("NFKC", identifier).translate(DASHES)
    return re.sub(r"\s+", " ", text).strip().casefold()


def pseudonym(key: bytes, identifier: str) -> str:
    """Return the keyed hash (HMAC-SHA-256, 128 bits in hexadecimal) of a normalised identifier."""
    return hmac.new(key, normalised(identifier).encode(), hashlib.sha256).hexdigest()[:32]


def pseudonyms(key: bytes, identifiers: Iterable[str]) -> list[tuple[str, str]]:
    """Return each distinct identifier with its pseudonym."""
    return [(identifier, pseudonym(key, identifier)) for identifier in dict.fromkeys(identifiers)]
