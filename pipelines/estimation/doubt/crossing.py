"""The hidden bias at which a test of matched pairs stops rejecting: shared by both kinds of outcome."""

from collections.abc import Callable, Sequence
from math import exp
from typing import Literal

from pipelines.estimation.doubt.wording import figure

Alternative = Literal["greater", "less", "two-sided"]
LARGEST_LOG_GAMMA = 30.0


def tested_sides(greater: float, less: float, alternative: Alternative) -> tuple[float, ...]:
    """Return the statistics that an alternative looks at: of the treated being higher, of the control being so."""
    return {"greater": (greater,), "less": (less,), "two-sided": (greater, less)}[alternative]


def combined(one_sided: Sequence[float]) -> float:
    """Return the only p-value, or twice the smaller of two, at most 1."""
    return min(1.0, len(one_sided) * min(one_sided))


def crossing_gamma(largest_p: Callable[[float], float], alpha: float) -> float:
    """Largest gamma with a largest p-value of at most alpha; 1 when there is none above 1.

    Parameters
    ----------
    largest_p : callable
        From gamma to the largest p-value, which does not fall as gamma rises.
    alpha : float
        Level of the test.

    Returns
    -------
    float
        1 or more; to about ten figures.
    """
    from scipy.optimize import brentq

    if largest_p(1.0) >= alpha:
        return 1.0
    if largest_p(exp(LARGEST_LOG_GAMMA)) <= alpha:
        return float("inf")
    return exp(float(brentq(lambda log_gamma: largest_p(exp(log_gamma)) - alpha, 0.0, LARGEST_LOG_GAMMA, xtol=1e-11)))


def hidden_bias_sentence(gamma: float, alpha: float) -> str:
    """Say how much hidden bias a finding from matched pairs withstands."""
    if gamma <= 1:
        return (
            "Even if the two members of each pair were alike in everything that matters, the difference between them "
            "would be within what chance alone can bring."
        )
    return (
        f"If something unmeasured made one member of a pair up to {figure(gamma)} times as likely (in odds) as the "
        "other to be in the pilot group, the difference would still be more than chance alone would bring; beyond that "
        "it might not be."
    )
