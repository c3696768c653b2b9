"""Many short series of counts at once, and how often each interval of the change in level covers the truth.

Vectorised over series, independently of `pipelines`; `test_count_series` holds both equal.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Array = NDArray[np.float64]
GRID = (np.arange(60) + 0.5) / 30 - 1


def made_up(
    draw: np.random.Generator, series: int, rate: Array, spread: float, rho: float, alpha: float = 0.0
) -> Array:
    """Counts of mean `rate`, (series, T), whose logarithms move together from point to point; no change among them."""
    e = draw.normal(size=(series, len(rate)))
    for k in range(1, len(rate)):
        e[:, k] = rho * e[:, k - 1] + np.sqrt(1 - rho**2) * e[:, k]
    mean = rate * np.exp(spread * e - spread**2 / 2)
    if alpha:
        mean = mean * draw.gamma(1 / alpha, alpha, mean.shape)
    return draw.poisson(mean).astype(float)


def fitted(y: Array, X: Array, offset: Array) -> tuple[Array, Array]:
    """Coefficients (R, k) and means (R, T) of Poisson regressions."""
    mu = (y + y.mean(axis=1, keepdims=True)) / 2 + 1e-9
    for _ in range(60):
        z = np.log(mu) - offset + (y - mu) / mu
        inner = np.einsum("rt,ti,tj->rij", mu, X, X)
        beta = np.linalg.solve(inner, np.einsum("rt,ti->ri", mu * z, X)[:, :, None])[:, :, 0]
        new = np.exp(np.clip(beta @ X.T + offset, -50, 50))
        if np.abs(new - mu).max() <= 1e-10 * mu.max():
            break
        mu = np.maximum(new, 1e-300)
    return beta, mu


def averaged_variance(e: Array, X: Array, place: int) -> Array:
    """Variance of one least-squares coefficient averaged over autocorrelations; e (R, T), X (R, T, k)."""
    T, k = X.shape[1:]
    columns = np.concatenate([e[:, :, None], X], axis=2)
    before, after = columns[:, :-1], columns[:, 1:]
    first, last, cross = (
        np.einsum("rti,rtj->rij", a, b) for a, b in ((before, before), (after, after), (after, before))
    )
    start = columns[:, 0, :, None] * columns[:, 0, None, :]
    rho = GRID[:, None, None]
    likes, variances = [], []
    pull = np.linalg.solve(np.einsum("rti,rtj->rij", X, X), np.swapaxes(X, 1, 2))[:, place]
    lagged = np.stack([np.einsum("rt,rt->r", pull[:, lag:], pull[:, : T - lag]) for lag in range(T)])
    for r in rho[:, 0, 0]:
        M = start + (last - r * (cross + np.swapaxes(cross, 1, 2)) + r**2 * first) / (1 - r**2)
        inner, b = M[:, 1:, 1:], M[:, 1:, 0]
        rest = M[:, 0, 0] - (b * np.linalg.solve(inner, b[:, :, None])[:, :, 0]).sum(axis=1)
        likes.append(-0.5 * ((T - 1) * np.log1p(-(r**2)) + np.linalg.slogdet(inner)[1] + (T - k) * np.log(rest)))
        powers = r ** np.arange(T) * np.where(np.arange(T) > 0, 2, 1)
        variances.append(rest / (T - k) * (powers @ lagged))
    weight = np.exp(np.array(likes) - np.max(likes, axis=0))
    return np.asarray((weight * np.array(variances)).sum(axis=0) / weight.sum(axis=0))


def newey_west_variance(scores: Array, lags: int) -> Array:
    """Newey-West variance from one coefficient's influences, (R, T), times T / (T - k) elsewhere."""
    total = (scores**2).sum(axis=1)
    for lag in range(1, lags + 1):
        total = total + 2 * (1 - lag / (lags + 1)) * (scores[:, lag:] * scores[:, :-lag]).sum(axis=1)
    return np.asarray(total)


def covered(y: Array, X: Array, offset: Array, place: int = 2) -> dict[str, float]:
    """Share of 95% intervals of one coefficient that hold zero, by engine."""
    T, k = X.shape
    beta, mu = fitted(y, X, offset)
    bread = np.linalg.inv(np.einsum("rt,ti,tj->rij", mu, X, X))
    pearson = (y - mu) / np.sqrt(mu)
    plain, dispersion = bread[:, place, place], (pearson**2).sum(axis=1) / (T - k)
    weighted = np.sqrt(mu)[:, :, None] * X
    likely = averaged_variance(pearson, weighted, place)
    influence = np.einsum("rt,ti,ri->rt", y - mu, X, bread[:, place])
    newey = newey_west_variance(influence, max(1, int(4 * (T / 100) ** (2 / 9)))) * T / (T - k)
    t, z, value = student.ppf(0.975, T - k), 1.959964, np.abs(beta[:, place])
    found = {
        "Poisson": value <= z * np.sqrt(plain),
        "quasi-Poisson": value <= z * np.sqrt(plain * dispersion),
        "Newey-West": value <= t * np.sqrt(newey),
        "averaged": value <= t * np.sqrt(likely),
    }
    return {name: float(holds.mean()) for name, holds in found.items()}
