"""Compare the copies of passages that files keep with the text found: whole copies, and copies cut short."""

from __future__ import annotations

import re

from pipelines.qualitative.models import Checked

_CUT = ("\u2026", "...")
_NOT_IN_XML = re.compile("[\x00-\x08\x0e-\x1b\x7f\ufffe\uffff]")
# ATLAS.ti cuts at 100 characters; a much shorter stub proves little.
_SHORTEST_CUT = 20


def compare(passage: str, copy: str) -> Checked:
    """Say how a file's own copy agrees with the passage found: exact, name (but for white space), snippet, failed."""
    if passage == copy:
        return "exact"
    found, wanted = comparable(passage), comparable(copy)
    if found == wanted:
        return "name"
    for mark in _CUT:
        start = wanted.removesuffix(mark).rstrip()
        if start != wanted and _SHORTEST_CUT <= len(start) < len(passage) and found.startswith(start):
            return "snippet"
    return "failed"


def comparable(text: str) -> str:
    """Return text as XML can carry it: white space and characters that XML cannot hold collapse to one blank."""
    return " ".join((_NOT_IN_XML.sub(" ", text) if has_controls(text) else text).split())


def has_controls(text: str) -> bool:
    """Whether a text has characters that no copy in XML can have."""
    return not text.isprintable() and _NOT_IN_XML.search(text) is not None


def may_be_cut(copy: str) -> bool:
    """Whether a copy may be shorter than its passage."""
    return copy.endswith(_CUT) and len(copy) > _SHORTEST_CUT
