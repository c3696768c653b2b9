"""Many small trials of whole clusters at once, whose arms or clusters differ in spread, and what each engine says.

With an intercept and an arm everything that CR2 and the wild bootstrap need is each cluster's people, mean and sum of
squares, so that ten thousand trials are a few matrix products. Written out independently of `pipelines`;
`test_unequal_spreads` holds both equal.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Array = NDArray[np.float64]
ALIKE = 0.16
"""Variance between clusters beside 1 within: an intraclass correlation of 0.14."""
POINTS = {
    "rademacher": np.array([-1.0, 1.0]),
    "webb": np.array([-(1.5**0.5), -1.0, -(0.5**0.5), 0.5**0.5, 1.0, 1.5**0.5]),
}


@dataclass(frozen=True)
class Trials:
    """R trials of G clusters, the first `treated` of them treated; arrays are (R, G)."""

    sizes: Array
    means: Array
    squares: Array
    treated: int

    @property
    def arms(self) -> tuple[slice, slice]:
        """Treatment first."""
        return slice(0, self.treated), slice(self.treated, None)


def trials(
    draw: np.random.Generator, repetitions: int, clusters: int, treated: int, ratio: float, largest: int = 60
) -> Trials:
    """Trials without effect: 5 people or more a cluster, the treated arm's variances `ratio` times the other's."""
    shape = repetitions, clusters
    sizes = draw.integers(5, largest, shape).astype(float)
    wide = np.where(np.arange(clusters) < treated, ratio, 1.0)
    means = np.sqrt(wide * (ALIKE + 1 / sizes)) * draw.normal(size=shape)
    return Trials(sizes, means, wide * draw.chisquare(sizes - 1), treated)


def difference(found: Trials) -> Array:
    """Difference in means over people, (R,)."""
    parts = [(found.sizes * found.means)[:, arm].sum(axis=1) / found.sizes[:, arm].sum(axis=1) for arm in found.arms]
    return np.asarray(parts[0] - parts[1])


def cr2(found: Trials) -> tuple[Array, Array, Array]:
    """Standard error, textbook degrees of freedom, and those with arms apart; (R,) each."""
    variance, textbook, apart = np.zeros(len(found.sizes)), [0.0, 0.0], [0.0, 0.0]
    for arm in found.arms:
        n, mean = found.sizes[:, arm], found.means[:, arm]
        N, G = n.sum(axis=1, keepdims=True), n.shape[1]
        centre = (n * mean).sum(axis=1, keepdims=True) / N
        load = 1 / (N * np.sqrt(1 - n / N))
        variance += ((load * n * (mean - centre)) ** 2).sum(axis=1)
        within = found.squares[:, arm].sum(axis=1, keepdims=True) / (N - G)
        between_squares = (n * (mean - centre) ** 2).sum(axis=1, keepdims=True)
        spread = (N - (n**2).sum(axis=1, keepdims=True) / N) / (G - 1)
        between = np.maximum((between_squares / (G - 1) - within) / spread, 0)
        for total, own in ((textbook, n), (apart, n * within + n**2 * between)):
            covariance = own[:, :, None] * np.eye(G) - own[:, None, :] * (n / N)[:, :, None]
            covariance -= own[:, :, None] * (n / N)[:, None, :]
            covariance += (n / N)[:, :, None] * (n / N)[:, None, :] * own.sum(axis=1)[:, None, None]
            covariance *= load[:, :, None] * load[:, None, :]
            total[0] = total[0] + np.trace(covariance, axis1=1, axis2=2)
            total[1] = total[1] + (covariance**2).sum(axis=(1, 2))
    return np.sqrt(variance), textbook[0] ** 2 / textbook[1], apart[0] ** 2 / apart[1]


def wild_p(found: Trials, signs: str, draws: int, seed: int) -> Array:
    """Symmetric p of the restricted bootstrap, every assignment of signs if there are few; (R,)."""
    G, points = found.sizes.shape[1], POINTS[signs]
    whole = len(points) ** G <= draws
    generator = np.random.default_rng(seed)
    p = []
    # Trials share their draws a hundred at a time
    for first in range(0, len(found.sizes), 2_000 if whole else 100):
        v = np.array(list(product(points, repeat=G))) if whole else generator.choice(points, (draws, G))
        p.append(_share(found, slice(first, first + (2_000 if whole else 100)), v, whole))
    return np.concatenate(p)


def _share(found: Trials, some: slice, v: Array, whole: bool) -> Array:
    n, mean = found.sizes[some], found.means[some]
    r = n * (mean - (n * mean).sum(axis=1, keepdims=True) / n.sum(axis=1, keepdims=True))
    observed, drawn = (_t(found, n, r, signs) for signs in (np.ones((1, n.shape[1])), v))
    count = (np.abs(drawn) >= np.abs(observed) * (1 - 1e-7)).sum(axis=1)
    return np.asarray(count / len(v) if whole else (1 + count) / (1 + len(v)))


def _t(found: Trials, n: Array, r: Array, v: Array) -> Array:
    """Studentised differences when clusters' restricted sums r get signs v, (R, draws)."""
    top, variance = np.zeros((len(n), len(v))), np.zeros((len(n), len(v)))
    for arm, sign in zip(found.arms, (1, -1), strict=True):
        people, own, turned = n[:, arm], r[:, arm], v[:, arm].T
        N = people.sum(axis=1, keepdims=True)
        mean = own @ turned / N
        top += sign * mean
        squares = own**2 @ turned**2 - 2 * mean * ((people * own) @ turned)
        variance += (squares + mean**2 * (people**2).sum(axis=1, keepdims=True)) / N**2
    none = variance <= 1e-14 * (r**2).sum(axis=1, keepdims=True) / n.sum(axis=1, keepdims=True) ** 2
    far = np.where(top == 0, 0.0, np.copysign(np.inf, top))
    return np.asarray(np.where(none, far, top / np.sqrt(np.where(none, 1, variance))))


def rejected(found: Trials, draws: int, seed: int) -> dict[str, float]:
    """Share of true null hypotheses rejected at 5%, by engine."""
    value, (se, textbook, apart) = np.abs(difference(found)), cr2(found)
    shares = {
        "CR2": float((value > student.ppf(0.975, textbook) * se).mean()),
        "apart": float((value > student.ppf(0.975, apart) * se).mean()),
    }
    for signs in POINTS:
        shares[signs] = float((wild_p(found, signs, draws, seed) <= 0.05).mean())
    return shares
