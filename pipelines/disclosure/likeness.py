"""What may be shown of linkage by likeness: rows linked and not linked, at each threshold, and the model's shares.

The numbers at two thresholds are read side by side, so their difference is a count too.
"""

from __future__ import annotations

from itertools import groupby

from pipelines.disclosure.counts import hidden_categories, too_small
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import Policy
from pipelines.findings.likeness import LinkedAt, MatchLevel, ProbabilisticLinkageResult

KEPT_BACK = {"linked_people": None, "smallest": None, "others": None}


def likeness(result: ProbabilisticLinkageResult, rules: Policy, log: Log) -> ProbabilisticLinkageResult:
    """Withhold counts of rows that are few, or that few people stand behind, and what would give them away.

    Parameters
    ----------
    result : how the rows of a file were linked.
    rules, log : the limits; gets the changes.
    """
    plain = result.model_copy(update=KEPT_BACK)
    few_left = _few(((result.ambiguous or 0) + (result.unlinked or 0), result.others), rules)
    if few_left or _few((result.linked, result.linked_people), rules):
        return _hidden(plain, result, few_left, rules, log)
    apart = _few((result.ambiguous, result.unlinked, result.smallest), rules)
    counts = {name: log.count(getattr(result, name), name, rules) for name in ("rows", "linked")}
    for name in ("ambiguous", "unlinked"):
        counts[name] = None if apart else log.count(getattr(result, name), name, rules)
        if apart:
            log.withheld(name)
    sensitivity = _sensitivity(result, rules, log)
    return plain.model_copy(update={**counts, "sensitivity": sensitivity, "levels": _levels(result, rules, log)})


def _few(counts: tuple[int | None, ...], rules: Policy) -> bool:
    return any(too_small(count, rules) for count in counts)


def _hidden(
    plain: ProbabilisticLinkageResult, result: ProbabilisticLinkageResult, few_left: bool, rules: Policy, log: Log
) -> ProbabilisticLinkageResult:
    """Withhold all counts; say in words that few are not linked, where many are."""
    told = few_left and not _few((result.linked, result.linked_people, result.rows), rules) and bool(result.linked)
    for name in ("linked", "ambiguous", "unlinked", "sensitivity", "levels", *(() if told else ("rows",))):
        log.withheld(name)
    none = tuple(LinkedAt(threshold=one.threshold, linked=None) for one in result.sensitivity)
    hidden = tuple(level.model_copy(update={"m": None, "u": None, "weight": None}) for level in result.levels)
    rows = log.count(result.rows, "rows", rules) if told else None
    counts = {"rows": rows, "linked": None, "ambiguous": None, "unlinked": None, "start": None}
    extent = "few are not linked" if told else ""
    return plain.model_copy(update={**counts, "sensitivity": none, "levels": hidden, "extent": extent})


def _sensitivity(result: ProbabilisticLinkageResult, rules: Policy, log: Log) -> tuple[LinkedAt, ...]:
    """Show a threshold only where it differs by nobody or by many from every other one that is shown."""
    shown = [one for one in result.sensitivity if one.threshold == result.threshold]
    for one in sorted(result.sensitivity, key=lambda one: (abs(one.threshold - result.threshold), one.threshold)):
        if one not in shown and all(_may_stand_beside(one, other, rules) for other in shown):
            shown.append(one)
    return tuple(_shown(one, one in shown, i, rules, log) for i, one in enumerate(result.sensitivity))


def _may_stand_beside(one: LinkedAt, other: LinkedAt, rules: Policy) -> bool:
    rows, people = abs((one.linked or 0) - (other.linked or 0)), abs((one.others or 0) - (other.others or 0))
    small = _few((one.linked, one.others, rows, people), rules)
    return not small and (rows == 0) == (people == 0)


def _shown(one: LinkedAt, shown: bool, position: int, rules: Policy, log: Log) -> LinkedAt:
    cell = f"sensitivity.{position}.linked"
    if not shown:
        log.withheld(cell)
    linked = log.count(one.linked, cell, rules) if shown else None
    return LinkedAt(threshold=one.threshold, linked=linked)


def _levels(result: ProbabilisticLinkageResult, rules: Policy, log: Log) -> tuple[MatchLevel, ...]:
    """Withhold the levels on which few people rest, with the next one: the shares of an identifier add up to one."""
    found: list[MatchLevel] = []
    for _, group in groupby(result.levels, key=lambda level: level.identifier):
        levels = list(group)
        counts = [round((level.m or 0) * (result.linked_people or 0)) for level in levels]
        small = {i for i, count in enumerate(counts) if count < rules.minimum_count}
        hidden = small | (hidden_categories([max(count, 1) for count in counts], rules) if small else set())
        for position, level in enumerate(levels):
            if position in hidden:
                log.withheld(f"levels.{len(found)}")
            found.append(_level(level, position in hidden))
    return tuple(found)


def _level(level: MatchLevel, hidden: bool) -> MatchLevel:
    """Return a level with as many digits as say something."""
    if hidden or level.m is None or level.u is None or level.weight is None:
        return level.model_copy(update={"m": None, "u": None, "weight": None})
    return level.model_copy(
        update={"m": round(level.m, 2), "u": float(f"{level.u:.2g}"), "weight": round(level.weight, 1)}
    )
