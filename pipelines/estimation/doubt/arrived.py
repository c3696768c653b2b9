"""What the design that arrived could have shown: never computed from its result.

One description for people assigned one by one (in blocks or not) and for whole clusters (of unequal size or not); the
questions asked of it are the same.
"""

from dataclasses import dataclass, replace
from math import floor, inf, sqrt
from typing import Literal

from scipy.stats import nct
from scipy.stats import t as student

from pipelines.estimation.doubt.wording import figure, share
from pipelines.estimation.refusal import EstimationRefusal

BlockEffects = Literal["constant", "varying"]
LARGEST = 10**9


@dataclass(frozen=True)
class Detectable:
    """A minimum detectable effect.

    Parameters
    ----------
    standardised : float
        In standard deviations of the outcome.
    value : float
        In the unit of the outcome; for proportions, between 0 and 1.
    multiplier : float
        Standard errors that the effect must span.
    df : int
        Degrees of freedom behind the multiplier.
    level, power : float
        Confidence level (two-sided) and power.
    """

    standardised: float
    value: float
    multiplier: float
    df: int
    level: float
    power: float


@dataclass(frozen=True)
class Arrived:
    """A design as it arrived.

    Parameters
    ----------
    treatment, comparison : float
        Units assigned that are in the analysis: people, or clusters when `per_cluster` is given.
    per_cluster : float or None
        Average number of people in a cluster; None when people were assigned one by one.
    icc : float
        Share of the outcome's variance that lies between clusters, 0 to 1.
    cv : float
        Coefficient of variation of cluster size (standard deviation over mean).
    r2, r2_between : float
        Share of the outcome's variance that covariates explain: of people (within clusters), and between clusters.
    covariates : int
        Covariates at the level of assignment: they cost degrees of freedom.
    blocks : int
        Blocks or strata within which was assigned; 1 for none.
    block_effects : {'constant', 'varying'}
        Whether the analysis lets the effect differ between blocks, which costs one degree of freedom more per block.
    """

    treatment: float
    comparison: float
    per_cluster: float | None = None
    icc: float = 0.0
    cv: float = 0.0
    r2: float = 0.0
    r2_between: float = 0.0
    covariates: int = 0
    blocks: int = 1
    block_effects: BlockEffects = "constant"

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        shares = (self.icc, self.r2, self.r2_between)
        if not all(0 <= each <= 1 for each in shares) or max(self.r2, self.r2_between) == 1 or self.cv < 0:
            raise ValueError("Shares lie between 0 and 1, nothing is explained completely, a spread is not below 0.")
        if self.blocks < 1 or self.covariates < 0 or (self.per_cluster is not None and self.per_cluster < 1):
            raise ValueError("There is one block, no fewer than no covariates, and one person in a cluster at least.")
        if self.per_cluster is not None and min(self.treatment, self.comparison) < 2:
            raise EstimationRefusal(
                "With one cluster in an arm, what the arm does cannot be told from what that cluster does.",
                "Add clusters, or describe.",
            )
        if min(self.treatment, self.comparison) < 1 or self.df < 1:
            raise EstimationRefusal(
                "Too few units for a comparison with so many blocks and covariates.", "Use fewer, or describe."
            )

    @property
    def df(self) -> float:
        """Degrees of freedom: units less covariates, less one per block and one per effect estimated."""
        effects = self.blocks if self.block_effects == "varying" else 1
        return self.treatment + self.comparison - self.covariates - self.blocks - effects

    @property
    def error(self) -> float:
        """Standard error of the difference, in standard deviations of the outcome."""
        people = (1 - self.icc) * (1 - self.r2) / (self.per_cluster or 1.0) if self.per_cluster else 1 - self.r2
        between = self.icc * (1 - self.r2_between) * (1 + self.cv**2) if self.per_cluster else 0.0
        return sqrt((people + between) * (1 / self.treatment + 1 / self.comparison))

    @property
    def design_effect(self) -> float:
        """How many times as many people clusters need as people assigned one by one; covariates apart."""
        if self.per_cluster is None:
            return 1.0
        return 1 + ((1 + self.cv**2) * self.per_cluster - 1) * self.icc

    def after_loss(self, people: float = 0.0, clusters: float = 0.0) -> "Arrived":
        """Return the design with shares of its people and clusters lost, equally in both arms."""
        if not (0 <= people < 1 and 0 <= clusters < 1):
            raise ValueError("A loss is a share below 1.")
        if self.per_cluster is None:
            kept = 1 - people
            return replace(self, treatment=floor(kept * self.treatment), comparison=floor(kept * self.comparison))
        rest = (floor((1 - clusters) * self.treatment + 1e-9), floor((1 - clusters) * self.comparison + 1e-9))
        return replace(
            self, treatment=rest[0], comparison=rest[1], per_cluster=max(self.per_cluster * (1 - people), 1.0)
        )


def detectable(design: Arrived, sd: float = 1.0, level: float = 0.95, power: float = 0.8) -> Detectable:
    """Minimum detectable effect.

    Parameters
    ----------
    design : Arrived
        The design.
    sd : float
        Standard deviation of the outcome between people; sqrt(p (1 - p)) for a risk of p.
    level, power : float
        Confidence level (two-sided) and power.

    Returns
    -------
    Detectable
        (t(level) + t(power)) standard errors, both t on the design's degrees of freedom.

    Raises
    ------
    ValueError
        If sd is not above zero, or level or power is not between 0 and 1.

    References
    ----------
    Bloom 1995, Evaluation Review 19:547-556; Dong & Maynard 2013, Journal of Research on Educational Effectiveness
    6:24-67 (IRA 1-1, BIRA 2-1c and 2-1f, CRA 2-2 and its blocked form; their degrees of freedom); Eldridge, Ashby &
    Kerry 2006, International Journal of Epidemiology 35:1292-1300 (clusters of unequal size).
    """
    if not (sd > 0 and 0 < level < 1 and 0 < power < 1):
        raise ValueError("A detectable effect needs an outcome that varies, and level and power between 0 and 1.")
    multiplier = float(student.ppf(0.5 + level / 2, design.df) + student.ppf(power, design.df))
    standardised = multiplier * design.error
    return Detectable(standardised, standardised * sd, multiplier, int(design.df), level, power)


def power_of(design: Arrived, effect: float, level: float = 0.95) -> float:
    """Power of a two-sided t test for a standardised effect, by the noncentral t distribution.

    Parameters
    ----------
    design : Arrived
        The design.
    effect : float
        In standard deviations of the outcome between people.
    level : float
        Confidence level.

    Returns
    -------
    float
        Between 1 - level and 1. At `detectable`'s effect it is close to, not exactly, the power asked for there: that
        formula moves the central t instead.

    References
    ----------
    Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, ch. 2.
    """
    cut, shift = float(student.ppf(0.5 + level / 2, design.df)), abs(effect) / design.error
    # Far out the noncentral t of scipy gives nan, where the answer is 1.
    if shift > cut + 30:
        return 1.0
    return float(min(nct.sf(cut, design.df, shift) + nct.cdf(-cut, design.df, shift), 1.0))


def expected_half_width(design: Arrived, sd: float = 1.0, level: float = 0.95) -> float:
    """Half the width to be expected of the interval, in the unit of `sd`: t times the standard error."""
    return float(student.ppf(0.5 + level / 2, design.df)) * design.error * sd


def units_needed(
    design: Arrived, effect: float, level: float = 0.95, power: float = 0.8, loss: float = 0.0
) -> tuple[int, int]:
    """Fewest units in treatment and comparison for a minimum detectable effect, at the design's ratio of the two.

    Parameters
    ----------
    design : Arrived
        All but its numbers of units is kept.
    effect : float
        In standard deviations, above zero.
    level, power : float
        As for `detectable`.
    loss : float
        Share of units expected to be lost afterwards; the answer is what to begin with.

    Returns
    -------
    tuple of int

    Raises
    ------
    ValueError
        If the effect is not above zero or the loss not below 1.
    EstimationRefusal
        If no number of units is enough.

    References
    ----------
    As for `detectable`.
    """
    if not effect > 0 or not 0 <= loss < 1:
        raise ValueError("An effect must be above zero, and a loss below 1.")
    ratio = design.comparison / design.treatment

    def enough(treatment: int) -> bool:
        try:
            tried = replace(design, treatment=treatment, comparison=_split(treatment, ratio))
        except EstimationRefusal:
            return False
        return detectable(tried, 1.0, level, power).standardised <= effect

    low, high = 0, 1
    while not enough(high):
        low, high = high, 2 * high
        if high > LARGEST:
            raise EstimationRefusal("No number of units would be enough.", "Look for a larger effect.")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return _before_loss(high, loss), _before_loss(_split(high, ratio), loss)


def detectable_sentence(found: Detectable, unit: str, scale: float = 1.0) -> str:
    """Say what could have been seen.

    Parameters
    ----------
    found : Detectable
        From `detectable`.
    unit : str
        Unit of the value.
    scale : float
        100 for proportions shown as percentage points.

    Returns
    -------
    str
    """
    size = f"{figure(found.value * scale)} {unit}".strip()
    return (
        f"With those who arrived, a true difference of {size} would have been found "
        f"{share(found.power)} of the time; a smaller one could easily have been missed."
    )


def _split(treatment: int, ratio: float) -> int:
    return max(1, round(treatment * ratio + 1e-9)) if ratio < inf else 1


def _before_loss(units: int, loss: float) -> int:
    return -floor(-units / (1 - loss) + 1e-9)
