"""Newton's method for likelihoods, shared by the models that have no closed form. No model belongs here."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipelines.estimation.sample import Array

# Value, first derivative, and minus the second derivative (or its expectation) of a log-likelihood.
Derivatives = tuple[float, Array, Array]

STEPS = 200
# The Newton decrement is in units of log-likelihood, so the rule does not depend on anybody's unit of measurement.
DECREMENT = 1e-14


class NotConverged(ValueError):
    """A likelihood without a maximum that could be found."""


@dataclass(frozen=True)
class Maximum:
    """Where a log-likelihood is highest.

    Parameters
    ----------
    parameters : array, shape (k,)
        The maximiser.
    value : float
        Log-likelihood there.
    score : array, shape (k,)
        First derivative there, about zero.
    information : array, shape (k, k)
        Minus the second derivative there, or its expectation.
    """

    parameters: Array
    value: float
    score: Array
    information: Array

    @property
    def covariance(self) -> Array:
        """Inverse of the information, shape (k, k)."""
        return inverse(self.information)


def maximise(evaluate: Callable[[Array], Derivatives], start: Array, largest_step: float = np.inf) -> Maximum:
    """Climb to the maximum by Newton steps, halved where they overshoot.

    Parameters
    ----------
    evaluate : function of array to (float, array, array)
        Log-likelihood, score and information at a point.
    start : array, shape (k,)
        Where to begin.
    largest_step : float
        No parameter moves further than this in one step.

    Returns
    -------
    Maximum
        Parameters to about 1e-9 of their standard errors.

    Raises
    ------
    NotConverged
        If the information is singular or 200 steps do not suffice.
    """
    at, (value, score, information) = start, evaluate(start)
    for _ in range(STEPS):
        direction = _direction(information, score)
        decrement = float(score @ direction)
        if decrement < DECREMENT:
            # One step more costs little and, near the top, squares the error that is left.
            last = evaluate(at + direction)
            return Maximum(at + direction, *last) if np.isfinite(last[0]) else Maximum(at, value, score, information)
        longest = float(np.abs(direction).max())
        scale = min(1.0, largest_step / longest) if longest > 0 else 1.0
        found = _halved(evaluate, at, value, direction * scale)
        if found is None:
            # No step improves what can be told apart in floating point: that is the top, if the slope says so too.
            if decrement < 1e-7 * (1 + abs(value)):
                return Maximum(at, value, score, information)
            raise NotConverged("The likelihood could not be improved.")
        at, (value, score, information) = found
    raise NotConverged("The likelihood has no maximum within reach.")


def inverse(matrix: Array) -> Array:
    """Inverse of a positive definite matrix, scaled so that units of measurement do not matter.

    Raises
    ------
    NotConverged
        If it is singular.
    """
    diagonal = np.diag(matrix)
    if not np.isfinite(matrix).all() or (diagonal <= 0).any():
        raise NotConverged("The information is singular.")
    size = np.sqrt(diagonal)
    scaled = matrix / np.outer(size, size)
    if np.linalg.eigvalsh(scaled)[0] <= 1e-11:
        raise NotConverged("The information is singular.")
    return np.asarray(np.linalg.inv(scaled) / np.outer(size, size))


def _direction(information: Array, score: Array) -> Array:
    """Newton direction; where the surface is not concave, the information is bent until it is."""
    if not np.isfinite(information).all():
        raise NotConverged("The information is not finite.")
    diagonal = np.abs(np.diag(information))
    if (diagonal <= 0).any():
        raise NotConverged("The information is singular.")
    size = np.sqrt(diagonal)
    values, vectors = np.linalg.eigh(information / np.outer(size, size))
    if np.abs(values).max() <= 0 or np.abs(values).min() <= 1e-13:
        raise NotConverged("The information is singular.")
    return np.asarray((vectors @ ((vectors.T @ (score / size)) / np.abs(values))) / size)


def _halved(
    evaluate: Callable[[Array], Derivatives], at: Array, value: float, step: Array
) -> tuple[Array, Derivatives] | None:
    slack = 1e-12 * (1 + abs(value))
    for _ in range(40):
        trial = at + step
        found = evaluate(trial)
        if np.isfinite(found[0]) and found[0] >= value - slack:
            return trial, found
        step = step / 2
    return None
