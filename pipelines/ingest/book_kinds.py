"""Which kind of workbook a file is, by its content and not by its name; what is none is said to be what it seems."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from pipelines.ingest.sheets import Book, damaged, too_large, unpacked_too_large
from pipelines.refusal import Refusal

LARGEST_FILE = 200 * 1024 * 1024
LARGEST_CONTENT = 1024 * 1024 * 1024
"""Of all that is packed in it."""
OLD = re.compile(rb"\x09[\x00\x02\x04\x08]")
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
RESAVE = 'Open it in a spreadsheet program, check what it shows, and save it as "Excel workbook (.xlsx)".'


def open_book(path: Path) -> Book:
    """Open a workbook of any kind that is read here."""
    start = _start(path)
    if start.startswith(b"PK"):
        return _packed(path)
    if start.startswith(COMPOUND):
        return _compound(path)
    if OLD.match(start):
        return _old(path)
    raise _another_kind(path, start)


def _start(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError:
        start, size = b"", -1
    if size < 0:
        raise Refusal(f"{path.name} cannot be opened.", "May you read it, and is it still there?")
    if not start:
        raise Refusal(f"{path.name} is empty (0 bytes).", "Ask the provider to send it again.")
    if size > LARGEST_FILE:
        raise too_large(path, f"more than {LARGEST_FILE // 2**20} MB")
    return start


def _packed(path: Path) -> Book:
    """Open an XLSX or ODS; a package that holds something else is refused as such."""
    from pipelines.ingest.ods_books import OdsBook
    from pipelines.ingest.xlsx_books import XlsxBook

    names = _names(path)
    if any(name.endswith("xl/workbook.bin") for name in names):
        raise Refusal(f"{path.name} is a binary workbook (XLSB), a kind that is not read here.", RESAVE)
    if "content.xml" in names:
        return OdsBook(path)
    if any(name.startswith("word/") for name in names):
        raise Refusal(f"{path.name} is a Word document, not a workbook.", "Ask the provider for the workbook.")
    if "_rels/.rels" in names or "xl/workbook.xml" in names:
        return XlsxBook(path)
    raise Refusal(
        f"{path.name} is a zip file without a workbook's parts.", "Unpack it, or ask for the workbook itself."
    )


def _names(path: Path) -> set[str]:
    """Return the names of the parts; refuse a package that would unpack into too much."""
    try:
        with zipfile.ZipFile(path) as packed:
            infos = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        infos = None
    if infos is None:
        raise damaged(path, "it is cut short or broken")
    if sum(info.file_size for info in infos) > LARGEST_CONTENT:
        raise unpacked_too_large(path, LARGEST_CONTENT)
    names = [info.filename.replace("\\", "/").lower().lstrip("/") for info in infos]
    if len(set(names)) < len(names):
        raise damaged(path, "it holds a part twice")  # two readers would take different ones
    return set(names)


def _compound(path: Path) -> Book:
    """Open an XLS; the same container holds workbooks with a password, and Word's old documents."""
    content = path.read_bytes()
    if not any(name.encode("utf-16-le") in content for name in ("Workbook", "Book", "WORKBOOK", "BOOK")):
        if "Encrypt".encode("utf-16-le") in content:
            raise Refusal(f"{path.name} is locked with a password.", "Ask the provider to send it without one.")
        word = "WordDocument".encode("utf-16-le") in content
        what = "is a Word document, not a workbook" if word else "holds no workbook"
        raise Refusal(f"{path.name} {what}.", "Ask the provider for the workbook.")
    return _old(path)


def _old(path: Path) -> Book:
    from pipelines.ingest.xls_books import XlsBook

    return XlsBook(path)


def _another_kind(path: Path, start: bytes) -> Refusal:
    """Say what a file that is no workbook seems to be."""
    text = start.lstrip(b"\xef\xbb\xbf\xff\xfe\r\n\t ").replace(b"\0", b"").lower()
    if text.startswith(b"%pdf"):
        return Refusal(f"{path.name} is a PDF, not a workbook.", "Ask the provider for the workbook.")
    if b"office:spreadsheet" in text or b"excel.sheet" in text:
        return Refusal(f"{path.name} is a workbook saved as XML, a kind that is not read here.", RESAVE)
    if text.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<meta")) or b"<table" in text:
        return Refusal(f"{path.name} is a web page (HTML), whatever its name says.", RESAVE)
    if text.startswith(b"<"):
        return Refusal(f"{path.name} is an XML file, not a workbook.", RESAVE)
    if _reads_as_text(text):
        return Refusal(f"{path.name} is a text file, perhaps a CSV.", "Ask for it with the ending .csv, or as XLSX.")
    return Refusal(f"{path.name} cannot be opened as a workbook.", "Is it damaged, or locked with a password?")


def _reads_as_text(text: bytes) -> bool:
    control = sum(1 for byte in text if byte < 32 and byte not in b"\t\r\n\f")
    return bool(text) and control == 0
