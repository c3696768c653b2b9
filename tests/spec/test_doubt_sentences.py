"""One sentence each, that changes with the numbers; and refusals that offer something safe."""

import re

import numpy as np
import pandas as pd
import pytest

from pipelines.estimation import EstimationRefusal
from pipelines.estimation.doubt.arrived import Arrived, units_needed
from pipelines.estimation.doubt.benchmark import benchmark
from pipelines.estimation.doubt.chained import impute
from pipelines.estimation.doubt.cluster_left_out import leave_one_cluster_out
from pipelines.estimation.doubt.delta_adjusted import delta_adjusted
from pipelines.estimation.doubt.discordant_pairs import count_discordant, discordant_pair_bounds
from pipelines.estimation.doubt.e_value import risk_ratio_e_value
from pipelines.estimation.doubt.e_value_difference import counts_e_value
from pipelines.estimation.doubt.imputation_plan import ImputationPlan, Variable
from pipelines.estimation.doubt.lee import lee_bounds
from pipelines.estimation.doubt.omitted_variable import robustness
from pipelines.estimation.doubt.one_person import influence_of_one_person
from pipelines.estimation.doubt.outliers import robust_differences
from pipelines.estimation.doubt.placebo import placebo_checks
from pipelines.estimation.doubt.rubin import pool
from pipelines.estimation.doubt.sign_and_size import sign_and_size
from pipelines.estimation.doubt.signed_rank import signed_rank_bounds
from pipelines.estimation.doubt.specification import specification_curve
from pipelines.estimation.doubt.tipping import tipping_point
from pipelines.estimation.doubt.wording import figure, share
from pipelines.estimation.doubt.worst_case import worst_case_bounds
from pipelines.estimation.result import Inference

NAN = np.nan
ARMS = np.arange(20) < 10
OUTCOME = np.array([*range(1, 9), NAN, NAN, *range(1, 7), *[NAN] * 4], dtype=float)
EVENTS = np.array([1.0, 1, 1, 1, 1, 0, 0, 0, 0, NAN, 0, 0, 0, 0, 1, 0, 0, 0, NAN, NAN])


def column(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


def said():
    """Pairs of results that differ: their sentences must too."""
    line = np.column_stack([np.ones(40), np.arange(40) % 2])
    noise = column(40)
    tail = noise.copy()
    tail[1] = 400
    three = np.repeat(["a", "b", "c"], 10)
    options = {"window": ("six", "twelve")}
    return [
        (risk_ratio_e_value(3.9, 1.8, 8.7), risk_ratio_e_value(1.2, 0.9, 1.6)),
        (robustness(0.1, 0.02, 783), robustness(0.1, 0.09, 783)),
        (
            benchmark(noise + line[:, 1], line[:, 1], noise[::-1, None], {"age": [0]}),
            benchmark(noise, line[:, 1], noise[::-1, None], {"age": [0]}),
        ),
        (signed_rank_bounds(column(20) + 2, column(20, 1)), signed_rank_bounds(column(20), column(20, 1))),
        (discordant_pair_bounds(20, 3), discordant_pair_bounds(11, 12)),
        (lee_bounds(OUTCOME, ARMS), lee_bounds(OUTCOME + ARMS, ARMS)),
        (worst_case_bounds(EVENTS, ARMS), worst_case_bounds(EVENTS, ARMS, at_most=0.1)),
        (tipping_point((30, 10), (40, 40), (5, 5)), tipping_point((30, 10), (40, 40), (20, 20))),
        (pool((1.0, 1.2), (0.1, 0.1)), pool((1.0, 1.0), (0.1, 0.1))),
        (
            leave_one_cluster_out(three, lambda keep: float(keep.sum())),
            leave_one_cluster_out(three, lambda keep: float(keep[:10].sum()) - 5),
        ),
        (influence_of_one_person(line, noise, 1), influence_of_one_person(line, tail, 1)),
        (
            placebo_checks({"shoe size": lambda: Inference(0.1, 1, -1, 1)}),
            placebo_checks({"shoe size": lambda: Inference(3, 1, 1, 5)}),
        ),
        (
            specification_curve(options, lambda chosen: Inference(len(chosen["window"]))),
            specification_curve(options, lambda chosen: Inference(4.0 - len(chosen["window"]))),
        ),
        (sign_and_size(2, 8.1), sign_and_size(2, 1)),
        (robust_differences(noise[:20] + 1, noise[20:]), robust_differences(tail[:20] - 1, noise[20:])),
        (
            delta_adjusted(OUTCOME, ARMS, None, (-9.0, 9.0), seed=1, m=5),
            delta_adjusted(OUTCOME + 9 * ARMS, ARMS, None, (-60.0, 60.0), seed=1, m=5),
        ),
    ]


@pytest.mark.parametrize("pair", said(), ids=lambda pair: type(pair[0]).__name__)
def test_sentences(pair):
    one, other = (result.sentence for result in pair)
    assert one != other
    for sentence in (one, other):
        assert sentence.endswith(".")
        assert sentence[0].isupper()
        assert not re.search(r"\bp[- ]?value|\bp ?[<=]|\bsignifican|\bcaus|\bNone\b|\bnan\b|\binf\b", sentence)
        # One sentence: no full stop but the last, decimals apart
        assert not re.search(r"\.\s", sentence)


def test_sentences_as_read():
    assert risk_ratio_e_value(3.9, 1.8, 8.7).sentence == (
        "Something not measured would have to go with a risk at least 7.26 times as high, both of being in the pilot "
        "group and of the outcome, beyond everything adjusted for, to bring the estimate to no difference, and 3 times "
        "for the interval to include it."
    )
    assert lee_bounds(OUTCOME, ARMS).sentence.startswith(
        "The outcome is known for 80% of the treatment arm and 60% of the comparison arm; if the arm only ever moved "
        "follow-up in one direction, the difference among people who would be followed up in either arm lies between 0 "
        "and 2 (95% interval "
    )
    assert tipping_point((30, 10), (40, 40), (0, 0)).sentence == (
        "Every outcome is known, so nothing missing could change the conclusion."
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0001, "−0.0001"),
        (7.263, "7.26"),
        (12.34, "12.3"),
        (1234.5, "1,234"),
        (-0.5, "−0.5"),
        (0.031, "0.031"),
    ],
)
def test_figures(value, text):
    assert figure(value) == text


def test_shares_never_reach_an_end_they_do_not_reach():
    texts = [share(x) for x in (0, 0.0001, 0.5, 0.99999, 1)]
    assert texts == ["0%", "less than 0.1%", "50%", "more than 99.9%", "100%"]


def frame(**columns):
    return pd.DataFrame({"arm": ["treatment", "comparison"] * 6, **columns})


IMPUTE = ImputationPlan((Variable("x"), Variable("y", "binary")))

REFUSALS = {
    "no event in an arm": lambda: counts_e_value(0, 10, 5, 10),
    "covariate decides treatment": lambda: benchmark(column(20), ARMS * 1.0, ARMS[:, None] * 1.0, {}),
    "no pair differs": lambda: signed_rank_bounds(np.ones(5), np.ones(5)),
    "pair with unknown": lambda: signed_rank_bounds(np.array([1, NAN]), np.ones(2)),
    "no discordant pair": lambda: discordant_pair_bounds(0, 0),
    "pairs not yes or no": lambda: count_discordant(np.array([2.0]), np.array([0.0])),
    "nobody known in an arm": lambda: lee_bounds(np.where(ARMS, 1.0, NAN), ARMS),
    "cells disagree": lambda: lee_bounds(
        np.array([1, 1, 1, NAN, 1, NAN, 1, 1], dtype=float), np.arange(8) % 4 < 2, np.arange(8) // 4
    ),
    "outside the range": lambda: worst_case_bounds(OUTCOME, ARMS, 0, 5),
    "event neither 0 nor 1": lambda: worst_case_bounds(OUTCOME, ARMS),
    "nothing known to tip": lambda: tipping_point((0, 0), (0, 5), (5, 5)),
    "nothing missing": lambda: delta_adjusted(column(20), ARMS, None, (1.0,), seed=1),
    "one cluster": lambda: leave_one_cluster_out(np.zeros(5), lambda keep: 1.0),
    "one person decides": lambda: influence_of_one_person(np.eye(5)[:, :2] + [[1, 0]], column(5), 1),
    "one treated cluster": lambda: Arrived(1, 10, 20, 0.1),
    "too few for so many blocks": lambda: Arrived(3, 3, blocks=5),
    "clusters too alike to help": lambda: units_needed(Arrived(2, 2, 5, 0.1), 1e-9),
    "too many combinations": lambda: specification_curve(
        {str(i): tuple(map(str, range(10))) for i in range(5)}, lambda chosen: Inference(1.0)
    ),
    "constant outcomes": lambda: robust_differences(np.ones(5), np.ones(5)),
    "nothing known in an arm to impute": lambda: impute(
        frame(x=[1.0, None] * 6, y=[0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0]), IMPUTE, 1
    ),
    "too few known in an arm": lambda: impute(
        frame(x=[1.0, 2, 3, 4, 5, 6, 7, 8, None, 9, None, 10], y=[0, 1] * 6), IMPUTE, 1
    ),
    "not a number": lambda: impute(frame(x=["a"] * 12, y=[0, 1] * 6), IMPUTE, 1),
    "more than two values": lambda: impute(frame(x=[1.0] * 12, y=[0, 1, 2] * 4), IMPUTE, 1),
    "no such column": lambda: impute(frame(x=[1.0] * 12), IMPUTE, 1),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name):
    with pytest.raises(EstimationRefusal) as refused:
        REFUSALS[name]()
    assert refused.value.reason.endswith(".")
    assert refused.value.alternative.endswith(".")


@pytest.mark.parametrize(
    "call",
    [
        lambda: risk_ratio_e_value(0.0),
        lambda: risk_ratio_e_value(1.5, 2.0, 3.0),
        lambda: robustness(1.0, 0.0, 10),
        lambda: signed_rank_bounds(np.ones(2), np.zeros(2), (0.5,)),
        lambda: worst_case_bounds(EVENTS, ARMS, 1, 0),
        lambda: pool((1.0,), (1.0,)),
        lambda: sign_and_size(0.0, 1.0),
        lambda: Arrived(10, 10, icc=1.5),
        lambda: placebo_checks({}),
        lambda: specification_curve({"window": ()}, lambda chosen: Inference(1.0)),
        lambda: impute(frame(x=[1.0] * 12, y=[0, 1] * 6), ImputationPlan((Variable("x"), Variable("x"))), 1),
    ],
)
def test_misuse_is_an_error(call):
    with pytest.raises(ValueError, match=r"\.$"):
        call()


def test_nothing_missing_is_not_imputed():
    done = impute(frame(x=column(12), y=[0, 1] * 6), IMPUTE, 1)
    assert done.m == 20
    assert done.traces == ()
    assert done.sentence == "Nothing was missing, so nothing was filled in."


def test_placebos_that_chance_explains():
    fine, odd = Inference(0.0, 1, -1, 1), Inference(3.0, 1, 1, 5)
    found = placebo_checks({str(i): (lambda i=i: odd if i == 0 else fine) for i in range(20)})
    assert found.passed is False
    assert found.sentence.endswith("about as many are to be expected by chance alone among so many.")


def test_influence_holds_no_exact_figure():
    found = influence_of_one_person(np.column_stack([np.ones(12), np.arange(12) % 2]), column(12), 1)
    assert set(found.__dataclass_fields__) == {"n", "at_most", "changes_sign"}
    assert round(found.at_most, 1) == found.at_most
