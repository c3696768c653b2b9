"""Runs the cells of one document in one fresh namespace and tells where one stopped, without a value."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.reporting.renderer.document import Cell, Document
from pipelines.reporting.renderer.faults import RenderFault
from pipelines.reporting.renderer.shell import Output, Shell, fresh_shell

# Messages of these name code, never data; every other message may quote a row.
_SPEAKABLE = (NameError, ImportError, SyntaxError, AttributeError)
_INLINE = re.compile(r"(?<!`)`\{python\}\s+([^`]+)`(?!`)")
# sys.stdout, IPython's singleton and pyplot are the process's, so one document runs at a time.
_ALONE = threading.Lock()


@dataclass(frozen=True)
class Ran:
    """A cell after running: Markdown has its inline code filled in, code has its outputs."""

    cell: Cell
    text: str
    outputs: tuple[Output, ...] = ()


def run(document: Document, parameters: Mapping[str, Any], *, evaluate: bool = True) -> list[Ran]:
    """Run every cell in order; the parameters take effect right after the cell tagged `parameters`.

    Raises
    ------
    RenderFault
        when a cell stops, naming its file, line and kind of error.
    """
    with _ALONE, fresh_shell() as shell:
        if not any("parameters" in cell.tags for cell in document.cells):
            shell.assign(parameters)  # as papermill: without a tagged cell they come first
        return [_ran(shell, document, cell, parameters, evaluate) for cell in document.cells]


def _ran(shell: Shell, document: Document, cell: Cell, parameters: Mapping[str, Any], evaluate: bool) -> Ran:
    if cell.kind == "markdown":
        return Ran(cell, _INLINE.sub(lambda match: _inline(shell, match[1], document), cell.source))
    outputs = _outputs(shell, cell) if cell.options.get("eval", evaluate) else ()
    if "parameters" in cell.tags:
        shell.assign(parameters)
    return Ran(cell, cell.source, outputs)


def _outputs(shell: Shell, cell: Cell) -> tuple[Output, ...]:
    try:
        return shell.run(cell.source)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a cell may also call sys.exit
        raise _stopped(cell, error, shell.user_ns) from None


def _inline(shell: Shell, expression: str, document: Document) -> str:
    """The text of an inline expression, as Markdown."""
    try:
        value = eval(expression.strip(), shell.user_ns)  # noqa: S307 - the report's own code
    except Exception as error:
        line = document.find("{python} " + expression)
        raise RenderFault.of([line.fault(f"the inline code stopped: {_said(error)}")]) from None
    as_markdown = getattr(value, "_repr_markdown_", None)
    return str(as_markdown() if as_markdown else value)


def _stopped(cell: Cell, error: BaseException, namespace: Mapping[str, Any]) -> RenderFault:
    """What to raise when a cell stops: our words, the author's line, no values."""
    name = f"cell '{cell.label}'" if cell.label else "cell"
    number = cell.line.number + _line_in_cell(error, namespace)
    place = type(cell.line)(cell.line.path, number, "")
    return RenderFault.of([place.fault(f"the {name} stopped: {_said(error)}")])


def _line_in_cell(error: BaseException, namespace: Mapping[str, Any]) -> int:
    """The innermost line of a cell that was running, counted in the cell from 1; 0 when there is none."""
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    numbers = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals is namespace and "ipython-input" in trace.tb_frame.f_code.co_filename:
            numbers.append(trace.tb_lineno)
        trace = trace.tb_next
    return numbers[-1] if numbers else 0


def _said(error: BaseException) -> str:
    """The error's name, with its message only where that cannot quote data."""
    ours = type(error).__module__.split(".")[0] == "pipelines"
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {message}" if ours or isinstance(error, _SPEAKABLE) else type(error).__name__
