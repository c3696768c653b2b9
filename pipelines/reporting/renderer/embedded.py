"""One format of one report without Quarto: run, weave, convert, typeset."""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.reporting.renderer.document import Document
from pipelines.reporting.renderer.execution import run
from pipelines.reporting.renderer.faults import RenderFault
from pipelines.reporting.renderer.formats import Format, rendering
from pipelines.reporting.renderer.pandoc import Titles, convert
from pipelines.reporting.renderer.settings import settings_for
from pipelines.reporting.renderer.typeset import typeset
from pipelines.reporting.renderer.weave import weave

# What makes a browser load something: only pictures that lie in the page itself may.
_LOADS = re.compile(
    r"<(?:img|script|iframe|audio|video|source|embed|object|link)\b[^>]*?\b(?:src|srcset|href|data|poster)\s*=\s*[\"']?"
    r"(?!data:)(?P<what>[^\"'\s>]{1,60})|@import\s+(?P<sheet>\S{1,60})|url\(\s*[\"']?(?P<url>(?:https?:)?//[^)\"']{1,60})",
    re.IGNORECASE,
)


def produce(document: Document, output: Format, parameters: Mapping[str, Any], titles: Titles) -> bytes:
    """The bytes of the finished file."""
    settings = settings_for(document, output, parameters)
    with tempfile.TemporaryDirectory(prefix="pilotlens-") as name, rendering(output):
        work = Path(name).resolve()
        cells = run(document, {**parameters, "pilotlens_format": output}, evaluate=settings.evaluate)
        text = convert(weave(cells, work, settings), output, document, settings, titles, work)
        if output == "html":
            _check_self_contained(text, document)
            return text.encode("utf-8")
        (work / "main.typ").write_text(text, "utf-8")
        source_date = parameters.get("source_date")
        return typeset(work / "main.typ", document.path.name, str(source_date) if source_date else None)


def _check_self_contained(page: str, document: Document) -> None:
    """A report makes no request: what it shows is in it."""
    found = _LOADS.search(page)
    if found:
        what = found["what"] or found["sheet"] or found["url"]
        line = document.find(what)
        raise RenderFault.of([line.fault(f"the page would load {what}; put pictures in by ![](file) and nothing else")])
