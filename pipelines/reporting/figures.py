"""What every figure shares: style, colours, and the way into the report. Each figure's drawing is in its own module."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.reporting.markup import joined, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Analysis Function colours (afcharts), each above 3:1 on white; dark and light, so a grey print keeps them apart.
COLOURS = {"treatment": "#12436D", "comparison": "#28A197", "everyone": "#3D3D3D"}
INK = "#1A1A1A"
QUIET = "#595959"
PALE = "#BFBFBF"
WIDTH = 6.6
"""Inches: the width of the text on A4."""

_STYLE = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same glyphs on every machine
    "font.size": 9,
    "axes.grid": False,
    "figure.facecolor": "white",
    "xtick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
}


@dataclass(frozen=True)
class Picture:
    """A figure ready for the report."""

    name: str
    """Name that references use, without `fig-`."""
    title: str
    """Caption: an active title built by rule."""
    alt: str
    """The figure in words, for those who do not see it."""
    suffix: str
    """Kind of picture: svg or png."""
    content: bytes
    """The picture; equal evidence gives equal bytes."""


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the house style; drawing and saving both belong inside."""
    import matplotlib
    import matplotlib.style

    with matplotlib.style.context(["afcharts.afcharts", _STYLE]):
        yield


def saved(figure: Figure, name: str, title: str, alt: str) -> Picture:
    """Turn a drawn figure into a picture."""
    from pipelines.reporting.renderer.figures import picture

    suffix, content = picture(figure)
    return Picture(name, title, alt, suffix, content)


def markdown(picture: Picture | None) -> str:
    """Return the figure as a referable block; nothing for a figure that the evidence cannot fill."""
    if picture is None:
        return ""
    return joined(f":::: {{#fig-{picture.name}}}", image(picture), plain(picture.title), "::::")


def image(picture: Picture) -> str:
    """Return the picture alone, inside the document: no file can get lost, none is fetched."""
    kind = "image/svg+xml" if picture.suffix == "svg" else "image/png"
    data = base64.b64encode(picture.content).decode("ascii")
    alt = picture.alt.replace("\\", "").replace('"', "'")
    return f'![](data:{kind};base64,{data}){{fig-alt="{" ".join(alt.split())}"}}'


def wrapped(text: str, width: int) -> str:
    """Break a label into lines."""
    return "\n".join(textwrap.wrap(text, width))
