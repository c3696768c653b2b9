"""The report on all sites of a pilot, made by the real jobs from the demonstration's released evidence."""

import html
import json
import re

import pypdf
import pytest

from pipelines.release.verify import verify_bundle
from pipelines.release.write import latest
from pipelines.synthesis.write import is_up_to_date
from pipelines.workspace import Workspace


def page_of(workspace: Workspace, pilot: str) -> str:
    text = (workspace.pilot(pilot).reports_folder / "pilot.html").read_text(encoding="utf-8")
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).replace("−", "-").split())


def result_of(workspace: Workspace, pilot: str, outcome: str) -> dict:
    evidence = json.loads((latest(workspace.pilot(pilot)) / "evidence.json").read_text(encoding="utf-8"))
    return next(f["result"] for f in evidence["findings"] if f["id"] == f"synthesis/{outcome}/primary")


def test_two_sites_stand_side_by_side_with_their_published_numbers(demo_workspace: Workspace) -> None:
    """Hosmer & Lemeshow 1999: -18.6 and -2.0 points; no average, and the lesson why in the annex."""
    result = result_of(demo_workspace, "residential-treatment", "relapse_180d")
    assert [site["value"] for site in result["sites"]] == pytest.approx([-0.185869, -0.020147], abs=5e-7)
    assert (result["pooled"], result["prediction"], result["verdict"]) == (None, None, "not pooled")
    (lesson,) = result["others"]
    assert (100 * lesson["lower"], 100 * lesson["upper"]) == pytest.approx((-116, 93), abs=0.5)
    page = page_of(demo_workspace, "residential-treatment")
    paper = demo_workspace.pilot("residential-treatment").reports_folder / "pilot.pdf"
    printed = " ".join(p.extract_text() for p in pypdf.PdfReader(paper).pages).replace("−", "-")
    for text in (page, " ".join(printed.split())):
        assert "Site A -18.6 per 100" in text
        assert "spread between sites cannot be estimated" in text
        assert "modified therapeutic community" in text


def test_three_sites_name_the_one_whose_figures_are_withheld(demo_workspace: Workspace) -> None:
    result = result_of(demo_workspace, "personal-fund", "eet_6m")
    left = {site["site"]: site["left_out"] for site in result["sites"] if site["left_out"]}
    withheld = {
        key
        for key in demo_workspace.protocol("personal-fund").sites
        if '"engine": "withheld"'
        in (latest(demo_workspace.site("personal-fund", key)) / "evidence.json").read_text(encoding="utf-8")
    }
    assert left.keys() <= withheld
    assert all("Too few people" in reason for reason in left.values())
    page = page_of(demo_workspace, "personal-fund")
    assert "Synthetic data: nobody in this report is real" in page
    assert all(site.title in page for site in demo_workspace.protocol("personal-fund").sites.values())


def test_the_bundles_are_whole_and_rest_on_the_newest_releases(demo_workspace: Workspace) -> None:
    for name in ("residential-treatment", "personal-fund"):
        pilot = demo_workspace.pilot(name)
        assert verify_bundle(latest(pilot)).site == ""
        assert is_up_to_date(pilot)


def test_a_pilot_in_one_site_has_no_such_report_and_is_told_why(demo_run: tuple[Workspace, str]) -> None:
    workspace, said = demo_run
    assert "transitional-aid runs in one site, so there is nothing to put together" in " ".join(said.split())
    assert not list(workspace.pilot("transitional-aid").reports_folder.glob("pilot.*"))
    assert not workspace.pilot("transitional-aid").releases_folder.exists()
