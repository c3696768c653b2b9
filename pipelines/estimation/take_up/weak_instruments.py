"""How strongly instruments move the dose, and what can be said of the effect however weakly they do."""

from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np

from pipelines.estimation.sample import Array
from pipelines.estimation.take_up.instruments import Instrumented, ratio

Shape = Literal["interval", "pieces", "two_rays", "everything", "empty"]
BIAS = 0.10
"""Share of the bias of least squares, in the worst case, that a strong instrument's two-stage estimate stays below."""
DROPPED = 1e-6


@dataclass(frozen=True)
class Strength:
    """Of the first stage.

    Parameters
    ----------
    effective : float
        Effective F of Montiel Olea & Pflueger; with one instrument the robust F. Infinite where the instruments fix the
        dose.
    critical : float
        A smaller effective F does not rule out, at 5 per cent, that the worst bias is above a tenth.
    robust, classical : float
        F of all instruments together, robust as the covariance is, and for errors of one size.
    explained : float
        Share of the dose's variance, beyond the covariates, that goes with the instruments.
    """

    effective: float
    critical: float
    robust: float
    classical: float
    explained: float


@dataclass(frozen=True)
class ConfidenceSet:
    """Effects that a test does not reject, however weak the instruments are.

    Parameters
    ----------
    shape : {'interval', 'pieces', 'two_rays', 'everything', 'empty'}
        Between two limits; in several bounded pieces; unbounded; everything; or nothing, when the instruments
        contradict each other.
    pieces : tuple of (float, float)
        In order; the outer ones may be infinite.
    p : float
        Of no effect.
    """

    shape: Shape
    pieces: tuple[tuple[float, float], ...]
    p: float

    def holds(self, value: float) -> bool:
        """Whether an effect is in the set."""
        return any(lower <= value <= upper for lower, upper in self.pieces)


def strength(found: Instrumented) -> Strength:
    """Return how strongly the instruments move the dose.

    Parameters
    ----------
    found : Instrumented
        Outcome, dose and instruments without the covariates.

    Returns
    -------
    Strength
        The critical value is the paper's simplified one, which holds for any correlation of the errors.

    References
    ----------
    Montiel Olea & Pflueger 2013, Journal of Business & Economic Statistics 31:358-369; Stock & Yogo 2005.
    """
    from scipy.stats import ncx2

    moved, rest = found.on_dose, found.dose - found.instruments @ found.on_dose
    V = found.meat(found.instruments * rest[:, None], found.count)
    total, within = float(moved @ moved), float(rest @ rest)
    if within <= 1e-20 * total:
        return Strength(inf, 23.1, inf, inf, 1.0)
    trace = float(np.trace(V))
    largest = float(np.linalg.eigvalsh(V)[-1])
    x = 1 / BIAS
    freedom = trace**2 * (1 + 2 * x) / (float((V * V).sum()) + 2 * x * trace * largest) if trace > 0 else 1.0
    left = found.n - found.covariates - found.count
    return Strength(
        ratio(total, trace),
        float(ncx2.ppf(0.95, freedom, x * freedom) / freedom),
        _wald(moved, V) / found.count,
        ratio(total / found.count, within / left),
        total / (total + within),
    )


def _wald(values: Array, covariance: Array) -> float:
    """Return a Wald statistic; infinite where a combination that is not zero has no variance."""
    try:
        return max(float(values @ np.linalg.solve(covariance, values)), 0.0)
    except np.linalg.LinAlgError:
        return inf


def anderson_rubin_set(found: Instrumented, level: float = 0.95) -> ConfidenceSet:
    """Invert the robust test that the instruments do not move outcome - effect x dose.

    Parameters
    ----------
    found : Instrumented
        Outcome, dose and instruments without the covariates.
    level : float
        Confidence level.

    Returns
    -------
    ConfidenceSet
        Its limits are effects at which the covariance, less the outer product of what the instruments move, is
        singular: real roots of a quadratic eigenvalue problem, so that no grid is searched.

    Notes
    -----
    With g(b) = r - b p and S(b) = S_rr - b (S_rp + S_pr) + b^2 S_pp, the test rejects where g'S^-1 g > c. At its limits
    det(c S(b) - g(b) g(b)') = 0.

    References
    ----------
    Anderson & Rubin 1949, Annals of Mathematical Statistics 20:46-63; Andrews, Stock & Sun 2019, Annual Review of
    Economics 11:727-753; Tisseur & Meerbergen 2001, SIAM Review 43:235-286.
    """
    from scipy.stats import f as fisher

    y, d = float(np.linalg.norm(found.outcome)), float(np.linalg.norm(found.dose))
    if y <= 0:
        return ConfidenceSet("interval", ((0.0, 0.0),), 1.0)
    scaled = _Test.of(found, y, d)
    df = found.df(found.count)
    limit = found.count * float(fisher.ppf(level, found.count, df))
    pieces = _accepted(scaled, limit)
    shown = tuple((lower * y / d, upper * y / d) for lower, upper in pieces)
    return ConfidenceSet(_shape(shown), shown, float(fisher.sf(scaled.at(0.0) / found.count, found.count, df)))


@dataclass(frozen=True)
class _Test:
    """What the test needs, with outcome and dose of length one."""

    outcome: Array
    dose: Array
    outcomes: Array
    both: Array
    doses: Array

    @staticmethod
    def of(found: Instrumented, y: float, d: float) -> "_Test":
        """Put the test together."""
        r, p, Q = found.on_outcome / y, found.on_dose / d, found.instruments
        errors = (found.outcome / y - Q @ r, found.dose / d - Q @ p)
        count = found.count
        S = found.meat(np.column_stack([Q * error[:, None] for error in errors]), count)
        cross = S[:count, count:]
        return _Test(r, p, S[:count, :count], cross + cross.T, S[count:, count:])

    def at(self, b: float) -> float:
        """Return the statistic at an effect."""
        return _wald(self.outcome - b * self.dose, self.outcomes - b * self.both + b * b * self.doses)

    def limits(self, c: float) -> list[float]:
        """Return the effects, in order, at which the statistic can cross c."""
        from scipy.linalg import eig

        r, p, count = self.outcome, self.dose, len(self.outcome)
        constant = c * self.outcomes - np.outer(r, r)
        linear = np.outer(r, p) + np.outer(p, r) - c * self.both
        square = c * self.doses - np.outer(p, p)
        none, one = np.zeros((count, count)), np.eye(count)
        left, right = np.block([[none, one], [-constant, -linear]]), np.block([[one, none], [none, square]])
        values = np.asarray(eig(left, right, right=False, homogeneous_eigvals=True))
        finite = np.abs(values[1]) > 1e-13 * np.abs(values[0])
        roots = values[0][finite] / values[1][finite]
        real = roots.real[np.abs(roots.imag) <= DROPPED * (1 + np.abs(roots.real))]
        return sorted(float(root) for root in real)


def _accepted(test: _Test, c: float) -> list[tuple[float, float]]:
    """Return the pieces of the line on which the statistic is at most c, their limits found to the last digits."""
    from scipy.optimize import brentq

    roots = test.limits(c)
    if not roots:
        return [(-inf, inf)] if test.at(0.0) <= c else []
    points = [roots[0] - 1 - abs(roots[0]), *np.add(roots[:-1], roots[1:]) / 2, roots[-1] + 1 + abs(roots[-1])]
    inside = [test.at(float(point)) <= c for point in points]
    pieces, lower = [], -inf
    for k in range(len(roots)):
        if inside[k] != inside[k + 1]:
            at = float(brentq(lambda b: min(test.at(b), 1e300) - c, points[k], points[k + 1], xtol=1e-14, rtol=1e-13))
            if inside[k]:
                pieces.append((lower, at))
            lower = at
    return [*pieces, (lower, inf)] if inside[-1] else pieces


def _shape(pieces: tuple[tuple[float, float], ...]) -> Shape:
    if not pieces:
        return "empty"
    outer = (pieces[0][0] == -inf, pieces[-1][1] == inf)
    if all(outer) and len(pieces) == 1:
        return "everything"
    if any(outer):
        return "two_rays"
    return "interval" if len(pieces) == 1 else "pieces"
