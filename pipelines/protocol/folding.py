"""Which characters count as the same when a delivered value is compared with a word of the protocol.

The rule is one table, used by Python (faults of a protocol) and by SQL (`pipelines.ingest.comparing`) alike.
"""

from __future__ import annotations

import unicodedata

SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
UNSEEN = "\u00ad\u200b\u2060\ufeff"
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
SINGLE_QUOTES = "\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4`"
DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"

FOLDED_FROM = SPACES + DASHES + SINGLE_QUOTES + DOUBLE_QUOTES + UNSEEN
FOLDED_TO = " " * len(SPACES) + "-" * len(DASHES) + "'" * len(SINGLE_QUOTES) + '"' * len(DOUBLE_QUOTES)
"""What they become, in the same order; the unseen ones, at the end, become nothing."""

_TABLE = {ord(one): (FOLDED_TO[i] if i < len(FOLDED_TO) else None) for i, one in enumerate(FOLDED_FROM)}


def folded(word: str) -> str:
    """Return a word of the protocol in the form in which two words of it are compared."""
    return unicodedata.normalize("NFC", word.translate(_TABLE).strip()).casefold()
