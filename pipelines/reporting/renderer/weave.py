"""Cells that ran, woven back into one Markdown text. Knows Quarto's cell options; knows nothing of HTML or Typst."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines.reporting.renderer.execution import Ran
from pipelines.reporting.renderer.faults import RenderFault
from pipelines.reporting.renderer.fences import attribute, block, fenced, raw_html
from pipelines.reporting.renderer.settings import Settings
from pipelines.reporting.renderer.shell import Output

# What matplotlib calls return when their value is a cell's last line; the picture is what was meant.
_DRAWING_REPR = re.compile(r"^[\[(]?\s*<|^Text\(|^\(?array\(")


def weave(cells: Iterable[Ran], folder: Path, settings: Settings) -> str:
    """Markdown for pandoc. Pictures are written into `folder` and named in the text."""
    weaver = _Weaver(folder, settings)
    return "\n\n".join(part for ran in cells for part in weaver.parts(ran)) + "\n"


class _Weaver:
    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings = folder, settings
        self.pictures = 0

    def parts(self, ran: Ran) -> Iterator[str]:
        if ran.cell.kind == "markdown":
            yield ran.text
            return
        options = ran.cell.options
        if not options.get("include", True):
            return
        if options.get("echo", self.settings.echo):
            yield fenced(_without_options(ran.cell.source), "python")
        if options.get("output", True) is not False:
            yield from self._outputs(ran)

    def _outputs(self, ran: Ran) -> Iterator[str]:
        """The outputs, inside a figure or table block when the label says so."""
        outputs = _shown(ran, self.settings)
        kind = ran.cell.label.split("-")[0]
        if kind not in ("fig", "tbl") or not outputs:
            yield from (self._output(output, ran) for output in outputs)
            return
        if kind == "fig" and sum(output.kind in ("svg", "png") for output in outputs) > 1:
            raise RenderFault.of([ran.cell.line.fault(f"the cell '{ran.cell.label}' draws more than one figure")])
        caption = str(ran.cell.options.get(f"{kind}-cap", "")).strip()
        parts = [self._output(output, ran) for output in outputs]
        yield block(f"#{ran.cell.label}", *parts, *([caption] if caption else []))

    def _output(self, output: Output, ran: Ran) -> str:
        asis = ran.cell.options.get("output") == "asis"
        content = output.content
        if output.kind == "markdown" or (output.kind == "stdout" and asis):
            return str(content).strip("\n")
        if output.kind == "html":
            return raw_html(str(content))
        if output.kind in ("svg", "png"):
            return self._picture(output, ran)
        return fenced(str(content).rstrip("\n"), "")

    def _picture(self, output: Output, ran: Ran) -> str:
        self.pictures += 1
        name = f"picture-{self.pictures}.{output.kind}"
        content = output.content if isinstance(output.content, bytes) else output.content.encode("utf-8")
        (self.folder / name).write_bytes(content)
        alt = attribute(str(ran.cell.options.get("fig-alt", "")))
        caption = str(ran.cell.options.get("fig-cap", "")).strip()
        image = f'![]({name}){{fig-alt="{alt}"}}'
        if ran.cell.label.startswith("fig-") or not caption:
            return image
        return block(".captioned", image, caption)


def _shown(ran: Ran, settings: Settings) -> list[Output]:
    """Outputs a reader should see."""
    warn = ran.cell.options.get("warning", settings.warning)
    outputs = [output for output in ran.outputs if output.kind != "stderr" or warn]
    if any(output.kind in ("svg", "png") for output in outputs):
        outputs = [o for o in outputs if not (o.kind == "text" and _DRAWING_REPR.match(str(o.content)))]
    return outputs


def _without_options(source: str) -> str:
    return "\n".join(line for line in source.splitlines() if not line.startswith("#|"))
