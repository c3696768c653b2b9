"""The design report of a pilot: plain tables from the protocol alone. Writing files belongs in pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor, sqrt
from typing import NamedTuple

from pipelines.estimation.doubt.arrived import Arrived, detectable
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.progression.lights import Thresholds
from pipelines.progression.next_phase import share_people, share_precision
from pipelines.progression.planning import Simulated, Trial, fixed_detectable, simulate
from pipelines.progression.rates import rate_exposure
from pipelines.progression.shares import share_size, share_zones
from pipelines.protocol.models import Plan
from pipelines.protocol.outcomes import Outcome
from pipelines.protocol.progression import Assumption, Criterion

SHARES = ("binary", "time_to_event")
USUAL_ICC = 0.05
NO_SIZE = "How many people are planned is not said: set population.planned_per_site, or planning.people."
CLUSTERED = "cluster_randomised"


@dataclass(frozen=True)
class PlanTable:
    """A table of words and formatted numbers."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class DesignReport:
    """What a pilot could show."""

    title: str
    lead: tuple[str, ...]
    missing: tuple[str, ...]
    tables: tuple[PlanTable, ...]


class Place(NamedTuple):
    """A site, or all of them: its name, people planned, and clusters where clusters are assigned."""

    title: str
    people: int
    clusters: int


def design_report(plan: Plan) -> DesignReport:
    """Return what a pilot could show as planned, and what has to be supposed for lack of an assumption."""
    places = tuple(_places(plan))
    lead = (
        f"Before any data: what “{plan.title}” could show as planned.",
        f"Supposed: {_percent(plan.planning.lost)} of people without a known outcome, "
        f"{_percent(plan.planning.share_treated)} of them in the treatment group.",
    )
    tables = (_detectable(plan, places), _power(plan, places), _lewis(plan), _precision(plan, places))
    return DesignReport(
        title=f"Design: {plan.title}",
        lead=lead,
        missing=tuple(_missing(plan, places)),
        tables=tuple(table for table in tables if table.rows),
    )


def _places(plan: Plan) -> Iterator[Place]:
    """Yield all sites together, then each site with a planned number."""
    planned = plan.population.planned_per_site
    everyone = plan.planning.people or sum(planned.values())
    if not everyone:
        return
    clusters = plan.planning.clusters or 0
    title = "All sites together" if len(plan.sites) > 1 else next(iter(plan.sites.values())).title
    yield Place(title, everyone, clusters)
    if len(plan.sites) > 1 and not clusters:
        for key, people in planned.items():
            yield Place(plan.sites[key].title, people, 0)


def _compared(plan: Plan) -> bool:
    return plan.arms is not None


def _clustered(plan: Plan) -> bool:
    return plan.design is not None and plan.design.kind == CLUSTERED


def _assumed(plan: Plan, key: str) -> Assumption:
    return plan.planning.outcomes.get(key, Assumption())


def _missing(plan: Plan, places: tuple[Place, ...]) -> Iterator[str]:
    """Yield what was not declared, and what is supposed instead."""
    if not places:
        yield NO_SIZE
    if not _compared(plan):
        yield (
            "Nobody is compared with anybody: differences are only told from a share that is known beforehand "
            "(comparison_share), and no power."
        )
    if _clustered(plan) and not plan.planning.clusters:
        yield "How many clusters are planned is not said (planning.clusters): detectable differences are left out."
    for key, outcome in plan.outcomes.items():
        yield from _missing_of(plan, key, outcome)
    if not plan.progression.criteria:
        yield "No progression criteria were agreed (progression.criteria)."


def _missing_of(plan: Plan, key: str, outcome: Outcome) -> Iterator[str]:
    assumed, title = _assumed(plan, key), _title(outcome)
    where = f"planning.outcomes.{key}"
    if outcome.type in SHARES and assumed.comparison_share is None:
        said = f"the share without the intervention is not said ({where}.comparison_share)"
        yield f"“{title}”: {said}; a half is supposed."
    if outcome.type not in SHARES and assumed.sd is None:
        yield f"“{title}”: the spread is not said ({where}.sd); differences are in standard deviations."
    if _clustered(plan) and assumed.icc is None:
        yield f"“{title}”: the intracluster correlation is not said ({where}.icc); {USUAL_ICC} is supposed."
    if outcome.minimum_important_difference is None:
        yield f"“{title}”: which difference would matter is not said (minimum_important_difference): no power."


def _known(plan: Plan, place: Place) -> int:
    """Return the people whose outcome will be known."""
    return floor(place.people * (1 - plan.planning.lost) + 1e-9)


def _sd(outcome: Outcome, assumed: Assumption) -> float:
    if outcome.type in SHARES:
        share = assumed.comparison_share or 0.5
        return sqrt(share * (1 - share))
    return assumed.sd or 1.0


def _found(plan: Plan, key: str, outcome: Outcome, place: Place) -> float | None:
    """Return the detectable difference of an outcome; None where too few are planned for one."""
    assumed, planning, known = _assumed(plan, key), plan.planning, _known(plan, place)
    if not _compared(plan):
        share = assumed.comparison_share
        return fixed_detectable(known, share, plan.confidence_level, planning.power) if known and share else None
    design = planned_design(plan, key, place)
    if design is None:
        return None
    return detectable(design, _sd(outcome, assumed), plan.confidence_level, planning.power).value


def planned_design(plan: Plan, key: str, place: Place) -> Arrived | None:
    """Return the design of an outcome as it would arrive as planned; None where too few are planned for one."""
    assumed, known, share = _assumed(plan, key), _known(plan, place), plan.planning.share_treated
    whole = _clustered(plan)
    units = place.clusters if whole else known
    if units < 3 or known < units:
        return None
    icc = USUAL_ICC if assumed.icc is None else assumed.icc
    try:
        return Arrived(
            treatment=units * share,
            comparison=units * (1 - share),
            per_cluster=known / units if whole else None,
            icc=icc if whole else 0.0,
            r2=assumed.r2,
            r2_between=assumed.r2 if whole else 0.0,
        )
    except EstimationRefusal:
        return None


def _detectable(plan: Plan, places: tuple[Place, ...]) -> PlanTable:
    rows = []
    for key, outcome in plan.outcomes.items():
        for place in places:
            value = _found(plan, key, outcome, place)
            if value is not None:
                told = (_difference(plan, key, outcome, value), _matters(plan, key, outcome))
                so = _so(outcome, value, plan, key)
                rows.append((_title(outcome), place.title, f"{_known(plan, place):,}", *told, so))
    head = ("Outcome", "Where", "People known", "Could be seen", "Would matter", "So")
    note = f"Could be seen: the smallest true difference that would show {_percent(plan.planning.power)} of the time."
    return PlanTable("The smallest differences that could be seen", head, tuple(rows), note)


def _unit(plan: Plan, key: str, outcome: Outcome) -> str:
    if outcome.type in SHARES:
        return "in every 100 people"
    return outcome.unit if _assumed(plan, key).sd is not None else "standard deviations"


def _difference(plan: Plan, key: str, outcome: Outcome, value: float) -> str:
    scale = 100 if outcome.type in SHARES else 1
    places = 2 if abs(scale * value) < 1 else 1
    return f"{scale * value:,.{places}f} {_unit(plan, key, outcome)}".strip()


def _comparable(plan: Plan, key: str, outcome: Outcome) -> float | None:
    """Return the difference that matters where it is in the unit of what can be seen."""
    if outcome.type == "time_to_event" or (outcome.type not in SHARES and _assumed(plan, key).sd is None):
        return None
    return outcome.minimum_important_difference


def _matters(plan: Plan, key: str, outcome: Outcome) -> str:
    matters = _comparable(plan, key, outcome)
    return "not said" if matters is None else _difference(plan, key, outcome, matters)


def _so(outcome: Outcome, value: float, plan: Plan, key: str) -> str:
    matters = _comparable(plan, key, outcome)
    if matters is None:
        return "no judgement"
    return "large enough" if value <= matters else "too small to see all that would matter"


def _power(plan: Plan, places: tuple[Place, ...]) -> PlanTable:
    """Tabulate power, and what a clear result would be worth, if the truth were just what matters."""
    rows = []
    for number, (key, outcome) in enumerate(plan.outcomes.items()):
        for place in places if _compared(plan) else ():
            trial = _trial(plan, key, outcome, place)
            if trial is not None:
                found = simulate(trial, plan.planning.simulations, plan.seed + number)
                rows.append((_title(outcome), place.title, _matters(plan, key, outcome), *_worth(found)))
    head = ("Outcome", "Where", "If the truth were", "A clear result in", "Wrong way in", "Too large by a factor of")
    note = (
        f"From {plan.planning.simulations:,} simulated pilots each (seed {plan.seed}). Of clear results: how often "
        "they would point the wrong way, and by how much on average they would be too large. Covariates are left out."
    )
    return PlanTable("What a clear result would be worth", head, tuple(rows), note)


def _trial(plan: Plan, key: str, outcome: Outcome, place: Place) -> Trial | None:
    """Return the pilot to simulate; None where an assumption is missing or it could not be."""
    matters, assumed, design = _comparable(plan, key, outcome), _assumed(plan, key), planned_design(plan, key, place)
    if matters is None or design is None:
        return None
    effect = matters if outcome.good_direction == "higher" else -matters
    baseline = assumed.comparison_share or 0.5
    share = outcome.type in SHARES
    trial = Trial(
        kind="share" if share else "mean",
        effect=effect,
        design=design,
        baseline=baseline,
        sd=assumed.sd or 1.0,
        level=plan.confidence_level,
    )
    possible = not share or 0 < baseline + effect < 1
    return trial if possible and min(trial.n_treatment, trial.n_comparison) > 1 else None


def _worth(found: Simulated) -> tuple[str, str, str]:
    wrong = "–" if found.wrong_sign is None else _hundred(found.wrong_sign)
    size = "–" if found.exaggeration is None else f"{found.exaggeration:.1f}"
    return _hundred(found.power), wrong, size


def _lewis(plan: Plan) -> PlanTable:
    """Tabulate how many it takes to tell green from red for each criterion, and where the lights would change."""
    rows = [_criterion(plan, one) for one in plan.progression.criteria.values()]
    head = ("Criterion", "Red", "Green", "Needed", "Lights at that number")
    progression = plan.progression
    note = (
        f"After Lewis and others 2021, with continuity correction: one-sided {_percent(progression.level)}, power "
        f"{_percent(progression.power)}. Averages need a spread, which only data tell."
    )
    return PlanTable("How many it takes to tell green from red", head, tuple(rows), note)


def _criterion(plan: Plan, one: Criterion) -> tuple[str, ...]:
    thresholds, progression = Thresholds(one.red, one.green, one.better), plan.progression
    if one.measure == "dose":
        return (one.title, f"{one.red:g}", f"{one.green:g}", "–", "–")
    if one.measure == "recruitment_rate":
        months = rate_exposure(thresholds, progression.level, progression.power)
        return (one.title, f"{one.red:g} a month", f"{one.green:g} a month", f"{months:.1f} months", "–")
    size = share_size(thresholds, progression.level, progression.power)
    zones = share_zones(size.n, thresholds, progression.level)
    words = {"red": "red", "amber_red": "amber near red", "amber_green": "amber near green", "green": "green"}
    told = "; ".join(f"{words[light]} {low} to {high}" for light, (low, high) in zones.items())
    return (one.title, _percent(one.red), _percent(one.green), f"{size.n:,} people", told)


def _precision(plan: Plan, places: tuple[Place, ...]) -> PlanTable:
    """Tabulate how exactly shares would be known at the planned size."""
    rows = []
    for place in places:
        known = _known(plan, place)
        for key, outcome in plan.outcomes.items():
            if outcome.type in SHARES and known:
                share = _assumed(plan, key).comparison_share or 0.5
                rows.append(_exactly(_title(outcome), place, known, share, plan))
        rows += [
            _exactly(one.title, place, _asked(plan, one, place), one.green, plan)
            for one in plan.progression.criteria.values()
            if one.measure not in ("dose", "recruitment_rate", "acceptability")
        ]
    head = ("Share", "Where", "People", "Expected", "Known to within", "For ± 5 points")
    note = f"Half of the {_percent(plan.confidence_level)} interval (Wilson), everybody taken together."
    return PlanTable("How exactly shares would be known", head, tuple(rows), note)


def _asked(plan: Plan, one: Criterion, place: Place) -> int:
    """Return the people a criterion will be asked of: one group, or everybody."""
    arm = one.arm or ("treatment" if plan.arms and one.measure == "fidelity" else "everyone")
    shares = {"treatment": plan.planning.share_treated, "comparison": 1 - plan.planning.share_treated}
    return max(round(place.people * shares.get(arm, 1.0)), 1)


def _title(outcome: Outcome) -> str:
    return f"People who {outcome.title}" if outcome.type == "binary" else outcome.title


def _exactly(title: str, place: Place, people: int, share: float, plan: Plan) -> tuple[str, ...]:
    half = share_precision(people, share, plan.confidence_level)
    five = f"{share_people(0.05, share, plan.confidence_level):,} people"
    return (title, place.title, f"{people:,}", _percent(share), f"± {100 * half:.1f} points", five)


def _percent(share: float) -> str:
    return f"{round(100 * share, 4):g}%"


def _hundred(share: float) -> str:
    whole = round(100 * share)
    return "less than 1 in 100" if whole < 1 else "more than 99 in 100" if whole > 99 else f"{whole} in 100"
