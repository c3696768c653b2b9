"""One format of one report without Quarto: run, weave, convert, typeset."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.reporting.renderer.document import Document
from pipelines.reporting.renderer.execution import run
from pipelines.reporting.renderer.formats import Format, rendering
from pipelines.reporting.renderer.pandoc import Titles, convert
from pipelines.reporting.renderer.settings import settings_for
from pipelines.reporting.renderer.typeset import typeset
from pipelines.reporting.renderer.weave import weave


def produce(document: Document, output: Format, parameters: Mapping[str, Any], titles: Titles) -> bytes:
    """The bytes of the finished file."""
    settings = settings_for(document, output, parameters)
    with tempfile.TemporaryDirectory(prefix="pilotlens-") as name, rendering(output):
        work = Path(name).resolve()
        cells = run(document, {**parameters, "pilotlens_format": output}, evaluate=settings.evaluate)
        text = convert(weave(cells, work, settings), output, document, settings, titles, work)
        if output == "html":
            return text.encode("utf-8")
        (work / "main.typ").write_text(text, "utf-8")
        source_date = parameters.get("source_date")
        return typeset(work / "main.typ", document.path.name, str(source_date) if source_date else None)
