"""Designs over time and take-up, from protocol and drop to evidence: published numbers, and what is refused."""

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines.estimation.over_time.group_time import Staggered
from pipelines.estimation.over_time.panel import make_panel
from pipelines.estimation.over_time.staggered import staggered
from pipelines.estimation.take_up.dose import CHOSEN, dose_by_assignment, dose_response
from tests.end_to_end import studies_over_time as studies
from tests.end_to_end.command import pilotlens

EVERYTHING = bool(os.environ.get("PILOTLENS_ALL_SIMULATIONS"))

Findings = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("studies") / "workspace"
    root.mkdir()
    studies.minimum_wages(root, "mpdta", "control: never")
    studies.minimum_wages_of_2007(root)
    studies.smoking_ban(root, "sicily", "change: level, family: quasi_poisson")
    studies.smoking_ban(root, "sicily-averaged", "change: level, family: quasi_poisson, errors: averaged")
    studies.smoking_ban(root, "sicily-gap", "change: level, family: poisson", "gap")
    studies.beer_taxes(root)
    studies.vitamin_a(root)
    if EVERYTHING:
        studies.card_and_krueger(root)
        studies.doses(root)
        studies.approval(root)
        studies.minimum_wages(root, "mpdta-not-yet", "control: not_yet, by: [lpop]")
        studies.smoking_ban(root, "sicily-poisson", "change: level, family: poisson")
        studies.wage_panel(root)
        studies.wages_before_and_after(root)
    done = pilotlens(root, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def findings(root: Path, pilot: str) -> Findings:
    if not (root / "pilots" / pilot).is_dir():
        pytest.skip(f"set PILOTLENS_ALL_SIMULATIONS=1 to run the study {pilot}")
    (path,) = (root / "releases" / pilot).glob("*/*/evidence.json")
    return {one["id"]: one["result"] for one in json.loads(path.read_text(encoding="utf-8"))["findings"]}


def readings(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = [point["reading"] for point in result["points"]] if "points" in result else result["readings"]
    return {one["key"]: one for one in found}


def beside(effect: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["engine"]: one for one in effect["others"]}


def over_time(found: Findings) -> dict[str, dict[str, Any]]:
    shown = [readings(result) for name, result in found.items() if name.startswith("over_time")]
    return {key: one for some in shown for key, one in some.items()}


def test_staggered_adoption(workspace: Path) -> None:
    """Callaway & Sant'Anna 2021: the averages, group-time effects, and two-way fixed effects with their warning."""
    found = findings(workspace, "mpdta")
    effect, others = found["effect/lemp/primary"], beside(found["effect/lemp/primary"])
    assert effect["value"] == pytest.approx(-0.039951, rel=1e-4)
    for name, value in (("group", -0.031018), ("dynamic", -0.077240)):
        assert others[f"Callaway-Sant'Anna, {name}"]["value"] == pytest.approx(value, rel=1e-4)
    assert others["two-way fixed effects"]["value"] == pytest.approx(-0.036549, rel=1e-4)
    assert others["two-way fixed effects"]["se"] == pytest.approx(0.0148, abs=5e-5)
    assert any("two-way fixed effects" in warning for warning in effect["warnings"])
    assert {arm["title"] for arm in effect["arms"].values()} == {"Began", "Never began"}
    assert (effect["arms"]["treatment"]["n"], effect["arms"]["comparison"]["n"]) == (191, 309)
    cells = {(2004, 2004): -0.0105, (2004, 2007): -0.1008, (2006, 2007): -0.0412, (2007, 2007): -0.0261}
    shown = over_time(found)
    for (group, period), value in cells.items():
        assert shown[f"att/{group}/{period}"]["value"] == pytest.approx(value, abs=5e-5)
    assert "people" not in shown["att/2004/2004"] or shown["att/2004/2004"]["people"] is None


def test_it_is_the_function_s_answer(workspace: Path) -> None:
    effect = findings(workspace, "mpdta")["effect/lemp/primary"]
    data = pd.read_csv(studies.DATA / "mpdta.csv")
    panel = make_panel(data["countyreal"], data["year"], data["first.treat"], data["lemp"], never=0)
    overall = staggered(panel, Staggered(draws=0)).simple.overall
    for name in ("value", "se", "lower", "upper", "df", "p"):
        assert effect[name] == pytest.approx(getattr(overall, name), rel=1e-8)


def test_difference_in_differences_between_dated_periods(workspace: Path) -> None:
    """The same study's effect on the counties of 2007 in 2007, and its placebo differences before."""
    found = findings(workspace, "mpdta-2007")
    assert found["effect/lemp/primary"]["value"] == pytest.approx(-0.0261, abs=5e-5)
    placebo = {key: one for key, one in over_time(found).items() if key.startswith("placebo/")}
    assert [placebo[f"placebo/{year}"]["value"] for year in (2004, 2005, 2006)] == pytest.approx(
        [0.0305, -0.0027, -0.0311], abs=5e-5
    )
    assert placebo["placebo/2004"]["title"] == "From 2003 to 2004"
    assert "would explain it" in readings(found["doubts/lemp"])["pre_trends"]["sentence"]


def test_difference_in_differences_with_a_baseline(workspace: Path) -> None:
    """Card & Krueger 1994: 2.76 full-time equivalents, from means that were printed to two decimals."""
    effect = findings(workspace, "card-krueger")["effect/fte/primary"]
    assert effect["value"] == pytest.approx(2.76, abs=0.011)
    assert (effect["arms"]["treatment"]["average"], effect["arms"]["comparison"]["average"]) == pytest.approx(
        (21.03, 21.17)
    )


def test_a_series_without_a_case_file(workspace: Path) -> None:
    """Lopez Bernal et al. 2017: a rate ratio of 0.894, and months called by their names."""
    found = findings(workspace, "sicily")
    effect, others = found["effect/aces/primary"], beside(found["effect/aces/primary"])
    assert (effect["value"], effect["lower"], effect["upper"]) == pytest.approx((0.89438, 0.8392, 0.9532), rel=1e-4)
    poisson = others["Poisson regression, independent points"]
    assert (poisson["lower"], poisson["upper"]) == pytest.approx((0.86469, 0.92509), rel=1e-4)
    assert (effect["null"], effect["verdict"]) == (1.0, "better")
    averaged = findings(workspace, "sicily-averaged")["effect/aces/primary"]
    name = "quasi-Poisson regression, averaged autocorrelation"
    assert averaged["engine"] == f"segmented {name}"
    for field in ("value", "lower", "upper"):
        assert averaged[field] == others[name][field]
    assert averaged["df"] == 56
    assert any("The series is short" in warning for warning in effect["warnings"])
    assert not any("The series is short" in warning for warning in averaged["warnings"])
    assert readings(found["doubts/aces"])["dispersion"]["value"] == pytest.approx(3.559, rel=1e-4)
    assert {"placebo_dates", "autocorrelation"} <= readings(found["doubts/aces"]).keys()
    assert over_time(found)["effect/2005-01"]["value"] == pytest.approx(0.89438, rel=1e-4)
    assert "flow/participants" not in found
    assert next((workspace / "reports" / "sicily").rglob("report.html")).stat().st_size > 10_000


def test_a_gap_in_a_series_is_refused(workspace: Path) -> None:
    effect = findings(workspace, "sicily-gap")["effect/aces/primary"]
    assert effect["value"] is None
    assert "2003-10 does not follow 2003-08" in effect["described_because"]


def test_a_panel_in_which_few_decide(workspace: Path) -> None:
    """clubSandwich's MortalityRates: CR2 5.03 with 6.37 degrees of freedom, whatever the number of states."""
    effect = findings(workspace, "beer-taxes")["effect/deaths/primary"]
    assert effect["value"] == pytest.approx(-12.14, abs=5e-3)
    reduced = beside(effect)["CR2 + Satterthwaite"]
    assert (reduced["se"], reduced["p"]) == pytest.approx((5.03, 0.0499), abs=5e-3)
    assert any("A few units decide" in warning for warning in effect["warnings"])


def test_take_up(workspace: Path) -> None:
    """Sommer & Zeger 1991: -0.00258 by the offer, -0.00323 by the vitamin."""
    found = findings(workspace, "vitamin-a")
    assert found["effect/died/primary"]["value"] == pytest.approx(-0.00258238, rel=1e-4)
    shown = readings(found["take_up/died"])
    assert shown["share/treatment"]["value"] == pytest.approx(0.799983, rel=1e-4)
    assert shown["cace"]["value"] == pytest.approx(-0.00322804, rel=1e-4)
    assert shown["cace"]["se"] == pytest.approx(0.00116, abs=5e-6)
    assert shown["anderson_rubin"]["lower"] < shown["cace"]["value"] < shown["anderson_rubin"]["upper"]
    assert shown["first_stage"]["value"] > 10


def test_doses_stand_beside_with_their_warning(workspace: Path) -> None:
    found, people = findings(workspace, "doses"), studies.hours()
    shown = readings(found["take_up/score"])
    offered = people[people["arm"] == 1]
    slope = dose_response(offered["hours"], offered["score"], "spline").slope
    assert (shown["dose/Hours"]["value"], shown["dose/Hours"]["se"]) == pytest.approx((slope.value, slope.se))
    assert shown["dose/Hours"]["sentence"] == CHOSEN
    instrument = dose_by_assignment(people["arm"], people["hours"], people["score"]).result
    assert shown["dose_by_offer/Hours"]["value"] == pytest.approx(instrument.value)
    assert found["effect/score/primary"]["engine"].startswith("difference in means")


def test_a_share_before_and_after(workspace: Path) -> None:
    """Agresti's table: McNemar's chi-square is 17.36, the change four points down."""
    effect = findings(workspace, "approval")["effect/approve/primary"]
    assert effect["value"] == pytest.approx(-0.04)
    assert beside(effect)["McNemar, chi-square"]["p"] == pytest.approx(3.0993e-05, rel=1e-3)
    assert any("lowest level of evidence" in warning for warning in effect["warnings"])


@pytest.mark.skipif(not EVERYTHING, reason="set PILOTLENS_ALL_SIMULATIONS=1 for the other studies")
def test_the_other_studies(workspace: Path) -> None:
    """Callaway & Sant'Anna with a covariate; Lopez Bernal's Poisson model; Vella & Verbeek 1998."""
    assert findings(workspace, "mpdta-not-yet")["effect/lemp/primary"]["value"] == pytest.approx(-0.0413516, rel=1e-4)
    ban = findings(workspace, "sicily-poisson")["effect/aces/primary"]
    assert (ban["value"], ban["lower"], ban["upper"]) == pytest.approx((0.89438, 0.86469, 0.92509), rel=1e-4)
    union = findings(workspace, "wages")["effect/lwage/primary"]
    assert union["value"] == pytest.approx(0.0800, abs=5e-5)
    assert beside(union)["classical standard error"]["se"] == pytest.approx(0.0193, abs=5e-5)
    assert findings(workspace, "wages-after")["effect/lwage/primary"]["design"] == "before_after"
