"""Typst source to a tagged PDF/UA-1 and PDF/A-2a whose bytes repeat."""

import importlib.util
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import typst

from pipelines.reporting.renderer.faults import RenderFault

_CUTS = ("Regular", "It", "Semibold", "SemiboldIt", "Bold", "BoldIt")
STANDARDS: "list[typst.PDFStandard]" = ["ua-1", "a-2a"]
# A PDF must say when it was made. The hour of rendering would change its bytes, so the caller gives a date
# (the parameter source_date) or it is this one.
_UNDATED = date(2000, 1, 1)


def typeset(main: Path, report: str, source_date: str | None) -> bytes:
    """Compile `main`; its folder is all that Typst may read.

    Raises
    ------
    RenderFault
        when Typst refuses, for example for a character no font has.
    """
    try:
        return typst.compile(
            main,
            root=main.parent,
            pdf_standards=STANDARDS,
            timestamp=_timestamp(source_date),
            ignore_system_fonts=True,  # the same fonts, so the same bytes, on every machine
            font_paths=[_fonts(main.parent / "fonts")],
        )
    except typst.TypstError as error:
        hints = "; ".join(error.hints)
        raise RenderFault(f"{report}: Typst refused the PDF: {error.message}{f' ({hints})' if hints else ''}") from None


def _timestamp(source_date: str | None) -> int:
    try:
        day = date.fromisoformat(source_date[:10]) if source_date else _UNDATED
    except ValueError:
        raise RenderFault("the parameter 'source_date' is not a date such as 2026-03-31") from None
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _fonts(folder: Path) -> Path:
    """Put Source Sans Pro from its package into `folder`; without the package Typst's own serif is used.

    The package holds every cut twice (.otf, .ttf). Typst takes the first it finds, in the file system's order: one file
    a cut keeps the bytes the same everywhere.
    """
    folder.mkdir()
    found = importlib.util.find_spec("font_source_sans_pro")
    if found is not None and found.origin is not None:
        for cut in _CUTS:
            shutil.copy(Path(found.origin).parent / "files" / f"SourceSansPro-{cut}.otf", folder)
    return folder
