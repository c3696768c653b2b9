"""A new pilot to start from: protocol, dictionary, code book and a made-up drop that runs as it stands.

The texts are in template/. What a protocol may hold belongs in the models; the demonstration pilots in pipelines.demo.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from string import Template

from pydantic import TypeAdapter, ValidationError

from pipelines.protocol.base import Slug
from pipelines.protocol.models import Protocol
from pipelines.refusal import Refusal
from pipelines.workspace import Workspace

TEMPLATES = Path(__file__).parent / "template"
SEED = 20260105
PEOPLE_PER_ARM = 45
"""In each site: enough for an estimate whose interval is worth reading."""

HEADER = (
    *("Case number", "Name", "Site", "Group", "Referred on"),
    *("Age", "First time", "Housed at 90 days", "Well-being"),
)


def scaffold(workspace: Workspace, pilot: str, today: dt.date) -> tuple[Path, ...]:
    """Write a new pilot into the workspace and return its files.

    Raises
    ------
    Refusal
        When the name cannot be used, or there is such a pilot already: nothing is overwritten.
    """
    folder = workspace.pilot_folder(_sound(pilot))
    if folder.exists():
        raise Refusal(f"There is a pilot {pilot} already.", "Choose another name, or remove its folder first.")
    files = dict(_files(pilot, today))
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return tuple(folder / name for name in files)


def _sound(pilot: str) -> str:
    try:
        return TypeAdapter(Slug).validate_python(pilot)
    except ValidationError:
        words = "Use lower case letters, digits, - and _, and start with a letter: for example housing-first."
        raise Refusal(f'"{pilot}" cannot be the name of a pilot.', words) from None


def _files(pilot: str, today: dt.date) -> Iterator[tuple[str, str]]:
    for template in sorted(TEMPLATES.iterdir()):
        text = template.read_text(encoding="utf-8")
        yield template.name, Template(text).substitute(pilot=pilot, day=today.isoformat())
    yield "protocol.schema.json", json.dumps(Protocol.model_json_schema(), indent=1) + "\n"
    yield f"drops/{today.isoformat()}/cases.csv", _made_up_cases(today)


def _made_up_cases(today: dt.date) -> str:
    """Return people who do not exist: 12 points more in stable housing with the fund, 2 points more well-being."""
    chance = random.Random(SEED)  # noqa: S311 - made-up people, nothing that must not be guessed
    people = [(site, group) for site in "NS" for group in ("fund", "usual") for _ in range(PEOPLE_PER_ARM)]
    chance.shuffle(people)
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(HEADER)
    table.writerows(_person(chance, number, *person, today) for number, person in enumerate(people, start=1))
    return text.getvalue()


def _person(chance: random.Random, number: int, site: str, group: str, today: dt.date) -> tuple[object, ...]:
    offered = group == "fund"
    referred = today - dt.timedelta(days=chance.randint(100, 300))
    housed = "Y" if chance.random() < 0.48 + 0.12 * offered else "N"
    wellbeing = min(35, max(7, round(chance.gauss(21 + 2 * offered, 4))))
    lost = chance.random() < 0.05
    known = ("", "") if lost else (housed, wellbeing)
    before = (chance.randint(18, 62), chance.choice("YNN"))
    return (f"C-{number:04}", f"Person {number:03}", site, group, f"{referred:%d/%m/%Y}", *before, *known)
