"""Counts and shares in plain words that give away no small number.

What belongs here: how the engine's counts are spoken. What does not: reports (they have the disclosure policy).
"""

from __future__ import annotations


def small(count: int, minimum: int) -> bool:
    """Whether a count is of somebody, yet of too few to be told."""
    return 0 < count < minimum


def count_words(count: int, minimum: int) -> str:
    """Speak a count: '1,240', or 'fewer than 10'."""
    return f"fewer than {minimum}" if small(count, minimum) else f"{count:,}"


def part_words(part: int, whole: int, minimum: int) -> str:
    """Speak a part of a whole. The rest is a count of people too: 395 of 400 tells of five."""
    if not small(part, minimum) and small(whole - part, minimum):
        return f"all but fewer than {minimum}"
    return count_words(part, minimum)


def share_words(share: float) -> str:
    """Speak a share: '12%', '0.4%', 'less than 0.1%'."""
    if 0 < share < 0.001:
        return "less than 0.1%"
    return f"{100 * share:.1f}".removesuffix(".0") + "%"


def hides(part: int, whole: int, minimum: int) -> bool:
    """Whether a percentage of this part would give a small count away."""
    return any(small(count, minimum) for count in (part, whole, whole - part))


def failed_words(template: str, failed: int, total: int, limit: float, minimum: int, named: str = "") -> str:
    """Fill a rule's template; where a percentage would tell too much, leave it out, brackets included."""
    share = share_words(failed / total if total else 0.0)
    if hides(failed, total, minimum):
        template, share = template.replace(" ({share})", ""), "a share too small to tell"
    counts = {"failed": part_words(failed, total, minimum), "total": count_words(total, minimum)}
    return sentence(template.format(**counts, share=share, limit=share_words(limit), named=named))


def sentence(words: str) -> str:
    """Start with a capital, end with a full stop."""
    words = words.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")
