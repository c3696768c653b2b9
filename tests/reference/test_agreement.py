"""Published coefficients of agreement, each beside its source."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.qualitative.alpha import krippendorff_alpha
from pipelines.qualitative.alpha_u import Continuum, alpha_u, alpha_u_overall
from pipelines.qualitative.kappa import brennan_prediger, cohen_kappa, fleiss_kappa, gwet_ac1, percent
from pipelines.qualitative.ratings import Ratings, ratings

_ = None
# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C.
FOUR_BY_TWELVE = ratings(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
)


def _two(table: list[list[int]]) -> Ratings:
    pairs = [(i, j) for i, row in enumerate(table) for j, _ in enumerate(row)]
    weights = np.array([count for row in table for count in row], dtype=float)
    return Ratings(np.array(pairs, dtype=float).T, weights)


@pytest.mark.parametrize(
    ("level", "value"), [("nominal", 0.743421), ("ordinal", 0.815388), ("interval", 0.849107), ("ratio", 0.797403)]
)
def test_krippendorff_alpha_with_missing_ratings(level: str, value: float) -> None:
    assert krippendorff_alpha(FOUR_BY_TWELVE, level).value == pytest.approx(value, rel=1e-5)  # type: ignore[arg-type]


def test_the_same_ratings_in_other_coefficients() -> None:
    """Gwet 2014, Handbook of Inter-Rater Reliability, table 2.11 and its results."""
    assert gwet_ac1(FOUR_BY_TWELVE).value == pytest.approx(0.77544, rel=1e-4)
    assert fleiss_kappa(FOUR_BY_TWELVE).value == pytest.approx(0.76117, rel=1e-4)
    assert brennan_prediger(FOUR_BY_TWELVE).value == pytest.approx(0.77273, rel=1e-4)
    assert percent(FOUR_BY_TWELVE).value == pytest.approx(0.81818, rel=1e-4)


def test_cohens_kappa() -> None:
    """A textbook table, and Cohen 1960, table 1 (Educational and Psychological Measurement 20:37-46)."""
    assert cohen_kappa(_two([[20, 5], [10, 15]])).value == pytest.approx(0.40, rel=1e-9)
    cohen = _two([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    assert cohen_kappa(cohen).value == pytest.approx(0.492, abs=5e-4)
    assert gwet_ac1(cohen).value == pytest.approx(0.5760, abs=5e-5)


def test_high_agreement_and_low_kappa() -> None:
    """The paradox of Feinstein & Cicchetti 1990: AC1 is high where most units are alike, so it never stands alone."""
    table = _two([[80, 10], [5, 5]])
    assert cohen_kappa(table).value == pytest.approx(0.318, abs=5e-4)
    assert gwet_ac1(table).value == pytest.approx(0.808, abs=5e-4)


def test_fleiss_kappa() -> None:
    """Fleiss 1971, table 1 as it is usually reprinted: 10 subjects, 14 raters, 5 categories, kappa 0.210."""
    counts = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
    columns = [[level for level, count in enumerate(row) for _ in range(count)] for row in counts]
    assert fleiss_kappa(ratings(np.array(columns, dtype=float).T)).value == pytest.approx(0.210, abs=5e-4)


def test_alpha_u_of_two_coders_passages() -> None:
    """Krippendorff 2004, Content Analysis, 2nd ed., p. 254: a text from 150 to 450."""

    def text(*coders: list[tuple[int, int]]) -> list[Continuum]:
        return [Continuum(300, tuple(tuple((start - 150, length) for start, length in marks) for marks in coders))]

    c = text([(225, 70), (370, 30)], [(220, 80), (355, 20), (400, 20)])
    k = text([(180, 60), (300, 50)], [(180, 60), (300, 50)])
    assert alpha_u(c).value == pytest.approx(0.7286, abs=5e-5)
    assert alpha_u(k).value == pytest.approx(1.0)
    assert alpha_u_overall([c, k]).value == pytest.approx(0.859, abs=5e-4)
