"""Somebody who wants to look first and plan later: what is refused, what every report then says.

What no program can prevent stands in pipelines/protocol_lock/LOCK.md.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from pipelines.findings.models import EffectResult
from pipelines.findings.outcomes import held_back
from pipelines.ledger import append
from pipelines.protocol import ProtocolFaults, load_text
from pipelines.protocol_lock import deviate, history, insist_recorded, lock_protocol, open_outcomes, unrecorded
from pipelines.refusal import Refusal
from pipelines.workspace import Workspace
from tests.spec import looked_at
from tests.spec.locked_pilot import PROTOCOL, deliver, run, sentences, write
from tests.spec.looked_at import look, protocol, taken

LOOKS = "looks: {planned: 2}\n"


def faults(text: str) -> str:
    with pytest.raises(ProtocolFaults) as caught:
        load_text(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("age: {title: Age, unit: years}", "earned: {title: Pay}", "the outcome earned is made from this field"),
        ("age: age, earned: pay", "age: pay, earned: pay", "the outcome earned is made from the same column"),
        ("value: earned,", "value: earned, baseline: age,", ""),
    ],
)
def test_an_outcome_cannot_be_shown_as_a_covariate(old: str, new: str, words: str) -> None:
    text = PROTOCOL.replace(old, new)
    assert text != PROTOCOL
    if words:
        assert words in faults(text)
    else:
        load_text(text)
        assert "the same column" in faults(text.replace("age: age, earned: pay", "age: pay, earned: pay"))


@pytest.mark.parametrize("looks", ["", LOOKS])
def test_where_looks_are_planned_an_outcome_is_neither_a_dose_nor_take_up(looks: str) -> None:
    component = "{name: Help, components: {pay: {title: Pay, measure: cases.earned}}}"
    dosed = PROTOCOL.replace("intervention: {name: Help with applications}", f"intervention: {component}") + looks
    taken_up = PROTOCOL.replace("earned: pay", "earned: pay, took: pay") + "take_up: {field: took}\n" + looks
    for text in (dosed, taken_up):
        if looks:
            assert "would be seen in every report before a look is due" in faults(text)
        else:
            load_text(text)


def test_a_second_outcome_of_the_same_field_waits_for_the_same_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days are made of the field of the primary outcome here, and are no outcome that the looks are for."""
    same = looked_at.PROTOCOL.replace("value: days", "value: housed").replace(", days: days", "")
    for text, waits in ((looked_at.PROTOCOL, False), (same, True)):
        monkeypatch.setattr(looked_at, "PROTOCOL", text)
        plan, root = protocol("{planned: 2}"), tmp_path / str(waits)
        result = look(root, plan, 80)["effect/days/secondary"].result
        assert isinstance(result, EffectResult)
        assert (result.value is None) == waits
        assert len(taken(root, "days")) == (not waits)
        with looked_at.at_drop(root, plan, 80) as making:
            assert ("first look is not due yet" in held_back(making, "days")) == waits
        with looked_at.at_drop(root, plan, 110) as making:
            assert held_back(making, "days") == ""


@pytest.fixture
def pilot(tmp_path: Path) -> Workspace:
    workspace = write(tmp_path)
    lock_protocol(workspace, "work", "A. Reader", "before the first drop")
    return workspace


def edited(pilot: Workspace, old: str, new: str) -> list[tuple[str, bool]]:
    write(pilot.root, PROTOCOL.replace(old, new))
    return [(one.key, one.material) for one in unrecorded(pilot, "work")]


def also(pilot: Workspace, name: str) -> None:
    """Put a second file into the newest drop, with other earnings."""
    folder = sorted((pilot.root / "pilots" / "work" / "drops").iterdir())[-1]
    shutil.copy(folder / "people.csv", folder / name)
    os.utime(folder / name, (time.time() - 60,) * 2)


def test_other_rows_cannot_be_chosen_by_naming_another_file(pilot: Workspace) -> None:
    deliver(pilot.root, people=4)
    also(pilot, "better.csv")
    assert edited(pilot, "file: people.csv", "file: better.csv") == [("extracts.people.file", True)]
    with pytest.raises(Refusal, match=r"extracts\.people\.file: better\.csv; it was people\.csv"):
        insist_recorded(pilot.site("work", "north"))
    folder = pilot.root / "pilots" / "work" / "drops" / "2026-03-31"
    (folder / "people.csv").unlink()
    assert edited(pilot, "file: people.csv", "file: better.csv") == [("extracts.people.file", False)]  # a new name


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("earned: pay}", "earned: {column: pay, codes: {'1': '2'}}}", "extracts.people.columns.earned.codes"),
        ("age: age,", "age: {column: age, codes: {'30': '60'}},", "extracts.people.columns.age.codes"),
        ("earned: pay}", "earned: {column: pay, missing: ['0']}}", "extracts.people.columns.earned.missing"),
        ("codes: [help]", "codes: [leaflet2]", "arms.treatment.codes"),
    ],
)
def test_codes_of_columns_are_part_of_the_plan(pilot: Workspace, old: str, new: str, key: str) -> None:
    changes = edited(pilot, old, new)
    assert (key, True) in changes or any(name.startswith(key) and material for name, material in changes)


def released(root: Path, ago: float) -> None:
    """Leave a release that was written so many seconds ago."""
    path = root / "releases" / "work" / "north" / "2026-03-31-0001" / "evidence.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    os.utime(path, (time.time() - ago,) * 2)


def test_a_ledger_that_was_deleted_is_missed_by_the_next_run(tmp_path: Path) -> None:
    workspace = write(tmp_path)
    lock_protocol(workspace, "work", "A. Reader", "agreed")
    released(tmp_path, 3600)
    append(workspace.ledger("work"), "release", {"place": "north", "release": "2026-03-31-0001", "manifest": "x"})
    insist_recorded(workspace.site("work", "north"))
    kept = {path: path.read_bytes() for path in (tmp_path / "ledger").glob("work.*")}
    for path in kept:
        path.unlink()
    write(tmp_path, PROTOCOL.replace("tier: primary", "tier: secondary"))
    with pytest.raises(Refusal, match="does not know the release"):
        insist_recorded(workspace.site("work", "north"))
    lock_protocol(workspace, "work", "A. Cheat", "a new beginning")
    with pytest.raises(Refusal, match="older than the ledger"):
        insist_recorded(workspace.site("work", "north"))
    for path, content in kept.items():
        path.write_bytes(content)
    with pytest.raises(Refusal, match=r"outcomes\.earned\.tier: secondary; it was primary"):
        insist_recorded(workspace.site("work", "north"))


def test_a_release_that_a_killed_run_did_not_note_stops_nobody(tmp_path: Path) -> None:
    workspace = write(tmp_path)
    lock_protocol(workspace, "work", "A. Reader", "agreed")
    released(tmp_path, 0)
    insist_recorded(workspace.site("work", "north"))


def test_files_whose_outcomes_were_seen_before_or_elsewhere_are_named(tmp_path: Path) -> None:
    """Tried out as made up before the lock, and run as another pilot: one run then says both."""
    workspace = write(tmp_path)
    deliver(tmp_path)
    (file,) = (tmp_path / "pilots" / "work" / "drops" / "2026-03-31").iterdir()
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    delivered = {"drop": "d", "sha256": "s", "files": [{"name": "people.csv", "bytes": 1, "sha256": sha256}]}
    append(workspace.ledger("other"), "drop_arrived", delivered)
    append(workspace.ledger("other"), "outcomes_seen", {"pilot": "other"})  # as earlier programs wrote it
    append(workspace.ledger("quiet"), "drop_arrived", delivered)
    append(workspace.ledger("work"), "drop_arrived", {**delivered, "drop": "2026-03-31"})
    append(workspace.ledger("work"), "rehearsal", {"pilot": "work"})
    run(workspace)
    said = sentences(workspace)["lock/protocol"]
    assert "outcomes of these very files" in said
    assert "also given to another pilot whose outcomes were looked at (other)" in said


def test_an_earlier_drop_under_a_later_date_is_no_other_evidence(tmp_path: Path) -> None:
    plan = protocol("{dates: [2026-06-30, 2026-12-31]}")
    first: dict[str, Any] = look(tmp_path, plan, 80, "2026-07-02")
    again = look(tmp_path, plan, 80, "2027-01-05")
    assert len(taken(tmp_path)) == 1
    assert first["effect/housed/primary"].result.value == again["effect/housed/primary"].result.value


def test_a_deviation_after_a_look_says_so_and_the_first_plan_is_kept(pilot: Workspace) -> None:
    open_outcomes(pilot.site("work", "north"))
    write(pilot.root, PROTOCOL.replace("value: earned", "value: earned2").replace("earned: pay", "earned2: pay"))
    deviate(pilot, "work", "A. Cheat", "a better outcome")
    told = history(pilot, "work")
    assert told.locked is not None
    assert told.locked.first["outcomes"]["earned"]["value"] == "earned"
    assert told.deviations[0].material
