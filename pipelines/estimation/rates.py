"""Two arms of counts with time at risk: rate ratio and rate difference, robust and exact."""

from dataclasses import dataclass
from math import log, sqrt

from numpy.typing import ArrayLike
from scipy.stats import beta, binom, binomtest

from pipelines.estimation.arrays import arms_of, check_counts, numbers_of
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import log_ratio, t_inference

NO_EVENTS = "Nobody in either arm had an event, so no rate ratio can be computed."
EMPTY_ARM = "An arm has no events, so the rate ratio has no standard error: read the exact interval."


@dataclass(frozen=True)
class Rates:
    """Events over time at risk, compared.

    Parameters
    ----------
    treatment, comparison : float
        Rate per unit of time.
    ratio : Inference or None
        Leads: robust to people differing more than chance; `se` on the log scale. None if an arm has no events.
    difference : Inference or None
        Rate difference, robust, t with Welch-Satterthwaite degrees of freedom; None if nothing varies.
    exact : Inference
        Conditional exact rate ratio, central interval, central p: right only if events are independent of each other.
        Value or upper limit None: infinite.
    mid_p : Inference
        The same with mid-p.
    fisher_p : float
        Exact two-sided p-value by probability, as most software prints.
    warnings : tuple of str
        Plain sentences.
    """

    treatment: float
    comparison: float
    ratio: Inference | None
    difference: Inference | None
    exact: Inference
    mid_p: Inference
    fisher_p: float
    warnings: tuple[str, ...]


def compare_rates(counts: ArrayLike, exposure: ArrayLike, treated: ArrayLike, level: float = 0.95) -> Rates:
    """Compare two arms' rates of events per unit of time at risk.

    Parameters
    ----------
    counts : array of int, shape (n,)
        Events per person.
    exposure : array of float, shape (n,)
        Time at risk per person, above zero.
    treated : array of bool, shape (n,)
        Arm; at least two people in each.
    level : float
        Confidence level.

    Returns
    -------
    Rates
        Treatment against comparison.

    Raises
    ------
    EstimationRefusal
        If an arm is too small or nobody had an event.
    ValueError
        If values are impossible.

    References
    ----------
    Ratio estimator and its variance: Cochran 1977, Sampling Techniques, section 6.4 (per person residuals, n - 1);
    exact: Przyborowski & Wilenski 1940, Biometrika 31:313-323.
    """
    y, t = numbers_of(counts=counts, exposure=exposure)
    check_counts(y, "counts")
    if (t <= 0).any():
        raise ValueError("Exposure must be above zero: leave out those who were never at risk.")
    arm = arms_of(treated, len(y), least=2)
    events, time = [float(y[of].sum()) for of in (arm, ~arm)], [float(t[of].sum()) for of in (arm, ~arm)]
    exact, mid, fisher = exact_rate_ratio(int(events[0]), time[0], int(events[1]), time[1], level)
    variances = [_variance(y[of], t[of]) for of in (arm, ~arm)]
    rates = events[0] / time[0], events[1] / time[1]
    ratio = None
    if min(events) > 0 and sum(variances) > 0:
        ratio = log_ratio(
            log(rates[0] / rates[1]), sqrt(sum(v / r**2 for v, r in zip(variances, rates, strict=True))), level
        )
    return Rates(
        *rates,
        ratio,
        _difference(rates, variances, (int(arm.sum()), int((~arm).sum())), level),
        exact,
        mid,
        fisher,
        (EMPTY_ARM,) if min(events) == 0 else (),
    )


def exact_rate_ratio(
    events: int, time: float, events_comparison: int, time_comparison: float, level: float = 0.95
) -> tuple[Inference, Inference, float]:
    """Exact conditional inference on the ratio of two Poisson rates.

    Given the total, the treatment arm's events are binomial.

    Parameters
    ----------
    events, events_comparison : int
        Events in each arm.
    time, time_comparison : float
        Total time at risk in each arm, above zero.
    level : float
        Confidence level.

    Returns
    -------
    tuple of (Inference, Inference, float)
        Central exact; mid-p; p-value by probability. Value or upper limit None: infinite.

    Raises
    ------
    EstimationRefusal
        If there are no events.
    ValueError
        If events are negative or time is not above zero.

    References
    ----------
    Przyborowski & Wilenski 1940, Biometrika 31:313-323; mid-p: Cohen & Yang 1994, Statistics in Medicine 13:2177-2189.
    """
    if min(events, events_comparison) < 0 or min(time, time_comparison) <= 0:
        raise ValueError("Events must not be negative, and time must be above zero.")
    total = events + events_comparison
    if total == 0:
        raise EstimationRefusal(NO_EVENTS, "Show each arm's time at risk, and that there were no events.")
    share = time / (time + time_comparison)
    value = None if events_comparison == 0 else events / time / (events_comparison / time_comparison)
    found = []
    for part in (1.0, 0.5):
        lower, upper = _binomial_limits(events, total, level, part)
        to_ratio = [None if p == 1 else p / (1 - p) * (1 - share) / share for p in (lower, upper)]
        tails = [_tail(events, total, share, above, part) for above in (True, False)]
        found.append(Inference(value, None, to_ratio[0], to_ratio[1], p=min(1.0, 2 * min(tails))))
    return found[0], found[1], float(binomtest(events, total, share).pvalue)


def _variance(y: Array, t: Array) -> float:
    """Variance of a rate (a ratio of means), from people's residuals."""
    residuals = y - y.sum() / t.sum() * t
    n = len(y)
    return float(residuals @ residuals) * n / (n - 1) / float(t.sum()) ** 2


def _difference(
    rates: tuple[float, float], variances: list[float], n: tuple[int, int], level: float
) -> Inference | None:
    total = sum(variances)
    if total <= 0:
        return None
    df = total**2 / sum(v**2 / (size - 1) for v, size in zip(variances, n, strict=True))
    return t_inference(rates[0] - rates[1], sqrt(total), df, level)


def _tail(x: int, n: int, p: float, above: bool, share: float) -> float:
    beyond = binom.sf(x, n, p) if above else binom.cdf(x - 1, n, p)
    return float(beyond + share * binom.pmf(x, n, p))


def _binomial_limits(x: int, n: int, level: float, share: float) -> tuple[float, float]:
    """Clopper-Pearson limits, or mid-p ones (share 0.5)."""
    from scipy.optimize import brentq

    alpha = (1 - level) / 2
    lower = 0.0 if x == 0 else float(beta.ppf(alpha, x, n - x + 1))
    upper = 1.0 if x == n else float(beta.ppf(1 - alpha, x + 1, n - x))
    if share < 1:
        # Mid-p limits lie inside the exact ones.
        inside = 0.0 if x == 0 else lower, 1.0 if x == n else upper
        if x > 0:
            lower = float(brentq(lambda p: _tail(x, n, p, True, share) - alpha, inside[0], x / n, xtol=1e-14))
        if x < n:
            upper = float(brentq(lambda p: alpha - _tail(x, n, p, False, share), x / n, inside[1], xtol=1e-14))
    return lower, upper
