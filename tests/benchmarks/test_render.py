"""What a report costs: rendering against the parts it calls (running the cells, pandoc, Typst), in one run.

Prints shares of the whole; a test never asserts seconds.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.demo import create
from pipelines.release.write import latest
from pipelines.reporting.reports import render_reports
from pipelines.workspace import Workspace
from tests.conftest import pilotlens

PARTS = {"run": "cells", "convert": "pandoc", "typeset": "Typst"}


def timed(name: str, work: Callable[..., Any], spent: dict[str, float]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return work(*arguments, **named)
        finally:
            spent[name] += time.perf_counter() - start

    return call


def test_rendering_against_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipelines.reporting.renderer import embedded

    workspace = Workspace(tmp_path / "workspace")
    create(workspace.root)
    done = pilotlens(workspace.root, "run", "personal-fund/northmoor")
    assert done.returncode == 0, done.stdout + done.stderr
    bundle = latest(workspace.site("personal-fund", "northmoor"))
    render_reports(bundle, tmp_path, "site")  # imports and caches
    spent: dict[str, float] = defaultdict(float)
    for name in PARTS:
        monkeypatch.setattr(embedded, name, timed(name, getattr(embedded, name), spent))
    start = time.perf_counter()
    html, pdf = render_reports(bundle, tmp_path, "site")
    whole = time.perf_counter() - start
    shares = {name: spent[name] / whole for name in PARTS}
    with capsys.disabled():
        listed = ", ".join(f"{PARTS[name]} {share:.0%}" for name, share in shares.items())
        print(f"\nRendering a site report, HTML and PDF: whole / parts = {whole / sum(spent.values()):.2f} ({listed})")
    assert html.exists()
    assert pdf.exists()
    assert all(share > 0 for share in shares.values())
