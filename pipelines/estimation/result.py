"""What an estimator answers: frozen, printable, without people in it. No computation belongs here."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Inference:
    """A number and how sure of it we are. Everything is in the unit of `value`; None means not defined.

    Parameters
    ----------
    value : float or None
        The estimate: treatment minus comparison, or treatment over comparison for ratios. None for a test without an
        estimate.
    se : float or None
        Standard error; on the log scale for ratios.
    lower, upper : float or None
        Confidence limits.
    statistic : float or None
        t, z or chi-square, as the engine says.
    df : float or None
        Degrees of freedom of the statistic; None means the normal distribution or an exact method.
    p : float or None
        Two-sided p-value.
    """

    value: float | None
    se: float | None = None
    lower: float | None = None
    upper: float | None = None
    statistic: float | None = None
    df: float | None = None
    p: float | None = None


@dataclass(frozen=True)
class OtherEstimate:
    """Another engine's answer, shown beside the headline.

    Parameters
    ----------
    name : str
        Stable name of the engine, e.g. 'Newcombe', 'Wald', 'Lin', 'log-rank', 'Cox'.
    measure : str
        What `result.value` is, e.g. 'risk difference'.
    result : Inference
        The numbers.
    note : str
        One plain sentence on how it was made.
    scale : float
        Multiply `value`, `lower` and `upper` by this for display.
    """

    name: str
    measure: str
    result: Inference
    note: str
    scale: float = 1.0


@dataclass(frozen=True)
class EffectSize:
    """A unit-free size of the effect.

    Parameters
    ----------
    name : str
        'risk ratio', "Hedges' g", 'rate ratio' or 'ratio of restricted mean survival times'.
    value, lower, upper : float
        The size and its confidence limits.
    why : str
        Formula and source, in a sentence.
    """

    name: str
    value: float
    lower: float
    upper: float
    why: str


@dataclass(frozen=True)
class ArmSummary:
    """One arm, described.

    Parameters
    ----------
    measure : str
        What `mean` is: 'proportion', 'mean' or 'restricted mean survival time'.
    mean : float or None
        In the unit of the outcome; proportions between 0 and 1. None when it is not defined.
    sd : float or None
        Standard deviation between people (divisor n - 1); None for survival.
    se, lower, upper : float or None
        Standard error and confidence limits of `mean`: Wilson for proportions, t for means, normal for survival.
    censored : int or None
        Survival only: people whose follow-up ended, without the event, before the horizon.
    """

    measure: str
    mean: float | None
    sd: float | None = None
    se: float | None = None
    lower: float | None = None
    upper: float | None = None
    censored: int | None = None


@dataclass(frozen=True)
class CurvePoint:
    """One step of one arm's Kaplan-Meier curve.

    Parameters
    ----------
    arm : str
        'treatment' or 'comparison'.
    time : float
        In the design's unit; 0 first, then every event time up to the horizon.
    survival, se, lower, upper : float
        Share still without the event just after `time`, Greenwood's standard error, complementary log-log limits.
    at_risk, events : int
        People under observation just before `time`, and events at `time`.
    """

    arm: str
    time: float
    survival: float
    se: float
    lower: float
    upper: float
    at_risk: int
    events: int


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The answer to one `Design`.

    Counts are exact and not yet disclosure-checked: nothing here may be shown before `pipelines.disclosure` has seen
    it.

    Parameters
    ----------
    engine, why : str
        The headline's engine, and in plain words why it was chosen.
    measure : str
        'risk difference', 'difference in means', 'difference in rate' or 'difference in restricted mean survival time'.
    unit : str
        Unit for display, after multiplying by `scale`.
    scale : float
        100 for risk differences, which are kept as proportions; otherwise 1.
    level : float
        Confidence level of every interval here.
    value, se, lower, upper, df, statistic, p : float or None
        The headline, treatment minus comparison, as in `Inference`. None when not defined or description only.
    n, missing : mapping of arm to int
        People with a known outcome; people without one, who are left out.
    events : mapping of arm to int or None
        People with the event (by the horizon, for time to event); None for continuous and count outcomes.
    summary : mapping of arm to ArmSummary
        Each arm, described.
    effect_size : EffectSize or None
        A unit-free size.
    others : tuple of OtherEstimate
        Other engines, beside the headline.
    warnings : tuple of str
        Plain sentences, free of counts.
    curve : tuple of CurvePoint
        Kaplan-Meier curves; empty unless time to event.
    description_only : bool
        True when the arms are described but not compared.
    description_reason : str or None
        Why so.
    """

    engine: str
    why: str
    measure: str
    unit: str
    scale: float
    level: float
    n: Mapping[str, int]
    missing: Mapping[str, int]
    events: Mapping[str, int] | None
    summary: Mapping[str, ArmSummary]
    value: float | None = None
    se: float | None = None
    lower: float | None = None
    upper: float | None = None
    df: float | None = None
    statistic: float | None = None
    p: float | None = None
    effect_size: EffectSize | None = None
    others: tuple[OtherEstimate, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())
    curve: tuple[CurvePoint, ...] = field(default=())
    description_only: bool = False
    description_reason: str | None = None
