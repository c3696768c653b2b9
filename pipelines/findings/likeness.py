"""Model of how rows without the person's number were linked by likeness: counts, thresholds, and what was learnt.

It speaks of no person. How rows are linked belongs in pipelines.ingest.link_rows.
"""

from __future__ import annotations

from typing import Literal

from pipelines.findings.record import Count, Figure, Record


class LinkedAt(Record):
    """How many rows would be linked at a threshold."""

    threshold: float
    """Match probability from which a row counts as a person's."""
    linked: Count
    """Rows that fit one person."""
    others: Count = None
    """Rows and spellings of people that fit nobody or several, whichever are fewer. Disclosure control looks at it; it
    is never released."""


class MatchLevel(Record):
    """What one way of agreeing in an identifier says."""

    identifier: str
    """Kind of identifier, from the protocol."""
    agreement: str
    """How the two values agree, for example "one slip"."""
    m: Figure
    """Share of pairs of one person that agree so."""
    u: Figure
    """Share of pairs of two people that agree so by chance."""
    weight: Figure
    """Match weight in bits, log2(m / u): positive speaks for one person, negative for two."""


class ProbabilisticLinkageResult(Record):
    """How the rows of a file without the person's number found their people (Fellegi & Sunter 1969)."""

    kind: Literal["probabilistic_linkage"] = "probabilistic_linkage"
    noun: str
    """Table the file belongs to."""
    extract: str
    """Key of the extract."""
    title: str
    """The file for readers."""
    threshold: float
    """Match probability from which a row counts as a person's."""
    rows: Count
    """Rows of the file."""
    linked: Count
    """Rows that were linked to one person."""
    ambiguous: Count
    """Rows that fit two people or more, or would give a person a second row where one is allowed: linked to nobody."""
    unlinked: Count
    """Rows that fit nobody."""
    linked_people: Count = None
    """People to whom rows were linked. Disclosure control looks at it; it is never released."""
    smallest: Count = None
    """Spellings of people in the smaller of what is ambiguous and unlinked; used and kept back like `linked_people`."""
    others: Count = None
    """Spellings of people in what is ambiguous or unlinked; used and kept back like `linked_people`."""
    sensitivity: tuple[LinkedAt, ...] = ()
    """The same at every threshold that the protocol names, from the lowest."""
    start: Figure = None
    """Match weight before anything is compared: how rarely a row and a person drawn at random belong together."""
    levels: tuple[MatchLevel, ...] = ()
    """The waterfall of the model: what each agreement adds to the start."""
    extent: Literal["", "few are not linked"] = ""
    """How many are not linked, in words, where the counts may not be shown."""


def likeness_words(result: ProbabilisticLinkageResult, minimum: int) -> str:
    """Return how many rows were linked, and how far that depends on the threshold.

    Parameters
    ----------
    result : as it is shown, or exact.
    minimum : the smallest count that may be shown.
    """
    return " ".join([_linked(result, minimum), *_left_out(result), _sensitivity(result)]).strip()


def _linked(result: ProbabilisticLinkageResult, minimum: int) -> str:
    at = f"{result.title}: at a match probability of {_percent(result.threshold)}"
    if result.linked is not None:
        of = "" if result.rows is None else f" of {result.rows:,}"
        return f"{at}, {result.linked:,}{of} rows were linked by likeness."
    if result.extent and result.rows is not None:
        return f"{at}, all but fewer than {minimum} of {result.rows:,} rows were linked by likeness."
    return f"{at}, how many rows were linked by likeness may not be shown."


def _left_out(result: ProbabilisticLinkageResult) -> list[str]:
    """Say what a reader would else take for a person without the record."""
    if result.ambiguous:
        one = result.ambiguous == 1
        return [f"{result.ambiguous:,} fit{'s' if one else ''} two people and {'was' if one else 'were'} left out."]
    return []


def _sensitivity(result: ProbabilisticLinkageResult) -> str:
    shown = [one for one in result.sensitivity if one.linked is not None]
    if result.linked is None or len(result.sensitivity) < 2:
        return ""
    if len(shown) < 2 or (shown[0], shown[-1]) != (result.sensitivity[0], result.sensitivity[-1]):
        return "How much that changes with the probability asked for may not be shown."
    low, high = shown[0], shown[-1]
    between = f"Between {_percent(low.threshold)} and {_percent(high.threshold)}"
    if low.linked == high.linked:
        return f"{between} the number is the same."
    return f"{between} the number goes from {low.linked:,} to {high.linked:,}."


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"
