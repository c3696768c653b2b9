"""Outcomes that are not known: the worst they could have been, unequal follow-up, and what would tip the conclusion.

How many are missing follows from these figures, so each rests on the fewest missing of an arm; no sentence counts.
"""

from dataclasses import replace

import numpy as np

from pipelines.estimation.covariates import encode
from pipelines.estimation.design import ARMS, BASELINE, BY_CHANCE, CLUSTER, COMPARISON, TREATMENT
from pipelines.estimation.designs.doubts_case import Case
from pipelines.estimation.doubt.delta_adjusted import DeltaAdjusted, Where, delta_adjusted
from pipelines.estimation.doubt.lee import lee_bounds
from pipelines.estimation.doubt.tipping import tipping_point
from pipelines.estimation.doubt.wording import confidence, share
from pipelines.estimation.doubt.worst_case import worst_case_bounds
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference, Reading
from pipelines.estimation.sample import Array

KEYS = ("worst_case", "lee", "tipping_point", "imputed")
"""First parts of the keys of readings that tell how many outcomes are not known."""
SPREADS = (-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0)
"""Departures that are tried, in standard deviations of the known outcomes."""
MOST_PEOPLE = 50_000
TOO_MANY = "with so many people it would take too long; fill the unknown values in instead (`imputations`)."
CLUSTERED = "people come in clusters, which this check does not allow for; fill the unknown values in instead."


def fewest(asked: Case) -> int:
    """Return the fewest missing outcomes of an arm that has some; 0 where none has."""
    return min((count for count in asked.lost.values() if count), default=0)


def worst_case(asked: Case) -> tuple[Reading, ...]:
    """Bounds on a risk difference over every outcome that missing people could have had (Horowitz & Manski 2000)."""
    found = worst_case_bounds(asked.outcome, asked.treated, level=asked.design.level)
    sure = found.lower * found.upper > 0
    end = "so its direction would not change" if sure else "so it could go either way"
    said = (
        f"Whatever the unknown outcomes were, the difference{_before(asked)} would lie between "
        f"{asked.span(found.lower, found.upper)}, {end}."
    )
    bounds = Inference(None, lower=found.lower, upper=found.upper)
    return (
        asked.difference("worst_case", "Worst case: bounds", bounds, n=fewest(asked), sentence=said),
        *_with_chance(asked, "worst_case_interval", "Worst case", found.interval_lower, found.interval_upper),
    )


def lee(asked: Case) -> tuple[Reading, ...]:
    """Lee's bounds: the difference among people who would be followed up in either arm (Lee 2009)."""
    found = lee_bounds(asked.outcome, asked.treated, level=asked.design.level)
    said = (
        f"The outcome is known for {share(found.followed_treatment)} of the treatment group and "
        f"{share(found.followed_comparison)} of the comparison group; among people who would be followed up in either "
        f"group the difference lies between {asked.span(found.lower, found.upper)}, if being in the treatment group "
        "only ever moved follow-up one way."
    )
    bounds = Inference(None, lower=found.lower, upper=found.upper)
    return (
        asked.difference("lee", "Bounds for unequal follow-up (Lee)", bounds, n=fewest(asked), sentence=said),
        *_with_chance(
            asked, "lee_interval", "Bounds for unequal follow-up (Lee)", found.interval_lower, found.interval_upper
        ),
    )


def tipping(asked: Case) -> tuple[Reading, ...]:
    """What the missing outcomes would have to be like for the conclusion to change."""
    if CLUSTER in asked.frame:
        raise EstimationRefusal(CLUSTERED, "Fill the unknown values in.")
    return _tipping_events(asked) if asked.binary else _tipping_distance(asked)


def _before(asked: Case) -> str:
    return "" if asked.design.kind in BY_CHANCE else " before any adjustment"


def _with_chance(asked: Case, key: str, title: str, lower: float | None, upper: float | None) -> tuple[Reading, ...]:
    """Return the interval of bounds, where people stand alone; clusters would make it too narrow."""
    if lower is None or CLUSTER in asked.frame:
        return ()
    named = f"{title}: {confidence(asked.design.level)} interval"
    return (asked.difference(key, named, Inference(None, lower=lower, upper=upper), n=fewest(asked)),)


def _tipping_events(asked: Case) -> tuple[Reading, ...]:
    arms = asked.sample.by_arm("value")
    known, lost = asked.sample.n, asked.lost
    found = tipping_point(
        (int(arms[TREATMENT].sum()), int(arms[COMPARISON].sum())),
        (known[TREATMENT], known[COMPARISON]),
        (lost[TREATMENT], lost[COMPARISON]),
        asked.design.level,
    )
    tipped = dict(zip(ARMS, found.first or (), strict=False))
    parts = tuple(
        Reading(
            key=f"tipping_point/{arm}",
            title=f"Tipping point: events among the missing of the {arm} group",
            measure="share",
            value=tipped[arm] / lost[arm],
            n=fewest(asked),
        )
        for arm in tipped
        if lost[arm]
    )
    said = found.sentence.replace(" arm ", " group ")
    whole = Reading(key="tipping_point", title="Tipping point", measure="sentence only", n=fewest(asked), sentence=said)
    return (whole, *parts)


def _tipping_distance(asked: Case) -> tuple[Reading, ...]:
    """Move what is filled in for the missing of one arm at a time."""
    if len(asked.outcome) > MOST_PEOPLE:
        raise EstimationRefusal(TOO_MANY, "Fill the unknown values in.")
    wheres: tuple[Where, ...] = ("treatment", "comparison")
    return tuple(_moved(asked, where) for where in wheres if asked.lost[where])


def _moved(asked: Case, where: Where) -> Reading:
    spread = float(np.nanstd(asked.outcome))
    found = delta_adjusted(
        asked.outcome,
        asked.treated,
        _predictors(asked),
        [spread * step for step in SPREADS],
        asked.design.seed,
        where,
        level=asked.design.level,
    )
    moved = Inference(found.tip) if found.tip is not None else Inference(None)
    title = f"Tipping point: distance of the missing of the {where} group"
    said = _distance_said(asked, found, spread)
    reading = asked.difference(f"tipping_point/{where}", title, moved, n=fewest(asked), sentence=said)
    return replace(reading, measure="distance from similar people")


def _distance_said(asked: Case, found: DeltaAdjusted, spread: float) -> str:
    whose = f"the unknown outcomes of the {found.where} group"
    if found.tip is None:
        reach = asked.amount(2 * spread)
        return f"The conclusion would not change if {whose} were up to {reach} higher or lower than similar people's."
    side = "higher" if found.tip > 0 else "lower"
    return f"The conclusion would change if {whose} were {asked.amount(abs(found.tip))} {side} than similar people's."


def _predictors(asked: Case) -> Array | None:
    """Return complete covariates that predict an outcome in both arms."""
    names = tuple(name for name in asked.design.covariates if name in asked.frame and name != BASELINE)
    if BASELINE in asked.design.covariates and BASELINE in asked.frame:
        names = (*names, BASELINE)
    if not names:
        return None
    columns = encode(asked.frame, names).columns
    spare = min(asked.sample.n.values()) // 5
    return columns if 0 < columns.shape[1] <= spare else None
