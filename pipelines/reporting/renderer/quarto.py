"""The same report by Quarto (1.9 or later), where it is installed.

Each render works on its own copy of the project, so that two sites never share Quarto's intermediate files.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipelines.reporting.renderer.document import read_document
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
        _set_header(copy, parameters, titles)
        values = copy.parent / "pilotlens-parameters.yml"
        with values.open("w", encoding="utf-8") as stream:
            YAML(typ="safe", pure=True).dump({**parameters, "pilotlens_format": output}, stream)
        finished = copy.with_suffix(f".{_SUFFIX[output]}")
        _run(command(program, copy, output, values), copy.parent, source.name)
        if not finished.is_file():
            raise RenderFault(f"{source.name}: Quarto ended without writing {finished.name}")
        return finished.read_bytes()


def command(program: str, copy: Path, output: Format, values: Path) -> list[str]:
    """The command line. Parameters go by file, so that their types survive."""
    target = copy.with_suffix(f".{_SUFFIX[output]}").name
    return [program, "render", copy.name, "--to", output, "--output", target, "--execute-params", str(values)]


def _set_header(copy: Path, parameters: Mapping[str, Any], titles: Titles) -> None:
    """Put titles and banner into the copy's header, where parameters do not reach.

    Not by -M: Quarto reads such a value as YAML, so a title with a colon or a bracket would stop it.
    """
    document = read_document(copy)
    body = copy.read_text("utf-8").splitlines()[document.header_end :]
    words = {"title": titles.title, "subtitle": titles.subtitle, "page-banner": parameters.get("page_banner")}
    header = {**document.header, "lang": titles.lang}
    header |= {name: _literal(str(value)) for name, value in words.items() if value}
    text = io.StringIO()
    YAML(typ="safe", pure=True).dump(header, text)
    copy.write_text("\n".join(["---", text.getvalue().rstrip(), "---", *body, ""]), "utf-8")


def _literal(text: str) -> str:
    """Words that Markdown shows as they are: a header's text is Markdown to Quarto."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


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
