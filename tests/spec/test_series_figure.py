"""A series before and after a change in one picture and one table, as a reader gets it."""

import re

from pipelines.findings.exhibits import OverTimeResult, Point, Reading
from pipelines.reporting.sections.readings import _series
from pipelines.reporting.series_figure import part_of, series_figure


def part(key: str, figures: dict[int, float | None], spread: float | None = None) -> OverTimeResult:
    def reading(at: int, value: float | None) -> Reading:
        known = value is not None and spread is not None
        limits = {"lower": value - spread, "upper": value + spread} if known else {}
        return Reading(key=f"{key}/{at}", title=f"month {at}", measure=key, value=value, unit="days", **limits)

    points = tuple(Point(position=at, reading=reading(at, value)) for at, value in figures.items())
    return OverTimeResult(title=key, outcome="wait", axis="periods since the change", points=points, null=None)


def parts(**more: OverTimeResult) -> dict[str, OverTimeResult]:
    observed = {-3: 10.0, -2: 11.0, -1: 12.5, 0: 9.0, 1: 8.0}
    return {
        "observed": part("observed", observed),
        "fitted": part("fitted", {at: value + 0.5 for at, value in observed.items()}),
        "expected": part("expected", {0: 13.0, 1: 14.0}, 2.0),
        **more,
    }


def test_the_picture_says_in_words_what_it_shows() -> None:
    drawn = series_figure("series-wait", parts())
    assert drawn is not None
    assert "from 10.0 to 12.5" in drawn.alt
    assert "Without the change 13.0 was expected at first, 14.0 at the end" in drawn.alt
    assert "control" not in drawn.alt
    assert "control" in (series_figure("x", parts(control=part("control", {-1: 1.0, 0: 1.0}))) or drawn).alt


def test_one_table_for_all_parts() -> None:
    told = _series("wait", {key: (f"over_time_{key}/wait", one) for key, one in parts().items()})
    row = told[told.index(">month 1<") :]
    assert re.findall(r">([^<>]+)</td>", row)[:4] == ["8.0", "8.5", "14.0", "12.0 to 16.0"]
    assert told.count("fig-series-wait") == 1


def test_withheld_periods_are_left_out_and_too_few_are_not_drawn() -> None:
    hidden = parts(observed=part("observed", {-1: None, 0: 4.0}))
    assert series_figure("x", hidden) is None
    assert part_of(hidden["observed"]) == "observed"
    some = parts(observed=part("observed", {-2: 3.0, -1: None, 0: 4.0}))
    assert series_figure("x", some) is not None
