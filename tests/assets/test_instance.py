"""Dagster's settings: nothing calls home, nothing of a library's output is kept, and a user's changes stay."""

import stat
from pathlib import Path

import dagster as dg
import pytest

from assets.instance import open_instance, prepare
from pipelines.workspace import Workspace


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("PILOTLENS_WORKSPACE", "")
    return Workspace(tmp_path / "workspace")


def test_settings_are_what_dagster_reads(here: Workspace) -> None:
    with open_instance(here) as instance:
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert instance.run_monitoring_enabled
        assert instance.run_retries_enabled
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 2  # type: ignore[union-attr]
        assert type(instance.compute_log_manager).__name__ == "NoOpComputeLogManager"
        assert isinstance(instance, dg.DagsterInstance)
        assert Path(instance.root_directory) == here.dagster_home


def test_the_folder_is_its_owners(here: Workspace) -> None:
    assert stat.S_IMODE(prepare(here).stat().st_mode) == 0o700


def test_what_a_user_changed_is_kept(here: Workspace) -> None:
    settings = prepare(here) / "dagster.yaml"
    settings.write_text("telemetry: {enabled: false}\n")
    prepare(here)
    assert settings.read_text() == "telemetry: {enabled: false}\n"


def test_the_event_log_uses_its_engine_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster makes one by this name for each statement; a release that no longer does makes our detour needless."""
    from dagster._core.storage.event_log.sqlite import sqlite_event_log

    with open_instance(workspace) as instance:
        instance.get_latest_materialization_event(dg.AssetKey("raw_cases"))
        made: list[str] = []
        monkeypatch.setattr(sqlite_event_log.create_engine, "_create_engine", made.append)
        for name in ("raw_cases", "raw_spend"):
            instance.get_latest_materialization_event(dg.AssetKey(name))
        assert made == []
        sqlite_event_log.create_engine("sqlite:///elsewhere.db")
        assert made == ["sqlite:///elsewhere.db"]
