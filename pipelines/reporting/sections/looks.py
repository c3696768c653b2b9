"""Repeated looks at the outcomes: which look this is, what it spent, and both intervals."""

from __future__ import annotations

from pipelines.findings.look import Look, which
from pipelines.findings.models import EffectResult
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers, one_group, sentences
from pipelines.reporting.markup import heading, joined, plain, source
from pipelines.reporting.tables import Table, markdown

PLANNED = (
    "Whoever looks at an estimate several times before the end will sooner or later see a difference that is only "
    "chance. The protocol says when to look, and the 5 in 100 wrong findings that one look may bring are shared out "
    "over all of them: the intervals that count are therefore wider, the more so the earlier the look."
)
UNPLANNED = (
    "Whoever looks at an estimate several times before the end will sooner or later see a difference that is only "
    "chance. The protocol does not say when to look, so from the second look on the intervals that count are wider: "
    "they hold however often somebody looks."
)
_WIDTHS = (20, 16, 15, 10, 15, 9, 15)


def looks(evidence: Evidence) -> str:
    """Return the looks with both intervals of each; nothing where every outcome was looked at once, without a plan."""
    found = [(pair, _look(pair)) for pair in ev.effects(evidence) if _look(pair) is not None]
    if not found:
        return ""
    rows = [_row(pair, look) for pair, look in found if look is not None]
    head = ("Outcome", "Look", "Known so far", "Error spent", "Interval that counts", "Its p", "If looked at only once")
    note = (
        "Known so far: people whose outcome is known (or events), of those planned. Error spent: the chance, over all "
        "looks up to this one, of an interval that misses the truth. Its p: the p value that allows for all looks."
    )
    planned = any(look is not None and look.planned for _, look in found)
    why = (PLANNED if planned else UNPLANNED).replace("5 in 100", _error(evidence))
    table = Table("looks", "Looks at the outcomes", head, rows, _WIDTHS, note=note)
    named = source(*(pair.finding.id for pair, _ in found))
    return joined(heading(3, "Looks"), plain(why), markdown(table), named)


def status(evidence: Evidence) -> str:
    """Return which look the first headline outcome is at; empty where nothing is said of looks."""
    look = next((look for pair in ev.headline(evidence) if (look := _look(pair)) is not None), None)
    return "" if look is None else sentences.capital(which(look))


def _only(pair: ev.Estimated) -> EffectResult:
    """Return an effect with the limits of an only look: those that stand in the evidence itself."""
    result = pair.finding.result
    return result if isinstance(result, EffectResult) else pair.result


def _look(pair: ev.Estimated) -> Look | None:
    return pair.result.look


def _error(evidence: Evidence) -> str:
    return f"{100 * (1 - evidence.plan.confidence_level):g} in 100"


def _row(pair: ev.Estimated, look: Look) -> tuple[str, ...]:
    counts, ordinary = pair.result, _only(pair)
    spent = numbers.NONE_HERE if look.spent is None else _percent(look.spent)
    intervals = [one_group.limits(one) or numbers.NONE_HERE for one in (counts, ordinary) if one_group.alone(counts)]
    intervals = intervals or [sentences.interval(one) for one in (counts, ordinary)]
    first, only = intervals
    name, p = sentences.name_of(counts), numbers.p_value(look.p)
    return (name, sentences.capital(which(look)), _known(look), spent, first, p, only)


def _percent(share: float) -> str:
    """Return a small chance in percent with two figures."""
    return "under 0.01%" if share < 1e-4 else f"{100 * share:.2g}%"


def _known(look: Look) -> str:
    if look.needed is None:
        return numbers.count(look.known)
    part = "" if look.fraction is None else f" ({numbers.percent(look.fraction, 0)})"
    return f"{numbers.count(look.known)} of {look.needed:,}{part}"
