"""The two jobs: a site's whole way from drop to report, and what all sites of a pilot say together.

Two, because a run has partitions of one kind. When they run belongs in sensors and schedules.
"""

import dagster as dg

from assets.binding import GROUPS
from assets.partitions import SURVEY

DROP_TAG = "pilotlens/drop"
"""Tag of a run with the state of the drops it is for, so that none is run twice."""


def drop_tag(sha256: str) -> dict[str, str]:
    """Return the tag of runs for a state of the drops; Dagster cuts values longer than 63 characters."""
    return {DROP_TAG: sha256[:32]}


REGISTER_TAG = "pilotlens/registers"
"""Tag of a run with the state of the registers it read; none where the pilot has none."""


def state_tags(sha256: str, registers: str) -> dict[str, str]:
    """Return the tags of runs for a state of the drops and of the registers beside them."""
    return {**drop_tag(sha256), **({REGISTER_TAG: registers[:32]} if registers else {})}


DESCRIPTION = (
    "Runs one site from its newest drop to its reports. A table that is refused stops its site, and only that one; the"
    f" earlier tables and reports then still stand. {SURVEY.words}"
).strip()

# Everything is in the UI; Dagster's hundreds of lines for each run would only bury what pilotlens prints.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

OVER_SITES = dg.AssetSelection.groups(GROUPS["synthesis"])

evaluate_site = dg.define_asset_job(
    "evaluate_site",
    selection=dg.AssetSelection.all() - OVER_SITES,
    description=DESCRIPTION,
    config=QUIET,
)

synthesise_pilot = dg.define_asset_job(
    "synthesise_pilot",
    selection=OVER_SITES,
    description="Puts the released evidence of all sites of a pilot together, and writes the report on them.",
    config=QUIET,
)
