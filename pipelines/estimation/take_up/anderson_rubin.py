"""The Anderson-Rubin confidence set: right however weakly assignment moves take-up."""

from dataclasses import dataclass
from math import inf, sqrt
from typing import Literal

from scipy.stats import t as student

from pipelines.estimation.take_up.first_stage import Stages

Shape = Literal["interval", "two_rays", "everything"]

SENTENCES: dict[Shape, str] = {
    "interval": "Values of the effect that a test of level {level:.0%} does not reject, however weak the instrument.",
    "two_rays": (
        "Assignment moves take-up too little: every effect is compatible with the data except those between the two "
        "limits. The set is unbounded and in two pieces."
    ),
    "everything": (
        "Assignment moves take-up too little: no effect, however large, can be ruled out. The set is unbounded."
    ),
}


@dataclass(frozen=True)
class AndersonRubin:
    """A confidence set for the effect.

    Parameters
    ----------
    shape : {'interval', 'two_rays', 'everything'}
        Between the limits; outside of them (up to `lower` and from `upper` on); or everything.
    lower, upper : float
        Limits; infinite for 'everything'.
    p : float
        Of no effect: the test of assignment's effect on the outcome.
    sentence : str
        How to read it.
    """

    shape: Shape
    lower: float
    upper: float
    p: float
    sentence: str


def anderson_rubin(found: Stages, level: float = 0.95) -> AndersonRubin:
    """Invert the test that assignment has no effect on outcome - effect x take-up.

    Parameters
    ----------
    found : Stages
        The two regressions with their joint robust covariance.
    level : float
        Confidence level.

    Returns
    -------
    AndersonRubin
        Solved exactly: the limits are the roots of a quadratic.

    References
    ----------
    Anderson & Rubin 1949, Annals of Mathematical Statistics 20:46-63; Dufour 1997, Econometrica 65:1365-1387; Mikusheva
    2010, Journal of Econometrics 157:236-247.
    """
    c = float(student.ppf(0.5 + level / 2, found.df)) ** 2
    v = found.covariance
    a = found.uptake**2 - c * float(v[1, 1])
    b = found.outcome * found.uptake - c * float(v[0, 1])
    discriminant = b**2 - a * (found.outcome**2 - c * float(v[0, 0]))
    p = float(2 * student.sf(abs(found.outcome) / sqrt(v[0, 0]), found.df)) if v[0, 0] > 0 else 0.0
    # A strong instrument's discriminant is positive, but for rounding.
    root = sqrt(max(discriminant, 0.0))
    if a > 0:
        return _set("interval", (b - root) / a, (b + root) / a, p, level)
    if a < 0 and discriminant > 0:
        return _set("two_rays", (b + root) / a, (b - root) / a, p, level)
    return _set("everything", -inf, inf, p, level)


def _set(shape: Shape, lower: float, upper: float, p: float, level: float) -> AndersonRubin:
    return AndersonRubin(shape, lower, upper, p, SENTENCES[shape].format(level=1 - level))
