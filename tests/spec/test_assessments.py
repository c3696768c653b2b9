"""Two further nouns, from file to frame: assessments (a row per person and period) and series (a row per period)."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipelines.analysis import build
from pipelines.estimation.design import BASELINE, PERIOD, UNIT
from pipelines.estimation.designs.one_period import one_period
from pipelines.findings.frames import outcome_frame
from pipelines.findings.making import making
from pipelines.findings.outcomes import TABLES, outcome_findings
from pipelines.findings.participants import participant_findings
from pipelines.findings.progression import TABLES as PROGRESSION_TABLES
from pipelines.findings.progression import progression_findings
from pipelines.ingest import receive
from pipelines.protocol import Protocol
from pipelines.validation.publish import publish
from pipelines.warehouse import open_warehouse
from pipelines.workspace import PilotSite, Workspace

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites:
  north: {title: North, codes: [N]}
  south: {title: South, codes: [S]}
population: {description: people}
intervention: {name: x}
arms:
  treatment: {title: Offered, codes: [fund]}
  comparison: {title: Usual, codes: [usual]}
design: {kind: randomised}
outcomes:
  score: {title: Score, type: continuous, tier: primary, better: higher, noun: assessments, value: score, at: 3,
    baseline_at: 1, unit: points}
limits: {quarantine: 1.0}
extracts:
  people: {noun: cases, file: cases.csv, columns: {person: Case, site: Site, arm: Group}}
  visits:
    noun: assessments
    file: visits.csv
    columns: {person: Case, site: Site, period: Wave, score: {column: Score, missing: ["-9"]}}
  agreed:
    noun: consents
    file: consents.csv
    optional: true
    columns: {person: Case, site: Site, may_link: Link, may_quote: Quote, may_publish: Publish}
"""
SERIES = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites:
  north: {title: North, codes: [N]}
  south: {title: South, codes: [S]}
population: {description: months, unit: area}
intervention: {name: x}
design: {kind: interrupted_time_series, began: "13"}
outcomes:
  calls: {title: Calls, type: continuous, tier: primary, better: lower, noun: series, value: calls}
extracts:
  months: {noun: series, file: months.csv, columns: {site: Site, period: Month, calls: Calls}}
"""
CASES = ["Case,Site,Group", *(f"C{n:02},N,{'fund' if n % 2 else 'usual'}" for n in range(40)), "C90,S,fund"]
VISITS = [f"C{n:02},N,{wave},{10 + (7 * n + 3 * wave) % 11}" for n in range(40) for wave in (1, 2, 3)]


def site(root: Path, protocol: str = PROTOCOL, changes: tuple[str, str] = ("", "")) -> PilotSite:
    made = Protocol.model_validate(YAML(typ="safe").load(protocol.replace(*changes)))
    return PilotSite(Workspace(root), made, "north")


def deliver(root: Path, day: str, **files: list[str]) -> None:
    folder = root / "pilots" / "first" / "drops" / day
    folder.mkdir(parents=True)
    for name, rows in files.items():
        path = folder / f"{name}.csv"
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        os.utime(path, (time.time() - 3600, time.time() - 3600))


def run(place: PilotSite, *nouns: str) -> dict[str, Any]:
    """Receive and publish; return the outcome of validation of each noun."""
    for noun in nouns:
        receive(place, noun)
    published = ("cases", "outcomes", *(noun for noun in nouns if noun != "cases"))
    return {noun: publish(place, noun) for noun in published if noun in (*nouns, "outcomes")}


def rows(place: PilotSite, sql: str) -> list[tuple[Any, ...]]:
    with open_warehouse(place) as connection:
        return connection.execute(sql).fetchall()


class TestAssessments:
    def test_every_row_of_this_site_is_there_and_its_people_are_those_of_the_cases(self, tmp_path):
        visits = ["Case,Site,Wave,Score", *VISITS, "C90,S,1,5"]
        deliver(tmp_path, "2026-04-01", cases=CASES, visits=visits)
        place = site(tmp_path)
        told = run(place, "cases", "assessments")
        assert not told["assessments"].refusal
        joined = "FROM validated.assessments JOIN validated.cases USING (person_key)"
        assert rows(place, f"SELECT count(*), count(DISTINCT person_key), sum(score) {joined}") == [
            (120, 40, sum(10 + (7 * n + 3 * w) % 11 for n in range(40) for w in (1, 2, 3)))
        ]

    @pytest.mark.parametrize(
        ("row", "rule"),
        [
            (",N,2,5", "person_present"),
            ("C99,N,2,5", "person_known"),
            ("C01,N,,5", "period_present"),
            ("C01,N,2,6", "period_once"),
        ],
    )
    def test_a_row_that_no_engine_could_place_is_set_aside(self, tmp_path, row, rule):
        deliver(tmp_path, "2026-04-01", cases=CASES, visits=["Case,Site,Wave,Score", *VISITS, row])
        place = site(tmp_path)
        told = run(place, "cases", "assessments")["assessments"]
        aside = rows(place, "SELECT reasons::VARCHAR FROM quarantine.assessments")
        # Of two values of one period nobody can say which is right
        assert len(aside) == (2 if rule == "period_once" else 1)
        assert all(rule in reason for (reason,) in aside)
        assert not told.refusal
        assert rows(place, "SELECT count(*) FROM validated.assessments") == [(119 if rule == "period_once" else 120,)]

    def test_an_exact_copy_is_not_a_second_assessment(self, tmp_path):
        deliver(tmp_path, "2026-04-01", cases=CASES, visits=["Case,Site,Wave,Score", *VISITS, VISITS[0]])
        place = site(tmp_path)
        run(place, "cases", "assessments")
        assert rows(place, "SELECT count(*) FROM validated.assessments")[0][0] in (119, 120)

    def test_a_score_that_means_missing_is_missing(self, tmp_path):
        visits = ["Case,Site,Wave,Score", "C00,N,3,-9", *VISITS[3:]]
        deliver(tmp_path, "2026-04-01", cases=CASES, visits=visits)
        place = site(tmp_path)
        run(place, "cases", "assessments")
        assert rows(place, "SELECT count(*) FROM validated.assessments WHERE score IS NULL") == [(1,)]

    def test_a_date_after_the_drop_is_set_aside(self, tmp_path):
        protocol = PROTOCOL.replace("period: Wave", "period_date: {column: Wave, format: dd/mm/yyyy}")
        protocol = protocol.replace(", at: 3,\n    baseline_at: 1", "")
        visits = [
            "Case,Site,Wave,Score",
            *(f"C{n:02},N,0{m}/01/2026,5" for n in range(40) for m in (1,)),
            "C01,N,02/04/2026,5",
        ]
        deliver(tmp_path, "2026-04-01", cases=CASES, visits=[*visits, "C02,N,01/04/2026,5"])
        place = site(tmp_path, protocol)
        run(place, "cases", "assessments")
        assert [reason for (reason,) in rows(place, "SELECT reasons::VARCHAR FROM quarantine.assessments")] != []
        assert rows(place, "SELECT count(*) FROM quarantine.assessments") == [(1,)]

    def test_without_consent_nothing_is_linked(self, tmp_path):
        agreed = ["Case,Site,Link,Quote,Publish", *(f"C{n:02},N,{'Y' if n < 30 else 'N'},Y,Y" for n in range(40))]
        deliver(tmp_path, "2026-04-01", cases=CASES, visits=["Case,Site,Wave,Score", *VISITS], consents=agreed)
        place = site(tmp_path, changes=("quarantine: 1.0", "quarantine: 1.0, consent_before_linking: true"))
        run(place, "consents", "cases", "assessments")
        kept = rows(place, "SELECT count(DISTINCT person_key) FROM validated.assessments")
        assert kept == [(30,)]

    def test_progression_counts_who_was_assessed_in_the_period_that_counts(self, tmp_path):
        gone = [row for row in VISITS if not row.startswith("C01") and not (row.startswith("C02") and ",3," in row)]
        deliver(tmp_path, "2026-04-01", cases=CASES, visits=["Case,Site,Wave,Score", *gone, "C03,N,4,9"])
        criteria = (
            "progression:\n  criteria:\n"
            "    seen: {title: Seen again, measure: follow_up, red: 0.5, green: 0.8}\n"
            "    whole: {title: Whole, measure: completeness, of: assigned, red: 0.5, green: 0.8}\nlimits:"
        )
        last = {"seen": (38, 40), "whole": (38, 40)}
        ever = {"seen": (1, 40), "whole": (1, 40)}  # where the protocol names no period it is the last one
        for change, expected in ((("", ""), last), ((", at: 3,\n    baseline_at: 1", ""), ever)):
            place = site(tmp_path, PROTOCOL.replace("limits:", criteria).replace(*change))
            run(place, "cases", "assessments")
            for noun in ("participants", "flow"):
                build(place, noun)
            with open_warehouse(place) as connection:
                made = making(place, connection, PROGRESSION_TABLES)
                found = {one.id: one.result for one in progression_findings(made, [])}
            for name, (events, n) in expected.items():
                result = found[f"progression/{name}"]
                assert (result.events, result.n) == (events, n)
        assert "who were to be assessed" in found["progression/seen"].counted

    def test_a_later_drop_adds_periods(self, tmp_path):
        early = ["Case,Site,Wave,Score", *(row for row in VISITS if row.split(",")[2] != "3")]
        deliver(tmp_path, "2026-04-01", cases=CASES, visits=early)
        deliver(tmp_path, "2026-07-01", cases=CASES, visits=["Case,Site,Wave,Score", *VISITS])
        place = site(tmp_path)
        run(place, "cases", "assessments")
        assert rows(place, "SELECT period, count(*) FROM validated.assessments GROUP BY ALL ORDER BY 1") == [
            (1.0, 40),
            (2.0, 40),
            (3.0, 40),
        ]

    def test_the_frame_holds_everybody_and_who_was_not_assessed_is_missing(self, tmp_path):
        gone = [row for row in VISITS if not row.startswith("C01") and not (row.startswith("C02") and ",3," in row)]
        deliver(tmp_path, "2026-04-01", cases=CASES, visits=["Case,Site,Wave,Score", *gone])
        place = site(tmp_path)
        run(place, "cases", "assessments")
        for noun in ("participants", "flow"):
            build(place, noun)
        with open_warehouse(place) as connection:
            made = making(place, connection, TABLES)
            outcome = place.protocol.outcomes["score"]
            frame = outcome_frame(made, "score", outcome)
            found = {finding.id: finding.result for finding in outcome_findings(made)}
            flow = participant_findings(made)[0].result
        assert frame[UNIT].nunique() == 40
        people = one_period(frame, _Periods)
        assert len(people) == 40
        assert people["value"].isna().sum() == 2
        assert people[BASELINE].isna().sum() == 1
        assert PERIOD not in people
        effect = found["effect/score/primary"]
        assert effect.engine == "mixed model for repeated measures"
        assert sum(arm.n for arm in effect.arms.values()) == 38
        assert any("not known are left out" in words for words in effect.warnings)
        # Who was assessed when is no stage of the flow: the case file does not tell it
        assert [stage.title for stage in flow.stages] == ["In the case file", "Kept after the checks"]


class _Periods:
    at, baseline_at = 3.0, 1.0


class TestSeries:
    MONTHS = ("Site,Month,Calls", *(f"N,{month},{20 + month % 5}" for month in range(1, 25)), "S,1,3")

    def test_the_series_of_this_site(self, tmp_path):
        deliver(tmp_path, "2026-04-01", months=list(self.MONTHS))
        place = site(tmp_path, SERIES)
        receive(place, "series")
        assert not publish(place, "series").refusal
        assert rows(place, "SELECT count(*), min(period), max(period) FROM validated.series") == [(24, 1.0, 24.0)]

    @pytest.mark.parametrize(("row", "words"), [("N,,9", "when"), ("N,5,9", "twice")])
    def test_a_series_that_is_none_is_refused(self, tmp_path, row, words):
        deliver(tmp_path, "2026-04-01", months=[*self.MONTHS, row])
        place = site(tmp_path, SERIES)
        receive(place, "series")
        refusal = publish(place, "series").refusal
        assert refusal
        assert words in str(refusal)
