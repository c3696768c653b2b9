"""Findings: numbers against other computations, words against numbers, and what happens at the edges."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from pipelines.demo.canaries import identifiers
from pipelines.disclosure.voices import spread
from pipelines.findings import compute
from pipelines.findings.evidence_level import evidence_level
from pipelines.findings.models import (
    ArmSummary,
    BaselineResult,
    DoseResult,
    EffectResult,
    Finding,
    FlowResult,
    JointResult,
    Result,
    ThemeResult,
)
from pipelines.findings.outcomes import outcome_findings, verdict
from pipelines.findings.participants import participant_findings
from pipelines.findings.questions import NumberDirection, VoiceDirection, fit, number_direction, voice_direction
from pipelines.findings.sentences import amount, sentence_of, voices
from pipelines.findings.store import read_findings
from pipelines.protocol.models import Plan
from pipelines.qualitative.quotes import quote_hash
from pipelines.qualitative.release_list import release_list
from pipelines.refusal import Refusal
from pipelines.warehouse import open_vault, open_warehouse
from pipelines.workspace import Workspace
from tests.properties.small_pilots import draw, making, plan

DATA = Path(__file__).resolve().parents[2] / "pipelines" / "demo" / "data"


def findings_of(workspace: Workspace, pilot: str, site: str) -> dict[str, Finding]:
    """Return a site's findings before disclosure control."""
    with open_warehouse(workspace.site(pilot, site)) as connection:
        found = read_findings(connection, ("quality", "participants", "delivery", "outcomes", "themes", "questions"))
    return {finding.id: finding for finding in found}


def effect_of(found: dict[str, Finding], key: str) -> EffectResult:
    result = next(f.result for i, f in found.items() if i.startswith(f"effect/{key}/"))
    assert isinstance(result, EffectResult)
    return result


# --- Numbers ---------------------------------------------------------------


def test_life_by_hand(plain_demo: Workspace) -> None:
    effect = effect_of(findings_of(plain_demo, "transitional-aid", "baltimore"), "rearrest_52w")
    p1, p0, n = 48 / 216, 66 / 216, 216
    assert effect.value == pytest.approx(-0.083333, abs=1e-6)
    assert effect.se == pytest.approx(np.sqrt(p1 * (1 - p1) / (n - 1) + p0 * (1 - p0) / (n - 1)), rel=1e-12)
    wald = next(other for other in effect.others if other.engine == "Wald")
    assert (wald.lower, wald.upper) == pytest.approx((-0.166084, -0.000583), abs=1e-6)
    chi2 = next(other for other in effect.others if other.engine == "chi-square")
    assert chi2.p == pytest.approx(0.04942, abs=1e-5)


def test_life_against_statsmodels(plain_demo: Workspace) -> None:
    import statsmodels.api as sm

    men = pd.read_csv(DATA / "transitional-aid" / "life.csv")
    again = ((men["arrest"] == 1) & (men["week"] <= 52)).astype(float)
    fitted = sm.OLS(again, sm.add_constant(men["fin"].astype(float))).fit(cov_type="HC2")
    effect = effect_of(findings_of(plain_demo, "transitional-aid", "baltimore"), "rearrest_52w")
    assert effect.value == pytest.approx(fitted.params["fin"], rel=1e-10)
    assert effect.se == pytest.approx(fitted.bse["fin"], rel=1e-10)


@pytest.mark.parametrize(("site", "value", "se"), [("site-a", -0.185869, 0.0490), ("site-b", -0.020147, 0.0759)])
def test_uis(plain_demo: Workspace, site: str, value: float, se: float) -> None:
    effect = effect_of(findings_of(plain_demo, "residential-treatment", site), "relapse_180d")
    assert effect.value == pytest.approx(value, abs=1e-6)
    assert effect.se == pytest.approx(se, abs=2e-4)


def test_baseline_against_pandas(plain_demo: Workspace) -> None:
    men = pd.read_csv(DATA / "transitional-aid" / "life.csv")
    result = findings_of(plain_demo, "transitional-aid", "baltimore")["baseline/participants"].result
    assert isinstance(result, BaselineResult)
    rows = {(row.covariate, row.level): row for row in result.rows}
    age = men.groupby("fin")["age"].agg(["mean", "std", "count"])
    for arm, code in (("treatment", 1), ("comparison", 0)):
        summary = rows["age", None].arms[arm]
        assert (summary.average, summary.spread, summary.n) == pytest.approx(tuple(age.loc[code]))
    gap = (age.loc[1, "mean"] - age.loc[0, "mean"]) / np.sqrt((age.loc[1, "std"] ** 2 + age.loc[0, "std"] ** 2) / 2)
    assert rows["age", None].difference == pytest.approx(gap)
    black = men.assign(black=men["race"] == 1).groupby("fin")["black"].agg(["sum", "mean"])
    assert rows["race", "1"].arms["treatment"].events == black.loc[1, "sum"]
    assert rows["race", "1"].arms["comparison"].average == pytest.approx(black.loc[0, "mean"])
    assert rows["married", None].measure == "share"


def test_dose_against_pandas(plain_demo: Workspace) -> None:
    rows = pd.read_csv(DATA / "residential-treatment" / "uis.csv")
    of = rows[(rows["site"] == "A") & (rows["treat"] == 1)]["planned_share"]
    result = findings_of(plain_demo, "residential-treatment", "site-a")["dose/stay"].result
    assert isinstance(result, DoseResult)
    arm = result.arms["treatment"]
    assert (arm.n, arm.average, arm.spread) == pytest.approx((len(of), of.mean(), of.std(ddof=1)))
    assert arm.events == int((of > 0).sum())


def test_themes_count_people_and_not_passages(plain_demo: Workspace) -> None:
    found = findings_of(plain_demo, "personal-fund", "northmoor")
    with open_warehouse(plain_demo.site("personal-fund", "northmoor")) as connection:
        documents = connection.execute("SELECT * FROM validated.documents").df()
        codings = connection.execute("SELECT * FROM validated.codings").df()
        gone = connection.execute("SELECT person_key FROM validated.consents WHERE withdrawn_on IS NOT NULL").df()
    documents = documents[~documents["speaker_key"].isin(gone["person_key"])]
    joined = codings.merge(documents, on="document_key")
    for finding in found.values():
        if isinstance(finding.result, ThemeResult):
            of = joined[joined["code_path"] == finding.result.code]
            people = of.groupby("role")["speaker_key"].nunique()
            assert finding.result.people == {role: people.get(role, 0) for role in finding.result.people}
            assert finding.result.passages >= sum(n or 0 for n in finding.result.people.values())  # type: ignore[operator]
            asked = documents.groupby("role")["speaker_key"].nunique()
            assert finding.result.interviewed == asked.to_dict()


def test_agreement_by_hand(plain_demo: Workspace) -> None:
    found = findings_of(plain_demo, "personal-fund", "northmoor")
    with open_warehouse(plain_demo.site("personal-fund", "northmoor")) as connection:
        kept = set(connection.execute("SELECT document_key FROM analysis.themes").df()["document_key"])
        codings = connection.execute("SELECT * FROM validated.codings").df()
    codings = codings[codings["document_key"].isin(kept)]
    coders = codings.groupby("document_key")["coder_key"].nunique()
    double = coders[coders >= 2].index
    for finding in found.values():
        if isinstance(finding.result, ThemeResult):
            of = codings[codings["code_path"] == finding.result.code].groupby("document_key")["coder_key"].nunique()
            same = [of.get(document, 0) in (0, coders[document]) for document in double]
            assert finding.result.agreement == pytest.approx(np.mean(same))


# --- People who may not be quoted ------------------------------------------


def test_a_quote_that_names_its_speaker_is_approved_and_never_released(plain_demo: Workspace) -> None:
    site = plain_demo.site("personal-fund", "northmoor")
    approvals = release_list(site.folder / "quotes.csv")
    with open_warehouse(site) as connection:
        quotes = connection.execute("SELECT DISTINCT quote FROM validated.codings").df()["quote"]
    with open_vault(site) as vault:
        names = [
            row[0] for row in vault.execute("SELECT value FROM vault.identifiers WHERE kind = 'full_name'").fetchall()
        ]
    planted = [q for q in quotes if quote_hash(q) in approvals and any(name.split()[0] in q for name in names)]
    assert planted
    released = "".join(p.read_text() for p in site.releases_folder.rglob("evidence.json"))
    assert not [quote for quote in planted if quote in released]
    assert not [value for value in identifiers() if value in released]


def test_only_consented_and_approved_words_of_people_who_stayed_are_shown(plain_demo: Workspace) -> None:
    site = plain_demo.site("personal-fund", "northmoor")
    approvals = release_list(site.folder / "quotes.csv")
    with open_warehouse(site) as connection:
        said = connection.execute(
            "SELECT c.quote, s.may_quote, s.may_publish, s.withdrawn_on FROM validated.codings c "
            "JOIN validated.documents d USING (document_key) "
            "LEFT JOIN validated.consents s ON s.person_key = d.speaker_key"
        ).df()
    allowed = set(
        said[said["may_quote"].eq(True) & said["may_publish"].eq(True) & said["withdrawn_on"].isna()]["quote"]
    )
    found = findings_of(plain_demo, "personal-fund", "northmoor")
    quotes = [quote for f in found.values() if isinstance(f.result, ThemeResult) for quote in f.result.quotes]
    assert quotes
    for quote in quotes:
        assert quote.text in allowed
        assert quote.sha256 == quote_hash(quote.text)
        assert quote.sha256 in approvals


def test_an_edited_transcript_withdraws_its_approval(plain_demo: Workspace) -> None:
    site = plain_demo.site("personal-fund", "northmoor")
    found = findings_of(plain_demo, "personal-fund", "northmoor")
    quote = next(q for f in found.values() if isinstance(f.result, ThemeResult) for q in f.result.quotes)
    assert quote_hash(quote.text.replace(" ", "  ", 1)) not in release_list(site.folder / "quotes.csv")


def test_a_release_list_needs_who_and_when(tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv"
    rows = [
        ["Quote one", "", "lead", "2026-01-01"],
        ["", "ABC ", "lead", "2026-01-01"],
        ["Two", "", "", "2026-01-01"],
        ["Three", "", "lead", ""],
    ]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["quote", "sha256", "approved_by", "approved_on"], *rows, ["short"]])
    assert set(release_list(path)) == {quote_hash("Quote one"), "abc"}
    path.write_text("quote,approved_by\n")
    with pytest.raises(Refusal):
        release_list(path)
    assert release_list(tmp_path / "none.csv") == {}


def test_a_definition_that_names_somebody_is_left_out() -> None:
    from pipelines.findings.themes import _definition
    from pipelines.qualitative.quotes import IdentifierIndex

    index = IdentifierIndex(["Grace Miller", "NM-0042"])
    assert _definition(index, "Trust, hope and grace.") == "Trust, hope and grace."
    assert _definition(index, "As Grace Miller said.") == ""
    assert _definition(index, "See NM-0042.") == ""
    assert _definition(index, None) == ""


# --- Edges -----------------------------------------------------------------


def _found(people: pd.DataFrame, declared: Plan) -> dict[str, Finding]:
    made = making(people, declared)
    with made.connection:
        return {f.id: f for f in (*participant_findings(made), *outcome_findings(made))}


@pytest.fixture
def people() -> pd.DataFrame:
    """A hundred people, all kept and followed."""
    frame = draw(7).people.iloc[:0].reindex(range(100))
    rng = np.random.default_rng(1)
    frame["arm"] = ["treatment", "comparison"] * 50
    frame[["kept", "due"]] = True
    frame["kept"], frame["due"] = frame["kept"].astype(bool), frame["due"].astype(bool)
    frame["work"], frame["trouble"] = rng.integers(0, 2, 100).astype(float), rng.integers(0, 2, 100).astype(float)
    frame["nights"], frame["age"] = rng.integers(0, 181, 100).astype(float), rng.integers(18, 60, 100).astype(float)
    frame["days"], frame["back"] = 180.0, rng.integers(0, 2, 100).astype(float)
    frame["housed"], frame["group"] = pd.array([True, False] * 50, dtype="boolean"), ["a", "b"] * 50
    frame["flag"], frame["talks"] = 1.0, 2.0
    return frame


def test_not_randomised_is_described_without_a_causal_word(people: pd.DataFrame) -> None:
    arms = plan().model_dump(mode="json")["arms"] | {"assignment": "not_randomised"}
    found = _found(people, plan(arms=arms))
    effect = found["effect/work/primary"]
    assert isinstance(effect.result, EffectResult)
    assert (effect.result.verdict, effect.result.value, effect.result.p, effect.result.others) == (
        "described",
        None,
        None,
        (),
    )
    assert effect.result.arms["treatment"].average is not None
    for word in ("because of", "led to", "caused", "improve", "effect of", "thanks to", "reduced"):
        assert word not in effect.sentence


def test_no_groups_describes_everybody(people: pd.DataFrame) -> None:
    found = _found(people.assign(arm=None), plan(arms=None))
    effect = found["effect/work/primary"].result
    assert isinstance(effect, EffectResult)
    # Outcomes of people without a group are not followed in this drawn pilot, so nobody is known.
    assert (effect.verdict, list(effect.arms)) == ("described", ["everyone"])
    flow = found["flow/participants"].result
    assert isinstance(flow, FlowResult)
    assert flow.stages[0].counts == {"everyone": 100}


def test_an_arm_nobody_was_given_is_described(people: pd.DataFrame) -> None:
    found = _found(people.assign(arm="comparison"), plan())
    effect, rows = found["effect/work/primary"].result, found["baseline/participants"].result
    assert isinstance(effect, EffectResult)
    assert isinstance(rows, BaselineResult)
    assert (effect.verdict, effect.arms["treatment"].n, effect.arms["comparison"].n) == ("described", 0, 100)
    assert all(row.arms["treatment"].n == 0 and row.difference is None for row in rows.rows)


@pytest.mark.parametrize("floor", [2, 10, 60])
def test_below_the_floor_is_described(people: pd.DataFrame, floor: int) -> None:
    few = people.iloc[:16]  # eight in each group: below what disclosure control allows, whatever the protocol says
    for frame in (few, people):
        effect = _found(frame, plan(limits={"people_per_arm": floor}))["effect/work/primary"].result
        assert isinstance(effect, EffectResult)
        assert (effect.value is None) == (len(frame) // 2 < max(floor, 10))


@pytest.mark.parametrize(
    ("name", "value"), [("work", np.nan), ("nights", np.nan), ("nights", 30.0), ("work", 0.0), ("work", 1.0)]
)
def test_missing_and_constant_outcomes_do_not_fail(people: pd.DataFrame, name: str, value: float) -> None:
    found = _found(people.assign(**{name: value}), plan())
    effect = effect_of(found, name)
    if np.isnan(value):
        assert (effect.verdict, {arm.n for arm in effect.arms.values()}) == ("described", {0})
    if name == "nights" and value == 30.0:
        assert effect.value is None
    assert "nan" not in found[f"effect/{name}/{effect.tier}"].sentence


def test_a_stage_that_nobody_reached_is_a_stage_with_nobody(people: pd.DataFrame) -> None:
    flow = _found(people.assign(work=np.nan), plan())["flow/participants"]
    assert isinstance(flow.result, FlowResult)
    assert flow.result.stages[-1].counts == {"treatment": 0, "comparison": 0}
    assert flow.result.stages[-1].outcome == "work"
    assert flow.sentence == "Of 100 people in the case file, 0 are in the main analysis."


def test_one_empty_arm_of_an_outcome_is_described(people: pd.DataFrame) -> None:
    effect = effect_of(_found(people.assign(work=people["work"].where(people["arm"] == "comparison")), plan()), "work")
    assert (effect.verdict, effect.arms["treatment"].n, effect.arms["comparison"].n) == ("described", 0, 50)


@pytest.mark.parametrize("value", [None, 1.0])
def test_covariates_that_are_constant_or_unknown_do_not_fail(people: pd.DataFrame, value: float | None) -> None:
    empty = people.assign(
        age=value, flag=value, housed=pd.array([pd.NA if value is None else True] * 100, dtype="boolean")
    )
    rows = _found(empty.assign(group=None if value is None else "a"), plan())["baseline/participants"].result
    assert isinstance(rows, BaselineResult)
    assert {row.arms["treatment"].n for row in rows.rows} == {0 if value is None else 50}


# --- Words -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.0214, "−0.02"),
        (0.0, "0.0"),
        (-0.0, "0.0"),
        (1e-15, "0.0"),
        (0.04, "0.04"),
        (-0.0004, "−0.0004"),
        (-8.33, "−8.3"),
        (1234.5, "1,234.5"),
        (None, "[c]"),
        (-0.0583, "−0.1"),
    ],
)
def test_what_is_not_zero_never_prints_as_zero(value: float | None, text: str) -> None:
    assert amount(value) == text


def test_no_small_limit_ever_prints_as_zero() -> None:
    for exponent in range(-11, 3):
        for digit in (1, 4, 5, 6, 9):
            assert float(amount(digit * 10.0**exponent, 1).replace(",", "")) != 0


def test_the_limit_of_life_is_on_one_side(plain_demo: Workspace) -> None:
    sentence = findings_of(plain_demo, "transitional-aid", "baltimore")["effect/rearrest_52w/primary"].sentence
    assert "interval −16.7 to −0.02)" in sentence
    assert sentence.endswith("The whole interval lies on the side of an improvement.")


def _effect(lower: float, upper: float, better: Any = "lower", **more: Any) -> EffectResult:
    arm = {key: ArmSummary(title=key, n=100, events=30, average=0.3) for key in ("treatment", "comparison")}
    return EffectResult(
        title="were arrested",
        tier="primary",
        better=better,
        outcome_type="binary",
        measure="risk difference",
        unit="share of people",
        arms=arm,
        value=(lower + upper) / 2,
        lower=lower,
        upper=upper,
        level=0.95,
        engine="e",
        why="w",
        verdict=verdict(lower, upper, better),
        detectable=0.123,
        **more,
    )


def test_sentences_change_when_intervals_do() -> None:
    limits = [(-0.2, -0.1), (-0.2, -0.05), (-0.2, 0.1), (0.05, 0.2), (-0.2, 0.0)]
    said = [sentence_of(_effect(*pair), plan()) for pair in limits]
    assert len(set(said)) == len(said)
    assert "side of an improvement" in said[0]
    assert "side of a worsening" in said[3]
    assert "holds both an improvement and a worsening" in said[2]
    assert "reaches as far as no difference at all" in said[4]
    assert all(
        "a true difference of 12.3 per 100 would have shown itself 80 times in 100" in s for s in (said[2], said[4])
    )


def test_a_difference_without_randomisation_is_not_owed_to_anything() -> None:
    arms = plan().model_dump(mode="json")["arms"] | {"assignment": "not_randomised"}
    assert "which other differences may explain" in sentence_of(_effect(-0.2, -0.1), plan(arms=arms))


@pytest.mark.parametrize(
    ("lower", "upper", "better", "expected"),
    [
        (-2, -1, "lower", "better"),
        (-2, -1, "higher", "worse"),
        (1, 2, "higher", "better"),
        (-1, 1, "higher", "inconclusive"),
        (0, 1, "higher", "inconclusive"),
        (None, 1, "higher", "inconclusive"),
    ],
)
def test_verdict(lower: Any, upper: Any, better: Any, expected: str) -> None:
    assert verdict(lower, upper, better) == expected


def test_fit_of_every_pair_of_directions() -> None:
    table = {
        ("supports", "supports"): "agree", ("supports", "against"): "dissonant", ("supports", "mixed"): "partial",
        ("against", "supports"): "dissonant", ("against", "against"): "agree", ("against", "mixed"): "partial",
        ("open", "supports"): "partial", ("open", "against"): "partial", ("open", "mixed"): "partial",
    }  # fmt: skip
    for pair in product(get_args(NumberDirection), get_args(VoiceDirection)):
        assert fit(*pair) == table.get(pair, "silent")
    assert len(list(product(get_args(NumberDirection), get_args(VoiceDirection)))) == 16


@pytest.mark.parametrize(
    ("supporting", "countering", "direction"),
    [
        (0, 0, "silent"),
        (0.34, 0.17, "supports"),
        (1 / 3, 0, "supports"),
        (0.34, 0.18, "mixed"),
        (0.3, 0, "mixed"),
        (0.1, 0.5, "against"),
        (0.5, 0.5, "mixed"),
    ],
)
def test_direction_of_voices(supporting: float, countering: float, direction: str) -> None:
    assert voice_direction(supporting, countering) == direction


def test_direction_of_numbers() -> None:
    better, worse, wide = _effect(-0.2, -0.1), _effect(0.1, 0.2), _effect(-0.1, 0.1)
    described = better.model_copy(update={"verdict": "described"})
    found = [
        number_direction(e)
        for e in ([], [described], [better], [better, described], [worse], [better, worse], [better, wide])
    ]
    assert found == ["silent", "silent", "supports", "supports", "against", "open", "open"]


@pytest.mark.parametrize(
    ("people", "asked", "word"),
    [
        (0, 9, "nobody"),
        (1, 4, "few"),
        (2, 4, "some"),
        (3, 4, "many"),
        (4, 4, "most"),
        (0, 0, "nobody"),
        (26, 100, "some"),
    ],
)
def test_spread(people: int, asked: int, word: str) -> None:
    assert spread(people, asked) == word


def _said(title: str, people: int | None, asked: int | None, word: Any) -> ThemeResult:
    return ThemeResult(
        code=title,
        title=title,
        definition="",
        people={"participant": people},
        interviewed={"participant": asked},
        spread={"participant": word},
        passages=None,
    )


def test_voices_are_one_sentence() -> None:
    trust, pride, delay = (
        _said("Trust", 12, 30, "some"),
        _said("Pride", None, 11, "many"),
        _said("Delay", None, None, "nobody"),
    )
    assert voices([trust, pride], [delay]) == (
        "Of what was expected, “Trust” (12 of the 30 interviewed participants) and “Pride” (many of the 11 interviewed "
        "participants) spoke for it, and “Delay” (none of the interviewed participants) spoke against it."
    )
    assert voices([], []) == "Nobody was interviewed about this question."
    assert voices([], [delay]).startswith("Of what was expected, “Delay”")


def test_evidence_levels() -> None:
    levels = [evidence_level(a) for a in ("randomised", "not_randomised", None)]
    assert [(level.maryland, level.nesta) for level in levels] == [(5, 3), (2, 2), (1, 1)]


def test_joint_rows_rest_on_findings_that_are_there(plain_demo: Workspace) -> None:
    found = findings_of(plain_demo, "personal-fund", "northmoor")
    joints = [f for f in found.values() if isinstance(f.result, JointResult)]
    assert len(joints) == 3
    assert all(receipt in found for f in joints for receipt in f.receipts)


def test_no_hash_of_a_table_that_holds_only_counts_is_told(plain_demo: Workspace) -> None:
    """Counts could be tried until such a hash fits; the tables that are named hold pseudonyms, whose key is secret."""
    for pilot, site in (("personal-fund", "northmoor"), ("transitional-aid", "baltimore")):
        tables = {table for f in findings_of(plain_demo, pilot, site).values() for table in f.inputs.tables}
        with open_warehouse(plain_demo.site(pilot, site)) as connection:
            for table in tables:
                columns = {row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()}
                assert columns & {"person_key", "speaker_key", "quote"}, table


def test_what_the_ui_is_told_is_checked_with_everything_else(plain_demo: Workspace) -> None:
    told = compute(plain_demo.site("personal-fund", "northmoor"), "quality")
    assert "of [c] people have no group" in told.table


def test_every_field_has_a_description() -> None:
    from pydantic import BaseModel

    from pipelines.findings import across, coded, exhibits, learned, models, progress, received, record
    from pipelines.release import bundle

    for module in (across, coded, exhibits, learned, models, progress, received, record, bundle):
        for model in vars(module).values():
            if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == module.__name__:
                bare = [name for name, field in model.model_fields.items() if not field.description and name != "kind"]
                assert not bare, f"{model.__name__}: {bare}"
    assert len(get_args(get_args(Result)[0])) == 40


def test_what_is_detectable_fits_the_interval_beside_it() -> None:
    """NSW: standard error 670.9965 on 307 degrees of freedom (t quantiles by hand: 1.967721 and 0.842894)."""
    from pipelines.findings.outcomes import detectable

    assert detectable(670.9965, 307.0, 0.95) == pytest.approx(670.9965 * (1.967721 + 0.842894), rel=1e-4)
    assert detectable(None, None, 0.95) is None


def test_when_both_sides_are_silent_neither_answers() -> None:
    from pipelines.findings.sentences import meaning_of

    assert meaning_of("silent", "silent", "silent").startswith("Neither")
    assert "rests on what people said" in meaning_of("silent", "supports", "silent")
    assert "rests on the numbers" in meaning_of("open", "silent", "silent")
