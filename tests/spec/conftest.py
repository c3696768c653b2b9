"""The demonstration pilots, run through the plain functions without Dagster and without reports."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.analysis import NOUNS as ANALYSED
from pipelines.analysis import build
from pipelines.demo import create
from pipelines.findings import NOUNS as FOUND
from pipelines.findings import compute
from pipelines.ingest import receive
from pipelines.release import release
from pipelines.validation.publish import NOUNS as VALIDATED
from pipelines.validation.publish import publish
from pipelines.workspace import PilotSite, Workspace

RECEIVED = ("cases", "events", "assessments", "series", "contacts", "spend", "consents", "documents", "codings")


def run(site: PilotSite) -> None:
    """Run one site from its drop to its release."""
    for noun in RECEIVED:
        receive(site, noun)
    for noun in VALIDATED:
        assert not publish(site, noun).refusal
    for noun in ANALYSED:
        build(site, noun)
    for noun in FOUND:
        compute(site, noun)
    release(site)


@pytest.fixture(scope="session")
def plain_demo(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """LIFE, both sites of UIS and one site of the personal fund, released; tests must not change them."""
    root = tmp_path_factory.mktemp("plain-demo")
    create(root)
    settled = time.time() - 60
    for path in root.rglob("*"):
        if path.is_file():
            os.utime(path, (settled, settled))
    workspace = Workspace(root)
    sites = {
        "transitional-aid": ["baltimore"],
        "residential-treatment": ["site-a", "site-b"],
        "personal-fund": ["northmoor"],
    }
    for pilot, names in sites.items():
        for name in names:
            run(workspace.site(pilot, name))
    return workspace


@pytest.fixture(scope="session")
def fund_folder(plain_demo: Workspace) -> Path:
    """The folder of the personal fund pilot."""
    return plain_demo.pilot_folder("personal-fund")


@pytest.fixture
def table() -> Any:
    """Return a function that makes a table of people's numbers."""
    with duckdb.connect(config={"threads": 1}) as connection:

        def filled(numbers: list[str]) -> Any:
            connection.execute('CREATE OR REPLACE TABLE t AS SELECT unnest(?) AS "is person"', [numbers])
            return connection

        yield filled
