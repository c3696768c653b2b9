"""Made-up transcripts and coded passages, and positions counted as each tool counts them.

Positions are counted character by character, on purpose without the code under test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.random import Generator

VOCABULARY = tuple(
    " ".join(
        (
            "the I a to and of it you was that in we they my is not so but on for at be with she he said there like",
            "just know what all when had me were have this go one really think people because then about time could",
            "would going something worker support help needed waiting appointment together never always listening",
            "trusted family children housing somebody afterwards understand community opportunity café naïve Zoë",
            "façade señora Łódź it's don't they'd well-being “yes” ‘maybe’ (laughs) 24 £40 50% — … 'fine' e\u0301lan",
        )
    ).split()
)
EMOJI = ("😀", "👩🏽\u200d💻", "🎉", "𝔘𝔫", "👍🏾", "🇬🇧")
ENDS = (".", ".", ".", "?", "!", "…", ".”")


@dataclass(frozen=True)
class Producer:
    """How a tool delivers a text, counts positions, and copies passages."""

    width: Callable[[str], int]
    line_break: str
    break_width: int
    bom: bool
    bom_width: int = 0
    copies: str = "none"
    inclusive: bool = False


def utf_16(character: str) -> int:
    """Count code units."""
    return 2 if character > "\uffff" else 1


def utf_8(character: str) -> int:
    """Count bytes."""
    return len(character.encode())


def point(_: str) -> int:
    """Count code points."""
    return 1


PRODUCERS = {
    "NVivo for Windows": Producer(utf_16, "\r\n", 2, bom=True),
    "NVivo for Mac": Producer(utf_16, "\n", 1, bom=False),
    "QualCoder": Producer(point, "\n", 1, bom=True, copies="whole"),
    "QualCoder for MAXQDA": Producer(point, "\r\n", 1, bom=True, copies="whole"),
    "qc": Producer(point, "\n", 1, bom=False),
    "Taguette": Producer(utf_8, "\n", 1, bom=False, copies="whole"),
    "ATLAS.ti": Producer(utf_16, "\r\n", 1, bom=True, copies="cut"),
    "ATLAS.ti by the standard": Producer(point, "\r\n", 1, bom=True, copies="cut"),
    "MAXQDA": Producer(point, "\r\n", 2, bom=True),
    "MAXQDA in code units": Producer(utf_16, "\r\n", 2, bom=True, copies="whole"),
}


def transcript(rng: Generator, size: int) -> str:
    """Return a text of about a size with what tells ways of counting apart, early on and all through."""
    weights = 1.0 / np.arange(1, len(VOCABULARY) + 1) ** 0.7
    numbers = rng.choice(len(VOCABULARY), size // 4 + 40, p=weights / weights.sum()).tolist()
    chances = rng.random((len(numbers), 2)).tolist()
    parts, length, since = ["I: naïve 😀\n", "P: "], 14, 0
    for number, (end, sign) in zip(numbers, chances, strict=True):
        word = VOCABULARY[number]
        if sign < 0.03:
            word += " " + EMOJI[int(sign * 200) % len(EMOJI)]
        since += 1
        if end < 0.1 and since > 2:
            word += ENDS[int(end * 70) % len(ENDS)] + ("\n" if end < 0.02 else "\n\nP: " if end < 0.03 else " ")
            since = 0
        else:
            word += ", " if end > 0.96 else " "
        parts.append(word)
        length += len(word)
        if length >= size:
            break
    return "".join(parts).rstrip()


def passages(rng: Generator, text: str, count: int, *, sloppy: float = 0.02) -> list[tuple[int, int]]:
    """Return passages as people choose them: words to paragraphs, some with a blank too many, a few sloppy."""
    blank = np.array([each.isspace() for each in text])
    starts = np.flatnonzero(~blank & np.concatenate(([True], blank[:-1])))
    ends = np.flatnonzero(~blank & np.concatenate((blank[1:], [True]))) + 1
    first = rng.integers(0, len(starts), count)
    lengths = np.minimum(rng.geometric(1 / rng.choice([2, 8, 30, 120], count)), len(starts) - first)
    spans = []
    for start, end, (chance, edge) in zip(
        starts[first].tolist(), ends[first + lengths - 1].tolist(), rng.random((count, 2)).tolist(), strict=True
    ):
        if edge < 0.3 and text[end - 1] in ".,?!" and end - start > 1:
            end -= 1
        if chance < sloppy and end - start > 6:
            start, end = (start + 2, end) if chance < sloppy / 2 else (start, end - 2)
        elif chance < sloppy + 0.06 and end < len(text):
            end += 1
        spans.append((start, end))
    return spans


def delivered(text: str, producer: Producer) -> tuple[str, list[int]]:
    """Return the text as a tool delivers it, and the tool's position of each of its places."""
    widths = (producer.break_width if each == "\n" else producer.width(each) for each in text)
    places = list(accumulate(widths, initial=producer.bom_width))
    return ("\ufeff" if producer.bom else "") + text.replace("\n", producer.line_break), places


def copy_of(passage: str, producer: Producer) -> str:
    """Return a tool's copy of a passage, with line breaks as XML attributes have them."""
    if producer.copies == "none":
        return ""
    whole = passage.replace("\n", " ")
    return whole[:100] + "…" if producer.copies == "cut" and len(whole) > 100 else whole
