"""What stands in the way of ingest from outside: full disks, no rights, files in use. It is said in plain words.

Kills at random moments are in end_to_end/test_faults.
"""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.ingest import receive
from pipelines.refusal import Refusal, Unusable
from pipelines.validation.publish import publish
from pipelines.warehouse import connect, open_warehouse
from pipelines.workspace import PilotSite, Workspace
from tests.end_to_end import killing
from tests.end_to_end.killing import FIRST, PILOT, SECOND, deliver, ingest_and_validate, left_behind, state

PLAIN = ("full", "written", "made", "in use", "opened")
"""One of these words says what it is."""


ALL = os.environ.get("PILOTLENS_ALL_FAULTS") == "1"


@pytest.fixture(scope="module")
def arrived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One drop is published, and another one, larger, has arrived; tests work on copies."""
    made = killing.made(tmp_path_factory.mktemp("arrived") / "workspace")
    ingest_and_validate(made.root)
    deliver(made, SECOND, people=400)
    return made.root


@pytest.fixture(scope="module")
def both_published(arrived: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The second drop is published too; tests work on copies."""
    root = copied(arrived, tmp_path_factory.mktemp("both"))
    ingest_and_validate(root)
    return root


def copied(root: Path, into: Path) -> Path:
    """Return a copy of a workspace, with the times of its files."""
    return Path(shutil.copytree(root, into / "workspace"))


@pytest.fixture
def workspace(arrived: Path, tmp_path: Path) -> Workspace:
    """A workspace in which a second drop has arrived."""
    return Workspace(copied(arrived, tmp_path))


@pytest.fixture
def site(workspace: Workspace) -> PilotSite:
    return workspace.site(PILOT, "north")


def said_in_a_child(before: Callable[[], None], work: Callable[[], object]) -> str:
    """Do work in a fork, under conditions that cannot be taken back; return what it refused with, or "done"."""
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        said = "done"
        try:
            before()
            work()
        except Unusable as refusal:
            said = f"unusable: {refusal}"
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(there, said.encode()[:4000])
        os._exit(0)
    os.close(there)
    with open(here, "rb") as told:
        said = told.read().decode()
    os.waitpid(child, 0)
    return said


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".lock")
    }


# ---- full disks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kilobytes", [0, 1, 4, 16, 64] if ALL else [0, 16])
def test_a_disk_that_fills_up_is_said_and_changes_no_table(
    workspace: Workspace, site: PilotSite, kilobytes: int
) -> None:
    before = state(site)

    def no_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then writing fails, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024,) * 2)

    said = said_in_a_child(no_room, lambda: ingest_and_validate(workspace.root))
    assert said.startswith("unusable: "), said
    assert "full" in said or "cannot be" in said, said
    assert "Traceback" not in said
    found = state(site)
    if not ALL and kilobytes == 0:
        assert killing.mixed(before, found, before) == []
        return
    ingest_and_validate(workspace.root)
    after = state(site)
    assert killing.mixed(before, found, after) == []
    assert after["validated cases"] != before["validated cases"]
    assert left_behind(workspace) == []


# ---- without rights -------------------------------------------------------------------------------------------------


NOBODY = 65534


def become_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without rights")


def owned_by_nobody(root: Path, but: str) -> None:
    for folder in root.parents:
        if folder.stat().st_uid == 0 and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    for path in [root, *root.rglob("*")]:
        if not path.is_relative_to(root / but):
            os.chown(path, NOBODY, NOBODY)
        else:
            path.chmod(0o755 if path.is_dir() else 0o644)


@needs_root
@pytest.mark.parametrize("folder", ["warehouse", "vault", "ledger"])
def test_a_folder_that_may_only_be_read_is_said_and_nothing_changes(
    workspace: Workspace, site: PilotSite, folder: str
) -> None:
    before = state(site)
    owned_by_nobody(workspace.root, folder)
    then = files(workspace.root / folder)
    said = said_in_a_child(become_nobody, lambda: ingest_and_validate(workspace.root))
    assert said.startswith("unusable: "), said
    assert files(workspace.root / folder) == then
    assert state(site)["validated cases"] == before["validated cases"]


@needs_root
def test_an_unreadable_drop_is_said(workspace: Workspace, site: PilotSite) -> None:
    owned_by_nobody(workspace.root, "nothing")
    path = workspace.pilot_folder(PILOT) / "drops" / SECOND / "cases.csv"
    os.chown(path, 0, 0)
    path.chmod(0o600)
    said = said_in_a_child(become_nobody, lambda: receive(site, "cases"))
    assert said.startswith("Refusal: ")
    assert "cases.csv" in said


# ---- in use ---------------------------------------------------------------------------------------------------------


def test_a_site_in_use_is_said_after_the_wait_and_nothing_changes(
    site: PilotSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.encrypted_files.time.sleep", lambda _seconds: None)
    monkeypatch.setitem(open_warehouse.__wrapped__.__kwdefaults__, "wait", 0.3)  # type: ignore[attr-defined]
    before = state(site)
    with open_warehouse(site):
        for work in (lambda: receive(site, "cases"), lambda: publish(site, "cases")):
            with pytest.raises(Unusable, match="is in use by another program"):
                work()
    assert {step: one for step, one in state(site).items() if "vault" not in step} == {
        step: one for step, one in before.items() if "vault" not in step
    }


# ---- overflow -------------------------------------------------------------------------------------------------------


def test_two_connections_that_overflow_at_once_do_not_meet(site: PilotSite) -> None:
    connections = [connect(site) for _ in range(2)]
    for number, connection in enumerate(connections):
        connection.execute("SET memory_limit = '60MB'")
        connection.execute(
            f"CREATE TEMP TABLE big AS SELECT '{number} ' || range AS a, hash(range) AS b FROM range(1500000)"
        )
    for number, connection in enumerate(connections):
        query = "SELECT count(*) FROM big WHERE a = ? || ' ' || rowid AND b = hash(rowid)"
        assert connection.execute(query, [str(number)]).fetchone() == (1_500_000,)
    for connection in connections:
        connection.close()
    assert list((site.workspace.root / "warehouse" / ".spill").iterdir()) == []


def test_the_overflow_of_a_killed_process_is_removed_and_that_of_a_living_one_is_not(site: PilotSite) -> None:
    spill = site.workspace.root / "warehouse" / ".spill"
    for name in (f"{os.getpid()}-x", "4194999-x", "old"):
        (spill / name).mkdir()
        (spill / name / "duckdb_temp_storage-0.tmp").write_bytes(b"x")
    (spill / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"from an earlier version")
    connect(site).close()
    assert [path.name for path in spill.iterdir()] == [f"{os.getpid()}-x"]


# ---- half a delivery ------------------------------------------------------------------------------------------------


def again(site: PilotSite, noun: str) -> None:
    """Receive and publish everything again, or in the short form the one noun whose file was cut."""
    if ALL:
        ingest_and_validate(site.workspace.root)
    else:
        receive(site, noun)
        assert not publish(site, noun).refusal


CUTS = [(name, share) for name in ("cases.csv", "more.zip", "events.csv") for share in (0.0, 0.5)]


@pytest.mark.parametrize(
    ("name", "share"), CUTS if ALL else [("cases.csv", 0.5), ("more.zip", 0.5), ("events.csv", 0.0)]
)
def test_a_file_cut_short_is_read_as_it_is_or_refused_and_never_taken_for_the_whole(
    both_published: Path, tmp_path: Path, name: str, share: float
) -> None:
    workspace = Workspace(copied(both_published, tmp_path))
    site = workspace.site(PILOT, "north")
    before = state(site)
    path = workspace.pilot_folder(PILOT) / "drops" / SECOND / name
    whole = path.read_bytes()
    cut = whole[: int(len(whole) * share)]
    killing.written(path, cut[:-3] if name == "cases.csv" and cut else cut)
    noun = {"cases.csv": "cases", "more.zip": "contacts", "events.csv": "events"}[name]
    with pytest.raises(Refusal, match=name):
        again(site, noun)
    after = state(site)
    assert after[f"raw {noun}"] == before[f"raw {noun}"]
    killing.written(path, whole)
    again(site, noun)
    assert {step: one for step, one in state(site).items() if "raw" not in step} == {
        step: one for step, one in before.items() if "raw" not in step
    }
    assert FIRST < SECOND
