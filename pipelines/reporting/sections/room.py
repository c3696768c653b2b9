"""How much fits on the funder's one side: a page that runs over is set again with less, in steps."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Room:
    """What one step allows."""

    size: float
    """Size of the letters in the PDF, in points."""
    limits: int
    """Limits that are listed."""
    doses: int
    """Components whose dose is told."""
    quote: int
    """Longest quote, in characters."""
    told: int
    """Sentences of the idea, and of each limit."""

    def typeset(self) -> str:
        """Return the raw Typst that sets the size; HTML has no page to fill."""
        return f"```{{=typst}}\n#set text(size: {self.size}pt)\n#set par(leading: .55em, spacing: .9em)\n```"

    def sentences(self, text: str) -> str:
        """Return the first sentences of a text."""
        return " ".join(re.split(r"(?<=[.!?])\s+", text.strip())[: self.told])


STEPS = (
    Room(10, 3, 2, 240, 3),
    Room(9.5, 3, 2, 240, 2),
    Room(9.5, 2, 1, 240, 1),
    Room(9, 2, 1, 240, 1),
    Room(8.5, 2, 1, 240, 1),
    Room(8.5, 1, 1, 120, 1),
)
