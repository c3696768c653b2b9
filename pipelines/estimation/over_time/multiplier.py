"""Multiplier bootstrap over clusters: the critical value of a band that holds for all its estimates at once."""

import numpy as np

from pipelines.estimation.sample import Array

# 128 draws of 100,000 clusters take 100 MB.
BLOCK_BYTES = 100_000_000


def maximal_statistics(sums: Array, draws: int, seed: int) -> Array:
    """Largest absolute standardised deviation of each draw.

    Influence functions are multiplied by a random sign per cluster (Rademacher), which keeps their variance.

    Parameters
    ----------
    sums : array, shape (clusters, k)
        Influence functions summed within clusters, in canonical order of clusters; none constant at zero.
    draws : int
        Number of draws.
    seed : int
        Of the random signs.

    Returns
    -------
    array, shape (draws,)
        Maxima over the k estimates.

    References
    ----------
    Callaway & Sant'Anna 2021, Journal of Econometrics 225:200-230, algorithm 1.
    """
    standardised = sums / np.sqrt((sums**2).sum(axis=0))
    generator = np.random.Generator(np.random.PCG64(seed))
    block = max(1, min(draws, BLOCK_BYTES // (8 * len(sums))))
    maxima = []
    for start in range(0, draws, block):
        bits = generator.integers(0, 2, (min(block, draws - start), len(sums)), dtype=np.int8)
        maxima.append(np.abs((2.0 * bits - 1.0) @ standardised).max(axis=1))
    return np.concatenate(maxima)


def simultaneous_critical_value(sums: Array, draws: int, seed: int, level: float) -> float:
    """Critical value that all k estimates' deviations keep below together with probability `level`.

    Parameters as in `maximal_statistics`; `level` lies between 0 and 1.
    """
    return float(np.quantile(maximal_statistics(sums, draws, seed), level))
