"""All sites of a pilot together: who is compared, when an average is earned, and that nothing new is given away."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipelines.estimation.pooling import pool
from pipelines.estimation.site_estimates import site_estimates
from pipelines.findings.across import SitesResult, SynthesisResult
from pipelines.findings.models import ArmSummary, Finding, Interval, LimitResult
from pipelines.release.verify import verify_bundle
from pipelines.release.write import latest
from pipelines.synthesis import synthesise
from pipelines.synthesis.sites import why_nothing
from pipelines.synthesis.write import is_up_to_date, pilot_evidence
from pipelines.workspace import Pilot
from tests.spec.across_sites import effect, places, release, released

TWO = {"ely": (-0.186, 0.049), "hull": (-0.020, 0.076)}
SIX = {
    "ely": (0.12, 0.05),
    "hull": (0.05, 0.06),
    "luton": (0.22, 0.05),
    "derby": (0.09, 0.07),
    "cork": (0.15, 0.04),
    "bath": (0.31, 0.09),
}


def outcome(pilot: Pilot) -> tuple[Finding, SynthesisResult]:
    finding = pilot_evidence(pilot).finding("synthesis/helped/primary")
    assert isinstance(finding.result, SynthesisResult)
    return finding, finding.result


def left_out(pilot: Pilot) -> dict[str, str]:
    return {site.site: site.left_out for site in outcome(pilot)[1].sites if site.left_out}


def cannot_say(pilot: Pilot) -> str:
    return " ".join(f.sentence for f in pilot_evidence(pilot).findings if isinstance(f.result, LimitResult))


class TestTwoSites:
    def test_each_is_shown_and_no_average_is_given(self, tmp_path: Path):
        finding, result = outcome(released(tmp_path, TWO, better="lower"))
        assert (result.pooled, result.prediction, result.leave_one_out, result.verdict) == (
            None,
            None,
            (),
            "not pooled",
        )
        assert [(site.value, site.weight) for site in result.sites] == [(-0.186, None), (-0.020, None)]
        assert "spread between sites cannot be estimated" in result.not_pooled_because
        assert "no average is given" in finding.sentence
        assert "verage over" not in finding.sentence
        assert "Ely −18.6 per 100 (95% interval −28.2 to −9.0)" in finding.sentence

    def test_neither_variance_nor_i2_is_given_and_the_test_of_homogeneity_is(self, tmp_path: Path):
        spread = outcome(released(tmp_path, TWO))[1].heterogeneity
        assert spread is not None
        assert (spread.tau2, spread.i2, spread.h2) == (None, None, None)
        assert spread.q == pytest.approx((0.166**2) / (0.049**2 + 0.076**2))
        assert spread.df == 1

    def test_hartung_and_knapp_stands_apart_as_a_lesson(self, tmp_path: Path):
        (lesson,) = outcome(released(tmp_path, TWO))[1].others
        assert "a lesson, not a result" in lesson.method
        assert (100 * lesson.lower, 100 * lesson.upper) == pytest.approx((-116, 93), abs=1)

    def test_sites_that_agree_by_luck_teach_no_wrong_lesson(self, tmp_path: Path):
        """Hartung and Knapp's interval of two sites that agree is narrow: it would seem to prove that they agree."""
        assert outcome(released(tmp_path, {"ely": (0.10, 0.08), "hull": (0.101, 0.09)}))[1].others == ()

    def test_four_sites_have_no_average_either(self, tmp_path: Path):
        _, result = outcome(released(tmp_path, dict(list(SIX.items())[:4])))
        assert result.pooled is None
        assert "at least 5 sites" in cannot_say(released(tmp_path, dict(list(SIX.items())[:4])))


class TestFiveSitesAndMore:
    def test_the_average_is_that_of_the_function(self, tmp_path: Path):
        finding, result = outcome(released(tmp_path, SIX))
        theirs = pool(site_estimates(list(SIX), [v for v, _ in SIX.values()], [s for _, s in SIX.values()]))
        assert result.pooled is not None
        assert result.heterogeneity is not None
        assert result.prediction is not None
        assert (result.pooled.value, result.pooled.lower, result.pooled.p) == (theirs.value, theirs.lower, theirs.p)
        assert (result.heterogeneity.tau2, result.heterogeneity.i2) == (theirs.spread.tau2, theirs.spread.i2)
        assert (result.prediction.lower, result.prediction.upper) == theirs.prediction
        assert tuple(site.weight for site in result.sites) == theirs.weights
        assert [one.site for one in result.leave_one_out] == list(SIX)
        assert {other.method.split(",")[0] for other in result.others} == {
            "REML",
            "DerSimonian-Laird",
            "Paule-Mandel",
            "fixed effect",
        }
        assert finding.sentence.startswith("Averaged over six sites, the difference is ")

    @pytest.mark.parametrize(
        ("shift", "better", "assignment", "verdict", "words"),
        [
            (0.0, "higher", "randomised", "better", "lies on the side of an improvement."),
            (0.0, "lower", "randomised", "worse", "lies on the side of a worsening."),
            (0.0, "higher", "not_randomised", "better", "improvement, which other differences may explain."),
            (-0.14, "higher", "randomised", "inconclusive", "Inconclusive"),
        ],
    )
    def test_words_follow_the_interval_and_the_design(
        self, tmp_path: Path, shift: float, better: str, assignment: str, verdict: str, words: str
    ):
        shifted = {site: (value + shift, se) for site, (value, se) in SIX.items()}
        finding, result = outcome(released(tmp_path, shifted, better=better, assignment=assignment))
        assert result.verdict == verdict
        assert words in finding.sentence
        assert "significan" not in finding.sentence

    def test_a_further_site_may_go_either_way(self, tmp_path: Path):
        spread = {site: (value * 3 - 0.2, se) for site, (value, se) in SIX.items()}
        finding, _ = outcome(released(tmp_path, spread))
        assert "so it may go either way there" in finding.sentence

    def test_four_left_of_six_lose_the_average(self, tmp_path: Path):
        pilot = released(tmp_path, SIX | {"ely": (None, None), "hull": (0.1, 0.0)})
        assert outcome(pilot)[1].pooled is None
        assert set(left_out(pilot)) == {"ely", "hull"}


class TestRatios:
    def ratios(self, root: Path, measure: str, scale: str) -> SynthesisResult:
        """Six rate ratios; their errors on the scale of the logarithm, or as engines give them, on the ratio's own."""
        from math import exp

        pilot = places(root, list(SIX))
        for site, (log_value, error) in SIX.items():
            ratio = exp(log_value)
            limits = {"lower": exp(log_value - 1.959964 * error), "upper": exp(log_value + 1.959964 * error)}
            se = error if scale == "logarithm" else error * ratio
            release(pilot, site, effect(ratio, se, measure=measure, outcome_type="count", unit="events", **limits))
        return outcome(pilot)[1]

    @pytest.mark.parametrize("scale", ["logarithm", "ratio"])
    def test_are_averaged_on_the_scale_of_the_logarithm(self, tmp_path: Path, scale: str):
        from math import exp

        result = self.ratios(tmp_path, "rate ratio", scale)
        theirs = pool(site_estimates(list(SIX), [v for v, _ in SIX.values()], [s for _, s in SIX.values()]))
        assert result.scale == "logarithm"
        assert result.pooled is not None
        assert result.pooled.value == pytest.approx(exp(theirs.value), rel=1e-6)
        assert result.pooled.upper == pytest.approx(exp(theirs.upper), rel=1e-6)
        assert result.minimum_important_difference is None

    def test_a_hazard_is_better_when_it_is_lower_where_time_without_it_is_better_longer(self, tmp_path: Path):
        assert self.ratios(tmp_path / "a", "hazard ratio", "logarithm").verdict == "worse"
        assert self.ratios(tmp_path / "b", "rate ratio", "logarithm").verdict == "better"

    def test_beside_differences_the_ratio_of_the_same_people_is_averaged_too(self, tmp_path: Path):
        pilot = places(tmp_path, list(SIX))
        size = Interval(name="risk ratio", value=1.2, lower=1.0, upper=1.44)
        for site, (value, se) in SIX.items():
            release(pilot, site, effect(value, se, effect_size=size))
        last = outcome(pilot)[1].others[-1]
        assert (last.measure, last.value) == ("risk ratio", pytest.approx(1.2))


class TestSitesThatAreNotCompared:
    """None is dropped in silence: each has its reason."""

    def test_nothing_released(self, tmp_path: Path):
        pilot = places(tmp_path, ["ely", "hull", "luton"])
        release(pilot, "ely", effect(*TWO["ely"]))
        release(pilot, "hull", effect(*TWO["hull"]))
        assert left_out(pilot) == {"luton": "Nothing has been released for this site yet."}
        assert "What Luton would add. Nothing has been released for this site yet." in cannot_say(pilot)
        told = pilot_evidence(pilot).finding("sites/all")
        assert told.sentence == "Of three sites, two have released evidence; not in here: Luton."
        assert "Not compared: Luton." in outcome(pilot)[0].sentence

    def test_a_release_that_somebody_changed(self, tmp_path: Path):
        pilot = released(tmp_path, SIX)
        path = latest(pilot.sites[2]) / "evidence.json"
        path.write_text(path.read_text().replace("0.22", "0.42"))
        assert "not whole, or was changed" in left_out(pilot)["luton"]

    def test_withheld_or_only_described(self, tmp_path: Path):
        pilot = released(tmp_path, SIX | {"ely": (None, None)})
        assert left_out(pilot) == {"ely": "No effect is estimated there. Too few people."}

    @pytest.mark.parametrize("se", [0.0, 1e-18])
    def test_an_error_of_zero(self, tmp_path: Path, se: float):
        """Everybody in a group the same, or what arithmetic left of it: it would outweigh all others."""
        assert "no standard error above zero" in left_out(released(tmp_path, SIX | {"bath": (0.0, se)}))["bath"]

    def test_an_unknown_error(self, tmp_path: Path):
        assert "does not tell the standard error" in left_out(released(tmp_path, SIX | {"bath": (0.2, None)}))["bath"]

    def test_a_ratio_of_nothing(self, tmp_path: Path):
        pilot = places(tmp_path, list(SIX))
        for site in SIX:
            ratio = {"measure": "rate ratio", "outcome_type": "count", "unit": "events"}
            known = effect(0.0 if site == "ely" else 1.2, None if site == "ely" else 0.1, **ratio)
            release(pilot, site, known)
        assert "in one group nobody had the event" in left_out(pilot)["ely"]
        assert outcome(pilot)[1].pooled is not None

    def test_another_measure(self, tmp_path: Path):
        pilot = released(tmp_path, SIX)
        release(pilot, "cork", effect(1.3, 0.1, measure="odds ratio"))
        reason = "It is estimated there as a odds ratio, in the other sites as a risk difference"
        assert left_out(pilot)["cork"].startswith(reason)

    def test_another_definition_of_the_outcome(self, tmp_path: Path):
        released(tmp_path, SIX)
        pilot = places(tmp_path, list(SIX), better="lower")  # an amended protocol; no site was run since
        assert set(left_out(pilot)) == set(SIX)
        assert "counts this outcome in another way" in left_out(pilot)["ely"]
        assert outcome(pilot)[0].sentence.startswith("No site has an estimate")

    def test_an_older_drop_is_named(self, tmp_path: Path):
        pilot = released(tmp_path, TWO)
        release(pilot, "hull", effect(*TWO["hull"]), drop="2026-09-30")
        assert left_out(pilot) == {}
        assert "newest data of Ely show: its newest release rests on the drop 2026-06-30" in cannot_say(pilot)
        assert pilot_evidence(pilot).release.startswith("2026-09-30-")

    def test_unlike_designs_are_named(self, tmp_path: Path):
        pilot = released(tmp_path, TWO)
        release(pilot, "hull", effect(*TWO["hull"]), maryland=2)
        assert "their designs differ" in cannot_say(pilot)


class TestNothingToPutTogether:
    def test_one_site(self, tmp_path: Path):
        pilot = released(tmp_path, {"ely": (0.1, 0.1)})
        told = synthesise(pilot)
        assert told.sentence == "places runs in one site, so there is nothing to put together: its report says it all."
        assert not pilot.releases_folder.exists()

    def test_one_release_of_several(self, tmp_path: Path):
        pilot = places(tmp_path, ["ely", "hull"])
        assert "none has released evidence" in why_nothing(pilot)
        release(pilot, "ely", effect(0.1, 0.1))
        assert "one has released evidence (Ely)" in synthesise(pilot).sentence
        assert not pilot.releases_folder.exists()

    def test_no_page_is_written(self, tmp_path: Path):
        from pipelines.reporting.publish import publish_pilot

        pilot = released(tmp_path, {"ely": (0.1, 0.1)})
        assert "one site" in publish_pilot(pilot).sentence
        assert not pilot.reports_folder.exists()


class TestTheBundle:
    def test_is_whole_and_the_same_for_the_same_releases(self, tmp_path: Path):
        pilot = released(tmp_path, SIX)
        synthesise(pilot)
        folder = latest(pilot)
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        assert verify_bundle(folder).site == ""
        synthesise(pilot)
        assert {path: path.stat().st_mtime_ns for path in latest(pilot).rglob("*")} == before
        assert (folder / "tables" / "synthesis.parquet").is_file()

    def test_knows_whether_it_is_up_to_date(self, tmp_path: Path):
        pilot = released(tmp_path, SIX)
        assert not is_up_to_date(pilot)
        synthesise(pilot)
        assert is_up_to_date(pilot)
        release(pilot, "ely", effect(0.2, 0.05))
        assert not is_up_to_date(pilot)

    def test_is_made_from_releases_alone(self, tmp_path: Path):
        """Copied elsewhere without a warehouse, vault, ledger or drop, the releases give the same evidence."""
        pilot = released(tmp_path / "here", SIX)
        for part in ("pilots", "releases"):
            shutil.copytree(tmp_path / "here" / part, tmp_path / "there" / part)
        assert {path.name for path in (tmp_path / "there").iterdir()} == {"pilots", "releases"}
        assert pilot_evidence(places(tmp_path / "there", list(SIX))) == pilot_evidence(pilot)

    def test_names_every_release_it_rests_on(self, tmp_path: Path):
        pilot = released(tmp_path, TWO)
        finding, _ = outcome(pilot)
        assert set(finding.inputs.tables) == {"ely/released.evidence", "hull/released.evidence"}
        assert finding.receipts == ("ely/effect/helped/primary", "hull/effect/helped/primary")

    def test_adds_nobody_up_over_sites(self, tmp_path: Path):
        """A total beside all sites but one gives that one's withheld count back."""
        pilot = released(tmp_path, SIX)
        sizes = {}
        for step, (site, (value, se)) in enumerate(SIX.items()):
            sizes[site] = {"treatment": 1009 + 97 * step, "comparison": 2003 + 89 * step}
            hidden = site == "cork"
            arms = {arm: ArmSummary(title=arm, n=None if hidden else n) for arm, n in sizes[site].items()}
            release(pilot, site, effect(None if hidden else value, None if hidden else se, arms=arms))
        evidence = pilot_evidence(pilot)
        counts = _whole_numbers(json.loads(evidence.model_dump_json(include={"findings"})))
        shown = {n for site, arms in sizes.items() if site != "cork" for n in arms.values()}
        assert {count for count in counts if count > 500} == shown
        sites = {site.site: site for site in outcome(pilot)[1].sites}
        assert sites["cork"].n == {"treatment": None, "comparison": None}

    def test_holds_lights_levels_and_context_of_each_site(self, tmp_path: Path):
        result = pilot_evidence(released(tmp_path, TWO)).finding("sites/all").result
        assert isinstance(result, SitesResult)
        ely = result.sites[0]
        assert (ely.maryland, ely.nesta, ely.signals, ely.context) == (5, 3, {"helped": "worse"}, {"miles": "3"})
        assert ely.stayed is not None
        assert ely.stayed.word == "Not measured in this pilot"


def _whole_numbers(node: object) -> list[int]:
    if isinstance(node, bool):
        return []
    if isinstance(node, int):
        return [node]
    parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [number for part in parts for number in _whole_numbers(part)]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Both kinds: six sites with their average (a seventh is missing), and two sites by themselves."""
    from pipelines.reporting.publish import publish_pilot

    found = {}
    for name, estimates in (("six", SIX | {"never": (0.1, 0.1)}), ("two", TWO)):
        pilot = places(tmp_path_factory.mktemp(name), list(estimates))
        for site in estimates.keys() - {"never"}:
            release(pilot, site, effect(*estimates[site]))
        synthesise(pilot)
        html, pdf = publish_pilot(pilot).files
        assert pdf.read_bytes().startswith(b"%PDF")
        found[name] = html.read_text(encoding="utf-8")
    return found


class TestTheReport:
    def test_the_average_stands_below_the_sites(self, pages: dict[str, str]):
        page = pages["six"]
        assert "Average of the sites" in page
        assert "A further site like these" in page
        assert "without Ely" in page
        assert "Hartung-Knapp" in page
        assert "Forest plot." in page  # what a screen reader says of the figure
        assert "Nothing has been released for this site yet." in page

    def test_two_sites_have_neither_average_nor_prediction(self, pages: dict[str, str]):
        page = pages["two"]
        assert "Average of the sites" not in page
        assert "prediction interval)" not in page
        assert "please do not quote it" in page
        assert "each by itself" in page

    def test_data_made_up_are_called_so(self, pages: dict[str, str]):
        assert all("Synthetic data" in page for page in pages.values())
