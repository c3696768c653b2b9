"""A matplotlib figure as a picture whose bytes depend on the figure alone."""

from io import BytesIO
from typing import Any

# One picture of a scatter of thousands would weigh more than the report: above this it becomes pixels.
LARGEST_SVG = 600_000
_SETTINGS: dict[Any, Any] = {"svg.hashsalt": "pilotlens", "svg.fonttype": "path"}


def picture(figure: Any) -> tuple[str, bytes]:
    """Return (suffix, bytes). SVG is sharp at any zoom and needs no font where it is read."""
    import matplotlib

    with matplotlib.rc_context(_SETTINGS):
        # Creator and Date would put the version and the hour of rendering into the bytes.
        svg = _saved(figure, "svg", metadata={"Date": None, "Creator": None})
        if len(svg) <= LARGEST_SVG:
            return "svg", svg
        return "png", _saved(figure, "png", dpi=200, metadata={"Software": None})


def _saved(figure: Any, kind: str, **options: Any) -> bytes:
    stream = BytesIO()
    figure.savefig(stream, format=kind, bbox_inches="tight", **options)
    return stream.getvalue()


def open_figures() -> list[Any]:
    """Figures that pyplot holds; none when nobody imported pyplot."""
    import sys

    pyplot = sys.modules.get("matplotlib.pyplot")
    return [pyplot.figure(number) for number in pyplot.get_fignums()] if pyplot else []


def close_figures() -> None:
    """Forget pyplot's figures, so that the next cell starts empty."""
    import sys

    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot:
        pyplot.close("all")
