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


def current_format() -> Format:
    """The format being rendered, in the embedded renderer and under Quarto; `html` where nobody says."""
    return _current.get() or _quarto_format()


@contextmanager
def rendering(output: Format) -> Iterator[None]:
    """Make `current_format()` say `output` inside the block."""
    token = _current.set(output)
    try:
        yield
    finally:
        _current.reset(token)


def _quarto_format() -> Format:
    """Quarto describes the run in a JSON file that QUARTO_EXECUTE_INFO names."""
    try:
        info = json.loads(Path(os.environ["QUARTO_EXECUTE_INFO"]).read_text("utf-8"))
        target = str(info["format"]["pandoc"]["to"])
    except (KeyError, TypeError, OSError, ValueError):
        return "html"
    return "typst" if target.startswith("typst") else "html"
