"""Published studies that no issue lists, from protocol and drop to evidence; each by another design."""

import os
from pathlib import Path

import pytest

from tests.end_to_end import studies_unlisted as studies
from tests.end_to_end.command import pilotlens
from tests.end_to_end.test_designs_over_time import beside, findings, over_time

EVERYTHING = bool(os.environ.get("PILOTLENS_ALL_SIMULATIONS"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("unlisted") / "workspace"
    root.mkdir()
    studies.castle(root)
    studies.organ_donations(root)
    studies.incinerator(root)
    studies.breast_cancer(root)
    studies.mwanza(root)
    if EVERYTHING:
        studies.centres(root)
        studies.physicians(root)
        studies.arthritis(root)
        studies.training_grants(root)
        studies.claims(root)
        studies.smokers(root, "smokers-weighted", "kind: weighted, method: inverse_probability")
        studies.smokers(root, "smokers-standardised", "kind: regression_adjusted")
        studies.smokers(root, "smokers-both", "kind: doubly_robust")
    done = pilotlens(root, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def test_some_began_alone(workspace: Path) -> None:
    """Cheng & Hoekstra 2013: unweighted two-way fixed effects 0.069; groups of one keep no interval, the whole does."""
    found = findings(workspace, "castle")
    effect = found["effect/log/primary"]
    assert effect["value"] == pytest.approx(0.0194028, abs=5e-7)
    assert effect["lower"] < effect["value"] < effect["upper"]
    assert beside(effect)["two-way fixed effects"]["value"] == pytest.approx(0.0693984, abs=5e-7)
    assert any("began alone" in words for words in effect["warnings"])
    shown = over_time(found)
    assert shown["att/2006/2006"]["se"] is None
    assert shown["att/2007/2007"]["se"] > 0
    assert "more than one" not in found["doubts/log"]["readings"][0]["sentence"]
    assert "only one period before" not in found["doubts/log"]["readings"][0]["sentence"]


def test_one_state_alone(workspace: Path) -> None:
    """Kessler & Roth 2014: -0.022; no standard error can come from one state, the other 26 stand in for it."""
    effect = findings(workspace, "organ-donations")["effect/rate/primary"]
    assert effect["value"] == pytest.approx(-0.0224590, abs=5e-7)
    assert (effect["se"], effect["lower"], effect["p"]) == (None, None, None)
    assert beside(effect).keys() == {"placebo units"}
    assert beside(effect)["placebo units"]["p"] == pytest.approx(5 / 27)
    assert any("single treated unit" in words for words in effect["warnings"])


def test_other_houses_were_sold_before_than_after(workspace: Path) -> None:
    """Wooldridge, table 13.2: -11,863.9 dollars, with the age of the house -21,920.3."""
    effect = findings(workspace, "incinerator")["effect/price/primary"]
    assert effect["value"] == pytest.approx(-21920.27, abs=0.005)
    assert beside(effect)["unadjusted"]["value"] == pytest.approx(-11863.9, abs=0.05)


def test_times_of_groups_that_chance_did_not_make(workspace: Path) -> None:
    """R's survival: Cox's ratio with all covariates is exp(-0.3463) = 0.7073 over the whole follow-up."""
    effect = findings(workspace, "breast-cancer")["effect/days/primary"]
    assert effect["measure"] == "difference in restricted mean survival time"
    assert effect["value"] == pytest.approx(beside(effect)["doubly robust"]["value"], rel=0.1)
    assert beside(effect)["Cox, adjusted"]["value"] == pytest.approx(0.707, abs=0.03)


def test_pairs_of_communities(workspace: Path) -> None:
    """Grosskurth et al. 1995: 1.2 and 1.9 per 100; each pair the same way, so that chance gives 2 in 64."""
    effect = findings(workspace, "mwanza")["effect/hiv/primary"]
    assert effect["arms"]["treatment"]["average"] == pytest.approx(48 / 4149)
    assert effect["arms"]["comparison"]["average"] == pytest.approx(82 / 4400)
    assert beside(effect)["randomisation inference"]["p"] == pytest.approx(1 / 32)
    assert effect["df"] < 6


@pytest.mark.parametrize(
    ("pilot", "outcome", "engine", "value", "error"),
    [
        ("centres", "cured", "Mantel-Haenszel, odds ratio", 2.1345, 5e-5),  # Agresti 2013, section 6.4.5
        ("physicians", "attack", "", -0.0077, 5e-5),  # Agresti 2013, section 2.2.2
        ("training-grants", "scrap", "", -0.252, 5e-4),  # Wooldridge, table 14.1
        ("training-grants", "scrap", "grant_1, in the same regression", -0.422, 5e-4),
        ("claims", "weeks", "", 0.191, 5e-4),  # Wooldridge, equation 13.12
        ("smokers-weighted", "gain", "", 3.44, 5e-3),  # What If, section 12.2
        ("smokers-standardised", "gain", "", 3.44, 0.08),  # What If, section 13.3: 3.5 with one product term
        ("smokers-both", "gain", "", 3.4, 0.05),
    ],
)
@pytest.mark.skipif(not EVERYTHING, reason="set PILOTLENS_ALL_SIMULATIONS=1 for the other studies")
def test_the_other_studies(workspace: Path, pilot: str, outcome: str, engine: str, value: float, error: float) -> None:
    effect = findings(workspace, pilot)[f"effect/{outcome}/primary"]
    name, _, measure = engine.partition(", ") if engine.endswith("ratio") else (engine, "", "")
    shown = [one for one in effect["others"] if one["engine"] == name and (not measure or one["measure"] == measure)]
    assert (shown[0] if engine else effect)["value"] == pytest.approx(value, abs=error)


@pytest.mark.skipif(not EVERYTHING, reason="set PILOTLENS_ALL_SIMULATIONS=1 for the other studies")
def test_an_ordered_outcome_with_a_stratum(workspace: Path) -> None:
    """Independent: statsmodels' OrderedModel on the same table (the other test of it is by hand)."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    rows = [(sex, arm, k, n) for (sex, arm), steps in studies.ARTHRITIS.items() for k, n in enumerate(steps)]
    data = studies.people(rows, ["sex", "arm", "improved"])
    x = data.assign(male=(data["sex"] == "M") * 1.0)[["arm", "male"]].astype(float)
    fitted = OrderedModel(data["improved"], x, distr="logit").fit(method="bfgs", disp=False)
    import math

    effect = findings(workspace, "arthritis")["effect/improved/primary"]
    ratio = beside(effect)["proportional odds, adjusted"]["value"]
    assert math.log(ratio) == pytest.approx(fitted.params["arm"], abs=1e-4)
