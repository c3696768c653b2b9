"""What is wrong with a protocol, in words that name file, line and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Fault:
    """One thing to mend: where it is, what is wrong, what would be right."""

    line: int
    where: str
    problem: str
    remedy: str = ""

    def spoken(self, file: str) -> str:
        """Return the fault as one line of text."""
        place = f"{file}, line {self.line}" if self.line else file
        at = f" ({self.where})" if self.where else ""
        return f"{place}{at}: {self.problem}{' ' + self.remedy if self.remedy else ''}"


class ProtocolFaults(Exception):
    """Every fault of one protocol at once."""

    def __init__(self, path: Path, faults: Iterable[Fault]) -> None:
        self.path, self.faults = path, tuple(sorted(set(faults)))
        count = len(self.faults)
        head = f"{path.name} has {count} {'fault' if count == 1 else 'faults'}:"
        super().__init__("\n".join([head, *(f"  {fault.spoken(path.name)}" for fault in self.faults)]))


def nearest(word: object, options: Iterable[str]) -> str:
    """Return the option that is spelt most like a word, or nothing; case does not matter."""
    spelt = {option.casefold(): option for option in sorted(set(options), reverse=True)}
    near = difflib.get_close_matches(str(word).casefold(), list(spelt), n=1, cutoff=0.6)
    return spelt[near[0]] if near else ""


def did_you_mean(word: object, allowed: Iterable[str]) -> str:
    """Return the nearest allowed word and the list of all, as a remedy."""
    options = sorted(set(allowed))
    near = nearest(word, options)
    hint = f'Did you mean "{near}"? ' if near else ""
    return f"{hint}Allowed: {', '.join(options)}." if options else hint.strip()
