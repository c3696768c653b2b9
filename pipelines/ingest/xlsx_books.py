"""Workbooks of the XLSX kind (also XLSM): the parts of the package, and its sheets, strings and styles.

The cells of a sheet belong in xlsx_cells.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from pathlib import Path
from typing import Literal

from pipelines.ingest.number_formats import BUILT_IN, PLAIN, NumberFormat, number_format
from pipelines.ingest.sheets import Grid, Sheet, damaged, unpacked_too_large
from pipelines.ingest.xlsx_cells import Meaning, read_cells, unescaped
from pipelines.ingest.xml_events import Enough, Malformed, elements, events

BEGINNING = 1024 * 1024
LARGEST_PART = 256 * 1024 * 1024
"""Unpacked: 1.5 MB can hold 1.5 GB, which keeps a machine busy for minutes."""


class XlsxBook:
    """An opened XLSX workbook."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names = self._members()
        self._main = self._main_part()
        listed = self._elements(self._main)
        self._targets = self._links(self._main)
        self.sheets = tuple(self._sheets(listed))
        properties = next((held for place, held in listed if place[-1] == "workbookPr"), {})
        calculation = next((held for place, held in listed if place[-1] == "calcPr"), {})
        self.from_1904 = properties.get("date1904", "0") in ("1", "true")
        self.never_calculated = calculation.get("fullCalcOnLoad", "0") in ("1", "true")
        macros = any(name.endswith("vbaproject.bin") for name in self._names)
        self.notes: tuple[str, ...] = ("The workbook holds macros; they were not run.",) if macros else ()
        self._meaning: Meaning | None = None

    def grid(self, sheet: str, last_row: int | None = None) -> Grid:
        """Return the cells of a sheet, or only those down to a row."""
        return read_cells(self.path, sheet, self.part(sheet), self.meaning(), last_row)

    def part(self, sheet: str) -> bytes:
        """Return the XML of a sheet."""
        return self._read(self._parts[sheet])

    def size(self, sheet: str) -> int:
        """Return the size of a sheet's XML."""
        with zipfile.ZipFile(self.path) as packed:
            name = self._names.get(self._parts[sheet].lower())
            return packed.getinfo(name).file_size if name else 0

    def beginning(self, sheet: str) -> bytes:
        """Return the beginning of a sheet's XML."""
        try:
            with zipfile.ZipFile(self.path) as packed, packed.open(self._names[self._parts[sheet].lower()]) as part:
                return part.read(BEGINNING)
        except (zipfile.BadZipFile, zlib.error, KeyError, OSError, ValueError, EOFError, NotImplementedError):
            return b""

    def shared(self) -> bytes:
        """Return the XML of the shared strings; there may be none."""
        return self._optional("/sharedStrings", "xl/sharedStrings.xml")

    def meaning(self) -> Meaning:
        """Return what the numbers in cells stand for, read once."""
        if self._meaning is None:
            self._meaning = Meaning(self.strings(), self.formats(), self.from_1904, self.never_calculated)
        return self._meaning

    def _members(self) -> dict[str, str]:
        """Return the parts by their names in small letters; refuse what would unpack into too much."""
        try:
            with zipfile.ZipFile(self.path) as packed:
                infos = packed.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            infos = None
        if infos is None:
            raise damaged(self.path)
        if any(info.file_size > LARGEST_PART and info.filename.lower().endswith((".xml", ".rels")) for info in infos):
            raise unpacked_too_large(self.path, LARGEST_PART)
        if any(info.flag_bits & 1 for info in infos):
            raise damaged(self.path, "its parts are encrypted")
        return {info.filename.replace("\\", "/").lower().lstrip("/"): info.filename for info in infos}

    def _read(self, part: str) -> bytes:
        try:
            with zipfile.ZipFile(self.path) as packed:
                return packed.read(self._names[part.lower()])
        except (zipfile.BadZipFile, zlib.error, KeyError, OSError, ValueError, EOFError, NotImplementedError):
            pass
        raise damaged(self.path, "a part of it is missing or broken")

    def _elements(self, part: str) -> list[tuple[tuple[str, ...], dict[str, str]]]:
        content = self._read(part)
        try:
            return elements(content)
        except Malformed:
            pass
        raise damaged(self.path, "a part of it is broken")

    def _main_part(self) -> str:
        if "_rels/.rels" in self._names:
            for _, link in self._elements("_rels/.rels"):
                if link.get("Type", "").endswith("/officeDocument"):
                    return link.get("Target", "").lstrip("/")
        return "xl/workbook.xml"

    def _links(self, part: str) -> dict[str, tuple[str, str]]:
        """Return type and target of each link of a part."""
        folder, name = posixpath.split(part)
        found: dict[str, tuple[str, str]] = {}
        for _, link in self._elements(f"{folder}/_rels/{name}.rels".lstrip("/")):
            target = posixpath.normpath(posixpath.join("/" + folder, link.get("Target", ""))).lstrip("/")
            found[link.get("Id", "")] = (link.get("Type", ""), target)
        return found

    def _sheets(self, listed: list[tuple[tuple[str, ...], dict[str, str]]]) -> list[Sheet]:
        self._parts: dict[str, str] = {}
        sheets: list[Sheet] = []
        for place, held in listed:
            kind, target = self._targets.get(held.get("id", ""), ("", ""))
            if place[-1] == "sheet" and kind.endswith("/worksheet"):
                self._parts[held["name"]] = target
                state: Literal["visible", "hidden"] = "hidden" if "idden" in held.get("state", "") else "visible"
                sheets.append(Sheet(held["name"], state))
        return sheets

    def _optional(self, kind: str, usual: str) -> bytes:
        """Return a part that a workbook may lack."""
        part = next((target for held, target in self._targets.values() if held.endswith(kind)), usual)
        return self._read(part) if part.lower() in self._names else b""

    def strings(self, limit: int | None = None) -> list[str]:
        """Return the shared strings: runs of rich text joined, readings of Japanese (phonetic runs) left out."""
        content = self.shared() if limit != 0 else b""
        found: list[str] = []
        pieces: list[str] = []
        state = {"text": False, "phonetic": False}

        def start(name: str, _: dict[str, str]) -> None:
            state["text"] = name == "t" and not state["phonetic"]
            state["phonetic"] = state["phonetic"] or name == "rPh"

        def end(name: str) -> None:
            state["text"] = False
            if name == "rPh":
                state["phonetic"] = False
            elif name == "si":
                found.append(unescaped("".join(pieces)))
                pieces.clear()
                if limit and len(found) >= limit:
                    raise Enough

        if content:
            self._events(content, start, end, lambda text: pieces.append(text) if state["text"] else None)
        return found

    def _events(self, content: bytes, *handlers: object) -> None:
        try:
            return events(content, *handlers)  # type: ignore[arg-type]
        except Malformed:
            pass
        raise damaged(self.path, "a part of it is broken")

    def formats(self) -> list[NumberFormat]:
        """Return the number format of each style of cells."""
        content = self._optional("/styles", "xl/styles.xml")
        if not content:
            return []
        codes: dict[int, str] = dict(BUILT_IN)
        numbers: list[int] = []

        def start(place: tuple[str, ...], held: dict[str, str]) -> None:
            if place[-1] == "numFmt" and "dxfs" not in place:
                codes[int(held.get("numFmtId", "0"))] = held.get("formatCode", "")
            if place[-2:] == ("cellXfs", "xf"):
                numbers.append(int(held.get("numFmtId", "0")))

        try:
            for place, held in elements(content):
                start(place, held)
        except (Malformed, ValueError):
            numbers = [-1]
        if numbers == [-1]:
            raise damaged(self.path, "its styles are broken")
        return [number_format(codes[number]) if number in codes else PLAIN for number in numbers]
