"""Layer 4, findings: frozen results, each with an id, a sentence and what it rests on; not yet checked for release."""

from functools import partial

from assets.binding import bind
from assets.validated import ROWS as VALIDATED
from pipelines.told import Told
from pipelines.workspace import PilotSite

ROWS = {
    "participants": "One row is one finding about who took part: how many came, stayed and were followed up.",
    "outcomes": "One row is one finding about what changed: an outcome in each group, and the difference.",
    "delivery": "One row is one finding about what was delivered: a part of the intervention, planned and actual.",
    "themes": "One row is one finding from the interviews: a theme, who raised it, and quotes that may be shown.",
    "progression": "One row is one finding about going on: a criterion agreed beforehand, its light, and the verdict.",
    "questions": "One row is one question of the protocol: what was expected, what numbers say, what people say.",
    "learning": "One row is one finding on learning: a chart over time, a cycle, an adaptation, a lesson, a challenge.",
    "deliveries": "One row is one finding about the deliveries: what changed since the drop before, and who is found.",
    "protocol": "One row is one finding about the plan: when it was locked, how it was changed since, earlier phases.",
    "quality": "One row is one finding about the data themselves: what was missing, set aside or out of range.",
}

DEPS = {
    "participants": ("analysis_flow", "validated_cases"),
    "outcomes": ("analysis_participants", "validated_assessments", "validated_series"),
    "delivery": ("analysis_doses",),
    "themes": ("analysis_themes", "analysis_participants"),
    "questions": ("findings_outcomes", "findings_themes"),
    # The flow and the doses first, and for the deliveries the themes: what may be shown depends on what they show.
    "learning": (
        *("validated_cases", "validated_contacts", "validated_spend", "validated_consents", "analysis_doses"),
        *("findings_participants", "findings_delivery"),
    ),
    "deliveries": ("findings_participants", "findings_delivery", "findings_outcomes", "findings_themes"),
    # Last but the checks: criteria count the same people as all of these.
    "progression": tuple(
        f"findings_{noun}" for noun in ("participants", "delivery", "outcomes", "themes", "deliveries")
    ),
    # The outcomes first: the first look at one locks the protocol.
    "protocol": ("findings_outcomes",),
    "quality": tuple(f"validated_{noun}" for noun in VALIDATED),
}


def _compute(site: PilotSite, noun: str) -> Told:
    from pipelines.findings import compute

    return compute(site, noun)


ASSETS = tuple(
    bind("findings", noun, one_row, partial(_compute, noun=noun), DEPS[noun]) for noun, one_row in ROWS.items()
)
