"""Weights, and what changes over time, in panels and staggered designs: what they say, refuse, and need declared."""

import numpy as np
import pandas as pd
import pytest

from pipelines.estimation import Design, EstimationRefusal, estimate
from pipelines.estimation.design import ADOPTED, DOSE, PERIOD, UNIT, WEIGHT
from pipelines.estimation.over_time.fixed_effects import panel_fixed_effects
from pipelines.protocol import ProtocolFaults, designs, load_text

PROTOCOL = """pilot: p
title: P
question: Does it work?
concept: {{name: study}}
sites: {{here: {{title: Here}}}}
population: {{description: areas, unit: area}}
intervention: {{name: study}}
outcomes:
  jobs: {{title: Jobs, type: continuous, tier: primary, better: higher, noun: assessments, value: jobs}}
extracts:
  areas: {{noun: cases, file: areas.csv, columns: {{{cases}}}}}
  years: {{noun: assessments, file: years.csv, columns: {{person: area, period: year, jobs: jobs{years}}}}}
"""


def frame(seed: int = 1) -> pd.DataFrame:
    rng = np.random.Generator(np.random.PCG64(seed))
    unit, period = np.repeat(np.arange(30), 5), np.tile(np.arange(5), 30)
    first = np.repeat(np.where(np.arange(30) < 12, 3.0, np.nan), 5)
    people = np.repeat(rng.uniform(1, 9, 30), 5)
    law = (period >= np.nan_to_num(first, nan=99)) * 1.0
    income = rng.normal(size=150) + 0.1 * period
    value = unit + period + law * people + income + rng.normal(size=150)
    table = {"arm": None, "value": value, UNIT: unit, PERIOD: period.astype(float), ADOPTED: first, DOSE: law}
    return pd.DataFrame({**table, WEIGHT: people, "income": income})


def panel(**choices) -> Design:
    declared = designs.Panel(kind="panel", treated="law", **choices)
    return Design("continuous", "jobs", kind="panel", assignment="not_randomised", declared=declared, floor_per_arm=2)


def began(**choices) -> Design:
    declared = designs.Staggered(kind="staggered", adopted="first", **choices)
    return Design(
        "continuous", "jobs", kind="staggered", assignment="not_randomised", declared=declared, floor_per_arm=2
    )


@pytest.mark.parametrize("asked", [panel(weights="people"), began(weights="people")], ids=["panel", "staggered"])
class TestWeights:
    def test_the_same_without_weights_stands_beside(self, asked):
        plain = asked.declared.model_copy(update={"weights": None})
        alike = estimate(frame(), Design(**{**vars(asked), "declared": plain}))
        found = estimate(frame(), asked)
        (other,) = [one.result for one in found.others if one.name.endswith("without weights")]
        assert (other.value, other.se) == pytest.approx((alike.value, alike.se))
        assert found.value > alike.value, "the effect grows with the weight"
        assert "weight" in found.why

    def test_a_unit_of_no_weight_is_left_out(self, asked):
        rows = frame()
        zero = rows.assign(**{WEIGHT: rows[WEIGHT].where(rows[UNIT] != 29, 0.0)})
        gone, unknown = rows[rows[UNIT] != 29], rows.assign(**{WEIGHT: rows[WEIGHT].where(rows[UNIT] != 29)})
        values = [estimate(one, asked).value for one in (zero, gone, unknown)]
        assert values[1:] == pytest.approx(values[:1] * 2, rel=1e-10)

    @pytest.mark.parametrize(("weight", "words"), [(-1.0, "below zero"), (0.0, "No weight is above zero")])
    def test_refusals(self, asked, weight, words):
        with pytest.raises(EstimationRefusal, match=words) as refusal:
            estimate(frame().assign(**{WEIGHT: weight}), asked)
        assert refusal.value.alternative


def test_fields_that_repeat_others_are_left_out_of_a_panel():
    rows = frame().assign(twice=lambda data: 2 * data["income"] + data[PERIOD] - data[UNIT])
    found = estimate(rows, panel(by=("income", "twice")))
    own = panel_fixed_effects(rows, "value", (DOSE, "income"), UNIT, PERIOD).result
    assert (found.value, found.se) == pytest.approx((own.value, own.se), rel=1e-9)
    assert any("say the same as others" in words for words in found.warnings)


def test_what_is_tested_is_never_left_out():
    rows = frame().assign(same=lambda data: data[DOSE] + data["income"])
    with pytest.raises(EstimationRefusal, match="cannot be told from each other"):
        estimate(rows.assign(other=rows["income"]), panel(by=("income", "same")))


def test_what_changes_is_held_fixed_as_it_stood_before():
    """A field that what is tested moves afterwards takes nothing from the effect."""
    found = estimate(frame(), began(changing=("income",), method="regression"))
    moved = frame().assign(income=lambda data: data["income"] + 50 * data[DOSE])
    assert estimate(moved, began(changing=("income",), method="regression")).value == pytest.approx(found.value)
    assert any(one.name == "unadjusted" for one in found.others)
    assert "same covariates" in found.estimand


PANEL = PROTOCOL.format(cases="person: area", years=", law: law, income: income, counted: people")
BEGAN = PROTOCOL.format(cases="person: area, first: first, people: people", years=", income: income")
FAULTS = {
    "design: {kind: panel, treated: law, by: [income], weights: countd}": 'mapped to "countd". Did you mean "counted"',
    "design: {kind: panel, treated: lwa, by: [income], weights: counted}": 'mapped to "lwa". Did you mean "law"',
    "design: {kind: panel, treated: law, by: [income], weights: jobs}": "an outcome is made from this field",
    "design: {kind: staggered, adopted: first, changing: [income], weights: peple}": 'no column is mapped to "peple"',
    "design: {kind: staggered, adopted: first, weights: people, changing: [incme]}": 'Did you mean "income"',
}


@pytest.mark.parametrize("line", FAULTS)
def test_faults_of_the_protocol(line):
    with pytest.raises(ProtocolFaults) as error:
        load_text((PANEL if "panel" in line else BEGAN) + line + "\n")
    assert FAULTS[line] in str(error.value)


def test_sound_protocols():
    assert load_text(PANEL + "design: {kind: panel, treated: law, by: [income], weights: counted}\n").design is not None
    assert load_text(BEGAN + "design: {kind: staggered, adopted: first, changing: [income], weights: people}\n").design
