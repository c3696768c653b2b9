"""What the command prints: progress, summaries and complaints. What it does belongs in cli and running."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from assets.running import Outcome, Watch, reports_of
from pipelines.workspace import Workspace

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)
COLOURS = {"done": "green", "refused": "yellow", "failed": "red", "interrupted": "yellow"}


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
    # Not a rich table: that cuts paths short at the edge of the terminal, and people copy them.
    widest = max((len(outcome.key) for outcome in outcomes), default=0)
    OUT.print(f"{'pilot site':<{widest}}  {'result':<11}  report", style="bold")
    for outcome in outcomes:
        result = f"[{COLOURS[outcome.result]}]{outcome.result:<11}[/]"
        OUT.print(f"{escape(outcome.key):<{widest}}  {result}  {escape(_report(workspace, outcome))}")
    for outcome in (outcome for outcome in outcomes if outcome.found):
        say(f"\n{outcome.key}: the checks found something to know:")
        for sentence in outcome.found:
            say(f"- {sentence}")
    for outcome in (outcome for outcome in outcomes if outcome.result != "done"):
        at = f" at {outcome.step}" if outcome.step else ""
        how = "stopped" if outcome.result == "failed" else outcome.result
        complain(f"\n{outcome.key} was {how}{at}:\n{outcome.words}")
        if debug and outcome.where:
            complain(f"Where: {outcome.where}")


def _report(workspace: Workspace, outcome: Outcome) -> str:
    found = reports_of(workspace, outcome.key)
    if not found:
        return "none yet"
    return place(found[0]) + ("" if outcome.result == "done" else " (the earlier one)")
