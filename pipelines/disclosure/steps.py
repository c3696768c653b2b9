"""Whether two figures that were published one after the other tell of few people: the arithmetic alone.

The difference of two releases is a table of its own: of those who came, went or changed between them. It is judged by
the rules of any other table. What was published before belongs in published, what follows from it in between_releases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipelines.disclosure.counts import part_hidden, too_small
from pipelines.disclosure.policy import Policy

SAME = 1e-9
"""Relative difference below which two figures are the same: other libraries add numbers up in another order."""
SPREADS = 1.8
"""Standard deviations that one person's value must stay uncertain by: the same as beside a comparison group."""


@dataclass(frozen=True)
class Group:
    """What is published of one group in one cell of a table.

    `n` and `events` are people; `figures` are an average and its spread in the unit of the outcome. None is withheld.
    """

    n: int | None
    events: int | None = None
    figures: tuple[float | None, ...] = ()


def difference_is_blurred(rules: Policy) -> bool:
    """Tell whether rounding alone leaves the difference of two published counts enough possible values.

    A count rounded to a base b may be off by up to b // 2 on either side, so a difference may be 4 (b // 2) + 1 values.
    """
    return 4 * (rules.rounding_base // 2) + 1 >= rules.minimum_interval


def few_between(earlier: int | None, now: int | None, rules: Policy) -> bool:
    """Tell whether two counts (people) of the same cell differ, by fewer people than may be shown.

    Parameters
    ----------
    earlier, now : the count as published before, and as it would be published now; None tells nothing.
    rules : the limits.
    """
    if earlier is None or now is None or difference_is_blurred(rules):
        return False
    return too_small(abs(now - earlier), rules)


def group_tells(earlier: Group, now: Group, rules: Policy) -> bool:
    """Tell whether what is published of a group, held against what was, speaks of few people, or of all who came.

    Parameters
    ----------
    earlier, now : the same cell of the same table at two releases.
    rules : the limits.

    Notes
    -----
    Of those between the releases the attacker knows how many there are, how many have the event, and the sum of their
    values. With `n` unchanged, an average that moved speaks of an unknown number of people, perhaps one.
    """
    if difference_is_blurred(rules) or rules.minimum_count <= 1:
        return False
    if few_between(earlier.n, now.n, rules) or few_between(earlier.events, now.events, rules):
        return True
    if earlier.n is None or now.n is None:
        return False
    return events_tell(earlier, now, rules) or (now.n == earlier.n and _average_moved(earlier, now))


def events_tell(earlier: Group, now: Group, rules: Policy) -> bool:
    """Tell whether those with and without the event between two releases are few, nobody or everybody."""
    if None in (earlier.n, now.n, earlier.events, now.events):
        return False
    people, events = (now.n or 0) - (earlier.n or 0), (now.events or 0) - (earlier.events or 0)
    if people == events == 0:
        return False
    if too_small(abs(events), rules) or too_small(abs(people - events), rules):
        return True
    return bool(people) and part_hidden(abs(events), abs(people), rules) and people * events >= 0


def _average_moved(earlier: Group, now: Group) -> bool:
    """Tell whether an average moved although nobody came; a share of a yes/no moves with its events, judged there."""
    if earlier.events is not None and now.events is not None and now.events != earlier.events:
        return False
    return any(moved(a, b) for a, b in zip(earlier.figures, now.figures, strict=True))


def moved(earlier: float | None, now: float | None) -> bool:
    """Tell whether a figure is another one than before; None tells nothing."""
    if earlier is None or now is None:
        return False
    return not math.isclose(earlier, now, rel_tol=SAME, abs_tol=SAME)


def blurred_average(value: float | None, spread: float | None, people: int, rules: Policy) -> float | None:
    """Round an average so that a person's value cannot be had from it and an exact one of before.

    Of `people` with the means m1 and then m2, one whose value changed did so by people * (m2 - m1). With m2 rounded to
    a step s this is known to people * s, which is made at least 1.8 standard deviations and `minimum_interval` units.

    Parameters
    ----------
    value : an average or a spread, in its unit; None stays None.
    spread : standard deviation of the values, in the same unit; None when unknown.
    people : people in the group.
    rules : the limits.

    Returns
    -------
    float or None
        A multiple of 1, 2 or 5 times a power of ten.
    """
    if value is None:
        return None
    wanted = max(SPREADS * (spread or 0.0), float(rules.minimum_interval)) / max(people, 1)
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(part * power for part in (1.0, 2.0, 5.0, 10.0) if part * power >= wanted * (1 - SAME))
    return round(round(value / step) * step, 12)
