"""A `.qmd` file as lines that know where they came from, a header, and cells. No judgement (lint), no running."""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import jupytext
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipelines.reporting.renderer.faults import Fault, RenderFault

INCLUDE = re.compile(r"^\s*\{\{<\s*include\s+(\S+)\s*>\}\}\s*$")
_FENCE = re.compile(r"^ {0,3}(?P<mark>`{3,}|~{3,})\s*(?P<info>.*?)\s*$")
_OPTION = re.compile(r"^#\|\s?(.*)$")


@dataclass(frozen=True)
class Line:
    """One line of the report after includes, and where its author finds it."""

    path: Path
    number: int
    text: str

    def fault(self, message: str) -> Fault:
        """A fault at this line."""
        return Fault(self.path, self.number, message)


@dataclass(frozen=True)
class Chunk:
    """A fenced block: `info` is what follows the opening fence, `first` and `last` index the fence lines."""

    info: str
    first: int
    last: int
    closed: bool


@dataclass(frozen=True)
class Cell:
    """A run of Markdown, or code to run. `line` is the opening fence of code."""

    kind: Literal["markdown", "code"]
    source: str
    line: Line
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The cell's label, or nothing."""
        return str(self.options.get("label", ""))

    @property
    def tags(self) -> tuple[str, ...]:
        """The cell's tags, written as one word or as a list."""
        tags = self.options.get("tags", [])
        return (tags,) if isinstance(tags, str) else tuple(tags)


@dataclass(frozen=True)
class Document:
    """The whole source of one report."""

    path: Path
    lines: tuple[Line, ...]

    @cached_property
    def header_end(self) -> int:
        """Index of the first line after the YAML header."""
        if not self.lines or self.lines[0].text.strip() != "---":
            return 0
        ends = (i for i, line in enumerate(self.lines[1:], 1) if line.text.strip() in ("---", "..."))
        return next(ends, 0) + 1

    @cached_property
    def header(self) -> Mapping[str, Any]:
        """The YAML header."""
        text = "\n".join(line.text for line in self.lines[1 : max(self.header_end - 1, 1)])
        return read_yaml(text, self.lines[0]) if text and self.header_end else {}

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """Every fenced block."""
        return tuple(_chunks(self.lines, self.header_end))

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Cells in order, split by jupytext; their lines come from `chunks`, which jupytext does not keep."""
        text = "\n".join(line.text for line in self.lines[self.header_end :])
        # comment_magics off: a comment such as "# !note" must stay a comment, not become a shell command.
        notebook = jupytext.reads(text, fmt={"extension": ".Rmd", "comment_magics": False})
        starts = iter([self.lines[chunk.first] for chunk in self.chunks if is_python(chunk.info)])
        return tuple(self._cell(cell.cell_type, cell.source, starts) for cell in notebook.cells)

    def _cell(self, kind: str, source: str, starts: Iterator[Line]) -> Cell:
        if kind != "code":
            return Cell("markdown", source, self.lines[0])
        line = next(starts, self.lines[0])
        return Cell("code", source, line, cell_options(source, line))

    def find(self, text: str) -> Line:
        """The first line that holds `text`, for faults that only know a label; the first line when there is none."""
        return next((line for line in self.lines if text in line.text), self.lines[0])

    def defining(self, label: str) -> Line:
        """The line that gives something its label, else the first that mentions it."""
        pattern = re.compile(rf"(^#\|\s*label:\s*|#){re.escape(label)}\b")
        return next((line for line in self.lines if pattern.search(line.text)), self.find(label))


def is_python(info: str) -> bool:
    """Whether a fence opens a cell to run."""
    return re.match(r"\{\s*python\b", info) is not None


def read_document(source: Path) -> Document:
    """Read a report with its includes."""
    lines = tuple(_read_lines(source, ()))
    return Document(source, lines or (Line(source, 1, ""),))


def cell_options(source: str, line: Line) -> Mapping[str, Any]:
    """The `#|` lines at the top of a cell, as YAML."""
    options = []
    for text in source.splitlines():
        match = _OPTION.match(text)
        if match is None:
            break
        options.append(match[1])
    return read_yaml("\n".join(options), line)


def read_yaml(text: str, line: Line) -> Mapping[str, Any]:
    """A YAML mapping; a fault at `line` where it is none."""
    try:
        content = copy.deepcopy(_loaded(text))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Fault(line.path, line.number + (mark.line + 1 if mark else 0), "this is not valid YAML")
        raise RenderFault.of([place]) from None
    if not isinstance(content, dict):
        raise RenderFault.of([line.fault("options must be written 'name: value'")])
    return content


@lru_cache(maxsize=1024)
def _loaded(text: str) -> Any:
    """The same few hundred options stand in every report of every site, and are read by whoever judges and runs it."""
    return YAML(typ="safe", pure=True).load(text) or {}


def _read_lines(path: Path, parents: tuple[Path, ...]) -> Iterator[Line]:
    """Lines of a file with `{{< include file >}}` replaced by that file, as Quarto does it."""
    for number, text in enumerate(_text(path, parents).splitlines(), 1):
        match = INCLUDE.match(text)
        if match is None:
            yield Line(path, number, text)
            continue
        target = path.parent / match[1]
        if target in (*parents, path) or not target.is_file():
            raise RenderFault.of([Fault(path, number, f"cannot include {match[1]}: missing, or it includes itself")])
        yield from _read_lines(target, (*parents, path))


def _text(path: Path, parents: tuple[Path, ...]) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise RenderFault(f"{path.name}: cannot be read as UTF-8 text") from None


def _chunks(lines: tuple[Line, ...], start: int) -> Iterator[Chunk]:
    """Fenced blocks outside one another."""
    opened: tuple[int, str, str] | None = None
    for index in range(start, len(lines)):
        match = _FENCE.match(lines[index].text)
        if match is None:
            continue
        mark, info = match["mark"], match["info"]
        if opened is None:
            opened = (index, mark, info)
        elif mark.startswith(opened[1]) and not info:
            yield Chunk(opened[2], opened[0], index, True)
            opened = None
    if opened is not None:
        yield Chunk(opened[2], opened[0], len(lines) - 1, False)
