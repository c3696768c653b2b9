"""What became of each drop, as a plain table for people: what arrived, how it was read, and which sites took its rows.

What belongs here: putting ledger entries about drops into words. Writing them belongs to ingest; printing to assets.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.ledger import Entry
from pipelines.validation.speech import count_words, small

WIDTH = 80
NARROWEST = 8
MINIMUM = 10
"""Counts above zero and below this are not spoken, unless the pilot's own policy says otherwise."""

CELLS_BETWEEN = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}


@dataclass
class Delivery:
    """What the ledger knows of one delivery: a drop of one name with one content."""

    drop: str
    sha256: str
    at: str
    corrects: bool = False
    """True when other files arrived before under the same name."""
    names: list[str] = field(default_factory=list)
    files: dict[tuple[str, str], Entry] = field(default_factory=dict)
    """The last word on each extract and file."""
    sites: dict[tuple[str, str], Entry] = field(default_factory=dict)
    """The last word on each site and noun."""
    withdrawn: Entry | None = None


def told(entries: Iterable[Entry], minimum: int = MINIMUM) -> str:
    """Return a pilot's drops in the order in which they arrived; counts below the minimum are not spoken."""
    found = deliveries(entries)
    if not found:
        return "No drop has been read yet."
    return "\n\n".join("\n".join(_told(one, minimum)) for one in found)


def deliveries(entries: Iterable[Entry]) -> tuple[Delivery, ...]:
    """Return what the ledger knows of each delivery, in the order in which they arrived."""
    found: dict[tuple[str, str], Delivery] = {}
    for entry in entries:
        drop, sha256 = str(entry.facts.get("drop", "")), str(entry.facts.get("sha256", ""))
        if entry.kind in NOTED and drop:
            corrects = any(name == drop for name, _ in found)
            _note(found.setdefault((drop, sha256), Delivery(drop, sha256, entry.at, corrects)), entry)
    return tuple(found.values())


def _note(delivery: Delivery, entry: Entry) -> None:
    facts = entry.facts
    if entry.kind == "drop_arrived":
        delivery.names = [str(file.get("name", "")) for file in facts.get("files", ()) if isinstance(file, Mapping)]
    elif entry.kind == "drop_withdrawn":
        delivery.withdrawn = entry
    elif entry.kind.startswith("file_"):
        delivery.files[str(facts.get("extract", "")), str(facts.get("file", ""))] = entry
    else:
        delivery.sites[str(facts.get("site", "")), str(facts.get("noun", ""))] = entry


NOTED = ("drop_arrived", "file_read", "file_refused", "rows_accepted", "rows_refused", "drop_withdrawn")


def _told(delivery: Delivery, minimum: int) -> Iterator[str]:
    yield f"{_seen(delivery.drop)}  arrived {_moment(delivery.at)}, hash {_seen(delivery.sha256[:12]) or 'unknown'}"
    if delivery.corrects:
        yield "  It corrects the files that arrived before under this name."
    if delivery.withdrawn:
        facts = delivery.withdrawn.facts
        said = f"Withdrawn {_moment(delivery.withdrawn.at)} by {facts.get('who', '?')}: {facts.get('why', '')}"
        yield from textwrap.wrap(_seen(said), WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield from _table(("file", "extract", "rows", "how it was read"), [*_file_rows(delivery, minimum)])
    yield from _table(("site", "rows", "of what, or why not"), [*_site_rows(delivery, minimum)])


def _file_rows(delivery: Delivery, minimum: int) -> Iterator[tuple[str, ...]]:
    used = set()
    for (extract, file), entry in sorted(delivery.files.items(), key=lambda item: (item[0][1], item[0][0])):
        used.add(file)
        if entry.kind == "file_refused":
            yield file, extract, "refused", str(entry.facts.get("why", ""))
        else:
            yield file, extract, _rows_of_file(delivery, entry, minimum), _read_as(entry.facts.get("read_as"))
    yield from ((name, "", "not read", "nothing has read it yet") for name in delivery.names if name not in used)


def _rows_of_file(delivery: Delivery, entry: Entry, minimum: int) -> str:
    """Return a file's rows; not how many, where a site's count is hidden and the difference would give it away."""
    rows, noun = entry.facts.get("rows"), entry.facts.get("noun")
    counts = [found.facts.get("rows") for (_, one), found in delivery.sites.items() if one == noun]
    if isinstance(rows, int) and rows >= minimum and any(isinstance(n, int) and small(n, minimum) for n in counts):
        return f"{minimum} or more"
    return _count(rows, minimum)


def _count(rows: object, minimum: int) -> str:
    return count_words(rows, minimum) if isinstance(rows, int) else "?"


def _read_as(found: object) -> str:
    """Return how a file was read, as a person would say it."""
    known = found if isinstance(found, Mapping) else {}
    delimiter, sheet, header = known.get("delimiter"), known.get("sheet"), known.get("header_row")
    parts = [
        str(known.get("kind") or ""),
        str(known.get("encoding") or ""),
        CELLS_BETWEEN.get(str(delimiter), f'"{delimiter}"') + " between cells" if delimiter else "",
        f'sheet "{sheet}"' if sheet else "",
        f"column names in row {header}" if header is not None else "",
    ]
    return ", ".join(part for part in parts if part)


def _site_rows(delivery: Delivery, minimum: int) -> Iterator[tuple[str, ...]]:
    for site in sorted({site for site, _ in delivery.sites}):
        verdicts = {noun: entry for (one, noun), entry in sorted(delivery.sites.items()) if one == site}
        taken = [
            f"{noun} {_count(e.facts.get('rows'), minimum)}"
            for noun, e in verdicts.items()
            if e.kind == "rows_accepted"
        ]
        if taken:
            yield site, "accepted", "; ".join(taken)
        for noun, entry in verdicts.items():
            if entry.kind == "rows_refused":
                yield site, "refused", f"{noun}: {entry.facts.get('why', '')}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lay cells out in columns; where the page is too narrow, the widest column wraps."""
    if not rows:
        return
    lines = [header, *([_seen(cell) for cell in row] for row in rows)]
    widths = _fitting([max(len(line[column]) for line in lines) for column in range(len(header))])
    for line in lines:
        cells = [textwrap.wrap(cell, width) or [""] for cell, width in zip(line, widths, strict=True)]
        for part in range(max(map(len, cells))):
            shown = ((cell[part] if part < len(cell) else "").ljust(w) for cell, w in zip(cells, widths, strict=True))
            yield ("  " + "  ".join(shown)).rstrip()


def _fitting(widths: list[int]) -> list[int]:
    while sum(widths) + 2 * len(widths) > WIDTH and max(widths) > NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _moment(at: str) -> str:
    return f"{at[:10]} {at[11:16]} UTC"


def _seen(text: str) -> str:
    """Return text without what would move a terminal's cursor: names of files may hold anything."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
