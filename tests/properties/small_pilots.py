"""Small pilots drawn by seed: people, and the findings that the real functions make of them, not yet protected."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from pipelines.disclosure.voices import spread
from pipelines.findings.delivery import delivery_findings
from pipelines.findings.linkage import _linked, _of_outcomes
from pipelines.findings.making import Making
from pipelines.findings.models import (
    DataQualityResult,
    DifferenceResult,
    FieldChange,
    Finding,
    FlowResult,
    FlowStage,
    Inputs,
    ThemeResult,
)
from pipelines.findings.outcomes import outcome_findings
from pipelines.findings.participants import participant_findings
from pipelines.findings.progression import progression_findings
from pipelines.protocol.models import Plan
from pipelines.workspace import Workspace

HASH = "0" * 64
ARMS = ("treatment", "comparison")
OUTCOMES = ("work", "trouble", "nights", "early", "late")


BOUNDS = {"red": 0.5, "green": 0.8}
CRITERIA: dict[str, dict[str, Any]] = {
    f"{name}_{arm}": {"title": name, "arm": arm, **BOUNDS, **rest}
    for arm in ARMS
    for name, rest in (
        ("followed", {"measure": "follow_up", "outcome": "work"}),
        ("came", {"measure": "fidelity", "of": "assigned", "least": 0.1, "red": 0.2, "green": 0.6}),
        ("complete", {"measure": "completeness", "of": "assigned", "fields": ["age"]}),
    )
}
"""Criteria that count people whom flow, doses and baseline count too: known of due, any talk, without an age."""


def plan(profile: str = "standard", **changes: Any) -> Plan:
    """Return a plan with every kind of outcome, covariate and component."""
    return Plan.model_validate(
        {
            "pilot": "drawn",
            "title": "A drawn pilot",
            "question": "Does it help?",
            "concept": {"name": "Help"},
            "sites": {"here": {"title": "Here"}},
            "population": {"description": "people"},
            "intervention": {
                "name": "Help",
                "components": {"talks": {"title": "Talks", "measure": "contacts", "planned": 6, "unit": "talks"}},
            },
            "arms": {
                "treatment": {"title": "Help", "codes": ["1"]},
                "comparison": {"title": "As usual", "codes": ["0"]},
            },
            "outcomes": {
                "work": {
                    "title": "were in work",
                    "type": "binary",
                    "tier": "primary",
                    "better": "higher",
                    "value": "work",
                },
                "trouble": {"title": "were in trouble", "type": "binary", "better": "lower", "value": "trouble"},
                "nights": {
                    "title": "Nights at home",
                    "type": "continuous",
                    "better": "higher",
                    "unit": "nights",
                    "value": "nights",
                },
                "early": _timed("were back by day 60", "binary", 60),
                "late": _timed("Days until back", "time_to_event", 180),
            },
            "covariates": {
                "age": {"title": "Age", "unit": "years"},
                "flag": {"title": "Flag declared as a number"},
                "housed": {"title": "Housing: settled", "type": "yes_no"},
                "group": {"title": "Group", "type": "category", "labels": {"a": "first", "b": "second"}},
            },
            "adjust_for": ["age", "housed"],
            "progression": {"criteria": CRITERIA},
            "disclosure": {"profile": profile},
            **changes,
        }
    )


def _timed(title: str, kind: str, horizon: int) -> dict[str, Any]:
    return {
        "title": title,
        "type": kind,
        "better": "lower" if kind == "binary" else "higher",
        "unit": "days",
        "time": "days",
        "event": "back",
        "horizon": horizon,
    }


@dataclass(frozen=True)
class Drawn:
    """A drawn pilot: its people (one row each), its findings, and the sensitive truths by name."""

    plan: Plan
    people: pd.DataFrame
    findings: tuple[Finding, ...]
    truths: dict[str, int]


def draw(seed: int, profile: str = "standard") -> Drawn:
    """Return a pilot of a few dozen people with small cells of every kind."""
    rng = np.random.default_rng(seed)
    people = _people(rng)
    made = _findings(people, plan(profile), rng)
    return Drawn(plan(profile), people, made[0], made[1])


def _people(rng: np.random.Generator) -> pd.DataFrame:
    """One row a person, with the stage they reached and all they would answer."""
    sizes = rng.integers(12, 70, 2) if rng.random() < 0.5 else np.repeat(rng.integers(25, 110), 2)
    arm = np.repeat([*ARMS, None], [*sizes, rng.choice([0, 0, 3, 6, 12])])
    n = len(arm)
    lost = rng.choice([0.0, 0.03, 0.08, 0.25])
    days = np.ceil(rng.exponential(rng.choice([60, 150, 400]), n))
    frame = pd.DataFrame({"arm": arm, "kept": rng.random(n) > rng.choice([0.0, 0.02, 0.05])})
    frame["due"] = rng.random(n) > rng.choice([0.0, 0.05, 0.4])
    frame["work"] = (rng.random(n) < rng.choice([0.05, 0.3, 0.5, 0.9])).astype(float)
    frame["trouble"] = (rng.random(n) < rng.choice([0.1, 0.4])).astype(float)
    frame["nights"] = rng.integers(0, 181, n).astype(float) if rng.random() < 0.7 else frame["trouble"]
    for name in ("work", "trouble", "nights"):
        frame.loc[rng.random(n) < lost * rng.choice([0, 1, 1]), name] = np.nan
    left = np.where(rng.random(n) < rng.choice([0.0, 0.04]), rng.integers(1, 180, n), 180)
    frame["back"], frame["days"] = (days <= left).astype(float), np.minimum(days, left).astype(float)
    frame["age"] = rng.integers(18, 65, n).astype(float)
    frame["flag"] = (rng.random(n) < rng.choice([0.04, 0.3])).astype(float)
    frame["housed"] = pd.array(rng.random(n) < rng.choice([0.06, 0.5, 0.95]), dtype="boolean")
    frame["group"] = rng.choice(list("abcd"), n, p=[0.5, 0.38, 0.08, 0.04])
    for name in ("age", "housed", "group"):
        frame.loc[rng.random(n) < rng.choice([0.0, 0.0, 0.04]), name] = pd.NA if name == "housed" else None
    frame["talks"] = np.where(rng.random(n) < rng.choice([0.06, 0.6, 0.95]), rng.choice([1, 3, 6], n), 0).astype(float)
    frame.loc[(frame["arm"] == "comparison") & (rng.random(n) < 0.9), "talks"] = 0.0
    return frame


def making(people: pd.DataFrame, declared: Plan) -> Making:
    """Return the making of findings from tables in memory, laid out as in a warehouse."""
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS warehouse; USE warehouse")
    for layer in ("raw", "validated", "quarantine", "analysis"):
        connection.execute(f"CREATE SCHEMA {layer}")
    people = people.reset_index(drop=True)
    cases = people.assign(row_key=people.index.map("{:05d}".format), person_key=people.index.map("p{}".format))
    cases = cases.assign(source_file="cases.csv", source_row=np.arange(len(cases)) + 2)
    cases["arm"] = cases["arm"].astype("string")
    kept = cases[cases["kept"]]
    doses = kept.assign(component="talks", dose=kept["talks"])[["person_key", "arm", "component", "dose"]]
    tables = {
        "raw.cases": cases[["row_key", "person_key"]],
        "validated.cases": kept.drop(columns=["kept", "due", "talks", "work", "trouble", "nights", "back", "days"]),
        "analysis.participants": _participants(kept, declared),
        "analysis.doses": doses,
    }
    for name, frame in tables.items():
        connection.register("made", frame)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM made")
        connection.unregister("made")
    flow = _flow(cases, declared)
    connection.register("made", flow)
    connection.execute("CREATE TABLE analysis.flow AS SELECT * FROM made")
    inputs = Inputs(drop="d", drop_hash=HASH, protocol_hash=HASH, tables={}, code=HASH)
    site = SimpleNamespace(protocol=declared, pilot="drawn", site="here", workspace=workspace())
    return Making(site, connection, inputs)  # type: ignore[arg-type]


@cache
def workspace() -> Workspace:
    """Return a workspace with nothing but a ledger, in which outcomes are open."""
    return Workspace(Path(tempfile.mkdtemp(prefix="pilotlens-drawn-")))


def _participants(kept: pd.DataFrame, declared: Plan) -> pd.DataFrame:
    due = kept[kept["due"] & kept["arm"].notna()]
    rows = []
    for key, outcome in declared.outcomes.items():
        part = due[["person_key", "arm"]].assign(outcome=key, value=np.nan, time=np.nan, event=np.nan)
        part["exposure"], part["competing"] = np.nan, np.nan
        if outcome.type == "time_to_event":
            part["time"], part["event"] = due["days"], due["back"]
        elif outcome.time:
            gone = (due["back"] == 0) & (due["days"] < outcome.horizon)
            part["value"] = ((due["back"] == 1) & (due["days"] <= outcome.horizon)).astype(float).mask(gone)
        else:
            part["value"] = due[outcome.value]
        rows.append(part.assign(known=part["value"].notna() | part["time"].notna()))
    return pd.concat(rows, ignore_index=True)


def _flow(cases: pd.DataFrame, declared: Plan) -> pd.DataFrame:
    group = cases["arm"].fillna("unknown" if declared.arms else "everyone")
    stages = {"In the case file": cases["kept"] | True, "Kept after the checks": cases["kept"]}
    reached = cases["kept"] & cases["due"] & cases["arm"].notna()
    stages |= {"Follow-up over: work": reached, "Outcome known: work": reached & cases["work"].notna()}
    rows = [
        {"position": place, "stage": stage, "arm": arm, "people": int((there & (group == arm)).sum())}
        for place, (stage, there) in enumerate(stages.items())
        for arm in sorted(set(group))
    ]
    return pd.DataFrame(rows)


def _findings(
    people: pd.DataFrame, declared: Plan, rng: np.random.Generator
) -> tuple[tuple[Finding, ...], dict[str, int]]:
    made = making(people, declared)
    with made.connection:
        known = made.frame(
            "SELECT outcome, arm, count(*) AS due, count(*) FILTER (known) AS known "
            "FROM analysis.participants GROUP BY ALL"
        )
        found = [*participant_findings(made), *delivery_findings(made), *outcome_findings(made)]
        criteria = [one for one in progression_findings(made, found) if one.id.startswith("progression/")]
        themes, asked, withdrawn = _themes(made, rng)
        kept = people[people["kept"]]
        documents = asked + withdrawn
        consents = max(len(kept) - int(rng.choice([0, 0, 3, 30])), 0)
        found += [*_linkages(made, consents, rng), _difference(made, len(people), people["arm"], rng)]
    quality = DataQualityResult(
        checks=(),
        rows={"cases": len(kept), "outcomes": int(known["due"].sum()), "consents": consents, "documents": documents},
        set_aside={"cases": int((~people["kept"]).sum())},
    )
    truths = {f"lost/{row.outcome}/{row.arm}": int(row.due - row.known) for row in known.itertuples()}
    truths |= {"withdrawn": withdrawn, "without consent": len(kept) - consents}
    return (made.finding("quality/checks", quality), *found, *themes, *criteria), truths


def _linkages(made: Making, consents: int, rng: np.random.Generator) -> list[Finding]:
    """Return the linkage of consents, of contacts (some came to none that they were offered), and of the outcome."""
    keys = made.frame("SELECT person_key, dose FROM analysis.doses ORDER BY person_key")
    agreed = list(rng.permutation(keys["person_key"])[:consents])
    offered = list(rng.permutation(keys.loc[keys["dose"] == 0, "person_key"])[: rng.choice([0, 3, 12])])
    offered += list(keys.loc[keys["dose"] > 0, "person_key"])
    base = "SELECT * FROM validated.cases" + (" WHERE arm IS NOT NULL" if made.plan.arms else "")
    found = []
    for noun, people, expected in (("consents", agreed, True), ("contacts", offered, False)):
        strangers = [f"stranger {n}" for n in range(rng.choice([0, 4, 15]) if noun == "contacts" else 0)]
        made.connection.register("there_rows", pd.DataFrame({"person_key": [*people, *strangers]}, dtype="string"))
        result = _linked(made, noun, noun, "SELECT person_key FROM there_rows", base, expected)
        found.append(made.finding(f"linkage/{noun}", result, subject=noun))
    return [*found, *_of_outcomes(made)]


def _difference(made: Making, now: int, arm: pd.Series, rng: np.random.Generator) -> Finding:
    """Return what differs from a drop before in which some were missing and others were still there."""
    added, vanished = (min(int(rng.choice(choice)), now // 2) for choice in ([0, 3, 14], [0, 0, 2, 15]))
    both = now - added
    left = np.array(
        [int(rng.choice([0, 2, 11, max(both - 3, 0)])), int(rng.choice([0, 5, 12])), int(rng.choice([0, 0, 4]))]
    )
    changed, filled, emptied = (int(n) for n in np.diff(np.minimum(np.cumsum(left), both), prepend=0))
    result = DifferenceResult(
        noun="cases",
        earlier="2026-03-31",
        newest="2026-06-30",
        rows_before=both + vanished,
        rows_now=now,
        people_before=both + vanished,
        people_now=now,
        both=both,
        added=added,
        vanished=vanished,
        changes=(
            FieldChange(field="start", title="Start", group="date", changed=changed, filled=filled, emptied=emptied),
        ),
        smallest_before=int(min(arm.fillna("unknown").value_counts().min(), both + vanished)),
    )
    return made.finding("difference/cases", result, subject="cases")


def _themes(made: Making, rng: np.random.Generator) -> tuple[list[Finding], int, int]:
    """Return themes with counts as people would give them, how many were asked, and how many withdrew."""
    asked = {"participant": int(rng.integers(4, 26)), "staff": int(rng.integers(2, 12))}
    themes = []
    for number in range(3):
        people = {role: int(rng.integers(0, n + 1)) for role, n in asked.items()}
        agree = 1 - rng.integers(0, 3) / sum(asked.values())
        passages = sum(people.values()) + int(rng.integers(0, 4)) if any(people.values()) else 0
        result = ThemeResult(
            code=f"t{number}",
            title=f"T{number}",
            definition="",
            people=people,
            interviewed=asked,
            spread={role: spread(people[role], asked[role]) for role in people},
            passages=passages,
            agreement=agree,
            withheld_quotes=passages,
        )
        themes.append(made.finding(f"theme/t{number}", result, subject=f"t{number}"))
    return themes, sum(asked.values()), int(rng.choice([0, 2, 5]))


def small_flow(*counts: int, arm: str = "everyone") -> FlowResult:
    """Return a flow of one group."""
    return FlowResult(stages=tuple(FlowStage(title=f"Stage {i}", counts={arm: n}) for i, n in enumerate(counts)))
