"""Multiple imputation: coverage by simulation, repeatability, and its models one by one."""

import os

import numpy as np
import pandas as pd
import pytest
from statsmodels.api import OLS, MNLogit, add_constant

from pipelines.estimation.doubt.chained import impute, mixing, mixing_limit, pool_over
from pipelines.estimation.doubt.delta_adjusted import delta_adjusted
from pipelines.estimation.doubt.imputation_models import (
    donor_range,
    impute_category,
    impute_matched,
    linear_draw,
    multinomial_fit,
)
from pipelines.estimation.doubt.imputation_plan import ImputationPlan, Variable
from pipelines.estimation.welch import difference

ALL = bool(os.environ.get("PILOTLENS_ALL_SIMULATIONS"))


def study(seed, n=120, slope=1.5):
    rng = np.random.default_rng(seed)
    arm = np.repeat(["treatment", "comparison"], n // 2)
    x = rng.normal(0, 1, n)
    y = 1.0 * (arm == "treatment") + x + rng.normal(0, 1, n)
    frame = pd.DataFrame({"arm": arm, "x": x, "y": y, "w": x + rng.normal(0, 1, n)})
    lost = rng.random(n) < 1 / (1 + np.exp(1.2 - slope * x - 0.5 * (arm == "treatment")))
    frame.loc[lost, "y"] = np.nan
    frame.loc[rng.random(n) < 0.1, "w"] = np.nan
    return frame


def effect(frame):
    arms = [frame.loc[frame["arm"] == arm, "y"].to_numpy(float) for arm in ("treatment", "comparison")]
    found = difference(*arms)
    return found.value, found.se


@pytest.mark.parametrize("model", ["normal", "matched"])
def test_coverage(model):
    # Missing depends on x and arm; for matching, not so strongly that a kind of person is hardly ever known. 95%
    # intervals must cover 93-97%; the short form allows for its own few draws (three binomial standard errors).
    # Complete cases are off where missing depends strongly on x.
    draws = 2000 if ALL else 100
    names = ("x", "y", "w") if ALL else ("x", "y")
    plan = ImputationPlan(tuple(Variable(name, model) for name in names), m=10, iterations=5 if ALL else 1)
    inside, biased = 0, 0.0
    for seed in range(draws):
        frame = study(seed) if model == "normal" else study(seed, 300, 0.75)
        found = pool_over(impute(frame, plan, seed), effect, len(frame) - 4).result
        inside += found.lower <= 1.0 <= found.upper
        biased += effect(frame.dropna(subset="y"))[0] / draws
    margin = 0.0 if ALL else 3 * (0.95 * 0.05 / draws) ** 0.5 - 0.02
    assert 0.93 - margin <= inside / draws <= min(0.97 + margin, 1.0)
    if model == "normal":
        assert biased < 0.97


def mixed(seed=3, n=160):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "id": rng.permutation(n),
            "arm": rng.choice(["treatment", "comparison"], n),
            "x": x,
            "age": rng.integers(18, 70, n).astype(float),
            "yes": (x + rng.normal(size=n) > 0).astype(float),
            "kind": rng.choice(["a", "b", "c"], n),
        }
    )
    for name in ("x", "yes", "kind", "age"):
        frame.loc[rng.random(n) < 0.15, name] = None
    return frame


MIXED = ImputationPlan(
    (Variable("x", "normal"), Variable("age"), Variable("yes", "binary"), Variable("kind", "category")),
    interactions=(("x", "yes"), ("age", "kind")),
    outcomes=("x",),
    m=4,
    iterations=4,
    key="id",
)


def test_rows_and_columns_in_any_order_give_the_same_values():
    frame = mixed()
    shuffled = frame.sample(frac=1, random_state=1)[sorted(frame.columns, reverse=True)]
    one, other = impute(frame, MIXED, 7), impute(shuffled, MIXED, 7)
    for copy in range(4):
        pd.testing.assert_frame_equal(other.completed(copy).loc[frame.index, frame.columns], one.completed(copy))
    assert not one.completed(0).equals(one.completed(1))
    assert not one.completed(0)["x"].equals(impute(frame, MIXED, 8).completed(0)["x"])


def test_what_is_known_stays_and_what_is_imputed_is_possible():
    frame = mixed()
    done = impute(frame, MIXED, 7)
    for copy in range(4):
        filled = done.completed(copy)
        assert not filled.isna().any().any()
        for name in ("x", "age", "yes", "kind"):
            known = frame[name].notna()
            assert (filled.loc[known, name] == frame.loc[known, name]).all()
        assert set(filled["kind"]) <= {"a", "b", "c"}
        assert set(filled["yes"]) <= {0.0, 1.0}
        assert set(filled["age"]) <= set(frame["age"].dropna())
    assert done.traces[0].mean.shape == (4, 4)
    assert "filled in 4 times" in done.sentence


def test_an_interaction_survives_only_when_it_is_in_the_plan():
    rng = np.random.default_rng(11)
    n = 3000
    x, z = rng.normal(size=n), rng.integers(0, 2, n).astype(float)
    frame = pd.DataFrame({"x": x, "z": z, "y": x * (2 * z - 1) + 0.5 * rng.normal(size=n)})
    frame.loc[rng.random(n) < 0.4, "y"] = np.nan
    names = (Variable("x", "normal"), Variable("y", "normal"), Variable("z", "binary"))
    slopes = []
    for pairs in ((), (("x", "z"),)):
        plan = ImputationPlan(names, None, pairs, ("y",), m=3, iterations=3)
        done = impute(frame, plan, 1).completed(0)
        columns = add_constant(np.column_stack([done["x"], done["z"], done["x"] * done["z"]]))
        slopes.append(OLS(done["y"].to_numpy(), columns).fit().params[3])
    assert slopes[0] < 1.5
    assert slopes[1] == pytest.approx(2.0, abs=0.1)


def test_arms_are_imputed_apart():
    # The covariate's slope differs in sign between the arms: imputed together, it would vanish
    rng = np.random.default_rng(4)
    n = 2000
    arm = np.where(np.arange(n) % 2, "treatment", "comparison")
    x = rng.normal(size=n)
    frame = pd.DataFrame({"arm": arm, "x": x, "y": np.where(arm == "treatment", x, -x) + 0.3 * rng.normal(size=n)})
    frame.loc[rng.random(n) < 0.5, "y"] = np.nan
    done = impute(frame, ImputationPlan((Variable("x"), Variable("y"))), 1).completed(0)
    for name, sign in (("treatment", 1), ("comparison", -1)):
        rows = done[done["arm"] == name]
        assert np.polyfit(rows["x"], rows["y"], 1)[0] == pytest.approx(sign, abs=0.08)


def test_perfect_prediction_stays_finite():
    rng = np.random.default_rng(0)
    x = np.linspace(-1, 1, 40)[:, None]
    drawn = [impute_category(x, (x[:, 0] > 0).astype(int), np.array([[-0.9], [0.9]]), rng, 2) for _ in range(200)]
    low, high = np.mean(drawn, axis=0)
    assert low < 0.2
    assert high > 0.8


def test_multinomial_fit_is_statsmodels():
    rng = np.random.default_rng(1)
    x = add_constant(rng.normal(size=(300, 2)))
    codes = rng.integers(0, 3, 300)
    theirs = MNLogit(codes, x).fit(disp=False)
    slope, root = multinomial_fit(x, np.eye(3)[codes], np.ones(300), 3)
    assert slope == pytest.approx(theirs.params, abs=1e-5)
    errors = np.sqrt(np.diag(root @ root.T)).reshape(3, 2)
    assert errors == pytest.approx(theirs.bse, rel=1e-4)


def test_linear_draws_have_the_posterior_spread():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(30, 2))
    y = x @ [1.0, -1.0] + rng.normal(size=30)
    fit = OLS(y, add_constant(x)).fit()
    point = np.array([[1.0, 2.0]])
    draws = np.array([linear_draw(x, y, point, rng).missing[0] for _ in range(4000)])
    prediction = fit.get_prediction(np.array([[1.0, 1.0, 2.0]]))
    assert draws.mean() == pytest.approx(prediction.predicted_mean[0], abs=0.05)
    # A t on 27 degrees of freedom is that much wider than its scale
    assert draws.std() == pytest.approx(prediction.se_mean[0] * (27 / 25) ** 0.5, rel=0.05)


def test_donors_are_the_nearest_and_all_who_tie():
    rng = np.random.default_rng(6)
    ordered = np.sort(rng.integers(0, 12, 40) / 2.0)
    targets = rng.normal(3, 4, 60)
    first, last = donor_range(ordered, targets, 5)
    for begin, end, target in zip(first, last, targets, strict=True):
        distances = np.sort(np.abs(ordered - target))
        inside = np.sort(np.abs(ordered[begin:end] - target))
        assert inside[:5] == pytest.approx(distances[:5])
        assert begin == 0 or ordered[begin - 1] < ordered[begin]


def test_people_with_one_prediction_all_give():
    outcome = np.arange(200.0)
    given = impute_matched(np.zeros((200, 1)), outcome, np.zeros((2000, 1)), np.random.default_rng(0))
    assert len(set(given.tolist())) > 190


def test_dependent_and_constant_columns_do_no_harm():
    frame = mixed()
    frame["copy"], frame["flat"] = frame["age"], 1.0
    plan = ImputationPlan(tuple(Variable(name) for name in ("age", "copy", "flat", "x")), m=2, iterations=2)
    assert not impute(frame, plan, 1).completed(0)[["age", "x"]].isna().any().any()


def test_mixing_tells_settled_chains_from_stuck_ones():
    rng = np.random.default_rng(0)
    settled = rng.normal(size=(10, 20))
    assert mixing(settled) < mixing_limit(10, 20)
    assert mixing(settled + 3 * np.arange(20)) > mixing_limit(10, 20)


def test_delta_moves_the_estimate_by_the_share_missing():
    frame = study(1)
    treated, outcome = (frame["arm"] == "treatment").to_numpy(), frame["y"].to_numpy()
    covariates = frame[["x"]].to_numpy()
    found = delta_adjusted(outcome, treated, covariates, (-2.0, 0.0, 2.0), seed=1)
    share = np.isnan(outcome[treated]).mean()
    values = [row.result.value for row in found.rows]
    assert np.diff(values) == pytest.approx([2 * share, 2 * share])
    assert found.rows[1].result == found.imputed
    order = np.random.default_rng(0).permutation(len(outcome))
    again = delta_adjusted(outcome[order], treated[order], covariates[order], (0.0,), seed=1)
    assert again.imputed.value == pytest.approx(found.imputed.value, rel=1e-12)


def test_delta_tips_where_the_interval_meets_zero():
    frame = study(1)
    treated, outcome = (frame["arm"] == "treatment").to_numpy(), frame["y"].to_numpy()
    found = delta_adjusted(outcome, treated, frame[["x"]].to_numpy(), (-5.0, 5.0), seed=1)
    at = delta_adjusted(outcome, treated, frame[["x"]].to_numpy(), (found.tip,), seed=1).rows[0].result
    assert found.tip < 0
    assert at.lower == pytest.approx(0, abs=1e-4)
    assert "lower than is known" in found.sentence
