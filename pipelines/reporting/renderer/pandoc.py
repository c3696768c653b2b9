"""One call of pandoc: Markdown in, HTML or Typst out, through the project's Lua filter."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pypandoc

from pipelines.reporting.renderer.document import Document
from pipelines.reporting.renderer.faults import Fault, RenderFault
from pipelines.reporting.renderer.formats import Format
from pipelines.reporting.renderer.settings import Settings

_TEMPLATES: dict[Format, str] = {"html": "theme/embedded.html", "typst": "typst/embedded.typ"}
_FILTER = "filters/pilotlens.lua"
# The filter reports faults one a line: a mark, what to look for in the source, the words.
_FAULT = re.compile(r"^PILOTLENS-FAULT\t(?P<label>[^\t]*)\t(?P<message>.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Titles:
    """What stands on the title block."""

    title: str
    subtitle: str
    lang: str


def convert(markdown: str, output: Format, document: Document, settings: Settings, titles: Titles, work: Path) -> str:
    """Convert woven Markdown; pictures are read from `work`, other images from the report's folder."""
    command = [*_command(output, settings, titles), f"--resource-path=.:{document.path.resolve().parent}"]
    if output == "html":
        command.append(f"--include-in-header={_style(settings, work)}")
    done = subprocess.run(command, input=markdown, capture_output=True, text=True, encoding="utf-8", cwd=work)
    faults = list(_faults(done.stderr, document))
    if faults:
        raise RenderFault.of(faults)
    if done.returncode or "[WARNING]" in done.stderr:
        raise RenderFault(f"{document.path.name}: pandoc refused it: {done.stderr.strip()[:500]}")
    return done.stdout


def _command(output: Format, settings: Settings, titles: Titles) -> list[str]:
    return [
        _pandoc(),
        "--from=markdown",
        f"--to={'html5' if output == 'html' else 'typst'}",
        "--standalone",
        "--wrap=none",
        "--mathml",
        "--syntax-highlighting=none",
        f"--template={settings.project / _TEMPLATES[output]}",
        f"--lua-filter={settings.project / _FILTER}",
        *_metadata(output, settings, titles),
    ]


def _metadata(output: Format, settings: Settings, titles: Titles) -> Iterator[str]:
    """Titles go by `--metadata`: pandoc takes that as plain text and escapes it for the format."""
    yield "--metadata=pilotlens-embedded=true"
    yield f"--metadata=lang={titles.lang}"
    yield f"--metadata=title={titles.title}"
    optional = {
        "subtitle": titles.subtitle,
        "date": settings.date,
        "page-banner": settings.page_banner,
        "section-numbering": "1.1" if settings.number_sections else "",
    }
    yield from (f"--metadata={name}={value}" for name, value in optional.items() if value)
    if settings.toc:
        # The title is h1 in HTML, so the sections begin one level deeper than in Typst.
        depth = settings.toc_depth + (output == "html")
        yield from ("--toc", f"--toc-depth={depth}", f"--metadata=toc-title={settings.toc_title}")


def _style(settings: Settings, work: Path) -> Path:
    """The style sheets inside the page. Not by --embed-resources, which would fetch what a page names on the web."""
    sheets = "\n".join(path.read_text("utf-8") for path in settings.css)
    path = work / "style.html"
    path.write_text(f"<style>\n{sheets}</style>\n", "utf-8")
    return path


def _faults(stderr: str, document: Document) -> Iterator[Fault]:
    for match in _FAULT.finditer(stderr):
        line = document.defining(match["label"]) if match["label"] else document.lines[0]
        yield line.fault(match["message"])


@cache
def _pandoc() -> str:
    return str(pypandoc.get_pandoc_path())
