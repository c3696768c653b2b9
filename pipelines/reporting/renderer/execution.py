"""Runs the cells of one document in one fresh namespace, in process, and returns what they showed.

IPython runs them as a kernel would, without starting one: a kernel a report costs four seconds, this milliseconds.
"""

import copy
import io
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any, Literal

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from pipelines.reporting.renderer import figures
from pipelines.reporting.renderer.document import Cell, Document
from pipelines.reporting.renderer.faults import RenderFault

Kind = Literal["stdout", "stderr", "markdown", "html", "svg", "png", "text"]
# The first of these that an object offers is what is shown.
_MEDIA: tuple[tuple[str, Kind], ...] = (
    ("text/markdown", "markdown"),
    ("text/html", "html"),
    ("image/svg+xml", "svg"),
    ("image/png", "png"),
    ("text/plain", "text"),
)
# Messages of these name code, never data; every other message may quote a row.
_SPEAKABLE = (NameError, ImportError, SyntaxError, AttributeError)
_INLINE = re.compile(r"(?<!`)`\{python\}\s+([^`]+)`(?!`)")
# sys.stdout, InteractiveShell's singleton and pyplot are the process's, so one document runs at a time.
_ALONE = threading.Lock()


@dataclass(frozen=True)
class Output:
    """One thing a cell showed."""

    kind: Kind
    content: str | bytes


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
    with _ALONE, _shell() as shell:
        if not any("parameters" in cell.tags for cell in document.cells):
            shell.assign(parameters)  # as papermill: without a tagged cell they come first
        return [_ran(shell, document, cell, parameters, evaluate) for cell in document.cells]


def _ran(shell: "_Shell", document: Document, cell: Cell, parameters: Mapping[str, Any], evaluate: bool) -> Ran:
    if cell.kind == "markdown":
        return Ran(cell, _INLINE.sub(lambda match: shell.inline(match[1], document), cell.source))
    outputs = shell.run(cell) if cell.options.get("eval", evaluate) else ()
    if "parameters" in cell.tags:
        shell.assign(parameters)
    return Ran(cell, cell.source, outputs)


class _Publisher(DisplayPublisher):
    """`display(x)` lands in the shell's outputs."""

    def publish(self, data: Mapping[str, Any], *_: Any, **__: Any) -> None:
        self.shell.show(data)


class _Hook(DisplayHook):
    """The value of a cell's last line lands in the shell's outputs, and nowhere else."""

    def __call__(self, result: Any = None) -> None:
        shell: Any = self.shell
        if result is not None and not self.quiet():
            shell.show(self.compute_format_data(result)[0])


class _Formatter(DisplayFormatter):
    """Draws matplotlib figures by our rules, once each."""

    def format(self, obj: Any, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        matplotlib = sys.modules.get("matplotlib.figure")
        if matplotlib is None or not isinstance(obj, matplotlib.Figure):
            return super().format(obj, include=include, exclude=exclude)
        shell: Any = self.parent
        return shell.draw(obj), {}


class _Shell(InteractiveShell):
    """A shell that prints nothing of its own and keeps what cells show, in order."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)

    def init_display_formatter(self) -> None:
        self.display_formatter = _Formatter(parent=self)
        self.outputs: list[Output] = []
        self.drawn: set[int] = set()

    def showtraceback(self, *_: Any, **__: Any) -> None:
        """Say nothing: a traceback quotes values."""

    showsyntaxerror = showtraceback
    showindentationerror = showtraceback

    def assign(self, parameters: Mapping[str, Any]) -> None:
        self.user_ns.update(copy.deepcopy(dict(parameters)))

    def show(self, data: Mapping[str, Any]) -> None:
        for media, kind in _MEDIA:
            if media in data:
                self.outputs.append(Output(kind, data[media]))
                return

    def draw(self, figure: Any) -> dict[str, Any]:
        if id(figure) in self.drawn:
            return {}
        self.drawn.add(id(figure))
        suffix, content = figures.picture(figure)
        return {"image/svg+xml" if suffix == "svg" else "image/png": content}

    def run(self, cell: Cell) -> tuple[Output, ...]:
        """Run one code cell and return what it showed, pyplot's open figures last."""
        self.outputs, self.drawn = [], set()
        with redirect_stdout(_Stream(self, "stdout")), redirect_stderr(_Stream(self, "stderr")):
            result = self.run_cell(cell.source, store_history=False)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            figures.close_figures()
            raise _stopped(cell, error, self.user_ns) from None
        for figure in figures.open_figures():
            self.show(self.draw(figure))
        figures.close_figures()
        return tuple(self.outputs)

    def inline(self, expression: str, document: Document) -> str:
        """The text of an inline expression, as Markdown."""
        try:
            value = eval(expression.strip(), self.user_ns)  # noqa: S307 - the report's own code
        except Exception as error:
            line = document.find("{python} " + expression)
            raise RenderFault.of([line.fault(f"the inline code stopped: {_said(error)}")]) from None
        as_markdown = getattr(value, "_repr_markdown_", None)
        return str(as_markdown() if as_markdown else value)


class _Stream(io.TextIOBase):
    """A text stream that joins what is written into the shell's last output of its kind."""

    def __init__(self, shell: _Shell, kind: Literal["stdout", "stderr"]) -> None:
        self.shell, self.kind = shell, kind

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        outputs = self.shell.outputs
        if outputs and outputs[-1].kind == self.kind:
            text_before = str(outputs.pop().content)
            outputs.append(Output(self.kind, text_before + text))
        elif text:
            outputs.append(Output(self.kind, text))
        return len(text)


@contextmanager
def _shell() -> Iterator[_Shell]:
    """A fresh shell that leaves the process as it found it."""
    with ExitStack() as stack:
        stack.enter_context(_drawing_offscreen())
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="pilotlens-"))
        stack.callback(_restore_singletons())
        config = Config({"HistoryManager": {"enabled": False}})
        # display() asks for the singleton, so this shell must be it while the cells run.
        shell = _Shell.instance(config=config, ipython_dir=folder, user_ns={"__name__": "__main__"})
        yield shell


def _restore_singletons() -> Callable[[], None]:
    """Take the process's shell and `__main__` aside; return the function that puts them back."""
    before: Any = InteractiveShell._instance
    main = sys.modules["__main__"]
    if before is not None:
        type(before).clear_instance()

    def restore() -> None:
        _Shell.clear_instance()
        sys.modules["__main__"] = main
        for owner in type(before)._walk_mro() if before is not None else ():
            owner._instance = before

    return restore


@contextmanager
def _drawing_offscreen() -> Iterator[None]:
    """Matplotlib without a display, its settings private to this document."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.use("agg")
        yield


def _stopped(cell: Cell, error: BaseException, namespace: Mapping[str, Any]) -> BaseException:
    """What to raise when a cell stops: our words, the author's line, no values."""
    if isinstance(error, KeyboardInterrupt):
        return error
    name = f"cell '{cell.label}'" if cell.label else "cell"
    number = cell.line.number + _line_in_cell(error, namespace)
    place = type(cell.line)(cell.line.path, number, "")
    return RenderFault.of([place.fault(f"the {name} stopped: {_said(error)}")])


def _line_in_cell(error: BaseException, namespace: Mapping[str, Any]) -> int:
    """The cell's own line that was running, counted from 1; 0 when there is none."""
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    numbers = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals is namespace and "ipython-input" in trace.tb_frame.f_code.co_filename:
            numbers.append(trace.tb_lineno)
        trace = trace.tb_next
    return numbers[0] if numbers else 0


def _said(error: BaseException) -> str:
    """The error's name, with its message only where that cannot quote data."""
    ours = type(error).__module__.split(".")[0] == "pipelines"
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {message}" if ours or isinstance(error, _SPEAKABLE) else type(error).__name__
