"""What Arrow keeps beside a Parquet file: durations lie there as whole numbers, in a unit that only it tells.

The schema is a table of Arrow's, in FlatBuffers (Arrow columnar format: Message.fbs, Schema.fbs). Only the names of the
columns and their kinds are read; how the columns are read belongs in parquet_files.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator

DURATION = 18
"""Of Arrow's types (Schema.fbs, union Type)."""
MESSAGE_HEADER, SCHEMA_FIELDS, FIELD_NAME, FIELD_TYPE = 2, 1, 0, 2
"""Places of what is read in its table."""


def durations(kept: bytes) -> tuple[str, ...]:
    """Return the names of the columns that are durations; none where the schema cannot be read."""
    try:
        return tuple(_durations(base64.b64decode(kept)[8:]))  # eight bytes say how long the rest is
    except (ValueError, struct.error, IndexError):
        return ()


def _durations(buffer: bytes) -> Iterator[str]:
    schema = _follow(buffer, _place(buffer, _follow(buffer, 0), MESSAGE_HEADER))
    fields = _follow(buffer, _place(buffer, schema, SCHEMA_FIELDS))
    (count,) = struct.unpack_from("<I", buffer, fields)
    for number in range(count):
        field = _follow(buffer, fields + 4 + 4 * number)
        if buffer[_place(buffer, field, FIELD_TYPE)] == DURATION:
            name = _follow(buffer, _place(buffer, field, FIELD_NAME))
            (length,) = struct.unpack_from("<I", buffer, name)
            yield buffer[name + 4 : name + 4 + length].decode("utf-8")


def _follow(buffer: bytes, place: int) -> int:
    """Return where the offset at a place leads to."""
    (offset,) = struct.unpack_from("<I", buffer, place)
    return int(place + offset)


def _place(buffer: bytes, table: int, number: int) -> int:
    """Return where a member of a table stands; raise IndexError where it is left out."""
    (back,) = struct.unpack_from("<i", buffer, table)
    (offset,) = struct.unpack_from("<H", buffer, table - back + 4 + 2 * number)
    if not offset:
        raise IndexError
    return int(table + offset)
