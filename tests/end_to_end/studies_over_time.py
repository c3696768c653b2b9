"""Published studies as pilots: a protocol and a drop each. What they must come to stands in test_designs_over_time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(__file__).resolve().parents[1] / "reference" / "data"
HEAD = """pilot: {pilot}
title: {pilot}
question: Does it work?
concept: {{name: study}}
sites:
  here: {{title: Here}}
population: {{description: {what}, unit: {unit}}}
intervention: {{name: study{components}}}
"""
ARMS = """arms:
  treatment: {{title: Offered, codes: ["1"]}}
  comparison: {{title: Not offered, codes: ["0"]}}
  assignment: {}
"""


def write(
    root: Path, pilot: str, body: str, files: dict[str, pd.DataFrame], *, unit: str = "person", components: str = ""
) -> None:
    """Write one pilot into a workspace."""
    drop = root / "pilots" / pilot / "drops" / "2020-01-01"
    drop.mkdir(parents=True)
    head = HEAD.format(pilot=pilot, what="people" if unit == "person" else "areas", unit=unit, components=components)
    (root / "pilots" / pilot / "protocol.yml").write_text(head + body, encoding="utf-8")
    for name, frame in files.items():
        frame.to_csv(drop / name, index=False)


def minimum_wages(root: Path, pilot: str, choices: str) -> None:
    """Callaway & Sant'Anna 2021: counties, and the year in which their minimum wage rose."""
    data = pd.read_csv(DATA / "mpdta.csv").rename(columns={"first.treat": "first"})
    body = f"""design: {{kind: staggered, adopted: first, {choices}}}
covariates:
  lpop: {{title: Log population}}
outcomes:
  lemp: {{title: Log employment of teenagers, type: continuous, tier: primary, better: higher,
    noun: assessments, value: lemp}}
extracts:
  cases: {{file: cases.csv, columns: {{person: countyreal, first: first, lpop: lpop}}}}
  years: {{noun: assessments, file: assessments.csv, columns: {{person: countyreal, period: year, lemp: lemp}}}}
"""
    cases = data.drop_duplicates("countyreal")[["countyreal", "first", "lpop"]]
    files = {"cases.csv": cases, "assessments.csv": data[["countyreal", "year", "lemp"]]}
    write(root, pilot, body, files, unit="area")


def minimum_wages_of_2007(root: Path) -> None:
    """The same counties, those of 2007 against those never, between the last two years, which are dates here."""
    data = pd.read_csv(DATA / "mpdta.csv").rename(columns={"first.treat": "first"}).query("first in (0, 2007)")
    data = data.assign(arm=(data["first"] > 0).astype(int), day=data["year"].map("{}-12-31".format))
    body = (
        ARMS.format("not_randomised")
        + """design: {kind: difference_in_differences}
outcomes:
  lemp: {title: Log employment of teenagers, type: continuous, tier: primary, better: higher,
    noun: assessments, value: lemp}
extracts:
  cases: {file: cases.csv, columns: {person: countyreal, arm: arm}}
  years: {noun: assessments, file: assessments.csv, columns: {person: countyreal, period_date: day, lemp: lemp}}
"""
    )
    cases = data.drop_duplicates("countyreal")[["countyreal", "arm"]]
    files = {"cases.csv": cases, "assessments.csv": data[["countyreal", "day", "lemp"]]}
    write(root, "mpdta-2007", body, files, unit="area")


def card_and_krueger(root: Path) -> None:
    """Card & Krueger 1994, table 3: means of full-time equivalents, with stores around them."""
    means = {1: (20.44, 21.03), 0: (23.33, 21.17)}
    off = np.linspace(-8, 8, 33)
    rows = [(arm, before + o, after + o * 0.9) for arm, (before, after) in means.items() for o in off]
    stores = pd.DataFrame(rows, columns=["nj", "before", "after"]).rename_axis("store").reset_index()
    body = (
        ARMS.format("not_randomised")
        + """design: {kind: difference_in_differences}
outcomes:
  fte: {title: Full-time equivalents, type: continuous, tier: primary, better: higher, value: after,
    baseline: before, unit: jobs}
extracts:
  cases: {file: cases.csv, columns: {person: store, arm: nj, before: before, after: after}}
"""
    )
    write(root, "card-krueger", body, {"cases.csv": stores})


def smoking_ban(root: Path, pilot: str, choices: str, change: str = "", rows: int = 59) -> None:
    """Lopez Bernal et al. 2017: admissions for coronary events in Sicily; a series, and no case file."""
    data = pd.read_csv(DATA / "sicily_smoking_ban.csv").head(rows)
    data = data.assign(month=data["year"].astype(str) + "-" + data["month"].astype(str).str.zfill(2) + "-01")
    if change == "gap":
        data = data.drop(index=20)
    body = f"""design: {{kind: interrupted_time_series, began: "2005-01-01", {choices}}}
outcomes:
  aces: {{title: Admissions for coronary events, type: count, tier: primary, better: lower, noun: series, value: aces,
    exposure: stdpop, unit: admissions}}
extracts:
  months: {{noun: series, file: series.csv, columns: {{period_date: month, aces: aces, stdpop: stdpop}}}}
"""
    write(root, pilot, body, {"series.csv": data[["month", "aces", "stdpop"]]})


def wage_panel(root: Path) -> None:
    """Vella & Verbeek 1998: what being in a union goes with, within men and years."""
    from linearmodels.datasets import wage_panel as men

    data = men.load()
    body = """design: {kind: panel, treated: union, by: [expersq, married]}
outcomes:
  lwage: {title: Log of the hourly wage, type: continuous, tier: primary, better: higher,
    noun: assessments, value: lwage}
extracts:
  cases: {file: cases.csv, columns: {person: nr}}
  years:
    noun: assessments
    file: assessments.csv
    columns: {person: nr, period: year, lwage: lwage, union: union, expersq: expersq, married: married}
"""
    columns = ["nr", "year", "lwage", "union", "expersq", "married"]
    write(root, "wages", body, {"cases.csv": data[["nr"]].drop_duplicates(), "assessments.csv": data[columns]})


def wages_before_and_after(root: Path) -> None:
    """The same men, in the first year and in the last."""
    from linearmodels.datasets import wage_panel as men

    data = men.load()
    body = """design: {kind: before_after, typical: 1.5, reliability: 0.6}
outcomes:
  lwage: {title: Log of the hourly wage, type: continuous, tier: primary, better: higher,
    noun: assessments, value: lwage}
extracts:
  cases: {file: cases.csv, columns: {person: nr}}
  years: {noun: assessments, file: assessments.csv, columns: {person: nr, period: year, lwage: lwage}}
"""
    columns = ["nr", "year", "lwage"]
    write(root, "wages-after", body, {"cases.csv": data[["nr"]].drop_duplicates(), "assessments.csv": data[columns]})


def beer_taxes(root: Path) -> None:
    """Carpenter & Dobkin 2011 in clubSandwich: deaths of young people in traffic by state and year."""
    data = pd.read_csv(DATA / "mortality_rates.csv")
    body = """design: {kind: panel, treated: beertaxa, by: [legal]}
outcomes:
  deaths: {title: Deaths in traffic, type: continuous, tier: primary, better: lower, noun: assessments, value: mrate}
extracts:
  cases: {file: cases.csv, columns: {person: state}}
  years:
    noun: assessments
    file: assessments.csv
    columns: {person: state, period: year, mrate: mrate, beertaxa: beertaxa, legal: legal}
"""
    files = {"cases.csv": data[["state"]].drop_duplicates(), "assessments.csv": data.drop(columns="pop")}
    write(root, "beer-taxes", body, files, unit="area")


def vitamin_a(root: Path) -> None:
    """Sommer & Zeger 1991: children's deaths in Aceh, and who took the vitamin."""
    groups = {(1, 1, 1): 12, (1, 1, 0): 9663, (1, 0, 1): 34, (1, 0, 0): 2385, (0, 0, 1): 74, (0, 0, 0): 11514}
    people = np.repeat(np.array(list(groups)), list(groups.values()), axis=0)
    frame = pd.DataFrame(people, columns=["arm", "took", "died"]).rename_axis("child").reset_index()
    body = (
        ARMS.format("randomised")
        + """outcomes:
  died: {title: died, type: binary, tier: primary, better: lower, value: died}
take_up: {field: took, title: took the vitamin}
extracts:
  cases: {file: cases.csv, columns: {person: child, arm: arm, took: took, died: died}}
"""
    )
    write(root, "vitamin-a", body, {"cases.csv": frame})


def hours() -> pd.DataFrame:
    """People offered a service by chance, and the hours they had of it."""
    draw = np.random.Generator(np.random.PCG64(7))
    arm = np.tile([1, 0], 100)
    spent = np.where(arm == 1, draw.integers(0, 12, 200), 0)
    score = 10 + 0.5 * spent + draw.normal(0, 2, 200)
    return pd.DataFrame({"person": range(200), "arm": arm, "hours": spent, "score": score.round(3)})


def doses(root: Path) -> None:
    """The same people as a pilot, with the hours as a component."""
    body = (
        ARMS.format("randomised")
        + """design: {kind: randomised}
outcomes:
  score: {title: Score, type: continuous, tier: primary, better: higher, value: score, unit: points}
extracts:
  cases: {file: cases.csv, columns: {person: person, arm: arm, hours: hours, score: score}}
"""
    )
    components = ", components: {hours: {title: Hours, measure: cases.hours, unit: hours}}"
    write(root, "doses", body, {"cases.csv": hours()}, components=components)


def approval(root: Path) -> None:
    """Agresti, Categorical Data Analysis, table 10.1: approval of the prime minister, asked twice."""
    groups = {(1, 1): 794, (1, 0): 150, (0, 1): 86, (0, 0): 570}
    people = np.repeat(np.array(list(groups)), list(groups.values()), axis=0)
    frame = pd.DataFrame(people, columns=["before", "after"]).rename_axis("voter").reset_index()
    body = """design: {kind: before_after}
outcomes:
  approve: {title: approved, type: binary, tier: primary, better: higher, value: after, baseline: before}
extracts:
  cases: {file: cases.csv, columns: {person: voter, before: before, after: after}}
"""
    write(root, "approval", body, {"cases.csv": frame})
