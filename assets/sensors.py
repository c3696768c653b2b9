"""What is looked for all the time: new drops, once their files have stopped changing, and runs that were cut off.

What belongs here: when to ask for a run or to give one up. What a drop is and what is in it belongs in
pipelines.ingest; which runs are at work, in at_work.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import dagster as dg

from assets.at_work import give_up_cut_off
from assets.jobs import evaluate_site, state_tags
from assets.partitions import SITES, SURVEY
from pipelines.ingest.drops import Drop, drops
from pipelines.ingest.standing import known_standing
from pipelines.learning.register_state import register_state
from pipelines.refusal import Refusal
from pipelines.workspace import Workspace

RUN = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
]
"""A refused drop counts as run: the same bytes would be refused again. One that somebody interrupted does not."""


@dataclass(frozen=True)
class Seen:
    """What the tick before saw of a pilot's drops. Not a time: clocks of file servers differ from ours."""

    drop: str
    fingerprint: str
    sha256: str = ""
    """State of the drops, once they were the same on two ticks; its runs have then been asked for."""
    registers: str = ""
    """State of the registers that the team keeps by hand, on that tick."""


@dg.sensor(
    job=evaluate_site,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Looks for new drops, and for registers that were changed. When the files have stopped changing, runs the sites"
        " of their pilot."
    ),
)
def new_drops(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Ask for one run of each site of every drop that is new by its content and the same as on the tick before."""
    workspace, before, after = Workspace.find(), _read(context.cursor), {}
    requests: list[dg.RunRequest] = []
    for pilot, keys in _pilots().items():
        found = tuple(drop for drop in drops(workspace, pilot) if drop.files)
        if not found or found[-1].unfinished:
            continue
        after[pilot] = seen = _look(workspace, pilot, found, before.get(pilot))
        requests += _requests(context.instance, keys, seen, before.get(pilot))
    words = None if requests else dg.SkipReason(_why_nothing(workspace, after))
    return dg.SensorResult(run_requests=requests, skip_reason=words, cursor=_write(after))


@dg.sensor(
    minimum_interval_seconds=20,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Records the end of runs whose process is gone, so that they do not keep others waiting.",
)
def runs_cut_off(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Mark what was killed or switched off as failed; Dagster's daemon then tries it again."""
    found = give_up_cut_off(context.instance, Workspace.find())
    return dg.SkipReason(f"Cut off, now marked as failed: {', '.join(found)}." if found else "No run was cut off.")


def _look(workspace: Workspace, pilot: str, found: tuple[Drop, ...], before: Seen | None) -> Seen:
    """Compare all drops with the tick before; their bytes are read only once they have stopped changing."""
    newest, registers = found[-1].name, _registers(workspace, pilot)
    there = [*((drop.name, drop.fingerprint) for drop in found), *([registers] if registers else [])]
    fingerprint = hashlib.sha256(repr(there).encode()).hexdigest()
    if before is None or (before.drop, before.fingerprint) != (newest, fingerprint):
        return Seen(newest, fingerprint)
    return before if before.sha256 else Seen(newest, fingerprint, _state(workspace, pilot, found), registers)


def _registers(workspace: Workspace, pilot: str) -> str:
    try:
        return register_state(workspace, pilot)
    except OSError:
        return ""  # somebody has one open for writing: the next tick looks again


def _state(workspace: Workspace, pilot: str, found: tuple[Drop, ...]) -> str:
    """Return the identity of what counts: a late or corrected older drop changes it, the same bytes again do not."""
    try:
        return known_standing(workspace, pilot, found).sha256
    except Refusal:
        return ""  # nothing counts, or the ledger is not whole: a run by hand says so


def _requests(
    instance: dg.DagsterInstance, keys: list[str], seen: Seen, before: Seen | None
) -> Iterator[dg.RunRequest]:
    if not seen.sha256 or seen == before:
        return
    tags = state_tags(seen.sha256, seen.registers)
    run_key = f"{seen.sha256}:{seen.registers}".rstrip(":")
    for key in keys:
        if not _has_run(instance, key, tags) and (seen.registers or not _is_released(key, seen.sha256)):
            yield dg.RunRequest(run_key=f"{key}:{run_key}", partition_key=key, tags=tags)


def _has_run(instance: dg.DagsterInstance, key: str, state: dict[str, str]) -> bool:
    """Tell whether the site was run for these bytes already, for example by `pilotlens run`, which has no run key."""
    tags = {"dagster/partition": key, **state}
    return bool(instance.get_runs(filters=dg.RunsFilter(tags=tags, statuses=RUN), limit=1))


def _is_released(key: str, sha256: str) -> bool:
    """Tell whether the site's newest bundle rests on these bytes: somebody has run it in the UI, by hand."""
    from pipelines.release.write import released_drop

    pilot, _, site = key.partition("/")
    return released_drop(Workspace.find().site(pilot, site)) == sha256


def _pilots() -> dict[str, list[str]]:
    """Return the partitions of each pilot."""
    pilots: dict[str, list[str]] = {}
    for key in SITES.get_partition_keys():
        pilots.setdefault(key.partition("/")[0], []).append(key)
    return pilots


def _why_nothing(workspace: Workspace, seen: dict[str, Seen]) -> str:
    known = {*_pilots(), *(pilot for pilot, _why in SURVEY.left_out)}
    fresh = [pilot for pilot in workspace.pilots() if pilot not in known]
    waiting = [f"{pilot}/{look.drop}" for pilot, look in seen.items() if not look.sha256]
    said = [
        f"Waiting until these have stopped changing: {', '.join(waiting)}." if waiting else "No new drop.",
        f"New pilots, shown after Reload definitions: {', '.join(fresh)}." if fresh else "",
        SURVEY.words,
    ]
    return " ".join(words for words in said if words)


def _read(cursor: str | None) -> dict[str, Seen]:
    """Read the cursor; one that an older version wrote counts as none, run keys then keep drops from running twice."""
    try:
        return {pilot: Seen(**seen) for pilot, seen in json.loads(cursor or "{}").items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _write(seen: dict[str, Seen]) -> str:
    return json.dumps({pilot: asdict(look) for pilot, look in seen.items()}, sort_keys=True)
