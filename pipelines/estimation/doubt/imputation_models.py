"""One variable imputed once, given all the others: the four models that `chained` goes round.

Each takes predictors without an intercept of the rows where the variable is known and where it is not, and returns the
values for the latter. Every draw is of the parameters first and of values after (Rubin 1987), so that the uncertainty
of a small arm shows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from pipelines.estimation.sample import Array

RANK_TOLERANCE = 1e-9
NEWTON_STEPS = 50
DONORS = 5


@dataclass(frozen=True)
class LinearDraw:
    """A least-squares fit and one draw from its posterior.

    Parameters
    ----------
    known, missing : array of float, shapes (n1,) and (n0,)
        Fitted values of the known rows; values predicted for the missing rows by the drawn coefficients.
    sigma : float
        Drawn residual standard deviation.
    """

    known: Array
    missing: Array
    sigma: float


def linear_draw(known: Array, outcome: Array, missing: Array, rng: Generator) -> LinearDraw:
    """Draw coefficients and residual spread of a normal linear model under the usual flat prior.

    Directions in which the known rows do not vary (constant or dependent columns) are left out.

    Parameters
    ----------
    known, missing : array of float, shapes (n1, k) and (n0, k)
        Predictors.
    outcome : array of float, shape (n1,)
        Known values.
    rng : Generator
        Source of chance.

    Returns
    -------
    LinearDraw

    References
    ----------
    Rubin 1987, Multiple Imputation for Nonresponse in Surveys, example 5.1.
    """
    z, w = standardised(known, missing)
    centre = outcome.mean()
    values, vectors = np.linalg.eigh(z.T @ z)
    kept = values > RANK_TOLERANCE * max(float(values.max(initial=0.0)), 1.0)
    # A root of the inverse of Z'Z within the kept directions: gives both the fit and the draw.
    root = vectors[:, kept] / np.sqrt(values[kept])
    slope = root @ (root.T @ (z.T @ (outcome - centre)))
    fitted = centre + z @ slope
    residual = outcome - fitted
    df = max(len(outcome) - 1 - int(kept.sum()), 1)
    sigma = float(np.sqrt(residual @ residual / rng.chisquare(df)))
    shift = sigma * rng.standard_normal() / np.sqrt(len(outcome))
    drawn = slope + sigma * (root @ rng.standard_normal(root.shape[1]))
    return LinearDraw(fitted, centre + shift + w @ drawn, sigma)


def impute_normal(known: Array, outcome: Array, missing: Array, rng: Generator) -> Array:
    """Values from the drawn normal model; shapes and source as for `linear_draw`."""
    draw = linear_draw(known, outcome, missing, rng)
    return draw.missing + draw.sigma * rng.standard_normal(len(missing))


def impute_matched(known: Array, outcome: Array, missing: Array, rng: Generator, donors: int = DONORS) -> Array:
    """Known values of people predicted to be alike (predictive mean matching, type 1).

    Parameters
    ----------
    known, outcome, missing, rng
        As for `linear_draw`.
    donors : int
        Nearest known people, by fitted value, of whom one is drawn.

    Returns
    -------
    array of float, shape (n0,)
        Each one of the known values.

    References
    ----------
    Little 1988, Journal of Business & Economic Statistics 6:287-296; Morris, White & Royston 2014, BMC Medical Research
    Methodology 14:75 (donors, and why the missing are predicted by drawn coefficients).
    """
    draw = linear_draw(known, outcome, missing, rng)
    unit = float(draw.known.std()) if np.ptp(draw.known) > 1e-12 * (1 + abs(draw.known[0])) else 1.0
    order = np.argsort(np.round(draw.known / unit, 9), kind="stable")
    fitted = np.round(draw.known / unit, 9)[order]
    first, last = donor_range(fitted, draw.missing / unit, min(donors, len(fitted)))
    return np.asarray(outcome[order[rng.integers(first, last)]])


def donor_range(ordered: Array, targets: Array, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Where, in sorted values, the `width` nearest to each target begin and end, with all that tie with either end.

    Without the ties, the few who happen to be sorted first would give to everybody with a common prediction.
    """
    start = nearest_window(ordered, targets, width)
    first = np.searchsorted(ordered, ordered[start], side="left")
    return first, np.searchsorted(ordered, ordered[start + width - 1], side="right")


def nearest_window(ordered: Array, targets: Array, width: int) -> np.ndarray:
    """Start of the `width` neighbours in `ordered` that are nearest to each target.

    The nearest so many of a sorted list stand side by side, so it is enough to find where they begin, by halving: the
    window moves right while the one it would gain is nearer than the one it would lose.
    """
    n = len(ordered)
    place = np.searchsorted(ordered, targets)
    low, high = np.clip(place - width, 0, n - width), np.clip(place, 0, n - width)
    for _ in range(int(width).bit_length() + 1):
        middle = (low + high) // 2
        gains = targets - ordered[middle] > ordered[np.minimum(middle + width, n - 1)] - targets
        right = gains & (middle < high)
        low, high = np.where(right, middle + 1, low), np.where(right, high, middle)
    return np.asarray(low)


def impute_category(known: Array, codes: np.ndarray, missing: Array, rng: Generator, levels: int) -> np.ndarray:
    """Categories from a drawn multinomial logit; two levels make it the logistic model.

    A few light pseudo-observations keep estimates finite when predictors separate the categories perfectly.

    Parameters
    ----------
    known, missing : array of float, shapes (n1, k) and (n0, k)
        Predictors.
    codes : array of int, shape (n1,)
        Known categories, 0 to levels - 1.
    rng : Generator
        Source of chance.
    levels : int
        Number of categories.

    Returns
    -------
    array of int, shape (n0,)

    References
    ----------
    Rubin 1987, example 5.3; White, Daniel & Royston 2010, Computational Statistics & Data Analysis 54:2267-2275
    (augmentation).
    """
    present = np.unique(codes)
    if len(present) == 1:
        return np.full(len(missing), present[0])
    z, w = standardised(known, missing)
    z, w = _independent(z, w)
    x, y, weight = augmented(z, np.searchsorted(present, codes), len(present))
    slope, root = multinomial_fit(x, y, weight, len(present))
    drawn = slope + (root @ rng.standard_normal(slope.size)).reshape(slope.shape)
    chances = softmax(np.column_stack([np.ones(len(w)), w]) @ drawn)
    chosen = (rng.random((len(w), 1)) > np.cumsum(chances, axis=1)).sum(axis=1)
    return np.asarray(present[np.minimum(chosen, len(present) - 1)])


def augmented(z: Array, codes: np.ndarray, levels: int) -> tuple[Array, Array, Array]:
    """Add two light rows per predictor and category, one spread above and below the mean.

    Parameters
    ----------
    z : array of float, shape (n, k)
        Standardised predictors.
    codes : array of int, shape (n,)
        Categories.
    levels : int
        Number of categories.

    Returns
    -------
    tuple of array
        Predictors with the intercept, (n + 2 k levels, k + 1); indicators of category, (.., levels); weights, which
        add up to k + 1 for the added rows.
    """
    n, k = z.shape
    steps = np.vstack([np.eye(k), -np.eye(k)]) if k else np.zeros((1, 0))
    rows = np.repeat(steps, levels, axis=0)
    every = np.concatenate([codes, np.tile(np.arange(levels), len(steps))])
    weight = np.concatenate([np.ones(n), np.full(len(rows), (k + 1) / len(rows))])
    return np.column_stack([np.ones(len(every)), np.vstack([z, rows])]), np.eye(levels)[every], weight


def multinomial_fit(x: Array, y: Array, weight: Array, levels: int) -> tuple[Array, Array]:
    """Maximum likelihood of a multinomial logit by Newton's method with halved steps.

    Parameters
    ----------
    x, y, weight : array of float, shapes (n, p), (n, levels), (n,)
        Predictors with the intercept, indicators, weights; the first category is the reference.
    levels : int
        Number of categories.

    Returns
    -------
    tuple of array
        Coefficients, (p, levels - 1), and a root of their covariance, (p (levels - 1), ..), in the order of the former
        read row by row.
    """
    p, free = x.shape[1], levels - 1
    slope: Array = np.zeros((p, free))
    current = _log_likelihood(x, y, weight, slope)
    for _ in range(NEWTON_STEPS):
        gradient, information = _derivatives(x, y, weight, slope)
        step: Array = np.asarray(np.linalg.solve(information, gradient).reshape(slope.shape), dtype=np.float64)
        slope, now = _climb(x, y, weight, slope, step, current)
        if now - current <= 1e-9 * (1 + abs(current)):
            break
        current = now
    _, information = _derivatives(x, y, weight, slope)
    lower = np.linalg.cholesky(information)
    return slope, np.linalg.solve(lower, np.eye(len(lower))).T


def softmax(scores: Array) -> Array:
    """Chances of all categories from the scores of all but the first, shape (n, levels - 1) to (n, levels)."""
    full = np.column_stack([np.zeros(len(scores)), scores])
    raised = np.exp(full - full.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def standardised(known: Array, missing: Array) -> tuple[Array, Array]:
    """Predictors less the mean and over the spread of the known rows; columns that do not vary there become 0."""
    mean, spread = known.mean(axis=0), known.std(axis=0)
    varies = spread > 1e-10 * (1 + np.abs(mean))
    scale = np.where(varies, 1 / np.where(varies, spread, 1.0), 0.0)
    return (known - mean) * scale, (missing - mean) * scale


def _independent(z: Array, w: Array) -> tuple[Array, Array]:
    """Both in the principal directions of z that vary, so that dependent columns cannot make a fit singular."""
    values, vectors = np.linalg.eigh(z.T @ z / max(len(z), 1))
    basis = vectors[:, values > 1e-7 * max(float(values.max(initial=0.0)), 1e-12)]
    spread = np.sqrt(np.maximum(((z @ basis) ** 2).mean(axis=0), 1e-12))
    return z @ basis / spread, w @ basis / spread


def _log_likelihood(x: Array, y: Array, weight: Array, slope: Array) -> float:
    return float(weight @ np.log(np.maximum((softmax(x @ slope) * y).sum(axis=1), 1e-300)))


def _derivatives(x: Array, y: Array, weight: Array, slope: Array) -> tuple[Array, Array]:
    chances, free = softmax(x @ slope)[:, 1:], slope.shape[1]
    gradient = x.T @ (weight[:, None] * (y[:, 1:] - chances))
    blocks = np.empty((x.shape[1], free, x.shape[1], free))
    for j in range(free):
        for k in range(j, free):
            curve = weight * chances[:, j] * ((j == k) - chances[:, k])
            blocks[:, j, :, k] = blocks[:, k, :, j] = (x * curve[:, None]).T @ x
    size = x.shape[1] * free
    return gradient.ravel(), blocks.reshape(size, size)


def _climb(x: Array, y: Array, weight: Array, slope: Array, step: Array, current: float) -> tuple[Array, float]:
    for halvings in range(20):
        moved = slope + step / 2**halvings
        found = _log_likelihood(x, y, weight, moved)
        if found >= current:
            return moved, found
    return slope, current
