"""How a function of pipelines becomes an asset: one step of one layer, for one pilot site, or one pilot, at a time.

What belongs here: the shape that all steps share, and the gate. What a step does belongs in pipelines; which steps
there are, in the module of their layer. (No `from __future__ import annotations`: Dagster reads a step's annotations.)
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg

from assets.boundary import in_plain_words, refused
from assets.partitions import PILOTS, SITES
from assets.resources import EvaluationWorkspace
from assets.telling import check_results, materialisation
from pipelines.told import Told

# The UI sorts groups by name, so the number is what puts them into the order in which data flow.
GROUPS = {
    "raw": "1_raw",
    "validated": "2_validated",
    "analysis": "3_analysis",
    "findings": "4_findings",
    "released": "5_released",
    "reports": "6_reports",
    "synthesis": "7_synthesis",
}

Work = Callable[[Any], Told]
"""What a step does for a pilot site, or in the layer of synthesis for a pilot over all its sites."""
Rules = Sequence[tuple[str, str]]
"""Name and words of each check of an asset."""


def bind(
    layer: str, noun: str, one_row: str, work: Work, deps: Sequence[str | dg.AssetDep] = (), rules: Rules = ()
) -> dg.AssetsDefinition:
    """Return the asset `{layer}_{noun}`, which does the work for its partition and tells the UI."""
    known = [name for name, _words in rules]

    @dg.asset(
        key=f"{layer}_{noun}",
        group_name=GROUPS[layer],
        description=one_row,
        deps=deps,
        partitions_def=PILOTS if layer == "synthesis" else SITES,
        check_specs=_specs(f"{layer}_{noun}", rules),
    )
    def step(
        context: dg.AssetExecutionContext, workspace: EvaluationWorkspace
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        unit = in_plain_words(lambda: workspace.unit(context.partition_key))
        told = in_plain_words(lambda: work(unit))
        yield from check_results(told, known)
        # The gate. A blocking check alone would let an automatic run of what is downstream through.
        if told.refusal:
            raise refused(told.refusal)
        yield materialisation(told, unit.workspace.reports_folder, known)

    return step


def _specs(asset: str, rules: Rules) -> list[dg.AssetCheckSpec]:
    """Return the checks of an asset, by site: without partitions a green site would hide the red one before it."""
    with warnings.catch_warnings():
        # The one preview argument we use; the release of Dagster is pinned, and a test pins what it does.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [dg.AssetCheckSpec(name, asset=asset, description=words, partitions_def=SITES) for name, words in rules]
