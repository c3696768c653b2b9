"""Published and peer numbers for few clusters, randomisation inference, multiplicity and clustered effect sizes."""

from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.estimation.cluster_robust import contrast_test, fit_clustered
from pipelines.estimation.clustered_effect_size import against_minimum_important, d_total, d_within, summarise_clusters
from pipelines.estimation.effect_sizes import small_sample_factor
from pipelines.estimation.joint_test import joint_test
from pipelines.estimation.multiplicity import benjamini_hochberg, bonferroni, holm, romano_wolf
from pipelines.estimation.randomisation import randomisation_test
from pipelines.estimation.result import Inference
from pipelines.estimation.wild_bootstrap import wild_bootstrap

MORTALITY = Path(__file__).parent / "data" / "mortality_rates.csv"


@pytest.fixture(scope="module")
def thornton() -> pd.DataFrame:
    causaldata = pytest.importorskip("causaldata", reason="the causaldata package is not installed")
    return causaldata.thornton_hiv.load_pandas().data.dropna(subset=["got", "any", "villnum"])


@pytest.fixture(scope="module")
def ten_villages(thornton) -> pd.DataFrame:
    return thornton[thornton["villnum"].isin(np.sort(thornton["villnum"].unique())[:10])]


def village_fit(data: pd.DataFrame):
    columns = np.column_stack([np.ones(len(data)), data["any"]]).astype(float)
    return fit_clustered(columns, data["got"].to_numpy(dtype=float), data["villnum"].to_numpy(dtype=int))


class TestThornton:
    """Thornton 2008 (causaldata): got ~ any, clustered on village; numbers by R clubSandwich."""

    @pytest.mark.parametrize(
        ("kind", "se", "df"),
        [
            ("CR0", 0.022587, None),
            ("CR1", 0.022682, None),
            ("CR1S", 0.022686, None),
            ("CR2", 0.022790, 62.88),
            ("CR3", 0.022998, 61.82),
        ],
    )
    def test_all_villages(self, thornton, kind, se, df):
        found = contrast_test(village_fit(thornton), 1, kind)
        assert len(thornton) == 2830
        assert (found.value, found.se) == pytest.approx((0.451982, se), rel=1e-4)
        if df is not None:
            assert found.df == pytest.approx(df, rel=1e-4)

    @pytest.mark.parametrize(
        ("kind", "se", "df"), [("CR1S", 0.047105, None), ("CR2", 0.047317, 6.454), ("CR3", 0.050201, 6.289)]
    )
    def test_ten_villages(self, ten_villages, kind, se, df):
        found = contrast_test(village_fit(ten_villages), 1, kind)
        assert len(ten_villages) == 684
        assert (found.value, found.se) == pytest.approx((0.523924, se), rel=1e-4)
        if df is not None:
            assert found.df == pytest.approx(df, rel=1e-4)

    def test_wild_bootstrap_counts_ties(self, ten_villages):
        # All 1,024 draws: 4 lie strictly farther out than t = 11.1224, the observed one and its mirror tie with it
        found = wild_bootstrap(village_fit(ten_villages), 1)
        assert (found.enumerated, found.draws) == (True, 1024)
        assert found.result.statistic == pytest.approx(11.1224, rel=1e-4)
        assert found.result.p == 6 / 1024
        assert "ties counted" in found.note


class TestMortalityRates:
    """Pustejovsky & Tipton 2018 and the clubSandwich vignette; numbers by clubSandwich 0.5.8 on the same rows."""

    def fit(self, data, indicators=("state", "year"), **options):
        dummies = [pd.get_dummies(data[name]).to_numpy(dtype=float) for name in indicators]
        columns = np.column_stack([data["legal"], data["beertaxa"], *dummies])
        return fit_clustered(columns, data["mrate"].to_numpy(), data["state"].to_numpy(), **options)

    @pytest.fixture
    def data(self):
        return pd.read_csv(MORTALITY)

    def test_state_and_year_indicators(self, data):
        fit = self.fit(data)
        cr1, cr2 = contrast_test(fit, 1, "CR1"), contrast_test(fit, 1, "CR2")
        assert (cr2.value, cr1.se, cr2.se) == pytest.approx((-12.1391470, 4.921864438, 5.028344280), rel=1e-6)
        assert (cr2.df, cr2.p) == pytest.approx((6.369336542, 0.04991462708), rel=1e-6)
        legal = contrast_test(fit, 0, "CR2")
        assert (legal.value, legal.se, legal.df) == pytest.approx((0.6502633612, 2.444296965, 40.642533221), rel=1e-6)
        joint = joint_test(fit, np.eye(len(fit.fit.coefficients))[:2])
        assert (joint.df, joint.p) == pytest.approx((13.0087, 0.10406740596), rel=1e-5)

    def test_until_1983(self, data):
        fit = self.fit(data[data["year"] <= 1983])
        found = [contrast_test(fit, i, "CR2") for i in range(2)]
        assert [x.p for x in found] == pytest.approx([0.0058313583, 0.4966283245], rel=1e-6)
        assert [x.df for x in found] == pytest.approx([24.58, 5.77], rel=1e-3)
        q = np.eye(len(fit.fit.coefficients))[:2]
        expected = {"CR1": (6.029446068, 14.37646675), "CR2": (5.670975034, 11.58116856)}
        for kind, numbers in expected.items():
            joint = joint_test(fit, q, kind)
            assert (joint.statistic, joint.df) == pytest.approx(numbers, rel=1e-6)

    def test_absorbed_states_are_states_written_out(self, data):
        data = data[data["year"] <= 1983]
        absorbed = self.fit(data, ("year",), absorb=data["state"].to_numpy())
        for kind in ("CR0", "CR1", "CR1S", "CR2", "CR3"):
            ours, written = contrast_test(absorbed, 0, kind), contrast_test(self.fit(data), 0, kind)
            assert (ours.value, ours.se, ours.df) == pytest.approx((written.value, written.se, written.df), rel=1e-8)

    def test_weighted_by_population(self, data):
        data = data[data["year"] <= 1983]
        fit = self.fit(data, weights=data["pop"].to_numpy(dtype=float))
        expected = {
            "CR0": [(1.989559209, 9.896467062), (4.159829118, 7.734119317)],
            "CR1": [(2.009758298, 9.896467062), (4.202061969, 7.734119317)],
            "CR2": [(2.134818339, 8.519527817), (4.368810992, 6.850917820)],
        }
        for kind, numbers in expected.items():
            for position, (se, df) in enumerate(numbers):
                found = contrast_test(fit, position, kind)
                assert (found.se, found.df) == pytest.approx((se, df), rel=1e-6)

    def test_weighted_without_states(self, data):
        data = data[data["year"] <= 1983]
        fit = self.fit(data, ("year",), weights=data["pop"].to_numpy(dtype=float))
        expected = {
            "CR0": [(4.327244734, 7.387426788), (6.253309112, 8.062619544)],
            "CR2": [(5.040006003, 5.511280479), (7.210553281, 7.131155296)],
            "CR3": [(5.354703718, 5.500774685), (8.118867904, 6.657596422)],
        }
        for kind, numbers in expected.items():
            for position, (se, df) in enumerate(numbers):
                found = contrast_test(fit, position, kind)
                assert (found.se, found.df) == pytest.approx((se, df), rel=1e-6)

    def test_joint_without_states(self, data):
        data = data[data["year"] <= 1983]
        fit = self.fit(data, ("year",))
        q = np.eye(len(fit.fit.coefficients))[:2]
        expected = {
            "CR1": (0.3706896127, 15.28936144),
            "CR2": (0.3506639255, 12.34613594),
            "CR3": (0.323281979, 9.73526343),
        }
        for kind, numbers in expected.items():
            joint = joint_test(fit, q, kind)
            assert (joint.statistic, joint.df) == pytest.approx(numbers, rel=1e-6)


class TestRandomisation:
    def test_seven_villages(self):
        # Gerber & Green 2012, Field Experiments, ch. 2 and 3
        treated = np.array([True, False, False, False, False, False, True])
        found = randomisation_test(np.array([15.0, 15, 20, 20, 10, 15, 30]), treated)
        assert (found.result.value, found.assignments, found.exact) == (6.5, 21, True)
        assert (found.p_greater, found.result.p) == (5 / 21, 8 / 21)

    def test_tea_tasting(self):
        # Fisher 1935, The Design of Experiments, ch. II
        right = np.array([True] * 4 + [False] * 4)
        found = randomisation_test(right.astype(float), right, alternative="greater")
        assert (found.result.p, found.smallest_p) == (1 / 70, 1 / 70)


def test_multiplicity_benjamini_hochberg_1995():
    # Benjamini & Hochberg 1995, section 4.1: 15 p-values; at 5% Bonferroni rejects 3, theirs 4
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528]
    p = np.array([*p, 0.7590, 1.0])
    assert (bonferroni(p) <= 0.05).sum() == 3
    assert (benjamini_hochberg(p) <= 0.05).sum() == 4
    assert (holm(p) <= 0.05).sum() == 3
    order = np.array([14, 3, 0, 7, 2, 10, 12, 1, 13, 5, 4, 11, 6, 9, 8])
    for adjust in (bonferroni, holm, benjamini_hochberg):
        assert adjust(p[order]) == pytest.approx(adjust(p)[order])


def test_multiplicity_step_down_by_hand():
    # By hand: three outcomes, four joint draws that are all there are
    drawn = np.array([[3.0, 2.0, 1.0], [1.0, 2.5, 0.5], [0.0, 0.5, 2.0], [0.5, 0.1, 0.2]])
    # Largest of all against 3: 1 of 4; of the two weaker against 2: 3 of 4; of the weakest against 1: 2, held at 3
    assert romano_wolf(np.array([3.0, -2.0, 1.0]), drawn, enumerated=True).tolist() == [0.25, 0.75, 0.75]
    assert romano_wolf(np.array([3.0, -2.0, 1.0]), drawn).tolist() == [0.4, 0.8, 0.8]


class TestClusteredEffectSizes:
    """Hedges 2007, formulas worked by hand for equal clusters."""

    def sample(self):
        # Four clusters of four people; means 3, 5 | 1, 1; within, every cluster is its mean -1, -1, 1, 1
        means = np.repeat([3.0, 5.0, 1.0, 1.0], 4)
        outcome = means + np.tile([-1.0, -1.0, 1.0, 1.0], 4)
        return summarise_clusters(outcome, np.repeat([True, False], 8), np.repeat(np.arange(4), 4))

    def test_variances(self):
        found = self.sample()
        # S_W^2 = 16/12; S_B^2 = (1 + 1 + 0 + 0)/2; MSB = 4; ICC = (4 - 4/3)/(4 + 3 * 4/3)
        assert (found.difference, found.within, found.between) == pytest.approx((3, 4 / 3, 1))
        assert (found.icc, found.typical) == pytest.approx((1 / 3, 4))

    def test_d_within(self):
        found, d, j = d_within(self.sample()), 3 / sqrt(4 / 3), small_sample_factor(12)
        variance = (1 / 8 + 1 / 8) * (1 + 3 / 3) / (1 - 1 / 3) + d**2 / 24
        assert found.value == pytest.approx(j * d)
        assert found.upper - found.lower == pytest.approx(2 * 1.959963985 * j * sqrt(variance))

    def test_d_total(self):
        # S_T^2 = 1 + (3/4)(4/3) = 2; ratio = 2^2/(16 * 2) + 9 (2/3)^2/(16 * 12)
        found, d, ratio = d_total(self.sample()), 3 / sqrt(2), 4 / 32 + 4 / 192
        j, variance = small_sample_factor(1 / ratio), 0.25 * 2 + d**2 * ratio / 2
        assert found.value == pytest.approx(j * d)
        assert found.upper - found.lower == pytest.approx(2 * 1.959963985 * j * sqrt(variance))

    def test_against_the_minimum_important_difference(self):
        found = against_minimum_important(Inference(3.0, 1.0, 1.0, 5.0), 2.0)
        assert (found.value, found.lower, found.upper) == (1.5, 0.5, 2.5)
