"""Correction lists of the demonstration: everybody can read them, and they hold nobody's name or number."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page

from pipelines.demo import identifiers
from pipelines.workspace import Workspace
from tests.end_to_end.browser import Watched, serious_faults

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(demo_workspace: Workspace) -> list[Path]:
    found = sorted((demo_workspace.root / "corrections").rglob("*.html"))
    assert len(found) > 1
    return found


@pytest.mark.browser
def test_axe_finds_nothing_serious_and_nothing_is_asked_for(pages: list[Path], session: Watched):
    assert {path: said for path in pages if (said := _serious(session.open(path.as_uri())))} == {}
    asked = {url for url in session.requests if not url.startswith(("data:", "blob:"))}
    assert {path.as_uri() for path in pages} <= asked
    assert not [url for url in asked if not url.startswith("file:")]


def _serious(page: Page) -> list[str]:
    page.set_viewport_size({"width": 320, "height": 800})
    found = serious_faults(page)
    if page.evaluate("document.documentElement.scrollWidth") > 320:
        found.append("scrolls sideways")
    page.close()
    return found


def test_no_identifier_is_in_a_list_also_where_it_is_packed(pages: list[Path]):
    planted = {one for one in identifiers() if len(one) > 3}
    for path in pages:
        with zipfile.ZipFile(path.with_suffix(".xlsx")) as packed:
            texts = [packed.read(name).decode() for name in packed.namelist()]
        assert not [one for one in planted if any(one in text for text in (*texts, path.read_text(encoding="utf-8")))]
