"""Numbers as readers see them: one rule per kind of number. Sentences around them belong in `sentences`."""

from __future__ import annotations

import math

from pipelines.findings.models import Count, EffectResult, Figure
from pipelines.findings.sentences import places_for

WITHHELD = "[c]"
"""Sign of the UK government's tables for a figure that is kept confidential."""

NONE_HERE = "–"
"""A cell that has nothing to say, as opposed to one that is withheld."""

MINUS = "\N{MINUS SIGN}"
"""Screen readers say it, and no line breaks after it, which neither holds of a hyphen."""

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def count(number: Count) -> str:
    """Write a count of people: 1,234 or [c]."""
    return WITHHELD if number is None else f"{number:,}"


def in_words(number: int) -> str:
    """Write a small number in words, a larger one in digits."""
    return _WORDS[number] if 0 <= number < len(_WORDS) else f"{number:,}"


def several(number: int, one: str, many: str = "") -> str:
    """Write a small number with its noun: "one check", "three checks"."""
    return f"{in_words(number)} {one if number == 1 else many or one + 's'}"


def decimal(value: Figure, digits: int = 1) -> str:
    """Write a number so that rounding never turns something into nothing: -0.04 stays below zero at one decimal."""
    if value is None or not math.isfinite(value):
        return WITHHELD if value is None else NONE_HERE
    while value != 0 and round(value, digits) == 0 and digits < 4:
        digits += 1
    text = f"{abs(value):,.{digits}f}"
    return f"{MINUS}{text}" if value < 0 and float(text.replace(",", "")) else text


def fitting(value: Figure, size: float | None = None) -> str:
    """Write a number with the decimals its size deserves; `size` is the largest number it stands beside."""
    if value is None:
        return WITHHELD
    return "0" if value == 0 else decimal(value, places_for((value if size is None else size,)))


def trimmed(value: float) -> str:
    """Write a number from the protocol as it was written: 6 and not 6.0."""
    return f"{value:,.10g}".replace("-", MINUS)


def percent(share: Figure, digits: int = 1) -> str:
    """Write a share as a percentage."""
    return WITHHELD if share is None else f"{decimal(100 * share, digits)}%"


def p_value(p: Figure) -> str:
    """Write a p value of another engine; none is zero, so a tiny one is told as below the last place shown."""
    if p is None:
        return NONE_HERE
    return "<0.001" if p < 0.001 else decimal(p, 3)


def signed(text: str) -> str:
    """Put a plus before a difference above zero, so that its direction is never guessed."""
    return text if text.startswith(MINUS) or text in (WITHHELD, NONE_HERE) or not text.strip("0.") else f"+{text}"


def points(share: Figure, digits: int = 1) -> str:
    """Write a difference of shares in percentage points, with its sign."""
    return WITHHELD if share is None else signed(decimal(100 * share, digits))


def is_share(effect: EffectResult) -> bool:
    """Tell whether an effect's figures are shares of people: a yes-or-no outcome, or people without an event."""
    return effect.outcome_type == "binary" or effect.unit == "share of people"


def average(effect: EffectResult, value: Figure) -> str:
    """Write one group's average of an outcome in the outcome's unit."""
    if is_share(effect):
        return percent(value)
    if not value or effect.value is None:
        return fitting(value)
    # As many decimals as the difference that stands beside it, or two averages may look the same.
    largest = _largest(effect)
    return decimal(value, max(places_for((value,)), places_for((largest,))))


def difference(effect: EffectResult, value: Figure) -> str:
    """Write a difference between groups in the outcome's unit, with its sign."""
    if effect.null:
        return f"× {decimal(value, 2)}" if value is not None else WITHHELD
    if is_share(effect):
        return points(value)
    return signed(fitting(value, _largest(effect)))


def size_of(effect: EffectResult, value: Figure) -> str:
    """Write the size of a difference, without a sign, with its unit."""
    if value is None:
        return WITHHELD
    if effect.null:
        return f"{decimal(100 * abs(value - effect.null), 0)}%"
    if is_share(effect):
        return f"{decimal(100 * abs(value))} in every 100 people"
    return f"{fitting(abs(value), _largest(effect))} {effect.unit}".strip()


def difference_unit(effect: EffectResult) -> str:
    """Name the unit of a difference."""
    return "" if effect.null else "percentage points" if is_share(effect) else effect.unit


def level(effect: EffectResult) -> str:
    """Write the level of the intervals: 95%."""
    return f"{trimmed(round(100 * effect.level, 4))}%"


def _largest(effect: EffectResult) -> float | None:
    """Return the largest of an estimate and its limits, so that all three share their decimals."""
    sizes = [abs(number) for number in (effect.value, effect.lower, effect.upper) if number is not None]
    return max(sizes) if sizes else None
