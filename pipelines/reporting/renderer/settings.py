"""What `_quarto.yml` and a report's header settle, read the way Quarto merges them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.reporting.renderer.document import Document, Line, read_yaml
from pipelines.reporting.renderer.formats import Format

PROJECT_FILE = "_quarto.yml"


@dataclass(frozen=True)
class Settings:
    """Settings of one format of one report."""

    project: Path
    css: tuple[Path, ...]
    toc: bool
    toc_depth: int
    toc_title: str
    number_sections: bool
    echo: bool
    warning: bool
    evaluate: bool
    page_banner: str
    date: str


def project_of(source: Path) -> Path:
    """The Quarto project a file belongs to: the nearest folder with `_quarto.yml`, else the reports that ship here."""
    for folder in source.resolve().parents:
        if (folder / PROJECT_FILE).is_file():
            return folder
    return Path(__file__).resolve().parents[3] / "reports"


def settings_for(document: Document, output: Format, parameters: Mapping[str, Any]) -> Settings:
    """Merge project, format, header and parameters; the later wins."""
    project = project_of(document.path)
    config = read_yaml((project / PROJECT_FILE).read_text("utf-8"), Line(project / PROJECT_FILE, 0, ""))
    merged = {**config, **(config.get("format", {}).get(output) or {}), **document.header}
    execute = {**(config.get("execute") or {}), **(document.header.get("execute") or {})}
    return Settings(
        project=project,
        css=tuple(project / name for name in _listed(merged.get("css"))),
        toc=bool(merged.get("toc", False)),
        toc_depth=int(merged.get("toc-depth", 2)),
        toc_title=str(merged.get("toc-title", "Contents")),
        number_sections=bool(merged.get("number-sections", False)),
        echo=bool(execute.get("echo", True)),
        warning=bool(execute.get("warning", True)),
        evaluate=bool(execute.get("eval", True)),
        page_banner=str(parameters.get("page_banner") or merged.get("page-banner") or ""),
        date=str(merged.get("date") or ""),
    )


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])
