"""Ordered outcomes, and events that another can forestall, of groups that chance did not make: published data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.end_to_end.studies_over_time import ARMS, DATA, write

HEAD = ARMS.format("not_randomised")
LEUKAEMIA = (
    HEAD
    + """design: {kind: weighted, method: inverse_probability, estimand: everyone}
covariates:
  age: {title: Age, unit: years}
  sex: {title: Sex, type: category}
  phase: {title: Phase of the disease, type: category}
adjust_for: [age, sex, phase]
outcomes:
  relapse: {title: Months until relapse, type: time_to_event, tier: primary, better: later, time: months,
    event: relapsed, competing: died, horizon: 12, unit: months}
extracts:
  cases: {file: cases.csv, columns: {person: id, arm: arm, age: age, sex: sex, phase: phase, months: months,
    relapsed: relapsed, died: died}}
"""
)
GRADES = (
    HEAD
    + """design: {kind: weighted}
covariates:
  age: {title: Age, unit: years}
  nodes: {title: Nodes}
adjust_for: [age, nodes]
outcomes:
  grade: {title: Grade of the tumour, type: ordinal, tier: primary, better: lower, value: grade,
    labels: {"1": I, "2": II, "3": III}}
extracts:
  cases: {file: cases.csv, columns: {person: id, arm: arm, age: age, nodes: nodes, grade: grade}}
"""
)


def transplants() -> pd.DataFrame:
    """Return the patients of Scrucca, Santucci & Aversa 2010, who relapsed or died first; AML against ALL."""
    data = pd.read_csv(DATA / "bmtcrr.csv").rename_axis("id").reset_index()
    return data.assign(
        arm=(data["D"] == "AML").astype(int),
        age=data["Age"],
        sex=data["Sex"],
        phase=data["Phase"],
        months=data["ftime"],
        relapsed=(data["Status"] == 1).astype(int),
        died=(data["Status"] == 2).astype(int),
    )[["id", "arm", "age", "sex", "phase", "months", "relapsed", "died"]]


def tumours() -> pd.DataFrame:
    """Return the women of Schumacher et al. 1994, by hormones and the grade of their tumour."""
    from lifelines.datasets import load_gbsg2

    data = load_gbsg2().rename_axis("id").reset_index()
    grade = data["tgrade"].map({"I": 1, "II": 2, "III": 3})
    arm = (data["horTh"] == "yes").astype(int)
    return data.assign(arm=arm, grade=grade, nodes=data["pnodes"])[["id", "arm", "age", "nodes", "grade"]]


def forestalled(root: Path) -> None:
    """Relapse, which death forestalls, weighted to be alike in age, sex and phase."""
    write(root, "transplants", LEUKAEMIA, {"cases.csv": transplants()})


def ordered(root: Path) -> None:
    """Grades of tumours, weighted to be alike in age and nodes."""
    write(root, "tumours", GRADES, {"cases.csv": tumours()})
