"""What may be shown of charts and challenges: few people never, neither directly nor by subtraction."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.disclosure.learning import charts, hundred_days
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import Policy
from pipelines.findings.charting import drawn, period_title, periods
from pipelines.findings.learned import ChartPoint, ChartResult, HundredDaysResult
from pipelines.findings.learned_words import chart_words
from pipelines.findings.models import Finding, FlowResult, FlowStage, Inputs, Scope
from pipelines.learning.hundred_days import Challenge, standing

RULES = Policy(
    profile="standard",
    minimum_count=10,
    rounding_base=1,
    all_or_none=True,
    minimum_interval=4,
    minimum_step=10,
    minimum_df=10,
)
ROUNDING = RULES.model_copy(update={"profile": "opensafely", "minimum_count": 8, "rounding_base": 5})
STARTS = periods("month", dt.date(2025, 1, 1), dt.date(2026, 12, 31))


def counts(numbers: list[int], measure: str = "referrals", way: str = "run") -> ChartResult:
    points = tuple(
        ChartPoint(
            start=start.isoformat(),
            title=period_title("month", start),
            standing="shown" if n else "gap",
            value=float(n) if n else None,
            numerator=float(n) if n else None,
            people=n or None,
        )
        for start, n in zip(STARTS, numbers, strict=False)
    )
    return chart(measure, "people", way, points)


def shares(parts: list[tuple[int, int]], measure: str = "consented") -> ChartResult:
    points = tuple(
        ChartPoint(
            start=start.isoformat(),
            title=period_title("month", start),
            standing="shown",
            value=top / of,
            numerator=float(top),
            denominator=float(of),
            people=of,
        )
        for start, (top, of) in zip(STARTS, parts, strict=False)
    )
    return chart(measure, "share", "p", points)


def chart(measure: str, unit: str, way: str, points: tuple[ChartPoint, ...]) -> ChartResult:
    made = ChartResult(
        title="People referred",
        measure=measure,
        unit=unit,
        way=way,
        every="month",
        better="higher",
        baseline=None,
        rules=("beyond_limits",),
        points=points,
    )
    return drawn(made)


def shown(*results: ChartResult, rules: Policy = RULES) -> list[ChartResult]:
    named = {str(i): one for i, one in enumerate(results)}
    return list(charts(named, rules, {key: Log() for key in named}).values())


def standings(result: ChartResult) -> str:
    return "".join(point.standing[0] for point in result.points)


def test_many_people_stay_as_they_are() -> None:
    (result,) = shown(counts([20, 30] * 8))
    assert result.withheld == 0
    assert [point.value for point in result.points] == [20.0, 30.0] * 8
    assert all(point.people is None for point in result.points)
    assert result.phases[0].centre == 25.0


def test_one_small_month_takes_a_second_one_with_it() -> None:
    (result,) = shown(counts([20, 30, 4, 25, 21, 22, 23, 24, 26, 27, 28, 29]))
    assert standings(result) == "wsw" + "s" * 9
    assert all(point.fewer_than is None for point in result.points), "nobody may tell which of the two is small"


def test_two_small_months_stand_as_below_the_median() -> None:
    (result,) = shown(counts([20, 30, 6, 25, 7, 22, 23, 24, 26, 27, 28, 29]))
    assert [i for i, point in enumerate(result.points) if point.fewer_than == 10] == [2, 4]
    assert result.phases[0].points == 12
    assert result.points[2].value is None


@pytest.mark.parametrize(("small", "told"), [((9, 9), False), ((8, 9), False), ((7, 8), True), ((5, 5), True)])
def test_small_months_are_called_small_only_where_their_sum_leaves_room(small: tuple[int, int], told: bool) -> None:
    (result,) = shown(counts([20, 30, small[0], 25, small[1], 22, 23, 24, 26, 27, 28, 29]))
    assert (result.points[2].fewer_than == 10) is told


def test_where_the_median_may_be_small_nothing_is_said_of_small_months() -> None:
    (result,) = shown(counts([11, 12, 6, 13, 7, 5, 14, 6, 15, 6]))
    assert all(point.fewer_than is None for point in result.points)
    assert result.phases[0].points == 5


def test_mostly_small_months_become_quarters() -> None:
    (result,) = shown(counts([5, 4, 6, 7, 5, 4, 8, 5, 3, 5, 5, 6]))
    assert result.every == "quarter"
    assert [point.value for point in result.points] == [15.0, 16.0, 16.0, 16.0]
    assert not result.phases[0].enough


def test_quarters_cut_in_half_stand_beside_the_lines() -> None:
    (result,) = shown(counts([5, 4, 6, 7, 9, 4, 8, 5, 3, 5, 5]))
    assert [point.standing for point in result.points] == ["shown", "shown", "shown", "part"]


def test_where_even_quarters_are_small_nothing_is_shown() -> None:
    (result,) = shown(counts([1, 2, 1, 1, 2, 1, 3, 1, 1]))
    assert standings(result) == "www"
    assert "few people" in chart_words(result)
    assert result.phases[0].centre is None


def test_a_share_is_shown_only_where_both_sides_are_many() -> None:
    (result,) = shown(shares([(20, 40), (32, 40), (25, 50), (24, 48), (42, 50), (20, 41)]))
    assert standings(result) == "swssws"
    (alone,) = shown(shares([(20, 40), (38, 40), (25, 50), (24, 48), (50, 50), (20, 41)]))
    assert standings(alone) == "wwssws", "two who did not agree are covered by others"


def test_charts_of_the_same_people_hide_the_same_months() -> None:
    consents = shares([(20, 40), (31, 40), (25, 50), (24, 48), (33, 40), (20, 41)])
    referred, agreed = shown(counts([40, 40, 50, 48, 40, 41]), consents)
    assert standings(referred) == standings(agreed) == "swssws"


def test_lines_follow_from_what_is_shown_alone() -> None:
    full = [20, 30, 6, 25, 7, 22, 23, 24, 26, 27, 28, 29]
    changed = [20, 30, 9, 25, 3, 22, 23, 24, 26, 27, 28, 29]
    assert shown(counts(full)) == shown(counts(changed))
    assert shown(counts(full, way="xmr")) == shown(counts(changed, way="xmr"))


def test_rounding_makes_shares_anew() -> None:
    (result,) = shown(shares([(21, 43), (24, 51)] * 6), rules=ROUNDING)
    assert [(p.numerator, p.denominator) for p in result.points[:2]] == [(20.0, 45.0), (25.0, 50.0)]
    assert result.points[0].value == pytest.approx(20 / 45)
    (result,) = shown(counts([21, 33] * 6), rules=ROUNDING)
    assert {point.value for point in result.points} == {20.0, 35.0}


def test_a_sum_that_one_person_dominates_is_withheld() -> None:
    plain = counts([20, 30] * 6)
    points = tuple(p.model_copy(update={"dominated": i in (3, 5)}) for i, p in enumerate(plain.points))
    result = plain.model_copy(update={"points": points, "measure": "spend", "unit": "pounds", "way": "xmr"})
    (told,) = shown(result)
    assert standings(told) == "ssswsw" + "s" * 6


def flow(*stages: dict[str, int | None]) -> dict[str, Finding]:
    made = FlowResult(stages=tuple(FlowStage(title="Stage", counts=counts_of) for counts_of in stages))
    inputs = Inputs(drop="2026-01-01", drop_hash="", protocol_hash="", tables={}, code="")
    scope = Scope(pilot="p", site="s")
    return {"flow/people": Finding(id="flow/people", scope=scope, result=made, sentence="", inputs=inputs)}


@pytest.mark.parametrize(
    ("exact", "told", "hidden"),
    [
        ({"everyone": 240}, {"everyone": 240}, 0),
        ({"everyone": 243}, {"everyone": 243}, 2),
        ({"everyone": 260}, {"everyone": 260}, 0),
        ({"treatment": 120, "comparison": 120}, {"treatment": 120, "comparison": None}, 2),
        ({"treatment": 130, "comparison": 130}, {"treatment": 130, "comparison": None}, 0),
    ],
)
def test_the_sum_of_the_months_completes_no_count_of_the_flow(
    exact: dict[str, int | None], told: dict[str, int | None], hidden: int
) -> None:
    found, logs = {"chart/a": counts([20] * 12)}, {"chart/a": Log()}
    result = charts(found, RULES, logs, flow(exact), flow(told))["chart/a"]
    assert result.withheld == hidden


@given(st.lists(st.integers(0, 40), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_nobody_finds_a_small_count_by_subtracting_from_the_total(numbers: list[int]) -> None:
    (result,) = shown(counts(numbers))
    visible = [point.value for point in result.points if point.value is not None]
    assert all(value >= 10 for value in visible)
    hidden = sum(numbers) - sum(visible)
    withheld = sum(point.standing == "withheld" for point in result.points)
    assert (withheld == 0) == (hidden == 0)
    assert withheld != 1 or len(visible) == 0
    assert hidden == 0 or hidden >= 10 or not visible


CHALLENGE = Challenge(start=dt.date(2026, 1, 1), target=100.0, latest=50.0, latest_on=dt.date(2026, 2, 19))


@pytest.mark.parametrize(
    ("cut", "day", "stage", "overdue"),
    [
        ("2026-01-01", 1, "running", ()),
        ("2026-02-19", 50, "running", ()),
        ("2026-02-20", 51, "running", ("mid-point review",)),
        ("2026-04-10", 100, "running", ("mid-point review",)),
        ("2026-04-11", 100, "ended", ("mid-point review", "end review")),
    ],
)
def test_the_days_of_a_challenge(cut: str, day: int, stage: str, overdue: tuple[str, ...]) -> None:
    now = standing(CHALLENGE, dt.date.fromisoformat(cut))
    assert (now.day, now.stage, now.overdue) == (day, stage, overdue)
    assert (now.middle_due, now.end_due) == (dt.date(2026, 2, 19), dt.date(2026, 4, 10))


@pytest.mark.parametrize(
    ("latest", "begins", "target", "reached", "track"),
    [
        (50.0, 0.0, 100.0, "", "on track"),
        (49.0, 0.0, 100.0, "", "behind"),
        (100.0, 0.0, 100.0, "", "reached"),
        (10.0, 20.0, 5.0, "", "on track"),
        (14.0, 20.0, 5.0, "", "behind"),
        (None, 0.0, 100.0, "", "not known"),
        (10.0, 0.0, 100.0, "partly", "partly reached"),
    ],
)
def test_on_track_is_a_steady_pace(
    latest: float | None, begins: float, target: float, reached: str, track: str
) -> None:
    day = dt.date(2026, 2, 19)
    challenge = Challenge(dt.date(2026, 1, 1), target, begins, latest, day, reached=reached)
    assert standing(challenge, dt.date(2026, 3, 1)).track == track


def test_a_challenge_that_has_not_begun_is_no_standing() -> None:
    with pytest.raises(ValueError, match="not begun"):
        standing(CHALLENGE, dt.date(2025, 12, 31))


def test_figures_of_a_challenge_that_are_few_people_are_withheld() -> None:
    result = HundredDaysResult(
        register_file="hundred_days.csv",
        row=2,
        entry="a",
        start="2026-01-01",
        goal="Twenty people housed",
        measure="People housed",
        day=51,
        cut="2026-02-20",
        stage="running",
        target=20,
        begins_at=0,
        latest=7,
        latest_on="2026-02-19",
        expected=9.9,
        track="behind",
        mid_point_due="2026-02-19",
        end_due="2026-04-10",
    )
    log = Log()
    told = hundred_days(result, RULES, log)
    assert (told.latest, told.track, told.target) == (None, "behind", 20)
    assert [change.cell for change in log.changes] == ["latest"]
