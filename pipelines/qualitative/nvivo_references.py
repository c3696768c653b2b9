"""NVivo's references of one code, as it exports them to text or Word: passages under the name of their file.

Each file begins with its path in the project, how many passages were coded and how much of it they are; each passage
with a line of its own. Words differ between languages of the interface, signs do not. Who coded is not told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pipelines.qualitative.models import NotReadable, UnreadableProject
from pipelines.qualitative.offsets import decode
from pipelines.qualitative.refi_elements import Deviations
from pipelines.qualitative.segments import SHARED, Segment
from pipelines.qualitative.transcripts import LARGEST, word_text

# <Files\\Interviews\\Talk 1> - § 2 references coded [ 6.78% Coverage]
_FILE = re.compile(
    r"<?([^<>\n]{1,500}?)>?\s+[-\u2013]\s+\u00a7\s*(\d+)\s+[^\n\[\]]+\[[^\n\]\d]*[\d.,]+\s*%[^\n\]]*\]\s*"
)
# Reference 1 - 5.80% Coverage; References 2-3 - 0.98% Coverage
# In some languages the word for coverage comes first.
_PASSAGE = re.compile(
    r"\w+\s+(\d+)(?:\s*[-\u2013]\s*(\d+))?\s+[-\u2013]\s+(?:[\d.,]+\s*%\s*\w+|\w+:?\s+[\d.,]+\s*%)\s*"
)
# Page 1 : (136,153) - (502,293)
_AREA = re.compile(r"\w+\s+\d+\s*:\s*\(\d+,\s*\d+\)\s*[-\u2013]\s*\(\d+,\s*\d+\)")
_NAME = re.compile(r"(?:name|nom|nombre|nome)\s*:\s*(\S.*)", re.IGNORECASE)
_WITHIN = re.compile(r"\\+")
_SIGNS = (b"\xc2\xa7", b"\xa7")

_NO_CODER = "NVivo's list of references does not say who coded, nor where: its REFI-QDA project (.qdpx) does"
_NO_PATH = "NVivo's list of references names its code without those above it"
_SEVERAL = "a passage that several people coded alike counts once: the list does not say who they are"
_NOT_READ = "an area of a page or picture is not read"


class References(NamedTuple):
    """The lines of a list of references, and the code that they are of."""

    code: str
    lines: Sequence[str]


def references_in(path: Path, label: str, encoding: str = "") -> References | None:
    """Return what an export of one code's references holds; None where a file is none.

    Parameters
    ----------
    path
        A text file, or a Word document.
    label
        What messages call it; its stem names the code where the file does not, as NVivo names its exports.
    encoding
        Of a text file, where its bytes do not say.

    Raises
    ------
    UnreadableProject
        It is such a list, and something in it is not as NVivo writes it: a passage would be lost.
    """
    lines = _text_of(path, encoding).split("\n")
    first = next((k for k, line in enumerate(lines) if _FILE.fullmatch(line)), None)
    if first is None or not any(_PASSAGE.fullmatch(line) for line in lines[first + 1 :]):
        return None
    named = (match[1].strip() for line in lines[:first] if (match := _NAME.fullmatch(line.strip())))
    found = References(next(named, Path(label).stem), lines[first:])
    _insist_complete(found, label)
    return found


def _text_of(path: Path, encoding: str) -> str:
    """Return the text of a file; empty where it can be no list of references."""
    if path.stat().st_size > LARGEST:
        return ""
    content = path.read_bytes()
    try:
        if content.startswith(b"PK"):
            return word_text(path) or ""
        if not any(sign in content for sign in _SIGNS):
            return ""
        return content.decode(encoding).replace("\r\n", "\n") if encoding else decode(content).canonical
    except (NotReadable, UnicodeDecodeError, LookupError):
        return ""


def _insist_complete(found: References, label: str) -> None:
    """Refuse a list whose files have other numbers of passages than they say."""
    for number, (_, declared, passages) in enumerate(_files(found.lines), start=1):
        held = sum(last - first + 1 for first, last, _ in passages)
        if held != declared:
            raise UnreadableProject(
                f"{label} cannot be read: file {number} in it announces {declared} references, and {held} are there. "
                "Export the references again, or the project as REFI-QDA (.qdpx)."
            )


def _files(lines: Sequence[str]) -> Iterator[tuple[str, int, list[tuple[int, int, str]]]]:
    """Yield each file's path, how many references it announces, and its passages with the numbers they count as."""
    starts = [(k, match) for k, line in enumerate(lines) if (match := _FILE.fullmatch(line))]
    for (start, match), end in zip(starts, [*(k for k, _ in starts[1:]), len(lines)], strict=True):
        yield match[1].strip(), int(match[2]), list(_passages(lines[start + 1 : end]))


def _passages(lines: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    starts = [(k, match) for k, line in enumerate(lines) if (match := _PASSAGE.fullmatch(line))]
    for (start, match), end in zip(starts, [*(k for k, _ in starts[1:]), len(lines)], strict=True):
        first = int(match[1])
        yield first, int(match[2] or first), "\n".join(lines[start + 1 : end]).strip()


def reference_segments(found: References, deviations: Deviations) -> list[Segment]:
    """Return the passages of a list; folders of the project are groups of its documents."""
    deviations.add(_NO_CODER)
    deviations.add(_NO_PATH)
    segments: list[Segment] = []
    paths = {name: [part for part in _WITHIN.split(name) if part] for name, _, _ in _files(found.lines)}
    named = Counter(path[-1] for path in paths.values())
    if max(named.values(), default=0) > 1:
        deviations.add(SHARED)
    for name, _, passages in _files(found.lines):
        *folders, document = paths[name]
        if named[document] > 1 and folders:
            document = f"{folders[-1]} / {document}"
        for first, last, words in passages:
            if last > first:
                deviations.add(_SEVERAL)
            if not words or _AREA.match(words):
                deviations.add(_NOT_READ)
                continue
            key = f"{len(segments) + 1}"
            segments.append(Segment(key, document, ((found.code,),), words, groups=tuple(folders[1:])))
    return segments
