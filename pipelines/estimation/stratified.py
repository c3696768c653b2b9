"""Binary outcomes in strata: Mantel-Haenszel risk difference, risk ratio and odds ratio, and their tests."""

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, norm

from pipelines.estimation.arrays import check_counts, numbers_of
from pipelines.estimation.proportions import wilson
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import log_ratio, z_inference

ONE_ARMED = "Strata in which one arm is empty say nothing about the difference, and were left out."


@dataclass(frozen=True)
class Stratified:
    """A common effect across strata.

    Parameters
    ----------
    risk_difference : Inference
        Mantel-Haenszel, Sato's standard error and normal interval.
    score : Inference
        The same difference with Klingenberg's interval, which inverts Sato's variance and does better in small samples.
    newcombe : Inference
        The same difference with Newcombe's hybrid score interval, carried over to weighted strata (Zou & Donner).
    odds_ratio, risk_ratio : Inference or None
        Mantel-Haenszel; `se` on the log scale. None where empty cells leave them undefined.
    test, test_corrected : Inference
        Cochran-Mantel-Haenszel chi-square on 1 df, without and with continuity correction.
    equal_odds : Inference or None
        Breslow-Day test of one odds ratio for all strata, with Tarone's correction.
    warnings : tuple of str
        Plain sentences.
    """

    risk_difference: Inference
    score: Inference
    newcombe: Inference
    odds_ratio: Inference | None
    risk_ratio: Inference | None
    test: Inference
    test_corrected: Inference
    equal_odds: Inference | None
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Tables:
    """Strata with both arms: events a of n1 in treatment, c of n0 in comparison; n people; all shape (strata,)."""

    a: Array
    n1: Array
    c: Array
    n0: Array

    @property
    def n(self) -> Array:
        return self.n1 + self.n0


def mantel_haenszel(
    events: ArrayLike, n: ArrayLike, events_comparison: ArrayLike, n_comparison: ArrayLike, level: float = 0.95
) -> Stratified:
    """Compare two arms within strata and combine by Mantel and Haenszel's weights.

    Parameters
    ----------
    events, n, events_comparison, n_comparison : array of int, shape (strata,)
        People with the outcome, and people, in each arm of each stratum.
    level : float
        Confidence level.

    Returns
    -------
    Stratified
        Treatment against comparison; differences as proportions.

    Raises
    ------
    EstimationRefusal
        If no stratum has both arms, or everybody or nobody in every stratum had the event.
    ValueError
        If counts are impossible.

    References
    ----------
    Mantel & Haenszel 1959, JNCI 22:719-748; Sato 1989, Biometrics 45:1323-1324; Klingenberg 2014, Statistics in
    Medicine 33:2968-2983; Robins, Breslow & Greenland 1986, Biometrics 42:311-323; Greenland & Robins 1985, Biometrics
    41:55-68; Zou & Donner 2008, Statistics in Medicine 27:1693-1702; Breslow & Day 1980; Tarone 1985, Biometrika
    72:91-95.
    """
    tables, warnings = _tables(events, n, events_comparison, n_comparison)
    difference, score, hybrid = _differences(tables, level)
    test, corrected = _cochran(tables)
    odds = _odds_ratio(tables, level)
    return Stratified(
        difference,
        score,
        hybrid,
        odds,
        _risk_ratio(tables, level),
        test,
        corrected,
        None if odds is None or odds.value is None else _breslow_day(tables, odds.value),
        warnings,
    )


def _tables(*counts: ArrayLike) -> tuple[_Tables, tuple[str, ...]]:
    names = ("events", "n", "events_comparison", "n_comparison")
    arrays = numbers_of(**dict(zip(names, counts, strict=True)))
    for values, name in zip(arrays, names, strict=True):
        check_counts(values, name)
    a, n1, c, n0 = arrays
    if (a > n1).any() or (c > n0).any():
        raise ValueError("Events must not outnumber people.")
    both = (n1 > 0) & (n0 > 0)
    kept = _Tables(a[both], n1[both], c[both], n0[both])
    m = kept.a + kept.c
    if not both.any() or not ((m > 0) & (m < kept.n)).any():
        raise EstimationRefusal(
            "No stratum has both arms and an outcome that varies.", "Use fewer strata, or describe each stratum."
        )
    left_out = bool((~both & (n1 + n0 > 0)).any())
    return kept, (ONE_ARMED,) if left_out else ()


def _differences(t: _Tables, level: float) -> tuple[Inference, Inference, Inference]:
    z = float(norm.ppf(0.5 + level / 2))
    weight = t.n1 * t.n0 / t.n
    total = float(weight.sum())
    value = float((weight * (t.a / t.n1 - t.c / t.n0)).sum() / total)
    # Sato's variance is linear in the difference: (value * P + Q) / W^2.
    p = float(((t.n1**2 * t.c - t.n0**2 * t.a + t.n1 * t.n0 * (t.n0 - t.n1) / 2) / t.n**2).sum()) / total**2
    q = float(((t.a * (t.n0 - t.c) + t.c * (t.n1 - t.a)) / (2 * t.n)).sum()) / total**2
    middle = value + z * z * p / 2
    half = sqrt(max(0.0, middle**2 - value**2 + z * z * q))
    score = Inference(value, None, max(-1.0, middle - half), min(1.0, middle + half))
    variance = value * p + q
    sato = z_inference(value, sqrt(variance), level) if variance > 0 else Inference(value)
    return sato, score, _hybrid(t, weight / total, value, level)


def _hybrid(t: _Tables, weight: Array, value: float, level: float) -> Inference:
    strata = zip(weight, t.a, t.n1, t.c, t.n0, strict=True)
    below = above = 0.0
    for w, a, n1, c, n0 in strata:
        (low1, high1), (low0, high0) = wilson(int(a), int(n1), level), wilson(int(c), int(n0), level)
        below += w**2 * ((a / n1 - low1) ** 2 + (high0 - c / n0) ** 2)
        above += w**2 * ((high1 - a / n1) ** 2 + (c / n0 - low0) ** 2)
    return Inference(value, None, value - sqrt(below), value + sqrt(above))


def _odds_ratio(t: _Tables, level: float) -> Inference | None:
    b, d = t.n1 - t.a, t.n0 - t.c
    r, s = t.a * d / t.n, b * t.c / t.n
    p, q = (t.a + d) / t.n, (b + t.c) / t.n
    big_r, big_s = float(r.sum()), float(s.sum())
    if min(big_r, big_s) <= 0:
        return None
    variance = (
        float((p * r).sum()) / (2 * big_r**2)
        + float((p * s + q * r).sum()) / (2 * big_r * big_s)
        + float((q * s).sum()) / (2 * big_s**2)
    )
    return log_ratio(log(big_r / big_s), sqrt(variance), level)


def _risk_ratio(t: _Tables, level: float) -> Inference | None:
    r, s = float((t.a * t.n0 / t.n).sum()), float((t.c * t.n1 / t.n).sum())
    if min(r, s) <= 0:
        return None
    variance = float((((t.a + t.c) * t.n1 * t.n0 - t.a * t.c * t.n) / t.n**2).sum()) / (r * s)
    return log_ratio(log(r / s), sqrt(variance), level) if variance > 0 else Inference(r / s)


def _cochran(t: _Tables) -> tuple[Inference, Inference]:
    usable = t.n > 1
    a, n1, c, n0, n = (x[usable] for x in (t.a, t.n1, t.c, t.n0, t.n))
    m = a + c
    excess = abs(float((a - n1 * m / n).sum()))
    variance = float((n1 * n0 * m * (n - m) / (n**2 * (n - 1))).sum())
    # The correction never takes away more than there is.
    plain, corrected = (max(0.0, excess - cut) ** 2 / variance for cut in (0.0, 0.5))
    return _chi_square(plain, 1.0), _chi_square(corrected, 1.0)


def _breslow_day(t: _Tables, ratio: float) -> Inference | None:
    m = t.a + t.c
    varies = (m > 0) & (m < t.n)
    if varies.sum() < 2:
        return None
    a, n1, n0, m = t.a[varies], t.n1[varies], t.n0[varies], m[varies]
    expected = _expected(n1, n0, m, ratio)
    variance = 1 / (1 / expected + 1 / (m - expected) + 1 / (n1 - expected) + 1 / (n0 - m + expected))
    gap = a - expected
    statistic = float((gap**2 / variance).sum() - gap.sum() ** 2 / variance.sum())
    return _chi_square(max(0.0, statistic), float(varies.sum() - 1))


def _expected(n1: Array, n0: Array, m: Array, ratio: float) -> Array:
    """Events of the treatment arm that give each stratum, with its margins, the common odds ratio."""
    if abs(ratio - 1) < 1e-9:
        return n1 * m / (n1 + n0)
    a, b, c = 1 - ratio, n0 - m + ratio * (n1 + m), -ratio * n1 * m
    root = np.sqrt(b * b - 4 * a * c)
    # This form of the quadratic's root does not cancel when the odds ratio is near 1.
    return np.asarray(-2 * c / (b + root))


def _chi_square(statistic: float, df: float) -> Inference:
    return Inference(None, statistic=statistic, df=df, p=float(chi2.sf(statistic, df)))
