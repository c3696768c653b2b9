"""What the advisor says of designs, and what is refused with a safe alternative."""

import subprocess
import sys

import numpy as np
import pytest

from pipelines.estimation import EstimationRefusal
from pipelines.estimation.advisor import Counts, Floors, advise
from pipelines.estimation.cluster_difference import cluster_difference
from pipelines.estimation.cluster_robust import contrast_test, fit_clustered
from pipelines.estimation.clustered_effect_size import d_within, summarise_clusters
from pipelines.estimation.multiplicity import holm, romano_wolf
from pipelines.estimation.randomisation import randomisation_test
from pipelines.estimation.wild_bootstrap import wild_bootstrap


def clustered(clusters, treated, size=20, **more):
    n = clusters * size
    arm = min(treated, clusters - treated) * size
    return Counts(n, arm, cluster_sizes=(size,) * clusters, treated_clusters=treated, **more)


def inside(clusters, shared, sizes=None, **more):
    sizes = sizes or (20,) * clusters
    return Counts(
        sum(sizes),
        10 * shared,
        cluster_sizes=sizes,
        treated_clusters=clusters,
        clusters_assigned=False,
        shared_clusters=shared,
        **more,
    )


@pytest.mark.parametrize(
    ("counts", "leads"),
    [
        (Counts(200, 100), "HC2 + Bell-McCaffrey"),
        (Counts(15, 7), "description"),
        (Counts(200, 100, "binary", events=(3, 20)), "description"),
        (clustered(20, 10), "CR2 + Satterthwaite"),
        (clustered(20, 10, satterthwaite_df=3.2), "randomisation inference"),
        (clustered(20, 10, satterthwaite_df=3.2, randomised=False), "description"),
        (clustered(12, 1), "randomisation inference"),
        (clustered(12, 1, randomised=False), "description"),
        (clustered(12, 1, assignments=12), "description"),
        (clustered(6, 3), "randomisation inference"),
        (clustered(6, 0), "description"),
        (clustered(12, 6, fixed_effects=12), "randomisation inference"),
    ],
)
def test_which_engine_leads(counts, leads):
    found = advise(counts)
    assert found.leads == leads
    assert found.why
    assert all(refusal.reason and refusal.alternative for refusal in found.refused)
    assert found.leads not in [refusal.engine for refusal in found.refused]
    assert found.leads not in found.beside


def test_floors_come_from_the_protocol():
    assert advise(clustered(6, 3), Floors(clusters_per_arm=3)).leads == "CR2 + Satterthwaite"
    assert advise(Counts(15, 7), Floors(people_per_arm=5)).leads == "HC2 + Bell-McCaffrey"


def test_separation_and_extreme_shares_are_named():
    separated = advise(Counts(200, 100, "binary", events=(0, 20), non_events=(100, 80)), Floors(events_per_arm=0))
    assert "perfect separation" in separated.refused[0].reason
    extreme = advise(clustered(40, 4))
    assert ("wild bootstrap" in [refusal.engine for refusal in extreme.refused], extreme.leads) == (
        True,
        "CR2 + Satterthwaite",
    )


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        (clustered(20, 10), True),
        (clustered(18, 8), True),
        (clustered(16, 8), False),
        (clustered(20, 7), False),
        (clustered(20, 10, satterthwaite_df=3.2), False),
        (Counts(500, 200, cluster_sizes=(140, *(20,) * 18), treated_clusters=8), False),
        # People assigned within clusters, every one of which has people of both arms; or all but one
        (inside(7, 7), True),
        (inside(6, 6), False),
        (inside(12, 11), False),
        (inside(18, 17), True),
        (inside(8, 8, (80, *(20,) * 7)), False),
        (inside(8, 8, satterthwaite_df=3.2), False),
    ],
)
def test_the_wild_bootstrap_stands_beside_where_it_holds_and_never_leads(counts, shown):
    found = advise(counts)
    assert found.leads != "wild bootstrap"
    assert ("wild bootstrap" in found.beside) == shown
    assert ("wild bootstrap" in [refusal.engine for refusal in found.refused]) != shown


def test_one_cluster_with_most_of_the_people():
    few, many = (
        advise(Counts(400, 60, cluster_sizes=(400 - 10 * others, *(10,) * others), treated_clusters=5))
        for others in (9, 15)
    )
    assert (few.leads, many.leads) == ("randomisation inference", "CR2 + Satterthwaite")
    assert any("more than half" in refusal.reason for refusal in few.refused)
    assert "normal approximation" in [refusal.engine for refusal in many.refused]


def test_counts_that_contradict_one_another():
    with pytest.raises(ValueError, match="contradict"):
        advise(Counts(10, 8))
    with pytest.raises(ValueError, match="contradict"):
        advise(clustered(8, 4, shared_clusters=2))


class TestRefusals:
    codes = np.repeat(np.arange(8), 5)
    outcome = np.random.default_rng(0).normal(size=40)

    def fit(self, treated, codes=None):
        columns = np.column_stack([np.ones(40), treated])
        return fit_clustered(columns, self.outcome, self.codes if codes is None else codes)

    def test_one_treated_cluster(self):
        fit = self.fit(self.codes == 3)
        for ask in (contrast_test, wild_bootstrap):
            with pytest.raises(EstimationRefusal, match="one cluster alone") as caught:
                ask(fit, 1)
            assert "randomisation inference" in caught.value.alternative

    def test_one_cluster(self):
        with pytest.raises(EstimationRefusal, match="one cluster"):
            self.fit(self.codes < 4, np.zeros(40, dtype=int))

    def test_indicators_of_clusters_leave_nothing_of_assigned_clusters(self):
        columns = np.column_stack([self.codes[:, None] == np.arange(8), self.codes < 4])
        fit = fit_clustered(columns, self.outcome, self.codes)
        with pytest.raises(ValueError, match="told apart"):
            contrast_test(fit, 8)

    def test_constant_outcome(self):
        columns = np.column_stack([np.ones(40), self.codes < 4])
        with pytest.raises(EstimationRefusal, match="vary"):
            contrast_test(fit_clustered(columns, np.full(40, 7.0), self.codes), 1)

    @pytest.mark.parametrize("broken", [np.nan, np.inf])
    def test_numbers_that_are_none(self, broken):
        outcome = self.outcome.copy()
        outcome[3] = broken
        with pytest.raises(ValueError, match="finite"):
            fit_clustered(np.ones((40, 1)), outcome, self.codes)
        with pytest.raises(ValueError, match="finite"):
            randomisation_test(outcome, self.codes < 4)

    def test_absorbed_groups_must_nest(self):
        with pytest.raises(ValueError, match="within clusters"):
            fit_clustered(self.outcome[:, None], self.outcome, self.codes, absorb=np.arange(40) % 2)

    def test_split_clusters_and_blocks(self):
        with pytest.raises(EstimationRefusal, match="both arms"):
            randomisation_test(self.outcome, np.arange(40) % 2 == 0, clusters=self.codes)
        with pytest.raises(EstimationRefusal, match="nobody in one of the arms"):
            randomisation_test(self.outcome, self.codes < 4, blocks=self.codes)

    def test_sizes_need_two_clusters_an_arm_and_spread(self):
        with pytest.raises(EstimationRefusal, match="two clusters"):
            summarise_clusters(self.outcome, self.codes == 3, self.codes)
        with pytest.raises(EstimationRefusal, match="within a cluster"):
            d_within(summarise_clusters(self.codes.astype(float), self.codes < 4, self.codes))

    def test_p_values_out_of_range(self):
        for p in ([0.2, 1.2], [np.nan], []):
            with pytest.raises(ValueError, match="between 0 and 1"):
                holm(np.array(p))
        with pytest.raises(ValueError, match="missing"):
            romano_wolf(np.array([1.0]), np.array([[np.nan]]))


def test_weights_of_zero_are_as_if_not_there():
    codes, outcome = np.repeat(np.arange(8), 5), np.random.default_rng(0).normal(size=40)
    columns, weights = np.column_stack([np.ones(40), codes < 4]), np.ones(40)
    weights[::5] = 0
    kept = weights > 0
    ours = contrast_test(fit_clustered(columns, outcome, codes, weights), 1)
    theirs = contrast_test(fit_clustered(columns[kept], outcome[kept], codes[kept]), 1)
    assert (ours.value, ours.se, ours.df) == pytest.approx((theirs.value, theirs.se, theirs.df))


def test_one_result_with_everything_beside():
    codes = np.repeat(np.arange(12), 10)
    outcome = np.random.default_rng(1).normal(size=120) + 0.1 * codes
    found = cluster_difference(outcome, codes % 2 == 0, codes)
    assert found.clusters == (6, 6)
    assert found.refused == ()
    assert found.advice.leads == "CR2 + Satterthwaite"
    # Equal clusters: the difference of people's means is that of cluster means, and so is CR2's standard error
    assert (found.cr2.value, found.cr2.se) == pytest.approx((found.cluster_means.value, found.cluster_means.se))
    assert found.randomisation.result.value == pytest.approx(found.cr2.value)
    assert 0 < found.icc < 1
    alone = cluster_difference(outcome, codes == 3, codes)
    assert (alone.cr2, alone.bootstrap) == (None, None)
    assert alone.randomisation.assignments == 12
    assert alone.advice.leads == "randomisation inference"
    assert any(reason.startswith("CR2") for reason in alone.refused)


def test_same_seed_same_bits_whatever_the_hash_seed():
    script = (
        "import numpy as np; from pipelines.estimation.cluster_difference import cluster_difference as f;"
        "g = np.random.default_rng(0); c = np.repeat(np.arange(24), 5); print(f(g.normal(size=120), c % 2 == 0, c))"
    )
    path = ":".join(sys.path)
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": path},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
