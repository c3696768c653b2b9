"""Everything Dagster is shown: the layers in the order data flow, the job that runs them, and what starts it."""

import logging

import dagster as dg

from assets import analysis, findings, raw, released, reports, validated
from assets.jobs import evaluate_site
from assets.partitions import SURVEY
from assets.resources import EvaluationWorkspace
from assets.schedules import monthly_refresh
from assets.sensors import new_drops, runs_cut_off

LAYERS = (raw, validated, analysis, findings, released, reports)

if SURVEY.left_out:
    logging.getLogger("pilotlens").warning(SURVEY.words)

defs = dg.Definitions(
    assets=[asset for layer in LAYERS for asset in layer.ASSETS],
    jobs=[evaluate_site],
    sensors=[new_drops, runs_cut_off],
    schedules=[monthly_refresh],
    resources={"workspace": EvaluationWorkspace()},
    # Steps of a site take turns in one process: a process for each step would cost five times as much.
    executor=dg.in_process_executor,
    metadata={"pilots left out": SURVEY.words or "none"},
)
