"""Read the entries of a foreign zip in memory, within bounds. Nothing is ever extracted to a disk.

Messages name entries by number: file names in a research project can be people's names.
"""

from __future__ import annotations

import io
import lzma
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipelines.qualitative.models import NotReadable
from pipelines.refusal import of_the_system

MEBIBYTE = 1024 * 1024
_CHUNK = 64 * 1024
# What the standard library's reader raises on damaged zips, some of it by accident.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    ValueError,
    OverflowError,
    NotImplementedError,
    EOFError,
    IndexError,
)
_DRIVE = re.compile(r"[A-Za-z]:")


class UnsafeZip(NotReadable):
    """A zip is broken, or asks for something no honest export needs."""


@dataclass(frozen=True)
class Bounds:
    """What may be read. Sizes in bytes, of unpacked content; declared sizes are not believed.

    Real exports pack text to between a third and a fiftieth; 200 MB of zeros fit in 194 kB. The ratio is judged beyond
    `free_of_ratio` bytes, because a small file may well be repetitive.
    """

    entries: int = 20_000
    entry_bytes: int = 256 * MEBIBYTE
    total_bytes: int = 512 * MEBIBYTE
    ratio: int = 200
    free_of_ratio: int = MEBIBYTE


class SafeZip:
    """A zip whose directory has been checked; entries are read one by one, so that unwanted media stay packed."""

    def __init__(self, source: Path | bytes, bounds: Bounds = Bounds()) -> None:
        """Open a zip and check its directory.

        Raises
        ------
        UnsafeZip
            Not a zip, too many entries, encrypted, links or devices, names that differ only in case, or names with
            backslashes, NUL, drive letters, a leading slash or ``..``.
        """
        self._bounds, self._read = bounds, 0
        stream: Path | IO[bytes] = io.BytesIO(source) if isinstance(source, bytes) else source
        try:
            self._zip = zipfile.ZipFile(stream)
        except _BROKEN:
            raise UnsafeZip("it is not a zip file, or it is damaged") from None
        self._entries = {info.filename: info for info in self._zip.infolist()}
        try:
            _check_directory(self._zip.infolist(), bounds)
        except UnsafeZip:
            self._zip.close()
            raise

    def __enter__(self) -> SafeZip:
        """Return the zip itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._zip.close()

    @property
    def declared(self) -> tuple[tuple[str, int, int], ...]:
        """Name, unpacked and packed size of each file inside, as the directory says; not to be believed."""
        return tuple((n, info.file_size, info.compress_size) for n, info in self._entries.items() if not info.is_dir())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files inside, folders left out."""
        return tuple(name for name, info in self._entries.items() if not info.is_dir())

    def read(self, name: str) -> bytes:
        """Return an entry's content; raises as `copy` does."""
        content = io.BytesIO()
        self.copy(name, content)
        return content.getvalue()

    def copy(self, name: str, target: IO[bytes]) -> None:
        """Write an entry's content to a stream, piece by piece.

        Raises
        ------
        UnsafeZip
            The entry is damaged, or larger than the bounds allow; at most one chunk beyond them is unpacked.
        KeyError
            There is no such entry.
        """
        info = self._entries[name]
        place = f"entry {list(self._entries).index(name) + 1}"
        try:
            with self._zip.open(info) as stream:
                self._stream(stream, target, info, place)
        except UnsafeZip:
            raise
        except (*_BROKEN, OSError, RuntimeError) as error:
            if isinstance(error, OSError) and (full := of_the_system(error)):
                raise full from None  # the place to unpack to is at fault, not the zip
            raise UnsafeZip(f"{place} is damaged, or packed in a way that is not supported") from None

    def _stream(self, stream: IO[bytes], target: IO[bytes], info: zipfile.ZipInfo, place: str) -> None:
        written = 0
        most = max(self._bounds.free_of_ratio, self._bounds.ratio * info.compress_size)
        while chunk := stream.read(_CHUNK):
            written += len(chunk)
            self._read += len(chunk)
            if written > most:
                raise UnsafeZip(f"{place} unpacks to more than {self._bounds.ratio} times its size, as a zip bomb does")
            if written > self._bounds.entry_bytes or self._read > self._bounds.total_bytes:
                raise UnsafeZip(f"{place} is too large to read")
            target.write(chunk)


def _check_directory(infos: list[zipfile.ZipInfo], bounds: Bounds) -> None:
    if len(infos) > bounds.entries:
        raise UnsafeZip(f"it holds {len(infos)} entries; at most {bounds.entries} are read")
    for number, info in enumerate(infos, start=1):
        if fault := _fault(info):
            raise UnsafeZip(f"entry {number} {fault}")
    # On many disks names that differ only in case, or in how an accent is stored, are one file.
    folded = Counter(unicodedata.normalize("NFC", info.filename).casefold() for info in infos)
    if repeated := sum(count > 1 for count in folded.values()):
        raise UnsafeZip(f"{repeated} names occur more than once (upper and lower case apart)")


def _fault(info: zipfile.ZipInfo) -> str | None:
    """Say what is wrong with an entry's name or kind; None if nothing."""
    name = info.orig_filename  # `filename` ends at the first NUL
    faults = {
        "has a backslash in its name": "\\" in name,
        "has a NUL character in its name": "\0" in name,
        "names a drive or starts at the root": bool(_DRIVE.match(name)) or name.startswith("/"),
        "climbs out of the zip (..)": ".." in name.split("/"),
        "is encrypted": bool(info.flag_bits & 0x1),
        "is a link or a device": _is_special(info.external_attr >> 16),
    }
    return next((fault for fault, present in faults.items() if present), None)


def _is_special(mode: int) -> bool:
    return stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR)
