"""What Dagster costs: a site's whole job against the same functions called one after the other, in one process.

Prints ratios of times within one run; the machine is shared, so a test never asserts seconds.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.demo import create
from pipelines.workspace import PilotSite, Workspace

PILOT, SITE = "transitional-aid", "baltimore"
ROUNDS = 3


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def by_hand(site: PilotSite) -> None:
    """Call what the assets call, in the order of the data."""
    from assets import analysis, findings, raw, validated
    from pipelines import analysis as analysing
    from pipelines.findings import compute
    from pipelines.ingest import receive
    from pipelines.release import release
    from pipelines.reporting.publish import publish as report
    from pipelines.validation.publish import publish

    for noun in raw.ROWS:
        receive(site, noun)
    for noun in validated.ROWS:
        publish(site, noun)
    for noun in analysis.ROWS:
        analysing.build(site, noun)
    # Questions rest on the findings of outcomes and themes, so they come last.
    for noun in sorted(findings.ROWS, key=lambda noun: noun == "questions"):
        compute(site, noun)
    release(site)
    for audience in ("site", "funder"):
        report(site, audience)


def measure(root: Path) -> str:
    """Time both ways in turn and return the ratios in words."""
    from assets.running import run_sites

    workspace = Workspace(root)
    site = workspace.site(PILOT, SITE)

    def job() -> None:
        outcomes = list(run_sites(workspace, [site.key], lambda _key, _step: None))
        if [outcome.result for outcome in outcomes] != ["done"]:
            raise SystemExit(f"the job did not end well: {outcomes[0].words}")

    job()  # imports, and the keys and files of the first run
    by_hand(site)
    ratios = [ours / bare for ours, bare in [(seconds(job), seconds(lambda: by_hand(site))) for _ in range(ROUNDS)]]
    each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    return f"Dagster job / same functions called directly: {statistics.median(ratios):.2f} (of {each})"


def test_job_against_functions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "workspace"
    create(root)
    # A process of its own: partitions are read from the workspace when definitions are first loaded.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PILOTLENS_", "DAGSTER_"))}
    environment = {**kept, "PILOTLENS_WORKSPACE": str(root), "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command = [sys.executable, __file__, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    with capsys.disabled():
        print(f"\n{done.stdout.strip()}")
    assert done.returncode == 0, done.stderr
    assert "Dagster job / same functions" in done.stdout


if __name__ == "__main__":
    print(measure(Path(sys.argv[1])))
