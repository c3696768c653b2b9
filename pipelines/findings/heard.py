"""Results that show people's words beside themes: framework matrix, negative cases, close reading, reporters' stories.

Which words may be shown belongs in themes; what may be told of the counts in pipelines.disclosure.heard.
"""

from __future__ import annotations

from typing import Literal

from pipelines.findings.record import Count, Record

CellState = Literal["summary and words", "words without a summary", "summary without words", "empty"]
Kind = Literal["summary", "words", "story", "reply"]
Group = Literal["typical", "better", "worse"]


class Words(Record):
    """Words that may be shown: approved, consented to, and free of identifiers."""

    kind: Kind
    """A researcher's summary of what one person said, a person's own words, a story, or a reply to it."""
    text: str
    """The words as they may be shown, with [brackets] where somebody replaced words before approving them."""
    sha256: str
    """SHA-256 of `text`."""
    edited: bool = False
    """Whether words were replaced by [brackets]."""
    theme: str = ""
    """The theme they speak of; empty for a story."""
    group: str = ""
    """Who speaks, no closer than the policy allows; in a close reading `typical`, `better` or `worse`."""
    place: int = 0
    """Words with the same number stand together: a summary and what it rests on, a story and the reply to it."""
    approved_by: str
    """Who approved them."""
    approved_on: str
    """When, as yyyy-mm-dd."""


class FrameworkTheme(Record):
    """One column of the framework matrix for one group of people."""

    title: str
    """Name of the theme, as the matrix has it."""
    code: str = ""
    """Path of the code that bears this name; empty where there is none."""
    group: str
    """Those interviewed whose row it is, no closer than the policy allows."""
    state: CellState
    """What anybody's cells hold: shown for a group as a whole, never for a person."""


class FrameworkResult(Record):
    """The framework matrix, a row a group and a column a theme, with the summaries and words that may be shown."""

    kind: Literal["framework"] = "framework"
    cells: tuple[FrameworkTheme, ...]
    """One row for each theme and group; empty cells too."""
    quotes: tuple[Words, ...] = ()
    """Summaries that may be shown, each with the words of the same cell that may be; ordered by theme and by hash, so
    that no order tells which cells are of one person."""
    held_back: bool = False
    """Whether there are summaries that may not be shown."""


class Against(Record):
    """How many spoke of a theme, of what was declared to contradict it, of both, and of neither."""

    code: str
    """Path of the theme's code."""
    title: str
    """Name of the theme."""
    opposite: str
    """Path of the code declared to contradict it."""
    opposite_title: str
    """Its name."""
    role: str
    """Role of those interviewed."""
    interviewed: Count
    """People of the role interviewed."""
    only: Count
    """People who spoke of the theme alone."""
    both: Count
    """People who spoke of both: something changed, or they are divided."""
    against: Count
    """Negative cases: people who spoke of the opposite and never of the theme."""
    neither: Count
    """People who spoke of neither."""
    counted: bool = True
    """False when coders agree too little on one of the two codes."""


class ContrastResult(Record):
    """Negative cases by rule: who speaks against a theme, beside who speaks for it."""

    kind: Literal["contrast"] = "contrast"
    rows: tuple[Against, ...]
    """One row for each declared pair of codes that were used and each role."""


class CloseReadingResult(Record):
    """Words of people whose outcome was as their group would lead one to expect, or farthest from it."""

    kind: Literal["close_reading"] = "close_reading"
    outcome: str
    """Key of the outcome."""
    title: str
    """Name of the outcome."""
    each: int
    """People in each of the three groups, as declared."""
    refused: str = ""
    """Why nobody was picked."""
    quotes: tuple[Words, ...] = ()
    """At most three passages for each group, chosen by rule."""


class Story(Record):
    """One story as its author lets it be known."""

    place: int
    """Number of its words in `quotes`."""
    credit: str = ""
    """How the author chose to be named; empty for anonymous."""
    round: str = ""
    """Curation round in which it took this form."""
    reply: Literal["given", "offered"]
    """Whether the author, having seen what was made of the story, replied."""


class StoriesResult(Record):
    """Stories that people told and edited themselves."""

    kind: Literal["stories"] = "stories"
    stories: tuple[Story, ...] = ()
    """Stories that may be shown."""
    quotes: tuple[Words, ...] = ()
    """Their words, and replies that may be shown."""
    held_back: bool = False
    """Whether there are stories that may not be shown: no consent, no right of reply yet, or not approved."""
