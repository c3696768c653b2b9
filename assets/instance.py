"""Dagster's own state: kept in the workspace, so that nobody has to know of DAGSTER_HOME, and nothing calls home."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.workspace import Workspace

if TYPE_CHECKING:
    from dagster import DagsterInstance

SETTINGS = """\
# Dagster's settings for this workspace, written by pilotlens on first use. Change them as you like; they are kept.

telemetry: {enabled: false} # nothing is sent to anybody
nux: {enabled: false} # no sign-up form

concurrency:
  runs:
    max_concurrent_runs: 2
    # One run of a site at a time: its database has one writer.
    tag_concurrency_limits:
      - {key: dagster/partition, value: {applyLimitPerUniqueValue: true}, limit: 1}

run_monitoring: # a run whose computer was switched off is given up, not shown as running for ever
  enabled: true
  start_timeout_seconds: 180
  max_runtime_seconds: 7200
  poll_interval_seconds: 30

run_retries: # a killed run is tried again; a refused table is not, because it would be refused again
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false

retention: # days for which the ticks of the sensor and the schedule are kept
  sensor: {purge_after_days: {skipped: 2, failure: 30, success: 90}}
  schedule: {purge_after_days: {skipped: 30, failure: 90, success: 365}}

# Every event is recorded; hundreds of lines a run on the terminal would only bury what pilotlens says there.
python_logs: {python_log_level: CRITICAL}

# What libraries print may hold values of people, so it is not kept. Steps tell the UI what they did in their own words.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""


def prepare(workspace: Workspace) -> Path:
    """Make Dagster's folder ready, point this process and its children at it, and return it."""
    home = workspace.dagster_home
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = home / "dagster.yaml"
    if not settings.exists():
        settings.write_text(SETTINGS, encoding="utf-8")
    os.environ |= {"DAGSTER_HOME": str(home), "PILOTLENS_WORKSPACE": str(workspace.root)}
    return home


def open_instance(workspace: Workspace) -> "DagsterInstance":
    """Return Dagster's records of the workspace; use it as a context manager."""
    import dagster as dg

    from assets.kept_engines import keep_engines

    prepare(workspace)
    keep_engines()
    return dg.DagsterInstance.get()
