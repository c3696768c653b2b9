"""`render`: lint, choose the engine, and put the files in place only when all of them succeeded."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipelines.reporting.renderer import embedded, quarto
from pipelines.reporting.renderer.document import read_document
from pipelines.reporting.renderer.faults import RenderFault
from pipelines.reporting.renderer.formats import Format
from pipelines.reporting.renderer.lint import lint
from pipelines.reporting.renderer.pandoc import Titles


@dataclass(frozen=True)
class Rendered:
    """What was rendered, and by what."""

    engine: Literal["quarto", "embedded"]
    html: Path | None
    pdf: Path | None


def render(
    source: Path,
    *,
    parameters: Mapping[str, object],
    title: str,
    html: Path | None,
    pdf: Path | None,
    subtitle: str = "",
    lang: str = "en-GB",
) -> Rendered:
    """Render a report.

    Parameters
    ----------
    source
        The `.qmd` file.
    parameters
        Plain values (text, numbers, true or false, dates, lists and mappings of them) that replace those of the cell
        tagged `parameters`. `page_banner` is repeated on every page; `source_date` (ISO) dates the PDF.
    html, pdf
        Where the files go; None leaves one out. They are replaced together, and only after both succeeded.

    Raises
    ------
    RenderFault
        in plain words, with file and line; the old files are untouched.
    """
    faults = lint(source)
    if faults:
        raise RenderFault.of(faults)
    values = {name: _plain(value, name) for name, value in parameters.items()}
    program = quarto.find()
    both: dict[Format, Path | None] = {"html": html, "typst": pdf}
    targets = {output: target for output, target in both.items() if target is not None}
    titles = Titles(title, subtitle, lang)
    if program:
        made = {output: quarto.produce(program, source, output, values, titles) for output in targets}
    else:
        made = embedded.produce(read_document(source), tuple(targets), values, titles)
    _replace({target: made[output] for output, target in targets.items()})
    return Rendered("quarto" if program else "embedded", html, pdf)


def _plain(value: object, name: str) -> Any:
    """A parameter as YAML can carry it: the same value must reach Quarto and the embedded renderer."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item, name) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, name) for item in value]
    raise RenderFault(f"the parameter '{name}' is a {type(value).__name__}; parameters are plain values")


def _replace(finished: Mapping[Path, bytes]) -> None:
    """Write beside every target, then move all into place: a reader never meets half a report."""
    waiting = {target: target.with_name(f".{target.name}.{os.getpid()}.tmp") for target in finished}
    try:
        for target, temporary in waiting.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(finished[target])
        for target, temporary in waiting.items():
            os.replace(temporary, target)
    finally:
        for temporary in waiting.values():
            temporary.unlink(missing_ok=True)
