"""Progression criteria from protocol and drop to the reports: counts, lights, and a result left open."""

import json
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.progression.lights import Thresholds
from pipelines.progression.predictive import chance_of_green
from tests.end_to_end.test_designs_people import evidence, run, write

BODY = """
dates: {start: 2019-01-01}
intervention:
  name: x
  components:
    sessions: {title: Sessions, measure: cases.sessions, planned: 4, unit: sessions}
design: {kind: randomised}
outcomes:
  job: {title: found a job, type: binary, tier: primary, better: higher, value: job, minimum_important_difference: 0.2}
progression:
  decides: the steering group
  criteria:
    uptake: {title: People who started, measure: recruitment, red: 0.2, green: 0.35}
    fidelity: {title: People with all sessions, measure: fidelity, red: 0.5, green: 0.75}
    follow_up: {title: Answers known, measure: follow_up, red: 0.65, green: 0.85, planned_per_site: {here: 200}}
    sessions: {title: Sessions a person, measure: dose, red: 2, green: 4, required: false}
    pace: {title: Starts a month, measure: recruitment_rate, red: 2, green: 4, required: false}
  overrides:
    - {of: overall, decision: go, who: A. Chair, why: The two ambers are being mended., on: 2020-01-15}
extracts:
  cases: {file: cases.csv, columns: {person: id, arm: arm, start_date: {column: started, format: yyyy-mm-dd},
    sessions: sessions, job: job}}
"""


def people() -> pd.DataFrame:
    """Return 240 referred: 80 started, 40 a group; 26 of 40 had every session, the others none; 60 of 80 answered."""
    number = np.arange(240)
    started = number < 80
    arm = np.where(started, number % 2, -1)
    rank = number // 2
    sessions = np.where(arm == 1, np.where(rank < 26, 4, 0), 0)
    answered = started & (rank < 30)
    job = rank < np.where(arm == 1, 15, 14)
    return pd.DataFrame(
        {
            "id": [f"Q{one:03}" for one in number],
            "arm": ["" if one < 0 else str(one) for one in arm],
            "started": ["2019-03-01" if one else "" for one in started],
            "sessions": sessions,
            "job": [str(int(j)) if a else "" for j, a in zip(job, answered, strict=True)],
        }
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("progression")
    write(folder, "lights", BODY, {"cases.csv": people()})
    path = folder / "pilots" / "lights" / "protocol.yml"
    path.write_text(path.read_text().replace("intervention: {name: x}\n", ""))
    run(folder, "lights")
    return folder


@pytest.fixture(scope="module")
def findings(root: Path) -> dict[str, Any]:
    return {one["id"]: one for one in json.loads(evidence(root, "lights"))["findings"]}


def test_each_criterion_has_its_counts_and_its_light(findings: dict[str, Any]) -> None:
    found = {key.partition("/")[2]: one["result"] for key, one in findings.items() if key.startswith("progression/")}
    counts = {key: (one["events"], one["n"], one["light"]) for key, one in found.items() if key != "overall"}
    assert counts["uptake"] == (80, 240, "amber_green")
    assert counts["fidelity"] == (26, 40, "amber_green")
    assert counts["follow_up"] == (60, 80, "amber_green")
    assert counts["pace"][2] == "green"
    assert found["fidelity"]["cut"] == pytest.approx(0.5 + 1.64485 * sqrt(0.25 / 40), abs=1e-5)
    chance = chance_of_green(60, 80, 200, Thresholds(0.65, 0.85))
    assert found["follow_up"]["chance_green"] == pytest.approx(chance)
    assert found["sessions"]["estimate"] == pytest.approx(2.6)


def test_the_verdict_stands_beside_the_decision(findings: dict[str, Any]) -> None:
    overall = findings["progression/overall"]
    assert overall["result"]["verdict"] == "amend"
    assert overall["result"]["override"]["decision"] == "go"
    assert "amend, then go on" in overall["sentence"]
    assert "Decided otherwise by A. Chair on 2020-01-15: go on." in overall["sentence"]


def test_lost_answers_lower_the_level_of_evidence(findings: dict[str, Any]) -> None:
    level = findings["evidence/level"]["result"]
    assert (level["maryland"], level["declared_maryland"]) == (4, 5)
    assert "following up more people" in level["raise_it"].lower()


def test_an_open_result_says_what_more_would_buy(findings: dict[str, Any]) -> None:
    found = findings["inconclusive/job"]
    result = found["result"]
    assert 0.5 < result["good_sign_flat"] < 0.75
    assert abs(result["good_sign_sceptical"] - 0.5) < abs(result["good_sign_flat"] - 0.5)
    assert [more["factor"] for more in result["more"]] == pytest.approx([2, 1.5], abs=0.01)
    assert all(more["width"] < result["width"] for more in result["more"])
    assert findings["effect/job/primary"]["result"]["detectable"] == result["detectable"]


def test_reports_show_it(root: Path) -> None:
    page = (root / "reports" / "lights" / "here" / "report.html").read_text()
    for words in ("Progression criteria", "Amber, near green", "A. Chair", "What is still open"):
        assert words in page
    assert "more research is needed" not in page.casefold()
    funder = (root / "reports" / "lights" / "here" / "funder.html").read_text()
    assert "amend, then go on" in funder
    assert "p against red" not in funder
