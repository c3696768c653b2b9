"""Variants of the wild cluster bootstrap in many small trials at once, with an intercept and an arm.

Each cluster is its cross-products and its sums of rows times outcome, in an orthonormal basis; a variant is a set of
scores and a way to studentise. Written out independently of `pipelines`; `test_bootstrap_variants` holds both equal.
"""

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tests.properties.unequal_spreads import POINTS

Array = NDArray[np.float64]
Sizes = Literal["equal", "5 to 59", "1:5", "one large"]
SCORES = ("C", "S", "CR2", "MD", "U")
"""Residuals multiplied by signs.

C: of the restricted fit (WCR-C; Cameron, Gelbach & Miller 2008). S: each cluster's from the restricted fit without it
(WCR-S; MacKinnon, Nielsen & Webb 2023). CR2: restricted ones times (I - H)^(-1/2), H of the unrestricted fit. MD:
restricted by minimum distance under CR3's covariance, so that arms may differ in spread. U: unrestricted ones, each
cluster's from the fit without it (WCU-S).
"""


@dataclass(frozen=True)
class Sums:
    """R trials of G clusters: cross-products (R, G, 2, 2) and sums of rows times outcome (R, G, 2)."""

    products: Array
    totals: Array


def sizes(draw: np.random.Generator, shape: tuple[int, int], kind: Sizes) -> Array:
    """People per cluster, (R, G)."""
    if kind == "equal":
        return np.full(shape, 30.0)
    if kind == "1:5":
        return np.asarray(draw.permuted(np.broadcast_to(np.where(np.arange(shape[1]) % 2, 10.0, 50.0), shape), axis=1))
    people = draw.integers(5, 60, shape).astype(float)
    if kind == "one large":
        people[:, 0] = np.floor(people[:, 1:].sum(axis=1) / 2)
    return people


def whole(draw: np.random.Generator, people: Array, treated: int, ratio: float, icc: float) -> Sums:
    """Whole clusters assigned, the first `treated` of them `ratio` times as variable."""
    arm = np.broadcast_to(np.arange(people.shape[1]) < treated, people.shape)
    spread = np.where(arm, ratio, 1.0) * (icc / (1 - icc) + 1 / people)
    total = people * np.sqrt(spread) * draw.normal(size=people.shape)
    return _sums(people, people * arm, total, total * arm)


def inside(
    draw: np.random.Generator, people: Array, share: float, ratio: float, icc: float, effects: float = 0.5
) -> Sums:
    """People assigned within clusters, each treated with a chance that differs between clusters.

    The effect is zero on average and varies between clusters by `effects` times their variance; the treated are `ratio`
    times as variable.
    """
    chance = draw.beta(4 * share, 4 * (1 - share), people.shape)
    treated = np.clip(draw.binomial(people.astype(int), chance), 1, people - 1).astype(float)
    between = np.sqrt(icc / (1 - icc))
    level = between * draw.normal(size=people.shape)
    own = level + between * np.sqrt(effects) * draw.normal(size=people.shape)
    first = treated * own + np.sqrt(ratio * treated) * draw.normal(size=people.shape)
    second = (people - treated) * level + np.sqrt(people - treated) * draw.normal(size=people.shape)
    return _sums(people, treated, first + second, first)


def _sums(people: Array, treated: Array, total: Array, first: Array) -> Sums:
    rows = np.stack([people, treated], -1), np.stack([treated, treated], -1)
    return Sums(np.stack(rows, -2), np.stack([total, first], -1))


def rejected(
    found: Sums, draws: int, seed: int, variants: tuple[tuple[str, str, str], ...], at_once: int = 100
) -> dict[str, float]:
    """Share of true null hypotheses rejected at 5%, by 'scores/kind/signs', kind CR1, CR2 or CR3."""
    shares = {"/".join(variant): p_values(found, draws, seed, variant, at_once) for variant in variants}
    return {name: float((p <= 0.05).mean()) for name, p in shares.items()}


def p_values(found: Sums, draws: int, seed: int, variant: tuple[str, str, str], at_once: int = 100) -> Array:
    """Symmetric p, (R,); every assignment of signs if there are few. Trials share their draws `at_once` at a time."""
    scores, kind, points = variant[0], variant[1], POINTS[variant[2]]
    R, G = found.totals.shape[:2]
    every = len(points) ** G <= draws
    among = every and scores == "C"
    generator, p = np.random.default_rng(seed), []
    for first in range(0, R, at_once):
        v = np.array(list(product(points, repeat=G))) if every else generator.choice(points, (draws, G))
        some = slice(first, first + at_once)
        observed, drawn = _statistics(found.products[some], found.totals[some], scores, kind, v)
        count = (drawn >= observed[:, None] * (1 - 1e-7)).sum(axis=1)
        p.append(count / len(v) if among else (1 + count) / (1 + len(v)))
    return np.concatenate(p)


def _statistics(products: Array, totals: Array, scores: str, kind: str, v: Array) -> tuple[Array, Array]:
    """Absolute t observed, (R,), and of draws, (R, B)."""
    turn = np.linalg.inv(np.linalg.cholesky(products.sum(axis=1)))
    A = turn[:, None] @ products @ np.swapaxes(turn, 1, 2)[:, None]
    y, c = (turn[:, None] @ totals[..., None])[..., 0], turn[:, :, 1]
    s = y - (A @ y.sum(axis=1)[:, None, :, None])[..., 0]
    gap = (y.sum(axis=1) * c).sum(axis=1)
    load = _times(_power(A, {"CR1": 0.0, "CR2": -0.5, "CR3": -1.0}[kind]), np.broadcast_to(c[:, None], s.shape))
    observed = np.abs(gap) / np.sqrt(((load * s).sum(axis=-1) ** 2).sum(axis=1))
    drawn = _scores(A, s, c, gap, scores)
    own, reach = (load * drawn).sum(axis=-1), _times(A, load)
    sums = np.swapaxes(np.concatenate([drawn, own[..., None] * reach], axis=-1), 1, 2) @ v.T
    w, u = sums[:, :2], sums[:, 2:]
    top, scale = np.abs((c[:, :, None] * w).sum(axis=1)), (own**2).sum(axis=1)[:, None]
    variance = own**2 @ (v**2).T - 2 * (w * u).sum(axis=1)
    variance += (((np.swapaxes(reach, 1, 2) @ reach) @ w) * w).sum(axis=1)
    none = variance <= 1e-12 * scale
    far = np.where(top <= 1e-7 * np.sqrt(scale), 0.0, np.inf)
    return observed, np.where(none, far, top / np.sqrt(np.where(none, 1, variance)))


def _scores(A: Array, s: Array, c: Array, gap: Array, scores: str) -> Array:
    """Scores that signs are drawn for, (R, G, 2)."""
    whole_fit = _times(_power(A, -1.0), s)
    if scores == "U":
        return whole_fit
    direction = c / (c**2).sum(axis=1, keepdims=True)
    if scores == "MD":
        robust = np.einsum("rgi,rgj,rj->ri", whole_fit, whole_fit, c)
        direction = robust / (robust * c).sum(axis=1, keepdims=True)
    restricted = s + _times(A, np.broadcast_to((gap[:, None] * direction)[:, None], s.shape))
    if scores == "CR2":
        return _times(_power(A, -0.5), restricted)
    if scores == "S":
        others = np.eye(2) - c[:, :, None] * c[:, None, :] / (c**2).sum(axis=1)[:, None, None]
        left = np.linalg.inv(np.eye(2) - A @ others[:, None])
        return _times(left, restricted)
    return restricted


def _power(A: Array, power: float) -> Array:
    """(I - A) to a power."""
    values, vectors = np.linalg.eigh(A)
    return np.asarray((vectors * np.maximum(1 - values, 1e-9)[..., None, :] ** power) @ np.swapaxes(vectors, -1, -2))


def _times(matrices: Array, vectors: Array) -> Array:
    return np.asarray((matrices @ vectors[..., None])[..., 0])
