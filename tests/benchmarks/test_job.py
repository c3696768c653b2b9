"""What Dagster costs: a site's whole job against the same functions called one after the other, in one process.

Prints ratios of times within one run; the machine is shared, so a test never asserts seconds.
"""

import statistics
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


def test_job_against_functions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from assets.running import run_sites

    workspace = Workspace(tmp_path / "workspace")
    create(workspace.root)
    site = workspace.site(PILOT, SITE)

    def job() -> None:
        outcomes = list(run_sites(workspace, [site.key], lambda _key, _step: None))
        assert [outcome.result for outcome in outcomes] == ["done"]

    job()  # imports, and the keys and files of the first run
    by_hand(site)
    pairs = [(seconds(job), seconds(lambda: by_hand(site))) for _ in range(ROUNDS)]
    ratios = [ours / bare for ours, bare in pairs]
    with capsys.disabled():
        each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"\nDagster job / same functions called directly: {statistics.median(ratios):.2f} (of {each})")
    assert all(ratio > 0 for ratio in ratios)
