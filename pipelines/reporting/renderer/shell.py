"""An IPython shell in this process that keeps what cells show, says nothing itself and leaves no trace.

A kernel a report costs four seconds, this milliseconds. What a document is and how a fault is told is in execution.
"""

import copy
import io
import sys
import tempfile
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

Kind = Literal["stdout", "stderr", "markdown", "html", "svg", "png", "text"]
# The first of these that an object offers is what is shown.
_MEDIA: tuple[tuple[str, Kind], ...] = (
    ("text/markdown", "markdown"),
    ("text/html", "html"),
    ("image/svg+xml", "svg"),
    ("image/png", "png"),
    ("text/plain", "text"),
)


@dataclass(frozen=True)
class Output:
    """One thing a cell showed."""

    kind: Kind
    content: str | bytes


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


class Shell(InteractiveShell):
    """A shell that prints nothing of its own and keeps what cells show, in order."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)

    def init_virtualenv(self) -> None:
        """Leave the module path alone: IPython would look for another environment, warn of it, and load from it."""

    def init_display_formatter(self) -> None:
        """Replace IPython's formatter; called while the shell is made."""
        self.display_formatter = _Formatter(parent=self)
        self.outputs: list[Output] = []
        self.drawn: set[int] = set()

    def showtraceback(self, *_: Any, **__: Any) -> None:
        """Say nothing: a traceback quotes values."""

    showsyntaxerror = showtraceback
    showindentationerror = showtraceback

    def assign(self, parameters: Mapping[str, Any]) -> None:
        """Set variables, as copies: a cell that changes one must not change it for the next format."""
        self.user_ns.update(copy.deepcopy(dict(parameters)))

    def show(self, data: Mapping[str, Any]) -> None:
        """Keep the best form of what an object offers."""
        for media, kind in _MEDIA:
            if media in data:
                self.outputs.append(Output(kind, data[media]))
                return

    def draw(self, figure: Any) -> dict[str, Any]:
        """A figure as media, the first time a cell shows it."""
        if id(figure) in self.drawn:
            return {}
        self.drawn.add(id(figure))
        suffix, content = figures.picture(figure)
        return {"image/svg+xml" if suffix == "svg" else "image/png": content}

    def run(self, code: str) -> tuple[Output, ...]:
        """Run code and return what it showed, pyplot's open figures last. What stopped it is raised as it is."""
        self.outputs, self.drawn = [], set()
        with redirect_stdout(_Stream(self, "stdout")), redirect_stderr(_Stream(self, "stderr")):
            result = self.run_cell(code, store_history=False)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            figures.close_figures()
            raise error
        for figure in figures.open_figures():
            self.show(self.draw(figure))
        figures.close_figures()
        return tuple(self.outputs)


class _Stream(io.TextIOBase):
    """A text stream that joins what is written into the shell's last output of its kind."""

    def __init__(self, shell: Shell, kind: Literal["stdout", "stderr"]) -> None:
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
def fresh_shell() -> Iterator[Shell]:
    """A fresh shell that leaves the process as it found it."""
    with ExitStack() as stack:
        stack.enter_context(_drawing_offscreen())
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="pilotlens-"))
        stack.callback(_restore_singletons())
        config = Config({"HistoryManager": {"enabled": False}})
        # display() asks for the singleton, so this shell must be it while the cells run.
        shell = Shell.instance(config=config, ipython_dir=folder, user_ns={"__name__": "__main__"})
        yield shell


def _restore_singletons() -> Callable[[], None]:
    """Take the process's shell and `__main__` aside; return the function that puts them back."""
    before: Any = InteractiveShell._instance
    main = sys.modules["__main__"]
    if before is not None:
        type(before).clear_instance()

    def restore() -> None:
        Shell.clear_instance()
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
