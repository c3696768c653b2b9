"""Statistics of several outcomes under the same re-assignments: what Romano and Wolf's adjustment draws from.

Assignments are those of `assignment`: within blocks, whole clusters where clusters were assigned.
"""

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.assignment import Block, drawn_sums
from pipelines.estimation.grouped import Codes
from pipelines.estimation.sample import Array

NONE = 1e-12


def joint_statistics(
    outcomes: Array,
    treated: NDArray[np.bool_],
    *,
    clusters: Codes | None = None,
    blocks: Codes | None = None,
    draws: int = 9_999,
    seed: int = 0,
) -> tuple[Array, Array]:
    """Welch's t of every outcome, as observed and under drawn assignments that all outcomes share.

    Parameters
    ----------
    outcomes : array of float, shape (n, m)
        One column per outcome; NaN where unknown.
    treated : array of bool, shape (n,)
        Arm.
    clusters, blocks : array of int, shape (n,), or None
        Codes, as for `randomisation.randomisation_test`.
    draws, seed : int
        Of PCG64.

    Returns
    -------
    tuple of array
        Observed statistics, shape (m,), and drawn ones, shape (draws, m).

    Raises
    ------
    ValueError
        If an outcome has no spread in an arm that it is compared in.

    References
    ----------
    Romano & Wolf 2016, Statistics & Probability Letters 113:38-40; Chung & Romano 2013, Annals of Statistics
    41:484-507 (studentised).
    """
    known = ~np.isnan(outcomes)
    block = np.zeros(len(treated), dtype=np.intp) if blocks is None else blocks
    loads = np.concatenate([known, *_moments(np.where(known, outcomes, 0.0), known, block)], axis=1).astype(float)
    unit = np.arange(len(treated)) if clusters is None else np.unique(clusters, return_inverse=True)[1].reshape(-1)
    summed = np.column_stack([np.bincount(unit, weights=column) for column in loads.T])
    arm, of_block = np.bincount(unit, treated) > 0, np.zeros(len(summed), dtype=np.intp)
    of_block[unit] = block
    generator = np.random.Generator(np.random.PCG64(seed))
    parts = [Block(summed[of_block == one], arm[of_block == one]) for one in np.unique(of_block)]
    drawn = np.sum([drawn_sums(part, draws, generator) for part in parts], axis=0)
    observed = _welch(summed[arm].sum(axis=0)[None, :], summed.sum(axis=0))[0]
    if np.isinf(observed).any() or np.isnan(observed).any():
        raise ValueError("An outcome does not vary within an arm.")
    return observed, np.nan_to_num(_welch(drawn, summed.sum(axis=0)), nan=0.0, posinf=0.0, neginf=0.0)


def _moments(values: Array, known: NDArray[np.bool_], block: Codes) -> tuple[Array, Array]:
    """Return outcomes less their block's mean, and their squares; 0 where unknown."""
    members = np.unique(block, return_inverse=True)[1].reshape(-1)
    means = np.column_stack(
        [
            np.bincount(members, weights=column) / np.maximum(np.bincount(members, weights=seen), 1)
            for column, seen in zip(values.T, known.T, strict=True)
        ]
    )
    centred = np.where(known, values - means[members], 0.0)
    return centred, centred**2


def _welch(sums: Array, total: Array) -> Array:
    """Return Welch's t from sums over the treated, shape (draws, 3m), and over everybody, shape (3m,)."""
    m = sums.shape[1] // 3
    difference, variance = np.zeros((len(sums), m)), np.zeros((len(sums), m))
    for sign, part in ((1.0, sums), (-1.0, total - sums)):
        n, first, second = part[:, :m], part[:, m : 2 * m], part[:, 2 * m :]
        mean = first / np.maximum(n, 1)
        difference += sign * mean
        variance += np.maximum(second - n * mean**2, 0.0) / np.maximum(n - 1, 1) / np.maximum(n, 1)
    spread = variance > NONE * np.abs(total[2 * m :])
    return np.where(spread, difference / np.sqrt(np.where(spread, variance, 1.0)), np.nan)
