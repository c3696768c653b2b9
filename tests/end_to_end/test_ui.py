"""An evaluator's first hour: open the UI, run a site by hand, see its checks, read its report. And who is kept out."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipelines.demo import PILOTS, create
from tests.end_to_end.browser import Served, Watched, screenshot, serious_faults, served

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PILOT, SITE = "transitional-aid", "transitional-aid/baltimore"
A_RUN = 300_000
"""Milliseconds that one run of a site may take on a busy machine."""


@pytest.fixture(scope="module")
def ui(tmp_path_factory) -> Iterator[Served]:
    """The UI on a workspace with one pilot that was never run."""
    root = tmp_path_factory.mktemp("evaluation")
    create(root)
    for other in set(PILOTS) - {PILOT}:
        shutil.rmtree(root / "pilots" / other)
    with served(root) as running:
        yield running


@pytest.fixture
def page(ui: Served, session: Watched) -> Page:
    page = session.open(ui.link)
    page.wait_for_url(re.compile("/overview"))
    return page


def test_a_site_is_run_and_its_report_read_with_the_mouse_alone(page: Page, ui: Served, session: Watched):
    _launch(page)
    _see_the_run_succeed(page)
    _see_the_checks_green(page)
    _read_the_report(page, session)
    page.get_by_role("link", name="lineage Lineage", exact=True).click()
    for group in ("6_reports", "7_synthesis"):
        expect(page.get_by_text(group).first).to_be_visible()
    page.keyboard.press("Alt+e")  # opens every layer
    page.wait_for_timeout(3000)  # the graph moves into place
    screenshot(page, "ui-graph")
    assert session.outside() == []
    assert [line for line in ui.lines if "DEBUG" in line or "Warning" in line] == []


def _launch(page: Page) -> None:
    # From the lineage of everything Dagster launches a site and what follows for its pilot, in several runs; from the
    # job it launches the site alone.
    page.get_by_role("link", name="Jobs").click()
    page.get_by_role("link", name="evaluate_site").first.click()
    page.get_by_role("button", name="Materialize all").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Select a partition").click()
    page.get_by_text(SITE).filter(visible=True).last.click()
    dialog.get_by_text("Launch runs to materialize").click()  # closes the list
    screenshot(page, "ui-launch")
    _nobody_asks_who_we_are(page)
    dialog.get_by_role("button", name="Launch 1 run").click()
    expect(dialog).to_have_count(0, timeout=60_000)


def _see_the_run_succeed(page: Page) -> None:
    page.get_by_role("link", name="runs Runs", exact=True).click()
    ended = page.get_by_text(re.compile("^(Success|Failure)$")).first
    expect(ended).to_be_visible(timeout=A_RUN)
    expect(ended).to_have_text("Success")
    screenshot(page, "ui-run")


def _see_the_checks_green(page: Page) -> None:
    page.get_by_role("link", name="Catalog").click()
    page.goto(re.sub(r"/assets.*|/catalog.*", "", page.url) + "/assets/validated_cases?view=checks")
    expect(page.get_by_text("Passed", exact=True).first).to_be_visible(timeout=A_RUN)
    expect(page.get_by_text("Failed", exact=True)).to_have_count(0)
    screenshot(page, "ui-checks")


def _read_the_report(page: Page, session: Watched) -> None:
    page.goto(page.url.replace("/assets/validated_cases?view=checks", "/assets/reports_site"))
    link = page.get_by_role("link", name=re.compile(r"report\.html")).first
    expect(link).to_be_visible(timeout=30_000)
    screenshot(page, "ui-report-link")
    with session.context.expect_page() as opened:
        link.click()
    report = opened.value
    report.wait_for_load_state()
    expect(report.get_by_role("heading", level=1)).to_be_visible()
    assert "Baltimore" in report.content()
    screenshot(report, "report")


def _nobody_asks_who_we_are(page: Page) -> None:
    """Dagster's first page asks newcomers for their e-mail address unless told not to."""
    expect(page.get_by_placeholder(re.compile("e-?mail", re.IGNORECASE))).to_have_count(0)
    expect(page.locator("input[type=email]")).to_have_count(0)


def test_the_list_of_reports_opens_them(page: Page, ui: Served):
    page.goto(f"{ui.address}/pilotlens/reports/")
    expect(page.get_by_role("heading", name="Reports")).to_be_visible()
    screenshot(page, "reports")
    assert serious_faults(page) == []
    page.get_by_role("link", name="Evaluation report (web page)").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_page_cannot_fetch_from_outside_even_if_it_tries(page: Page):
    tried = """() => new Promise(done => {
        document.addEventListener("securitypolicyviolation", event => done(event.blockedURI));
        fetch("http://203.0.113.1/").catch(() => {});
        setTimeout(() => done("nothing was stopped"), 5000);
    })"""
    assert page.evaluate(tried) == "http://203.0.113.1/"


def test_a_browser_without_the_link_is_told_where_to_find_it(ui: Served, session: Watched):
    page = session.open(ui.address)
    expect(page.get_by_text("Open the link that Pilotlens printed")).to_be_visible()


@pytest.mark.parametrize(
    "path", ["/", "/graphql", "/graphql?query=%7Bversion%7D", "/pilotlens/reports/", "/server_info"]
)
def test_programs_without_the_cookie_get_nothing(ui: Served, path):
    assert _ask(ui, "GET", path)[0] == 403


def test_graphql_answers_the_session_by_post_and_never_by_get(ui: Served):
    own = {"Cookie": f"pilotlens_{_port(ui)}={ui.link.partition('token=')[2]}", "Content-Type": "application/json"}
    query = json.dumps({"query": "{ shouldShowNux }"})
    assert _ask(ui, "POST", "/graphql", query, own) == (200, '{"data":{"shouldShowNux":false}}')
    assert _ask(ui, "GET", "/graphql?query=%7Bversion%7D", None, own)[0] == 403
    assert _ask(ui, "POST", "/graphql", query, own | {"Origin": "http://elsewhere.example"})[0] == 403
    assert _ask(ui, "POST", "/graphql", query, own | {"Host": "rebound.example"})[0] == 403


def _port(ui: Served) -> int:
    return int(ui.address.rpartition(":")[2])


def _ask(ui: Served, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None):
    connection = HTTPConnection("127.0.0.1", _port(ui))
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    said = answer.read().decode()
    connection.close()
    return answer.status, said


def test_a_second_ui_on_the_same_workspace_is_refused_but_may_look_on_the_next_port(ui: Served):
    root = Path(ui.process.args[ui.process.args.index("--workspace") + 1])
    with pytest.raises(AssertionError, match="already open"), served(root):
        pass
    with served(root, "--read-only", port=_port(ui)) as looking:
        assert "is in use by another program; using" in "".join(looking.lines)
        assert looking.address != ui.address
        assert looking.stop() == 0


def test_it_stops_in_order(ui: Served):
    assert ui.stop() == 0
    assert "Pilotlens has stopped." in "".join(ui.lines)
