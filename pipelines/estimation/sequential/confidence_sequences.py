"""Intervals that hold at every look at once, however many there will be: for pilots without a planned number."""

from __future__ import annotations

import math

from pipelines.estimation.refusal import EstimationRefusal

TUNED_AT = 100.0
"""People at which the sequence of a pilot without any planned number is narrowest. Its width depends little on this: at
a tenth of it or ten times it the multiplier is 3.77 and 3.26 instead of 3.04."""


def mixture_multiplier(information: float, alpha: float, tuned_at: float = TUNED_AT) -> float:
    """Return how many standard errors lie on each side of an estimate in a confidence sequence.

    Robbins's normal mixture: with rho squared = (-2 log alpha + log(-2 log alpha) + 1) / m and t the information,
    sqrt((t rho^2 + 1) / (t rho^2) x (log(t rho^2 + 1) - 2 log alpha)). It holds at all t at once for sums of normal
    terms, and in large samples for any estimate that is asymptotically a mean, as ours are.

    Parameters
    ----------
    information : people (or events) that the estimate rests on, above zero.
    alpha : chance that the interval misses the truth at any look, between 0 and 1.
    tuned_at : m, the information at which the sequence is narrowest; chosen before anything is known of the outcome.

    Returns
    -------
    float
        Above the normal quantile of 1 - alpha / 2.

    Raises
    ------
    ValueError
        When a number is out of range.

    References
    ----------
    Robbins 1970, Annals of Mathematical Statistics 41:1397-1409; Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024,
    Annals of Statistics 52:2613-2640, theorem 2.2 and its appendix on the choice of rho.
    """
    known = _known(information, alpha, tuned_at)
    return math.sqrt((known + 1) / known * (math.log1p(known) - 2 * math.log(alpha)))


def always_valid_p(information: float, p: float, alpha: float, tuned_at: float = TUNED_AT) -> float:
    """Return a p value that may be looked at as often as one likes: that of the same mixture as `mixture_multiplier`.

    It is sqrt(1 + t rho^2) exp(-z^2 t rho^2 / (2 (1 + t rho^2))), z being the normal quantile of p, and at most alpha
    where and only where the sequence of level 1 - alpha leaves out no difference.

    Parameters
    ----------
    information, alpha, tuned_at : as in `mixture_multiplier`; the level says how the mixture is tuned.
    p : two-sided p value of the estimate, had nobody looked before.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        When a number is out of range.

    References
    ----------
    Robbins 1970, Annals of Mathematical Statistics 41:1397-1409; Johari, Koomen, Pekelis & Walsh 2022, Operations
    Research 70:1806-1821 (always valid p values from mixtures).
    """
    from scipy.special import ndtri

    if not 0 <= p <= 1:
        raise ValueError("A p value lies between 0 and 1.")
    known = _known(information, alpha, tuned_at)
    z = float(ndtri(max(p, 1e-300) / 2))
    return min(1.0, math.exp(0.5 * (math.log1p(known) - z * z * known / (known + 1))))


def _known(information: float, alpha: float, tuned_at: float) -> float:
    """Return t rho^2: the information in units of what the mixture is tuned at."""
    if not (0 < alpha < 1 and 0 < information < math.inf and 0 < tuned_at < math.inf):
        raise ValueError("Information is a positive number, and the error lies between 0 and 1.")
    log_error = -2 * math.log(alpha)
    # Below an error of about a half the choice of rho has a root; above it nobody would ask.
    return information * max(log_error + math.log(log_error) + 1, 1e-6) / tuned_at


def beta_binomial_sequence(events: int, n: int, alpha: float) -> tuple[float, float]:
    """Return the limits of a share of people that hold at every look at once.

    All shares p with (n + 1) x C(n, events) x p^events x (1 - p)^(n - events) >= alpha: the likelihood of p against
    its average over a uniform prior, which is 1 / (n + 1).

    Parameters
    ----------
    events : people with the event, 0 to n.
    n : people whose outcome is known. Without any, nothing is left out.
    alpha : chance that the interval misses the truth at any look, between 0 and 1.

    Returns
    -------
    lower, upper : between 0 and 1.

    Raises
    ------
    EstimationRefusal
        When the counts are no counts of parts of a group.
    ValueError
        When the error is out of range.

    References
    ----------
    Robbins 1970, Annals of Mathematical Statistics 41:1397-1409, section 4.
    """
    if not 0 < alpha < 1:
        raise ValueError("The error lies between 0 and 1.")
    if not 0 <= events <= n or events != int(events) or n != int(n):
        raise EstimationRefusal(
            "A share needs a number of people, and of these the number with the event.", "Check both counts."
        )
    if n == 0:
        return 0.0, 1.0
    share = events / n
    lower = 0.0 if events == 0 else _edge(events, n, alpha, 0.0, share)
    upper = 1.0 if events == n else _edge(events, n, alpha, 1.0, share)
    return lower, upper


def _edge(events: int, n: int, alpha: float, outside: float, share: float) -> float:
    from scipy.optimize import brentq
    from scipy.special import betaln, xlog1py, xlogy

    ceiling = -float(betaln(events + 1, n - events + 1)) - math.log(alpha)

    def excess(p: float) -> float:
        return max(float(xlogy(events, p) + xlog1py(n - events, -p)) + ceiling, -1e300)

    return float(brentq(excess, outside, share, xtol=1e-12))
