"""Agreement against independent ways of computing it: definitions by brute force, and statsmodels."""

from __future__ import annotations

from functools import partial
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.qualitative.agreement import bootstrap_interval, code_agreement, disagreements
from pipelines.qualitative.alpha import Level, krippendorff_alpha
from pipelines.qualitative.alpha_u import Continuum, alpha_u
from pipelines.qualitative.kappa import (
    brennan_prediger,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    jaccard,
    percent,
)
from pipelines.qualitative.ratings import Ratings, ratings
from pipelines.qualitative.resampled import (
    alphas,
    brennan_predigers,
    cohen_kappas,
    fleiss_kappas,
    gwet_ac1s,
    jaccards,
    one_by_one,
    percents,
)
from pipelines.qualitative.units import CodeRatings, code_ratings, coded_twice

LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval", "ratio")
SPARSE = arrays(float, st.tuples(st.integers(2, 4), st.integers(1, 7)), elements=st.sampled_from([0, 1, 2, 5, np.nan]))


def _alpha_by_definition(values: np.ndarray, level: Level) -> float | None:
    """Build the coincidence matrix rating by rating, and sum the table of differences."""
    units = [[v for v in column if not np.isnan(v)] for column in values.T]
    units = [unit for unit in units if len(unit) > 1]
    known = sorted({v for unit in units for v in unit})
    o = {(a, b): 0.0 for a in known for b in known}
    for unit in units:
        for a, b in permutations(range(len(unit)), 2):
            o[unit[a], unit[b]] += 1 / (len(unit) - 1)
    n = {a: sum(o[a, b] for b in known) for a in known}

    def apart(a: float, b: float) -> float:
        between = sum(n[v] for v in known if min(a, b) <= v <= max(a, b)) - (n[a] + n[b]) / 2
        by = {"nominal": float(a != b), "ordinal": between**2, "interval": (a - b) ** 2}
        return by[level] if level != "ratio" else (0.0 if a + b == 0 else ((a - b) / (a + b)) ** 2)

    expected = sum(n[a] * n[b] * apart(a, b) for a in known for b in known)
    observed = sum(o[a, b] * apart(a, b) for a in known for b in known)
    return 1 - (sum(n.values()) - 1) * observed / expected if expected else None


@settings(derandomize=True, deadline=None, max_examples=60)
@given(SPARSE, st.sampled_from(LEVELS))
def test_alpha_is_its_definition(values: np.ndarray, level: Level) -> None:
    found, wanted = krippendorff_alpha(ratings(values), level), _alpha_by_definition(values, level)
    assert (found.value is None) == (wanted is None) == bool(found.undefined)
    if wanted is not None:
        assert found.value == pytest.approx(wanted, abs=1e-9)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(SPARSE, st.randoms(use_true_random=False))
def test_weights_are_repeated_units_and_order_is_of_no_consequence(values: np.ndarray, random: object) -> None:
    weights = np.array([random.randint(0, 3) for _ in range(values.shape[1])], dtype=float)  # type: ignore[attr-defined]
    repeated = np.repeat(values, weights.astype(int), axis=1)[::-1, ::-1]
    for of in (percent, fleiss_kappa, krippendorff_alpha):
        weighted, plain = of(Ratings(values, weights)), of(ratings(repeated))
        assert weighted.undefined == plain.undefined
        assert weighted.value == (None if plain.value is None else pytest.approx(plain.value, abs=1e-12))


@settings(derandomize=True, deadline=None, max_examples=40)
@given(arrays(int, (2, 25), elements=st.integers(0, 3)))
def test_kappa_is_that_of_statsmodels(values: np.ndarray) -> None:
    from statsmodels.stats.inter_rater import aggregate_raters
    from statsmodels.stats.inter_rater import cohens_kappa as other
    from statsmodels.stats.inter_rater import fleiss_kappa as other_fleiss

    found = cohen_kappa(ratings(values.astype(float)))
    if found.value is None:
        assert len(np.unique(values)) == 1
        return
    table = np.zeros((4, 4))
    np.add.at(table, (values[0], values[1]), 1)
    assert found.value == pytest.approx(float(other(table, return_results=False)), abs=1e-12)
    fleiss = fleiss_kappa(ratings(values.astype(float)))
    assert fleiss.value == pytest.approx(float(other_fleiss(aggregate_raters(values.T)[0])), abs=1e-12)


# ---- alpha_U ---------------------------------------------------------------------------------------------------------


def _alpha_u_by_definition(length: int, coders: list[list[tuple[int, int]]]) -> float:
    """Sum over every pair of sections as Krippendorff's formula has it."""
    m, laid = len(coders), []
    for marks in coders:
        sections, at = [], 0
        for start, extent in marks:
            sections += [(at, start - at, 0)] * (start > at) + [(start, extent, 1)]
            at = start + extent
        laid.append(sections + [(at, length - at, 0)] * (length > at))
    observed = 0.0
    for i, j in permutations(range(m), 2):
        for b, size, v in laid[i]:
            for b2, size2, v2 in laid[j]:
                if v and v2 and -size < b - b2 < size2:
                    observed += (b - b2) ** 2 + (b + size - b2 - size2) ** 2
                elif v and not v2 and size2 - size >= b - b2 >= 0:
                    observed += size**2
                elif v2 and not v and size - size2 >= b2 - b >= 0:
                    observed += size2**2
    observed /= m * (m - 1) * length**2
    units = [size for side in laid for _, size, v in side if v]
    gaps = [size for side in laid for _, size, v in side if not v]
    n, total = len(units), 0.0
    for size in units:
        total += (n - 1) / 3 * (2 * size**3 - 3 * size**2 + size) + size**2 * sum(
            g - size + 1 for g in gaps if g >= size
        )
    expected = 2 / length * total / (m * length * (m * length - 1) - sum(size * (size - 1) for size in units))
    return 1 - observed / expected


@st.composite
def _continuum(draw: st.DrawFn) -> tuple[int, list[list[tuple[int, int]]]]:
    length = draw(st.integers(5, 60))
    coders = []
    for _ in range(draw(st.integers(2, 3))):
        edges = sorted(draw(st.sets(st.integers(0, length), max_size=6)))
        coders.append([(a, b - a) for a, b in zip(edges[::2], edges[1::2], strict=False)])
    return length, coders


@settings(derandomize=True, deadline=None, max_examples=60)
@given(_continuum())
def test_alpha_u_is_its_definition(drawn: tuple[int, list[list[tuple[int, int]]]]) -> None:
    length, coders = drawn
    found = alpha_u([Continuum(length, tuple(tuple(marks) for marks in coders))])
    if found.value is None:
        assert found.undefined
    else:
        assert found.value == pytest.approx(_alpha_u_by_definition(length, coders), abs=1e-9)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.lists(_continuum(), min_size=2, max_size=4))
def test_the_order_of_texts_and_coders_is_of_no_consequence_for_alpha_u(drawn: list) -> None:
    texts = [Continuum(length, tuple(tuple(marks) for marks in coders)) for length, coders in drawn]
    turned = [Continuum(text.length, text.marked[::-1]) for text in texts[::-1]]
    found, other = alpha_u(texts), alpha_u(turned)
    assert found.value == (None if other.value is None else pytest.approx(other.value, abs=1e-9))


BATCHES = [
    (percent, percents),
    (krippendorff_alpha, alphas),
    (cohen_kappa, cohen_kappas),
    (fleiss_kappa, fleiss_kappas),
    (partial(gwet_ac1, categories=2), gwet_ac1s),
    (partial(brennan_prediger, categories=2), brennan_predigers),
    (jaccard, jaccards),
]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    arrays(float, st.tuples(st.integers(2, 3), st.integers(1, 6)), elements=st.sampled_from([0, 1, np.nan])),
    st.integers(0, 10**6),
    st.sampled_from(range(len(BATCHES))),
)
def test_many_weightings_at_once_are_each_weighting_alone(values: np.ndarray, seed: int, which: int) -> None:
    of, batch = BATCHES[which]
    values = values[:2] if of is cohen_kappa else values
    weights = np.random.Generator(np.random.PCG64(seed)).integers(0, 4, size=(5, values.shape[1])).astype(float)
    np.testing.assert_allclose(batch(values, weights), one_by_one(of)(values, weights), atol=1e-12)


# ---- units and intervals ---------------------------------------------------------------------------------------------


def _codings(seed: int, documents: int = 8) -> tuple[pd.DataFrame, dict[str, str]]:
    """Two coders, one of whom moves a fifth of the passages."""
    generator, rows = np.random.Generator(np.random.PCG64(seed)), []
    texts = {f"d{d}": "One thing was said here. " * 30 for d in range(documents)}
    for key in texts:
        for start in generator.integers(0, 600, size=5):
            moved = 120 * int(generator.random() < 0.2)
            rows += [(key, "ann", "trust", start, start + 30), (key, "ben", "trust", start + moved, start + moved + 30)]
    return pd.DataFrame(rows, columns=["document_key", "coder_key", "code_path", "start", "end"]), texts


@pytest.mark.parametrize("unit", ["segment", "sentence", "paragraph", "character", "document"])
def test_rows_and_coders_in_any_order_give_the_same(unit: str) -> None:
    codings, texts = _codings(3)
    turned = codings.sample(frac=1, random_state=1)
    found, other = (code_agreement(coded_twice(each, texts, unit), "trust") for each in (codings, turned))  # type: ignore[arg-type]
    assert found == other


def test_characters_are_counted_as_if_each_were_listed() -> None:
    codings, texts = _codings(4, documents=2)
    found = code_agreement(coded_twice(codings, texts, "character"), "trust")
    rows = []
    for coder in ("ann", "ben"):
        marks = {key: np.zeros(len(text)) for key, text in texts.items()}
        for row in codings[codings["coder_key"] == coder].itertuples():
            marks[row.document_key][row.start : row.end] = 1
        rows.append(np.concatenate([marks[key] for key in sorted(marks)]))
    listed = ratings(np.array(rows))
    assert found.alpha.value == pytest.approx(krippendorff_alpha(listed).value, abs=1e-12)
    assert found.jaccard.value == pytest.approx(jaccard(listed).value, abs=1e-12)
    assert found.units == listed.values.shape[1]


def test_the_worklist_holds_every_unit_that_differs_and_no_other() -> None:
    codings, texts = _codings(5)
    coded = coded_twice(codings, texts, "character")
    listed = disagreements(coded, ["trust"])
    given_ratings = code_ratings(coded, "trust").ratings
    apart = given_ratings.values[0] != given_ratings.values[1]
    assert (listed["end"] - listed["start"]).sum() == given_ratings.weights[apart].sum()


def test_an_interval_over_documents_covers() -> None:
    """Documents differ in how often coders agree. Of 60 studies, fewer than 47 would be chance once in 500 times."""
    generator, truth, inside = np.random.Generator(np.random.PCG64(11)), 0.8, 0
    for study in range(60):
        shares = generator.beta(8, 2, size=40)
        agreed = generator.binomial(50, shares).astype(float)
        by_document = np.column_stack([agreed, 50 - agreed])
        given_ratings = CodeRatings(Ratings(np.array([[1.0, 1], [1, 0]]), by_document.sum(axis=0)), by_document)
        interval, _ = bootstrap_interval(given_ratings, percents, seed=study, level=0.9, replicates=300)
        inside += interval is not None and interval[0] <= truth <= interval[1]
    assert 47 <= inside <= 60


def test_an_interval_of_few_documents_is_no_narrower_than_it_says() -> None:
    """Of 150 studies 135 should hold the truth; fewer than 127 is chance once in 60; percentiles alone give 123."""
    generator, truth, inside = np.random.Generator(np.random.PCG64(12)), 0.5, 0
    for study in range(150):
        agreed = generator.binomial(50, generator.beta(4, 4, size=6)).astype(float)
        by_document = np.column_stack([agreed, 50 - agreed])
        given_ratings = CodeRatings(Ratings(np.array([[1.0, 1], [1, 0]]), by_document.sum(axis=0)), by_document)
        interval, _ = bootstrap_interval(given_ratings, percents, seed=study, level=0.9, replicates=1000)
        inside += interval is not None and interval[0] <= truth <= interval[1]
    assert inside >= 127


def test_documents_of_one_source_are_drawn_together() -> None:
    """Every document thrice, under the same source, says as much of how sources differ as once."""
    codings, texts = _codings(6, documents=9)
    thrice = pd.concat([codings.assign(document_key=codings["document_key"] + f".{k}") for k in range(3)])
    longer = {f"{key}.{k}": text for key, text in texts.items() for k in range(3)}
    sources = {key: key[:2] for key in longer}
    once = code_ratings(coded_twice(codings, texts, "sentence"), "trust")
    told = code_ratings(coded_twice(thrice, longer, "sentence", sources), "trust")
    apart = code_ratings(coded_twice(thrice, longer, "sentence"), "trust")
    first, second, third = (bootstrap_interval(each, percents, seed=1)[0] for each in (once, told, apart))
    assert first is not None
    assert second is not None
    assert third is not None
    assert second == pytest.approx(first)
    assert third[1] - third[0] < 0.8 * (first[1] - first[0])
