"""Layer 3, analysis: tables ready for counting and estimating, still about people; nothing here is shown to anybody."""

from functools import partial

from assets.binding import bind
from pipelines.told import Told
from pipelines.workspace import PilotSite

ROWS = {
    "participants": "One row is one person and one outcome at its follow-up, with group and background beside it.",
    "flow": "One row is one step of the way through the pilot (referred, started, followed up) in one group.",
    "doses": "One row is one person and one part of the intervention: how much was planned and how much they had.",
    "themes": "One row is one code in one interview: whether it came up, and how often.",
}

DEPS = {
    "participants": ("validated_cases", "validated_outcomes"),
    "flow": ("analysis_participants",),
    "doses": ("validated_cases", "validated_contacts", "validated_spend"),
    "themes": ("validated_documents", "validated_codings", "validated_consents"),
}


def _build(site: PilotSite, noun: str) -> Told:
    from pipelines.analysis import build

    return build(site, noun)


ASSETS = tuple(
    bind("analysis", noun, one_row, partial(_build, noun=noun), DEPS[noun]) for noun, one_row in ROWS.items()
)
