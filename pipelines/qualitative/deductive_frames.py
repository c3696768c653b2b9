"""The deductive frames that are shipped, as data in `frames/`; and as codes that a coding tool can load."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from ruamel.yaml import YAML

from pipelines.qualitative.models import Code, Project

FOLDER = Path(__file__).with_name("frames")
FrameName = Literal["good_help", "senses_citizens", "senses_staff", "com_b", "context_mechanism_outcome"]


@dataclass(frozen=True)
class Element:
    """One element of a frame, defined in our own words."""

    key: str
    title: str
    definition: str


@dataclass(frozen=True)
class Frame:
    """A frame.

    Parameters
    ----------
    key, title, source : str
        Name of its file, name for readers, and the publication it comes from.
    speakers : tuple of str
        Roles of those whose interviews it is meant for; empty for everybody.
    together : str
        What it means when one case has all elements; empty where that means nothing.
    elements : tuple of Element
        In the publication's order.
    """

    key: str
    title: str
    source: str
    speakers: tuple[str, ...]
    together: str
    elements: tuple[Element, ...]


def frame_names() -> tuple[str, ...]:
    """Return the keys of the frames that are shipped, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yml")))


@cache
def frame(key: str) -> Frame:
    """Return a frame.

    Raises
    ------
    ValueError
        There is no such frame.
    """
    if key not in frame_names():
        raise ValueError(f"there is no such frame; there are {', '.join(frame_names())}")
    body = YAML(typ="safe").load((FOLDER / f"{key}.yml").read_text(encoding="utf-8"))
    elements = tuple(Element(name, one["title"], _line(one["definition"])) for name, one in body["elements"].items())
    return Frame(
        key=key,
        title=body["title"],
        source=_line(body["source"]),
        speakers=tuple(body.get("speakers", ())),
        together=body.get("together", ""),
        elements=elements,
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def codes_of(found: Frame) -> tuple[Code, ...]:
    """Return a frame as codes: the frame itself, which only groups, and its elements below it."""
    top = Code(f"frame/{found.key}", found.title, (found.title,), found.source, codable=False)
    elements = [
        Code(f"frame/{found.key}/{one.key}", one.title, (found.title, one.title), one.definition)
        for one in found.elements
    ]
    return (top, *elements)


def as_project(found: Frame) -> Project:
    """Return a frame as a project without documents: what a codebook file is written from."""
    return Project(name=found.title, origin="Pilotlens", codes=codes_of(found))
