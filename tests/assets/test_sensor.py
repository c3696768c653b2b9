"""A drop is run once, when its files have stopped changing, and known by its bytes."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import dagster as dg
import pytest

from pipelines.workspace import Workspace

KEYS = {"first-pilot/north", "first-pilot/south"}


class Ticks:
    """The daemon's part: evaluates the sensor with its own cursor and starts what it asks for, each run key once."""

    def __init__(self, definitions: ModuleType, instance: dg.DagsterInstance) -> None:
        self.definitions, self.instance, self.cursor = definitions, instance, ""
        self.run_keys: set[str] = set()
        self.skipped = ""

    def tick(self) -> list[str]:
        """Return the sites whose runs one tick starts."""
        repository = self.definitions.defs.get_repository_def()
        with dg.build_sensor_context(self.instance, self.cursor, repository_def=repository) as context:
            result = self.definitions.new_drops.evaluate_tick(context)
        self.cursor, self.skipped = result.cursor, result.skip_message or ""
        new = [request for request in result.run_requests if request.run_key not in self.run_keys]
        self.run_keys |= {str(request.run_key) for request in new}
        return [str(request.partition_key) for request in new]


@pytest.fixture
def instance(assets: ModuleType, workspace: Workspace) -> Iterator[dg.DagsterInstance]:
    from assets.instance import open_instance

    with open_instance(workspace) as opened:
        yield opened


@pytest.fixture
def ticks(assets: ModuleType, instance: dg.DagsterInstance) -> Ticks:
    return Ticks(assets, instance)


@pytest.fixture
def drops(workspace: Workspace) -> Path:
    return workspace.pilot_folder("first-pilot") / "drops"


def test_a_drop_is_run_on_the_second_tick_and_never_again(ticks: Ticks) -> None:
    assert ticks.tick() == []
    assert "Waiting until these have stopped changing: first-pilot/2026-01-05" in ticks.skipped
    assert set(ticks.tick()) == KEYS
    assert ticks.tick() == []
    assert ticks.skipped == "No new drop."


def test_a_growing_file_is_waited_for(ticks: Ticks, drops: Path) -> None:
    for line in range(3):
        with (drops / "2026-01-05" / "cases.csv").open("a") as file:
            file.write(f"C-{line}\n")
        assert ticks.tick() == []
    assert set(ticks.tick()) == KEYS


def test_a_half_written_drop_is_not_run(ticks: Ticks, drops: Path) -> None:
    ticks.tick(), ticks.tick()
    part = drops / "2026-02-05" / "cases.csv.part"
    part.parent.mkdir()
    part.write_text("Case number\n")
    assert [ticks.tick() for _ in range(3)] == [[], [], []]
    part.rename(part.with_suffix(""))
    assert ticks.tick() == []
    assert set(ticks.tick()) == KEYS


def test_the_same_bytes_again_are_not_run_again(ticks: Ticks, drops: Path) -> None:
    ticks.tick(), ticks.tick()
    shutil.copytree(drops / "2026-01-05", drops / "2026-02-05")
    assert [ticks.tick() for _ in range(3)] == [[], [], []]


def test_a_corrected_file_of_the_same_name_is_run(ticks: Ticks, drops: Path) -> None:
    ticks.tick(), ticks.tick()
    corrected = drops / "2026-01-05" / "cases.csv"
    corrected.write_text(corrected.read_text().replace("fund", "usual", 1))
    assert ticks.tick() == []
    assert set(ticks.tick()) == KEYS


def test_what_the_command_has_run_is_not_run_again(
    ticks: Ticks, steps: object, run: object, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.ingest.drops import Drop
    from pipelines.told import Told

    # The command leaves a drop untagged that was written in the last seconds; this one was made just now.
    monkeypatch.setattr(Drop, "settled", property(lambda _drop: True))
    steps(lambda _site, asset: Told(f"{asset}."))  # type: ignore[operator]
    run("first-pilot/north")  # type: ignore[operator]
    assert ticks.tick() == []
    assert ticks.tick() == ["first-pilot/south"]


def test_a_cursor_of_another_version_is_forgotten(ticks: Ticks) -> None:
    ticks.cursor = '{"first-pilot": 12.5}'
    assert ticks.tick() == []
    assert set(ticks.tick()) == KEYS


def test_a_new_pilot_is_announced(ticks: Ticks, workspace: Workspace) -> None:
    import datetime as dt

    from pipelines.protocol.scaffold import scaffold

    scaffold(workspace, "second-pilot", dt.date(2026, 1, 5))
    ticks.tick()
    assert "second-pilot" in ticks.skipped


def test_a_changed_register_is_run_once_it_has_stopped_changing(ticks: Ticks, workspace: Workspace) -> None:
    ticks.tick(), ticks.tick()
    register = workspace.pilot_folder("first-pilot") / "learning.csv"
    register.write_text("id,date,question,evidence,decision,owner\n")
    assert ticks.tick() == []
    with register.open("a") as file:
        file.write("a,2026-01-06,Why?,Chart,Texts,Lead\n")
    assert ticks.tick() == []
    assert set(ticks.tick()) == KEYS
    assert ticks.tick() == []
    register.touch()
    assert [ticks.tick() for _ in range(2)] == [[], []]


def test_a_decision_against_a_light_is_run_when_it_is_recorded(ticks: Ticks, workspace: Workspace) -> None:
    from pipelines.protocol_lock import deviate, lock_protocol

    lock_protocol(workspace, "first-pilot", "A. Reader", "agreed")
    ticks.tick(), ticks.tick()
    path = workspace.pilot_folder("first-pilot") / "protocol.yml"
    override = "progression:\n  overrides: [{of: overall, decision: go, who: Board, why: Need, on: 2026-01-06}]\n"
    path.write_text(path.read_text() + override)
    assert [ticks.tick() for _ in range(3)] == [[], [], []]  # a run would be refused
    deviate(workspace, "first-pilot", "A. Lead", "the board met")
    assert ticks.tick() == []
    assert set(ticks.tick()) == KEYS
