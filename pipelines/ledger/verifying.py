"""Reading a whole ledger, and finding every line that was edited, deleted, doubled or moved since it was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.ledger import heads, locks
from pipelines.ledger.lines import START, Entry, read
from pipelines.refusal import Refusal

Found = Sequence[Entry | str]
"""For each line its entry, or what is wrong with the line."""

Fault = tuple[int, str]
"""Line, and what is wrong with it."""


def entries(path: Path) -> tuple[Entry, ...]:
    """Return all entries of a ledger, oldest first; raise Refusal when the ledger is not whole."""
    found, faults = _examined(path)
    if faults:
        raise Refusal(
            f"The ledger of {path.stem} is not whole. {faults[0]}",
            f"`pilotlens verify {path.stem}` says all that is wrong. Put the ledger folder back from your safe copy.",
        )
    return tuple(entry for entry in found if isinstance(entry, Entry))


def verify(path: Path) -> tuple[str, ...]:
    """Return everything that is wrong with a ledger, in plain words with line numbers; nothing when it is whole."""
    return _examined(path)[1]


def _examined(path: Path) -> tuple[Found, tuple[str, ...]]:
    try:
        data, head = _bytes(path)
    except OSError:
        return (), (f"The ledger of {path.stem} cannot be read: may you read the folder ledger of the workspace?",)
    found = [read(line) for line in data.split(b"\n")[:-1]]  # behind the last newline stands what was never finished
    numbers = _numbers(found)
    faults = sorted([*_lines(found), *_doubled(found, numbers), *_order(numbers), *_gaps(numbers), *_breaks(found)])
    last = max(zip(numbers, found, strict=True), key=lambda pair: pair[0], default=(0, ""))
    end = heads.fault(path, head, last[0], last[1] if isinstance(last[1], Entry) else None)
    return found, (*(f"Line {line} {words}." for line, words in faults), *([end] if end else []))


def _bytes(path: Path) -> tuple[bytes, heads.Head | str]:
    with locks.to_read(path):
        return (path.read_bytes() if path.exists() else b""), heads.read(path)


def _numbers(found: Found) -> list[int]:
    """Return the number of each line's entry; a faulty line takes the one after its neighbour's, if nobody has it."""
    taken = {entry.number for entry in found if isinstance(entry, Entry)}
    numbers: list[int] = []
    for entry in found:
        next_one = (numbers[-1] if numbers else 0) + 1
        if isinstance(entry, Entry):
            numbers.append(entry.number)
        else:
            numbers.append(0 if next_one in taken else next_one)
            taken.add(next_one)
    return numbers


def _lines(found: Found) -> Iterator[Fault]:
    yield from ((line, entry) for line, entry in enumerate(found, 1) if isinstance(entry, str))


def _first_lines(numbers: Sequence[int]) -> dict[int, int]:
    """Return for each entry the line on which it stands first."""
    first: dict[int, int] = {}
    for line, number in enumerate(numbers, 1):
        if number:
            first.setdefault(number, line)
    return first


def _doubled(found: Found, numbers: Sequence[int]) -> Iterator[Fault]:
    first = _first_lines(numbers)
    for line, number in enumerate(numbers, 1):
        if number and first[number] != line:
            same = found[line - 1] == found[first[number] - 1]
            said = "repeats line" if same else f"is another entry {number} beside line"
            yield line, f"{said} {first[number]}"


def _order(numbers: Sequence[int]) -> Iterator[Fault]:
    first = _first_lines(numbers)
    for (number, line), due in zip(first.items(), sorted(first), strict=True):
        if number != due:
            yield line, f"is out of order: it holds entry {number} where entry {due} belongs"


def _gaps(numbers: Sequence[int]) -> Iterator[Fault]:
    first, before = _first_lines(numbers), 0
    for number in sorted(first):
        if number > before + 1:
            missing = f"entry {number - 1} is" if number == before + 2 else f"entries {before + 1} to {number - 1} are"
            yield first[number], f"holds entry {number}, but {missing} missing: deleted"
        before = number


def _breaks(found: Found) -> Iterator[Fault]:
    """Find entries that do not continue the one before: somebody replaced one of the two together with its hash."""
    hashes = {0: START}
    for entry in found:
        if isinstance(entry, Entry):
            hashes.setdefault(entry.number, entry.hash)
    for line, entry in enumerate(found, 1):
        if isinstance(entry, Entry) and hashes.get(entry.number - 1, entry.previous) != entry.previous:
            yield line, f"does not continue entry {entry.number - 1}: one of the two was replaced"
