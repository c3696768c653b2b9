"""The same report by Quarto (1.9 or later), where it is installed.

Each render works on its own copy of the project, so that two sites never share Quarto's intermediate files.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipelines.reporting.renderer.faults import RenderFault
from pipelines.reporting.renderer.formats import Format
from pipelines.reporting.renderer.pandoc import Titles
from pipelines.reporting.renderer.settings import project_of

_SUFFIX: dict[Format, str] = {"html": "html", "typst": "pdf"}
_IGNORED = shutil.ignore_patterns(".quarto", "_site", "*_files", "__pycache__")


def find() -> str | None:
    """Quarto's program: QUARTO_PATH (the program or its folder), else on PATH, else None: render without it."""
    named = os.environ.get("QUARTO_PATH")
    if not named:
        return shutil.which("quarto")
    program = shutil.which("quarto", path=named) or shutil.which(named)
    if program is None:
        raise RenderFault("QUARTO_PATH names no quarto program")
    return program


def produce(program: str, source: Path, output: Format, parameters: Mapping[str, Any], titles: Titles) -> bytes:
    """The bytes of the file that Quarto made."""
    with tempfile.TemporaryDirectory(prefix="pilotlens-") as name:
        copy = _copied(source, Path(name).resolve() / "reports")
        values = copy.parent / "pilotlens-parameters.yml"
        with values.open("w", encoding="utf-8") as stream:
            YAML(typ="safe", pure=True).dump({**parameters, "pilotlens_format": output}, stream)
        finished = copy.with_suffix(f".{_SUFFIX[output]}")
        _run(command(program, copy, output, values, parameters, titles), copy.parent, source.name)
        if not finished.is_file():
            raise RenderFault(f"{source.name}: Quarto ended without writing {finished.name}")
        return finished.read_bytes()


def command(
    program: str, copy: Path, output: Format, values: Path, parameters: Mapping[str, Any], titles: Titles
) -> list[str]:
    """Parameters do not reach YAML metadata, so titles and banner also go by -M."""
    metadata = {
        "title": titles.title,
        "subtitle": titles.subtitle,
        "lang": titles.lang,
        "page-banner": parameters.get("page_banner"),
    }
    flags = [flag for name, value in metadata.items() if value for flag in ("-M", f"{name}:{value}")]
    target = copy.with_suffix(f".{_SUFFIX[output]}").name
    return [
        *(program, "render", copy.name, "--to", output, "--output", target),
        *("--execute-params", str(values), *flags),
    ]


def _copied(source: Path, folder: Path) -> Path:
    """Copy the project, and the report with it when it lies outside; return the report's copy."""
    project = project_of(source)
    shutil.copytree(project, folder, ignore=_IGNORED)
    inside = source.resolve().is_relative_to(project)
    copy = folder / (source.resolve().relative_to(project) if inside else source.name)
    if not inside:
        shutil.copy(source, copy)
    return copy


def _run(arguments: list[str], folder: Path, report: str) -> None:
    # The kernel must be this Python: it holds pipelines and everything the cells import.
    environment = {**os.environ, "QUARTO_PYTHON": sys.executable, "SOURCE_DATE_EPOCH": "946684800"}
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode:
        # Quarto prints the traceback of a failed cell, which may quote values: its words stay here.
        raise RenderFault(f"{report}: Quarto stopped with code {done.returncode}; run 'quarto render' on it to see why")
