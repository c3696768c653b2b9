"""A workspace with a made-up pilot, definitions that see it, and steps that do nothing but tell."""

import datetime as dt
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipelines.protocol.scaffold import scaffold
from pipelines.told import Told
from pipelines.workspace import PilotSite, Workspace

PILOT = "first-pilot"
STEPS = {
    "raw": ("pipelines.ingest", "receive"),
    "validated": ("pipelines.validation.publish", "publish"),
    "analysis": ("pipelines.analysis", "build"),
    "findings": ("pipelines.findings", "compute"),
    "released": ("pipelines.release", "release"),
    "reports": ("pipelines.reporting.publish", "publish"),
}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """One made-up pilot in the sites north and south; the environment points at it and is put back afterwards."""
    found = Workspace(tmp_path / "workspace")
    scaffold(found, PILOT, dt.date(2026, 1, 5))
    monkeypatch.setenv("PILOTLENS_WORKSPACE", str(found.root))
    monkeypatch.setenv("DAGSTER_HOME", str(found.dagster_home))
    return found


@pytest.fixture
def assets(workspace: Workspace) -> Iterator[ModuleType]:
    """Definitions are made when they are imported, so each workspace imports them afresh."""
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "assets"}
    yield importlib.import_module("assets.definitions")
    for name in [name for name in sys.modules if name.partition(".")[0] == "assets"]:
        del sys.modules[name]
    sys.modules.update(before)


Work = Callable[[PilotSite, str], Told]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Callable[[Work], None]:
    """Return what replaces the work of every step by one function of site and asset."""

    def replace(work: Work) -> None:
        for layer, (module, function) in STEPS.items():
            monkeypatch.setattr(importlib.import_module(module), function, _step(layer, work))

    return replace


def _step(layer: str, work: Work) -> Callable[..., Told]:
    def step(site: PilotSite, noun: str = "evidence") -> Told:
        return work(site, f"{layer}_{noun}")

    return step


@pytest.fixture
def run(assets: ModuleType, workspace: Workspace) -> Callable[..., dict[str, Any]]:
    """Return what runs sites as `pilotlens run` does, and gives their outcomes by key."""

    def run_them(*keys: str, only: tuple[str, ...] = ()) -> dict[str, Any]:
        from assets.running import chosen, run_sites

        keys = keys or chosen(workspace, None)
        return {outcome.key: outcome for outcome in run_sites(workspace, keys, lambda _key, _step: None, only)}

    return run_them
