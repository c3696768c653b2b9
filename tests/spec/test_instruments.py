"""A design with instruments: what it says, what it refuses, and faults of the protocol by line."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.estimation import Design, EstimationRefusal, estimate
from pipelines.estimation.design import CLUSTER, DOSE
from pipelines.estimation.take_up.instrumental import instrumental_effect
from pipelines.protocol import ProtocolFaults, load_text
from pipelines.protocol.designs import Instrumental

PROTOCOL = """pilot: p
title: P
question: Does it work?
concept: {name: study}
sites: {here: {title: Here}}
population: {description: people}
intervention: {name: study}
covariates:
  near: {title: Lived near, type: yes_no}
  age: {title: Age}
outcomes:
  wage: {title: Wage, type: continuous, tier: primary, better: higher, value: wage, unit: pounds}
extracts:
  cases: {file: cases.csv, columns: {person: id, wage: wage, years: years, near: near, age: age}}
"""


def frame(n: int = 400, seed: int = 1) -> pd.DataFrame:
    rng = np.random.Generator(np.random.PCG64(seed))
    near, age, u = rng.integers(0, 2, n), rng.normal(40, 9, n), rng.normal(size=n)
    years = 10 + near + 0.02 * age + u + rng.normal(size=n)
    wage = 2 * years + 0.1 * age - 2 * u + rng.normal(size=n)
    return pd.DataFrame({"arm": None, "value": wage, DOSE: years, "near": near.astype(bool), "age": age})


def design(**choices) -> Design:
    declared = Instrumental(kind="instrumental", dose="years", instruments=("near",), one_more="year", **choices)
    return Design(
        "continuous", "pounds", covariates=("age",), assignment="not_randomised", kind="instrumental", declared=declared
    )


def test_the_effect_of_one_more_with_its_estimand():
    rows = frame()
    found = estimate(rows, design())
    own = instrumental_effect(rows["value"], rows[DOSE], rows["near"], rows["age"])
    assert (found.value, found.se) == pytest.approx((own.result.value, own.result.se))
    assert found.lower < 2 < found.upper
    assert "one more year" in found.estimand
    assert found.measure == "difference for one more year"
    assert found.n == {"treatment": rows["near"].sum(), "comparison": (~rows["near"]).sum()}
    assert {one.key for one in found.take_up} >= {"first_stage", "anderson_rubin", "reduced_form", "wu_hausman"}


def test_an_instrument_in_words_is_one_for_each_code_but_the_first():
    rows = frame().assign(near=lambda data: data["near"].map({True: "b", False: "a"}))
    rows.loc[::5, "near"] = "c"
    found = estimate(rows, design())
    assert {one.key for one in found.take_up} >= {"hansen", "sargan"}
    assert "LIML" in {one.name for one in found.others}


def test_who_is_not_known_is_left_out_and_said():
    rows = frame()
    rows.loc[:39, "age"] = None
    found = estimate(rows, design())
    assert sum(found.n.values()) == 360
    assert sum(found.missing.values()) == 40
    assert any("left out" in words for words in found.warnings)


def test_weak_instruments_lead_with_the_interval_that_holds():
    rng = np.random.Generator(np.random.PCG64(5))
    rows = frame().assign(near=rng.integers(0, 2, 400).astype(bool))
    found = estimate(rows, design())
    (usual,) = [one for one in found.others if one.name == "two-stage least squares, usual interval"]
    assert usual.result.lower is not None
    (shown,) = [one for one in found.take_up if one.key == "anderson_rubin"]
    assert (found.lower, found.upper) == (shown.lower, shown.upper)
    assert any("too little" in words for words in found.warnings)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"near": True}, "move nothing"),
        ({DOSE: 12.0}, "does not vary"),
        ({"value": None}, "Hardly anybody"),
    ],
)
def test_refusals_name_what_is_safe(change, reason):
    with pytest.raises(EstimationRefusal, match=reason) as refusal:
        estimate(frame().assign(**change), design())
    assert refusal.value.alternative


def test_an_instrument_that_follows_from_covariates_moves_nothing():
    rows = frame().assign(age=lambda data: 3 * data["near"] + 40.0)
    with pytest.raises(EstimationRefusal, match="same covariates"):
        estimate(rows, design())


def test_more_instruments_than_clusters_are_refused():
    rng = np.random.Generator(np.random.PCG64(2))
    rows = frame().assign(**{CLUSTER: np.where(rng.random(400) < 0.5, "a", "b")})
    with pytest.raises(EstimationRefusal, match="too few people, or clusters"):
        estimate(rows, replace(design(), declared=design(clusters="office").declared))


def test_a_small_group_is_described():
    rows = frame(20)
    rows["near"] = [True] * 3 + [False] * 17
    found = estimate(rows, design())
    assert found.description_only


def test_a_dose_that_the_instrument_fixes():
    """Everybody had what they were drawn for: least squares, an instrument that could not be stronger."""
    rows = frame().assign(**{DOSE: lambda data: data["near"].astype(float)})
    found = estimate(rows, design())
    assert found.value == pytest.approx(next(one for one in found.others if one.name.startswith("least")).result.value)
    assert found.lower < found.upper
    assert "had it only because" in found.estimand


FAULTS = {
    "design: {kind: instrumental, dose: years, instruments: [nera], by: [age]}": ("there is no such covariate", "near"),
    "design: {kind: instrumental, dose: years, instruments: [near], by: [near]}": ("moves nothing", "instrument"),
    "design: {kind: instrumental, dose: wage, instruments: [near]}": ("an outcome is made from this field", ""),
    "design: {kind: instrumental, dose: years, instruments: [near, near]}": ("named twice", ""),
    "design: {kind: instrumental, dose: hours, instruments: [near]}": ('no column is mapped to "hours"', ""),
    "design: {kind: instrumental, dose: near, instruments: [near]}": ("cannot move itself", ""),
    "design: {kind: instrumental, dose: years, instruments: []}": ("instruments", ""),
    "take_up: {field: near}\ndesign: {kind: instrumental, dose: years, instruments: [near]}": ("who took it", ""),
}


@pytest.mark.parametrize("design_line", FAULTS, ids=lambda line: line[-45:])
def test_faults_of_the_protocol(design_line):
    with pytest.raises(ProtocolFaults) as error:
        load_text(PROTOCOL + design_line + "\n")
    for words in FAULTS[design_line]:
        assert words in str(error.value)


def test_arms_are_no_instruments():
    arms = (
        "design: {kind: instrumental, dose: years, instruments: [near]}\n"
        "arms:\n  treatment: {title: A, codes: ['1']}\n  comparison: {title: B, codes: ['0']}\n"
    )
    with pytest.raises(ProtocolFaults, match=r"keep them with `randomised`"):
        load_text(PROTOCOL.replace("{person: id,", "{person: id, arm: arm,") + arms)
