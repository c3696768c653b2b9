"""The published numbers stand in the bundle, in the HTML and in the PDF, found by the same id."""

import html
import json
import re

import pypdf
import pytest

from pipelines.release.write import latest
from pipelines.workspace import Workspace

# Rossi, Berk & Lenihan 1980 (48/216 v 66/216); Hosmer & Lemeshow 1999, UIS (91/202 v 126/198 and 38/84 v 43/91), with
# the standard errors of unequal variances.
PUBLISHED = [
    ("transitional-aid", "baltimore", "effect/rearrest_52w/primary", -0.083333, 0.042318, (48, 216, 66, 216)),
    ("residential-treatment", "site-a", "effect/relapse_180d/primary", -0.185869, 0.049053, (91, 202, 126, 198)),
    ("residential-treatment", "site-b", "effect/relapse_180d/primary", -0.020147, 0.075856, (38, 84, 43, 91)),
]


@pytest.mark.parametrize(("pilot", "site", "finding_id", "value", "se", "counts"), PUBLISHED)
def test_bundle_html_and_pdf_hold_the_same_number(
    demo_workspace: Workspace, pilot: str, site: str, finding_id: str, value: float, se: float, counts: tuple[int, ...]
) -> None:
    place = demo_workspace.site(pilot, site)
    evidence = json.loads((latest(place) / "evidence.json").read_text(encoding="utf-8"))
    result = next(f for f in evidence["findings"] if f["id"] == finding_id)["result"]
    assert result["value"] == pytest.approx(value, abs=5e-7)
    assert result["se"] == pytest.approx(se, abs=5e-6)
    arms = result["arms"]["treatment"], result["arms"]["comparison"]
    assert tuple(arm[key] for arm in arms for key in ("events", "n")) == counts

    page = html.unescape(re.sub(r"<[^>]+>", " ", (place.reports_folder / "report.html").read_text(encoding="utf-8")))
    paper = " ".join(p.extract_text() for p in pypdf.PdfReader(place.reports_folder / "report.pdf").pages)
    assert "\N{WORD JOINER}" not in paper, "a number that is copied or searched for would not be the same"
    exact, spoken = f"{value:.4f}"[:-1], f"{abs(100 * value):.1f}"
    for text in (page, paper):
        close = re.sub(r"\s+", "", text.replace("−", "-"))
        assert finding_id in close
        assert exact in close, f"{exact} is nowhere in the report"
        assert spoken in close


def test_every_number_of_the_two_pages_comes_from_one_release(demo_workspace: Workspace) -> None:
    for pilot in demo_workspace.pilots():
        for key in demo_workspace.protocol(pilot).sites:
            place = demo_workspace.site(pilot, key)
            release = latest(place).name
            page = (place.reports_folder / "report.html").read_text(encoding="utf-8")
            assert release in page
