"""Formats of several sections: which one shows a number, by its sign or by the condition that the section names.

`[=0]"";dd/mm/yyyy` shows a date for every number but one, `;;;` shows none at all. What a single section means
belongs in number_formats.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

CONDITION = re.compile(r"\[\s*(<=|>=|<>|<|>|=)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*\]")
PIECE = re.compile(r'"[^"]*"?|\\.|[_*].|\[[^\]]*\]|[^;"\\]', re.DOTALL)
TESTS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}
MOST_SECTIONS = 3
"""Of numbers; a fourth section is for text."""


@dataclass(frozen=True)
class Condition:
    """What a section asks of a number."""

    sign: str
    limit: float

    def holds(self, value: float) -> bool:
        """Tell whether a number is one that the section shows."""
        return TESTS[self.sign](value, self.limit)


def sections(code: str) -> list[str]:
    """Return the sections of a format code that show numbers; semicolons that are quoted part none.

    A last section with `@` shows text.
    """
    found, at = [""], 0
    while at < len(code):
        piece = PIECE.match(code, at)
        text = piece[0] if piece else code[at]
        at += len(text)
        if text == ";":
            found.append("")
        else:
            found[-1] += text
    if len(found) > 1 and "@" in re.sub(r'"[^"]*"|\\.', "", found[-1]):
        found.pop()
    return found[:MOST_SECTIONS]


def condition(section: str) -> Condition | None:
    """Return the condition that a section names, if any."""
    found = CONDITION.search(re.sub(r'"[^"]*"|\\.', "", section))
    return Condition(found[1], float(found[2])) if found else None


def section_of(value: float, conditions: tuple[Condition | None, ...]) -> int | None:
    """Return which section shows a number; None where none does, and a spreadsheet shows ##### instead.

    Parameters
    ----------
    conditions : of each section, in order.
    """
    first, second = conditions[0], conditions[1] if len(conditions) > 1 else None
    if first or second:
        if first and first.holds(value):
            return 0
        if second and second.holds(value):
            return 1
        other = 2 if first and second else 1
        return other if other < len(conditions) else None
    if value < 0 and len(conditions) > 1:
        return 1
    return 2 if value == 0 and len(conditions) > 2 else 0
