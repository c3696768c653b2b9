"""Reports: what a reader of a bundle's HTML and PDF must find, and the rules by which numbers become words."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pypdf import PdfReader

from pipelines.findings.models import OtherEstimate
from pipelines.refusal import Refusal
from pipelines.release.bundle import Evidence
from pipelines.reporting import difference_figure, figures, numbers, one_group, pictogram, sentences, survival_figure
from pipelines.reporting import evidence as ev
from pipelines.reporting.leaves import leaves
from pipelines.reporting.markup import plain
from pipelines.reporting.renderer import lint
from pipelines.reporting.reports import SOURCES, render_reports
from pipelines.reporting.sections import (
    annex,
    deliveries,
    design,
    doubts,
    funder,
    lights,
    outcomes,
    people,
    summary,
    together,
    tried,
    voices,
)
from pipelines.reporting.sections.room import STEPS
from tests.spec.reporting_evidence import life, life_effect, personal_fund, uis, write_bundle

BUNDLES = {"life": life, "uis": uis, "personal_fund": personal_fund}
AUDIENCES = ("site", "funder")


@dataclass(frozen=True)
class Report:
    evidence: Evidence
    html: str
    pages: list[str]
    files: tuple[Path, Path]

    @property
    def text(self) -> str:
        return _flat(" ".join(self.pages))

    @property
    def words(self) -> str:
        return _flat(re.sub(r"<[^>]+>", " ", re.sub(r"<(style|script)\b.*?</\1>", " ", self.html, flags=re.DOTALL)))


def _flat(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Report]:
    folder = tmp_path_factory.mktemp("reports")
    return {(name, who): _render(make(), folder / name, who) for name, make in BUNDLES.items() for who in AUDIENCES}


def _render(evidence: Evidence, folder: Path, audience: str) -> Report:
    bundle = write_bundle(evidence, folder / "bundle")
    files = render_reports(bundle, folder / "out", audience)  # type: ignore[arg-type]
    pages = [page.extract_text() for page in PdfReader(files[1]).pages]
    return Report(evidence, files[0].read_text("utf-8"), pages, files)


# --- numbers and sentences ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (-8.3333, 1, "−8.3"),
        (-0.0351, 1, "−0.04"),
        (0.0004, 1, "0.0004"),
        (0.0, 1, "0.0"),
        (1234.5, 0, "1,234"),
        (None, 1, "[c]"),
        (float("nan"), 1, "–"),
    ],
)
def test_rounding_never_turns_something_into_nothing(value: float | None, digits: int, shown: str) -> None:
    assert numbers.decimal(value, digits) == shown


@pytest.mark.parametrize(
    ("lower", "upper", "verdict", "words"),
    [
        (-0.166316, -0.000351, "better", "from 17 fewer to less than 1 fewer"),
        (-0.12, 0.04, "inconclusive", "from 12 fewer to 4 more"),
        (0.02, 0.1, "worse", "from 2 more to 10 more"),
    ],
)
def test_words_follow_the_interval_and_never_the_p_value(lower: float, upper: float, verdict: str, words: str) -> None:
    told = []
    for p in (0.001, 0.049, 0.9):
        effect = life_effect(lower=lower, upper=upper, verdict=verdict, p=p)
        told.append((sentences.gap(effect), sentences.verdict(effect), sentences.short_verdict(effect)))
    assert len(set(told)) == 1
    assert words in told[0][0]


@pytest.mark.parametrize(
    ("better", "lower", "upper", "says"),
    [
        ("lower", -0.2, -0.06, "Even the near end"),
        ("lower", -0.166, -0.0003, "both sides"),
        ("lower", -0.04, 0.01, "falls short"),
        ("higher", 0.06, 0.2, "Even the near end"),
        ("higher", -0.2, 0.01, "falls short"),
    ],
)
def test_the_interval_is_held_against_the_smallest_difference_that_matters(
    better: str, lower: float, upper: float, says: str
) -> None:
    assert says in sentences.against_minimum(life_effect(better=better, lower=lower, upper=upper))


def test_for_any_hundred_people_both_groups_are_told() -> None:
    told = sentences.out_of_a_hundred(life_effect())
    assert told.startswith("For any 100 people")
    assert "about 22 in “Weekly financial aid” and about 31 in “No aid”" in told


def test_an_inconclusive_answer_says_what_could_have_been_seen() -> None:
    first, second = summary.answer(uis())
    assert first.startswith("No clear answer yet")
    assert "36.2 days" in second or "36.3 days" in second
    assert "80 times in 100" in second


def test_without_randomisation_no_sentence_claims_an_effect() -> None:
    evidence = life()
    arms = evidence.plan.arms
    assert arms is not None
    plan = evidence.plan.model_copy(update={"arms": arms.model_copy(update={"assignment": "not_randomised"})})
    told = " ".join(summary.answer(evidence.model_copy(update={"plan": plan})))
    assert "cannot be read as an effect" in told
    assert not re.search(r"\b(caused|reduced|increased|led to|because of|worked|made .* happen)\b", told)


def test_a_described_outcome_gives_its_reason_and_no_difference() -> None:
    evidence = personal_fund()
    crime = evidence.finding("effect/reconvicted_180d/secondary")
    told = outcomes.outcomes(evidence)
    assert "not estimated" in told
    assert crime.result.described_because[1:30] in sentences.gap(crime.result)  # type: ignore[union-attr]


def test_a_pilot_with_one_group_only_describes() -> None:
    effect = life_effect(
        arms={"everyone": {"title": "Everybody", "n": 40, "average": 0.3, "events": 12}},
        **dict.fromkeys(("value", "lower", "upper", "se", "p", "df", "effect_size", "detectable")),
        verdict="described",
        described_because="Nobody is compared with anybody in this pilot.",
    )
    evidence = life()
    finding = evidence.of_kind("effect")[0].model_copy(update={"result": effect})
    alone = evidence.model_copy(
        update={"findings": (finding,), "plan": evidence.plan.model_copy(update={"arms": None})}
    )
    told = outcomes.outcomes(alone)
    assert "Outcomes: 30 of every 100 people" in re.sub(r"\\", "", told)
    assert "Everybody" in told
    assert "30.0% (12 of 40)" in told
    assert "effect of the offer" not in told
    assert pictogram.pictogram(effect) is None
    assert "not what changed" in " ".join(summary.answer(alone))
    shown = " ".join((*summary.answer(alone), summary.opening(alone), summary.estimates(alone), design.estimand(alone)))
    assert "30 of every 100 people were arrested within 52 weeks of release (of 40)." in shown
    assert not re.search("described only|in “Everybody”|groups are described|difference in|is compared with", shown)


def test_a_withheld_level_of_one_group_gives_its_reason() -> None:
    arms = {"everyone": {"title": "Everybody", "n": 40}}
    effect = life_effect(arms=arms, value=None, verdict="described", described_because="Too few people.")
    assert one_group.told(effect).endswith("is not shown. Too few people.")
    assert one_group.figure(effect) == one_group.limits(effect) == ""


def test_words_of_evidence_never_become_markup() -> None:
    hostile = "*bold* [a](http://x) <script>alert(1)</script> $x$ @fig-x {{< include y >}} `code` # no\n- list"
    assert re.sub(r"\\(.)", r"\1", plain(hostile)) == " ".join(hostile.split())
    assert not re.search(r"(?<!\\)[*\[\]<>$@{}`#|-]", plain(hostile))


# --- sections -------------------------------------------------------------------------------------------------------


def test_a_pilot_without_interviews_says_so_once(reports: dict[tuple[str, str], Report]) -> None:
    for audience in AUDIENCES:
        assert reports["life", audience].words.count(_flat(voices.NO_INTERVIEWS)) == 1
    assert together.together(life()) == ""


def test_a_withheld_count_is_told_in_a_word() -> None:
    told = voices.voices(personal_fund())
    assert "few [c]" in told
    assert "17 of 24" in told
    assert "17 of 24 participants and few of the staff" in re.sub(r"\\", "", told)


def test_people_whose_follow_up_still_runs_have_not_left() -> None:
    evidence = life()
    stages = evidence.of_kind("flow")[0].result.stages  # type: ignore[union-attr]
    due = stages[1].model_copy(update={"title": "Follow-up over: x", "counts": {"treatment": 50, "comparison": 60}})
    last = stages[2].model_copy(update={"counts": {"treatment": 45, "comparison": 54}})
    assert ev.kept((stages[0], due, last)) == [(45, 50), (54, 60)]
    assert ev.kept((stages[0], last)) == [(45, 216), (54, 216)]


def test_the_three_lights_carry_a_word_each_and_say_what_was_not_measured() -> None:
    told = lights.three_lights(life(), STEPS[0])
    assert "Most did" in told
    assert lights.NOT_MEASURED in told
    assert "A good sign" in told


def test_voice_and_counter_voice_come_from_sides_declared_beforehand() -> None:
    told = re.sub(r"\\", "", funder.voices_and_trust(personal_fund(), STEPS[0]))
    assert told.index("**For:** “First time someone asked *me*") < told.index("**Against:** “I didn't ask for any.")


def test_every_figure_of_the_bundle_stands_in_the_annex_as_in_the_bundle() -> None:
    for make in BUNDLES.values():
        evidence = make()
        told = annex.number_sources(evidence)
        for finding in evidence.findings:
            result = json.loads(finding.model_dump_json())["result"]
            for place, shown in leaves(finding):
                value: object = result
                for step in place.split("."):
                    value = value[int(step)] if isinstance(value, list) else value[step]  # type: ignore[index]
                assert json.dumps(value) == shown or shown == "[c]"
                assert f'`{shown}`{{finding="{finding.id}" field="{place}"}}' in told


def test_a_thinned_curve_says_nothing_past_its_last_step() -> None:
    effect = ev.effects(life())[1]
    short = effect.result.curves["treatment"][:-2]
    curves = {**effect.result.curves, "treatment": short}
    thinned = effect._replace(result=effect.result.model_copy(update={"curves": curves}))
    last = survival_figure.survival_table(thinned).rows[-1]
    assert last == ("52", "–", "69.4%")
    assert f"after {short[-1].time:g} weeks in “Weekly financial aid”" in survival_figure.title(thinned.result)


def test_alike_groups_are_told_in_words_and_shapes() -> None:
    told = people.baseline(life())
    assert "● alike" in told
    assert "○ clear difference" in told


def test_a_failed_check_in_a_release_means_rows_set_aside() -> None:
    evidence = personal_fund()
    finding, result = ev.quality(evidence)[0]
    check = result.checks[0].model_copy(update={"passed": False, "severity": "block"})
    broken = finding.model_copy(update={"result": result.model_copy(update={"checks": (check,)})})
    told = evidence.model_copy(update={"findings": (broken,)})
    assert "**Rows set aside**" in people.data(told)
    assert "failed: rows set aside" in annex.all_checks(told)
    assert "refused" not in people.data(told) + annex.all_checks(told)


def test_the_annex_prints_the_command_that_makes_the_report_again() -> None:
    from typer.main import get_command

    from assets.cli import app

    program, verb, target = annex.rerun(life()).strip("`\n").split()
    assert (program, target) == ("pilotlens", "transitional-aid/baltimore")
    command = get_command(app).commands[verb]  # type: ignore[attr-defined]
    assert command.make_context(verb, [target]).params["target"] == target


def test_other_engines_print_no_zero_p_value_and_no_withheld_sign_for_what_has_no_estimate() -> None:
    others = (OtherEstimate(engine="log-rank", measure="test of equal curves", value=None, p=1e-8, refused=True),)
    evidence = life()
    finding = evidence.of_kind("effect")[0].model_copy(update={"result": life_effect(others=others)})
    told = annex.other_engines(evidence.model_copy(update={"findings": (finding,)}))
    assert "&lt;0.001" in told
    assert "log-rank (not to be relied on here)" in told
    assert numbers.WITHHELD not in told
    assert [numbers.p_value(p) for p in (0.0, 0.001, 0.0404, None)] == ["<0.001", "0.001", "0.040", "–"]


def test_a_concept_without_a_description_leaves_no_punctuation_behind() -> None:
    evidence = life()
    plan = evidence.plan
    bare = plan.model_copy(
        update={
            "concept": plan.concept.model_copy(update={"description": ""}),
            "intervention": plan.intervention.model_copy(update={"why": ""}),
        }
    )
    told = evidence.model_copy(update={"plan": bare})
    assert tried.opening(told).endswith("**Transitional aid**")
    assert "Transitional aid" not in funder.opening(told, STEPS[0])


def test_doubts_have_a_sentence_where_nothing_was_estimated() -> None:
    evidence = life()
    finding = evidence.of_kind("effect")[0].model_copy(update={"result": life_effect(value=None, detectable=None)})
    assert doubts.NOTHING_ESTIMATED in doubts.opening(evidence.model_copy(update={"findings": (finding,)}))
    assert doubts.NOTHING_ESTIMATED not in doubts.opening(evidence)


def test_trust_is_told_in_a_word_and_the_reason_of_the_level() -> None:
    evidence = life()
    found = ev.evidence_level(evidence)
    assert found is not None
    level = found[1].model_copy(update={"maryland": 2, "reason": "Nothing was compared. More words."})
    told = evidence.model_copy(update={"findings": (found[0].model_copy(update={"result": level}),)})
    card = re.sub(r"\\", "", funder.voices_and_trust(told, STEPS[0]))
    assert "Weak. Nothing was compared. Level 2 of 5" in card


def test_long_titles_do_not_shrink_a_figure() -> None:
    pair = ev.effects(life())[0]
    long = " ".join(["were arrested again for an offence against property"] * 6)
    arms = {key: arm.model_copy(update={"title": long}) for key, arm in pair.result.arms.items()}
    stretched = pair._replace(result=pair.result.model_copy(update={"title": long, "arms": arms}))
    (picture,) = difference_figure.difference_figures([stretched, stretched])
    width = re.search(rb'width="([\d.]+)pt"', picture.content)
    assert width is not None
    assert float(width[1]) < 72 * (figures.WIDTH + 0.3)


# --- rendered -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audience", [*AUDIENCES, "pilot"])
def test_the_sources_stay_inside_the_documented_subset(audience: str) -> None:
    assert lint(SOURCES / f"{audience}.qmd") == []


def test_the_same_number_under_the_same_id_in_bundle_html_and_pdf(reports: dict[tuple[str, str], Report]) -> None:
    report = reports["life", "site"]
    stated = report.evidence.finding("effect/rearrest_52w/primary").result.value  # type: ignore[union-attr]
    tag = f'data-finding="effect/rearrest_52w/primary" data-field="value">{stated}</code>'
    assert tag in re.sub(r"\s+", " ", report.html)
    for text, digits in ((report.words, str(stated)), (report.text, f"{stated:.6g}".replace("-", "−"))):
        assert _flat("effect/rearrest_52w/primary") in text
        assert digits in text
        assert "−8.3" in text
        assert "22.2%" in text
    assert _flat("−8.3 points") in report.words
    assert _flat("22.2% (48 of 216)") in report.words


@pytest.mark.parametrize("name", BUNDLES)
def test_the_funders_page_is_one_side_without_a_p_value(reports: dict[tuple[str, str], Report], name: str) -> None:
    report = reports[name, "funder"]
    assert len(report.pages) == 1
    assert not re.search(r"\bp\s*[=<>]|p[- ]value|significan", " ".join(report.pages), re.IGNORECASE)
    for finding in (pair.finding for pair in ev.headline(report.evidence)):
        assert f'data-finding="{finding.id}"' in report.html


@pytest.mark.parametrize("audience", AUDIENCES)
def test_made_up_data_are_called_so_on_every_page(reports: dict[tuple[str, str], Report], audience: str) -> None:
    report = reports["personal_fund", audience]
    assert all("Synthetic data: nobody in this report is real" in page for page in report.pages)
    assert report.html.index("Synthetic data") < report.html.index("<h1")
    assert "nobody in this report is real" not in reports["life", audience].html


@pytest.mark.parametrize("name", BUNDLES)
@pytest.mark.parametrize("audience", AUDIENCES)
def test_html_stands_alone_and_every_picture_has_words(
    reports: dict[tuple[str, str], Report], name: str, audience: str
) -> None:
    html = reports[name, audience].html
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", html)
    pictures = re.findall(r"<img\b[^>]*>", html)
    assert pictures
    assert all(re.search(r'alt="[^"]{40,}"', picture) for picture in pictures)
    assert all("<th" in table for table in re.findall(r"<table\b.*?</table>", html, re.DOTALL))


def test_equal_evidence_gives_equal_bytes(reports: dict[tuple[str, str], Report], tmp_path: Path) -> None:
    for audience in AUDIENCES:
        again = _render(personal_fund(), tmp_path / audience, audience)
        for first, second in zip(reports["personal_fund", audience].files, again.files, strict=True):
            assert first.read_bytes() == second.read_bytes()


def test_quotes_stand_word_for_word(reports: dict[tuple[str, str], Report]) -> None:
    report = reports["personal_fund", "site"]
    for _, quote in ev.quotes(report.evidence):
        unescaped = report.words.replace("&#39;", "'").replace("&quot;", '"')
        assert _flat(quote.text) in unescaped.replace("’", "'")


def test_a_funders_page_that_cannot_fit_is_refused_and_the_old_one_stands(tmp_path: Path) -> None:
    report = _render(life(), tmp_path, "funder")
    before = [file.read_bytes() for file in report.files]
    plan = report.evidence.plan.model_copy(update={"question": "Why? " * 900})
    write_bundle(report.evidence.model_copy(update={"plan": plan}), tmp_path / "bundle")
    with pytest.raises(Refusal, match="one side of A4"):
        render_reports(tmp_path / "bundle", tmp_path / "out", "funder")
    assert [file.read_bytes() for file in report.files] == before
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"funder.html", "funder.pdf"}


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield started
        started.close()


@pytest.mark.browser
@pytest.mark.parametrize("name", BUNDLES)
@pytest.mark.parametrize("audience", AUDIENCES)
def test_axe_finds_nothing_serious(
    browser: object, reports: dict[tuple[str, str], Report], name: str, audience: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page()  # type: ignore[attr-defined]
    page.goto(reports[name, audience].files[0].as_uri())
    found = Axe().run(page).response["violations"]
    page.close()
    assert [(v["id"], v["impact"], v["nodes"][0]["html"][:200]) for v in found] == []


# --- What the deliveries hold ---------------------------------------------------


def test_deliveries_are_told_in_sentences_and_tables(reports: dict[tuple[str, str], Report]) -> None:
    for text in (reports["personal_fund", "site"].words, reports["personal_fund", "site"].text):
        for words in (
            "What the deliveries hold",
            "“Group” changed for fewer than 10 people. Ask the provider for the reason of each",
            "Not shown, because the numbers would speak of a few people: Consents.",
            "Who was lost: Outcome “in work”",
            "Not found there (n = 18)",
        ):
            assert _flat(words) in text


def test_what_nobody_may_see_of_the_deliveries_has_no_number_and_no_row() -> None:
    text = deliveries.deliveries(personal_fund())
    rows = [re.sub(r"<[^>]+>|\s+", " ", row).split() for row in re.findall(r"<tr>.*?</tr>", text, re.DOTALL)]
    assert ["Case", "file", "[c]", "312", "[c]", "312"] in rows
    assert ["Group", "[c]", "(few)", "14", "0"] in rows
    assert ["Group:", "Personal", "fund", "50.6%", "(118)", "[c]", "([c])", "[c]", "not", "compared"] in rows
    assert not [row for row in rows if row[0] in ("Consents", "Age") and len(row) < 6]


def test_where_nothing_is_known_of_the_deliveries_there_is_no_section() -> None:
    assert deliveries.deliveries(life()) == ""


def test_people_counted_of_a_time_to_an_event_are_those_who_had_it() -> None:
    """The average is of those without the event, so "(23 of 104)" alone beside it was read as its numbers."""
    table = outcomes.outcomes(life())
    assert re.search(r"\(event: \d+ of \d+\)", table)


def test_the_axis_of_a_difference_without_a_unit_has_a_whole_label() -> None:
    label = difference_figure._label("", life_effect())
    assert label.startswith("Difference: ")
