"""Taking a look: whether it is due, writing it down, and the interval that allows for all looks at an outcome.

A look is known by its evidence: the rows that the estimate is made of, and the question they are asked. The same
evidence seen again, whenever and under whichever drop, is the same look. The one record of looks is the ledger; looking
back (`--as-of`) at a state that nobody has seen is a look as well. An estimate that disclosure control withholds is
none, for nobody sees it. Boundaries and sequences belong in estimation.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines import keys, ledger
from pipelines.disclosure.effects import must_hide
from pipelines.disclosure.policy import outcome_policy
from pipelines.estimation import Design, EstimationRefusal, estimate
from pipelines.estimation.design import UNIT
from pipelines.estimation.sequential import Seen, Standing, is_due, level_at, open_standing, planned_standing
from pipelines.estimation.sequential.confidence_sequences import TUNED_AT, beta_binomial_sequence
from pipelines.estimation.sequential.repeated import CERTAIN
from pipelines.findings.look import Look
from pipelines.findings.making import Making
from pipelines.findings.models import EffectResult
from pipelines.findings.verdicts import verdict
from pipelines.ledger import Entry
from pipelines.protocol.designs import Doubts
from pipelines.protocol.looks import Looks
from pipelines.protocol.outcomes import Outcome
from pipelines.protocol_lock.history import LOOK
from pipelines.workspace import PilotSite

NOT_DUE = "The protocol says when to look at this outcome, and the first look is not due yet."
REFUSED = (
    "The look that was planned for this stage was taken before, with other data, and the protocol refuses extra looks; "
    "the earlier report shows it."
)
BY_PLACE = ("row_key", UNIT)
"""Columns that name a row by its place in a file, which says nothing of what is in it."""
SLACK = 1e-9


@dataclass(frozen=True)
class Register:
    """The record of looks at the outcomes of a site, in the pilot's ledger.

    Parameters
    ----------
    path : the ledger.
    site : key of the site.
    secret : the workspace's key; without it nobody can try counts until the name of a small group's rows fits.
    entries : the looks that were taken.
    """

    path: Path
    site: str
    secret: str
    entries: tuple[Entry, ...]


def register_of(site: PilotSite) -> Register:
    """Return the looks that were taken at the outcomes of a site."""
    path = site.workspace.ledger(site.pilot)
    entries = tuple(one for one in ledger.entries(path) if one.kind == LOOK and one.facts.get("site") == site.site)
    return Register(path, site.site, keys.key(site.workspace, "pseudonym"), entries)


def planned_looks(making: Making, key: str) -> Looks | None:
    """Return the looks that are planned at an outcome; None where it is none of those they are for.

    An outcome that is made of the same field as one of these is one of these: whoever sees it has seen the other.
    """
    looks, outcomes = making.plan.looks, making.plan.outcomes
    if looks is None:
        return None
    primary = tuple(name for name, outcome in outcomes.items() if outcome.tier == "primary")
    governed = looks.outcomes or primary
    fields = {field for name in governed if name in outcomes for field in _made_of(outcomes[name])}
    return looks if key in governed or fields & set(_made_of(outcomes[key])) else None


def _made_of(outcome: Outcome) -> tuple[tuple[str, str], ...]:
    """Return the fields that tell what came of people, each with its table."""
    if outcome.noun == "series":
        return ()
    events = (outcome.events.model_dump_json(),) if outcome.events else ()
    fields = (*events, *(field for field in (outcome.value, outcome.event) if field))
    return tuple((outcome.noun, field) for field in fields)


@dataclass(frozen=True)
class Looking:
    """One outcome that is about to be looked at.

    Parameters
    ----------
    making, key, outcome : whose outcome, and which.
    frame : the rows that it is estimated from.
    design : the question they are asked.
    register : the looks that were taken.
    """

    making: Making
    key: str
    outcome: Outcome
    frame: Any
    design: Design
    register: Register

    @cached_property
    def plan(self) -> Looks | None:
        """The looks that are planned at this outcome."""
        return planned_looks(self.making, self.key)

    @cached_property
    def by_events(self) -> bool:
        """Whether events tell how far the pilot has come."""
        return self.plan is not None and self.key in self.plan.planned_events

    @cached_property
    def needed(self) -> int | None:
        """People (or events) that are planned in this site."""
        if self.plan is not None and self.by_events:
            return self.plan.planned_events[self.key]
        return self.making.plan.population.planned_per_site.get(self.making.site.site)

    @cached_property
    def people(self) -> int:
        """People (units, or periods of a series) whose outcome is known."""
        known = self.frame[self.frame["time" if self.outcome.type == "time_to_event" else "value"].notna()]
        if self.making.plan.arms is not None and "arm" in known:
            known = known[known["arm"].isin(("treatment", "comparison"))]
        return int(known[UNIT].nunique()) if UNIT in known else len(known)

    @cached_property
    def events(self) -> int | None:
        """Events by the horizon, of a time to an event."""
        if self.outcome.type != "time_to_event":
            return None
        within = self.frame["time"] <= (self.outcome.horizon or math.inf)
        return int(self.frame.loc[within & self.frame["time"].notna(), "event"].fillna(0).sum())

    @cached_property
    def own(self) -> Seen:
        """The look that is about to be taken."""
        return self._as_seen(self.people, self.events, self._evidence(), self.making.inputs.drop)

    @cached_property
    def seen(self) -> tuple[Seen, ...]:
        """The looks that were taken at this outcome; how far each had come is judged by today's protocol."""
        facts = [entry.facts for entry in self.register.entries if entry.facts.get("outcome") == self.key]
        return tuple(
            self._as_seen(one["people"], one.get("events"), one["evidence"], str(one.get("drop", ""))) for one in facts
        )

    def _as_seen(self, people: int, events: int | None, evidence: str, drop: str) -> Seen:
        known = max((events or 0) if self.by_events else people, SLACK)
        return Seen(known, evidence, self._stage(known, drop))

    def _stage(self, known: float, drop: str) -> int:
        """Return how many planned looks have come due."""
        if self.plan is None or not self.needed:
            return 0
        if self.plan.dates:
            return bisect_right(self.plan.dates, day_of(drop))
        return bisect_right(self.plan.points, known / self.needed + SLACK)

    def _evidence(self) -> str:
        """Return the name of what is looked at: rows in any order, and the question, under the workspace's key."""
        import pandas as pd

        columns = sorted(str(column) for column in self.frame.columns if column not in BY_PLACE)
        rows = pd.util.hash_pandas_object(self.frame[columns], index=False).sort_values().to_numpy()
        question = replace(self.design, doubts=Doubts())
        secret = keys.derived(self.register.secret, "look")
        content = f"{self.key}\0{columns}\0{question!r}\0".encode() + rows.tobytes()
        return hmac.new(secret, content, hashlib.sha256).hexdigest()

    def refused(self) -> tuple[str, Look] | None:
        """Return why nothing is estimated, with how far the pilot has come; None where a look may be taken."""
        plan = self.plan
        if plan is None or plan.unplanned == "widen" or is_due(self.seen, self.own):
            return None
        first = self.own.stage == 0
        look = self._about(len(self.seen), "not_due" if first else "refused")
        return NOT_DUE if first else REFUSED, look

    def applied(self, result: EffectResult) -> EffectResult:
        """Return an effect with the look that it is, which is written down; one that shows no estimate as it is."""
        alone = _alone(result)
        if result.value is None and alone is None:
            return result
        if must_hide(result, outcome_policy(self.making.plan)):
            return result
        self._write_down()
        standing = self._standing(result.p)
        if standing.z is None:
            return result
        limits = self._share(alone, standing) if alone is not None else self._limits(result, standing)
        look = self._look(standing, limits)
        if alone is not None:
            return result.model_copy(update={"look": look})
        said = verdict(*limits, result.better, result.null)
        return result.model_copy(update={"look": look, "verdict": said})

    def _write_down(self) -> None:
        """Note a look in the ledger, once for each evidence."""
        if any(one.evidence == self.own.evidence for one in self.seen):
            return
        facts: dict[str, object] = {
            "site": self.register.site,
            "outcome": self.key,
            "evidence": self.own.evidence,
            "people": self.people,
            "drop": self.making.inputs.drop,
            "planned": self.plan is not None,
        }
        if self.events is not None:
            facts["events"] = self.events
        if self.plan is not None and self.needed:
            facts["fraction"] = round(min(self.own.information / self.needed, 1.0), 6)
        ledger.append(self.register.path, LOOK, facts, once=("site", "outcome", "evidence"))

    def _standing(self, p: float | None) -> Standing:
        alpha = 1 - self.making.plan.confidence_level
        if self.plan is None or not self.needed:
            return open_standing(self.seen, self.own, alpha, float(self.needed or TUNED_AT), p)
        return planned_standing(self.seen, self.own, float(self.needed), alpha, self.plan.spending, p)

    def _limits(self, result: EffectResult, standing: Standing) -> tuple[float | None, float | None]:
        """Return the interval that a look's boundary demands, made by the same engine as the ordinary one."""
        level = level_at(standing.z or 0.0)
        if level >= CERTAIN or result.lower is None or result.upper is None:
            return None, None
        try:
            found = estimate(self.frame, replace(self.design, level=level), beside=False)
        except EstimationRefusal:
            return None, None
        if found.lower is None or found.upper is None:
            return None, None
        # Draws of a bootstrap could leave a stricter interval a little narrower on one side.
        return min(found.lower, result.lower), max(found.upper, result.upper)

    def _share(self, alone: tuple[int, int], standing: Standing) -> tuple[float | None, float | None]:
        """Return the interval of a share of everybody, where nobody is compared."""
        from pipelines.estimation.proportions import wilson

        if self.plan is None:
            return beta_binomial_sequence(*alone, 1 - self.making.plan.confidence_level)
        level = level_at(standing.z or 0.0)
        return (None, None) if level >= CERTAIN else wilson(*alone, level)

    def _look(self, standing: Standing, limits: tuple[float | None, float | None]) -> Look:
        state = "unplanned" if self.plan is None else "extra" if standing.extra else "planned"
        z = standing.z if standing.z is not None and math.isfinite(standing.z) else None
        figures = {"fraction": standing.fraction, "spent": standing.spent, "boundary": z}
        about = self._about(standing.number, state)
        p = None if limits == (None, None) else standing.p
        return about.model_copy(update={**figures, "lower": limits[0], "upper": limits[1], "p": p})

    def _about(self, number: int, state: Any) -> Look:
        """Return what is said of a look whatever came of it."""
        plan = self.plan
        known = int(self.own.information)
        if plan is None:
            return Look(number=number, state=state, known=known)
        next_on = plan.dates[self.own.stage].isoformat() if self.own.stage < len(plan.dates) else ""
        due = math.ceil(plan.points[self.own.stage] * (self.needed or 0) - SLACK) if self._more() else None
        return Look(
            number=number,
            stage=self.own.stage,
            planned=plan.number,
            state=state,
            unit="events" if self.by_events else "people",
            known=known,
            needed=self.needed,
            next_at=due,
            next_on=next_on,
            spending=plan.spending,
        )

    def _more(self) -> bool:
        return self.plan is not None and self.own.stage < len(self.plan.points)


def day_of(drop: str) -> dt.date:
    """Return the day of a drop, which its name begins with."""
    return dt.date.fromisoformat(drop[:10])


def _alone(result: EffectResult) -> tuple[int, int] | None:
    """Return events and people of a share of everybody, where nobody is compared; None for all else."""
    everyone = result.arms.get("everyone")
    if result.value is not None or everyone is None or result.outcome_type != "binary" or not everyone.n:
        return None
    return None if everyone.events is None or everyone.lower is None else (everyone.events, everyone.n)
