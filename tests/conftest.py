"""Fixtures that several kinds of tests share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from pipelines.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]

# The same examples at every run, so that a change is judged by what it changed; `make properties` looks for new ones.
settings.register_profile("seeded", derandomize=True)
settings.register_profile("searching", derandomize=False)
settings.load_profile("searching" if "PILOTLENS_NEW_EXAMPLES" in os.environ else "seeded")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a file's tests stay in one process; also those that share the demonstration pilots, which take minutes.

    They begin first, so that no process waits for them in the end.
    """
    for item in items:
        shared = "demonstration" if "demo_run" in getattr(item, "fixturenames", ()) else item.path.name
        item.add_marker(pytest.mark.xdist_group(shared))
    items.sort(key=lambda item: "demo_run" not in getattr(item, "fixturenames", ()))


def pilotlens(workspace: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would, in a process of its own."""
    command = [str(Path(sys.executable).with_name("pilotlens")), "--workspace", str(workspace), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PILOTLENS_", "DAGSTER_"))}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd, check=False)


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str]:
    """The demonstration pilots, run once by `pilotlens demo`, and everything it printed."""
    root = tmp_path_factory.mktemp("demo") / "workspace"
    done = pilotlens(root, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    return Workspace(root), done.stdout + done.stderr


@pytest.fixture(scope="session")
def demo_workspace(demo_run: tuple[Workspace, str]) -> Workspace:
    """The workspace of the demonstration pilots, run from drop to report; tests must not change it."""
    return demo_run[0]
