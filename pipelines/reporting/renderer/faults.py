"""What can be wrong with a report's source, said by file and line; never a cell's values."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Fault:
    """One fault at one place; `line` counts from 1."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}: {self.message}"


class RenderFault(Exception):
    """A report that could not be rendered. The message names file and line and is fit to be logged and shown."""

    faults: tuple[Fault, ...] = ()

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> "RenderFault":
        """One exception for all faults, so that an author mends them in one go."""
        ordered = tuple(sorted(set(faults)))
        raised = cls("\n".join(str(fault) for fault in ordered))
        raised.faults = ordered
        return raised
