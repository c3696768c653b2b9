"""Running sites from the command line: one after the other in this process, each recorded where the UI finds it.

What belongs here: which sites, their runs and what became of them. What is printed belongs in showing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assets.instance import open_instance
from assets.telling import ATTENTION
from pipelines.protocol.faults import did_you_mean
from pipelines.refusal import Refusal
from pipelines.workspace import Workspace

if TYPE_CHECKING:
    import dagster as dg

    from pipelines.ingest.standing import Standing

Watch = Callable[[str, str], None]
"""Called with the pilot site (or the pilot) and the step that begins; with an empty step when it is done."""

REPORTS = ("reports_site", "reports_funder")
PILOT_REPORT = ("synthesis_report",)
PILOT_STEPS = 2

# Dagster's own mark of whose job a run is. A run started in this process lacks it, and the job's page would omit it.
OURS = {".dagster/repository": "__repository__@pilotlens"}


@dataclass(frozen=True)
class Outcome:
    """What became of one pilot site, or of a pilot over all its sites."""

    key: str
    result: Literal["done", "refused", "failed", "interrupted"]
    """`refused`: the data, the protocol or the workspace stand in the way. `failed`: the program has a fault."""
    words: str = ""
    """Why it was refused or failed."""
    step: str = ""
    """The asset at which it stopped."""
    where: str = ""
    """Lines of the program, for the people who look after it."""
    workspace: bool = False
    """True: it was refused because the workspace is in use, full, or not ours to write."""
    found: tuple[str, ...] = ()
    """What checks of the data found in a site that is done, and what else is to be known; each is a sentence."""


def chosen(workspace: Workspace, target: str | None) -> tuple[str, ...]:
    """Return the pilot sites that PILOT, PILOT/SITE or nothing (all) means; raise ProtocolFaults or Refusal."""
    if not target:
        return tuple(key for pilot in workspace.pilots() for key in chosen(workspace, pilot))
    pilot, _, site = target.partition("/")
    if site:
        return (workspace.site(known(workspace, pilot), site).key,)
    return tuple(f"{pilot}/{key}" for key in workspace.protocol(known(workspace, pilot)).sites)


def without_protocol(workspace: Workspace) -> tuple[Path, ...]:
    """Return the folders among the pilots that hold something, but no protocol."""
    folders = sorted(path for path in workspace.pilots_folder.glob("[!.]*") if path.is_dir() and any(path.iterdir()))
    return tuple(path for path in folders if not (path / "protocol.yml").is_file())


def known(workspace: Workspace, pilot: str) -> str:
    """Return the name of a pilot that the workspace holds; raise Refusal for any other."""
    if pilot not in workspace.pilots():
        if workspace.pilots_folder / pilot in without_protocol(workspace):
            raise Refusal(
                f"There is no protocol.yml in pilots/{pilot}.",
                "Put it there, and call it exactly that (not protocol.yaml or .txt).",
            )
        raise Refusal(f"There is no pilot {pilot} in this workspace.", did_you_mean(pilot, workspace.pilots()))
    return pilot


def steps_of_a_site(only: Sequence[str] = ()) -> int:
    """Return how many steps a site has."""
    from assets.definitions import SITE_LAYERS

    return len(only) or sum(len(layer.ASSETS) for layer in SITE_LAYERS)


def run_sites(
    workspace: Workspace,
    keys: Sequence[str],
    watch: Watch,
    only: Sequence[str] = (),
    *,
    as_of: str = "",
    sealed: bool = False,
) -> Iterator[Outcome]:
    """Run the sites in turn, or only some of their assets; a site that stops does not stop the next."""
    workspace = replace(workspace, as_of=as_of)
    states = {pilot: _state(workspace, pilot) for pilot in dict.fromkeys(key.partition("/")[0] for key in keys)}
    with _records(workspace) as instance:
        from assets.at_work import give_up_cut_off
        from assets.definitions import defs

        if not as_of:
            give_up_cut_off(instance, workspace)

        job = defs.resolve_job_def("evaluate_site")
        for key in keys:
            pilot = key.partition("/")[0]
            tags = _tags(workspace, pilot, states[pilot], only)
            outcome = _run(job, instance, key, tags, watch, only, as_of, sealed)
            watch(key, "")
            yield outcome


def run_pilots(
    workspace: Workspace, pilots: Sequence[str], watch: Watch, only: Sequence[str] = (), *, as_of: str = ""
) -> Iterator[Outcome]:
    """Put the released evidence of the sites of each pilot together; whether there is enough of it is said before."""
    with _records(replace(workspace, as_of=as_of)) as instance:
        from assets.definitions import defs

        job = defs.resolve_job_def("synthesise_pilot")
        for pilot in pilots:
            outcome = _run(job, instance, pilot, {}, watch, only, as_of)
            watch(pilot, "")
            yield outcome


def _records(workspace: Workspace) -> AbstractContextManager[dg.DagsterInstance]:
    """Return where runs are recorded. A look at an earlier state is no event of the pilot: the UI shows the present."""
    if not workspace.as_of:
        return open_instance(workspace)
    import dagster as dg

    return dg.DagsterInstance.ephemeral(settings={"telemetry": {"enabled": False}, "nux": {"enabled": False}})


def _state(workspace: Workspace, pilot: str) -> Standing | None:
    """Return what counts of a pilot; None while something is in the way, which its first step then says."""
    from pipelines.ingest.drops import drops
    from pipelines.ingest.standing import known_standing

    found = tuple(drop for drop in drops(workspace, pilot) if drop.files)
    if workspace.as_of:
        return known_standing(workspace, pilot, found)
    try:
        return known_standing(workspace, pilot, found) if all(drop.settled for drop in found) else None
    except Refusal:
        return None


def _tags(workspace: Workspace, pilot: str, state: Standing | None, only: Sequence[str]) -> dict[str, str]:
    """Return the tags that tell the sensor for which state of the drops and registers a run was."""
    from assets.jobs import state_tags
    from pipelines.learning.register_state import register_state

    return state_tags(state.sha256, register_state(workspace, pilot)) if state and not only else {}


def _run(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    key: str,
    tags: dict[str, str],
    watch: Watch,
    only: Sequence[str],
    as_of: str,
    sealed: bool = False,
) -> Outcome:
    import dagster as dg

    from assets.boundary import own_frames
    from assets.jobs import QUIET

    run_id = str(uuid.uuid4())
    instance.add_event_listener(run_id, _listener(key, watch))
    selection = [dg.AssetKey(name) for name in only] or None
    try:
        result = job.execute_in_process(
            instance=instance,
            partition_key=key,
            raise_on_error=False,
            run_id=run_id,
            tags={**OURS, **tags},
            asset_selection=selection,
            run_config={**QUIET, "resources": {"workspace": {"config": {"as_of": as_of, "sealed": sealed}}}},
        )
    except Exception as error:
        words = f"The run could not be recorded: {type(error).__name__}."
        return Outcome(key, "failed", words, where=" > ".join(own_frames(error)))
    return _outcome(key, result.all_events)


def _listener(key: str, watch: Watch) -> Callable[[Any], None]:
    def listen(entry: Any) -> None:
        event = entry.dagster_event
        if event is not None and event.event_type_value == "STEP_START":
            watch(key, event.step_key)

    return listen


def _outcome(key: str, events: Sequence[dg.DagsterEvent]) -> Outcome:
    failures = [event for event in events if event.is_step_failure]
    if failures:
        return _stopped(key, failures[0])
    if any(event.is_failure for event in events):
        return Outcome(key, "failed", "The run ended before its first step; the UI shows more.")
    return Outcome(key, "done", found=_found(events))


def _found(events: Sequence[dg.DagsterEvent]) -> tuple[str, ...]:
    """Return what the checks that did not hold had to say, and what steps that went well want to be known."""
    noted = [e.step_materialization_data.materialization.metadata for e in events if e.is_step_materialization]
    checks = [e.asset_check_evaluation_data for e in events if e.event_type_value == "ASSET_CHECK_EVALUATION"]
    failed = [check.description or check.check_name for check in checks if not check.passed]
    return (*failed, *(str(metadata[ATTENTION].value) for metadata in noted if ATTENTION in metadata))


def _stopped(key: str, event: dg.DagsterEvent) -> Outcome:
    from assets.boundary import WHERE, WORKSPACE

    step, error = str(event.step_key), event.step_failure_data.error
    said = event.step_failure_data.user_failure_data
    if said is None and error is not None and "Interrupt" in str(error.cls_name):
        return Outcome(key, "interrupted", "Somebody stopped it. What was published before still stands.", step)
    if said is None:
        return Outcome(key, "failed", "The step ended without saying why; the UI shows more.", step)
    where = said.metadata.get(WHERE)
    return Outcome(
        key,
        "failed" if where else "refused",
        said.description or "",
        step,
        str(where.value) if where else "",
        workspace=WORKSPACE in said.metadata,
    )


def reports_of(workspace: Workspace, key: str) -> tuple[Path, ...]:
    """Return the reports of a pilot site, or on all sites of a pilot, that exist, the full web page first."""
    folder = workspace.reports_folder / key
    found = [path for path in folder.glob("*") if path.suffix in (".html", ".pdf", ".xlsx")]
    return tuple(sorted(found, key=lambda path: (path.stem != "report", path.stem, path.suffix)))
