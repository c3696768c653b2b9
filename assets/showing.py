"""What the command prints: progress, summaries and complaints. What it does belongs in cli and running."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from assets.running import Outcome, Watch, reports_of
from pipelines.workspace import Workspace

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)
WIDE = 1000
WORDS = {"done": "[green]done[/]", "refused": "[yellow]refused[/]", "failed": "[red]failed[/]"}


def say(words: str) -> None:
    """Print words as they are: square brackets in a message are no markup."""
    OUT.print(escape(words))


def complain(words: str) -> None:
    """Print what is wrong, where errors go."""
    ERR.print(escape(words), style="red")


def place(path: Path) -> str:
    """Return a path the short way: from where the user stands, if it lies below."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


@contextmanager
def progress(keys: Sequence[str], steps: int) -> Iterator[Watch]:
    """Show a bar for each site, with the step it is at; on something that is no terminal, a line for each site."""
    if not OUT.is_terminal:
        yield _in_lines
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[step]}"), console=OUT) as bars:
        tasks = {key: bars.add_task(key, total=steps, step="", start=False) for key in keys}

        def watch(key: str, step: str) -> None:
            task = tasks[key]
            if not step:
                bars.update(task, step="")
                bars.stop_task(task)
            elif bars.tasks[task].started:
                bars.update(task, advance=1, step=step)
            else:
                bars.start_task(task)
                bars.update(task, step=step)

        yield watch


def _in_lines(key: str, step: str) -> None:
    if not step:
        say(f"{key}: run ended")


def summary(workspace: Workspace, outcomes: Sequence[Outcome], *, debug: bool) -> None:
    """Print one line for each site, and below it why any of them stopped."""
    table = Table("pilot site", "result", "report", box=None, pad_edge=False, header_style="bold")
    for outcome in outcomes:
        table.add_row(escape(outcome.key), WORDS[outcome.result], escape(_report(workspace, outcome)))
    # Wider than any terminal, so that paths are never cut short: whoever copies one wants all of it.
    OUT.print(table, width=WIDE)
    for outcome in (outcome for outcome in outcomes if outcome.result != "done"):
        at = f" at {outcome.step}" if outcome.step else ""
        complain(f"\n{outcome.key} was {'refused' if outcome.result == 'refused' else 'stopped'}{at}:\n{outcome.words}")
        if debug and outcome.where:
            complain(f"Where: {outcome.where}")


def _report(workspace: Workspace, outcome: Outcome) -> str:
    found = reports_of(workspace, outcome.key)
    if not found:
        return "none yet"
    return place(found[0]) + ("" if outcome.result == "done" else " (the earlier one)")
