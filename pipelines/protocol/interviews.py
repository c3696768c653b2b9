"""Keys of the protocol that say how coded interviews are analysed. Reading their files belongs in extracts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipelines.protocol.base import Part, Slug, Text
from pipelines.qualitative.deductive_frames import FrameName


class Agreement(Part):
    """How agreement between coders is measured, declared before anybody sees it."""

    unit: Literal["segment", "sentence", "paragraph", "character", "document"] = "sentence"
    """What coders are compared on: a `sentence`; a `paragraph` (a line: in a transcript, a turn of talk); a
    `character`; a `segment` (a stretch of text that anybody coded: text that nobody coded does not count); or a whole
    `document`."""
    measure: Literal["alpha", "alpha_u", "kappa", "ac1", "brennan_prediger", "jaccard", "percent"] = "alpha"
    """Which measure the floor holds for: Krippendorff's `alpha`, or `alpha_u` for where passages begin and end; Cohen's
    `kappa` (Fleiss' with more than two coders); Gwet's `ac1`; `brennan_prediger`; `jaccard`; `percent`. The others
    stand beside it. `ac1` and `percent` can carry a floor for segments and documents only: text that nobody coded
    inflates them."""
    floor: Annotated[float, Field(gt=-1, le=1)] | None = None
    """Lowest value at which a code may be counted; a theme below it is told in words alone. Krippendorff asks for 0.8,
    and 0.667 where tentative conclusions will do. Default: every code is counted."""


class Saturation(Part):
    """When further interviews count as bringing nothing new (Guest, Namey & Chen 2020)."""

    base: Annotated[int, Field(ge=1)] = 4
    """Interviews whose codes are the base."""
    run: Annotated[int, Field(ge=1)] = 2
    """Interviews looked at together after it."""
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Largest share of new codes in a run, of those in the base, that counts as nothing new."""


class CloseReading(Part):
    """Interviews that are read closely because of the person's outcome (Seawright & Gerring 2008)."""

    outcome: Slug
    """A continuous outcome or a count. A case is the more extreme, the farther it is from its group's average."""
    each: Annotated[int, Field(ge=5)] = 5
    """People of each kind: as expected, farthest above, farthest below. Fewer than five could be guessed."""


class Codebook(Part):
    """How the code book came about, and what it says beyond names."""

    made: Literal["inductive", "deductive", "merged"] | None = None
    """`inductive`: codes were added as the interviews were read; `deductive`: they were fixed beforehand; `merged`:
    code books were put together at the end. Saturation is assessed for the first alone. Default: not said, not
    assessed."""
    saturation: Saturation = Saturation()
    """When further interviews count as bringing nothing new."""
    opposites: dict[Text, Text] = {}
    """A code, by name or path, and the code that contradicts it: counter-voices are chosen by it."""
    compare_by: tuple[Slug, ...] = ()
    """Covariates by whose categories themes are counted, of those participants who agreed that interview and case file
    may be linked. Categories in which few were interviewed are not shown."""
    together: Literal["overlap", "near", "same document"] = "overlap"
    """When two codes count as going together: their passages share text, lie near each other, or stand in the same
    interview."""
    near: Annotated[int, Field(ge=0)] = 200
    """For `together: near`: characters that may lie between."""
    close_reading: CloseReading | None = None
    """Typical and extreme cases by outcome, of those participants who agreed that interview and outcome may be linked.
    Only their released words are shown, never who was picked. Default: nobody is picked."""


class FrameUse(Part):
    """A frame that the interviews are held against."""

    elements: dict[Slug, tuple[Text, ...]] = {}
    """Codes, by name or path, that stand for each element; what lies below them in the code book counts too. An element
    that is not named here is looked for by its title."""


Frames = dict[FrameName, FrameUse]
