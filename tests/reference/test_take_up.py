"""Published effects on compliers, and of doses."""

import numpy as np
import pytest
from linearmodels.datasets import card

from pipelines.estimation.take_up.compliance import complier_effect
from pipelines.estimation.take_up.counts import ArmCounts, complier_effect_from_counts
from pipelines.estimation.take_up.dose import dose_by_assignment


class TestVitaminA:
    """Sommer & Zeger 1991, Statistics in Medicine 10:45-52: children's deaths in Aceh.

    12 of the 46 deaths among those assigned were of children who took it (Imbens & Rubin 1997, table 1).
    """

    def test_from_counts(self):
        found = complier_effect_from_counts(ArmCounts(12094, 46, 9675, 12), ArmCounts(11588, 74, 0))
        assert found.intention_to_treat.value == pytest.approx(-0.00258238, rel=1e-5)
        assert found.compliance.value == pytest.approx(0.799983, rel=1e-5)
        assert found.result.value == pytest.approx(-0.00322804, rel=1e-5)
        # Imbens & Rubin 1997, Review of Economic Studies 64:555-574: -3.23 per 1,000, standard error 1.16
        assert found.result.se == pytest.approx(0.00116, abs=5e-6)
        assert found.one_sided
        assert found.shares.always_takers == 0

    def test_without_knowing_which_deaths(self):
        known = complier_effect_from_counts(ArmCounts(12094, 46, 9675, 12), ArmCounts(11588, 74, 0))
        found = complier_effect_from_counts(ArmCounts(12094, 46, 9675), ArmCounts(11588, 74, 0))
        assert found.result.value == pytest.approx(known.result.value, rel=1e-12)
        assert found.result.se >= known.result.se
        assert any("largest" in warning for warning in found.warnings)

    def test_person_by_person_is_the_same(self):
        groups = {(1, 1, 1): 12, (1, 1, 0): 9663, (1, 0, 1): 34, (1, 0, 0): 2385, (0, 0, 1): 74, (0, 0, 0): 11514}
        people = np.repeat(np.array(list(groups)), list(groups.values()), axis=0)
        found = complier_effect(*people.T)
        counted = complier_effect_from_counts(ArmCounts(12094, 46, 9675, 12), ArmCounts(11588, 74, 0))
        assert found.result.value == pytest.approx(counted.result.value, rel=1e-9)
        assert found.result.se == pytest.approx(counted.result.se, rel=1e-9)
        assert found.first_stage_f == pytest.approx(counted.first_stage_f, rel=1e-6)
        assert found.anderson_rubin.lower == pytest.approx(counted.anderson_rubin.lower, rel=1e-9)


def test_returns_to_schooling():
    """Card 1995 in Wooldridge, example 15.4: .132 (.055), nearness to a college as the instrument, 15 controls."""
    data = card.load()
    regions = [f"reg66{k}" for k in range(1, 9)]
    controls = ["exper", "expersq", "black", "south", "smsa", *regions, "smsa66"]
    found = dose_by_assignment(data["nearc4"], data["educ"], data["lwage"], data[controls])
    assert found.result.value == pytest.approx(0.132, abs=5e-4)
    # The book's .055 is not robust
    assert found.result.se == pytest.approx(0.055, abs=1e-3)
    # Anderson-Rubin reaches further up than the usual interval, as the instrument is not strong
    assert found.anderson_rubin.upper > found.result.upper
    assert found.first_stage_f == pytest.approx(14.1, abs=0.1)
