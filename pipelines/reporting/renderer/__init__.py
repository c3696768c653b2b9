"""Renders a Quarto file to HTML and PDF: with Quarto where it is installed, else from Quarto's own parts.

In: one `.qmd` file, parameters, a title, two targets. Out: the files, or a `RenderFault` in plain words and the old
files untouched. What a `.qmd` file may hold is written in `lint`. Nothing here knows what a report is about.
"""

from pipelines.reporting.renderer.faults import Fault, RenderFault
from pipelines.reporting.renderer.formats import current_format
from pipelines.reporting.renderer.lint import lint
from pipelines.reporting.renderer.publish import Rendered, render

__all__ = ["Fault", "RenderFault", "Rendered", "current_format", "lint", "render"]
