"""The ledger: what a line looks like, what is added once, what is refused, and what is said of tampering."""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from pipelines.ledger import Entry, append, entries, locks, verify
from pipelines.refusal import Refusal

NOW = dt.datetime(2026, 10, 1, 9, 30, 15, 999, tzinfo=dt.timezone(dt.timedelta(hours=1)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "first.jsonl"


def kept(path: Path, count: int = 5) -> list[bytes]:
    """Write a ledger of a few entries; return its lines."""
    for number in range(1, count + 1):
        append(path, "rows_accepted", {"site": "north", "rows": number}, now=NOW)
    return path.read_bytes().splitlines()


def put(path: Path, lines: list[bytes]) -> tuple[str, ...]:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return verify(path)


def test_a_line_is_canonical_and_its_hash_can_be_recomputed_by_anybody(path: Path) -> None:
    append(path, "drop_arrived", {"drop": "Frühjahr", "files": ()}, now=NOW)
    append(path, "drop_withdrawn", {"why": "a\nb"}, now=NOW)
    first, second = path.read_bytes().splitlines()
    assert first.startswith('{"at":"2026-10-01T08:30:15Z","facts":{"drop":"Frühjahr","files":[]},"hash":"'.encode())
    one, other = json.loads(first), json.loads(second)
    assert (one["number"], one["previous"]) == (1, "0" * 64)
    assert (other["number"], other["previous"]) == (2, one["hash"])
    rest = {key: value for key, value in other.items() if key != "hash"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert other["hash"] == hashlib.sha256(canonical).hexdigest()


def test_only_the_owner_reads_it(path: Path) -> None:
    kept(path)
    assert {one.stat().st_mode & 0o777 for one in path.parent.iterdir()} == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_no_ledger_is_whole_and_empty_and_reading_makes_nothing(path: Path) -> None:
    assert (entries(path), verify(path)) == ((), ())
    assert not path.parent.exists()


@pytest.mark.parametrize(
    "facts", [{"drop": "\udce9t\ud83d\ude00.csv"}, {"a": "\u2028\x85\r\n\x00"}, {"\udc80": [1.5, None]}]
)
def test_odd_names_of_files_are_kept(path: Path, facts: dict[str, Any]) -> None:
    append(path, "drop_arrived", facts)
    assert verify(path) == ()
    assert os.fsencode("\udce9") == b"\xe9"
    assert entries(path)[0].facts == json.loads(json.dumps(facts))


@pytest.mark.parametrize("kind", ["", "Drop", "a b", 'x","number":1'])
def test_a_kind_is_a_plain_word(path: Path, kind: str) -> None:
    with pytest.raises(ValueError, match="no kind of entry"):
        append(path, kind, {})
    assert entries(path) == ()


# ---- once -----------------------------------------------------------------------------------------------------------


def accepted(path: Path, rows: int, site: str = "north", drop: str = "2026-09-30") -> Entry:
    return append(path, "rows_accepted", {"drop": drop, "site": site, "rows": rows}, once=("drop", "site"))


def test_what_is_said_again_is_written_once(path: Path) -> None:
    first = accepted(path, 52)
    accepted(path, 10, "south")
    append(path, "rows_refused", {"drop": "2026-09-30", "site": "north", "rows": 52})
    assert accepted(path, 52) == first
    assert len(entries(path)) == 3


def test_what_changed_back_is_written_again(path: Path) -> None:
    assert [accepted(path, rows).number for rows in (52, 53, 52, 52)] == [1, 2, 3, 3]


def test_once_tells_values_apart_as_they_are_written(path: Path) -> None:
    numbers = [append(path, "look", {"a": value}, once=("a",)).number for value in (1, True, 1.0, "1", None, 1)]
    assert numbers == [1, 2, 3, 4, 5, 1]


def test_once_is_not_misled_by_what_is_inside_other_facts(path: Path) -> None:
    append(path, "look", {"read_as": {"drop": "d", "kind": "file_read", "number": 1}, "drop": "other"})
    append(path, "file_read", {"read_as": {"drop": "d"}, "drop": "other"})
    assert append(path, "file_read", {"drop": "d"}, once=("drop",)).number == 3


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_a_line_that_was_never_finished_is_cut_off(path: Path) -> None:
    lines = kept(path)
    path.write_bytes(path.read_bytes() + lines[0][:40])
    assert verify(path) == ()
    assert append(path, "look", {}).number == 6
    assert verify(path) == ()


def test_a_head_that_is_one_line_behind_is_healthy(path: Path) -> None:
    head = path.with_suffix(".head")
    kept(path, 1)
    head.unlink()
    assert verify(path) == ()
    kept(path, 1)
    before = head.read_bytes()
    kept(path, 1)
    head.write_bytes(before)
    assert verify(path) == ()
    assert append(path, "look", {}).number == 4
    assert verify(path) == ()


def test_a_head_that_was_put_back_deleted_or_edited_is_a_fault(path: Path) -> None:
    head = path.with_suffix(".head")
    kept(path, 1)
    old = head.read_bytes()
    kept(path, 3)
    new = head.read_bytes()
    head.write_bytes(old)
    assert "first.head knows only 1, but there are 4 entries" in verify(path)[0]
    head.unlink()
    assert "first.head is missing, but there are 4 entries" in verify(path)[0]
    head.write_bytes(new[:-3])
    assert verify(path) == ("The head file first.head was edited.",)
    head.write_bytes(new.replace(b"4}", b"3}"))
    assert "Line 3 is not the one that the head file first.head knows" in verify(path)[0]
    with pytest.raises(Refusal, match="nothing is added"):
        append(path, "look", {})


def test_nothing_is_built_on_an_end_that_was_changed(path: Path) -> None:
    lines = kept(path)
    put(path, [*lines[:4], lines[4].replace(b'"rows":5', b'"rows":6')])
    with pytest.raises(Refusal, match=r"not as it was left.*`pilotlens verify first`"):
        append(path, "look", {})
    with pytest.raises(Refusal, match=r"is not whole\. Line 5 was edited"):
        entries(path)


def test_a_ledger_in_use_is_waited_for_and_then_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(path)
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.3)
    with path.with_suffix(".lock").open("rb+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        started = time.monotonic()
        for work in (lambda: append(path, "look", {}), lambda: verify(path)):
            with pytest.raises(Refusal, match="ledger of first is in use by another program"):
                work()
        assert time.monotonic() - started >= 0.6
    assert append(path, "look", {}).number == 6


def test_readers_do_not_keep_each_other_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(path)
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.0)
    with locks.to_read(path):
        assert verify(path) == ()


def test_a_lock_whose_file_is_deleted_does_not_let_two_in(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(path)
    real = locks._locked

    def deleted_meanwhile(descriptor: int, how: int) -> bool:
        monkeypatch.setattr(locks, "_locked", real)
        path.with_suffix(".lock").unlink()
        return real(descriptor, how)

    monkeypatch.setattr(locks, "_locked", deleted_meanwhile)
    with locks.to_append(path), path.with_suffix(".lock").open("rb+") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_folder_that_may_not_be_written_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("a file where the folder should be")
    with pytest.raises(Refusal, match="cannot be written; it was not changed") as raised:
        append(tmp_path / "ledger" / "first.jsonl", "look", {})
    assert raised.value.__context__ is None


def test_a_ledger_that_cannot_be_read_is_a_fault(path: Path) -> None:
    path.mkdir(parents=True)
    assert "cannot be read" in verify(path)[0]


# ---- what is said of tampering --------------------------------------------------------------------------------------


def test_an_edit_is_named(path: Path) -> None:
    lines = kept(path)
    lines[2] = lines[2].replace(b'"rows":3', b'"rows":4')
    assert put(path, lines) == ("Line 3 was edited: what it says does not give its hash.",)


@pytest.mark.parametrize(
    "edit", [lambda line: line + b"\r", lambda line: b" " + line, lambda line: b"\xef\xbb\xbf" + line]
)
def test_an_edit_that_changes_no_meaning_is_named_too(path: Path, edit: Any) -> None:
    lines = kept(path)
    lines[2] = edit(lines[2])
    assert [fault[:7] for fault in put(path, lines)] == ["Line 3 "]


def test_a_deletion_is_named(path: Path) -> None:
    lines = kept(path)
    assert put(path, lines[:2] + lines[3:]) == ("Line 3 holds entry 4, but entry 3 is missing: deleted.",)
    assert put(path, lines[:1] + lines[4:]) == ("Line 2 holds entry 5, but entries 2 to 4 are missing: deleted.",)


def test_a_cut_is_named(path: Path) -> None:
    lines = kept(path)
    cut = "Line 4 is missing: the ledger was cut after entry 3; its head file knows 5 entries."
    assert put(path, lines[:3]) == (cut,)
    path.unlink()
    assert verify(path) == ("Line 1 is missing: the ledger was cut after entry 0; its head file knows 5 entries.",)


def test_a_doubled_line_is_named(path: Path) -> None:
    lines = kept(path)
    assert put(path, [*lines, lines[4]]) == ("Line 6 repeats line 5.",)


def test_a_swap_is_named(path: Path) -> None:
    one, two, three, four, five = kept(path)
    assert put(path, [one, three, two, four, five]) == (
        "Line 2 is out of order: it holds entry 3 where entry 2 belongs.",
        "Line 3 is out of order: it holds entry 2 where entry 3 belongs.",
    )


def test_a_line_of_something_else_is_named(path: Path) -> None:
    lines = kept(path)
    assert put(path, [*lines[:2], b"remember the milk", *lines[2:]]) == ("Line 3 is not JSON.",)
    foreign = json.dumps({**json.loads(lines[2]), "note": 1}).encode()
    said = put(path, [*lines[:2], foreign, *lines[3:]])
    assert said == (
        "Line 3 does not have the keys of an entry (at, facts, hash, kind, number, previous) and no others.",
    )


def test_a_line_replaced_together_with_its_hash_is_named(path: Path, tmp_path: Path) -> None:
    lines = kept(path)
    other = tmp_path / "other.jsonl"
    forged = [*kept(other, 2), append(other, "look", {}).line]
    assert put(path, [*lines[:2], forged[2], *lines[3:]]) == (
        "Line 4 does not continue entry 3: one of the two was replaced.",
    )
    assert put(path, [*lines[:4], append(other, "look", {}).line])
