"""Keys and their change: what is told of them, what is refused, and that no moment of a crash leaves a muddle."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipelines import keys, warehouse
from pipelines.demo import create
from pipelines.ingest import receive
from pipelines.ingest.drops import drops
from pipelines.ledger import append, entries, verify
from pipelines.protocol import load_text
from pipelines.refusal import Refusal
from pipelines.rotation import rotate
from pipelines.withdrawal import withdraw
from pipelines.workspace import ROOT, PilotSite, Workspace

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites: {north: {title: North}}
population: {description: people}
intervention: {name: x}
extracts: {people: {file: cases.csv, columns: {person: id}}}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PilotSite:
    """A site with a drop that was read, data in all places, and a ledger that knows of it."""
    for purpose in keys.PURPOSES:
        monkeypatch.delenv(keys.variable(purpose), raising=False)
    return filled(PilotSite(Workspace(tmp_path), load_text(PROTOCOL), "north"))


def filled(site: PilotSite, fill: Callable[[PilotSite], None] | None = None) -> PilotSite:
    folder = site.folder / "drops" / "2026-09-30"
    folder.mkdir(parents=True)
    (folder / "cases.csv").write_text("id\n1\n")
    note(site)
    (fill or locked)(site)
    return site


def note(site: PilotSite) -> None:
    drop = drops(site.workspace, "first")[-1]
    facts = {"drop": drop.name, "sha256": drop.sha256, "files": []}
    append(site.workspace.ledger("first"), "drop_arrived", facts)


def locked(site: PilotSite) -> None:
    """Put something everywhere where something is locked."""
    with warehouse.open_warehouse(site) as connection:
        connection.execute("CREATE OR REPLACE TABLE raw.cases AS SELECT 1 AS a")
    stored(site)


def stored(site: PilotSite) -> None:
    """Put files everywhere, without the time that a database takes."""
    keys.key(site.workspace, "warehouse")
    site.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    site.warehouse_file.touch()
    for place in ("vault/first", "vault/first/delivered", "as-of/2026-09-30/vault/first", "warehouse/first/delivered"):
        (site.workspace.root / place / "digest").mkdir(parents=True, exist_ok=True)
        (site.workspace.root / place / "digest" / "0.parquet").write_bytes(b"PARE")


def left(workspace: Workspace) -> list[Path]:
    """Return the files that a key locks."""
    return [path for path in workspace.root.rglob("*") if path.suffix in (".duckdb", ".parquet", ".wal")]


def in_use(workspace: Workspace) -> dict[str, str]:
    return {purpose: keys.file(workspace, purpose).read_text() for purpose in keys.PURPOSES}


def rotations(workspace: Workspace) -> list[str]:
    return [entry.facts["key"] for entry in entries(workspace.ledger("first")) if entry.kind == "key_rotated"]


def refused(workspace: Workspace, words: str, *only: keys.Purpose) -> None:
    """Insist that a change is refused and nothing was changed."""
    before, files = in_use(workspace), left(workspace)
    with pytest.raises(Refusal, match=words) as raised:
        rotate(workspace, only or keys.PURPOSES)
    assert raised.value.__context__ is None
    assert (in_use(workspace), left(workspace)) == (before, files)
    assert not keys.change(workspace).exists()


# ---- what is told of keys -------------------------------------------------------------------------------------------


def test_a_key_has_a_short_name_that_does_not_tell_it(site: PilotSite, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {purpose: keys.key_id(site.workspace, purpose) for purpose in keys.PURPOSES}
    assert len(set(found.values())) == 3
    for purpose, name in found.items():
        assert (len(name), name in keys.key(site.workspace, purpose)) == (8, False)
    monkeypatch.setenv("PILOTLENS_VAULT_KEY", "from the safe")
    assert keys.key_id(site.workspace, "vault") != found["vault"]
    assert keys.key_id(site.workspace, "warehouse") == found["warehouse"]


def test_the_same_key_for_two_purposes_has_two_names() -> None:
    assert keys.id_of("vault", "0" * 64) != keys.id_of("warehouse", "0" * 64)


def test_the_list_of_keys_makes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTLENS_VAULT_KEY", "from the safe")
    warehouse_key, vault_key, _ = keys.kept(Workspace(tmp_path))
    assert (warehouse_key.id, warehouse_key.place) == ("", "not made yet")
    assert vault_key.place == "the environment (PILOTLENS_VAULT_KEY)"
    assert vault_key.id == keys.key_id(Workspace(tmp_path), "vault")
    assert list(tmp_path.iterdir()) == []


def test_the_list_of_keys_holds_those_that_were_replaced(site: PilotSite) -> None:
    old = keys.key_id(site.workspace, "vault")
    rotate(site.workspace, ["vault"])
    replaced = keys.kept(site.workspace)[-1]
    assert (replaced.purpose, replaced.id) == ("vault", old)
    assert replaced.place == f"keys/retired/vault-{old}.key (replaced)"


# ---- changing them ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("only", [("pseudonym",), ("warehouse",), ("vault",), keys.PURPOSES])
def test_a_change_leaves_nothing_that_the_old_key_opens(site: PilotSite, only: tuple[keys.Purpose, ...]) -> None:
    workspace, before = site.workspace, in_use(site.workspace)
    ids = {purpose: keys.key_id(workspace, purpose) for purpose in only}
    said = " ".join(rotate(workspace, only))
    assert left(workspace) == []
    assert {purpose for purpose, key in in_use(workspace).items() if key != before[purpose]} == set(only)
    for purpose in only:
        old = workspace.keys_folder / "retired" / f"{purpose}-{ids[purpose]}.key"
        assert (old.read_text(), old.stat().st_mode & 0o777) == (before[purpose], 0o600)
        assert f"{purpose}-{ids[purpose]}.key" in said
        assert keys.key_id(workspace, purpose) in said
        assert before[purpose] not in said
        assert keys.file(workspace, purpose).stat().st_mode & 0o777 == 0o600
    assert rotations(workspace) == list(only)
    assert verify(workspace.ledger("first")) == ()
    assert not [path.name for path in workspace.keys_folder.iterdir() if ".new" in path.name or "draft" in path.name]
    locked(site)


def test_what_was_delivered_stays(site: PilotSite) -> None:
    (site.workspace.root / "reports").mkdir()
    (site.workspace.root / "reports" / "report.html").touch()
    rotate(site.workspace)
    assert (site.folder / "drops" / "2026-09-30" / "cases.csv").read_text() == "id\n1\n"
    assert (site.workspace.root / "reports" / "report.html").exists()


def test_a_drop_that_is_gone_is_named_and_nothing_changes(site: PilotSite) -> None:
    (site.folder / "drops" / "2026-09-30").rename(site.folder / "elsewhere")
    refused(site.workspace, "The drop first/2026-09-30 is no longer on disk")
    withdraw(site.workspace, "first", "2026-09-30", "the provider asked for it", "anna")
    rotate(site.workspace)
    assert left(site.workspace) == []


def test_a_drop_that_is_not_what_was_read_is_named(site: PilotSite) -> None:
    file = site.folder / "drops" / "2026-09-30" / "cases.csv"
    file.write_text("id\n1\n2\n")
    refused(site.workspace, r"files of the drop first/2026-09-30 are not those that were read.*pilotlens run first")
    note(site)
    file.write_text("id\n1\n")  # the earlier content again, which the ledger knows too
    rotate(site.workspace)


def test_data_whose_drops_nobody_wrote_down_are_not_deleted(site: PilotSite) -> None:
    for path in site.workspace.ledger("first").parent.iterdir():
        path.unlink()
    refused(site.workspace, "does not say which drops")


def test_a_ledger_that_was_changed_is_not_relied_upon(site: PilotSite) -> None:
    path = site.workspace.ledger("first")
    path.write_bytes(path.read_bytes().replace(b"drop_arrived", b"drop_arrivex"))
    refused(site.workspace, "is not whole")


def test_a_pilot_without_data_or_ledger_does_not_stand_in_the_way(site: PilotSite) -> None:
    (site.workspace.root / "warehouse" / "second" / "delivered").mkdir(parents=True)
    (site.workspace.root / "warehouse" / "second" / "delivered" / "hashes.json").touch()
    rotate(site.workspace)


def test_a_key_from_the_environment_is_changed_there(site: PilotSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTLENS_VAULT_KEY", "from the safe")
    refused(site.workspace, "vault comes from the environment.*give PILOTLENS_VAULT_KEY a new value")
    refused(site.workspace, "vault comes from the environment", "vault")
    rotate(site.workspace, ["warehouse"])


def test_without_keys_there_is_nothing_to_change(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no keys yet"):
        rotate(Workspace(tmp_path))
    (tmp_path / "keys").mkdir()
    with pytest.raises(Refusal, match="was not made yet"):
        rotate(Workspace(tmp_path))


HOLDER = """
import sys
from pathlib import Path
from pipelines import warehouse
from pipelines.protocol import load_text
from pipelines.workspace import PilotSite, Workspace
site = PilotSite(Workspace(Path(sys.argv[1])), load_text(sys.argv[2]), "north")
with warehouse.open_warehouse(site, read_only=sys.argv[3] == "reads"):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["reads", "writes"])
def test_a_database_that_is_open_is_not_deleted(site: PilotSite, how: str) -> None:
    command = [sys.executable, "-c", textwrap.dedent(HOLDER), str(site.workspace.root), PROTOCOL, how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "open\n"
        refused(site.workspace, r"warehouse/first/north.duckdb is in use")
        holder.communicate("")
    rotate(site.workspace)


def test_a_file_that_is_being_read_into_the_store_is_waited_for(site: PilotSite) -> None:
    with (site.workspace.delivered_folder("first") / ".digest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(site.workspace, r"delivered/.digest.lock is in use")
    rotate(site.workspace)


def test_two_changes_do_not_meet(site: PilotSite) -> None:
    with (site.workspace.keys_folder / ".change.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(site.workspace, "Somebody else is changing the keys")


def test_after_a_change_of_pseudonyms_the_same_people_are_linked_again(plain_demo_copy: Workspace) -> None:
    site = plain_demo_copy.site("transitional-aid", "baltimore")

    def people() -> tuple[set[str], list[tuple[object, ...]]]:
        receive(site, "cases")
        with warehouse.open_warehouse(site, read_only=True) as connection:
            found = connection.execute("SELECT person_key, * EXCLUDE person_key FROM raw.cases ORDER BY source_row")
            rows = found.fetchall()
        return {row[0] for row in rows}, [row[1:] for row in rows]

    before, rows = people()
    rotate(plain_demo_copy, ["pseudonym"])
    after, again = people()
    assert (len(after), again) == (len(before), rows)
    assert not before & after


@pytest.fixture
def plain_demo_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for purpose in keys.PURPOSES:
        monkeypatch.delenv(keys.variable(purpose), raising=False)
    create(tmp_path)
    settled = time.time() - 60
    for path in tmp_path.rglob("*"):
        if path.is_file():
            os.utime(path, (settled, settled))
    return Workspace(tmp_path)


# ---- at any moment ---------------------------------------------------------------------------------------------------

CALLS = ("open", "fsync", "replace", "unlink", "rmdir", "mkdir", "ftruncate", "write")


def interrupted(patch: pytest.MonkeyPatch, place: int, what: Callable[[], None]) -> None:
    """Let something happen at one of the calls that change files, counted from 0, half of the time after it."""
    count = iter(range(100_000))
    for name in CALLS:
        real = getattr(os, name)

        def call(*given: Any, _real: Any = real, **named: Any) -> Any:
            at = next(count)
            if at == place // 2 and place % 2 == 0:
                what()
            try:
                return _real(*given, **named)
            finally:
                if at == place // 2 and place % 2 == 1:
                    what()

        patch.setattr(os, name, call)


def settles(site: PilotSite, before: dict[str, str], files: list[Path]) -> bool:
    """Insist that a change that was stopped left either all as it was or a plain word; then finish it."""
    workspace = site.workspace
    begun = keys.change(workspace).exists()
    if begun:
        with pytest.raises(Refusal, match="Finish it with: pilotlens keys rotate"):
            keys.key(workspace, "vault")
    elif in_use(workspace) == before:
        assert left(workspace) == files
    else:
        assert left(workspace) == []
    known = len(set(rotations(workspace)))
    rotate(workspace)
    assert left(workspace) == []
    assert not set(in_use(workspace).values()) & set(before.values())
    assert not keys.change(workspace).exists()
    assert verify(workspace.ledger("first")) == ()
    assert len(rotations(workspace)) == (3 if begun or known == 0 else 6)
    return begun


@pytest.mark.parametrize("how", ["killed", errno.ENOSPC, errno.EIO])
def test_a_change_that_is_stopped_at_any_call_can_be_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str | int
) -> None:
    begun = stopped = 0
    for place in range(0, 400, 5):
        site = filled(PilotSite(Workspace(tmp_path / str(place)), load_text(PROTOCOL), "north"), stored)
        before, files = in_use(site.workspace), left(site.workspace)
        died = (_killed if how == "killed" else partial(_failed, int(how)))(site, monkeypatch, place)
        if not died:
            break
        stopped += 1
        begun += settles(site, before, files)
    assert stopped > 20
    assert stopped > begun > 5


def _killed(site: PilotSite, monkeypatch: pytest.MonkeyPatch, place: int) -> bool:
    child = os.fork()
    if not child:
        try:
            interrupted(monkeypatch, place, lambda: os._exit(9))
            rotate(site.workspace)
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1] != 0


def _failed(code: int, site: PilotSite, monkeypatch: pytest.MonkeyPatch, place: int) -> bool:
    def fail() -> None:
        failed.append(place)
        raise OSError(code, "failed")

    failed: list[int] = []
    with monkeypatch.context() as patch:
        interrupted(patch, place, fail)
        try:
            rotate(site.workspace)
        except Refusal as refusal:
            if "disk is full" in str(refusal) and code != errno.ENOSPC:
                raise
    return bool(failed)
