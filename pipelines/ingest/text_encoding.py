"""The encoding of a text file: told by its own bytes, or pinned in the protocol; never a guess.

Where a text is cut into rows and columns belongs in text_dialect and text_rows.
"""

from __future__ import annotations

import codecs
import io
import mmap
from collections.abc import Iterator
from pathlib import Path

from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal

# The marks of UTF-32 come first: the one of its little-endian kind begins with that of UTF-16.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
BEGINNING = 4096
CHUNK = 1 << 20
ZEROS_THAT_PROVE = 0.4
"""Share of letters that are plain Latin in a UTF-16 text of names and numbers: each has one byte of zero."""


def encoding_of(path: Path, extract: Extract | None) -> str:
    """Return the name of the codec, without a byte order mark's own variant.

    Raises
    ------
    Refusal
        When the file's bytes say another encoding than the protocol pins.
    """
    with path.open("rb") as file:
        start = file.read(BEGINNING)
    told = _by_mark(start) or _by_zeros(start)
    pinned = codecs.lookup(extract.encoding).name if extract and extract.encoding else ""
    if pinned and not told and _has_one_byte_a_letter(pinned) and _is_utf8_beyond_ascii(path):
        told = "utf-8"
    if told and pinned and not _same(pinned, told):
        raise Refusal(
            f"The protocol pins the encoding as {extract.encoding if extract else pinned}, but {path.name} is in "
            f"{spelt(told)}.",
            "Correct the protocol, or ask for the file as agreed.",
        )
    return told or pinned.removesuffix("-sig") or "utf-8"


def spelt(encoding: str) -> str:
    """Return an encoding's name as people write it."""
    return encoding.upper() if encoding.startswith("utf") else encoding


def _by_mark(start: bytes) -> str:
    return next((encoding for mark, encoding in MARKS.items() if start.startswith(mark)), "")


def _by_zeros(start: bytes) -> str:
    """Tell UTF-16 without a mark: every Latin letter has a byte of zero, on the same side; few other letters have."""
    pairs = len(start) // 2
    first, second = start[0::2].count(0), start[1::2].count(0)
    if pairs and second >= ZEROS_THAT_PROVE * pairs and second > 8 * first:
        return "utf-16-le"
    if pairs and first >= ZEROS_THAT_PROVE * pairs and first > 8 * second:
        return "utf-16-be"
    return ""


def _same(pinned: str, told: str) -> bool:
    """Tell whether a pin agrees with the bytes: `utf-16` is either of its kinds."""
    return pinned == told or pinned.removesuffix("-sig") == told or pinned in (told[:6],)


def _has_one_byte_a_letter(encoding: str) -> bool:
    """Tell the 8-bit encodings in which any UTF-8 text can be read too, wrongly and without a fault."""
    every = bytes(range(256))
    plain = every[:128].decode(encoding, "replace") == every[:128].decode("ascii")
    return plain and encoding != "ascii" and len(every.decode(encoding, "replace")) == len(every)


def _is_utf8_beyond_ascii(path: Path) -> bool:
    """Tell a text whose letters beyond ASCII are all whole ones of UTF-8: in an 8-bit encoding that never happens."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    beyond = False
    try:
        for chunk in _chunks(path):
            beyond = beyond or not chunk.isascii()
            decode(chunk)
        decode(b"", True)
    except UnicodeDecodeError:
        return False
    return beyond


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def decoded_lines(path: Path, encoding: str) -> io.TextIOWrapper:
    """Open a text for reading line by line, line ends as they are, without its mark."""
    file = path.open("rb")
    mark = next((mark for mark, name in MARKS.items() if name == encoding), b"")
    if mark and file.read(len(mark)) != mark:
        file.seek(0)
    return io.TextIOWrapper(file, encoding=encoding, newline="")


def beginning(path: Path, encoding: str, most: int) -> tuple[str, bool]:
    """Return the first letters of a text, and whether these are all."""
    with path.open("rb") as file:
        start = file.read(most)
    whole = len(start) == path.stat().st_size
    try:
        return codecs.getincrementaldecoder(encoding)().decode(start, whole).removeprefix("\ufeff"), whole
    except ValueError:
        refusal = not_in(path, encoding)
    raise refusal


def not_in(path: Path, encoding: str) -> Refusal:
    """Say where a file is not in its encoding, and what would read it without a fault."""
    line, byte = _first_fault(path, encoding)
    where = f"{path.name}, line {line}, byte {byte} of the file" if line else path.name
    remedy = "Name its encoding in the protocol, for example `encoding: latin-1`, or ask for it in UTF-8."
    if encoding == "utf-8" and not _first_fault(path, "cp1252")[0]:
        remedy = "It reads without a fault as cp1252; if names look right there, add `encoding: cp1252`."
    return Refusal(f"{where}: not {spelt(encoding)}.", remedy)


def _first_fault(path: Path, encoding: str) -> tuple[int, int]:
    """Return line and byte, both from 1, of the first letter that cannot be read; zeros where all can."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(CHUNK)
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, not chunk)
            except UnicodeDecodeError as error:
                byte = done - held + error.start
                break
            except ValueError:
                return 1, 1
            if not chunk:
                return 0, 0
            done += len(chunk)
    return line_of(path, byte), byte + 1


def line_of(path: Path, byte: int) -> int:
    """Return the line, from 1, in which a byte stands; of a file with CR only, these end the lines."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        ending = b"\n" if content.find(b"\n") >= 0 else b"\r"
        return 1 + sum(content[at : min(at + CHUNK, byte)].count(ending) for at in range(0, byte, CHUNK))
