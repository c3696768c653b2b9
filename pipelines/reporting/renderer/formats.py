"""Which output a cell is being run for: `html` or `typst`."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Literal

Format = Literal["html", "typst"]
_current: ContextVar[Format | None] = ContextVar("pilotlens_format", default=None)


_asked: ContextVar[list[Format] | None] = ContextVar("pilotlens_format_asked", default=None)


def current_format() -> Format:
    """The format being rendered, in the embedded renderer and under Quarto; `html` where nobody says."""
    asked, current = _asked.get(), _current.get()
    if asked is not None and current:
        asked.append(current)
    return _current.get() or _quarto_format()


@contextmanager
def rendering(output: Format) -> Iterator[None]:
    """Make `current_format()` say `output` inside the block."""
    token = _current.set(output)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def asking() -> Iterator[list[Format]]:
    """Give a list that is empty as long as nobody has asked inside the block for the format."""
    asked: list[Format] = []
    token = _asked.set(asked)
    try:
        yield asked
    finally:
        _asked.reset(token)


def _quarto_format() -> Format:
    """Quarto describes the run in a JSON file that QUARTO_EXECUTE_INFO names."""
    try:
        info = json.loads(Path(os.environ["QUARTO_EXECUTE_INFO"]).read_text("utf-8"))
        target = str(info["format"]["pandoc"]["to"])
    except (KeyError, TypeError, OSError, ValueError):
        return "html"
    return "typst" if target.startswith("typst") else "html"
