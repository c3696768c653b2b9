"""An interval from a test: the values that the test does not reject."""

from collections.abc import Callable

FARTHEST = 1 << 12


def limits(p: Callable[[float], float], value: float, step: float, alpha: float) -> tuple[float | None, float | None]:
    """Values at which a test starts to reject, on each side of an estimate.

    Parameters
    ----------
    p : function of float
        p-value of the hypothesis 'estimate minus distance'.
    value, step : float
        The estimate, and a first distance to try (a standard error), above zero.
    alpha : float
        A p-value of at most this rejects.

    Returns
    -------
    tuple of (float or None, float or None)
        Lower and upper limit; None where even 4,096 steps away nothing is rejected.
    """
    below, above = edge(p, step, alpha), edge(p, -step, alpha)
    return None if below is None else value - below, None if above is None else value - above


def edge(p: Callable[[float], float], step: float, alpha: float) -> float | None:
    """Distance in the direction of `step` where p falls to alpha, by doubling and bisection; None if it never does."""
    inside, outside = 0.0, step
    while p(outside) > alpha + 1e-12:
        inside, outside = outside, 2 * outside
        if abs(outside) > FARTHEST * abs(step):
            return None
    while abs(outside - inside) > 1e-9 * abs(step):
        middle = (inside + outside) / 2
        if p(middle) > alpha + 1e-12:
            inside = middle
        else:
            outside = middle
    return inside
