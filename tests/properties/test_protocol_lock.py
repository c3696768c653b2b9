"""Whatever is edited in a protocol is found, whatever is only written otherwise is not; a rewritten record is found."""

from __future__ import annotations

import copy
import datetime as dt
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ledger import entries, verify
from pipelines.ledger.lines import Entry, following
from pipelines.protocol import load_text
from pipelines.protocol_lock.changes import between, canonical_of
from pipelines.protocol_lock.history import form_faults, hash_of, of_entries

LEAVES = st.none() | st.booleans() | st.integers(1, 5) | st.sampled_from(["a", "b", "c"])
TREES = st.dictionaries(
    st.sampled_from("pqr"),
    st.recursive(LEAVES, lambda inner: st.dictionaries(st.sampled_from("xyz"), inner), max_leaves=6),
)
SEEDED = settings(derandomize=True, deadline=None, max_examples=100)
NOON = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)


def shuffled(tree: Any, order: st.DataObject) -> Any:
    if not isinstance(tree, dict):
        return tree
    return {key: shuffled(tree[key], order) for key in order.draw(st.permutations(sorted(tree)))}


def applied(tree: dict[str, Any], found: list[tuple[tuple[str, ...], Any, Any]]) -> dict[str, Any]:
    """Return a tree with differences made to it."""
    made = copy.deepcopy(tree)
    for (*front, last), _, new in found:
        holder = made
        for key in front:
            holder = holder[key]
        if repr(new) == "ABSENT":
            del holder[last]
        else:
            holder[last] = new
    return made


@SEEDED
@given(TREES, st.data())
def test_the_order_of_keys_is_no_difference(tree: dict[str, Any], data: st.DataObject) -> None:
    other = shuffled(tree, data)
    assert list(between(tree, other)) == []
    assert hash_of(tree) == hash_of(other)


@SEEDED
@given(TREES, TREES)
def test_differences_made_to_the_one_give_the_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = list(between(old, new))
    assert list(between(applied(old, found), new)) == []
    assert [path for path, _, _ in found] == sorted(path for path, _, _ in found)
    assert {path for path, _, _ in between(new, old)} == {path for path, _, _ in found}


@pytest.fixture(scope="module")
def lines() -> list[Entry]:
    """A ledger with a lock, a look and two deviations among other events."""
    from tests.spec.locked_pilot import PROTOCOL

    plans = [canonical_of(load_text(PROTOCOL.replace("difference: 500", f"difference: {n}"))) for n in (500, 400, 300)]
    hashes = [hash_of(plan) for plan in plans]
    lock = {"pilot": "work", "hash": hashes[0], "by": "A", "why": "x", "how": "command", "protocol": plans[0]}
    events: list[tuple[str, dict[str, Any]]] = [("drop_arrived", {"drop": "d"}), ("lock", lock), ("look", {})]
    for n in (1, 2):
        change = {"key": "k", "old": "o", "new": "n", "material": True, "group": "outcomes"}
        facts = {"by": "B", "why": "y", "how": "command", "changes": [change], "protocol": plans[n]}
        events.append(("deviation", {"previous": hashes[n - 1], "hash": hashes[n], **facts}))
    return chained(events)


def chained(events: list[tuple[str, dict[str, Any]]]) -> list[Entry]:
    made: list[Entry] = []
    for kind, facts in events:
        made.append(following(made[-1] if made else None, kind, facts, NOON))
    return made


def test_an_untouched_history_is_read_whole(lines: list[Entry]) -> None:
    told = of_entries("work", lines)
    assert told.locked is not None
    assert (told.locked.version, [one.after_look for one in told.deviations]) == (3, [True, True])
    assert form_faults(lines) == ()


def _leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, (*path, key))
    else:
        yield path


@SEEDED
@given(st.data())
def test_a_locked_text_that_is_edited_together_with_the_whole_chain_is_found_by_line(
    lines: list[Entry], data: st.DataObject
) -> None:
    """Somebody who rewrites every later hash of the ledger, and forgets the one of the protocol."""
    at = data.draw(st.sampled_from([n for n, one in enumerate(lines) if one.kind in ("lock", "deviation")]))
    facts = copy.deepcopy(dict(lines[at].facts))
    *front, last = data.draw(st.sampled_from(sorted(_leaves(facts["protocol"]))))
    holder = facts["protocol"]
    for key in front:
        holder = holder[key]
    holder[last] = "edited" if holder[last] != "edited" else "edited again"
    events = [(one.kind, facts if n == at else dict(one.facts)) for n, one in enumerate(lines)]
    assert any(fault.startswith(f"Line {at + 1} ") for fault in form_faults(chained(events)))


@SEEDED
@given(st.data())
def test_any_edit_of_the_file_is_found_and_its_line_named(lines: list[Entry], data: st.DataObject) -> None:
    """Deleting, doubling, moving, replacing a line, changing one of its bytes, or cutting the end."""
    whole = [one.line for one in lines]
    how = data.draw(st.sampled_from(["delete", "double", "swap", "byte", "cut", "insert", "replace"]))
    line = data.draw(st.integers(0, len(whole) - (2 if how == "swap" else 1)))
    changed = list(whole)
    if how == "delete":
        del changed[line]
    elif how == "double":
        changed.insert(line, whole[line])
    elif how == "swap":
        changed[line], changed[line + 1] = changed[line + 1], changed[line]
    elif how == "byte":
        at = data.draw(st.integers(0, len(whole[line]) - 1))
        byte = data.draw(st.integers(32, 126).filter(lambda one: one != whole[line][at]))
        changed[line] = whole[line][:at] + bytes([byte]) + whole[line][at + 1 :]
    elif how == "cut":
        changed = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        forged = following(lines[line - 1] if line else None, "look", {"forged": True}, NOON)
        changed[line : line + (how == "replace")] = [forged.line]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "work.jsonl"
        path.write_bytes(b"".join(one + b"\n" for one in changed))
        head = json.dumps({"hash": lines[-1].hash, "number": len(lines)}, separators=(",", ":"))
        path.with_suffix(".head").write_text(head + "\n")
        faults = verify(path)
        assert faults
        assert all(fault.startswith(("Line ", "The head file")) for fault in faults)
        path.write_bytes(b"".join(one + b"\n" for one in whole))
        assert verify(path) == ()
        assert len(entries(path)) == len(whole)
