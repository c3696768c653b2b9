"""One report without Quarto, in every format that is wanted: run, weave, convert, typeset."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.reporting.renderer.document import Document
from pipelines.reporting.renderer.execution import Ran, run
from pipelines.reporting.renderer.faults import RenderFault
from pipelines.reporting.renderer.formats import Format, asking, rendering
from pipelines.reporting.renderer.pandoc import Titles, convert
from pipelines.reporting.renderer.settings import Settings, settings_for
from pipelines.reporting.renderer.typeset import typeset
from pipelines.reporting.renderer.weave import weave

FORMAT = "pilotlens_format"
"""The parameter that tells the cells for which format they run."""

# What makes a browser load something: only pictures that lie in the page itself may.
_LOADS = re.compile(
    r"<(?:img|script|iframe|audio|video|source|embed|object|link)\b[^>]*?\b(?:src|srcset|href|data|poster)\s*=\s*[\"']?"
    r"(?!data:)(?P<what>[^\"'\s>]{1,60})|@import\s+(?P<sheet>\S{1,60})|url\(\s*[\"']?(?P<url>(?:https?:)?//[^)\"']{1,60})",
    re.IGNORECASE,
)


def produce(
    document: Document, outputs: Sequence[Format], parameters: Mapping[str, Any], titles: Titles
) -> dict[Format, bytes]:
    """The bytes of the finished file of each format.

    The cells run once for all formats, which is most of the work, unless one of them asks for which format it runs.
    """
    finished: dict[Format, bytes] = {}
    shared: list[Ran] | None = None
    for output in outputs:
        settings = settings_for(document, output, parameters)
        ran = shared
        if ran is None:
            with rendering(output), asking() as asked:
                ran = run(document, {**parameters, FORMAT: output}, evaluate=settings.evaluate)
            shared = None if asked or _names_the_format(document) else ran
        finished[output] = _finished(ran, output, document, settings, titles, parameters.get("source_date"))
    return finished


def _names_the_format(document: Document) -> bool:
    return any(FORMAT in line.text for line in document.lines)


def _finished(
    cells: Sequence[Ran], output: Format, document: Document, settings: Settings, titles: Titles, source_date: Any
) -> bytes:
    with tempfile.TemporaryDirectory(prefix="pilotlens-") as name:
        work = Path(name).resolve()
        text = convert(weave(cells, work, settings), output, document, settings, titles, work)
        if output == "html":
            _check_self_contained(text, document)
            return text.encode("utf-8")
        (work / "main.typ").write_text(text, "utf-8")
        return typeset(work / "main.typ", document.path.name, str(source_date) if source_date else None)


def _check_self_contained(page: str, document: Document) -> None:
    """A report makes no request: what it shows is in it."""
    found = _LOADS.search(page)
    if found:
        what = found["what"] or found["sheet"] or found["url"]
        line = document.find(what)
        raise RenderFault.of([line.fault(f"the page would load {what}; put pictures in by ![](file) and nothing else")])
