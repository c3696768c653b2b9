"""Reads the hand-written interviews of the synthetic pilot. Who says them, and when, is decided in `interviews.py`.

A story begins with `= fund`, `= usual` or `= staff`; `?` is what the interviewer asks; every other line is a passage,
with its codes before the bar (none when nobody would code it).
"""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "data" / "personal-fund" / "stories"


@dataclass(frozen=True)
class Passage:
    """Some sentences, and the keys of the codes they carry. Interviewers' questions carry none."""

    text: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turn:
    """A question and the answer to it."""

    question: str
    answer: tuple[Passage, ...]


@dataclass(frozen=True)
class Story:
    """One interview as written."""

    role: str
    turns: tuple[Turn, ...]

    @property
    def says_name(self) -> bool:
        """Whether a passage holds the place of the speaker's own name."""
        return any("{name}" in passage.text for turn in self.turns for passage in turn.answer)


def stories(site: str) -> tuple[Story, ...]:
    """Every story of a site, in the order of its file."""
    text = _curly((FOLDER / f"{site}.txt").read_text(encoding="utf-8"))
    return tuple(_story(block) for block in re.split(r"^= ", text, flags=re.MULTILINE)[1:])


def _curly(text: str) -> str:
    return re.sub(r"(?<!\S)'", "‘", text).replace("'", "’")


def _story(block: str) -> Story:
    head, *questions = re.split(r"^\? ", block.strip(), flags=re.MULTILINE)
    return Story(head.split()[0], tuple(_turn(question) for question in questions))


def _turn(block: str) -> Turn:
    question, *lines = block.strip().splitlines()
    return Turn(question, tuple(_passage(line) for line in lines))


def _passage(line: str) -> Passage:
    codes, _, text = line.partition("|")
    return Passage(text.strip(), tuple(key.strip() for key in codes.split(",") if key.strip()))
