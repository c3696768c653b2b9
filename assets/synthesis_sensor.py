"""What starts the synthesis of a pilot: released evidence of its sites that its own bundle was not made from yet.

What belongs here: when to ask. Which evidence there is, and what it says together, belongs in pipelines.synthesis.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from assets.at_work import UNENDED
from assets.jobs import synthesise_pilot
from assets.partitions import PILOTS, SITES
from pipelines.protocol import ProtocolFaults
from pipelines.workspace import Pilot, Workspace


@dg.sensor(
    job=synthesise_pilot,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="When sites of a pilot have released something new, puts the evidence of all its sites together.",
)
def new_releases(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Ask for one run of each pilot whose sites have released something new, once none of them is being run."""
    workspace, before = Workspace.find(), _read(context.cursor)
    after: dict[str, str] = {}
    requests: list[dg.RunRequest] = []
    for key in PILOTS.get_partition_keys():
        state = _state(workspace, key)
        if not state or _at_work(context.instance, key):
            after |= {key: before[key]} if key in before else {}
            continue
        after[key] = state
        if state != before.get(key):
            requests += _request(workspace, key, state)
    words = None if requests else dg.SkipReason("No site has released anything new.")
    return dg.SensorResult(run_requests=requests, skip_reason=words, cursor=json.dumps(after, sort_keys=True))


def _state(workspace: Workspace, key: str) -> str:
    """Return the identity of the newest releases of a pilot's sites; empty when fewer than two have any."""
    try:
        found = [_newest(site.releases_folder) for site in workspace.pilot(key).sites]
    except (ProtocolFaults, OSError):
        return ""
    enough = sum(bool(release) for release in found) > 1
    return hashlib.sha256("\n".join(found).encode()).hexdigest()[:16] if enough else ""


def _newest(releases: Path) -> str:
    pointer = releases / "latest.txt"
    return pointer.read_text(encoding="utf-8").strip() if pointer.exists() else ""


def _request(workspace: Workspace, key: str, state: str) -> Iterator[dg.RunRequest]:
    if not _is_made_from(workspace.pilot(key)):
        yield dg.RunRequest(run_key=f"{key}:{state}", partition_key=key)


def _is_made_from(pilot: Pilot) -> bool:
    """Tell whether the pilot's newest bundle was made from the sites' newest releases, by whoever ran it."""
    from pipelines.synthesis.write import is_up_to_date

    return is_up_to_date(pilot)


def _at_work(instance: dg.DagsterInstance, key: str) -> bool:
    """Tell whether a site of the pilot is being run: what it will release shall be in."""
    running = instance.get_runs(filters=dg.RunsFilter(statuses=[*UNENDED, dg.DagsterRunStatus.QUEUED]))
    sites = {site for site in SITES.get_partition_keys() if site.partition("/")[0] == key}
    return any(run.tags.get("dagster/partition") in sites for run in running)


def _read(cursor: str | None) -> dict[str, str]:
    try:
        return {str(key): str(state) for key, state in json.loads(cursor or "{}").items()}
    except (ValueError, AttributeError):
        return {}
