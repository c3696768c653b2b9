"""Which counts may be shown, beside which others: primary and complementary suppression of small tables."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.disclosure.policy import Policy


def too_small(count: int | None, policy: Policy) -> bool:
    """Tell whether a count of people is above zero and below the policy's minimum."""
    return count is not None and 0 < count < policy.minimum_count


def part_hidden(part: int | None, whole: int | None, policy: Policy) -> bool:
    """Tell whether a part of a group may not be shown: it, or what is left of the group, is small, nobody or everybody.

    Parameters
    ----------
    part, whole : people with a characteristic, and people in the group. None counts as hidden.
    """
    if part is None or whole is None:
        return True
    rest = whole - part
    if policy.all_or_none and whole > 0 and 0 in (part, rest):
        return True
    return too_small(whole, policy) or too_small(part, policy) or too_small(rest, policy)


def rounded(count: int | None, policy: Policy) -> int | None:
    """Return a count under the policy's rounding."""
    if count is None or policy.rounding_base == 1:
        return count
    return policy.rounding_base * round(count / policy.rounding_base)


def shown_chain(counts: Sequence[int], policy: Policy) -> list[int | None]:
    """Return what may be shown of the stages that one group passes, of which each is a part of the one before.

    The last stage is what the estimates rest on, so it goes first; a stage is shown when it is not small itself and its
    distance to every stage already shown is nothing or not small: else the few who were lost could be counted.
    """
    shown: list[int | None] = []
    for count in reversed(counts):
        known = [one for one in shown if one is not None]
        close = any(too_small(abs(count - one), policy) for one in known)
        shown.append(None if too_small(count, policy) or close else rounded(count, policy))
    return shown[::-1]


def hidden_categories(counts: Sequence[int], policy: Policy) -> set[int]:
    """Return the positions of categories to hide when the counts add up to a total that is shown.

    A single hidden category could be had by subtraction, and so could the sum of several: the next smallest are hidden
    until what is hidden adds up to at least the minimum and is more than one category.
    """
    hidden = {i for i, count in enumerate(counts) if too_small(count, policy)}
    order = sorted((i for i in range(len(counts)) if i not in hidden), key=lambda i: (counts[i], i))
    while hidden and order and (len(hidden) == 1 or sum(counts[i] for i in hidden) < policy.minimum_count):
        hidden.add(order.pop(0))
    return hidden
