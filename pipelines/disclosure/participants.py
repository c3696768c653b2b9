"""What may be shown of who took part: the flow, the baseline table, and the doses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from pipelines.disclosure import precision
from pipelines.disclosure.counts import hidden_categories, part_hidden, rests_on_few, rounded, too_small
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import Policy
from pipelines.disclosure.sizes import Sizes
from pipelines.findings.models import ArmSummary, BaselineResult, BaselineRow, DoseResult, FlowResult
from pipelines.protocol.models import Plan

SIZE_NEARBY = "rounding, because the size of the group is withheld"
Cells = AbstractSet[tuple[int, str]]


def flow(result: FlowResult, rules: Policy, log: Log, sizes: Sizes) -> FlowResult:
    """Withhold stages that are small, or so close to another shown size that the few who were lost could be counted.

    Parameters
    ----------
    result : the flow; of the stages the last goes first, for it is what the estimates rest on.
    rules, log, sizes : the limits; gets the changes; sizes shown so far, to which shown stages are added.
    """
    shown: dict[tuple[int, str], int | None] = {}
    for position in reversed(range(len(result.stages))):
        stage = result.stages[position]
        for arm, size in stage.counts.items():
            cell = f"stages.{position}.{arm}"
            if sizes.repeats(arm, size, stage.outcome) or sizes.admit(arm, size):
                shown[position, arm] = log.count(size, cell, rules)
            else:
                log.withheld(cell, "minimum count, also of the difference between stages")
                shown[position, arm] = None
    stages = [
        stage.model_copy(update={"counts": {arm: shown[position, arm] for arm in stage.counts}})
        for position, stage in enumerate(result.stages)
    ]
    return result.model_copy(update={"stages": tuple(stages)})


def baseline(
    result: BaselineResult, plan: Plan, rules: Policy, log: Log, sizes: Sizes, also: Cells = frozenset()
) -> BaselineResult:
    """Withhold small categories with those that would complete them, and round rows whose size gives way.

    Parameters
    ----------
    result : the baseline table.
    plan : the pilot's plan, for the categories it declares.
    rules, log, sizes : as for `flow`.
    also : further cells (row, group) to withhold.
    """
    hidden = hidden_cells(result, rules) | also
    rows = [_row(row, i, hidden, rules, log, sizes) for i, row in enumerate(result.rows)]
    if rules.rounding_base > 1:
        rows = _with_totals(rows)
    return result.model_copy(update={"rows": tuple(_named(row, rows, plan) for row in rows)})


def hidden_cells(result: BaselineResult, rules: Policy) -> Cells:
    """Return (row, arm) of every cell that is withheld whole.

    Parameters
    ----------
    result : the baseline table.
    rules : the limits.
    """
    single = {
        (i, arm)
        for i, row in enumerate(result.rows)
        if row.level is None
        for arm, summary in row.arms.items()
        if _single_hidden(row, summary, rules)
    }
    return single | {cell for rows in _categories(result.rows) for cell in _category_cells(result.rows, rows, rules)}


def _single_hidden(row: BaselineRow, summary: ArmSummary, rules: Policy) -> bool:
    if row.measure == "share":
        return part_hidden(summary.events, summary.n, rules)
    return too_small(summary.n, rules) or rests_on_few(summary.contributors, rules)


def _categories(rows: Sequence[BaselineRow]) -> list[list[int]]:
    """Return the positions of each covariate's categories."""
    groups: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        if row.level is not None:
            groups.setdefault(row.covariate, []).append(i)
    return list(groups.values())


def _category_cells(rows: Sequence[BaselineRow], positions: Sequence[int], rules: Policy) -> Cells:
    """Return the hidden cells of one covariate; all of an arm's when the arm is small."""
    hidden: set[tuple[int, str]] = set()
    for arm, summary in rows[positions[0]].arms.items():
        small = too_small(summary.n, rules)
        chosen = hidden_categories([rows[i].arms[arm].events or 0 for i in positions], rules)
        hidden |= {(i, arm) for k, i in enumerate(positions) if small or k in chosen}
    return hidden


def _row(row: BaselineRow, i: int, hidden: Cells, rules: Policy, log: Log, sizes: Sizes) -> BaselineRow:
    arms, coarse = {}, False
    for arm, summary in row.arms.items():
        cell, admitted = f"rows.{i}.{arm}", sizes.admit(arm, summary.n)
        if not admitted:
            log.withheld(f"{cell}.n")
        if (i, arm) in hidden:
            log.withheld(cell)
            n = log.count(summary.n, f"{cell}.n", rules) if admitted else None
            arms[arm] = ArmSummary(title=summary.title, n=n)
        else:
            coarse = coarse or not admitted or rules.rounding_base > 1
            least = sizes.least(arm, summary.n or 1)
            arms[arm] = _summary(row, summary, cell, rules, log, admitted, least)
    return _compared(row.model_copy(update={"arms": arms}), coarse, rules)


def _summary(
    row: BaselineRow, summary: ArmSummary, cell: str, rules: Policy, log: Log, admitted: bool, people: int
) -> ArmSummary:
    """Return a group's figures, rounded where its size is withheld or the profile rounds; it has `people` at least."""
    if admitted and rules.rounding_base == 1:
        return summary.model_copy(update={"contributors": None})
    log.rounded(cell, f"rounding to {rules.rounding_base}" if admitted else SIZE_NEARBY)
    n = rounded(summary.n, rules) if admitted else None
    if row.measure == "mean":
        average, spread = (precision.mean(x, people) for x in (summary.average, summary.spread))
        return ArmSummary(title=summary.title, n=n, average=average, spread=spread)
    events = rounded(summary.events, rules) if admitted else None
    share = events / n if events is not None and n else precision.share(summary.average, people)
    return ArmSummary(title=summary.title, n=n, events=events, average=share)


def _compared(row: BaselineRow, coarse: bool, rules: Policy) -> BaselineRow:
    """Return a row with a standardised difference that tells no more than its groups do."""
    if any(summary.average is None for summary in row.arms.values()):
        return row.model_copy(update={"difference": None, "light": "none"})
    if not coarse or row.difference is None:
        return row
    if rules.rounding_base > 1:
        return _compared_anew(row)
    return row.model_copy(update={"difference": round(row.difference, 1) + 0.0})  # no minus before a zero


def _compared_anew(row: BaselineRow) -> BaselineRow:
    from pipelines.estimation.balance import light, standardised_difference

    means = [summary.average or 0.0 for summary in row.arms.values()]
    shares = [math.sqrt(mean * (1 - mean)) if 0 <= mean <= 1 else 0.0 for mean in means]
    spreads = shares if row.measure == "share" else [summary.spread or 0.0 for summary in row.arms.values()]
    difference = standardised_difference((means[0], means[1]), (spreads[0], spreads[1]))
    return row.model_copy(update={"difference": difference, "light": light(difference)})


def _with_totals(rows: Sequence[BaselineRow]) -> list[BaselineRow]:
    """Return rows in which the shares of a covariate's rounded categories add up: the total is computed from them."""
    found = list(rows)
    for positions in _categories(rows):
        for arm in rows[positions[0]].arms:
            events = [rows[i].arms[arm].events for i in positions]
            total = sum(count for count in events if count is not None)
            if None in events or not total:
                continue
            for i, count in zip(positions, events, strict=True):
                update = {"n": total, "average": (count or 0) / total}
                arms = {**found[i].arms, arm: found[i].arms[arm].model_copy(update=update)}
                found[i] = found[i].model_copy(update={"arms": arms})
        for i in positions:
            if all(summary.average is not None for summary in found[i].arms.values()) and len(found[i].arms) > 1:
                found[i] = _compared_anew(found[i])
    return found


def _named(row: BaselineRow, rows: Sequence[BaselineRow], plan: Plan) -> BaselineRow:
    """Return a row that names no category of which only the data know, or which everybody is in, and is withheld.

    A category that the protocol does not declare came out of a cell; its name is a value of the few who are in it.
    """
    if row.level is None or any(summary.average is not None for summary in row.arms.values()):
        return row
    covariate = plan.covariates.get(row.covariate)
    title = covariate.title if covariate else row.covariate
    alone = sum(one.covariate == row.covariate for one in rows) == 1
    if not alone and covariate and row.level in covariate.labels:
        return row
    return row.model_copy(update={"title": f"{title}: not shown", "level": "withheld"})


def dose(result: DoseResult, rules: Policy, log: Log, sizes: Sizes) -> DoseResult:
    """Withhold how many got any, and the mean where it rests on few.

    Parameters
    ----------
    result, rules, log, sizes : the dose of a component; else as for `flow`.
    """
    arms = {arm: _dose_arm(summary, f"arms.{arm}", arm, rules, log, sizes) for arm, summary in result.arms.items()}
    return result.model_copy(update={"arms": arms})


def _dose_arm(summary: ArmSummary, cell: str, arm: str, rules: Policy, log: Log, sizes: Sizes) -> ArmSummary:
    admitted = sizes.admit(arm, summary.n)
    if not admitted:
        log.withheld(f"{cell}.n")
    n = log.count(summary.n, f"{cell}.n", rules) if admitted else None
    if not summary.events and summary.average == 0 and not too_small(summary.n, rules):
        # Nobody got any: true of each of them, and no secret where none was planned for them.
        return ArmSummary(title=summary.title, n=n, events=0, average=0.0, spread=summary.spread)
    few = too_small(summary.n, rules) or too_small(summary.events, rules) or rests_on_few(summary.contributors, rules)
    if few or summary.average is None:
        log.withheld(cell)
        return ArmSummary(title=summary.title, n=n)
    people = sizes.least(arm, summary.n or 1)
    return _dose_figures(summary, n, cell, rules, log, people, exact=admitted and rules.rounding_base == 1)


def _dose_figures(
    summary: ArmSummary, n: int | None, cell: str, rules: Policy, log: Log, people: int, *, exact: bool
) -> ArmSummary:
    hide = part_hidden(summary.events, summary.n, rules)
    if hide:
        log.withheld(f"{cell}.events")
    events = None if hide or n is None else rounded(summary.events, rules)
    if hide and _bounds_the_rest(summary, rules):
        log.withheld(f"{cell}.spread")
        return ArmSummary(title=summary.title, n=n, events=events, average=precision.mean(summary.average, people))
    if exact:
        return summary.model_copy(update={"n": n, "events": events, "contributors": None})
    log.rounded(cell, SIZE_NEARBY if n is None else f"rounding to {rules.rounding_base}")
    average, spread = (precision.mean(x, people) for x in (summary.average, summary.spread))
    return ArmSummary(title=summary.title, n=n, events=events, average=average, spread=spread)


def _bounds_the_rest(summary: ArmSummary, rules: Policy) -> bool:
    """Tell whether mean and spread together would leave too few values to the number of people who got none.

    Of n people with mean m and variance v, at most n v / (m^2 + v) can have nothing (Cauchy and Schwarz).
    """
    n, mean = summary.n or 1, summary.average or 0.0
    variance = (summary.spread or 0.0) ** 2 * (n - 1) / n
    if mean <= 0:
        return False
    return math.floor(n * variance / (mean**2 + variance) + 1e-9) + 1 < rules.minimum_interval
