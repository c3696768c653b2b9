"""Outcomes under seal: before the lock nothing shows more of one than whether it is known; the first look locks."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.findings import compute
from pipelines.protocol_lock import history, lock_protocol, locked, note_seen, open_outcomes, require_open
from pipelines.refusal import Refusal
from pipelines.release.audit import release_faults
from pipelines.told import Told
from pipelines.warehouse import open_warehouse
from pipelines.workspace import ROOT, Workspace
from tests.spec.locked_pilot import MARK, PROTOCOL, deliver, evidence, kinds, run, sentences, write

WAITS = PROTOCOL + "sealed_until_locked: true\n"
SHOWN = re.compile(rb"(?<![0-9A-Za-z.])(?:(?:700[0-9]{4}|7,00[0-9],[0-9]{3})(?![0-9A-Za-z])|7\.00[0-9]{3})")
"""Any earnings, any average or sum of few of them, however written; not seven signs in the middle of a hash."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run a pilot with two drops under seal, then openly, then again, then as of the first drop."""
    root = tmp_path_factory.mktemp("lived")
    workspace = write(root)
    deliver(root, "2026-03-31", 60)
    deliver(root, "2026-06-30", 80)
    found: dict[str, Any] = {"workspace": workspace, "before": locked(workspace, "work")}
    found["sealed told"] = run(replace(workspace, sealed=True))
    found["sealed"], found["sealed lines"] = evidence(workspace), kinds(workspace)
    found["masked"] = _values(workspace)
    with pytest.raises(Refusal, match="under seal"):
        compute(_locked_elsewhere(workspace), "outcomes")
    found["open told"], found["open"] = run(workspace), evidence(workspace)
    found["open lines"] = kinds(workspace)
    run(workspace)
    run(replace(workspace, as_of="2026-03-31"))
    found["all lines"] = kinds(workspace)
    return found


ASKING = {f"pipelines/findings/{name}.py" for name in ("frames", "hearing", "immortal_time")}
"""Modules that read values of outcomes: through `Making.outcomes`, which opens them or refuses."""
COUNTING = {
    "pipelines/findings/evidence_level.py",
    "pipelines/findings/linkage.py",
    "pipelines/findings/measures.py",
    "pipelines/validation/seal.py",
}
"""Modules that only ask for whom an outcome is due or known."""


def _locked_elsewhere(workspace: Workspace) -> Any:
    """Return the site as it is when somebody locks the protocol and then asks for the outcomes step alone."""
    other = Workspace(workspace.root / "copy")
    (other.root / "pilots").parent.mkdir(exist_ok=True)
    for name in ("pilots", "warehouse", "vault", "keys"):
        (other.root / name).symlink_to(workspace.root / name)
    return other.site("work", "north")


def _values(workspace: Workspace) -> dict[str, list[Any]]:
    """Return what an analyst who opens the warehouse finds of the outcome."""
    with open_warehouse(workspace.site("work", "north")) as connection:
        tables = ("validated.outcomes", "analysis.participants", "quarantine.outcomes")
        return {t: connection.execute(f"SELECT value FROM {t}").fetchnumpy()["value"].tolist() for t in tables}


def test_a_sealed_run_shows_no_outcome_anywhere(lived: dict[str, Any]) -> None:
    told: list[Told] = lived["sealed told"]
    assert not SHOWN.search(repr([asdict(one) for one in told]).encode())
    assert not SHOWN.search(repr(lived["sealed"]).encode())
    assert not [one for one in lived["sealed"]["findings"] if one["id"].startswith(("effect/", "doubts/"))]
    assert SHOWN.search(repr(lived["open"]).encode()), "the test would see an outcome if there were one"


def test_the_warehouse_of_a_sealed_run_knows_whether_outcomes_are_known_and_not_what_they_are(
    lived: dict[str, Any],
) -> None:
    for name, values in lived["masked"].items():
        assert all(value is None or value != value for value in values), name
    assert len(lived["masked"]["analysis.participants"]) == 80


def test_a_sealed_run_still_tells_who_came_what_is_missing_and_that_it_is_sealed(lived: dict[str, Any]) -> None:
    said = {one["id"]: one["sentence"] for one in lived["sealed"]["findings"]}
    assert {"flow/participants", "baseline/participants", "quality/checks", "difference/cases"} <= set(said)
    assert said["lock/protocol"] == (
        "The protocol is not locked yet. Outcomes are sealed in this run: process, quality and reach are shown,"
        " and no outcome was looked at."
    )
    assert not [c for one in lived["sealed"]["findings"] for c in one["result"].get("changes", []) if
                c["group"] == "outcome"]  # fmt: skip


def test_the_first_look_locks_and_nothing_is_written_twice(lived: dict[str, Any]) -> None:
    assert lived["before"] is None
    assert lived["sealed lines"] == ["release"]
    assert lived["open lines"] == ["release", "lock", "outcomes_seen", "release"]
    assert lived["all lines"] == lived["open lines"]
    found = locked(lived["workspace"], "work")
    assert found is not None
    assert (found.how, found.why, found.version) == ("look", "a run read outcomes for the first time", 1)
    said = {one["id"]: one["sentence"] for one in lived["open"]["findings"]}["lock/protocol"]
    assert "when a run read outcomes for the first time. Nothing was changed in it since: this is version 1." in said


def test_releases_are_held_against_the_ledger(lived: dict[str, Any]) -> None:
    workspace = lived["workspace"]
    assert release_faults(workspace, "work") == ()
    folder = workspace.root / "releases" / "work" / "north"
    (bundle,) = [path for path in folder.glob("*/evidence.json") if b"effect/earned" in path.read_bytes()]
    whole = bundle.read_bytes()
    bundle.chmod(0o644)
    bundle.write_bytes(whole.replace(b"Earnings", b"Savings."))
    (fault,) = release_faults(workspace, "work")
    assert "its files are not those that were released" in fault
    bundle.write_bytes(whole)
    bundle.parent.parent.chmod(0o755)
    bundle.parent.rename(folder / "forged")
    told = release_faults(workspace, "work")
    assert [fault.partition(", but ")[2] or fault for fault in told] == [
        "its folder is gone.", "The release forged of north is not in the ledger: run the site again.",
    ]  # fmt: skip
    (folder / "forged").rename(bundle.parent)


def test_a_protocol_that_waits_for_its_lock_is_sealed_until_then(tmp_path: Path) -> None:
    workspace = write(tmp_path, WAITS)
    deliver(tmp_path)
    run(workspace)
    assert kinds(workspace) == ["release"]
    assert "effect/earned/primary" not in sentences(workspace)
    assert sentences(workspace)["joint/work"]
    with pytest.raises(Refusal, match="pilotlens lock work"):
        require_open(workspace.site("work", "north"))
    lock_protocol(workspace, "work", "A. Reader", "the plan is agreed")
    run(workspace)
    assert kinds(workspace) == ["release", "lock", "outcomes_seen", "release"]
    assert "effect/earned/primary" in sentences(workspace)


def test_made_up_data_are_a_rehearsal_and_the_first_real_ones_lock(tmp_path: Path) -> None:
    tried = write(tmp_path, PROTOCOL + "synthetic: true\n").site("work", "north")
    open_outcomes(tried)
    note_seen(tried)
    assert kinds(tried.workspace) == ["rehearsal"]
    assert locked(tried.workspace, "work") is None
    real = write(tmp_path, PROTOCOL).site("work", "north")
    open_outcomes(real)
    assert kinds(real.workspace) == ["rehearsal", "lock"]
    assert history(real.workspace, "work").rehearsed


def test_made_up_data_count_once_somebody_has_locked_the_protocol(tmp_path: Path) -> None:
    site = write(tmp_path, PROTOCOL + "synthetic: true\n").site("work", "north")
    lock_protocol(site.workspace, "work", "A. Name", "to try the lock")
    open_outcomes(site)
    note_seen(site)
    assert kinds(site.workspace) == ["lock", "outcomes_seen"]


def test_every_reader_of_outcomes_asks_at_the_seal() -> None:
    """No query of the findings names a table with values of outcomes, but in the frames that ask for it."""
    holders = re.compile(r"(?:validated|quarantine)\.(?:outcomes|assessments|series)\b|analysis\.participants\b")
    readers = {}
    for path in sorted((ROOT / "pipelines").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        asked = [line for line in text.splitlines() if holders.search(line) and re.search(r"\b(FROM|JOIN)\b", line)]
        if asked:
            readers[path.relative_to(ROOT).as_posix()] = asked
    assert set(readers) <= ASKING | COUNTING
    for name in COUNTING:
        assert not re.search(r"\b(?:SELECT|,) (?:value|time|event)\b", (ROOT / name).read_text(encoding="utf-8")), name
    for name in ASKING:
        assert "making.outcomes(" in (ROOT / name).read_text(encoding="utf-8"), name
    assert "making.frame(" not in (ROOT / "pipelines/findings/frames.py").read_text(encoding="utf-8")


def test_marks_are_values_that_stand_nowhere_by_chance() -> None:
    assert SHOWN.fullmatch(str(MARK + 13 * 79).encode())
    assert not SHOWN.search(hashlib.sha256(b"a hash").hexdigest().encode())
