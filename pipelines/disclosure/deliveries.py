"""What may be shown of what the deliveries hold: both drops, and all files beside the flow, are one system of counts.

Counts of people added and vanished, in both, before and now hang together, and so do people found, not found and all;
each is read beside the flow, the doses and the interviews. What cannot be shown beside these gives way here.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.disclosure.counts import too_small
from pipelines.disclosure.log import SMALL, Log
from pipelines.disclosure.participants import baseline, hidden_cells
from pipelines.disclosure.policy import Policy
from pipelines.disclosure.sizes import Sizes
from pipelines.findings.models import (
    BaselineResult,
    BaselineRow,
    DataQualityResult,
    DifferenceResult,
    DoseResult,
    FieldChange,
    Finding,
    FlowResult,
    LinkageResult,
    ThemeResult,
)
from pipelines.protocol.models import Plan

Findings = Mapping[str, Finding]
BASE = "linkage"
COUNTED = {"contacts": ("contacts", "minutes"), "spend": ("spend",)}
"""Measures of doses that are counted from a file."""


def withheld(values: dict[str, int | None], log: Log, rule: str = SMALL) -> dict[str, None]:
    """Note that counts are withheld, and return them as such; nobody and nothing counted is withheld too."""
    for name, value in values.items():
        if value is not None:
            log.withheld(name, rule)
    return dict.fromkeys(values)


def cover(first: int | None, second: int | None, rules: Policy) -> bool:
    """Tell whether gain and loss must both be withheld: their difference is known from two releases of the total."""
    return too_small(first, rules) or too_small(second, rules)


def difference(result: DifferenceResult, exact: Findings, shown: Findings, rules: Policy, log: Log) -> DifferenceResult:
    """Withhold small counts of people, and those that would give them away beside the flow or an earlier release.

    Parameters
    ----------
    result : what differs from the drop before.
    exact, shown : all findings of the site by id, before and after disclosure control, linkage included.
    rules, log : the limits; gets the changes.
    """
    plain = result.model_copy(update={"smallest_before": None})
    if result.noun != "cases":
        return plain.model_copy(update=_rows_and_people(result, exact, shown, rules, log))
    update: dict[str, object] = dict(_people(result, exact, shown, rules, log))
    for name in ("several", "elsewhere"):
        update[name] = log.count(getattr(result, name), name, rules)
    for name, of in (("moved_out", "vanished"), ("moved_in", "added")):
        update[name] = _part(name, getattr(result, name), getattr(result, of), update.get(of), rules, log)
    compared = (result.both or 0) - (result.several or 0)
    update["changes"] = tuple(_change(c, i, compared, rules, log) for i, c in enumerate(result.changes))
    return plain.model_copy(update=update)


def _part(name: str, value: int | None, whole: int | None, told: object, rules: Policy, log: Log) -> int | None:
    """Return how many of some people moved; nothing where they, or those who did not, are few or not told."""
    if value and (told is None or too_small((whole or 0) - value, rules)):
        log.withheld(name)
        return None
    return log.count(value, name, rules)


def _people(
    result: DifferenceResult, exact: Findings, shown: Findings, rules: Policy, log: Log
) -> dict[str, int | None]:
    """Return the people of both drops; rounded ones are computed from rounded parts."""
    totals = ("people_before", "people_now", "both", "rows_before", "rows_now")
    counts = {name: getattr(result, name) for name in totals}
    moved = {"added": result.added, "vanished": result.vanished}
    known = _whole_flow(shown, 0)
    if known is not None and too_small(result.smallest_before, rules):
        # A group too small to be shown then could be had from the total of then, which these and the flow give.
        return {**withheld(moved, log), **withheld(counts, log)}
    if cover(result.added, result.vanished, rules):
        zero = {name: 0 for name, value in moved.items() if value == 0}
        known_now = {"people_now": known} if _flow_counts(result, exact) and known is not None else {}
        rest = {name: value for name, value in counts.items() if name not in known_now}
        return {**withheld({n: v for n, v in moved.items() if v}, log), **zero, **withheld(rest, log), **known_now}
    moved = {name: log.count(value, name, rules) for name, value in moved.items()}
    if known is None or not _flow_counts(result, exact):
        return {**moved, **withheld(counts, log)}
    both = max(known - (moved["added"] or 0), 0)
    before = both + (moved["vanished"] or 0)
    same = result.rows_before == result.people_before
    rows = {"rows_before": before} if same else withheld({"rows_before": result.rows_before}, log)
    return {**moved, "people_now": known, "rows_now": known, "both": both, "people_before": before, **rows}


def _flow_counts(result: DifferenceResult, exact: Findings) -> bool:
    """Tell whether the flow counts the same people, each with one row."""
    return _whole_flow(exact, 0) == result.people_now == result.rows_now


def _whole_flow(findings: Findings, stage: int, *, grouped: bool = False) -> int | None:
    """Return the people at a stage of the flow, or those of them with a group; None where some are withheld."""
    flows = [finding.result for finding in findings.values() if isinstance(finding.result, FlowResult)]
    if not flows or len(flows[0].stages) <= stage:
        return None
    known = [n for arm, n in flows[0].stages[stage].counts.items() if not grouped or arm != "unknown"]
    return None if None in known else sum(count or 0 for count in known)


def _change(change: FieldChange, position: int, compared: int, rules: Policy, log: Log) -> FieldChange:
    """Withhold how many people a field changed for when these, or those for whom it did not, are few."""
    cell = f"changes.{position}"
    small = too_small(change.changed, rules)
    many = too_small(compared - (change.changed or 0), rules) and bool(change.changed)
    update: dict[str, object] = {"extent": "few" if small else "nearly everybody" if many else ""}
    if small or many:
        log.withheld(f"{cell}.changed")
        update["changed"] = None
    else:
        update["changed"] = log.count(change.changed, f"{cell}.changed", rules)
    ways = {"filled": change.filled, "emptied": change.emptied}
    few = any(too_small(n, rules) or (n and too_small(compared - n, rules)) for n in ways.values())
    for name, number in ways.items():
        if few and number:
            log.withheld(f"{cell}.{name}")
            update[name] = None
        else:
            update[name] = log.count(number, f"{cell}.{name}", rules)
    return change.model_copy(update=update)


def _rows_and_people(
    result: DifferenceResult, exact: Findings, shown: Findings, rules: Policy, log: Log
) -> dict[str, int | None]:
    """Return rows and people of another file, where neither set-aside rows nor the linkage can be had from them."""
    rows = {"rows_before": result.rows_before, "rows_now": result.rows_now}
    people = {"people_before": result.people_before, "people_now": result.people_now}
    found = _people_may_stand(result, exact, shown, rules) and _apart(people, rules)
    clear = _apart(rows, rules) and not _few_aside(result.noun, exact, rules) and (found or not _as_many(result, rules))
    return {
        **({n: log.count(v, n, rules) for n, v in rows.items()} if clear else withheld(rows, log)),
        **({n: log.count(v, n, rules) for n, v in people.items()} if found else withheld(people, log)),
    }


def _as_many(result: DifferenceResult, rules: Policy) -> bool:
    """Tell whether the rows say how many people there are: one row each, or nearly so, in either drop."""
    pairs = ((result.rows_before, result.people_before), (result.rows_now, result.people_now))
    return any(abs((r or 0) - (p or 0)) < rules.minimum_count for r, p in pairs)


def _apart(pair: dict[str, int | None], rules: Policy) -> bool:
    """Tell whether two counts, and their difference, are none of them small."""
    before, now = ((value or 0) for value in pair.values())
    return not any(too_small(value, rules) for value in (before, now, abs(now - before)))


def _people_may_stand(result: DifferenceResult, exact: Findings, shown: Findings, rules: Policy) -> bool:
    """Tell whether the people of a file may stand beside what the linkage tells of them."""
    key = f"linkage/{result.noun}"
    if key not in shown or key not in exact:
        return False
    before, after = exact[key].result, shown[key].result
    if not (isinstance(before, LinkageResult) and isinstance(after, LinkageResult)):
        return False
    rest = (result.people_now or 0) - (before.linked or 0) - (before.strangers or 0)
    return after.linked is not None and after.strangers is not None and not too_small(abs(rest), rules)


def _few_aside(noun: str, exact: Findings, rules: Policy) -> bool:
    """Tell whether few rows of a table were set aside: rows delivered less rows in use would count them."""
    results = [finding.result for finding in exact.values() if isinstance(finding.result, DataQualityResult)]
    return any(too_small(result.set_aside.get(noun), rules) for result in results)


def linkage(
    result: LinkageResult, plan: Plan, exact: Findings, shown: Findings, rules: Policy, log: Log, sizes: Sizes
) -> LinkageResult:
    """Withhold who is found where these, or those who are not, are few, or could be told from another finding.

    Parameters
    ----------
    result : how the case file and another file find each other.
    plan : the pilot's plan, for the categories it declares.
    exact, shown : as for `difference`.
    rules, log : the limits; gets the changes.
    sizes : sizes that other linkages have shown, to which shown ones are added: parts of the same people.
    """
    strangers = {name: log.count(getattr(result, name), name, rules) for name in ("strangers", "stranger_rows")}
    if strangers["strangers"] is None and strangers["stranger_rows"] is not None:
        log.withheld("stranger_rows")
        strangers["stranger_rows"] = None
    several = {kind: log.count(n, f"several.{kind}", rules) for kind, n in result.several.items()}
    plain = result.model_copy(update={**strangers, "several": several})
    people = _base_shown(result, shown)
    if not _may_stand(result, strangers["strangers"], plan, exact, shown, rules) or not people:
        return _without_counts(plain, people, rules, log)
    if not all(sizes.admit(BASE, n) for n in (result.people, result.linked, result.without) if n):
        return _without_counts(plain, people, rules, log)
    if rules.rounding_base > 1:
        return _rounded(plain, exact, shown, rules, log)
    return plain.model_copy(update={"groups": _groups(result, plan, exact, shown, rules, log)})


def _rounded(result: LinkageResult, exact: Findings, shown: Findings, rules: Policy, log: Log) -> LinkageResult:
    """Return counts computed from the rounded flow: rounded by themselves, these totals would narrow its groups down.

    So would the cells of a table of who was lost, which is therefore withheld.
    """
    position = _position(result, shown)
    same = position is not None and _whole_flow(exact, position, grouped=True) == result.people
    people = _whole_flow(shown, position, grouped=True) if same and position is not None else None
    known = _whole_flow(shown, position + 1, grouped=True) if position and result.noun == "outcomes" else None
    if people is None or (result.noun == "outcomes" and known is None):
        return _without_counts(result, False, rules, log)
    without = log.count(result.without, "without", rules) or 0
    linked = max(people - without, 0) if known is None else known
    if result.groups:
        log.withheld("groups")
    update = {"people": people, "linked": linked, "without": max(people - linked, 0), "groups": ()}
    return result.model_copy(update=update)


def _position(result: LinkageResult, shown: Findings) -> int | None:
    """Return the stage of the flow at which the people who are linked are counted."""
    if result.noun != "outcomes":
        return 1
    flows = [finding.result for finding in shown.values() if isinstance(finding.result, FlowResult)]
    known = [i for flow in flows for i, stage in enumerate(flow.stages) if stage.outcome == result.extract]
    return known[0] - 1 if known else None


def _base_shown(result: LinkageResult, shown: Findings) -> bool:
    """Tell whether the flow shows the people who are linked, group by group; for an outcome, all its stages."""
    flows = [finding.result for finding in shown.values() if isinstance(finding.result, FlowResult)]
    if not flows:
        return False
    stages = flows[0].stages if result.noun == "outcomes" else flows[0].stages[:2]
    return all(n is not None for stage in stages for arm, n in stage.counts.items() if arm != "unknown")


def _told_rows(exact: Findings, shown: Findings) -> set[tuple[str, str | None]]:
    """Return covariate and level of the rows of which the baseline table withholds nothing."""
    told = set()
    for key, finding in exact.items():
        after = shown[key].result
        if isinstance(finding.result, BaselineResult) and isinstance(after, BaselineResult):
            for row, seen in zip(finding.result.rows, after.rows, strict=True):
                if all(arm.n is not None and arm.average is not None for arm in seen.arms.values()):
                    told.add((row.covariate, row.level))
    return told


def _may_stand(
    result: LinkageResult, strangers: int | None, plan: Plan, exact: Findings, shown: Findings, rules: Policy
) -> bool:
    """Tell whether the people found, and those not found, may be shown."""
    linked, without = result.linked or 0, result.without or 0
    if any(too_small(n, rules) for n in (linked, without, result.people)) or result.noun == "events":
        return False  # who has an event is an outcome, and the effects alone may speak of it
    if rules.all_or_none and not result.expected and linked and not without:
        return False
    if result.noun == "outcomes":
        return not _few_of_a_group(result, rules)
    if result.noun == "documents":
        return strangers is not None and _beside_themes(linked, exact, shown, rules)
    measures = COUNTED.get(result.noun, ())
    doses = {f"dose/{key}" for key, part in plan.intervention.components.items() if part.measure in measures}
    return all(key in exact and _beside_dose(linked, exact[key], shown[key], rules) for key in doses)


def _few_of_a_group(result: LinkageResult, rules: Policy) -> bool:
    """Tell whether few of some group were lost: the total would give them away beside the flow."""
    lost = [row.arms["without"].events for row in result.groups if row.covariate == "arm"]
    return any(too_small(n, rules) for n in lost)


def _beside_dose(linked: int, before: Finding, after: Finding, rules: Policy) -> bool:
    """Tell whether people with a row may stand beside people who got a dose: the rest of them must not be few."""
    if not (isinstance(before.result, DoseResult) and isinstance(after.result, DoseResult)):
        return True
    got = sum(arm.events or 0 for arm in before.result.arms.values())
    whole = all(arm.events is not None for arm in after.result.arms.values())
    return whole and not too_small(abs(linked - got), rules)


def _beside_themes(linked: int, exact: Findings, shown: Findings, rules: Policy) -> bool:
    """Tell whether interviewed people of the case file may stand beside all who were interviewed."""
    before = [f.result for f in exact.values() if isinstance(f.result, ThemeResult)]
    after = [f.result for f in shown.values() if isinstance(f.result, ThemeResult)]
    if any(theme.interviewed.get("participant") is None for theme in after):
        return False
    return not any(too_small(abs((t.interviewed.get("participant") or 0) - linked), rules) for t in before)


def _without_counts(result: LinkageResult, people: bool, rules: Policy, log: Log) -> LinkageResult:
    few = people and result.expected and too_small(result.without, rules) and not too_small(result.people, rules)
    counts: dict[str, int | None] = dict(withheld({"linked": result.linked, "without": result.without}, log))
    counts |= {"people": log.count(result.people, "people", rules)} if few else withheld({"people": result.people}, log)
    if result.groups:
        log.withheld("groups")
    return result.model_copy(update={**counts, "groups": (), "extent": "few are missing" if few else ""})


def _groups(
    result: LinkageResult, plan: Plan, exact: Findings, shown: Findings, rules: Policy, log: Log
) -> tuple[BaselineRow, ...]:
    """Return who was lost as a baseline table is shown.

    A row is withheld whole: the baseline table tells the sum of both of its cells, so one would give the other away.
    For the same reason a row of which that table withholds anything is withheld here.
    """
    table = BaselineResult(rows=result.groups, formula="")
    told = _told_rows(exact, shown)
    untold = {
        i for i, row in enumerate(result.groups) if row.covariate != "arm" and (row.covariate, row.level) not in told
    }
    cells = {(i, c) for i in untold | {i for i, _ in hidden_cells(table, rules)} for c in ("linked", "without")}
    sizes = Sizes(rules)
    for column, people in (("linked", result.linked), ("without", result.without)):
        sizes.show(column, people or 0)
    inner = Log()
    rows = baseline(table, plan, rules, inner, sizes, cells).rows
    for change in inner.changes:
        note = log.withheld if change.action == "withheld" else log.rounded
        note(change.cell.replace("rows.", "groups.", 1), change.rule)
    titles = {i: row for i, row in enumerate(result.groups) if row.covariate == "arm"}
    return tuple(
        row.model_copy(update={"title": titles[i].title, "level": titles[i].level}) if i in titles else row
        for i, row in enumerate(rows)
    )
