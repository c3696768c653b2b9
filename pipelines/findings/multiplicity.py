"""P values adjusted for the number of outcomes of one tier. The procedures belong in pipelines.estimation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.estimation.design import BLOCK, CLUSTER
from pipelines.findings.look import counting_p
from pipelines.findings.models import EffectResult
from pipelines.protocol.models import Plan

INSTEAD = "holm"
"""What stands in for joint draws where chance decided nothing that could be drawn again."""


def with_adjusted_p(
    results: Mapping[str, EffectResult], plan: Plan, frames: Mapping[str, Any] | None = None
) -> dict[str, EffectResult]:
    """Return the effects, those of a tier with several tests with adjusted p values; a placebo is no test of it.

    Where looks are allowed for, the p values that are adjusted are those that allow for them; drawing the assignment
    again cannot, so Holm's procedure then stands in for Romano and Wolf's.

    Parameters
    ----------
    results : effects by the key of their outcome.
    plan : the pilot's plan.
    frames : the rows that each was estimated from, for joint draws.
    """
    adjusted = dict(results)
    for tier in ("primary", "secondary", "exploratory"):
        how = getattr(plan.multiplicity, tier)
        tested = {k: r for k, r in results.items() if r.tier == tier and r.p is not None and not r.placebo}
        if len(tested) > 1 and how != "none":
            looked = any(result.look is not None for result in tested.values())
            drawn = how == "romano_wolf" and not looked
            made = _drawn(list(tested), plan, frames or {}) if drawn else None
            named = how if made is not None or how != "romano_wolf" else INSTEAD
            p = made or _adjusted([counting_p(result) or 0.0 for result in tested.values()], named)
            adjusted |= {
                key: result.model_copy(update={"p_adjusted": one, "adjustment": named})
                for (key, result), one in zip(tested.items(), p, strict=True)
            }
    return adjusted


def _adjusted(p: list[float], how: str) -> list[float]:
    import numpy as np

    from pipelines.estimation.multiplicity import benjamini_hochberg, holm

    adjusted = benjamini_hochberg if how == "benjamini_hochberg" else holm
    return [float(one) for one in adjusted(np.asarray(p))]


def _drawn(outcomes: list[str], plan: Plan, frames: Mapping[str, Any]) -> list[float] | None:
    """Return Romano and Wolf's p values by drawing the assignment again; None where it cannot be."""
    import numpy as np

    from pipelines.estimation.joint_draws import joint_statistics
    from pipelines.estimation.multiplicity import romano_wolf

    by_chance = plan.arms is not None and plan.arms.assignment == "randomised"
    of_people = all(
        plan.outcomes[key].noun == "cases" and plan.outcomes[key].type != "time_to_event" for key in outcomes
    )
    if not (by_chance and of_people):
        return None
    tables = [frames[key].set_index("row_key") for key in outcomes]
    people = sorted({person for table in tables for person in table.index})
    values = np.column_stack(
        [table["value"].reindex(people).to_numpy(dtype=float, na_value=np.nan) for table in tables]
    )
    first = tables[0]
    for table in tables[1:]:
        first = first.combine_first(table)
    first = first.reindex(people)
    whole = plan.design is not None and plan.design.kind == "cluster_randomised"
    try:
        observed, drawn = joint_statistics(
            values,
            np.asarray(first["arm"] == "treatment", dtype=bool),
            clusters=_codes(first, CLUSTER) if whole else None,
            blocks=_codes(first, BLOCK),
            seed=plan.seed,
        )
    except ValueError:
        return None
    return [float(one) for one in romano_wolf(observed, drawn)]


def _codes(frame: Any, column: str) -> Any:
    import numpy as np

    if column not in frame or frame[column].isna().any():
        return None
    return np.unique(frame[column].astype(str).to_numpy(), return_inverse=True)[1].reshape(-1)
