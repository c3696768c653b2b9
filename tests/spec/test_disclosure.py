"""What may be shown, table in and table out; whether it holds is attacked in tests/properties."""

from __future__ import annotations

import json
import math
from functools import cache
from itertools import product

import pytest

from pipelines.disclosure import precision
from pipelines.disclosure.apply import checked
from pipelines.disclosure.counts import contributors, hidden_categories, part_hidden, rounded, too_small
from pipelines.disclosure.curves import drawn, thinned
from pipelines.disclosure.deliveries import difference, linkage
from pipelines.disclosure.log import Log
from pipelines.disclosure.participants import baseline, dose, flow
from pipelines.disclosure.policy import Policy, policy
from pipelines.disclosure.quality import quality
from pipelines.disclosure.sizes import Sizes
from pipelines.disclosure.voices import said, spread, theme
from pipelines.estimation import Design, estimate
from pipelines.estimation.proportions import newcombe, wilson
from pipelines.estimation.result import CurvePoint
from pipelines.findings.models import (
    ArmSummary,
    BaselineResult,
    BaselineRow,
    CheckSummary,
    DataQualityResult,
    DifferenceResult,
    DoseResult,
    EffectResult,
    FieldChange,
    Finding,
    FlowResult,
    FlowStage,
    JointResult,
    LinkageResult,
    OtherEstimate,
    Scope,
    ThemeResult,
)
from pipelines.findings.outcomes import outcome_findings
from pipelines.workspace import Workspace
from tests.properties.small_pilots import draw, making, plan, small_flow

STANDARD, ROUNDED = policy(plan()), policy(plan("opensafely"))


def shown(counts: list[int], rules: Policy = STANDARD) -> list[int | None]:
    result = flow(small_flow(*counts), rules, Log(), Sizes(rules))
    return [stage.counts["everyone"] for stage in result.stages]


@pytest.mark.parametrize(("count", "small"), [(None, False), (0, False), (1, True), (9, True), (10, False)], ids=str)
def test_small_counts(count: int | None, small: bool) -> None:
    assert too_small(count, STANDARD) is small


@pytest.mark.parametrize(
    ("part", "whole", "hidden"),
    [(10, 20, False), (9, 20, True), (11, 20, True), (0, 20, True), (20, 20, True), (0, 0, False), (None, 20, True)],
)
def test_part_of_a_group(part: int | None, whole: int, hidden: bool) -> None:
    assert part_hidden(part, whole, STANDARD) is hidden


def test_stricter_protocol_wins_and_laxer_does_not() -> None:
    assert policy(plan(disclosure={"minimum_count": 20})).minimum_count == 20
    assert policy(plan(disclosure={"minimum_count": 3})).minimum_count == 10


def test_rounding_is_to_five() -> None:
    assert [rounded(n, ROUNDED) for n in (8, 12, 13, 17, 18)] == [10, 10, 15, 15, 20]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([100, 100, 100], [100, 100, 100]),
        ([100, 97, 97], [None, 97, 97]),
        ([120, 110, 97], [120, 110, 97]),
        ([110, 105, 97], [110, None, 97]),
        ([12, 9], [12, None]),
        ([50, 50, 0], [50, 50, 0]),
    ],
)
def test_flow_hides_what_would_count_the_few_who_were_lost(counts: list[int], expected: list[int | None]) -> None:
    assert shown(counts) == expected


def test_flow_is_only_rounded_where_the_profile_rounds() -> None:
    assert shown([100, 97, 96], ROUNDED) == [100, 95, 95]


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ([40, 30, 30], set()),
        ([40, 30, 9], {1, 2}),
        ([40, 30, 5, 5], {2, 3}),
        ([40, 30, 4, 3], {1, 2, 3}),
        ([40, 30, 0], {1, 2}),
        ([70, 0, 0], {0, 1, 2}),
    ],
)
def test_categories_cover_each_other(counts: list[int], hidden: set[int]) -> None:
    assert hidden_categories(counts, STANDARD) == hidden


def test_every_hidden_category_keeps_a_wide_interval() -> None:
    """By total and sums alone, whatever three or four counts there are."""
    for counts in product((0, 1, 4, 9, 10, 15, 30), repeat=4):
        hidden = hidden_categories(counts, STANDARD)
        if any(0 < counts[i] < 10 for i in hidden):
            assert len(hidden) > 1
            assert sum(counts[i] for i in hidden) >= 10 or len(hidden) == 4


def test_contributors_are_those_who_differ_from_the_most_common_value() -> None:
    assert [contributors(values) for values in ([], [1, 1], [0, 0, 0, 5], [0, 1, 2])] == [0, 0, 1, 2]


def _covariate(title: str, level: str | None, events: int, n: int = 40, **more: object) -> BaselineRow:
    arm = ArmSummary(title="Everybody", n=n, events=events, average=events / n)
    return BaselineRow(title=title, covariate="group", level=level, measure="share", arms={"everyone": arm}, **more)


def _baseline(*rows: BaselineRow, rules: Policy = STANDARD, sizes: Sizes | None = None) -> tuple[BaselineRow, ...]:
    found = BaselineResult(rows=rows, formula="")
    return baseline(found, plan(), rules, Log(), sizes or Sizes(rules)).rows


def test_a_yes_no_whose_title_has_a_colon_is_no_category() -> None:
    row = _baseline(_covariate("Housing: settled", None, 3))[0]
    assert row.arms["everyone"].events is None
    assert row.arms["everyone"].average is None


def test_a_category_that_only_the_data_know_is_not_named_when_withheld() -> None:
    rows = _baseline(*(_covariate(f"Group: {k}", k, n) for k, n in (("a", 37), ("zed", 3))))
    assert [row.title for row in rows] == ["Group: a", "Group: not shown"]


def test_a_category_everybody_is_in_is_not_named() -> None:
    assert _baseline(_covariate("Group: first", "a", 40))[0].title == "Group: not shown"


def test_a_row_near_a_shown_size_is_rounded_and_loses_its_size() -> None:
    sizes = Sizes(STANDARD)
    sizes.show("everyone", 95)
    arm = ArmSummary(title="Everybody", n=98, average=34.4387755, spread=11.2345, contributors=90)
    row = BaselineRow(title="Age", covariate="age", measure="mean", arms={"everyone": arm})
    summary = _baseline(row, sizes=sizes)[0].arms["everyone"]
    assert (summary.n, summary.average, summary.spread, summary.contributors) == (None, 34.4, 11.2, None)


def test_a_number_of_zeros_and_few_ones_is_withheld() -> None:
    arm = ArmSummary(title="Everybody", n=98, average=3 / 98, spread=0.17, contributors=3)
    row = BaselineRow(title="Flag", covariate="flag", measure="mean", arms={"everyone": arm})
    assert _baseline(row)[0].arms["everyone"].average is None


def test_rounded_categories_make_their_own_total() -> None:
    rows = _baseline(*(_covariate(k, k, n) for k, n in (("a", 12), ("b", 13), ("c", 16))), rules=ROUNDED)
    arms = [row.arms["everyone"] for row in rows]
    assert [arm.events for arm in arms] == [10, 15, 15]
    assert {arm.n for arm in arms} == {40}
    assert math.isclose(sum(arm.average or 0 for arm in arms), 1)


@pytest.mark.parametrize("people", [12, 47, 72, 130, 216])
def test_a_rounded_mean_fits_every_size_nearby(people: int) -> None:
    for total in range(people, 5 * people, 7):
        told = precision.mean(total / people, people)
        for other in range(people, people + 10):
            assert any(precision.mean(k / other, people) == told for k in range(total - other, total + 11 * 5))


def _dose(**more: object) -> ArmSummary:
    result = DoseResult(title="Talks", unit="talks", planned=6, arms={"everyone": ArmSummary(title="E", **more)})  # type: ignore[arg-type]
    return dose(result, STANDARD, Log(), Sizes(STANDARD)).arms["everyone"]


def test_a_mean_of_two_people_is_withheld() -> None:
    found = _dose(n=72, events=2, average=10 / 72, spread=0.84, lower=-0.06, upper=0.34, contributors=2)
    assert (found.n, found.events, found.average, found.spread, found.upper) == (72, None, None, None, None)


def test_a_dose_that_nobody_got_is_said() -> None:
    found = _dose(n=72, events=0, average=0.0, spread=0.0, contributors=0)
    assert (found.events, found.average) == (0, 0.0)


def test_spread_is_withheld_when_it_would_count_those_who_got_none() -> None:
    """67 of 72 got about 6: mean and spread say that at most 5 got none."""
    values = [0.0] * 2 + [6.0 + 0.01 * k for k in range(70)]
    mean = sum(values) / 72
    sd = math.sqrt(sum((x - mean) ** 2 for x in values) / 71)
    found = _dose(n=72, events=70, average=mean, spread=sd, contributors=71)
    assert found.events is None
    assert found.spread is None
    assert found.average is not None


def _points(*events: int, n: int = 100) -> list[CurvePoint]:
    gone, found = 0, [CurvePoint("treatment", 0.0, 1.0, 0, 1, 1, n, 0)]
    for time, count in enumerate(events, start=1):
        gone += count
        found.append(CurvePoint("treatment", float(time), 1 - gone / n, 0, 0, 1, n - gone, count))
    return found


def test_steps_of_a_curve_rest_on_enough_events_up_to_the_end() -> None:
    """48 events: the last step stands at 38 at most, or the last few could be had by subtraction."""
    kept = thinned(_points(*[1] * 48), 10)
    assert [point.time for point in kept] == [0.0, 10.0, 20.0, 30.0]


def test_steps_keep_away_from_what_another_outcome_tells() -> None:
    kept = thinned(_points(*[1] * 48), 10, known_at=[25.0])
    assert [point.time for point in kept] == [0.0, 10.0, 35.0]


def test_a_curve_is_led_to_the_horizon_and_hides_a_withheld_time() -> None:
    assert list(drawn(_points(*[1] * 48), 10, 52.0, known_at=[3.0]))[-1] == 52.0
    assert drawn(_points(*[1] * 48), 10, 52.0, known_at=[3.0]) == drawn(_points(*[1] * 48), 10, 52.0)
    assert drawn(_points(*[1] * 48), 10, 52.0, known_at=[25.0])[25.0] == 0.75


@pytest.mark.parametrize("asked", [*range(1, 60), 100])
def test_a_word_leaves_enough_counts_possible(asked: int) -> None:
    words: dict[str, set[int]] = {}
    for people in range(1, asked + 1):
        if part_hidden(people, asked, STANDARD):
            words.setdefault(said(people, asked, STANDARD), set()).add(people)
    if asked >= STANDARD.minimum_count:
        assert all(len(counts) >= STANDARD.minimum_interval for counts in words.values())
    else:
        assert set(words) == {"some"}


def test_words_are_fine_where_they_may_be() -> None:
    assert [spread(k, 20) for k in (0, 5, 6, 10, 11, 15, 16)] == [
        "nobody",
        "few",
        "some",
        "some",
        "many",
        "many",
        "most",
    ]
    assert [said(k, 20, STANDARD) for k in (5, 6, 11, 16)] == ["few", "some", "many", "most"]
    assert [said(k, 11, STANDARD) for k in (0, 1, 5, 6, 11)] == ["nobody", "some", "some", "many", "many"]


def _theme(**more: object) -> ThemeResult:
    base = {"people": {"participant": 3}, "interviewed": {"participant": 14}, "spread": {"participant": "few"}}
    return ThemeResult(code="t", title="T", definition="", passages=12, **{**base, **more})  # type: ignore[arg-type]


def test_a_theme_tells_no_small_count_by_its_passages_quotes_or_agreement() -> None:
    log = Log()
    found = theme(_theme(agreement=13 / 14, withheld_quotes=3), STANDARD, log)
    assert (found.people["participant"], found.passages, found.withheld_quotes, found.agreement) == (
        None,
        None,
        None,
        0.9,
    )
    assert found.spread["participant"] == "some"
    assert {change.cell for change in log.changes} == {"people.participant", "passages", "withheld_quotes", "agreement"}


FAILED = CheckSummary(
    noun="cases", rule="r", passed=False, severity="note", sentence="Fewer than 10 of 150 people have no group."
)
MANY = CheckSummary(
    noun="cases",
    rule="s",
    passed=False,
    severity="warn",
    sentence="37 of 150 people (24.7%) have no age; the limit is 20%.",
)


def _finding(finding_id: str, result: object) -> Finding:
    made = draw(0).findings[0]
    return made.model_copy(update={"id": finding_id, "result": result, "scope": Scope(pilot="p", site="s")})


def test_the_total_of_people_does_not_complete_the_groups() -> None:
    """72 and 72 of 150: six have no group."""
    counts = {"treatment": 72, "comparison": 72, "unknown": 6}
    stages = FlowResult(
        stages=(FlowStage(title="In the case file", counts=counts), FlowStage(title="Kept", counts=counts))
    )
    rows = DataQualityResult(checks=(FAILED, MANY), rows={"cases": 150, "consents": 148}, set_aside={"cases": 0})
    found = checked([_finding("quality/checks", rows), _finding("flow/participants", stages)], plan())[0]
    assert isinstance(found.result, DataQualityResult)
    assert found.result.rows == {"cases": None, "consents": None}
    assert found.result.checks[0].sentence == "Fewer than 10 of [c] people have no group."
    assert found.result.checks[1].sentence == "[c] of [c] people have no age; the limit is 20%."
    assert "150" not in found.model_dump_json()


def test_the_total_of_people_is_shown_beside_whole_groups() -> None:
    counts = {"treatment": 72, "comparison": 72}
    stages = FlowResult(stages=(FlowStage(title="In the case file", counts=counts),))
    rows = DataQualityResult(checks=(MANY,), rows={"cases": 144, "spend": 12}, set_aside={"spend": 3, "cases": 0})
    exact = {"flow": _finding("flow/participants", stages)}
    result = quality(rows, exact, exact, STANDARD, Log())
    assert result.rows == {"cases": 144, "spend": 12}
    assert result.set_aside == {"spend": None, "cases": 0}
    assert result.checks == (MANY,)


@cache
def _protected(seed: int, profile: str = "standard") -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The findings of a drawn pilot before and after disclosure control; each takes a second or two to estimate."""
    pilot = draw(seed, profile)
    return tuple(pilot.findings), tuple(checked(pilot.findings, pilot.plan))


def _effects(seed: int, profile: str = "standard") -> dict[str, tuple[EffectResult, EffectResult]]:
    unprotected, protected = _protected(seed, profile)
    after = {f.id: f.result for f in protected}
    before = {f.id: f.result for f in unprotected if isinstance(f.result, EffectResult)}
    return {key: (result, after[key]) for key, result in before.items()}  # type: ignore[misc]


def test_a_withheld_effect_has_no_figure_left_but_the_sizes() -> None:
    for seed in range(8):
        for _, after in _effects(seed).values():
            if after.engine == "withheld":
                planned = {"level", "horizon", "minimum_important_difference", "null"}
                left = after.model_dump(exclude={"arms", "curves", *planned})
                assert not [value for value in left.values() if isinstance(value, float)]
                assert after.others == ()
                assert after.curves == {}
                assert after.warnings == ()
                assert all(
                    arm.model_dump(exclude={"title", "n"}, exclude_none=True) == {} for arm in after.arms.values()
                )


def test_what_only_disclosure_control_needs_is_never_released() -> None:
    for seed in range(8):
        for profile in ("standard", "opensafely"):
            text = "".join(f.model_dump_json() for f in _protected(seed, profile)[1])
            assert '"contributors":null' in text
            assert not [k for k in range(200) if f'"contributors":{k},' in text or f'"contributors":{k}}}' in text]


def test_rounded_estimates_are_those_of_the_rounded_counts() -> None:
    compared = 0
    for seed in range(12):
        for before, after in _effects(seed, "opensafely").values():
            if after.outcome_type != "binary" or after.value is None:
                continue
            a, b = (after.arms[key] for key in ("treatment", "comparison"))
            assert [x.n for x in (a, b)] == [rounded(before.arms[k].n, ROUNDED) for k in ("treatment", "comparison")]
            assert after.value == pytest.approx(a.events / a.n - b.events / b.n)  # type: ignore[operator]
            assert (a.lower, a.upper) == pytest.approx(wilson(a.events, a.n))  # type: ignore[arg-type]
            score = next(other for other in after.others if other.engine == "Newcombe")
            assert (score.lower, score.upper) == pytest.approx(newcombe(a.events, a.n, b.events, b.n))  # type: ignore[arg-type]
            assert "Lin" not in {other.engine for other in after.others}
            compared += 1
    assert compared > 5


def test_rounded_means_are_compared_anew() -> None:
    compared = 0
    for seed in range(12):
        _, after = _effects(seed, "opensafely")["effect/nights/secondary"]
        if after.value is None:
            continue
        a, b = (after.arms[key] for key in ("treatment", "comparison"))
        assert after.value == pytest.approx(a.average - b.average)  # type: ignore[operator]
        assert after.se == pytest.approx(math.sqrt(a.spread**2 / a.n + b.spread**2 / b.n))  # type: ignore[operator]
        assert after.lower is not None
        assert after.lower < after.value < (after.upper or 0)
        compared += 1
    assert compared > 3


def test_rounding_is_noted_also_where_it_changes_nothing() -> None:
    log = Log()
    assert log.count(15, "n", ROUNDED) == 15
    assert log.changes[0].action == "rounded"


def test_warnings_name_no_cell() -> None:
    from pipelines.disclosure.effects import ADJUSTED_WARNING, _warnings
    from pipelines.estimation.adjusted import DROPPED, LEVERAGE

    assert _warnings((f"{DROPPED}married.", LEVERAGE, "Other.")) == (ADJUSTED_WARNING, "Other.")


def test_every_estimate_warns_of_missing_outcomes_when_one_does() -> None:
    """Else the outcome without the warning would be known to be complete, and count the other's loss."""
    for seed in range(20):
        said_of = [
            any("not known are left out" in warning for warning in f.result.warnings)
            for f in _protected(seed)[1]
            if isinstance(f.result, EffectResult) and f.result.value is not None
        ]
        assert len(set(said_of)) <= 1


def test_outcomes_of_one_clock_do_not_count_who_came_between() -> None:
    """Events by day 60 and by day 180 that differ by fewer than ten: the second is withheld."""
    people = draw(3).people.iloc[:0]
    rows = [
        {"arm": arm, "kept": True, "due": True, "days": 30.0, "back": 1.0}
        for arm in ("treatment", "comparison")
        for _ in range(20)
    ]
    rows += [{"arm": "treatment", "kept": True, "due": True, "days": 100.0, "back": 1.0}] * 4
    rows += [
        {"arm": arm, "kept": True, "due": True, "days": 180.0, "back": 0.0}
        for arm in ("treatment", "comparison")
        for _ in range(30)
    ]
    frame = people.reindex(range(len(rows)))
    for name in rows[0]:
        frame[name] = [row[name] for row in rows]
    frame["housed"] = True
    made = making(frame, plan())
    with made.connection:
        found = {f.id: f.result for f in checked(outcome_findings(made), plan())}
    early, late = found["effect/early/secondary"], found["effect/late/secondary"]
    assert isinstance(early, EffectResult)
    assert isinstance(late, EffectResult)
    assert early.arms["treatment"].events == 20
    assert late.value is None
    assert late.arms["treatment"].events is None


def test_nothing_small_in_published_pilots_is_withheld(plain_demo: Workspace) -> None:
    expected = {
        ("transitional-aid", "baltimore"): {
            "rearrest_52w": (48, 216, 66, 216),
            "weeks_to_rearrest": (48, 216, 66, 216),
        },
        ("residential-treatment", "site-a"): {"relapse_180d": (91, 202, 126, 198)},
        ("residential-treatment", "site-b"): {"relapse_180d": (38, 84, 43, 91)},
    }
    for (pilot, name), outcomes in expected.items():
        site = plain_demo.site(pilot, name)
        evidence = json.loads(
            (
                site.releases_folder / (site.releases_folder / "latest.txt").read_text().strip() / "evidence.json"
            ).read_text()
        )
        for key, counts in outcomes.items():
            result = next(
                f["result"]
                for f in evidence["findings"]
                if f["scope"]["subject"] == key and f["id"].startswith("effect/")
            )
            arms = [result["arms"][arm][field] for arm in ("treatment", "comparison") for field in ("events", "n")]
            assert tuple(arms) == counts
            assert result["value"] is not None


def test_joint_rows_and_sentences_are_made_of_what_is_shown(plain_demo: Workspace) -> None:
    from pipelines.release.bundle import read_evidence
    from pipelines.release.write import latest

    evidence = read_evidence(latest(plain_demo.site("personal-fund", "northmoor")))
    themes = {f.result.title: f.result for f in evidence.findings if isinstance(f.result, ThemeResult)}
    joints = [f.result for f in evidence.findings if isinstance(f.result, JointResult)]
    assert joints
    for joint in joints:
        assert joint.voice.count(".") == 1
        for number in [int(word) for word in joint.voice.replace("(", " ").split() if word.isdigit()]:
            assert number in {n for t in themes.values() for n in (*t.interviewed.values(), *t.people.values())}
    assert all(change.cell.count(": ") for change in evidence.disclosure.changes)


def test_an_exact_figure_of_another_engine_gives_a_cell_back_so_all_go() -> None:
    """Unprotected, an odds ratio and its standard error solve for the cells: the reason why effects go as a whole."""
    import pandas as pd

    frame = pd.DataFrame(
        {"arm": ["treatment"] * 40 + ["comparison"] * 40, "value": [1.0] * 4 + [0.0] * 36 + [1.0] * 15 + [0.0] * 25}
    )
    odds = next(o for o in estimate(frame, Design("binary", "")).others if o.name == "odds ratio").result
    fits = [
        (a, c)
        for a in range(1, 40)
        for c in range(1, 40)
        if abs(a * (40 - c) / ((40 - a) * c) - (odds.value or 0)) < 1e-9
        and abs(math.sqrt(1 / a + 1 / (40 - a) + 1 / c + 1 / (40 - c)) - (odds.se or 0)) < 1e-9
    ]
    assert fits == [(4, 15), (25, 36)]  # the second is the first, read the other way round


def test_adjusted_estimates_are_rounded_beside_a_withheld_covariate() -> None:
    from pipelines.disclosure.effects import with_coarse_adjusted

    other = OtherEstimate(
        engine="Lin", measure="m", value=-0.123456, se=0.0456789, lower=-0.2134567, upper=-0.03333, p=0.0123
    )
    base = next(r for r, _ in _effects(1).values())
    found = with_coarse_adjusted(base.model_copy(update={"others": (other,)}), Log()).others[0]
    assert (found.value, found.se, found.lower, found.upper, found.p) == (-0.123, 0.046, -0.213, -0.033, 0.01)


# --- What the deliveries hold -------------------------------------------------


def _drop(**changes: object) -> DifferenceResult:
    given = {
        "noun": "cases",
        "earlier": "2026-03-31",
        "newest": "2026-06-30",
        "rows_before": 120,
        "rows_now": 144,
        "people_before": 120,
        "people_now": 144,
        "both": 120,
        "added": 24,
        "vanished": 0,
        "smallest_before": 60,
    }
    return DifferenceResult.model_validate({**given, **changes})


def _flow(**counts: int | None) -> Finding:
    return _finding("flow/participants", FlowResult(stages=(FlowStage(title="In the case file", counts=counts),) * 2))


WHOLE = {"flow/participants": _flow(treatment=72, comparison=72)}
PEOPLE = ("people_before", "people_now", "both", "added", "vanished")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (120, 144, 120, 24, 0)),
        ({"both": 117, "added": 27, "vanished": 3}, (None, 144, None, None, None)),
        ({"both": 141, "added": 3, "people_before": 141, "rows_before": 141}, (None, 144, None, None, 0)),
        ({"both": 109, "added": 35, "vanished": 11}, (120, 144, 109, 35, 11)),
        ({"smallest_before": 6}, (None, None, None, None, None)),
        ({"people_now": 143}, (None, None, None, 24, 0)),
    ],
    ids=["shown", "few vanished", "few added", "many", "a small group before", "somebody has two rows"],
)
def test_people_of_two_drops_are_one_system(given: dict[str, object], expected: tuple[int | None, ...]) -> None:
    """Few vanished: their number is people then and added, less people now; then stands in the earlier release."""
    found = difference(_drop(**given), WHOLE, WHOLE, STANDARD, Log())
    assert tuple(getattr(found, name) for name in PEOPLE) == expected
    assert found.smallest_before is None


@pytest.mark.parametrize(
    ("moved", "expected"),
    [(0, 0), (12, 12), (4, None), (20, None), (24, 24)],
    ids=["nobody", "some", "few moved", "few are new", "all"],
)
def test_who_came_from_another_site_is_counted_where_the_others_are_not_few(moved: int, expected: int | None) -> None:
    found = difference(_drop(moved_in=moved), WHOLE, WHOLE, STANDARD, Log())
    assert (found.added, found.moved_in, found.moved_out) == (24, expected, 0)


def test_who_moved_is_not_counted_where_who_vanished_is_not() -> None:
    few = difference(_drop(both=117, added=27, vanished=3, moved_out=3), WHOLE, WHOLE, STANDARD, Log())
    assert (few.vanished, few.moved_out) == (None, None)


def test_the_total_of_a_drop_gives_way_to_a_group_that_the_flow_withholds() -> None:
    exact = {"flow/participants": _flow(treatment=72, comparison=66, unknown=6)}
    shown = {"flow/participants": _flow(treatment=72, comparison=66, unknown=None)}
    found = difference(_drop(), exact, shown, STANDARD, Log())
    assert tuple(getattr(found, name) for name in PEOPLE) == (None, None, None, 24, 0)


def test_rounded_drops_add_up() -> None:
    rounded_flow = {"flow/participants": _flow(treatment=70, comparison=70)}
    found = difference(_drop(both=131, added=13, vanished=12), WHOLE, rounded_flow, ROUNDED, Log())
    assert tuple(getattr(found, name) for name in PEOPLE) == (135, 140, 125, 15, 10)


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        ((0, 0, 0), (0, 0, 0, "")),
        ((12, 30, 0), (12, 30, 0, "")),
        ((3, 30, 0), (None, 30, 0, "few")),
        ((115, 0, 0), (None, 0, 0, "nearly everybody")),
        ((120, 0, 0), (120, 0, 0, "")),
        ((0, 30, 4), (0, None, None, "")),
    ],
)
def test_changes_of_few_people_and_of_all_but_a_few_are_withheld(
    ways: tuple[int, int, int], expected: tuple[int | None, ...]
) -> None:
    """Of those whose outcome became known and those of whom it is not known any more, two releases tell the balance."""
    change = FieldChange(field="f", title="F", group="date", changed=ways[0], filled=ways[1], emptied=ways[2])
    (found,) = difference(_drop(changes=(change,)), WHOLE, WHOLE, STANDARD, Log()).changes
    assert (found.changed, found.filled, found.emptied, found.extent) == expected


def _linkage(**changes: object) -> LinkageResult:
    given = {"noun": "consents", "title": "Consents", "expected": True, "people": 144, "linked": 120, "without": 24}
    return LinkageResult.model_validate({**given, **changes})


def _linked(
    result: LinkageResult, exact: dict[str, Finding] | None = None, shown: dict[str, Finding] | None = None
) -> LinkageResult:
    exact = exact or WHOLE
    return linkage(result, plan(), exact, shown or exact, STANDARD, Log(), Sizes(STANDARD))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (144, 120, 24, "")),
        ({"linked": 144, "without": 0}, (144, 144, 0, "")),
        ({"linked": 141, "without": 3}, (144, None, None, "few are missing")),
        ({"linked": 144, "without": 0, "expected": False, "noun": "spend"}, (None, None, None, "")),
        ({"noun": "events", "expected": False}, (None, None, None, "")),
    ],
    ids=["shown", "nobody lost", "few lost", "everybody has one", "events are outcomes"],
)
def test_people_found_in_a_file(given: dict[str, object], expected: tuple[object, ...]) -> None:
    found = _linked(_linkage(**given))
    assert (found.people, found.linked, found.without, found.extent) == expected


def test_few_strangers_and_few_who_may_be_two_people_are_not_counted() -> None:
    found = _linked(_linkage(strangers=3, stranger_rows=30, several={"full_name": 2, "date_of_birth": 0}))
    assert (found.strangers, found.stranger_rows) == (None, None)
    assert found.several == {"full_name": None, "date_of_birth": 0}


def test_people_with_contacts_give_way_to_a_dose_that_is_withheld() -> None:
    """Of 40 with a payment, 37 got the treatment: the three others are withheld in the dose."""
    contacts = _linkage(noun="contacts", expected=False, linked=40, without=104)
    before, after = (
        DoseResult(
            title="Talks",
            unit="talks",
            planned=6,
            arms={key: ArmSummary(title=key, n=72, events=n) for key, n in (("treatment", 37), ("comparison", few))},
        )
        for few in (3, None)
    )
    exact, shown = ({**WHOLE, "dose/talks": _finding("dose/talks", result)} for result in (before, after))
    assert _linked(contacts, exact, shown).linked is None
    assert _linked(contacts, exact, exact).linked == 40
    assert _linked(contacts.model_copy(update={"linked": 43, "without": 101}), exact, exact).linked is None


def _lost(title: str, covariate: str, level: str, linked: int, without: int) -> BaselineRow:
    arms = {
        key: ArmSummary(title=key, n=n, events=events, average=events / n)
        for key, events, n in (("linked", linked, 120), ("without", without, 24))
    }
    return BaselineRow(
        title=title, covariate=covariate, level=level, measure="share", arms=arms, difference=0.3, light="red"
    )


def test_a_row_of_the_lost_is_withheld_on_both_sides() -> None:
    """The baseline table tells that 61 are in the first group: 58 of the linked would leave three of the lost."""
    rows = [
        ("Group: first", "group", "a", 58, 3), ("Group: second", "group", "b", 62, 21),
        ("Group: Help", "arm", "treatment", 60, 12), ("Group: As usual", "arm", "comparison", 60, 12),
    ]  # fmt: skip
    lost, baseline_rows = (
        tuple(_lost(*row) for row in rows),
        [_covariate("G", k, n, 144) for k, n in (("a", 61), ("b", 83))],
    )
    told = {**WHOLE, "baseline": _finding("baseline", BaselineResult(rows=tuple(baseline_rows), formula=""))}
    found = _linked(_linkage(groups=lost), told).groups
    assert [[arm.events for arm in row.arms.values()] for row in found] == [
        [None, None],
        [None, None],
        [60, 12],
        [60, 12],
    ]
    assert [row.title for row in found] == [row[0] for row in rows]
    assert [row.light for row in found] == ["none", "none", "red", "red"]


def test_a_row_that_the_baseline_table_withholds_is_withheld_of_the_lost() -> None:
    """Its sum over found and lost would give the withheld group away."""
    rows = tuple(_lost(f"Group: {k}", "group", k, linked, 12) for k, linked in (("a", 58), ("b", 62)))
    whole, part = (
        BaselineResult(rows=tuple(_covariate("G", k, 72, 144) for k in "ab"), formula=""),
        BaselineResult(rows=(_covariate("G", "a", 72, 144), _covariate("G", "withheld", 72, 144)), formula=""),
    )
    hidden = ArmSummary(title="Everybody", n=144)
    part = part.model_copy(
        update={"rows": (part.rows[0], part.rows[1].model_copy(update={"arms": {"everyone": hidden}}))}
    )
    exact, shown = ({**WHOLE, "baseline": _finding("baseline", table)} for table in (whole, part))
    groups = _linked(_linkage(groups=rows), exact, shown).groups
    assert [row.arms["linked"].events for row in groups] == [58, None]
    assert [row.arms["linked"].events for row in _linked(_linkage(groups=rows), exact, exact).groups] == [58, 62]


def test_two_files_with_nearly_the_same_people_are_not_both_counted() -> None:
    """Who is in one and not in the other would be three people."""
    sizes = Sizes(STANDARD)
    for linked, expected in ((120, 120), (117, None), (100, 100)):
        result = _linkage(linked=linked, without=144 - linked)
        assert linkage(result, plan(), WHOLE, WHOLE, STANDARD, Log(), sizes).linked == expected


def test_rounded_links_are_computed_from_the_rounded_flow() -> None:
    flow_shown = {"flow/participants": _flow(treatment=70, comparison=70)}
    found = linkage(_linkage(linked=121, without=23), plan(), WHOLE, flow_shown, ROUNDED, Log(), Sizes(ROUNDED))
    assert (found.people, found.linked, found.without, found.groups) == (140, 115, 25, ())


def test_rows_that_are_people_give_way_with_them() -> None:
    agreed = _drop(noun="consents", rows_before=156, rows_now=170, people_before=156, people_now=170)
    found = difference(agreed, WHOLE, WHOLE, STANDARD, Log())
    assert (found.rows_before, found.rows_now, found.people_before, found.people_now) == (None, None, None, None)


def test_few_lost_in_one_group_hide_how_many_were_lost() -> None:
    """The flow tells who was lost with help; the total would tell who was lost as usual."""
    rows = (_lost("Group: Help", "arm", "treatment", 51, 21), _lost("Group: As usual", "arm", "comparison", 69, 3))
    found = _linked(_linkage(noun="outcomes", extract="work", groups=rows))
    assert (found.linked, found.without, found.groups) == (None, None, ())


def test_consents_do_not_tell_by_their_rows_who_has_none() -> None:
    """No count of the case file is near the rows, but the linkage withholds that three people have no consent."""
    rows = DataQualityResult(checks=(), rows={"cases": 144, "consents": 170}, set_aside={})
    exact = {**WHOLE, "linkage/consents": _finding("linkage/consents", _linkage(linked=141, without=3))}
    hidden = {**WHOLE, "linkage/consents": _finding("linkage/consents", _linked(_linkage(linked=141, without=3)))}
    assert quality(rows, exact, hidden, STANDARD, Log()).rows["consents"] is None
    open_ = {**WHOLE, "linkage/consents": _finding("linkage/consents", _linkage(linked=144, without=0))}
    assert quality(rows, open_, open_, STANDARD, Log()).rows["consents"] == 170


def test_rows_of_another_file_do_not_tell_how_few_were_set_aside() -> None:
    """Rows in use are shown beside them; of contacts, many a person, the people are only those the linkage shows."""
    contacts = _drop(
        noun="contacts", rows_before=300, rows_now=330, people_before=40, people_now=51, both=None, added=None,
        vanished=None,
    )  # fmt: skip
    checks = DataQualityResult(checks=(), rows={"contacts": 327}, set_aside={"contacts": 3})
    few = {**WHOLE, "quality/checks": _finding("quality/checks", checks)}
    assert difference(contacts, few, few, STANDARD, Log()).rows_now is None
    found = difference(contacts, WHOLE, WHOLE, STANDARD, Log())
    assert (found.rows_before, found.rows_now, found.people_now) == (300, 330, None)
    told = {"linkage/contacts": _finding("linkage/contacts", _linkage(noun="contacts", linked=51, without=93))}
    found = difference(contacts, WHOLE | told, WHOLE | told, STANDARD, Log())
    assert (found.people_before, found.people_now) == (40, 51)


def test_people_of_a_file_do_not_tell_how_few_of_them_are_neither_found_nor_strange() -> None:
    """54 people have contacts and 51 are found among those who count: three were set aside or have no group."""
    contacts = _drop(noun="contacts", rows_before=300, rows_now=330, people_before=40, people_now=54)
    told = {"linkage/contacts": _finding("linkage/contacts", _linkage(noun="contacts", linked=51, without=93))}
    assert difference(contacts, WHOLE | told, WHOLE | told, STANDARD, Log()).people_now is None


@pytest.mark.parametrize(("linked", "shown"), [(14, 14), (12, None)])
def test_interviewed_people_of_the_case_file_stand_beside_the_themes(linked: int, shown: int | None) -> None:
    themes = {**WHOLE, "theme/t": _finding("theme/t", _theme())}
    interviews = _linkage(noun="documents", expected=False, linked=linked, without=144 - linked)
    assert _linked(interviews, themes).linked == shown


def test_consents_do_not_tell_how_few_of_them_are_of_people_without_a_group() -> None:
    rows = DataQualityResult(checks=(), rows={"cases": 160, "consents": 147}, set_aside={})
    told = {**WHOLE, "linkage/consents": _finding("linkage/consents", _linkage(linked=144, without=0))}
    assert quality(rows, told, told, STANDARD, Log()).rows["consents"] is None
