"""The release list `quotes.csv`: which quotes somebody passed for publication, as they are or with [brackets].

What belongs here: reading it, and adding a decision. Whose words may be asked about, and what is shown, is decided
in pipelines.findings.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.qualitative.quotes import quote_hash
from pipelines.refusal import Refusal, Unusable

RELEASE_LIST = "quotes.csv"
COLUMNS = ("sha256", "approved_by", "approved_on", "decision", "shown")
DECISIONS = ("approved", "refused")
WAIT_SECONDS = 20.0
_BOM = "\ufeff"
# A spreadsheet would compute with a cell that begins like this; a quotation mark before it is taken off when read.
_COMPUTED = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Approval:
    """Who passed a quote for publication, and when."""

    by: str
    on: str
    shown: str = field(default="", repr=False)
    """The words with [brackets], where they were edited; empty where the exact words were passed."""


@dataclass(frozen=True)
class Decision:
    """What somebody decided about a quote, known by the SHA-256 of its exact words."""

    sha256: str
    by: str
    on: str
    decision: str = "approved"
    shown: str = field(default="", repr=False)


def release_list(path: Path) -> dict[str, Approval]:
    """Return the approved quotes by the hash of their exact words.

    The file has the columns `approved_by`, `approved_on`, and `sha256` or `quote` (the exact words); if it has them,
    `decision` (approved or refused) and `shown` (the words with [brackets]). Of two decisions the later line counts.
    """
    return {
        sha256: Approval(one.by, one.on, one.shown)
        for sha256, one in decisions(path).items()
        if one.decision == "approved"
    }


def decisions(path: Path) -> dict[str, Decision]:
    """Return the last decision about each quote, by the hash of its exact words.

    Raises
    ------
    Refusal
        A column is missing, or a decision is neither approved nor refused.
    """
    if not path.exists():
        return {}
    reader = csv.DictReader(io.StringIO(_text(path), newline=""))
    missing = {"approved_by", "approved_on"} - set(reader.fieldnames or ())
    if missing or not {"sha256", "quote"} & set(reader.fieldnames or ()):
        raise Refusal(
            f"{path.name} needs the columns approved_by, approved_on and sha256 (or quote).",
            "Without it no quote is shown.",
        )
    found = [_decision(path, reader.line_num, row) for row in reader]
    return {one.sha256: one for one in found if one is not None}


def _decision(path: Path, line: int, row: dict[str, str | None]) -> Decision | None:
    """Return a line's decision; None when it does not say who or when, or about what."""
    said = {key: (row.get(key) or "").strip() for key in COLUMNS}
    quote = row.get("quote") or ""
    if not said["approved_by"] or not said["approved_on"] or not (said["sha256"] or quote):
        return None
    decision = said["decision"].casefold() or "approved"
    if decision not in DECISIONS:
        raise Refusal(f"{path.name}, line {line}: the decision is neither approved nor refused.", "Write one of them.")
    return Decision(
        sha256=said["sha256"].lower() or quote_hash(quote),
        by=said["approved_by"],
        on=said["approved_on"],
        decision=decision,
        shown=_alive(row.get("shown") or ""),
    )


def decide(path: Path, decision: Decision) -> None:
    """Add a decision to a release list: the file is replaced whole, with its lines as they were and one more.

    Raises
    ------
    Refusal
        The file has other columns; it cannot be written, or is in use for too long.
    """
    problem = ""
    try:
        with _alone(path.parent):
            decisions(path)  # what cannot be read must not be written again
            _replace(path, _with(path, decision))
        return
    except OSError as error:
        problem = error.strerror or type(error).__name__
    raise Unusable(f"{path.name} cannot be written: {problem}.", "The decision was not kept; the list is as it was.")


def _with(path: Path, decision: Decision) -> str:
    text = _text(path, keep_mark=True) if path.exists() else ""
    mark = _BOM if text.startswith(_BOM) else ""
    rows = list(csv.reader(io.StringIO(text.removeprefix(_BOM), newline="")))
    head = rows[0] if rows else []
    head = [*head, *(name for name in COLUMNS if name not in head)]
    cells = {
        "sha256": decision.sha256,
        "approved_by": decision.by,
        "approved_on": decision.on,
        "decision": decision.decision,
        "shown": _inert(decision.shown),
    }
    new = [cells.get(name, "") for name in head]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([head, *(_padded(row, len(head)) for row in rows[1:] if row), new])
    return mark + buffer.getvalue()


def _padded(row: Sequence[str], length: int) -> list[str]:
    return [*row, *[""] * (length - len(row))]


def _text(path: Path, *, keep_mark: bool = False) -> str:
    try:
        return path.read_bytes().decode("utf-8" if keep_mark else "utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start
    raise Refusal(f"{path.name} is not UTF-8 (byte {at + 1:,}).", "Save it as CSV UTF-8. Without it no quote is shown.")


def _replace(path: Path, text: str) -> None:
    """Put a file in the place of another in one step. Who may read it stays as it was; a new one is its owner's."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".quotes-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(name, path.stat().st_mode & 0o777)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder's lock: two people who review at once lose none of their decisions."""
    descriptor = os.open(folder, os.O_RDONLY)
    give_up = time.monotonic() + WAIT_SECONDS
    try:
        while not _locked(descriptor):
            if time.monotonic() > give_up:
                raise Unusable("The release list is in use by another program.", "Try again when it is done.")
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_COMPUTED) else cell


def _alive(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_COMPUTED) else cell
