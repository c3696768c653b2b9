"""Cases against codes: matrix, table by attribute, co-occurrence, framework, saturation, contrast, frames, fidelity."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.estimation.refusal import EstimationRefusal
from pipelines.qualitative.cases import Share, case_matrix, codes_under, shares
from pipelines.qualitative.codebook import Version, code_histories
from pipelines.qualitative.contrast import close_reading, negative_cases
from pipelines.qualitative.cooccurrence import Pair, cooccurrence
from pipelines.qualitative.deductive_frames import codes_of, frame, frame_names
from pipelines.qualitative.fidelity import TOGETHER, presence
from pipelines.qualitative.framework import framework_matrix
from pipelines.qualitative.saturation import Run, saturation

CODES = ("Trust", "Trust / In staff", "Doubt", "Chance")
COUNTED = pd.DataFrame(
    [
        (f"d-{case}-{number}", case, role, code, passages)
        for case, role, number, found in [
            ("p1", "participant", 1, (2, 0, 0, 0)),
            ("p1", "participant", 2, (1, 0, 0, 0)),
            ("p2", "participant", 1, (0, 1, 1, 0)),
            ("p3", "participant", 1, (0, 0, 3, 0)),
            ("p4", "participant", 1, (0, 0, 0, 0)),
            ("w1", "staff", 1, (1, 0, 0, 1)),
        ]
        for code, passages in zip(CODES, found, strict=True)
    ],
    columns=["document_key", "speaker_key", "role", "code_path", "passages"],
)
MATRIX = case_matrix(COUNTED)


def test_the_matrix_has_every_case_and_adds_its_interviews() -> None:
    assert MATRIX["Trust"].to_dict() == {"p1": 3, "p2": 0, "p3": 0, "p4": 0, "w1": 1}
    assert list(MATRIX.columns) == sorted(CODES)


def test_a_code_by_attribute_table_counts_cases_with_denominators() -> None:
    found = shares(MATRIX, {"p1": "women", "p2": "women", "p3": "men", "gone": "men"})
    assert found["Trust", "women"] == Share(1, 2)
    assert found["Doubt", "men"] == Share(1, 1)
    assert found["Chance", "men"] == Share(0, 1)
    with pytest.raises(EstimationRefusal, match="known value"):
        shares(MATRIX, {"nobody": "men"})


def test_a_code_counts_with_what_stands_below_it() -> None:
    assert codes_under(CODES, ["trust"]) == ("Trust", "Trust / In staff")
    assert codes_under(CODES, ["TRUST / in staff"]) == ("Trust / In staff",)
    assert codes_under(CODES, ["Tru"]) == ()


# ---- co-occurrence ---------------------------------------------------------------------------------------------------


def _codings(*rows: tuple[str, str, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["document_key", "code_path", "start", "end"])


def test_codes_meet_by_a_stated_rule() -> None:
    codings = _codings(("d", "a", 0, 10), ("d", "b", 5, 8), ("d", "b", 9, 30), ("d", "a", 40, 50), ("e", "b", 0, 5))
    assert cooccurrence(codings) == [Pair("a", "b", 1, 2, 3)]
    assert cooccurrence(codings)[0].c == pytest.approx(1 / 4)
    assert cooccurrence(codings, "near", 10) == [Pair("a", "b", 2, 2, 3)]
    assert cooccurrence(codings, "same document") == [Pair("a", "b", 1, 1, 2)]
    assert cooccurrence(_codings(("d", "a", 0, 5), ("d", "b", 5, 9))) == []
    assert cooccurrence(_codings(("d", "a", 0, 5), ("d", "b", 5, 9)), "near") == [Pair("a", "b", 1, 1, 1)]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 30), st.integers(1, 12)), min_size=1, max_size=9))
def test_as_many_meetings_are_found_as_there_can_be(drawn: list[tuple[str, int, int]]) -> None:
    """Against every way of pairing places; c never passes 1."""
    found = cooccurrence(_codings(*(("d", code, start, start + length) for code, start, length in drawn)))
    places = {code: _joined(drawn, code) for code in "ab"}
    meet = [(x, y) for x in places["a"] for y in places["b"] if x[0] < y[1] and y[0] < x[1]]
    best = max(
        size
        for size in range(len(meet) + 1)
        for some in [next((s for s in combinations(meet, size) if _apart(s)), None)]
        if some is not None
    )
    assert sum(pair.together for pair in found) == best
    assert all(pair.c is not None and 0 < pair.c <= 1 for pair in found)


def _joined(drawn: list[tuple[str, int, int]], code: str) -> list[tuple[int, int]]:
    marks = np.zeros(90, dtype=bool)  # two marks a character, so that touching passages stay apart
    for name, start, length in drawn:
        if name == code:
            marks[2 * start : 2 * (start + length) - 1] = True
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marks.astype(int), [0]])))
    return [(int(a) // 2, (int(b) + 1) // 2) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _apart(pairs: tuple[tuple[tuple[int, int], tuple[int, int]], ...]) -> bool:
    return all(len({pair[side] for pair in pairs}) == len(pairs) for side in (0, 1))


# ---- framework -------------------------------------------------------------------------------------------------------


def test_the_framework_matrix_shows_empty_cells_and_joins_words_to_summaries() -> None:
    words = pd.DataFrame(
        [("p1", "Trust", "d", 4, 9, "words"), ("p1", "Trust", "d", 4, 9, "words"), (None, "Trust", "d", 0, 1, "ask")],
        columns=["case_key", "code_path", "document_key", "start", "end", "quote"],
    )
    cells = framework_matrix(MATRIX, words, {("p1", "Trust"): " Came to trust. ", ("p2", "Doubt"): "Doubts."})
    assert len(cells) == MATRIX.size
    cell = cells.set_index(["case_key", "code_path"]).loc[("p1", "Trust")]
    assert (cell["summary"], cell["quotes"]) == ("Came to trust.", (("d", 4, 9, "words"),))
    assert cells["state"].value_counts().to_dict() == {
        "empty": MATRIX.size - 2,
        "summary and words": 1,
        "summary without words": 1,
    }
    with pytest.raises(ValueError, match="not in the matrix"):
        framework_matrix(MATRIX, words, {("p1", "Trsut"): "lost"})


# ---- saturation ------------------------------------------------------------------------------------------------------


def _brought(new: list[int]) -> list[set[str]]:
    """Interviews that bring so many new codes each, and repeat the first one."""
    found, number = [], 0
    for each in new:
        found.append({f"c{number + k}" for k in range(each)} | {"c0"})
        number += each
    return found


def test_saturation_by_base_run_and_threshold() -> None:
    """37 codes in a base of four; runs of two bring 10, 4, 2: at or below 5% (0.054) only where that is the limit."""
    interviews = _brought([15, 10, 7, 5, 7, 3, 1, 1, 0, 0])
    found = saturation(interviews, base=4, run=2, threshold=0.06)
    assert found.base_codes == 37
    assert found.runs == (Run(4, 10, 10 / 37), Run(5, 4, 4 / 37), Run(6, 2, 2 / 37))
    assert found.reached_after == 6
    assert saturation(interviews, threshold=0.0).reached_after == 8
    assert saturation(_brought([5] * 8)).reached_after is None


@pytest.mark.parametrize(("codebook", "words"), [("merged", "merged at the end"), ("deductive", "fixed before")])
def test_saturation_is_refused_where_it_makes_no_sense(codebook: str, words: str) -> None:
    with pytest.raises(EstimationRefusal, match=words):
        saturation(_brought([5] * 8), codebook=codebook)
    with pytest.raises(EstimationRefusal, match="at least 6 interviews"):
        saturation(_brought([5] * 5))
    with pytest.raises(EstimationRefusal, match="no code"):
        saturation([set()] * 7)


# ---- contrast --------------------------------------------------------------------------------------------------------


def test_negative_cases_contradict_a_theme_or_never_speak_of_it() -> None:
    found = negative_cases(MATRIX, {"Trust": "Doubt"})
    listed = {(code, why): list(rows["case_key"]) for (code, why), rows in found.groupby(["code_path", "why"])}
    assert listed["Trust", "opposite"] == ["p2", "p3"]
    assert listed["Trust", "without"] == ["p4"]
    assert listed["Trust / In staff", "both"] == ["p2"]
    assert listed["Chance", "without"] == ["p1", "p2", "p3", "p4"]


def test_typical_and_extreme_cases_lie_near_and_far_from_their_groups_average() -> None:
    outcomes = {"a": 10.0, "b": 12.0, "c": 20.0, "d": 1.0, "e": 2.0, "f": 9.0, "g": float("nan"), "h": 50.0}
    groups = dict.fromkeys("abc", "treatment") | dict.fromkeys("defg", "comparison")
    found = close_reading(outcomes, groups, "abcdefgh", each=1)
    assert (found.better, found.worse, found.typical) == (("c",), ("a",), ("b",))
    turned = close_reading(outcomes, groups, "abcdefgh", each=1, higher_is_better=False)
    assert (turned.better, turned.worse) == (found.worse, found.better)
    with pytest.raises(EstimationRefusal, match="may be linked"):
        close_reading(outcomes, groups, "ab", each=1)


# ---- frames ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", frame_names())
def test_each_frame_is_whole(name: str) -> None:
    found = frame(name)
    assert found.source
    assert all(one.title and len(one.definition) > 30 for one in found.elements)
    codes = codes_of(found)
    assert len({code.id for code in codes}) == len(codes) == len(found.elements) + 1
    assert not codes[0].codable


def test_the_frames_are_those_that_were_promised() -> None:
    names = {"good_help": 7, "senses_citizens": 6, "senses_staff": 6, "com_b": 7, "context_mechanism_outcome": 3}
    assert {name: len(frame(name).elements) for name in frame_names()} == names
    with pytest.raises(ValueError, match="no such frame"):
        frame("good-help")


def test_fidelity_counts_cases_by_role_and_names_what_is_absent() -> None:
    mapped = {"transparency": ["Trust"], "opportunity_making": ["Chance", "Doubt"], "tailoring": ["Not used"]}
    found = {(one.element, one.role): one for one in presence(COUNTED, frame("good_help"), mapped)}
    assert found["transparency", "participant"].share == Share(2, 4)
    assert found["transparency", "staff"].share == Share(1, 1)
    assert found["opportunity_making", "participant"].share == Share(2, 4)
    assert found["tailoring", "participant"].share == Share(0, 4)
    assert found["tailoring", "participant"].codes == ()


def test_a_triple_is_counted_where_one_case_has_all_three() -> None:
    mapped = {"context": ["Chance"], "mechanism": ["Trust"], "outcome": ["Trust", "Doubt"]}
    found = {
        (one.element, one.role): one.share for one in presence(COUNTED, frame("context_mechanism_outcome"), mapped)
    }
    assert found[TOGETHER, "staff"] == Share(1, 1)
    assert found[TOGETHER, "participant"] == Share(0, 4)


def test_the_senses_of_staff_are_looked_for_among_staff() -> None:
    assert {one.role for one in presence(COUNTED, frame("senses_staff"), {"security": ["Trust"]})} == {"staff"}


# ---- code book -------------------------------------------------------------------------------------------------------


def test_a_codes_history_keeps_each_wording_and_the_waves_of_its_use() -> None:
    codings = pd.DataFrame(
        [
            ("Trust", "Trust", "Believing.", "2026-01-01"),
            ("Trust", "Trust", "Believing.  ", "2026-02-01"),
            ("Trust", "Trust", "Believing, or not.", "2026-03-01"),
            ("Doubt", "Doubt", None, "2026-03-01"),
        ],
        columns=["code_path", "code_name", "definition", "wave"],
    )
    doubt, trust = code_histories(codings)
    assert trust.waves == ("2026-01-01", "2026-02-01", "2026-03-01")
    assert trust.versions == (Version("2026-01-01", "Believing."), Version("2026-03-01", "Believing, or not."))
    assert doubt.versions == (Version("2026-03-01", ""),)
