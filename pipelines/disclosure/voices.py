"""What may be shown of themes: counts of people, passages and quotes, and the word for how many."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipelines.disclosure.counts import part_hidden, rounded
from pipelines.disclosure.log import SMALL, Log
from pipelines.disclosure.policy import Policy
from pipelines.findings.models import Spread, ThemeResult

Word = Callable[[int, int], Spread]

FLOOR = "agreement floor"
"""Why people are not counted of whom nobody knows well enough whether they spoke of it."""


def spread(people: int, asked: int) -> Spread:
    """Return a word for a share of those interviewed; the limits stand in ThemeResult.

    Parameters
    ----------
    people, asked : people who spoke of a theme, and people interviewed.
    """
    if people == 0 or asked == 0:
        return "nobody"
    words: tuple[tuple[float, Spread], ...] = ((0.25, "few"), (0.5, "some"), (0.75, "many"))
    return next((word for limit, word in words if people / asked <= limit), "most")


def _halves(people: int, asked: int) -> Spread:
    if people == 0:
        return "nobody"
    return "some" if 2 * people <= asked else "many"


def anybody(people: int, _asked: int = 0) -> Spread:
    """Return whether anybody spoke of a theme: all that may be said of a code that coders do not agree on."""
    return "some" if people else "nobody"


SCALES: Sequence[Word] = (spread, _halves, anybody)
"""From the finest to the coarsest."""


def said(people: int, asked: int, rules: Policy) -> Spread:
    """Return the finest word that leaves a withheld count enough possible values.

    Which scale is used depends on how many were asked alone, so that the choice tells nothing.

    Parameters
    ----------
    people, asked : people who spoke of a theme, and people interviewed.
    rules : the limits.
    """
    if asked < rules.minimum_count:  # how many were asked is withheld too, so a share of it would tell of few
        return anybody(people, asked)
    scale = next((scale for scale in SCALES if _leaves_enough(scale, asked, rules)), anybody)
    return scale(people, asked)


def _leaves_enough(scale: Word, asked: int, rules: Policy) -> bool:
    hidden = [count for count in range(1, asked + 1) if part_hidden(count, asked, rules)]
    words = [scale(count, asked) for count in hidden]
    return all(words.count(word) >= rules.minimum_interval for word in words)


def theme(result: ThemeResult, rules: Policy, log: Log) -> ThemeResult:
    """Withhold small counts of people, passages and quotes, and round how well coders agree.

    Parameters
    ----------
    result : a theme as it was counted.
    rules, log : the limits; gets the changes.
    """
    people, asked, words = {}, {}, {}
    for role, count in result.people.items():
        hide = part_hidden(count, result.interviewed[role], rules)
        if hide:
            log.withheld(f"people.{role}", SMALL if result.counted else FLOOR)
        elif rules.rounding_base > 1:
            log.rounded(f"people.{role}", f"rounding to {rules.rounding_base}")
        people[role] = None if hide else rounded(count, rules)
        asked[role] = log.count(result.interviewed[role], f"interviewed.{role}", rules)
        words[role] = said(count or 0, result.interviewed[role] or 0, rules) if result.counted else result.spread[role]
    everybody = None not in people.values() or not people
    enough = 0 if everybody else sum(count or 0 for count in result.interviewed.values())
    counts = {
        name: _passages(getattr(result, name), enough, name, rules, log) for name in ("passages", "withheld_quotes")
    }
    agreement = _agreement(result.agreement, log)
    update = {"people": people, "interviewed": asked, "spread": words, "agreement": agreement, **counts}
    return result.model_copy(update=update)


def _passages(count: int | None, enough: int, name: str, rules: Policy, log: Log) -> int | None:
    """Return a number of passages; nobody speaks without one, so fewer than were asked would bound the people."""
    if count and count < enough:
        log.withheld(name)
        return None
    return log.count(count, name, rules)


def _agreement(share: float | None, log: Log) -> float | None:
    """Return the share to one decimal: 13 of 14 to six decimals would tell that 14 were interviewed."""
    if share is None:
        return None
    log.rounded("agreement", "rounding to one decimal")
    return round(share, 1)
