"""Layer 1, raw: the files of the newest drop as delivered, every value text, identifiers already in the vault."""

from functools import partial

from assets.binding import bind
from pipelines.told import Told
from pipelines.workspace import PilotSite

ROWS = {
    "cases": "One row is one line of the case file as the provider sent it: a person in the pilot, or a part of one.",
    "contacts": "One row is one line of the contact log as sent: a meeting or call with a person, kept or missed.",
    "spend": "One row is one line of the fund's ledger as sent: one payment for one person.",
    "events": "One row is one line of the event file as sent: something that happened to a person on a day.",
    "assessments": "One row is one line of the assessments as sent: what was measured of one person in one period.",
    "series": "One row is one line of a series as sent: a count or an average of one period, such as a month.",
    "consents": "One row is one line of the consent register as sent: what a person agreed to.",
    "documents": "One row is one text of the coded interviews as sent: an interview or a note.",
    "codings": "One row is one passage that a coder marked with one code, as it stands in the coded project.",
}


def _receive(site: PilotSite, noun: str) -> Told:
    from pipelines.ingest import receive

    return receive(site, noun)


ASSETS = tuple(bind("raw", noun, one_row, partial(_receive, noun=noun)) for noun, one_row in ROWS.items())
