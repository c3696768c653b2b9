"""Everything Dagster is shown: the layers in the order data flow, the jobs that run them, and what starts these."""

import logging

import dagster as dg

from assets import analysis, findings, raw, released, reports, synthesis, validated
from assets.jobs import evaluate_site, synthesise_pilot
from assets.partitions import SURVEY
from assets.resources import EvaluationWorkspace
from assets.schedules import monthly_refresh
from assets.sensors import new_drops, runs_cut_off
from assets.synthesis_sensor import new_releases

SITE_LAYERS = (raw, validated, analysis, findings, released, reports)
LAYERS = (*SITE_LAYERS, synthesis)

if SURVEY.left_out:
    logging.getLogger("pilotlens").warning(SURVEY.words)

defs = dg.Definitions(
    assets=[asset for layer in LAYERS for asset in layer.ASSETS],
    jobs=[evaluate_site, synthesise_pilot],
    sensors=[new_drops, new_releases, runs_cut_off],
    schedules=[monthly_refresh],
    resources={"workspace": EvaluationWorkspace()},
    # Steps of a site take turns in one process: a process for each step would cost five times as much.
    executor=dg.in_process_executor,
    metadata={"pilots left out": SURVEY.words or "none"},
)
