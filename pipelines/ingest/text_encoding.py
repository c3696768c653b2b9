"""The encoding of a text file: told by its own bytes, or pinned in the protocol; never a guess.

Where a text is cut into rows and columns belongs in text_dialect and text_rows.
"""

from __future__ import annotations

import codecs
import io
import mmap
import re
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
SEEN = 16 << 20
"""Of how many bytes it is asked whether they were encoded twice."""
WESTERN = ("cp1252", "iso8859-1", "iso8859-15")
MIXED = re.compile(rb"\xc3[\x80-\xbf]|\xc2[\xa3\xa9\xab\xae\xb0\xb7\xbb]|\xe2\x80[\x90-\xbf]")
"""Accented letters, pounds and curly quotes as UTF-8 has them; in a Western 8-bit encoding `Ã©`, `Â£`, `â€™`."""
NO_LATIN_1 = re.compile(rb"[\x80-\x84\x86-\x9f]")
"""Curly quotes, dashes and the euro in cp1252; control characters, which no text has, in ISO 8859."""
SWITCHES = re.compile(rb"\x1b[$(]")
BYTES = {bytes([byte]).decode("cp1252", "ignore") or chr(byte): byte for byte in range(256)}
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
    if not (extract and extract.encoding) and told in ("", "utf-8"):
        _refuse_misread(path, start)
    pinned = codecs.lookup(extract.encoding).name if extract and extract.encoding else ""
    if pinned and not told and _has_one_byte_a_letter(pinned) and _is_utf8_beyond_ascii(path):
        told = "utf-8"
    if told and pinned and not _same(pinned, told):
        raise Refusal(
            f"The protocol pins the encoding as {extract.encoding if extract else pinned}, but {path.name} is in "
            f"{spelt(told)}.",
            "Correct the protocol, or ask for the file as agreed.",
        )
    if pinned in WESTERN and not told:
        _refuse_mixed(path, pinned, extract.encoding if extract else "")
    return told or pinned.removesuffix("-sig") or "utf-8"


def _refuse_misread(path: Path, start: bytes) -> None:
    """Refuse, where nothing is pinned, what reads as UTF-8 without a fault and yet is something else."""
    if SWITCHES.search(start):
        problem = f"{path.name} is in an encoding of East Asia (ISO 2022)."
        raise Refusal(problem, "Name it in the protocol, for example `encoding: iso2022_jp`, or ask for it in UTF-8.")
    if _was_encoded_twice(path):
        problem = f"{path.name}: its letters beyond ASCII were encoded as UTF-8 twice (`Ã©` stands for `é`)."
        raise Refusal(problem, "Ask for it again as UTF-8. To read it as it stands, add `encoding: utf-8`.")


def _was_encoded_twice(path: Path) -> bool:
    """Tell a text in which all letters beyond ASCII are those that UTF-8 becomes when it is read as cp1252."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    twice, done = False, 0
    for chunk in chunks(path):
        done += len(chunk)
        if done > SEEN:
            break
        if chunk.isascii():
            continue
        try:
            runs = re.findall(r"[^\x00-\x7f]+", decode(chunk).removeprefix("\ufeff"))
            for run in runs:
                once = bytes(BYTES.get(sign, 0) for sign in run).decode("utf-8")
                if not all(sign in BYTES for sign in run):
                    return False
                twice = twice or any(map(str.isalpha, once)) or once[0] in "\ufeff\u2018\u2019\u201c\u201d"
        except UnicodeDecodeError:
            return False
    return twice


def _refuse_mixed(path: Path, pinned: str, declared: str) -> None:
    """Refuse an 8-bit text that is partly in UTF-8, or in another 8-bit encoding than is pinned."""
    for number, chunk in enumerate(chunks(path)):
        mixed = MIXED.search(chunk)
        if mixed:
            where = f"{path.name}, line {line_of(path, number * CHUNK + mixed.start())}"
            problem = f"{where}: letters in UTF-8, though the protocol pins the encoding as {declared}."
            raise Refusal(problem, "Were two files joined? Ask for it in one encoding, best in UTF-8.")
        if pinned != "cp1252" and NO_LATIN_1.search(chunk):
            problem = f"The protocol pins the encoding as {declared}, but {path.name} has signs that only cp1252 has."
            raise Refusal(problem, "If names look right there, say `encoding: cp1252`.")


def spelt(encoding: str) -> str:
    """Return an encoding's name as people write it."""
    return encoding.upper() if encoding.startswith("utf") else encoding


def _by_mark(start: bytes) -> str:
    return next((encoding for mark, encoding in MARKS.items() if start.startswith(mark)), "")


def _by_zeros(start: bytes) -> str:
    """Tell UTF-16 or UTF-32 without a mark: every Latin letter, digit and line end has bytes of zero on one side."""
    pairs = len(start) // 2
    if not pairs or b"\0" not in start:
        return ""
    quarters = [start[place::4].count(0) * 4 / len(start) for place in range(4)]
    if max(quarters[0], quarters[3]) > ZEROS_THAT_PROVE and quarters[1] > 0.9 and quarters[2] > 0.9:
        return "utf-32-le" if quarters[3] > quarters[0] else "utf-32-be"
    first, second = start[0::2].count(0), start[1::2].count(0)
    for zeros, others, encoding in ((second, first, "utf-16-le"), (first, second, "utf-16-be")):
        if zeros >= ZEROS_THAT_PROVE * pairs and zeros > 8 * others:
            return encoding
        # Other letters have no zeros, but delimiters, digits and line ends still do.
        if not others and zeros >= max(4, pairs // 20) and _has_line_end(start, encoding):
            return encoding
    return ""


def _has_line_end(start: bytes, encoding: str) -> bool:
    return re.search("[\r\n]", start[: len(start) // 4 * 4].decode(encoding, "replace")) is not None


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
        for chunk in chunks(path):
            beyond = beyond or not chunk.isascii()
            decode(chunk)
        decode(b"", True)
    except UnicodeDecodeError:
        return False
    return beyond


def chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file in pieces."""
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
    if line and encoding == "utf-8" and _is_cut_off(path, byte - 1):
        return Refusal(
            f"{path.name} ends in the middle of a letter.", "Was it cut off? Ask the provider to send it again."
        )
    if encoding == "utf-8" and any(MIXED.search(chunk) for chunk in chunks(path)):
        remedy = "Other letters in it are in UTF-8: were two files joined? Ask for it in one encoding."
    elif encoding == "utf-8" and not _first_fault(path, "cp1252")[0]:
        remedy = "It reads without a fault as cp1252; if names look right there, add `encoding: cp1252`."
    return Refusal(f"{where}: not {spelt(encoding)}.", remedy)


def _is_cut_off(path: Path, start: int) -> bool:
    """Tell whether what is left of a text from some byte on is the beginning of one letter."""
    with path.open("rb") as file:
        file.seek(start)
        left = file.read(5)
    try:
        return len(left) < 4 and codecs.getincrementaldecoder("utf-8")().decode(left) == ""
    except UnicodeDecodeError:
        return False


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
