"""What each command does, in the order in which a person meets them. Every function returns the exit code."""

from __future__ import annotations

import datetime as dt
import webbrowser
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from assets.exit_codes import DONE, INTERRUPTED, MISUSED, STOPPED, UNAVAILABLE, Unavailable
from assets.interrupts import patient_interrupts
from assets.over_sites import run_over_sites, tell_pilot_reports
from assets.running import REPORTS, Outcome, chosen, known, reports_of, run_sites, steps_of_a_site, without_protocol
from assets.showing import complain, place, progress, say, summary
from pipelines.keys import insist_settled
from pipelines.protocol import ProtocolFaults
from pipelines.workspace import Workspace


def demonstrate(given: Path | None, *, debug: bool) -> int:
    """Write the demonstration pilots, run them, and say where to look."""
    from pipelines.demo import PILOTS, create

    workspace = settled(given)
    for sentence in create(workspace.root):
        say(sentence)
    code = _run(workspace, [key for pilot in PILOTS for key in chosen(workspace, pilot)], debug=debug)
    say(f"\nThe reports are in {place(workspace.reports_folder)}.")
    say("To see every step and check, and to open the reports: make ui, or pilotlens ui.")
    return code


def begin(given: Path | None, pilot: str) -> int:
    """Write a new pilot and say what comes next."""
    from pipelines.protocol.scaffold import scaffold

    workspace = settled(given)
    for path in scaffold(workspace, pilot, dt.date.today()):
        say(f"wrote {place(path)}")
    say(f"\nTry it with made-up data: pilotlens run {pilot}\nThen change protocol.yml, and: pilotlens check {pilot}")
    return DONE


def examine(given: Path | None, pilot: str) -> int:
    """Say everything that is wrong with protocols and with their newest drops."""
    workspace = existing(given)
    pilots = (known(workspace, pilot),) if pilot else workspace.pilots()
    return max([_examine(workspace, one) for one in pilots], default=DONE)


def _examine(workspace: Workspace, pilot: str) -> int:
    from assets.locking import tell_lock

    try:
        protocol = workspace.protocol(pilot)
    except ProtocolFaults as faults:
        complain(f"{pilot}: {faults}")
        return MISUSED
    say(f"{pilot}: the protocol is sound ({len(protocol.sites)} {'site' if len(protocol.sites) == 1 else 'sites'}).")
    lock = tell_lock(workspace, pilot)
    sites = tuple(protocol.sites)
    faults_found = list(dict.fromkeys([*_register_faults(workspace, pilot), *_drop_faults(workspace, pilot, sites)]))
    for fault in faults_found:
        complain(f"{pilot}: {fault}")
    return STOPPED if faults_found else lock


def _register_faults(workspace: Workspace, pilot: str) -> Iterator[str]:
    """Check the registers that the team keeps by hand; they are the same for each site."""
    from pipelines.learning.registers import REGISTERS, register_faults

    protocol, folder = workspace.protocol(pilot), workspace.pilot_folder(pilot)
    for kind in REGISTERS:
        yield from register_faults(folder, protocol, kind)


def _drop_faults(workspace: Workspace, pilot: str, sites: Sequence[str]) -> Iterator[str]:
    """Check the newest drop; a fault of a whole drop is the same for each site and is said once."""
    from pipelines.ingest import check_drop
    from pipelines.ingest.drops import drops

    found = drops(workspace, pilot)
    if not found:
        say(f"{pilot}: no drop yet; put the files into {place(workspace.pilot_folder(pilot))}/drops/YYYY-MM-DD.")
    faults = [fault for site in sites for fault in check_drop(workspace.site(pilot, site))]
    if found and not faults:
        say(f"{pilot}: the drop {found[-1].name} has the files and columns that the protocol declares.")
    yield from faults


def evaluate(given: Path | None, target: str, *, as_of: str = "", sealed: bool = False, debug: bool) -> int:
    """Run sites, as of a drop if asked; of all pilots, one with a faulty protocol is named and the others go on."""
    workspace = existing(given)
    keys, code = (chosen(workspace, target), DONE) if target else _all_sound(workspace)
    return max(code, _run(workspace, keys, as_of=as_of, sealed=sealed, debug=debug)) if keys else code


def _all_sound(workspace: Workspace) -> tuple[tuple[str, ...], int]:
    keys: list[str] = []
    code = DONE
    for pilot in workspace.pilots():
        try:
            keys += chosen(workspace, pilot)
        except ProtocolFaults as faults:
            complain(f"{pilot}: {faults}")
            code = MISUSED
    return tuple(keys), code


def _run(
    workspace: Workspace,
    keys: Sequence[str],
    *,
    debug: bool,
    only: Sequence[str] = (),
    as_of: str = "",
    sealed: bool = False,
) -> int:
    from assets.instance import prepare

    prepare(workspace)
    outcomes = []
    with progress(keys, steps_of_a_site(only)) as watch_steps, patient_interrupts(_stopping) as stop:
        for outcome in run_sites(workspace, keys, watch_steps, only, as_of=as_of, sealed=sealed):
            outcomes.append(outcome)
            if stop() or outcome.result == "interrupted":
                break
        else:
            outcomes += run_over_sites(workspace, keys, as_of=as_of, rendered=bool(only))
    summary(replace(workspace, as_of=as_of), outcomes, debug=debug)
    return _ended(outcomes, keys[len(outcomes) :])


def _stopping() -> None:
    say("Stopping after this site; press Ctrl-C again to stop at once.")


def _ended(outcomes: Sequence[Outcome], left: Sequence[str]) -> int:
    results = {outcome.result for outcome in outcomes}
    if left:
        complain(f"Not run: {', '.join(left)}.")
    if left or "interrupted" in results:
        return INTERRUPTED
    if any(outcome.workspace for outcome in outcomes):
        return UNAVAILABLE
    return DONE if results <= {"done"} else STOPPED


def watch(given: Path | None, *, port: int, read_only: bool, open_browser: bool) -> int:
    """Serve the UI until Ctrl-C."""
    from assets.instance import prepare
    from assets.ui import serve

    workspace = settled(given)
    prepare(workspace)
    serve(workspace, port=port, read_only=read_only, open_browser=open_browser)
    return DONE


def find_reports(given: Path | None, target: str, *, render: bool, open_browser: bool, debug: bool) -> int:
    """Say where reports are; first write them again if asked to."""
    workspace = existing(given)
    keys = chosen(workspace, target)
    code = _run(workspace, keys, debug=debug, only=REPORTS) if render else DONE
    for key in keys:
        found = reports_of(workspace, key)
        say(f"{key}: {', '.join(map(place, found)) if found else f'no report yet; try pilotlens run {key}'}")
        if open_browser and found:
            webbrowser.open(found[0].as_uri())
    if "/" not in target:
        tell_pilot_reports(workspace, keys, open_browser=open_browser)
    return code


def existing(given: Path | None) -> Workspace:
    """Return a workspace that holds a pilot; raise Unavailable for any other."""
    workspace = settled(given)
    if not workspace.pilots():
        if half := without_protocol(workspace):
            raise Unavailable(f"There is no protocol.yml in {', '.join(place(folder) for folder in half)}.")
        remedy = "`pilotlens demo` fills one with examples, `pilotlens new PILOT` starts a pilot of your own."
        raise Unavailable(f"There is no pilot in {place(workspace.root)}. {remedy}")
    return workspace


def settled(given: Path | None) -> Workspace:
    """Return a workspace, unless its keys are half-changed."""
    workspace = Workspace.find(given)
    insist_settled(workspace)
    return workspace
