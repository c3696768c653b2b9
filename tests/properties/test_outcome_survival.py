"""Times to an event: agreement with lifelines and statsmodels, symmetry, and size by simulation."""

import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter, CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test, proportional_hazard_test
from statsmodels.duration.hazard_regression import PHReg

from pipelines.estimation.competing_risks import cumulative_incidence, incidence_difference
from pipelines.estimation.fine_gray import fine_gray
from pipelines.estimation.gray_test import gray_test
from pipelines.estimation.kaplan_meier import kaplan_meier
from pipelines.estimation.proportional_hazards import cox_regression
from pipelines.estimation.proportionality import proportionality
from pipelines.estimation.rank_tests import GEHAN, TARONE_WARE, Weights, median_survival, weighted_log_rank
from pipelines.estimation.risk_sets import score_residuals

ALL = os.environ.get("PILOTLENS_ALL_SIMULATIONS") == "1"
some = settings(derandomize=True, deadline=None, max_examples=2)
many = settings(derandomize=True, deadline=None, max_examples=6)
seeds = st.integers(0, 2**32 - 1)


def people(seed: int, n: int = 120, ties: bool = True) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": draw.normal(size=n), "a": np.arange(n) % 2, "s": draw.integers(0, 4, n)})
    frame["cl"] = draw.integers(0, 15, n)
    time = draw.exponential(10 * np.exp(-0.5 * frame["x"] + 0.3 * frame["a"]))
    frame["t"] = np.ceil(time) if ties else time
    frame["e"] = (draw.random(n) < 0.7) * 1
    frame["c"] = draw.integers(0, 3, n)
    frame["t0"] = frame["t"] * draw.uniform(0, 0.8, n)
    return frame


def errors(covariance):
    return np.sqrt(np.diag(covariance))


@given(seed=seeds)
@some
def test_cox_agrees_with_lifelines_and_statsmodels(seed):
    d = people(seed)
    x = d[["x", "a"]].to_numpy(dtype=float)
    for ties in ("efron", "breslow"):
        theirs = PHReg(d["t"], x, status=d["e"], ties=ties).fit()
        ours = cox_regression(d["t"], d["e"], x, ties=ties)
        assert ours.coefficients == pytest.approx(theirs.params, rel=1e-6, abs=1e-8)
        assert errors(ours.covariance) == pytest.approx(theirs.bse, rel=1e-6)
        assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-9)
    how = {"duration_col": "t", "event_col": "e", "fit_options": {"precision": 1e-13}}
    theirs = CoxPHFitter().fit(d[["x", "a", "t", "e", "s"]], strata="s", **how)
    ours = cox_regression(d["t"], d["e"], x, strata=d["s"])
    assert ours.coefficients == pytest.approx(theirs.params_.to_numpy(), rel=1e-6, abs=1e-8)
    theirs = CoxPHFitter().fit(d[["x", "a", "t", "e", "t0"]], entry_col="t0", **how)
    ours = cox_regression(d["t"], d["e"], x, entry=d["t0"])
    assert ours.coefficients == pytest.approx(theirs.params_.to_numpy(), rel=1e-6, abs=1e-8)
    assert errors(ours.covariance) == pytest.approx(theirs.standard_errors_.to_numpy(), rel=1e-6)


@given(seed=seeds)
@some
def test_robust_errors_and_proportionality_agree_with_lifelines(seed):
    d = people(seed, ties=False)
    x = d[["x", "a"]].to_numpy(dtype=float)
    how = {"duration_col": "t", "event_col": "e", "fit_options": {"precision": 1e-13}}
    plain, ours = CoxPHFitter().fit(d[["x", "a", "t", "e"]], **how), cox_regression(d["t"], d["e"], x)
    robust = CoxPHFitter().fit(d[["x", "a", "t", "e"]], robust=True, **how)
    assert errors(ours.robust) == pytest.approx(robust.standard_errors_.to_numpy(), rel=1e-6)
    clustered = CoxPHFitter().fit(d[["x", "a", "t", "e", "cl"]], cluster_col="cl", **how)
    found = cox_regression(d["t"], d["e"], x, clusters=d["cl"])
    assert errors(found.robust) == pytest.approx(clustered.standard_errors_.to_numpy(), rel=1e-6)
    for transform in ("identity", "rank", "log"):
        theirs = proportional_hazard_test(plain, d[["x", "a", "t", "e"]], time_transform=transform).summary
        test = proportionality(ours, transform, "approximate")
        expected = [theirs.loc[name, "test_statistic"] for name in ("x", "a")]
        assert [term.statistic for term in test.terms] == pytest.approx(expected, rel=1e-4, abs=1e-5)


@given(seed=seeds, factor=st.sampled_from([0.01, 7.0, 365.25]))
@some
def test_cox_does_not_mind_order_units_or_labels(seed, factor):
    d = people(seed)
    x = d[["a", "x"]].to_numpy(dtype=float)
    ours = cox_regression(d["t"], d["e"], x, entry=d["t0"], strata=d["s"])
    order = np.random.default_rng(seed).permutation(len(d))
    moved = d.iloc[order]
    theirs = cox_regression(
        moved["t"] * factor, moved["e"], x[order] * [1, 100] + 3, entry=moved["t0"] * factor, strata=moved["s"]
    )
    assert theirs.coefficients * [1, 100] == pytest.approx(ours.coefficients, rel=1e-6, abs=1e-9)
    assert errors(theirs.robust) * [1, 100] == pytest.approx(errors(ours.robust), rel=1e-6)
    swapped = cox_regression(d["t"], d["e"], np.column_stack([1 - d["a"], d["x"]]), entry=d["t0"], strata=d["s"])
    assert swapped.hazard_ratio(0).value == pytest.approx(1 / ours.hazard_ratio(0).value, rel=1e-7)
    residuals = score_residuals(ours.strata, ours.columns, ours.coefficients * ours.scale)
    assert residuals.sum(axis=0) == pytest.approx([0, 0], abs=1e-6)
    for transform in ("km", "rank"):
        one, two = (proportionality(fit, transform).overall.statistic for fit in (ours, theirs))
        assert one == pytest.approx(two, rel=1e-5)


@given(seed=seeds)
@some
def test_score_test_of_one_column_by_its_definition(seed):
    # Derivative and information of the coefficient on (g(t) - mean g) x, added to the model, by plain loops (no ties)
    d = people(seed, 40, ties=False)
    t, e, x = d["t"].to_numpy(), d["e"].to_numpy(), d["x"].to_numpy()
    fit = cox_regression(t, e, x[:, None])
    b, mean_time, u, plain, crossed, squared = fit.coefficients[0], t[e == 1].mean(), 0.0, 0.0, 0.0, 0.0
    for when, who in zip(t[e == 1], np.flatnonzero(e), strict=True):
        risk = np.where(t >= when, np.exp(b * x), 0.0)
        centre = (risk * x).sum() / risk.sum()
        spread = (risk * (x - centre) ** 2).sum() / risk.sum()
        g = when - mean_time
        u, plain = u + g * (x[who] - centre), plain + spread
        crossed, squared = crossed + g * spread, squared + g * g * spread
    expected = u**2 / (squared - crossed**2 / plain)
    assert proportionality(fit, "identity").terms[0].statistic == pytest.approx(expected, rel=1e-6)


@given(seed=seeds)
@many
def test_weighted_rank_tests_agree_with_lifelines(seed):
    d = people(seed)
    arm = d["a"] == 1
    named = (
        ({}, Weights()),
        ({"weightings": "wilcoxon"}, GEHAN),
        ({"weightings": "tarone-ware"}, TARONE_WARE),
        ({"weightings": "fleming-harrington", "p": 1, "q": 0}, Weights(1, 0)),
        ({"weightings": "fleming-harrington", "p": 0.5, "q": 0.5}, Weights(0.5, 0.5)),
    )
    for how, weights in named:
        theirs = logrank_test(d["t"][arm], d["t"][~arm], d["e"][arm], d["e"][~arm], **how).test_statistic
        assert weighted_log_rank(d["t"], d["e"], arm, weights).statistic == pytest.approx(theirs, rel=1e-6, abs=1e-9)
    one_stratum = weighted_log_rank(d["t"], d["e"], arm, strata=np.zeros(len(d)))
    assert one_stratum == weighted_log_rank(d["t"], d["e"], arm)
    # The log-rank test is the score test of Cox's model where nobody ties
    untied = people(seed, ties=False)
    score = cox_regression(untied["t"], untied["e"], untied[["a"]].to_numpy(dtype=float), strata=untied["s"]).score
    stratified = weighted_log_rank(untied["t"], untied["e"], untied["a"], strata=untied["s"])
    assert score.statistic == pytest.approx(stratified.statistic, rel=1e-6, abs=1e-9)


@given(seed=seeds)
@many
def test_cumulative_incidence_agrees_with_lifelines_and_with_kaplan_meier(seed):
    d = people(seed, ties=False)
    ours = cumulative_incidence(d["t"], d["c"])
    theirs = AalenJohansenFitter(calculate_variance=True).fit(d["t"], d["c"], 1)
    assert ours.incidence == pytest.approx(theirs.cumulative_density_.loc[ours.time].to_numpy().ravel(), rel=1e-9)
    variance = theirs.variance_.loc[ours.time].to_numpy().ravel()
    known = np.isfinite(variance)
    assert (ours.se**2)[known] == pytest.approx(variance[known], rel=1e-6, abs=1e-12)
    # With one cause: one minus Kaplan-Meier, and Greenwood
    alone = cumulative_incidence(d["t"], d["e"])
    curve = kaplan_meier(d["t"].to_numpy(), d["e"].to_numpy(), np.inf)
    greenwood = curve.survival * np.sqrt(np.cumsum(curve.hazard_variance))
    assert alone.incidence == pytest.approx(1 - curve.survival, abs=1e-12)
    assert alone.se[:-1] == pytest.approx(greenwood[:-1], abs=1e-9)
    one, two = (incidence_difference(d["t"], d["c"], arm, 2.0).difference for arm in (d["a"], 1 - d["a"]))
    assert (one.value, one.lower) == pytest.approx((-two.value, -two.upper))


@given(seed=seeds)
@many
def test_gray_and_fine_gray_symmetries(seed):
    d = people(seed)
    found = gray_test(d["t"], d["c"], d["s"])
    order = np.random.default_rng(seed).permutation(len(d))
    relabelled = gray_test(d["t"].iloc[order] * 30, d["c"].iloc[order], (3 - d["s"]).iloc[order])
    assert relabelled.statistic == pytest.approx(found.statistic, rel=1e-7)
    x = d[["a", "x"]].to_numpy(dtype=float)
    one = fine_gray(d["t"], d["c"], x)
    two = fine_gray(d["t"].iloc[order] / 7, d["c"].iloc[order], x[order] * [-1, 10])
    assert two.coefficients * [-1, 10] == pytest.approx(one.coefficients, rel=1e-6, abs=1e-9)
    assert errors(two.covariance) * [1, 10] == pytest.approx(errors(one.covariance), rel=1e-6)
    # Without competing events it is Cox's model with Breslow's ties and robust errors
    alone, cox = fine_gray(d["t"], d["e"], x), cox_regression(d["t"], d["e"], x, ties="breslow")
    assert alone.coefficients == pytest.approx(cox.coefficients, rel=1e-8)
    assert alone.covariance == pytest.approx(cox.robust, rel=1e-7)


@given(seed=seeds)
@many
def test_median_agrees_with_lifelines(seed):
    d = people(seed, ties=False)
    theirs = KaplanMeierFitter().fit(d["t"], d["e"])
    ours = median_survival(d["t"], d["e"])
    assert ours.value == pytest.approx(theirs.median_survival_time_)
    limits = theirs.confidence_interval_survival_function_
    for found, column in ((ours.lower, 0), (ours.upper, 1)):
        below = limits.index[limits.iloc[:, column] <= 0.5]
        assert found == (pytest.approx(below[0]) if len(below) else None)


def test_grays_test_keeps_its_level():
    draw, rejected, draws = np.random.default_rng(20_240_621), [], 2000 if ALL else 300
    for _ in range(draws):
        time, cause = np.round(draw.exponential(size=90), 1), draw.integers(0, 3, 90)
        rejected.append(gray_test(time, cause, np.arange(90) < 40).p < 0.05)
    assert 0.025 < np.mean(rejected) < 0.08


def test_proportionality_keeps_its_level():
    draw, rejected, draws = np.random.default_rng(20_240_622), [], 2000 if ALL else 200
    for _ in range(draws):
        arm = np.arange(100) % 2
        fit = cox_regression(draw.exponential(np.exp(-0.5 * arm)), draw.random(100) < 0.8, arm[:, None] * 1.0)
        rejected.append(proportionality(fit).overall.p < 0.05)
    assert 0.01 < np.mean(rejected) < 0.1
