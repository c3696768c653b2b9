"""Whatever is done to a line of a ledger is found and the line named; whatever happens to its writers, it verifies."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pipelines.ledger import append, entries, verify
from pipelines.ledger.lines import following
from pipelines.refusal import Refusal
from pipelines.workspace import ROOT

TEXT = st.text(st.characters(codec=None), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
FACTS = st.dictionaries(TEXT, VALUES, max_size=4)
KINDS = st.sampled_from(["drop_arrived", "file_read", "rows_accepted", "look"])
LEDGERS = st.lists(st.tuples(KINDS, FACTS), min_size=1, max_size=8)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True, scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the many ledgers where pytest clears up."""
    tempfile.tempdir = str(tmp_path_factory.mktemp("ledgers"))
    yield
    tempfile.tempdir = None


def written(events: list[tuple[str, dict[str, Any]]]) -> Path:
    """Return a ledger that holds some events, in a folder of its own."""
    path = Path(tempfile.mkdtemp()) / "first.jsonl"
    for kind, facts in events:
        append(path, kind, facts)
    return path


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n")[:-1]


def put(path: Path, found: list[bytes]) -> None:
    path.write_bytes(b"".join(line + b"\n" for line in found))


def named(faults: tuple[str, ...]) -> set[int]:
    """Return the lines that faults begin with."""
    return {int(found[1]) for fault in faults if (found := re.match(r"Line (\d+) ", fault))}


@QUICK
@given(LEDGERS)
def test_what_is_appended_is_read_back_and_whole(events: list[tuple[str, dict[str, Any]]]) -> None:
    path = written(events)
    assert verify(path) == ()
    found = entries(path)
    assert [(entry.number, entry.kind) for entry in found] == [(n, kind) for n, (kind, _) in enumerate(events, 1)]
    halves = [json.loads(json.dumps(facts)) for _, facts in events]
    assert [entry.facts for entry in found] == halves


@QUICK
@given(LEDGERS, st.data())
def test_any_edit_of_any_bytes_is_found_and_its_line_named(
    events: list[tuple[str, dict[str, Any]]], data: st.DataObject
) -> None:
    path = written(events)
    found = lines(path)
    line = data.draw(st.integers(1, len(found)))
    old = found[line - 1]
    start = data.draw(st.integers(0, len(old)))
    end = data.draw(st.integers(start, min(len(old), start + 5)))
    new = old[:start] + data.draw(st.binary(max_size=5)) + old[end:]
    assume(new != old)
    put(path, [*found[: line - 1], new, *found[line:]])
    assert line in named(verify(path))


@QUICK
@given(LEDGERS, FACTS, st.data())
def test_an_edit_with_a_new_hash_is_found_too(
    events: list[tuple[str, dict[str, Any]]], facts: dict[str, Any], data: st.DataObject
) -> None:
    path = written(events)
    whole, found = entries(path), lines(path)
    line = data.draw(st.integers(1, len(found)))
    moment = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    forged = following(whole[line - 2] if line > 1 else None, "drop_arrived", facts, moment)
    put(path, [*found[: line - 1], forged.line, *found[line:]])
    said = verify(path)
    assert named(said) & {line, line + 1}, said
    assert any("replaced" in fault for fault in said)


@QUICK
@given(LEDGERS, st.data())
def test_any_deletion_is_found_and_its_line_named(
    events: list[tuple[str, dict[str, Any]]], data: st.DataObject
) -> None:
    path = written(events)
    found = lines(path)
    line = data.draw(st.integers(1, len(found)))
    put(path, [*found[: line - 1], *found[line:]])
    said = verify(path)
    assert line in named(said)
    assert any(f"entry {line} is missing" in fault or f"Line {line} is missing" in fault for fault in said)


@QUICK
@given(LEDGERS, st.data())
def test_any_doubling_is_found_and_its_line_named(
    events: list[tuple[str, dict[str, Any]]], data: st.DataObject
) -> None:
    path = written(events)
    found = lines(path)
    line = data.draw(st.integers(1, len(found)))
    place = data.draw(st.integers(0, len(found)))
    put(path, [*found[:place], found[line - 1], *found[place:]])
    copies = {number for number, one in enumerate(lines(path), 1) if one == found[line - 1]}
    said = verify(path)
    assert named(said) & copies, said
    assert any("repeats line" in fault for fault in said)


@QUICK
@given(LEDGERS, st.data())
def test_any_swap_is_found_and_both_lines_named(events: list[tuple[str, dict[str, Any]]], data: st.DataObject) -> None:
    path = written(events)
    found = lines(path)
    assume(len(found) > 1)
    one, other = data.draw(st.lists(st.integers(0, len(found) - 1), min_size=2, max_size=2, unique=True))
    found[one], found[other] = found[other], found[one]
    put(path, found)
    assert named(verify(path)) == {one + 1, other + 1}


@QUICK
@given(LEDGERS, st.data())
def test_any_cut_of_the_file_is_found_and_its_line_named(
    events: list[tuple[str, dict[str, Any]]], data: st.DataObject
) -> None:
    path = written(events)
    whole = path.read_bytes()
    end = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:end])
    assert min(named(verify(path))) == whole[:end].count(b"\n") + 1
    with pytest.raises(Refusal, match="is not as it was left"):
        append(path, "look", {})


@QUICK
@given(LEDGERS, st.binary(max_size=300))
def test_no_bytes_make_it_stumble(events: list[tuple[str, dict[str, Any]]], rubbish: bytes) -> None:
    path = written(events)
    path.write_bytes(rubbish)
    assert verify(path)
    path.with_suffix(".head").write_bytes(rubbish)
    assert verify(path)


@pytest.mark.parametrize("depth", [b"[" * 200_000, b'{"number":' + b"9" * 5000, b'{"facts":{"a":1e999}}', b"\xff\xfe"])
def test_lines_that_break_parsers_are_faults(tmp_path: Path, depth: bytes) -> None:
    path = tmp_path / "first.jsonl"
    put(path, [depth])
    assert named(verify(path)) == {1}


# ---- writers that meet, and writers that die ------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from pipelines.ledger import append
for number in range(int(sys.argv[3])):
    entry = append(Path(sys.argv[1]), "look", {"writer": sys.argv[2], "number": number, "filling": "x" * 200})
    print(entry.number, flush=True)
"""


def test_writers_that_meet_lose_nothing(tmp_path: Path) -> None:
    path, each = tmp_path / "ledger" / "first.jsonl", 60
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(path)]
    writers = [
        subprocess.Popen([*command, str(one), str(each)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for one in range(4)
    ]
    told = [int(number) for writer in writers for number in writer.communicate()[0].split()]
    assert sorted(told) == list(range(1, 4 * each + 1))
    assert verify(path) == ()
    found = entries(path)
    for one in range(4):
        assert [e.facts["number"] for e in found if e.facts["writer"] == str(one)] == list(range(each))


def forked(work: Callable[[int], None]) -> tuple[int, int]:
    """Run work in a child of its own; return its process id and where it says what was acknowledged."""
    out, into = os.pipe()
    child = os.fork()
    if child:
        os.close(into)
        return child, out
    try:
        os.close(out)
        work(into)
    finally:
        os._exit(0)


def acknowledged(out: int) -> list[int]:
    with os.fdopen(out, "rb") as pipe:
        return [int(number) for number in pipe.read().split()]


def test_killed_a_hundred_times_it_holds_every_line_that_was_acknowledged(tmp_path: Path) -> None:
    path, dice, told = tmp_path / "first.jsonl", random.Random(3), list[int]()

    def work(into: int) -> None:
        while True:
            entry = append(path, "look", {"filling": "x" * dice.randrange(5000)})
            os.write(into, b"%d\n" % entry.number)

    for _ in range(100):
        child, out = forked(work)
        time.sleep(dice.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        told += acknowledged(out)
        assert verify(path) == ()
    assert len(told) > 100
    assert len(set(told)) == len(told)
    assert set(told) <= {entry.number for entry in entries(path)}


CALLS = ("open", "write", "fsync", "ftruncate", "replace", "pread", "close")


def steps(monkeypatch: pytest.MonkeyPatch, what: Callable[[str, int, Callable[[], Any], tuple[Any, ...]], Any]) -> None:
    """Put something in the place of each call of the system that appending makes."""
    count = iter(range(10_000))
    for name in CALLS:
        real = getattr(os, name)

        def call(*given: Any, _name: str = name, _real: Any = real) -> Any:
            return what(_name, next(count), lambda: _real(*given), given)

        monkeypatch.setattr(os, name, call)


def places() -> Iterator[tuple[int, str]]:
    yield from ((place, when) for place in range(40) for when in ("before", "half", "after"))


def test_killed_at_any_call_of_the_system_it_verifies_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, died = tmp_path / "first.jsonl", 0
    for number in range(3):
        append(path, "look", {"number": number})
    for place, when in places():
        for _ in range(2):
            before = len(entries(path))
            child, out = forked(partial(_dying, path, monkeypatch, place, when))
            died += os.waitpid(child, 0)[1] != 0
            told = acknowledged(out)
            assert verify(path) == (), (place, when)
            assert len(entries(path)) in ((before + 1,) if told else (before, before + 1))
        append(path, "look", {"after": [place, when]})
        assert verify(path) == (), (place, when)
    assert died > 20, "the writer hardly ever died, so little was tested"


def _dying(path: Path, monkeypatch: pytest.MonkeyPatch, place: int, when: str, into: int) -> None:
    def what(name: str, count: int, call: Callable[[], Any], given: tuple[Any, ...]) -> Any:
        if count == place and when == "before":
            os._exit(9)
        if count == place and when == "half" and name == "write":
            _write_half(given)
            os._exit(9)
        result = call()
        if count == place:
            os._exit(9)
        return result

    say = os.write
    steps(monkeypatch, what)
    entry = append(path, "look", {"filling": "x" * 3000})
    say(into, b"%d\n" % entry.number)
    os._exit(0)


def _write_half(given: tuple[Any, ...]) -> None:
    with open(given[0], "ab", buffering=0, closefd=False) as file:
        file.write(given[1][: len(given[1]) // 2])


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_disk_that_fails_at_any_call_leaves_the_ledger_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path, failed = tmp_path / "first.jsonl", 0
    append(path, "look", {})
    for place, when in places():
        before = path.read_bytes()
        with monkeypatch.context() as patch:
            steps(patch, partial(_failing, (place, when), code))
            refusal = refused(path)
        if refusal:
            failed += 1
            assert ("The disk is full" in str(refusal)) in {code == errno.ENOSPC, when == "half"}
            assert refusal.__context__ is None
            assert path.read_bytes() == before
        assert verify(path) == (), (place, when)
    assert failed > 10


def refused(path: Path) -> Refusal | None:
    try:
        append(path, "look", {"filling": "x" * 300})
    except Refusal as refusal:
        return refusal
    return None


def _failing(
    at: tuple[int, str], code: int, name: str, count: int, call: Callable[[], Any], given: tuple[Any, ...]
) -> Any:
    place, when = at
    if count != place or name == "close":
        return call()
    if name == "write" and when == "half":
        _write_half(given)
        return len(given[1]) // 2
    if when == "after":
        call()
    raise OSError(code, "failed")


def test_a_file_that_may_not_grow_is_a_full_disk(tmp_path: Path) -> None:
    """The system itself writes half a line here: the limit on file sizes does what a full disk does."""
    path = tmp_path / "first.jsonl"
    append(path, "look", {"filling": "x" * 600})
    code = f"""
    import resource, sys
    from pathlib import Path
    from pipelines.ledger import append
    from pipelines.refusal import Refusal
    resource.setrlimit(resource.RLIMIT_FSIZE, ({path.stat().st_size + 100}, resource.RLIM_INFINITY))
    try:
        append(Path({str(path)!r}), "look", {{"filling": "x" * 600}})
    except Refusal as refusal:
        print(refusal)
    """
    before = path.read_bytes()
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.startswith("The disk is full; the ledger of first was not changed.")
    assert path.read_bytes() == before
    assert verify(path) == ()
