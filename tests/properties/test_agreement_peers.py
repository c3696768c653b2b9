"""Agreement as other people's packages compute it: scikit-learn's kappa and the package krippendorff's alpha."""

from __future__ import annotations

import warnings

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score

from pipelines.qualitative.alpha import Level, krippendorff_alpha
from pipelines.qualitative.kappa import cohen_kappa
from pipelines.qualitative.ratings import Ratings

LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval", "ratio")
SPARSE = arrays(float, st.tuples(st.integers(2, 5), st.integers(2, 12)), elements=st.sampled_from([0, 1, 2, 5, np.nan]))
TWO_CODERS = arrays(float, st.tuples(st.just(2), st.integers(2, 40)), elements=st.integers(0, 3).map(float))


@pytest.mark.parametrize("level", LEVELS)
@given(values=SPARSE)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_alpha_is_that_of_the_package(level: Level, values: np.ndarray) -> None:
    paired = values[:, (~np.isnan(values)).sum(axis=0) > 1]
    assume(len(np.unique(paired[~np.isnan(paired)])) > 1)  # of one value only alpha says nothing, and both refuse
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the package divides zero by zero where both values are zero
        theirs = krippendorff.alpha(reliability_data=paired, level_of_measurement=level)
    assert krippendorff_alpha(Ratings(values, np.ones(values.shape[1])), level).value == pytest.approx(
        theirs, abs=1e-12
    )


@given(values=TWO_CODERS)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_kappa_is_that_of_scikit_learn(values: np.ndarray) -> None:
    assume(len(np.unique(values)) > 1)  # of one value only kappa is 0/0
    ours = cohen_kappa(Ratings(values, np.ones(values.shape[1]))).value
    assert ours == pytest.approx(cohen_kappa_score(*values.astype(int)), abs=1e-12)
