"""Linkage by likeness, for a file without the person's number: what is compared, and what cannot be meant.

Fitting the model belongs in pipelines.ingest.link_model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import Field

from pipelines.protocol.base import Part, Slug
from pipelines.protocol.date_formats import format_fault
from pipelines.protocol.faults import Fault
from pipelines.protocol.parts import Line, Place, columns, extracts, mapping, written

LikenessKind = Literal["exact", "name", "date_of_birth", "postcode", "number"]
Probability = Annotated[float, Field(gt=0.5, lt=1)]
FEWEST_KINDS = 3
"""With two identifiers nobody could tell a slip of the pen in one from another person with the same other."""


class Link(Part):
    """How the rows of a file without the person's number find their people: by likeness (extra `linkage`)."""

    on: dict[Slug, LikenessKind]
    """Identifiers that this extract and the case files both list under `identifiers`, and how each is compared:
    `name` (spelling may differ), `date_of_birth` (one slip, or day and month changed over), `postcode` (one slip, or
    the same district), `number` (one slip), `exact`. Choose three or more that say different things of a person."""
    threshold: Probability = 0.95
    """Probability of a match from which a row counts as a person's. A row that fits two people belongs to nobody."""
    sensitivity: tuple[Probability, ...] = (0.8, 0.9, 0.99)
    """Further thresholds for which it is shown how many rows would be linked."""
    date_format: str = ""
    """Format of the date of birth in this file, as `dd/mm/yyyy`. Default: the one that every value proves."""
    cases_date_format: str = ""
    """Format of the date of birth in the case files. Default: the one that every value proves."""


def link_faults(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Return what is wrong with extracts that are linked by likeness."""
    for name, noun, body in extracts(tree):
        if body.get("link") is not None:
            for where, problem, remedy in (*_kind_of_file(noun, body), *_identifiers(tree, name, body), *_dates(body)):
                full: Place = ("extracts", name, *where)
                yield Fault(line(full), ".".join(map(str, full)), problem, remedy)


Found = Iterator[tuple[Place, str, str]]


def _kind_of_file(noun: str, body: Mapping[str, Any]) -> Found:
    place: Place = ("link",)
    if noun == "interviews" or (noun == "cases" and not body.get("completes")):
        yield place, f"rows of {noun} cannot be linked by likeness.", "Only other files can, to the case files."
    if "person" in columns(body):
        yield place, "this file says whose each row is.", "Delete `link`, or the column of the person."
    if body.get("wider") is not None:
        yield place, "a long table is put together by the person's number.", "Delete `link`, or `wider`."


def _identifiers(tree: Mapping[str, Any], name: str, body: Mapping[str, Any]) -> Found:
    """Each identifier that is compared is one of this file's and of every case file's."""
    wanted, other = mapping(mapping(body.get("link")).get("on")), written(body.get("completes"))
    main = [
        (key, one)
        for key, noun, one in extracts(tree)
        if noun == "cases" and not one.get("completes") and other in ("", key)
    ]
    for key, one in ((name, body), *main):
        for kind in wanted:
            if kind not in mapping(one.get("identifiers")):
                problem = f'extracts.{key} lists no identifier "{kind}".'
                yield ("link", "on", kind), problem, "List it there under `identifiers`, or leave it out here."
    if len(wanted) < FEWEST_KINDS:
        problem = "too few identifiers: a slip in one could not be told from another person with the same other."
        yield ("link", "on"), problem, f"Compare {FEWEST_KINDS} or more."
    names = [kind for kind, how in wanted.items() if how == "name"]
    if len(wanted) >= FEWEST_KINDS and len(names) == len(wanted):
        yield ("link", "on"), "names alone do not tell people apart.", "Add a date of birth, a postcode or a number."
    for first, second in combinations(sorted(wanted), 2):
        if mapping(body.get("identifiers")).get(first) == mapping(body.get("identifiers")).get(second) is not None:
            yield ("link", "on", second), f"it is the same column as {first}.", "Count each column once."


def _dates(body: Mapping[str, Any]) -> Found:
    link = mapping(body.get("link"))
    for key in ("date_format", "cases_date_format"):
        problem = format_fault(written(link.get(key))) if link.get(key) else ""
        if problem:
            yield ("link", key), problem, "For example dd/mm/yyyy, yyyy-mm-dd or dd mmm yyyy."
