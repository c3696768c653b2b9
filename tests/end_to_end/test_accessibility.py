"""Every report that the demonstration makes can be read by everybody: axe-core on the web pages, PDF/UA on the PDFs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from defusedxml import ElementTree
from playwright.sync_api import Page
from pypdf import PdfReader

from pipelines.workspace import Workspace
from tests.end_to_end.browser import Watched, serious_faults

pytestmark = pytest.mark.slow

NARROW = {"width": 320, "height": 800}
"""WCAG 2.2, 1.4.10 Reflow: a page magnified to 400% is 320 CSS pixels wide."""
PDF_UA = "{http://www.aiim.org/pdfua/ns/id/}part"


@pytest.fixture(scope="module")
def reports(demo_workspace: Workspace) -> Path:
    return demo_workspace.reports_folder


@contextmanager
def _each(folder: Path, kind: str) -> Iterator[list[Path]]:
    """Give all reports of a kind; none at all would make every check below pass."""
    found = sorted(folder.rglob(f"*.{kind}"))
    assert {path.stem for path in found} >= {"report", "funder"}
    yield found


@pytest.mark.browser
def test_axe_finds_nothing_serious_in_any_web_page(reports: Path, session: Watched):
    with _each(reports, "html") as found:
        faults = {path.relative_to(reports): _serious(session.open(path.as_uri())) for path in found}
    assert {path: said for path, said in faults.items() if said} == {}


def _serious(page: Page) -> list[str]:
    found = serious_faults(page)
    page.close()
    return found


@pytest.mark.browser
def test_a_web_page_asks_for_nothing_but_itself(reports: Path, session: Watched):
    with _each(reports, "html") as found:
        for path in found:
            session.open(path.as_uri()).close()
    asked = {url for url in session.requests if not url.startswith(("data:", "blob:"))}
    assert asked == {path.as_uri() for path in found}


@pytest.mark.browser
def test_a_magnified_page_needs_no_scrolling_sideways(reports: Path, session: Watched):
    with _each(reports, "html") as found:
        wide = {path.relative_to(reports): _sticking_out(session, path) for path in found}
    assert {path: elements for path, elements in wide.items() if elements} == {}


def _sticking_out(session: Watched, path: Path) -> list[str]:
    """Return what is wider than a narrow page, unless the page as a whole stays within it."""
    page = session.context.new_page()
    page.set_viewport_size(NARROW)
    page.goto(path.as_uri())
    found = page.evaluate(
        """() => {
            const root = document.scrollingElement;
            if (root.scrollWidth <= root.clientWidth) return [];
            const out = e => e.getBoundingClientRect().right > root.clientWidth + 1;
            return [...document.body.querySelectorAll("*")].filter(out).slice(0, 5).map(e => e.outerHTML.slice(0, 120));
        }"""
    )
    page.close()
    return found


def test_numbers_in_tables_stay_whole_on_a_narrow_page(reports: Path, session: Watched):
    with _each(reports, "html") as found:
        broken = {path.relative_to(reports): _broken_numbers(session, path) for path in found}
    assert {path: numbers for path, numbers in broken.items() if numbers} == {}


def _broken_numbers(session: Watched, path: Path) -> list[str]:
    """Return numbers, and single words of headings, that stand on several lines."""
    page = session.context.new_page()
    page.set_viewport_size(NARROW)
    page.goto(path.as_uri())
    found = page.evaluate(
        r"""() => {
            const whole = /^([\u2212-]?[\d.,]+%?|[A-Za-z]+)$/;
            const range = document.createRange();
            const lines = e => { range.selectNodeContents(e); return range.getClientRects().length; };
            const cells = [...document.querySelectorAll(".table-wrap td, .table-wrap thead th")];
            const broken = e => whole.test(e.textContent.trim()) && !e.children.length && lines(e) > 1;
            return cells.filter(broken).slice(0, 5).map(e => e.textContent);
        }"""
    )
    page.close()
    return found


def test_pdfs_are_tagged_titled_and_declare_pdf_ua(reports: Path):
    with _each(reports, "pdf") as found:
        faults = {path.relative_to(reports): list(_missing(PdfReader(path))) for path in found}
    assert {path: said for path, said in faults.items() if said} == {}


def _missing(pdf: PdfReader) -> Iterator[str]:
    root = pdf.root_object
    if str(root.get("/Lang", "")).lower() != "en-gb":
        yield f"language is {root.get('/Lang')}"
    if not root.get("/MarkInfo", {}).get("/Marked"):
        yield "not tagged"
    if not (pdf.metadata and pdf.metadata.title):
        yield "no title"
    if not root.get("/ViewerPreferences", {}).get("/DisplayDocTitle"):
        yield "shows its file name instead of its title"
    if "1" not in _pdf_ua_part(root["/Metadata"].get_data()):
        yield "does not declare PDF/UA-1"


def _pdf_ua_part(xmp: bytes) -> set[str]:
    """Return the declared part of PDF/UA, which XMP may hold as an element or as an attribute."""
    tree = ElementTree.fromstring(xmp)
    return {e.text or "" for e in tree.iter(PDF_UA)} | {e.get(PDF_UA, "") for e in tree.iter()}
