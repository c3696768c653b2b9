"""One line of a ledger: its canonical bytes and its hash. Files, locks and the chain belong beside it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

START = "0" * 64
"""What the first entry continues."""

KIND = re.compile(r"[a-z][a-z0-9_]*")
AT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
HASH = re.compile(r"[0-9a-f]{64}")
SURROGATE = re.compile("[\ud800-\udfff]")
KEYS = ("at", "facts", "hash", "kind", "number", "previous")
JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True)
class Entry:
    """One event in the life of a pilot."""

    number: int
    at: str
    """UTC, to the second."""
    kind: str
    facts: Mapping[str, Any]
    previous: str
    """Hash of the entry before."""
    hash: str
    """SHA-256 over the canonical line without this key."""

    @property
    def line(self) -> bytes:
        """The entry as it stands in the file, without its newline."""
        front, back = _halves(self)
        return front + f'"hash":"{self.hash}",'.encode() + back

    @property
    def genuine(self) -> bool:
        """True when the contents give the hash."""
        return self.hash == _hash(self)


def following(last: Entry | None, kind: str, facts: Mapping[str, Any], now: dt.datetime) -> Entry:
    """Return the entry that continues another, or that starts a ledger."""
    if not KIND.fullmatch(kind):
        raise ValueError(f"{kind!r} is no kind of entry")
    at = now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    entry = Entry((last.number if last else 0) + 1, at, kind, plain(facts), last.hash if last else START, "")
    return replace(entry, hash=_hash(entry))


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as they will be read back: a tuple becomes a list, two halves of a character one."""
    found: dict[str, Any] = json.loads(canonical(dict(facts)))
    return found


def canonical(value: Any) -> bytes:
    """Return JSON with sorted keys and no spaces; half a character, as odd file names hold, is escaped."""
    return SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", JSON.encode(value)).encode()


def read(line: bytes) -> Entry | str:
    """Return the entry that a line holds, or what is wrong with the line; any bytes may stand there."""
    try:
        found = json.loads(line.decode())
    except (ValueError, RecursionError):
        return "is not JSON"
    if not isinstance(found, dict) or tuple(sorted(found)) != KEYS:
        return f"does not have the keys of an entry ({', '.join(KEYS)}) and no others"
    if not _shaped(found):
        return "has a value that an entry cannot have"
    return _unless_edited(Entry(**found), line)


def _shaped(found: Mapping[str, Any]) -> bool:
    texts = (("at", AT), ("kind", KIND), ("previous", HASH), ("hash", HASH))
    if not all(isinstance(found[key], str) and pattern.fullmatch(found[key]) for key, pattern in texts):
        return False
    return type(found["number"]) is int and found["number"] > 0 and isinstance(found["facts"], dict)


def _unless_edited(entry: Entry, line: bytes) -> Entry | str:
    try:
        whole = entry.genuine and entry.line == line
    except (ValueError, RecursionError):  # a number or a depth that JSON does not write
        whole = False
    return entry if whole else "was edited: what it says does not give its hash"


def _hash(entry: Entry) -> str:
    return hashlib.sha256(b"".join(_halves(entry))).hexdigest()


def _halves(entry: Entry) -> tuple[bytes, bytes]:
    """Return the canonical line on either side of its hash; only facts need an encoder, and lines are many."""
    front = f'{{"at":"{entry.at}","facts":'.encode() + canonical(dict(entry.facts)) + b","
    return front, f'"kind":"{entry.kind}","number":{entry.number},"previous":"{entry.previous}"}}'.encode()
