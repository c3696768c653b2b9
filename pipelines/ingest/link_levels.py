"""How two values of an identifier may agree, from the same down to different: the levels of each kind of comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.protocol.link import LikenessKind


@dataclass(frozen=True)
class Way:
    """One way to agree: a condition on the columns `a` and `b` of a pair, and what it is called."""

    label: str
    condition: str


SAME = Way("the same", "{a} = {b}")
ONE_SLIP = Way("one slip", "damerau_levenshtein({a}, {b}) <= 1")
CHANGED_OVER = "{a} = concat(left({b}, 5), right({b}, 2), substr({b}, 5, 3))"
DIFFERENT = Way("different", "ELSE")
LEVELS: dict[LikenessKind, tuple[Way, ...]] = {
    "exact": (SAME, DIFFERENT),
    "name": (
        SAME,
        Way("nearly the same", "jaro_winkler_similarity({a}, {b}) >= 0.92"),
        Way("alike", "jaro_winkler_similarity({a}, {b}) >= 0.8"),
        DIFFERENT,
    ),
    "date_of_birth": (
        SAME,
        Way("one slip, or day and month changed over", f"({ONE_SLIP.condition} OR ({CHANGED_OVER}))"),
        DIFFERENT,
    ),
    "postcode": (
        SAME,
        ONE_SLIP,
        Way("the same district", "left({a}, length({a}) - 3) = left({b}, length({b}) - 3)"),
        DIFFERENT,
    ),
    "number": (SAME, ONE_SLIP, DIFFERENT),
}
"""From the strongest to the weakest; the first that holds counts."""


def comparison(
    index: int, how: LikenessKind, m: Sequence[float] | None = None, u: Sequence[float] | None = None
) -> dict[str, Any]:
    """Return splink's comparison of an identifier, which stands in the column `k<index>`; with its parameters if known.

    A common name says less than a rare one: there splink takes how common it is for the chance agreement.
    """
    column = f"k{index}"
    sides = {"a": f'"{column}_l"', "b": f'"{column}_r"'}
    null = {"sql_condition": "{a} IS NULL OR {b} IS NULL".format(**sides), "is_null_level": True}
    levels: list[dict[str, Any]] = [null | {"label_for_charts": "not known"}]
    for position, way in enumerate(LEVELS[how]):
        level: dict[str, Any] = {"sql_condition": way.condition.format(**sides), "label_for_charts": way.label}
        if how == "name" and way is SAME:
            level["tf_adjustment_column"] = column
        if m is not None:
            level["m_probability"] = m[position]
        if u is not None:
            level["u_probability"] = u[position]
        levels.append(level)
    return {"output_column_name": column, "comparison_levels": levels}
