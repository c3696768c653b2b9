"""Which counts may be shown, beside which others: primary and complementary suppression of small tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from pipelines.disclosure.policy import Policy


def too_small(count: int | None, policy: Policy) -> bool:
    """Tell whether a count of people is above zero and below the policy's minimum.

    Parameters
    ----------
    count : people; None is not a count, and so not small.
    policy : the limits.
    """
    return count is not None and 0 < count < policy.minimum_count


def part_hidden(part: int | None, whole: int | None, policy: Policy) -> bool:
    """Tell whether a part of a group may not be shown: it, or what is left of the group, is small, nobody or everybody.

    Parameters
    ----------
    part, whole : people with a characteristic, and people in the group. None counts as hidden.
    policy : the limits.
    """
    if part is None or whole is None:
        return True
    rest = whole - part
    if policy.all_or_none and whole > 0 and 0 in (part, rest):
        return True
    return too_small(whole, policy) or too_small(part, policy) or too_small(rest, policy)


def rounded(count: int | None, policy: Policy) -> int | None:
    """Return a count of people under the policy's rounding; None stays None."""
    if count is None or policy.rounding_base == 1:
        return count
    return policy.rounding_base * round(count / policy.rounding_base)


def contributors(values: Iterable[Hashable]) -> int:
    """Return how many people have another value than the most common one: those on whom a mean rests.

    Parameters
    ----------
    values : one known value a person, in any order; may be empty.

    Returns
    -------
    int
        0 when all values are the same or there are none. In a variable of two values it is the smaller group.
    """
    counts = Counter(values)
    return sum(counts.values()) - max(counts.values(), default=0)


def rests_on_few(contributing: int | None, policy: Policy) -> bool:
    """Tell whether so few people make up a mean that it would speak of them; None means that nobody counted.

    Never so of areas, of which the smallest count that may be shown is one: a mean of one area is already of many.
    """
    return policy.minimum_count > 1 and contributing is not None and contributing < policy.minimum_count


def hidden_categories(counts: Sequence[int], policy: Policy) -> set[int]:
    """Return the positions of categories to hide when the counts add up to a total that is shown.

    A single hidden category could be had by subtraction, and so could the sum of several: the next smallest are hidden
    until what is hidden adds up to at least the minimum and is more than one category.

    Parameters
    ----------
    counts : people in each category of one variable in one group; every person is in one.
    policy : the limits.

    References
    ----------
    Hundepool et al. 2012, Statistical Disclosure Control, ch. 4 (secondary suppression).
    """
    total = sum(counts)
    whole = {i for i, count in enumerate(counts) if policy.all_or_none and total and count in (0, total)}
    hidden = {i for i, count in enumerate(counts) if too_small(count, policy)} | whole
    order = sorted((i for i in range(len(counts)) if i not in hidden), key=lambda i: (counts[i], i))
    while hidden and order and (len(hidden) == 1 or sum(counts[i] for i in hidden) < policy.minimum_count):
        hidden.add(order.pop(0))
    return hidden
