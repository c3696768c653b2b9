"""What may be shown of the data checks: totals over groups, which would complete what the groups withhold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from pipelines.disclosure.counts import too_small
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import Policy
from pipelines.findings.models import (
    CheckSummary,
    DataQualityResult,
    EffectResult,
    Finding,
    FlowResult,
    LinkageResult,
    Result,
    ThemeResult,
)

WITHHELD = "[c]"
Counts = dict[str, int | None]
# As pipelines.validation.speech writes them: "37 of 400 people (9.3%)", "Fewer than 10 of 150 people".
_PART = re.compile(r"((?:[Ff]ewer than )?\d[\d,]*) of (?:fewer than )?\d[\d,]*")
_SHARE = re.compile(r" \((?:less than )?[\d.]+%\)")


def quality(
    result: DataQualityResult, exact: Mapping[str, Finding], shown: Mapping[str, Finding], rules: Policy, log: Log
) -> DataQualityResult:
    """Withhold small counts of rows, and totals that would complete what other findings withhold.

    Parameters
    ----------
    result : what the checks found.
    exact, shown : all other findings of the site by id, before and after disclosure control.
    rules, log : the limits; gets the changes.
    """
    telling = {noun for noun in result.rows if _telling(noun, result, exact, shown, rules)}
    rows = {noun: _rows(noun, n, "rows", telling, rules, log) for noun, n in result.rows.items()}
    few = telling | ({"cases"} if _few_set_aside(exact, rules) else set())
    aside = {
        n: _rows(n, count, "set_aside", few if count else set(), rules, log) for n, count in result.set_aside.items()
    }
    if rules.rounding_base > 1:
        rows, aside = _with_totals(rows, aside, shown)
    # Rounding hides an exact number only if no sentence repeats it.
    vague = set(rows) if rules.rounding_base > 1 else {n for n in rows if rows[n] is None or aside.get(n, 0) is None}
    checks = tuple(vague_check(check, i, vague, log) for i, check in enumerate(result.checks))
    return result.model_copy(update={"rows": rows, "set_aside": aside, "checks": checks})


def _rows(noun: str, count: int | None, field: str, telling: set[str], rules: Policy, log: Log) -> int | None:
    if noun in telling:
        log.withheld(f"{field}.{noun}")
        return None
    return log.count(count, f"{field}.{noun}", rules)


def _telling(
    noun: str, result: DataQualityResult, exact: Mapping[str, Finding], shown: Mapping[str, Finding], rules: Policy
) -> bool:
    """Tell whether the rows of a table would give away a count that is withheld elsewhere."""
    rows, cases = result.rows[noun] or 0, result.rows.get("cases") or 0
    people_hidden = _people_withheld(shown)
    if noun == "cases":
        return people_hidden
    if noun == "outcomes":
        return rows != _known_outcomes(exact) or _any_withheld(shown, EffectResult)
    if noun == "events":
        # All events together complete those of the groups where an outcome is made from them.
        return _any_withheld(shown, EffectResult)
    if noun == "consents":
        # Rounded by itself, a number that nearly equals another bounds what that one was rounded from.
        near = abs(rows - cases) < rules.minimum_count + rules.rounding_base
        if _beside_linkage(rows, shown, rules):
            return True
        return too_small(abs(rows - cases), rules) or (near and (rules.rounding_base > 1 or people_hidden))
    if noun == "documents":
        return _any_withheld(shown, ThemeResult) or too_small(abs(rows - _interviewed(exact)), rules)
    return False


def _beside_linkage(consents: int, shown: Mapping[str, Finding], rules: Policy) -> bool:
    """Tell whether the rows of consents, one a person, would tell what is withheld of who is found in them."""
    found = shown["linkage/consents"].result if "linkage/consents" in shown else None
    if not isinstance(found, LinkageResult):
        return False
    if found.linked is None or found.strangers is None or rules.rounding_base > 1:
        return True
    return too_small(abs(consents - found.linked - found.strangers), rules)


def _people_withheld(shown: Mapping[str, Finding]) -> bool:
    """Tell whether a group's people in the case file, or among those kept, are withheld: the first two stages."""
    flows = [finding.result for finding in shown.values() if isinstance(finding.result, FlowResult)]
    return any(None in stage.counts.values() for flow in flows for stage in flow.stages[:2])


def _with_totals(rows: Counts, aside: Counts, shown: Mapping[str, Finding]) -> tuple[Counts, Counts]:
    """Return totals computed from the rounded groups: rounded by itself, a total would narrow the groups down."""
    flows = [finding.result for finding in shown.values() if isinstance(finding.result, FlowResult)]
    kept = _sum(flows[0].stages[1].counts.values()) if flows and len(flows[0].stages) > 1 else rows.get("cases")
    before = _sum(flows[0].stages[0].counts.values()) if flows else None
    effects = [n for f in shown.values() if isinstance(f.result, EffectResult) for n in _sizes(f.result)]
    themes = [f.result for f in shown.values() if isinstance(f.result, ThemeResult)]
    asked = _sum(themes[0].interviewed.values()) if themes else rows.get("documents")
    lost = None if before is None or kept is None else before - kept
    anew = {"cases": kept, "outcomes": _sum(effects), "documents": asked}
    return (
        {noun: None if n is None else anew.get(noun, n) for noun, n in rows.items()},
        {noun: n if n is None or noun != "cases" else lost for noun, n in aside.items()},
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = list(counts)
    return None if None in known else sum(count or 0 for count in known)


def _few_set_aside(exact: Mapping[str, Finding], rules: Policy) -> bool:
    """Tell whether few people of some group were set aside: then the total would narrow down how many."""
    flows = [finding.result for finding in exact.values() if isinstance(finding.result, FlowResult)]
    pairs = [(flow.stages[0].counts, flow.stages[1].counts) for flow in flows if len(flow.stages) > 1]
    return any(too_small((first[arm] or 0) - (kept[arm] or 0), rules) for first, kept in pairs for arm in first)


def _any_withheld(shown: Mapping[str, Finding], kind: type[Result]) -> bool:
    return any(None in _sizes(finding.result) for finding in shown.values() if isinstance(finding.result, kind))


def _sizes(result: Result) -> Sequence[int | None]:
    """Return the sizes of groups that a result shows."""
    if isinstance(result, EffectResult):
        return [arm.n for arm in result.arms.values()]
    return list(result.interviewed.values()) if isinstance(result, ThemeResult) else []


def _known_outcomes(exact: Mapping[str, Finding]) -> int:
    return sum(n or 0 for f in exact.values() if isinstance(f.result, EffectResult) for n in _sizes(f.result))


def _interviewed(exact: Mapping[str, Finding]) -> int:
    """Return how many were interviewed; every theme asks the same people."""
    themes = [f.result for f in exact.values() if isinstance(f.result, ThemeResult)]
    return sum(n or 0 for n in themes[0].interviewed.values()) if themes else 0


def vague_check(check: CheckSummary, position: int, vague: set[str], log: Log) -> CheckSummary:
    """Return a check whose sentence repeats no number that is withheld."""
    if check.noun not in vague or not _PART.search(check.sentence):
        return check
    log.withheld(f"checks.{position}.sentence")
    return check.model_copy(update={"sentence": _SHARE.sub("", _PART.sub(_vaguely, check.sentence))})


def _vaguely(match: re.Match[str]) -> str:
    part = match[1] if match[1].lower().startswith("fewer") else WITHHELD
    return f"{part} of {WITHHELD}"
