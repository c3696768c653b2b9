"""Fixtures that several kinds of tests share."""

import fcntl
import gc
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import settings

from pipelines.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]

# As the command does (assets.cli): looking for garbage among what libraries keep for good took a tenth of the time.
gc.set_threshold(50_000, 20, 50)

# The same examples at every run, so that a change is judged by what it changed; `make properties` looks for new ones.
settings.register_profile("seeded", derandomize=True)
settings.register_profile("searching", derandomize=False)
settings.load_profile("searching" if "PILOTLENS_NEW_EXAMPLES" in os.environ else "seeded")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first, so that neither of two processes is left alone with one at the end.

    One file that needs the demonstration pilots begins, and the others follow when the rest of the long ones are done:
    none then waits for them.
    """
    needy = list(dict.fromkeys(item.path for item in items if "demo_run" in getattr(item, "fixturenames", ())))
    items.sort(key=lambda item: _turn(item.path, needy))


def _turn(path: Path, needy: Sequence[Path]) -> int:
    if path in needy:
        return 2 if needy.index(path) else 0
    return next((turn for folder, turn in (("end_to_end", 1), ("properties", 3)) if folder in path.parts), 4)


def pilotlens(workspace: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would, in a process of its own."""
    command = [str(Path(sys.executable).with_name("pilotlens")), "--workspace", str(workspace), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PILOTLENS_", "DAGSTER_"))}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd, check=False)


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str]:
    """The demonstration pilots, run once by `pilotlens demo`, and everything it printed.

    Two processes that share the tests share this run as well: whoever comes second waits.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demonstration"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = shared / "said.txt"
        if not said.exists():
            done = pilotlens(shared / "workspace", "demo")
            assert done.returncode == 0, done.stdout + done.stderr
            said.write_text(done.stdout + done.stderr, "utf-8")
    return Workspace(shared / "workspace"), said.read_text("utf-8")


@pytest.fixture(scope="session")
def demo_workspace(demo_run: tuple[Workspace, str]) -> Workspace:
    """The workspace of the demonstration pilots, run from drop to report; tests must not change it."""
    return demo_run[0]
