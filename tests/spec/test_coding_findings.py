"""Findings on how interviews were coded: from small tables in memory to what may be shown of them, in which words."""

from __future__ import annotations

import os
from itertools import product
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, NamedTuple

import duckdb
import pandas as pd
import pytest

from pipelines.disclosure.apply import checked
from pipelines.disclosure.coded import Voices, fidelity
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import policy
from pipelines.disclosure.voices import theme as shown_theme
from pipelines.findings.coded import ElementPresence, FidelityResult
from pipelines.findings.coding import coding_findings, read_coding
from pipelines.findings.making import Making
from pipelines.findings.models import Finding, Inputs, JointResult, ThemeResult
from pipelines.findings.questions import question_findings
from pipelines.findings.themes import _finding, _opposites
from pipelines.protocol.models import Plan
from tests.properties.small_pilots import workspace

HASH = "0" * 64
TEXT = "One thing was said here. " * 12
SENTENCE = len("One thing was said here. ")
QUESTION = {"text": "Does it?", "expectation": "Yes.", "supporting": ["Trust"], "countering": ["Doubt"]}


def plan(**changes: Any) -> Plan:
    return Plan.model_validate(
        {
            "pilot": "drawn",
            "title": "Drawn",
            "question": "What?",
            "concept": {"name": "Help"},
            "sites": {"here": {"title": "Here"}},
            "population": {"description": "people"},
            "intervention": {"name": "Help"},
            "covariates": {"sex": {"title": "Sex", "type": "category", "labels": {"f": "women", "m": "men"}}},
            "questions": {"does-it": QUESTION},
            **changes,
        }
    )


def making(declared: Plan, codings: list[tuple[Any, ...]], people: int = 30, staff: int = 12) -> Making:
    """Return a warehouse of participants p0, p1 ... and staff s0 ..., one interview each.

    A coding is (document, code, coder, sentence); documents d0, d1 ... are of participants, e0, e1 ... of staff.
    """
    speakers = [(f"d{k}", f"p{k}", "participant") for k in range(people)] + [
        (f"e{k}", f"s{k}", "staff") for k in range(staff)
    ]
    documents = pd.DataFrame(
        [
            (key, who, who if role == "participant" else None, role, f"{key}: {TEXT}", "q.qdpx", number, "2026-01-01")
            for number, (key, who, role) in enumerate(speakers)
        ],
        columns=["document_key", "speaker_key", "person_key", "role", "text", "source_file", "source_row", "drop_id"],
    )
    rows = pd.DataFrame(
        [
            (
                key,
                code,
                code,
                f"About {code}.",
                coder,
                role,
                at * SENTENCE + 6,
                at * SENTENCE + 20,
                "x",
                "exact",
                "2026-01-01",
            )
            for key, code, coder, at, *rest in codings
            for role in [rest[0] if rest else None]
        ],
        columns=[
            *("document_key", "code_path", "code_name", "definition", "coder_key", "coder_role"),
            *("start_at", "end_at", "quote", "checked", "drop_id"),
        ],
    )
    cases = pd.DataFrame({"person_key": [f"p{k}" for k in range(people)], "sex": ["f", "m"] * (people // 2)})
    consents = pd.DataFrame({"person_key": cases["person_key"], "may_link": True})
    consents["withdrawn_on"] = pd.Series([pd.NaT] * people, dtype="datetime64[ns]")
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS warehouse; USE warehouse")
    for layer in ("validated", "quarantine", "analysis"):
        connection.execute(f"CREATE SCHEMA {layer}")
    connection.execute("CREATE TABLE quarantine.consents (person_key VARCHAR, withdrawn_on DATE)")
    tables = {"documents": documents, "codings": rows, "cases": cases, "consents": consents}
    for name, frame in tables.items():
        connection.register("made", frame)
        connection.execute(f"CREATE TABLE validated.{name} AS SELECT * FROM made")
        connection.unregister("made")
    from pipelines.warehouse import statement

    connection.execute(f"CREATE TABLE analysis.themes AS {statement('analysis', 'themes')}")
    inputs = Inputs(drop="d", drop_hash=HASH, protocol_hash=HASH, tables={}, code=HASH)
    site = SimpleNamespace(protocol=declared, pilot="drawn", site="here", workspace=workspace())
    return Making(site, connection, inputs)  # type: ignore[arg-type]


def found(declared: Plan, codings: list[tuple[Any, ...]], **sizes: int) -> dict[str, Finding]:
    """Return themes, findings on the coding and the joint row as they may be shown."""
    made = making(declared, codings, **sizes)
    counted = made.frame("SELECT * FROM analysis.themes ORDER BY code_path, role, speaker_key")
    coding = read_coding(made, counted)
    passages = made.frame("SELECT * FROM validated.codings")
    themes = [
        _finding(made, f"theme/{path}", rows, passages[passages["code_path"] == path], pd.DataFrame(), {}, coding)
        for path, rows in counted.groupby("code_path")
    ]
    made_of = [*themes, *coding_findings(made, coding, str)]
    shown = checked([*made_of, *question_findings(made, made_of)], declared)
    return {finding.id: finding for finding in shown}


def both(documents: range, code: str, *sentences: int, of: str = "d") -> list[tuple[Any, ...]]:
    """Two coders put a code on the same sentences."""
    return [(f"{of}{k}", code, coder, at) for k in documents for at in sentences for coder in ("ann", "ben")]


AGREED = [*both(range(20), "Trust", 1, 4), *both(range(10), "Doubt", 7), *both(range(12), "Hope", 9, of="e")]
ALONE = [(f"d{k}", "Shame", "ann", 10) for k in range(15)]
"""Shame is seen by one coder alone, in documents that both worked through."""


def test_agreement_says_what_reached_the_floor_and_what_did_not() -> None:
    shown = found(plan(agreement={"floor": 0.667}), [*AGREED, *ALONE])["agreement/codes"]
    assert shown.sentence == (
        "Over four codes, Krippendorff's alpha by sentence ran from \N{MINUS SIGN}0.02 to 1.00. “Shame” did not reach "
        "the floor of 0.667 declared beforehand and is not counted."
    )
    rows = {row.code: row for row in shown.result.codes}  # type: ignore[union-attr]
    assert rows["Trust"].value == 1.0
    assert rows["Shame"].standing == "below"
    assert rows["Shame"].jaccard == 0.0
    assert rows["Shame"].ac1 is not None
    assert rows["Shame"].ac1 > 0.9  # and so it never stands alone


def test_a_code_below_the_floor_is_told_in_words_and_never_counted() -> None:
    with_floor = found(plan(agreement={"floor": 0.667}), [*AGREED, *ALONE])
    shown = with_floor["theme/Shame"].result
    assert isinstance(shown, ThemeResult)
    assert not shown.counted
    assert set(shown.people.values()) == {None}
    assert shown.passages is None
    assert shown.spread == {"participant": "some", "staff": "nobody"}
    assert "is not counted, because coders agree on it less" in with_floor["theme/Shame"].sentence
    assert {change.rule for change in with_floor["theme/Shame"].disclosure.changes} >= {"agreement floor"}
    assert with_floor["theme/Trust"].result.people["participant"] == 20  # type: ignore[union-attr]
    without = found(plan(), [*AGREED, *ALONE])["theme/Shame"].result
    assert without.people["participant"] == 15  # type: ignore[union-attr]


def test_where_nobody_coded_twice_a_floor_leaves_nothing_to_count() -> None:
    single = [row for row in AGREED if row[2] == "ann"]
    shown = found(plan(agreement={"floor": 0.667}), single)
    assert "so no theme is counted" in shown["agreement/codes"].sentence
    assert not shown["theme/Trust"].result.counted  # type: ignore[union-attr]
    free = found(plan(), single)
    assert "nobody knows how far" in free["agreement/codes"].sentence
    assert free["theme/Trust"].result.counted  # type: ignore[union-attr]


def test_an_answer_never_rests_on_a_code_that_coders_do_not_agree_on() -> None:
    question = {**QUESTION, "supporting": ["Shame"], "countering": []}
    firm = found(plan(questions={"does-it": question}), [*AGREED, *ALONE])["joint/does-it"].result
    open_ = found(plan(questions={"does-it": question}, agreement={"floor": 0.667}), [*AGREED, *ALONE])
    assert isinstance(firm, JointResult)
    assert firm.voice_direction == "supports"
    assert open_["joint/does-it"].result.voice_direction == "mixed"  # type: ignore[union-attr]


def test_groups_that_read_differently_are_a_finding() -> None:
    rows = [
        (f"d{k}", "Trust", coder, 1, role)
        for k in range(24)
        for coder, role in (("ann", "researcher"), ("ben", "peer_researcher"))
    ]
    rows += [(f"d{k}", "Shame", "ben", 3 + k % 3, "peer_researcher") for k in range(24)]
    rows += [(f"d{k}", "Shame", "ann", 3 + k % 3, "researcher") for k in range(6)]
    shown = found(plan(), rows, people=24, staff=0)["agreement/codes"]
    differing = {row.code: row for row in shown.result.differences if row.differ}  # type: ignore[union-attr]
    assert list(differing) == ["Shame"]
    assert (differing["Shame"].first, differing["Shame"].second) == ("peer_researcher", "researcher")
    assert "Read differently, which is a finding and not an error: “Shame”" in shown.sentence
    # Places in the text would bound the people who may not be counted.
    assert differing["Shame"].coded is None or differing["Shame"].coded >= 24


# ---- frames ----------------------------------------------------------------------------------------------------------

HELD = {
    "good_help": {
        "elements": {"transparency": ["Trust"], "tailoring": ["Never used"], "scaffolding": ["Trust", "Doubt"]}
    }
}


def test_fidelity_shows_counts_with_exact_intervals_and_says_what_is_absent() -> None:
    shown = found(plan(frames=HELD), AGREED)["frame/good_help"]
    rows = {(row.element, row.role): row for row in shown.result.elements}  # type: ignore[union-attr]
    trust = rows["transparency", "participant"]
    assert (trust.people, trust.interviewed) == (20, 30)
    assert trust.share == pytest.approx(2 / 3)
    assert (trust.lower, trust.upper) == pytest.approx((0.4719, 0.8271), abs=1e-4)  # exact, 20 of 30
    assert rows["tailoring", "participant"].spread == "nobody"
    assert "absent: Tailoring" in shown.sentence
    assert not rows["peer_support", "participant"].looked_for
    assert "No code stands for" in shown.sentence


def test_an_element_gives_way_to_a_theme_that_it_would_tell_on() -> None:
    """Trust 15 of 30; Trust or Doubt 18: three people more, whom nobody may count."""
    rows = [*both(range(15), "Trust", 1), *both(range(13, 18), "Doubt", 4)]
    shown = found(plan(frames=HELD), rows, staff=0)
    assert shown["theme/Trust"].result.people["participant"] == 15  # type: ignore[union-attr]
    held = {row.element: row for row in shown["frame/good_help"].result.elements}  # type: ignore[union-attr]
    assert held["scaffolding"].people is None
    assert held["scaffolding"].share is None
    assert held["scaffolding"].spread == "some"  # "many" would leave 16 to 18
    assert held["transparency"].people == 15


def test_an_element_of_a_code_that_is_not_counted_is_not_counted() -> None:
    held = {"good_help": {"elements": {"transparency": ["Shame", "Trust"]}}}
    shown = found(plan(frames=held, agreement={"floor": 0.667}), [*AGREED, *ALONE])["frame/good_help"]
    row = next(r for r in shown.result.elements if (r.element, r.role) == ("transparency", "participant"))  # type: ignore[union-attr]
    assert (row.counted, row.people, row.spread) == (False, None, "some")


def test_rounded_counts_give_rounded_shares() -> None:
    shown = found(plan(frames=HELD, disclosure={"profile": "opensafely"}), [*both(range(17), "Trust", 1, 2)], staff=0)
    row = next(r for r in shown["frame/good_help"].result.elements if r.element == "transparency")  # type: ignore[union-attr]
    assert (row.people, row.interviewed) == (15, 30)
    assert row.share == 0.5


# ---- saturation, codes together, who said what -----------------------------------------------------------------------


def test_saturation_is_told_for_an_inductive_code_book_and_refused_for_others() -> None:
    inductive = found(plan(codebook={"made": "inductive"}), AGREED)["saturation/interviews"]
    assert inductive.result.reached is True  # type: ignore[union-attr]
    assert "next to nothing new after 5 interviews" in inductive.sentence or "after 4 interviews" in inductive.sentence
    deductive = found(plan(codebook={"made": "deductive"}), AGREED)["saturation/interviews"]
    assert "was not assessed. The codes were fixed" in deductive.sentence
    assert "saturation/interviews" not in found(plan(), AGREED)


def test_the_number_of_runs_does_not_tell_a_withheld_number_of_interviews() -> None:
    shown = found(plan(codebook={"made": "inductive"}), both(range(8), "Trust", 1), people=8, staff=0)
    result = shown["saturation/interviews"].result
    assert (result.interviews, result.runs) == (None, ())  # type: ignore[union-attr]
    assert shown["agreement/codes"].result.documents is None  # type: ignore[union-attr]


def test_codes_together_are_told_where_enough_passages_speak() -> None:
    rows = [*both(range(20), "Trust", 1, 2, 3, 4), *both(range(20), "Hope", 1, 2, 7, 8), *both(range(2), "Doubt", 1)]
    shown = found(plan(), rows, people=20, staff=0)["together/codes"]
    (pair,) = shown.result.pairs  # type: ignore[union-attr]
    assert (pair.titles, pair.together, pair.c) == (("Hope", "Trust"), 40, round(40 / 120, 2))
    assert "go together most" in shown.sentence


def test_themes_by_category_are_shown_for_all_categories_or_for_none() -> None:
    declared = plan(codebook={"compare_by": ["sex"]})
    shown = found(
        declared, both(range(40), "Trust", 1, 2) + both(range(24), "Hope", 3, 4) + both(range(3), "Doubt", 4), people=60
    )
    rows = {(row.title, row.level): (row.people, row.interviewed) for row in shown["who_said/sex"].result.rows}  # type: ignore[union-attr]
    assert rows["Trust", "women"] == (20, 30)
    assert rows["Hope", "men"] == (12, 30)
    assert rows["Doubt", "women"] == (None, 30)
    assert rows["Doubt", "men"] == (None, 30)
    small = found(declared, both(range(9), "Trust", 1), people=16)["who_said/sex"]
    assert small.result.rows == ()  # type: ignore[union-attr]
    assert "are not shown" in small.sentence


def test_only_those_who_agreed_to_the_link_are_counted_by_category() -> None:
    declared = plan(codebook={"compare_by": ["sex"]})
    made = making(declared, both(range(40), "Trust", 1), people=60)
    made.connection.execute("UPDATE validated.consents SET may_link = false WHERE person_key IN ('p1', 'p2')")
    counted = made.frame("SELECT * FROM analysis.themes")
    exact = {f.id: f for f in coding_findings(made, read_coding(made, counted), str)}["who_said/sex"].result
    assert exact.linked == 58  # type: ignore[union-attr]


def test_the_code_book_names_changed_wordings_and_leaves_out_what_names_somebody() -> None:
    made = making(plan(), AGREED)
    made.connection.execute(
        "UPDATE validated.codings SET definition = 'Later.', drop_id = '2026-02-01' WHERE document_key = 'd3'"
    )
    counted = made.frame("SELECT * FROM analysis.themes")
    coding = read_coding(made, counted)
    shown = {f.id: f for f in coding_findings(made, coding, lambda text: "" if "Doubt" in str(text) else str(text))}
    codes = {row.code: row.wordings for row in shown["codebook/definitions"].result.codes}  # type: ignore[union-attr]
    assert codes["Trust"] == ("About Trust.", "Later.")
    assert codes["Doubt"] == ("Later.",)
    assert "“Trust” changed while" in shown["codebook/definitions"].sentence


def test_who_withdrew_is_in_no_figure() -> None:
    made = making(plan(), [*AGREED, *both(range(25, 26), "Only theirs", 1)])
    made.connection.execute("UPDATE validated.consents SET withdrawn_on = DATE '2026-01-01' WHERE person_key = 'p25'")
    from pipelines.warehouse import statement

    made.connection.execute(f"CREATE OR REPLACE TABLE analysis.themes AS {statement('analysis', 'themes')}")
    counted = made.frame("SELECT * FROM analysis.themes")
    told = [f.model_dump_json() for f in coding_findings(made, read_coding(made, counted), str)]
    assert not any("Only theirs" in text for text in told)


def test_an_opposite_is_a_code_that_somebody_used() -> None:
    declared = plan(codebook={"opposites": {"Trust": "doubt", "Hope": "Nobody used it"}})
    made = making(declared, AGREED)
    assert _opposites(declared, made.frame("SELECT * FROM analysis.themes")) == {"Trust": "Doubt"}


@pytest.mark.parametrize("asked", range(12, 46) if os.environ.get("PILOTLENS_ALL_SIMULATIONS") else [23])
def test_no_one_can_be_counted_from_an_element_beside_its_themes(asked: int) -> None:
    """Trust, Doubt, and both as one element, in every way: who knows the rules is left with four counts or more."""
    seen: dict[tuple[Any, ...], list[Shown]] = {}
    for trust, doubt in product(range(asked + 1), repeat=2):
        for either in range(max(trust, doubt), min(asked, trust + doubt) + 1):
            people = Shown(trust, doubt, either)
            seen.setdefault(_seen(people, asked), []).append(people)
    for possible in seen.values():
        for told_on in (_trust, _doubt, _either, _only_doubt):
            values = {told_on(people) for people in possible}
            assert not any(0 < value < 10 for value in values) or len(values) >= 4


class Shown(NamedTuple):
    """People who spoke of Trust, of Doubt, of either."""

    trust: int
    doubt: int
    either: int


_trust, _doubt, _either = (attrgetter(name) for name in Shown._fields)


def _only_doubt(people: Shown) -> int:
    return people.either - people.trust


def _seen(people: Shown, asked: int) -> tuple[Any, ...]:
    """Return all that the released findings say of the people."""
    rules = policy(plan())

    def theme(code: str, count: int) -> ThemeResult:
        return ThemeResult(
            code=code,
            title=code,
            definition="",
            people={"participant": count},
            interviewed={"participant": asked},
            spread={"participant": "some"},
            passages=None,
        )

    exact = {"Trust": theme("Trust", people.trust), "Doubt": theme("Doubt", people.doubt)}
    shown = {code: shown_theme(one, rules, Log()) for code, one in exact.items()}
    row = ElementPresence(
        element="tailoring",
        title="Tailoring",
        role="participant",
        people=people.either,
        interviewed=asked,
        spread="some",
        codes=("Doubt", "Trust"),
    )
    frame = FidelityResult(frame="good_help", title="", source="", elements=(row,))
    (held,) = fidelity({"f": frame}, Voices(exact, shown), plan(), rules, {"f": Log()})["f"].elements
    told = [(one.people["participant"], one.spread["participant"]) for one in shown.values()]
    return (*told, held.people, held.spread)
