"""The `pilotlens` command: what people type. It runs jobs and so lives here, and imports Dagster only when it does.

What belongs here: commands, their words and their exit codes. Running belongs in running, printing in showing.
"""

import gc
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn, Optional

import typer

from assets.exit_codes import MISUSED, STOPPED, UNAVAILABLE, Unavailable

EPILOG = (
    "Exit codes: 0 all is well; 1 at least one site was refused or failed; 2 the command or a protocol is wrong;"
    " 3 the workspace, or a site in it, cannot be used (missing, in use, full, or not yours to write): try again later."
)

app = typer.Typer(
    name="pilotlens",
    help="Turns a pilot's data and interviews into evaluation reports. Start with: pilotlens demo",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text wraps well in any terminal and in a screen reader
)

In = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads this at run time on 3.11 either way; one spelling for all commands
    typer.Option("--workspace", "-w", help="Folder of the data. Default: PILOTLENS_WORKSPACE, or ./workspace."),
]
Debug = Annotated[bool, typer.Option("--debug", help="Name the lines of the program where it stopped; never data.")]
PilotName = Annotated[str, typer.Argument(metavar="PILOT", help="Name: lower case letters, digits and hyphens.")]
AnyPilot = Annotated[str, typer.Argument(metavar="PILOT", help="Name of the pilot. Default: all.", show_default=False)]
Target = Annotated[
    str, typer.Argument(metavar="PILOT[/SITE]", help="A pilot, or one of its sites. Default: all.", show_default=False)
]


@app.callback()
def common(workspace: In = None, debug: Debug = False) -> None:
    """Take options that may stand before the command as well as after it."""
    if workspace:
        os.environ["PILOTLENS_WORKSPACE"] = str(workspace.expanduser().resolve())


@app.command()
def demo(workspace: In = None, debug: Debug = False) -> None:
    """Try it: write the demonstration pilots and run them."""
    from assets.commands import demonstrate

    raise typer.Exit(demonstrate(workspace, debug=_debug(debug)))


@app.command()
def new(pilot: PilotName, workspace: In = None) -> None:
    """Start a new pilot.

    Writes a protocol with notes, made-up data that run as they stand, a data dictionary and a code book.
    """
    from assets.commands import begin

    raise typer.Exit(begin(workspace, pilot))


@app.command()
def check(pilot: AnyPilot = "", workspace: In = None) -> None:
    """Say what is wrong with protocols and drops.

    Every fault at once, with file and line, and what would be right. Nothing is run.
    """
    from assets.commands import examine

    raise typer.Exit(examine(workspace, pilot))


@app.command()
def design(pilot: PilotName, workspace: In = None) -> None:
    """Say what a pilot could show, before any data.

    Detectable differences, power, and people needed for each progression criterion; from the protocol alone.
    """
    from assets.planning import plan_design

    raise typer.Exit(plan_design(workspace, pilot))


@app.command()
def run(
    target: Target = "",
    workspace: In = None,
    as_of: Annotated[str, typer.Option("--as-of", metavar="DROP", help="As things were known at this drop.")] = "",
    sealed: Annotated[bool, typer.Option("--sealed", help="Leave outcomes alone: process, quality, reach.")] = False,
    debug: Debug = False,
) -> None:
    """Run sites from their newest drop to their reports.

    A site that is refused does not stop the others; its earlier tables and reports stay as they were.
    """
    from assets.commands import evaluate

    raise typer.Exit(evaluate(workspace, target, as_of=as_of, sealed=sealed, debug=_debug(debug)))


By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides. `lock` takes the account's name.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; the ledger keeps it, reports print it.")]


@app.command()
def lock(pilot: PilotName, workspace: In = None, by: By = "", why: Why = "") -> None:
    """Freeze a pilot's protocol before anybody looks.

    Every later change is a deviation. The first run that estimates an outcome of real data locks it too.
    """
    from assets.locking import lock as freeze

    raise typer.Exit(freeze(workspace, pilot, by, why))


@app.command()
def deviate(pilot: PilotName, workspace: In = None, by: By = "", why: Why = "") -> None:
    """Record what was changed in a locked protocol.

    Edit protocol.yml first. Every later report prints what was changed, when, by whom and why.
    """
    from assets.locking import deviate as record

    raise typer.Exit(record(workspace, pilot, by, why))


@app.command()
def look(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Any file that a provider sent.")],
) -> None:
    """Say how a file would be read: its kind, rows and columns.

    Nothing is kept, and no value of a person is printed.
    """
    from assets.records import look_into

    raise typer.Exit(look_into(file))


@app.command()
def drops(
    pilot: AnyPilot = "",
    workspace: In = None,
    withdraw: Annotated[
        Optional[str],  # noqa: UP045 - see In
        typer.Option("--withdraw", metavar="DROP", help="Let the rows of this drop no longer count."),
    ] = None,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why it is withdrawn; the ledger keeps it.")] = "",
) -> None:
    """Say what arrived, and what became of it.

    For each drop its files and rows, and which sites took them or refused them, and why.
    """
    from assets.records import tell_drops, withdraw_drop

    if withdraw is None and not why:
        raise typer.Exit(tell_drops(workspace, pilot))
    raise typer.Exit(withdraw_drop(workspace, pilot, withdraw or "", why))


@app.command()
def verify(pilot: AnyPilot = "", workspace: In = None) -> None:
    """Say whether ledgers, locked protocols and releases are whole.

    Names every line that was edited, deleted, doubled or moved since it was written.
    """
    from assets.records import verify_ledgers

    raise typer.Exit(verify_ledgers(workspace, pilot))


keys_app = typer.Typer(help="Say which keys there are, or change them.", invoke_without_command=True)
app.add_typer(keys_app, name="keys")


@keys_app.callback()
def keys(context: typer.Context, workspace: In = None) -> None:
    """Say which keys there are, or change them.

    Of each key its short name, never the key itself.
    """
    from assets.records import list_keys

    common(workspace)
    if context.invoked_subcommand is None:
        raise typer.Exit(list_keys(workspace))


@keys_app.command()
def rotate(
    only: Annotated[
        str, typer.Option("--only", metavar="KEY", help="pseudonym, warehouse or vault. Default: all.")
    ] = "",
    workspace: In = None,
) -> None:
    """Change keys, or finish a change that was interrupted.

    Deletes what was locked with the old keys, after checking that every drop is still there to make it again from.
    The old keys are kept in keys/retired.
    """
    from assets.records import change_keys

    raise typer.Exit(change_keys(workspace, only))


frames_app = typer.Typer(help="Say which frames interviews can be held against.", invoke_without_command=True)
app.add_typer(frames_app, name="frames")
ToFile = Annotated[
    Optional[Path],  # noqa: UP045 - see In
    typer.Option("--to", metavar="FILE", help="File to write. Default: a new one in this folder."),
]


@frames_app.callback()
def frames(context: typer.Context) -> None:
    """Say which frames interviews can be held against."""
    from assets.coding import list_frames

    if context.invoked_subcommand is None:
        raise typer.Exit(list_frames())


@frames_app.command()
def export(
    frame: Annotated[str, typer.Argument(metavar="FRAME", help="Key of the frame, as `pilotlens frames` lists it.")],
    to: ToFile = None,
) -> None:
    """Write a frame as a codebook (.qdc) that coding tools can load."""
    from assets.coding import export_frame

    raise typer.Exit(export_frame(frame, to))


@app.command()
def worklist(
    target: Annotated[str, typer.Argument(metavar="PILOT/SITE", help="The site.")],
    workspace: In = None,
    to: ToFile = None,
) -> None:
    """Write where coders of interviews differ.

    Places and codes as CSV, for coders to talk over; never words or names.
    """
    from assets.coding import write_worklist

    raise typer.Exit(write_worklist(workspace, target, to))


quotes_app = typer.Typer(help="Decide which quotes may be shown, and find those to take back.", no_args_is_help=True)
app.add_typer(quotes_app, name="quotes")


@quotes_app.command()
def review(
    target: Target = "",
    workspace: In = None,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides. Default: you are asked.")] = "",
    only_list: Annotated[bool, typer.Option("--list", help="Say how many are decided, and ask nothing.")] = False,
) -> None:
    """Go through quotes and decide which may be shown.

    One at a time, on this terminal only: approve, refuse, or replace words by [brackets]. Kept in quotes.csv.
    """
    from assets.reviewing import review_quotes

    raise typer.Exit(review_quotes(workspace, target, by, only_list=only_list))


@quotes_app.command()
def withdrawn(target: Target = "", workspace: In = None) -> None:
    """List releases with words of people who have withdrawn.

    Releases, files and findings, without the words: so that copies can be taken back.
    """
    from assets.reviewing import list_withdrawn

    raise typer.Exit(list_withdrawn(workspace, target))


@app.command()
def ui(
    workspace: In = None,
    port: Annotated[int, typer.Option(help="Port on this machine; the next free one is taken if it is in use.")] = 3000,
    read_only: Annotated[bool, typer.Option("--read-only", help="Look, but start nothing.")] = False,
    browser: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Show every step, its checks and its reports.

    Serves the pages on this machine only, until Ctrl-C. Watches the drops folders and runs what arrives.
    """
    from assets.commands import watch

    raise typer.Exit(watch(workspace, port=port, read_only=read_only, open_browser=browser))


@app.command()
def report(
    target: Target = "",
    workspace: In = None,
    render: Annotated[bool, typer.Option("--render", help="Write the reports again from the latest release.")] = False,
    browser: Annotated[bool, typer.Option("--open", help="Open them in the browser.")] = False,
    debug: Debug = False,
) -> None:
    """Say where the reports are, or open them."""
    from assets.commands import find_reports

    raise typer.Exit(find_reports(workspace, target, render=render, open_browser=browser, debug=_debug(debug)))


def _debug(here: bool) -> bool:
    return here or "--debug" in sys.argv[1:]


def main() -> NoReturn:
    """Run the command; whatever goes wrong becomes plain words and an exit code, never a traceback."""
    # By default Python looks for garbage after every 700 new objects: a tenth of a run, for libraries that keep theirs.
    gc.set_threshold(50_000, 20, 50)
    try:
        app(prog_name="pilotlens")
    except Exception as error:
        sys.exit(_told(error))
    sys.exit(0)


def _told(error: Exception) -> int:
    import sqlite3

    from assets.boundary import own_frames
    from assets.showing import complain
    from pipelines.protocol import ProtocolFaults
    from pipelines.refusal import Refusal, Unusable

    if isinstance(error, Refusal | ProtocolFaults):
        complain(str(error))
        return UNAVAILABLE if isinstance(error, Unusable) else MISUSED
    where = " > ".join(own_frames(error))
    if isinstance(error, Unavailable | OSError | sqlite3.Error):
        complain(_unavailable(error))
        code = UNAVAILABLE
    else:
        complain(f"The program has a fault: {type(error).__name__} at {where.rpartition(' > ')[2]}. Nothing was lost.")
        code = STOPPED
    if _debug(False):
        complain(f"Where: {where}")
    return code


def _unavailable(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"The workspace cannot be used: {error.strerror or type(error).__name__} ({error.filename})."
    if isinstance(error, Unavailable):
        return str(error)
    return "The records of runs (dagster/ in the workspace) are locked by another program. Wait for it, and try again."


if __name__ == "__main__":
    main()
