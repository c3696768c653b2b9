"""What may be shown of a look: a fraction of a planned number is a count, and so is what follows from it."""

from __future__ import annotations

from typing import Any

from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import Policy
from pipelines.disclosure.precision import like
from pipelines.findings.look import Look
from pipelines.findings.models import EffectResult
from pipelines.findings.verdicts import verdict

NOTHING: dict[str, Any] = dict.fromkeys(("known", "fraction", "spent", "boundary", "lower", "upper", "p"))
RULE = "rounding of counts"
BESIDE = "a count of the look that the groups' sizes do not show"


def with_look(shown: EffectResult, exact: EffectResult, rules: Policy, log: Log) -> EffectResult:
    """Return an effect as it may be shown, with what may be shown of its look.

    Parameters
    ----------
    shown : the effect after the policy, in which the look is still exact.
    exact : the effect before.
    rules : the limits.
    log : gets a note of what was changed.

    Returns
    -------
    EffectResult
        Of a withheld effect only the number of the look is left, and no stage, which would bound a small count. Where
        counts are rounded, or where the look rests on other people than those whose number is shown, the fraction is
        rounded to whole steps of the smallest count that may be shown, and what follows from it exactly is left out.
        Limits are moved and rounded with the estimate they belong to.
    """
    look = exact.look
    if look is None:
        return shown
    if any(arm.n is None for arm in shown.arms.values()) or not shown.arms:
        log.withheld("look", "minimum count of people with a known outcome")
        return shown.model_copy(update={"look": look.model_copy(update={**NOTHING, "stage": 0})})
    if exact.value is not None and shown.value is None:
        log.withheld("look", "minimum count of people with and without the outcome")
        return shown.model_copy(update={"look": _counts(look, shown, rules, log).model_copy(update=_no_limits())})
    look = _counts(look, shown, rules, log)
    if exact.value is None or shown.value is None:
        return shown.model_copy(update={"look": look.model_copy(update=_of_everybody(look, shown, exact))})
    limits = {end: _moved(getattr(look, end), shown, exact, end) for end in ("lower", "upper")}
    said = verdict(limits["lower"], limits["upper"], shown.better, shown.null)
    p = look.p if shown.p == exact.p else _two_places(look.p)
    return shown.model_copy(update={"look": look.model_copy(update={**limits, "p": p}), "verdict": said})


def _no_limits() -> dict[str, Any]:
    return {"lower": None, "upper": None, "boundary": None, "p": None}


def _two_places(p: float | None) -> float | None:
    """Return a p value no sharper than the limits beside it, which are moved or rounded."""
    return None if p is None else round(p, 2)


def _counts(look: Look, shown: EffectResult, rules: Policy, log: Log) -> Look:
    """Return a look with its counts as they are shown of the groups, or rounded."""
    shown_known = sum((arm.n if look.unit == "people" else arm.events) or 0 for arm in shown.arms.values())
    if rules.rounding_base == 1 and look.known == shown_known:
        return look
    step = max(rules.rounding_base, rules.minimum_count)
    log.rounded("look", RULE if rules.rounding_base > 1 else BESIDE)
    known = step * round((look.known or 0) / step)
    fraction = None if look.fraction is None or not look.needed else min(known / look.needed, 1.0)
    told = {"known": known, "fraction": fraction, "spent": None, "boundary": None, "p": _two_places(look.p)}
    return look.model_copy(update=told)


def _moved(limit: float | None, shown: EffectResult, exact: EffectResult, end: str) -> float | None:
    """Return a limit that stands to the shown estimate as it stood to the exact one; as exact as that one is."""
    if limit is None or shown.value is None or exact.value is None:
        return None
    if shown.value == exact.value and getattr(shown, end) == getattr(exact, end):
        return limit
    return like(shown.value + limit - exact.value, shown.se)


def _of_everybody(look: Look, shown: EffectResult, exact: EffectResult) -> dict[str, Any]:
    """Return the limits of a share of everybody; none where the share itself is changed."""
    here, there = shown.arms.get("everyone"), exact.arms.get("everyone")
    same = here is not None and there is not None and here.average == there.average
    if not look.estimated or (same and here is not None and here.average is not None):
        return {}
    if here is None or here.average is None or there is None or there.average is None:
        return _no_limits()
    ends = (look.lower, look.upper)
    lower, upper = (None if end is None else round(end + here.average - there.average, 2) for end in ends)
    return {"lower": lower, "upper": upper}
