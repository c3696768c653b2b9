"""Transcripts that lie beside a table of coded passages: plain texts, and the paragraphs of Word documents."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from xml.etree.ElementTree import Element

from pipelines.qualitative.models import UnreadableProject
from pipelines.qualitative.offsets import SourceText, decode, source_text
from pipelines.qualitative.refi_elements import Deviations, parse
from pipelines.qualitative.safe_zip import SafeZip

ENDINGS = (".txt", ".docx")
LARGEST = 64 * 1024 * 1024
WORD = "word/document.xml"

Transcripts = Callable[[str], SourceText | None]
"""Gives the transcript of a document by its name in the table; None where there is none."""


def no_transcripts(_: str) -> None:
    """Say that there is no transcript."""
    return


def transcripts_of(files: Iterable[tuple[str, Path]]) -> Transcripts:
    """Return what looks up transcripts among files.

    Parameters
    ----------
    files
        What each is called, and where it lies. A document's transcript has its name, case and ending apart; where two
        files do, in two folders, neither is taken, unless the document is called `folder / name`.
    """
    by_name: defaultdict[str, list[Path]] = defaultdict(list)
    for shown, path in files:
        if shown.casefold().endswith(ENDINGS):
            *folders, name = shown.replace("\\", "/").split("/")
            for each in (name, f"{folders[-1]} / {name}") if folders else (name,):
                by_name[known_as(each)].append(path)
    read: dict[str, SourceText] = {}

    def find(name: str) -> SourceText | None:
        key = known_as(name)
        if key not in read and len(by_name.get(key, ())) == 1:
            read[key] = read_transcript(by_name[key][0])
        return read.get(key)

    return find


def beside(path: Path) -> Transcripts:
    """Return what looks up transcripts in a file's folder and the folders in it."""
    found = sorted(each for each in path.parent.rglob("*") if each.suffix.casefold() in ENDINGS and each.is_file())
    return transcripts_of((each.relative_to(path.parent).as_posix(), each) for each in found)


def read_transcript(path: Path) -> SourceText:
    """Return the text of a transcript.

    Raises
    ------
    UnreadableProject
        It is too large, damaged, or neither UTF-8 nor UTF-16; the message names the transcripts by their ending only.
    """
    if path.stat().st_size > LARGEST:
        raise UnreadableProject("a transcript is too large to read.")
    try:
        if path.suffix.casefold() == ".docx":
            text = word_text(path)
            if text is None:
                raise ValueError("it is no Word document")
            return source_text(text)
        return decode(path.read_bytes())
    except ValueError as fault:
        problem = str(fault)
    raise UnreadableProject(f"a transcript ({path.suffix}) cannot be read: {problem}.")


def known_as(name: str) -> str:
    """Return what a document is known by: its name without ending, case, or ways to store accents and blanks."""
    stem = name.strip()
    for ending in (*ENDINGS, ".doc", ".rtf", ".odt", ".pdf", ".md"):
        if stem.casefold().endswith(ending):
            stem = stem[: -len(ending)]
            break
    return " ".join(unicodedata.normalize("NFC", stem).split()).casefold()


def word_text(path: Path) -> str | None:
    """Return the paragraphs of a Word document, one a line; None where a zip is none.

    Raises
    ------
    NotReadable
        It is damaged, or unsafe to open.
    """
    with SafeZip(path) as packed:
        if WORD not in packed.names:
            return None
        root = parse(packed.read(WORD), Deviations()).root
    return "\n".join("".join(_pieces(each)) for each in root.iter("p"))


def _pieces(paragraph: Element) -> Iterable[str]:
    for each in paragraph.iter():
        if each.tag == "t":
            yield each.text or ""
        elif each.tag in ("tab", "br", "cr"):
            yield "\t" if each.tag == "tab" else "\n"
