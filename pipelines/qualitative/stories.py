"""Stories that people told and edited themselves: who is named as author, which round it is, and who had the last word.

People tell and curate their own story; it is released with their consent alone, and after they were offered to reply to
what was made of it. Whether its words may be shown besides (approval, names in them) is decided in pipelines.findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

STORY = "story"
YES = frozenset(("yes", "y", "true", "1"))
ANONYMOUS = frozenset(("", "anonymous", "anon", "no", "none"))


@dataclass(frozen=True)
class Told:
    """What is known of one story.

    Parameters
    ----------
    credit
        The name or role by which the author chose to be known; empty for anonymous.
    round
        Curation round, in the words of the register.
    consent
        Whether the author agreed to its publication.
    reply_offered
        Whether the author was offered to reply.
    reply
        The author's reply; empty where there is none.
    """

    credit: str = field(repr=False)
    round: str
    consent: bool
    reply_offered: bool
    reply: str = field(repr=False)

    @property
    def releasable(self) -> bool:
        """True with consent and after the right of reply."""
        return self.consent and self.reply_offered


def story_of(attributes: Mapping[str, str], columns: tuple[str, ...], *, by: date | None = None) -> Told | None:
    """Return what a document's attributes say of it as a story; None where it is none.

    Parameters
    ----------
    attributes
        Of the document; names compare without regard to case.
    columns
        Names of the six attributes that hold kind, author, curation round, consent, day of the offer to reply, and
        reply.
    by
        Day of the delivery: an offer for a later day has not been made yet. Default: days are not compared.

    Returns
    -------
    Told or None
        Whatever is not a plain yes is no consent; whatever is neither a day (yyyy-mm-dd) nor a yes is no offer.
    """
    said = {name.casefold(): value.strip() for name, value in attributes.items()}
    kind, author, curated, consent, offered, reply = (said.get(column.casefold(), "") for column in columns)
    if kind.casefold() != STORY:
        return None
    credit = "" if author.casefold() in ANONYMOUS else " ".join(author.split())
    return Told(credit, " ".join(curated.split()), consent.casefold() in YES, _offered(offered, by), reply)


def _offered(text: str, by: date | None) -> bool:
    if text.casefold() in YES:
        return True
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return False
    return by is None or day <= by
