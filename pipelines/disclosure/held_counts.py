"""Data checks, deliveries, charts and criteria, held against earlier releases: cell by cell, or by a light alone.

All but the criteria are totals and periods that come anew with every drop, so that nothing but the cell in question is
kept back. What counts the same people as something else is judged in held_together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.disclosure.between_releases import RULE, Past, as_json, noted, tells, withheld
from pipelines.disclosure.held_together import Shown, published_sizes
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import Policy
from pipelines.disclosure.progress import light_alone
from pipelines.disclosure.published import Raw
from pipelines.disclosure.quality import vague_check
from pipelines.disclosure.steps import Group, difference_is_blurred, few_between, group_tells
from pipelines.findings.charting import drawn
from pipelines.findings.learned import ChartPoint, ChartResult
from pipelines.findings.models import Change, CriterionResult, DataQualityResult, DifferenceResult, Finding

TOTALS = ("rows_before", "rows_now", "people_before", "people_now", "both", "added", "vanished")
COUNTS = ("people", "contacts")


def quality(past: Past, finding: Finding, rules: Policy, *, few_came: bool) -> Finding:
    """Return the data checks without rows of a table that differ from an earlier release by few.

    Parameters
    ----------
    past, finding, rules : earlier releases; the checks as the policy shows them; the limits.
    few_came : whether few people came in since an earlier release: then the rows of the case file are withheld.
    """
    result = finding.result
    if not isinstance(result, DataQualityResult):
        return finding
    earlier = [raw["result"] for _, raw in past.versions(finding)]
    people = published_sizes(past).get("everyone", set())
    rows = {n for n, count in result.rows.items() if _close(count, _known(earlier, "rows", n) | people, rules)}
    rows |= {"cases"} if few_came and "cases" in result.rows else set()
    aside = {n for n, count in result.set_aside.items() if _close(count, _known(earlier, "set_aside", n), rules)}
    if not rows and not aside:
        return finding
    log = Log()
    update = {
        "rows": {n: None if n in rows else count for n, count in result.rows.items()},
        "set_aside": {n: None if n in aside else count for n, count in result.set_aside.items()},
        "checks": tuple(vague_check(check, i, rows | aside, log) for i, check in enumerate(result.checks)),
    }
    changes = [withheld(f"rows.{n}") for n in result.rows if n in rows]
    changes += [withheld(f"set_aside.{n}") for n in result.set_aside if n in aside]
    disclosed = noted(finding.disclosure, *changes, *log.changes)
    return finding.model_copy(update={"result": result.model_copy(update=update), "disclosure": disclosed})


def _known(earlier: Sequence[Raw], field: str, noun: str) -> set[int]:
    return {one[field][noun] for one in earlier if one[field].get(noun) is not None}


def _close(count: int | None, known: set[int], rules: Policy) -> bool:
    """Tell whether a count is near one that was published and yet another."""
    return count not in known and any(few_between(one, count, rules) for one in known)


def difference(past: Past, finding: Finding, rules: Policy, *, few_came: bool) -> Finding:
    """Return what differs from the drop before without totals that an earlier release tells all but a few of.

    Parameters
    ----------
    past, finding, rules, few_came : as for `quality`.
    """
    result = finding.result
    if not isinstance(result, DifferenceResult):
        return finding
    known = _totals(past, result.noun)
    told = {name: getattr(result, name) for name in TOTALS if getattr(result, name) is not None}
    few = few_came and result.noun == "cases"
    if not told or not (few or any(_close(count, known, rules) for name, count in told.items() if name in TOTALS[:5])):
        return finding
    changes = [withheld(name) for name in told]
    update = {
        "result": result.model_copy(update=dict.fromkeys(told)),
        "disclosure": noted(finding.disclosure, *changes),
    }
    return finding.model_copy(update=update)


def _totals(past: Past, noun: str) -> set[int]:
    """Return every total of a table's rows or people that was published."""
    before = [one for one in past.of_kind("difference") if one["noun"] == noun]
    found = {one[name] for one in before for name in TOTALS[:5]}
    found |= {one["rows"].get(noun) for one in past.of_kind("data_quality")}
    found |= published_sizes(past).get("everyone", set()) if noun == "cases" else set()
    return {count for count in found if count is not None}


# ---- charts ----------------------------------------------------------------------------------------------------------


def chart(past: Past, finding: Finding, rules: Policy, *, few_came: bool = False) -> Finding:
    """Return a chart in which a period that moved by few stands as it was; lines follow from the points.

    Parameters
    ----------
    past, finding, rules, few_came : as for `quality`; a chart that is new waits for more people, for its periods add up
        to those of the flow.
    """
    result = finding.result
    if not isinstance(result, ChartResult) or difference_is_blurred(rules) or rules.minimum_count <= 1:
        return finding
    versions = [
        (release.may_stand and past.may_stand(finding, raw), raw["result"]) for release, raw in past.versions(finding)
    ]
    same = [pair for pair in versions if (pair[1]["every"], pair[1]["measure"]) == (result.every, result.measure)]
    if few_came and not versions:
        points = tuple(point if point.standing == "gap" else _hidden(point) for point in result.points)
    else:
        points = tuple(_point(result, point, _of_period(same, point.start), rules) for point in result.points)
    changes = [
        Change(cell=f"points.{i}", rule=RULE, action="held" if after.value is not None else "withheld")
        for i, (before, after) in enumerate(zip(result.points, points, strict=True))
        if (before.value, before.numerator, before.denominator) != (after.value, after.numerator, after.denominator)
    ]
    if not changes:
        return finding
    withheld_points = sum(point.standing == "withheld" for point in points)
    plain = drawn(result.model_copy(update={"points": points, "withheld": withheld_points}))
    return finding.model_copy(update={"result": plain, "disclosure": noted(finding.disclosure, *changes)})


def _of_period(versions: Sequence[tuple[bool, Raw]], start: str) -> list[tuple[bool, Raw]]:
    """Return what was published of a period, each with whether it may stand again."""
    return [(stands, p) for stands, one in versions for p in one["points"] if p["start"] == start and _told(p)]


def _told(point: Raw) -> bool:
    return point["standing"] in ("shown", "part") and point["value"] is not None


def _point(result: ChartResult, point: ChartPoint, earlier: Sequence[tuple[bool, Raw]], rules: Policy) -> ChartPoint:
    """Return a period's point, or what was last published of it where the two differ by few."""
    if point.value is None or any(_figures(one) == _figures(point.model_dump()) for _, one in earlier):
        return point
    if not any(_point_tells(result, point, one, rules) for _, one in earlier):
        return point
    standing = [one for stands, one in earlier if stands]
    if not standing:
        return _hidden(point)
    # A part of a period stays a part: compared with whole ones it would look like a fall.
    kept = {name: standing[-1][name] for name in ("value", "numerator", "denominator", "standing")}
    return point.model_copy(update=kept)


def _hidden(point: ChartPoint) -> ChartPoint:
    return ChartPoint(start=point.start, title=point.title, standing="withheld")


def _point_tells(result: ChartResult, point: ChartPoint, before: Raw, rules: Policy) -> bool:
    then, now = _figures(before), _figures(point.model_dump())
    if result.unit in COUNTS:
        return few_between(_whole(then["value"]), _whole(now["value"]), rules)
    return group_tells(_group(then, result), _group(now, result), rules)


def _figures(point: Raw) -> dict[str, float | None]:
    return {name: point[name] for name in ("value", "numerator", "denominator")}


def _group(point: Mapping[str, Any], result: ChartResult) -> Group:
    """Return a period's people, those counted of them where it is a share, and its figure."""
    events = _whole(point["numerator"]) if result.unit == "share" else None
    return Group(_whole(point["denominator"]), events, (point["value"],))


def _whole(figure: float | None) -> int | None:
    return None if figure is None else round(figure)


# ---- criteria --------------------------------------------------------------------------------------------------------


def criteria(past: Past, shown: Mapping[str, Finding], rules: Policy) -> Shown:
    """Return criteria whose counts would tell of few beside earlier ones: as they were, or without figures and light.

    Parameters
    ----------
    past, shown, rules : earlier releases; all findings as the policy shows them; the limits.
    """
    told = {}
    for key, finding in shown.items():
        result = finding.result
        if isinstance(result, CriterionResult) and tells(
            as_json(finding), [raw["result"] for _, raw in past.versions(finding)], rules
        ):
            told[key] = past.standing(finding) or _without_light(finding, result, rules)
    return told


def _without_light(finding: Finding, result: CriterionResult, rules: Policy) -> Finding:
    log = Log()
    bare = light_alone(result, 0, rules, log)
    disclosed = noted(finding.disclosure, *log.changes, withheld())
    return finding.model_copy(update={"result": bare, "disclosure": disclosed})
