"""P values adjusted for the number of outcomes of one tier. The procedures belong in pipelines.estimation."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.findings.models import EffectResult
from pipelines.protocol.models import Plan


def with_adjusted_p(results: Mapping[str, EffectResult], plan: Plan) -> dict[str, EffectResult]:
    """Return the effects, those of a tier with several tests with adjusted p values; a placebo is no test of it."""
    adjusted = dict(results)
    for tier in ("primary", "secondary", "exploratory"):
        how = getattr(plan.multiplicity, tier)
        tested = {k: r for k, r in results.items() if r.tier == tier and r.p is not None and not r.placebo}
        if len(tested) > 1 and how != "none":
            p = _adjusted([result.p or 0.0 for result in tested.values()], how)
            adjusted |= {
                key: result.model_copy(update={"p_adjusted": one, "adjustment": how})
                for (key, result), one in zip(tested.items(), p, strict=True)
            }
    return adjusted


def _adjusted(p: list[float], how: str) -> list[float]:
    import numpy as np

    from pipelines.estimation.multiplicity import benjamini_hochberg, holm

    adjusted = benjamini_hochberg if how == "benjamini_hochberg" else holm
    return [float(one) for one in adjusted(np.asarray(p))]
