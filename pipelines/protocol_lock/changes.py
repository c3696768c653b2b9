"""What differs between two canonical protocols, key by key, and how to say it. What it means belongs in weighing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.protocol import Protocol

Plain = Mapping[str, Any]
"""A protocol as JSON: mappings, lists, text, numbers, true, false and null."""
Path = tuple[str, ...]
"""Keys from the outside in, as `("outcomes", "arrested", "horizon")`."""
Difference = tuple[Path, Any, Any]
"""Key path, old and new value; ABSENT where there is none."""

NOTHING: tuple[Any, ...] = (None, "", [], {}, ())
LONGEST = 400
"""Characters of a value that are spoken; the ledger keeps it whole."""


class _Absent:
    """The value of a key that is not there."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


def canonical_of(protocol: Protocol) -> dict[str, Any]:
    """Return the canonical form of a protocol: comments, layout and the order of keys are gone, defaults are there."""
    return protocol.model_dump(mode="json")


def differences(old: Plain, protocol: Protocol) -> tuple[Difference, ...]:
    """Return what a protocol says otherwise than an earlier canonical form, by key path.

    A key that the earlier form does not have is no difference while it has its default: the program may have learned
    it since, and nobody has written it.
    """
    written = protocol.model_dump(mode="json", exclude_defaults=True)
    return tuple(
        (path, before, now)
        for path, before, now in between(old, canonical_of(protocol))
        if not (before is ABSENT and _get(written, path) is ABSENT)
    )


def between(old: Plain, new: Plain) -> Iterator[Difference]:
    """Yield the differences of two canonical forms in order of their keys; lists are compared as a whole."""
    yield from _between((), old, new)


def _between(path: Path, old: Any, new: Any) -> Iterator[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({**old, **new}):
            yield from _between((*path, str(key)), old.get(key, ABSENT), new.get(key, ABSENT))
    elif not _same(old, new):
        yield path, old, new


def _same(old: Any, new: Any) -> bool:
    if old is ABSENT or new is ABSENT:
        other = new if old is ABSENT else old
        return old is new or any(other is not ABSENT and other == nothing for nothing in NOTHING)
    return type(old) is type(new) and old == new if isinstance(old, bool) or isinstance(new, bool) else old == new


def _get(tree: Any, path: Path) -> Any:
    for key in path:
        if not isinstance(tree, Mapping) or key not in tree:
            return ABSENT
        tree = tree[key]
    return tree


def said(value: Any) -> str:
    """Return a value of a protocol in words."""
    words = _said(value)
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 4].rstrip()} ..."


def _said(value: Any) -> str:
    if value is ABSENT or any(value is nothing or value == nothing for nothing in NOTHING):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        told = {key: one for key, one in value.items() if one is not False and one not in NOTHING}
        return "; ".join(f"{key}: {_inner(one)}" for key, one in told.items()) or "nothing"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_inner(one) for one in value)
    return _one_line(value) if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


def _inner(value: Any) -> str:
    nested = isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str))
    return f"({_said(value)})" if nested else _said(value)


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", "".join(one if one.isprintable() else " " for one in text)).strip()


def dotted(path: Path) -> str:
    """Return a key path as a person writes it: `outcomes.arrested.horizon`."""
    return ".".join(path)
