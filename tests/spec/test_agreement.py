"""Agreement between coders, told by examples: units, degenerate cases, groups of coders."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.qualitative.agreement import code_agreement, disagreements, group_differences
from pipelines.qualitative.alpha import krippendorff_alpha
from pipelines.qualitative.alpha_u import Continuum, alpha_u
from pipelines.qualitative.kappa import brennan_prediger, cohen_kappa, fleiss_kappa, gwet_ac1, jaccard, percent
from pipelines.qualitative.ratings import NO_VARIATION, NOBODY_TWICE, Ratings, ratings
from pipelines.qualitative.units import coded_twice, cut

TEXT = "They listened. Really!\nAnd the money? It came late… but it came."
COLUMNS = ["document_key", "coder_key", "code_path", "start", "end"]


def _frame(*rows: tuple[str, str, str, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


def test_a_sentence_ends_at_its_mark_or_at_a_line_break() -> None:
    units = cut(TEXT, "sentence")
    said = [TEXT[start:end] for start, end in zip(units.starts, units.ends, strict=True)]
    assert said == ["They listened.", "Really!", "And the money?", "It came late…", "but it came."]
    assert len(cut(TEXT, "paragraph").starts) == 2
    assert cut(TEXT, "document").ends.tolist() == [len(TEXT)]


@pytest.mark.parametrize(
    "of", [percent, cohen_kappa, fleiss_kappa, gwet_ac1, brennan_prediger, krippendorff_alpha, jaccard]
)
def test_without_a_unit_rated_twice_nothing_is_said(of) -> None:  # type: ignore[no-untyped-def]
    found = of(ratings([[1, None, 0], [None, 1, None]]))
    assert found.value is None
    assert found.undefined == NOBODY_TWICE
    assert of(Ratings(np.empty((2, 0)), np.empty(0))).value is None


def test_without_variation_agreement_is_undefined_and_not_perfect() -> None:
    same = ratings([[1, 1, 1], [1, 1, 1]])
    for of in (cohen_kappa, fleiss_kappa, krippendorff_alpha, gwet_ac1, brennan_prediger):
        assert of(same).value is None
        assert of(same).undefined == NO_VARIATION
    assert gwet_ac1(same, categories=2).undefined == NO_VARIATION
    assert percent(same).value == 1.0
    assert jaccard(ratings([[0, 0], [0, 0]])).value is None


def test_alpha_u_says_why_it_is_undefined() -> None:
    assert "two coders" in alpha_u([Continuum(10, (((0, 3),),))]).undefined
    assert "Nobody used" in alpha_u([Continuum(10, ((), ()))]).undefined
    assert "whole" in alpha_u([Continuum(10, (((0, 10),), ((0, 10),)))]).undefined
    with pytest.raises(ValueError, match="outside its text"):
        alpha_u([Continuum(10, (((5, 6),), ()))])


def test_alpha_refuses_what_the_scale_does_not_allow() -> None:
    with pytest.raises(ValueError, match="ratio scale"):
        krippendorff_alpha(ratings([[-1, 2], [1, 2]]), "ratio")
    with pytest.raises(ValueError, match="nominal, ordinal"):
        krippendorff_alpha(ratings([[1, 2], [1, 2]]), "cardinal")  # type: ignore[arg-type]
    assert cohen_kappa(ratings([[1, 0], [1, 0], [1, 0]])).value is None
    with pytest.raises(ValueError, match="not on the scale"):
        ratings([["low", "odd"], ["low", "high"]], scale=["low", "high"])


def test_words_on_an_ordinal_scale_are_numbered_in_their_order() -> None:
    words = ratings([["low", "high", "mid"], ["low", "mid", None]], scale=["low", "mid", "high"])
    numbers = ratings([[0, 2, 1], [0, 1, None]])
    assert krippendorff_alpha(words, "ordinal") == krippendorff_alpha(numbers, "ordinal")


def test_only_documents_that_two_coders_worked_through_count() -> None:
    codings = _frame(("a", "ann", "trust", 0, 5), ("a", "ben", "hope", 0, 5), ("b", "ann", "trust", 0, 5))
    coded = coded_twice(codings, {"a": TEXT, "b": TEXT}, "sentence")
    assert [document.key for document in coded.documents] == ["a"]
    found = code_agreement(coded, "trust")
    assert found.units == 5
    assert found.coded == 1
    assert found.jaccard.value == 0.0
    assert found.interval is None
    assert "Fewer than" in found.no_interval


def test_the_worklist_names_place_code_and_coders_and_no_words() -> None:
    codings = _frame(("a", "ann", "trust", 0, 20), ("a", "ben", "trust", 3, 6), ("a", "cas", "hope", 0, 1))
    listed = disagreements(coded_twice(codings, {"a": TEXT}, "sentence"), ["hope", "trust"])
    assert listed.values.tolist() == [
        ["a", 0, 14, "hope", ("cas",), ("ann", "ben")],
        ["a", 0, 14, "trust", ("ann", "ben"), ("cas",)],
        ["a", 15, 22, "trust", ("ann",), ("ben", "cas")],
    ]


def test_a_document_coded_as_a_whole_counts_as_a_document_only() -> None:
    codings = _frame(("a", "ann", "trust", 0, 0), ("a", "ben", "trust", 0, 5)).assign(whole=[True, False])
    assert code_agreement(coded_twice(codings, {"a": TEXT}, "document"), "trust").jaccard.value == 1.0
    assert code_agreement(coded_twice(codings, {"a": TEXT}, "sentence"), "trust").jaccard.value == 0.0


def test_a_coded_point_is_the_character_behind_it() -> None:
    codings = _frame(("a", "ann", "trust", 4, 4), ("a", "ben", "trust", 4, 5), ("a", "cas", "trust", 999, 999))
    found = code_agreement(coded_twice(codings, {"a": TEXT}, "character"), "trust")
    assert found.coded == 2


def test_groups_of_coders_read_differently_and_that_is_a_finding() -> None:
    """Peer researchers hear shame in every second sentence in which researchers do not."""
    rows, texts = [], {}
    for document in range(12):
        key = f"d{document}"
        texts[key] = "Ten signs long. " * 10
        rows += [(key, "ann", "shame", 0, 14), (key, "peer", "shame", 0, 14)]
        rows += [(key, "peer", "shame", at, at + 14) for at in (32, 64, 96 + 16 * (document % 2))]
    coded = coded_twice(_frame(*rows), texts, "sentence")
    (found,) = group_differences(coded, ["shame"], {"ann": "researcher", "peer": "peer_researcher"})
    assert (found.first, found.second) == ("peer_researcher", "researcher")
    assert found.differ
    assert found.share_first == pytest.approx(0.4)
    assert found.share_second == pytest.approx(0.1)
    assert group_differences(coded, ["shame"], {"ann": "researcher"}) == []
