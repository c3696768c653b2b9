"""The command in a process of its own, which is a fork of one that has imported everything already.

How the command starts, from the shell and with an interpreter of its own, is in tests.conftest: the demonstration, the
README's example and the studies of people begin there.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

# A fork of a server that has imported everything: a kill then hits the work, and not the import before it.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.end_to_end.preloaded"])


def pilotlens(workspace: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as `tests.conftest.pilotlens` does, from its words to its exit code."""
    words = ["--workspace", str(workspace), *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PILOTLENS_", "DAGSTER_"))}
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said", Path(folder) / "complained"
        process = FORKS.Process(target=_main, args=(words, kept, cwd or Path.cwd(), said))
        process.start()
        process.join()
        out, err = (path.read_text(encoding="utf-8") if path.exists() else "" for path in said)
    return subprocess.CompletedProcess(words, process.exitcode or 0, out, err)


def _main(words: list[str], environment: Mapping[str, str], cwd: Path, said: tuple[Path, Path]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    for number, path in enumerate(said, 1):
        file = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)  # what programs print that the command starts is caught as well
        os.close(file)
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    sys.argv = ["pilotlens", *words]
    from assets.cli import main

    main()
