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
from pipelines.protocol_lock import insist_recorded
from pipelines.told import Told
from pipelines.workspace import PilotSite

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

FROM_PROTOCOL = ("raw", "validated", "analysis", "findings", "released")
"""Layers that do what the protocol says, and so refuse one that was locked and edited since without a record. What
comes after reads released evidence alone."""

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
        if layer in FROM_PROTOCOL and isinstance(unit, PilotSite):
            in_plain_words(lambda: insist_recorded(unit))
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
