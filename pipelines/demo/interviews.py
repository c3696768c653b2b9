"""Deals the hand-written stories to people and staff of a site, and makes transcripts of them.

A transcript is built passage by passage, so where each one stands is known exactly. Who coded what is in `coders.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from pipelines.demo.stories import Passage, Story, stories
from pipelines.demo.truths import SEED, SiteTruth, Truths

# Everybody interviewed had some months with the fund, which is what they talk about.
LAST_START_OF_INTERVIEWEES = pd.Timestamp(2025, 9, 12)
FIELDWORK = date(2026, 2, 2)
FIELDWORK_DAYS = 110

OPENINGS = (
    "Thanks for coming in. We've been through the information sheet and the consent form, you know you can stop at any "
    "point, and the recorder's on now. All right?",
    "So, that's recording. Just to say again, nobody you work with will hear this, and you can skip anything you don't "
    "want to answer. Is that still OK?",
    "Before we start, have you had a chance to read the sheet about what happens to what you say? And are you happy "
    "for me to record?",
    "Thank you for making the time. There are no right answers here, I'm only interested in how it's been for you. "
    "Shall we begin?",
)
REPLIES = ("Yeah, go on.", "That's fine.", "Yes, crack on.", "Yes, all good.", "Fine by me.", "Go ahead.")
CLOSINGS = (
    "That's everything on my list. Is there anything I should have asked you and didn't?",
    "We're nearly out of time. Is there anything you'd like to add, or to take back?",
    "Thank you, that's really helpful. Would you like to see what I write down before anybody else does?",
)
PARTINGS = (
    "No, that's about it.",
    "I think we've covered it.",
    "No, you're all right. Ta.",
    "Not that I can think of.",
)


@dataclass(frozen=True)
class CodedPassage:
    """A passage of a transcript, `text[start:end]` in code points, and the keys of its codes."""

    start: int
    end: int
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Interview:
    """One transcript. `speaker` is a case number, or a staff number such as NM-S01."""

    site: str
    role: str
    number: str
    speaker: str
    held: date
    text: str
    passages: tuple[CodedPassage, ...]
    says_name: bool


def draw_interviews(truths: Truths, site: SiteTruth, people: pd.DataFrame) -> tuple[Interview, ...]:
    """Return the site's interviews: people in the order in which they were held, then staff."""
    rng = np.random.default_rng([SEED, truths.sites.index(site), 2])
    written = stories(site.site)
    dealt = list(_dealt(written, people, rng))
    staff = [story for story in written if story.role == "staff"]
    told = [
        _interview(site, story, "participant", (f"{site.prefix}-P{n:02d}", person["case_number"]), held, rng, person)
        for n, ((story, person), held) in enumerate(zip(dealt, _days(len(dealt), rng), strict=True), 1)
    ]
    names = [f"{site.prefix}-S{n:02d}" for n in range(1, len(staff) + 1)]
    asked = [
        _interview(site, story, "staff", (name, name), held, rng)
        for story, name, held in zip(staff, names, _days(len(staff), rng), strict=True)
    ]
    return (*told, *asked)


def _days(count: int, rng: np.random.Generator) -> list[date]:
    return [FIELDWORK + timedelta(days=int(day)) for day in np.sort(rng.integers(0, FIELDWORK_DAYS, count))]


def _dealt(
    written: tuple[Story, ...], people: pd.DataFrame, rng: np.random.Generator
) -> Iterator[tuple[Story, pd.Series]]:
    """Pair stories with people of the right arm, drawn at random."""
    early = people[people["start"] <= LAST_START_OF_INTERVIEWEES]
    pools = {"fund": early[(early["arm"] == "fund") & early["used"]], "usual": early[early["arm"] == "usual"]}
    for role, pool in pools.items():
        tales = sorted((story for story in written if story.role == role), key=lambda story: not story.says_name)
        chosen = pool.loc[rng.permutation(pool.index)]
        # Whoever says their own name has consented to everything, so only a match against identifiers stops that quote.
        first = chosen[chosen["may_quote"] & chosen["may_publish"] & chosen["withdrawn_on"].isna()].head(1)
        rest = chosen.drop(first.index).head(len(tales) - 1)
        yield from zip(tales, (row for _, row in pd.concat([first, rest]).iterrows()), strict=True)


def _interview(
    site: SiteTruth,
    story: Story,
    role: str,
    number_and_speaker: tuple[str, str],
    held: date,
    rng: np.random.Generator,
    person: pd.Series | None = None,
) -> Interview:
    label = "Participant" if role == "participant" else "Staff member"
    name = "" if person is None else str(person["full_name"])
    text, passages = _transcript(story, rng, label, name)
    return Interview(site.site, role, *number_and_speaker, held, text, passages, story.says_name)


def _transcript(
    story: Story, rng: np.random.Generator, speaker: str, name: str
) -> tuple[str, tuple[CodedPassage, ...]]:
    """Return the text and its coded passages."""
    text, passages = "", []
    for who, passage, opens in _said(story, rng, speaker):
        text += (f"\n\n{who}: " if text else f"{who}: ") if opens else " "
        words = passage.text.replace("{name}", name)
        if passage.codes:
            passages.append(CodedPassage(len(text), len(text) + len(words), passage.codes))
        text += words
    return text + "\n", tuple(passages)


def _said(story: Story, rng: np.random.Generator, speaker: str) -> Iterator[tuple[str, Passage, bool]]:
    """Every passage in order, with who says it and whether a new turn opens."""
    yield from _small_talk(OPENINGS, REPLIES, rng, speaker)
    for turn in story.turns:
        yield "Interviewer", Passage(turn.question), True
        for n, passage in enumerate(turn.answer):
            yield speaker, passage, n == 0
    yield from _small_talk(CLOSINGS, PARTINGS, rng, speaker)


def _small_talk(
    asked: tuple[str, ...], answered: tuple[str, ...], rng: np.random.Generator, speaker: str
) -> Iterator[tuple[str, Passage, bool]]:
    yield "Interviewer", Passage(str(rng.choice(asked)).replace("'", "’")), True
    yield speaker, Passage(str(rng.choice(answered)).replace("'", "’")), True
