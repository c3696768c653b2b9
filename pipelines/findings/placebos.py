"""Outcomes that cannot have been changed by what was tried: what they mean for the estimates of primary outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipelines.estimation import Estimate
from pipelines.estimation.result import Reading
from pipelines.protocol.outcomes import Outcome

TITLE = "Outcome that cannot have been changed: {}"
DIFFERS = (
    "The groups also differ in “{}”, which what was tried cannot have changed: they differ in something else, so this "
    "estimate may be wrong in the same way."
)
ALIKE = (
    "In “{}”, which what was tried cannot have changed, no clear difference shows, as it should be; this estimate has "
    "passed that check."
)


def with_placebos(
    made: Mapping[str, tuple[Outcome, Estimate | None]],
) -> dict[str, tuple[Outcome, Estimate | None]]:
    """Return outcomes with their estimates; those of primary outcomes with a doubt for each placebo outcome.

    Parameters
    ----------
    made : outcomes by key with their estimates; None where nothing was estimated.

    Returns
    -------
    dict
        The same outcomes. A doubt says whether a placebo's interval leaves out no difference, without its figures.

    References
    ----------
    Lipsitch, Tchetgen Tchetgen & Cohen 2010, Epidemiology 21:383-388.
    """
    readings = tuple(
        _reading(key, outcome, found) for key, (outcome, found) in made.items() if outcome.placebo and _told(found)
    )
    return {
        key: (outcome, _with(found, readings) if outcome.tier == "primary" and not outcome.placebo else found)
        for key, (outcome, found) in made.items()
    }


def _told(found: Estimate | None) -> bool:
    return found is not None and found.lower is not None and found.upper is not None


def _reading(key: str, outcome: Outcome, found: Estimate | None) -> Reading:
    from pipelines.estimation.doubt.placebo import placebo_checks

    if found is None:
        raise ValueError("Only an outcome that was estimated can be a check.")
    passed = placebo_checks({outcome.title: lambda: found}, level=found.level, null=found.null).passed
    words = (ALIKE if passed else DIFFERS).format(outcome.title)
    return Reading(key=f"placebo/{key}", title=TITLE.format(outcome.title), measure="no figure", sentence=words)


def _with(found: Estimate | None, readings: tuple[Reading, ...]) -> Estimate | None:
    return None if found is None else replace(found, doubts=(*found.doubts, *readings))
