"""What must hold of every estimate: symmetry, independent implementations, and coverage by simulation."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import restricted_mean_survival_time
from scipy.stats import ttest_ind
from statsmodels.api import OLS, add_constant
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from pipelines.estimation import Design, estimate
from pipelines.estimation.covariance import bell_mccaffrey_df, least_squares_hc2
from pipelines.estimation.kaplan_meier import kaplan_meier, restricted_mean
from pipelines.estimation.proportions import clopper_pearson, newcombe, wilson
from pipelines.estimation.welch import difference

MEANS = Design("continuous", "points")
SURVIVAL = Design("time_to_event", "days", horizon=30)

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(10, 60)


def outcomes(seed: int, n1: int, n0: int) -> pd.DataFrame:
    """A frame of every kind of outcome, with ties and unequal spread."""
    draw = np.random.default_rng(seed)
    n = n1 + n0
    arm = np.repeat(["treatment", "comparison"], [n1, n0])
    latent = draw.normal(50, 10, n) + (arm == "treatment") * draw.normal(2, 5, n)
    time = np.ceil(draw.exponential(20, n))
    event = (time < 40) & (draw.random(n) < 0.7)
    # One person per arm is followed to the end, so that every horizon used here is within follow-up.
    time[[0, n1]], event[[0, n1]] = 40, False
    age, yes = draw.integers(18, 70, n), (latent > 50) * 1
    columns = {"arm": arm, "value": latent, "time": np.minimum(time, 40), "event": event * 1, "age": age, "yes": yes}
    return pd.DataFrame(columns)


def beside(found, name: str):
    return next(other.result for other in found.others if other.name == name)


def numbers(found) -> list[float]:
    """The headline and everything beside it, for comparison with a tolerance."""
    inferences = [found, *(other.result for other in found.others)]
    fields = ("value", "se", "lower", "upper", "statistic", "df", "p")
    return [getattr(x, name) if getattr(x, name) is not None else -1.0 for x in inferences for name in fields]


DESIGNS = (
    dataclasses.replace(MEANS, covariates=("age",)),
    Design("binary", ""),
    dataclasses.replace(SURVIVAL, covariates=("age",)),
)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.outcome_type)
@given(seed=seeds, n1=sizes, n0=sizes)
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_does_not_matter(design, seed, n1, n0):
    frame = as_outcome(outcomes(seed, n1, n0), design)
    shuffled = frame.sample(frac=1, random_state=seed % 1000)
    ours, theirs = estimate(frame, design), estimate(shuffled, design)
    assert numbers(ours) == pytest.approx(numbers(theirs), rel=1e-7, abs=1e-9)
    assert ours.warnings == theirs.warnings


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.outcome_type)
@given(seed=seeds, n1=sizes, n0=sizes)
@settings(max_examples=15, deadline=None)
def test_swapping_the_arms_changes_the_sign_and_nothing_else(design, seed, n1, n0):
    frame = as_outcome(outcomes(seed, n1, n0), design)
    swapped = frame.assign(arm=frame["arm"].map({"treatment": "comparison", "comparison": "treatment"}))
    ours, theirs = estimate(frame, design), estimate(swapped, design)
    mirrored = (-theirs.value, -theirs.upper, -theirs.lower)
    assert (ours.value, ours.lower, ours.upper) == pytest.approx(mirrored, abs=1e-9)
    assert numbers(ours)[1] == pytest.approx(numbers(theirs)[1], rel=1e-9)
    assert numbers(ours)[6] == pytest.approx(numbers(theirs)[6], rel=1e-9)


def as_outcome(frame: pd.DataFrame, design: Design) -> pd.DataFrame:
    return frame.assign(value=frame["yes"]) if design.outcome_type == "binary" else frame


@given(seed=seeds, shift=st.floats(-1e4, 1e4), factor=st.sampled_from([-7.0, -1.0, 0.01, 1.0, 250.0]))
@settings(max_examples=30, deadline=None)
def test_an_affine_change_of_the_outcome(seed, shift, factor):
    frame, design = outcomes(seed, 25, 35), dataclasses.replace(MEANS, covariates=("age",))
    ours, theirs = estimate(frame, design), estimate(frame.assign(value=shift + factor * frame["value"]), design)
    expected = (factor * ours.value, abs(factor) * ours.se, ours.p)
    assert (theirs.value, theirs.se, theirs.p) == pytest.approx(expected, rel=1e-6)
    assert theirs.others[0].result.se == pytest.approx(abs(factor) * ours.others[0].result.se, rel=1e-6)
    assert theirs.effect_size.value == pytest.approx(np.sign(factor) * ours.effect_size.value, rel=1e-6)


@given(seed=seeds, n1=sizes, n0=sizes)
@settings(max_examples=30, deadline=None)
def test_headline_is_statsmodels_hc2_and_scipys_welch(seed, n1, n0):
    frame = outcomes(seed, n1, n0)
    ours = estimate(frame, MEANS)
    fit = OLS(frame["value"], add_constant((frame["arm"] == "treatment") * 1.0)).fit()
    robust = fit.get_robustcov_results(cov_type="HC2")
    assert (ours.value, ours.se) == pytest.approx((robust.params[1], robust.bse[1]), rel=1e-9)
    arms = [frame.loc[frame["arm"] == arm, "value"] for arm in ("treatment", "comparison")]
    welch = ttest_ind(*arms, equal_var=False)
    interval = welch.confidence_interval(0.95)
    assert (ours.statistic, ours.df, ours.p) == pytest.approx((welch.statistic, welch.df, welch.pvalue), rel=1e-9)
    assert (ours.lower, ours.upper) == pytest.approx((interval.low, interval.high), rel=1e-9)


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_lin_is_statsmodels_with_interactions(seed):
    frame = outcomes(seed, 40, 30)
    treated, age = (frame["arm"] == "treatment") * 1.0, frame["age"] - frame["age"].mean()
    fit = OLS(frame["value"], np.column_stack([np.ones(70), treated, age, treated * age])).fit(cov_type="HC2")
    found = estimate(frame, dataclasses.replace(MEANS, covariates=("age",)))
    lin = beside(found, "Lin")
    assert (lin.value, lin.se) == pytest.approx((fit.params.iloc[1], fit.bse.iloc[1]), rel=1e-8)


@given(n1=st.integers(2, 40), n0=st.integers(2, 40))
@settings(max_examples=20, deadline=None)
def test_bell_mccaffrey_has_its_closed_form_for_two_arms(n1, n0):
    # Imbens & Kolesar 2016, section II.B
    treated = np.repeat([1.0, 0.0], [n1, n0])
    fit = least_squares_hc2(np.column_stack([np.ones(n1 + n0), treated]), np.arange(n1 + n0) * 1.0)
    expected = (n1 + n0) ** 2 * (n1 - 1) * (n0 - 1) / (n1**2 * (n1 - 1) + n0**2 * (n0 - 1))
    assert bell_mccaffrey_df(fit, 1) == pytest.approx(expected, rel=1e-8)


@given(seed=seeds, n1=sizes, n0=sizes)
@settings(max_examples=25, deadline=None)
def test_survival_agrees_with_lifelines(seed, n1, n0):
    frame = outcomes(seed, n1, n0)
    ours = estimate(frame, SURVIVAL)
    for arm, rows in frame.groupby("arm"):
        fitter = KaplanMeierFitter().fit(rows["time"], rows["event"])
        points = [point for point in ours.curve if point.arm == arm]
        theirs = fitter.survival_function_at_times([point.time for point in points]).to_numpy()
        assert [point.survival for point in points] == pytest.approx(theirs, rel=1e-9)
        bounds = fitter.confidence_interval_survival_function_.loc[points[-1].time].to_numpy()
        assert (points[-1].lower, points[-1].upper) == pytest.approx(tuple(bounds), rel=1e-6)
        assert ours.summary[arm].mean == pytest.approx(restricted_mean_survival_time(fitter, t=30), rel=1e-9)
    treated = frame["arm"] == "treatment"
    cut = frame.assign(event=frame["event"] * (frame["time"] <= 30), time=frame["time"].clip(upper=30))
    of = treated, ~treated
    test = logrank_test(*(cut.loc[arm, "time"] for arm in of), *(cut.loc[arm, "event"] for arm in of))
    rank = beside(ours, "log-rank")
    assert (rank.statistic, rank.p) == pytest.approx((test.test_statistic, test.p_value), rel=1e-6, abs=1e-9)


@given(seed=seeds, n=sizes)
@settings(max_examples=30, deadline=None)
def test_without_censoring_survival_is_plain_arithmetic(seed, n):
    time = np.ceil(np.random.default_rng(seed).exponential(20, n))
    mean, se = restricted_mean(kaplan_meier(time, np.ones(n), 25.0), 25.0)
    plain = np.minimum(time, 25.0)
    assert (mean, se) == pytest.approx((plain.mean(), plain.std() / np.sqrt(n)), rel=1e-9, abs=1e-12)


@given(data=st.data(), n1=st.integers(1, 80), n0=st.integers(1, 80))
@settings(max_examples=60, deadline=None)
def test_intervals_of_proportions_agree_with_statsmodels(data, n1, n0):
    a, c = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n0))
    assert wilson(a, n1) == pytest.approx(proportion_confint(a, n1, method="wilson"), abs=1e-9)
    assert clopper_pearson(a, n1) == pytest.approx(proportion_confint(a, n1, method="beta"), abs=1e-9)
    theirs = confint_proportions_2indep(a, n1, c, n0, method="newcomb", compare="diff")
    assert newcombe(a, n1, c, n0) == pytest.approx(theirs, abs=1e-9)


@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_results_are_plain_numbers(seed):
    frame = outcomes(seed, 30, 30)
    for design in DESIGNS:
        assert json.loads(json.dumps(dataclasses.asdict(estimate(as_outcome(frame, design), design)), allow_nan=False))


def test_importing_the_package_imports_nothing_heavy():
    heavy = "{'numpy', 'pandas', 'scipy', 'statsmodels'}"
    code = f"import sys, pipelines.estimation; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def covers(lower, upper, truth: float) -> float:
    return float(np.mean((np.array(lower) <= truth) & (truth <= np.array(upper))))


# The limits are three standard errors of a simulated 95% from 2,000 draws; the seeds are fixed.
def test_coverage_of_the_risk_difference():
    draw, found, score = np.random.default_rng(20_240_601), [], []
    for _ in range(2000):
        a, c = draw.random(60) < 0.3, draw.random(40) < 0.5
        found.append(difference(a * 1.0, c * 1.0))
        score.append(newcombe(int(a.sum()), 60, int(c.sum()), 40))
    assert 0.935 < covers([x.lower for x in found], [x.upper for x in found], -0.2) < 0.965
    assert 0.935 < covers([low for low, _ in score], [high for _, high in score], -0.2) < 0.965


def test_coverage_of_a_difference_in_means_with_unequal_spread():
    draw = np.random.default_rng(20_240_602)
    found = [difference(draw.normal(1, 5, 12), draw.normal(0, 1, 48)) for _ in range(2000)]
    assert 0.935 < covers([x.lower for x in found], [x.upper for x in found], 1.0) < 0.965
    assert 0.9 < np.mean([x.se for x in found]) / np.std([x.value for x in found]) < 1.1


def test_coverage_of_the_restricted_mean_under_censoring():
    draw, horizon, lower, upper = np.random.default_rng(20_240_603), 1.0, [], []
    for _ in range(1000):
        time, end = draw.exponential(1.0, 100), draw.uniform(0.3, 3.0, 100)
        mean, se = restricted_mean(kaplan_meier(np.minimum(time, end), (time <= end) * 1.0, horizon), horizon)
        lower.append(mean - 1.96 * se)
        upper.append(mean + 1.96 * se)
    assert 0.93 < covers(lower, upper, 1 - np.exp(-horizon)) < 0.965
