"""A pilot drop after drop, its releases as a reader has them, and a reader who subtracts them from each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from pipelines.disclosure.apply import checked
from pipelines.disclosure.published import Release
from pipelines.findings.delivery import delivery_findings
from pipelines.findings.models import DataQualityResult, Finding
from pipelines.findings.outcomes import outcome_findings
from pipelines.findings.participants import participant_findings
from pipelines.findings.progression import progression_findings
from pipelines.protocol.models import Plan
from tests.properties.small_pilots import making, plan

FEW = 10
ROOM = 4.0
"""Values that one person's part in a rounded average must keep."""
OUTCOMES = ("work", "nights")


def declared(profile: str = "standard") -> Plan:
    """Return a plan with a yes/no and a number as outcomes, and one criterion: enough to subtract."""
    whole = plan(profile).model_dump(mode="json", by_alias=True)
    outcomes = {key: one for key, one in whole["outcomes"].items() if key in OUTCOMES}
    criterion = {"came_treatment": whole["progression"]["criteria"]["came_treatment"]}
    return Plan.model_validate({**whole, "outcomes": outcomes, "progression": {"criteria": criterion}})


def everybody(count: int, seed: int) -> pd.DataFrame:
    """Return people in the order in which they come, one row each; both groups in turn, all followed up."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"arm": np.resize(["treatment", "comparison"], count), "kept": True, "due": True})
    frame["work"] = (rng.random(count) < 0.45).astype(float)
    frame["trouble"] = (rng.random(count) < 0.4).astype(float)
    frame["nights"] = rng.integers(0, 181, count).astype(float)
    days = np.ceil(rng.exponential(150, count))
    frame["back"], frame["days"] = (days <= 180).astype(float), np.minimum(days, 180).astype(float)
    frame["age"] = rng.integers(18, 65, count).astype(float)
    frame["flag"] = (rng.random(count) < 0.4).astype(float)
    frame["housed"] = pd.array(rng.random(count) < 0.5, dtype="boolean")
    frame["group"] = rng.choice(list("ab"), count)
    frame["talks"] = np.where(rng.random(count) < 0.6, rng.choice([1, 3, 6], count), 0).astype(float)
    return frame


def findings(people: pd.DataFrame, protocol: Plan, drop: str) -> tuple[Finding, ...]:
    """Return what the real functions make of a drop, not yet protected."""
    made = making(people, protocol)
    with made.connection:
        found = [*participant_findings(made), *delivery_findings(made), *outcome_findings(made)]
        found += [one for one in progression_findings(made, found) if one.id.startswith("progression/")]
    quality = DataQualityResult(checks=(), rows={"cases": len(people)}, set_aside={"cases": 0})
    found.append(made.finding("quality/checks", quality))
    inputs = found[0].inputs.model_copy(update={"drop": drop, "drop_hash": drop})
    return tuple(one.model_copy(update={"inputs": inputs}) for one in found)


@dataclass
class Published:
    """What a pilot released, the oldest first."""

    plan: Plan
    guarded: bool = True
    """False to release as if nothing had been released before."""
    releases: tuple[Release, ...] = ()

    def add(self, people: pd.DataFrame) -> dict[str, Finding]:
        """Release a drop beside the earlier ones, and return what it shows by id."""
        drop = f"2026-{len(self.releases) + 1:02}-28"
        exact = findings(people, self.plan, drop)
        shown = checked(exact, self.plan, self.releases if self.guarded else ())
        told = {one.id: json.loads(one.model_dump_json()) for one in shown}
        release = Release(drop, drop, json.loads(self.plan.model_dump_json()), told)
        self.releases = (*self.releases, release)
        return {one.id: one for one in shown}


def published(drops: Sequence[pd.DataFrame], *, guarded: bool = True, profile: str = "standard") -> Published:
    """Return the releases of a pilot whose drops hold these people."""
    found = Published(declared(profile), guarded)
    for people in drops:
        found.add(people)
    return found


# ---- the reader ------------------------------------------------------------------------------------------------------


def learned(releases: Sequence[Release]) -> dict[str, float]:
    """Return what a reader of all releases has by subtraction: small counts, and the values of few who came."""
    found: dict[str, float] = {}
    for (i, before), (j, after) in combinations(list(enumerate(releases)), 2):
        then, now = (dict(_groups(one.findings)) for one in (before, after))
        for place in then.keys() & now.keys():
            found |= {f"{i}-{j} {place} {what}": x for what, x in _subtracted(then[place], now[place])}
    return found


def _subtracted(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    people = _less(then, now, "n")
    events = _less(then, now, "events")
    if people is not None and 0 < abs(people) < FEW:
        yield "came", people
    if events is not None and 0 < abs(events) < FEW:
        yield "with it", events
    if people is not None and events is not None:
        if 0 < abs(people - events) < FEW:
            yield "without it", people - events
        if people and events in (0, people):
            yield "nobody or everybody", events
    if people is None or abs(people) >= FEW or not (_known(then) and _known(now)) or _is_share(now):
        return
    moved = now["n"] * now["average"] - then["n"] * then["average"]
    blur = sum(one["n"] * _step(one["average"]) for one in (then, now) if one["rounded"])
    if abs(moved) > 1e-6 and blur < ROOM:
        yield "sum of their values", moved


def _step(figure: float) -> float:
    """Return the step that a figure was rounded to, as far as its last digit shows."""
    decimals = len(f"{figure:.12f}".rstrip("0").partition(".")[2])
    return 10.0**-decimals * (5 if f"{figure:.{decimals}f}".endswith("5") else 1)


def _is_share(one: Mapping[str, Any]) -> bool:
    """Tell whether an average is the events over the people, of which the counts say it all."""
    return one.get("events") is not None and abs(one["average"] - one["events"] / one["n"]) < 1e-9


def _known(one: Mapping[str, Any]) -> bool:
    return one.get("n") is not None and one.get("average") is not None


def _less(then: Mapping[str, Any], now: Mapping[str, Any], name: str) -> float | None:
    pair = then.get(name), now.get(name)
    return None if None in pair else float(pair[1]) - float(pair[0])  # type: ignore[arg-type]


def _groups(findings_shown: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every published cell that counts people, by a name that is the same in each release."""
    for key, finding in findings_shown.items():
        result = finding["result"]
        for stage in result.get("stages", ()):
            yield from ((f"{key} {stage['title']} {arm}", {"n": n}) for arm, n in stage["counts"].items())
        if result["kind"] == "baseline":
            for row in result["rows"]:
                for arm, cell in row["arms"].items():
                    yield f"{key} {row['covariate']} {row['level']} {arm}", _cell(cell)
        if result["kind"] in ("effect", "dose"):
            noted = {one["cell"] for one in finding["disclosure"]["changes"] if one["action"] == "rounded"}
            for arm, cell in result["arms"].items():
                yield f"{key} {arm}", {**_cell(cell), "rounded": f"arms.{arm}.average" in noted}
        if result["kind"] == "progression" and result["scale"] == "share":
            yield key, {"n": result["n"], "events": result["events"]}
        if result["kind"] == "data_quality":
            yield from ((f"{key} {noun}", {"n": n}) for noun, n in result["rows"].items())


def _cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a cell says of a group; without events where nobody counts any."""
    names = ("n", "average") if cell["events"] is None else ("n", "events", "average")
    return {**{name: cell[name] for name in names}, "rounded": False}
