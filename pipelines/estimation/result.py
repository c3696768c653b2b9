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
    refused : bool
        Whether the advisor says that it must not be relied on here.
    """

    name: str
    measure: str
    result: Inference
    note: str
    scale: float = 1.0
    refused: bool = False


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
    contributors : int or None
        People on whom the mean rests, for disclosure control: those with another value than the most common one. None
        where it rests on everybody of the arm in the frame.
    """

    measure: str
    mean: float | None
    sd: float | None = None
    se: float | None = None
    lower: float | None = None
    upper: float | None = None
    censored: int | None = None
    contributors: int | None = None


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
class Reading:
    """One figure of an exhibit, with the sentence that it allows.

    Parameters
    ----------
    key : str
        Stable name, e.g. 'e_value', 'leave_one_cluster_out', 'att/2004/2006'.
    title : str
        For readers.
    measure : str
        What `value` is, e.g. 'E-value', 'risk difference'.
    value, se, lower, upper, df, p : float or None
        As in `Inference`, in `unit`; None when not defined.
    unit : str
        Unit of value, se and limits; empty for pure numbers.
    scale : float
        Multiply value, se and limits by this for display.
    n : int or None
        Fewest people (or other units) that the figure rests on; disclosure control looks at it. None where it rests on
        all people of the estimate.
    sentence : str
        One sentence that a manager can read, without a count of people.
    """

    key: str
    title: str
    measure: str
    value: float | None = None
    se: float | None = None
    lower: float | None = None
    upper: float | None = None
    df: float | None = None
    p: float | None = None
    unit: str = ""
    scale: float = 1.0
    n: int | None = None
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """How alike the groups are in one covariate, or one level of it, before and after they were made comparable.

    Parameters
    ----------
    covariate : str
        Column of the frame; 'distance' for the score itself.
    level : str or None
        Level of a category, whose means are shares.
    share : bool
        Whether the means are shares.
    treated, before, after : float or None
        Mean in the treatment group, in the comparison pool, and in the matched or weighted comparison group.
    treated_sd, before_sd, after_sd : float or None
        Their standard deviations.
    treated_people, before_people : int or None
        Of a share: people with it in the treatment group and in the pool, for disclosure control.
    smd_before, smd_after : float or None
        Standardised mean differences.
    variance_ratio_before, variance_ratio_after : float or None
        Treatment over comparison; None for shares.
    ecdf_before, ecdf_after : float or None
        Largest distance between the two distribution functions.
    """

    covariate: str
    level: str | None = None
    share: bool = False
    treated: float | None = None
    before: float | None = None
    after: float | None = None
    treated_sd: float | None = None
    before_sd: float | None = None
    after_sd: float | None = None
    treated_people: int | None = None
    before_people: int | None = None
    smd_before: float | None = None
    smd_after: float | None = None
    variance_ratio_before: float | None = None
    variance_ratio_after: float | None = None
    ecdf_before: float | None = None
    ecdf_after: float | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A comparison group: who is in it, and how alike it is.

    Parameters
    ----------
    method : str
        How it was made, in plain words.
    formula : str
        Formula of the standardised mean difference.
    rows : tuple of ComparisonRow
        One per number or level; the score first where there is one.
    treated, pool : int
        People in the treatment group and in the pool, with a known outcome.
    treated_used, pool_used : int
        Of these, people with a weight above zero.
    effective : float
        Effective sample size of the comparison group, (sum w)^2 / sum w^2.
    overlap : float or None
        Share of the treatment group whose score lies within the range of the pool's.
    light_before, light_after : str
        'green', 'amber' or 'red', by the worst row.
    left_out : tuple of ComparisonRow
        People of the treatment group who are left out (`treated`) beside those who are kept (`before`).
    sentence : str
        Whether the groups are alike, without a count.
    """

    method: str
    formula: str
    rows: tuple[ComparisonRow, ...]
    treated: int
    pool: int
    treated_used: int
    pool_used: int
    effective: float
    overlap: float | None
    light_before: str
    light_after: str
    left_out: tuple[ComparisonRow, ...] = ()
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class OverTime:
    """Figures that belong to periods: an event study, a series with its counterfactual.

    Parameters
    ----------
    title : str
        What is shown.
    axis : str
        What the positions are, e.g. 'periods since the beginning'.
    readings : tuple of Reading
        One per position; `key` ends in the position.
    positions : tuple of float
        Same length.
    sentence : str
        What it shows.
    null : float or None
        The figure that means no difference; None where the figures are levels and not differences.
    """

    title: str
    axis: str
    readings: tuple[Reading, ...]
    positions: tuple[float, ...]
    sentence: str = ""
    null: float | None = 0.0


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
    estimand : str
        Whose effect of what this is meant to be, in a sentence.
    advice : tuple of str
        What the inference advisor says: sizes, the engine and why, what was refused and what is safe instead.
    residual_df : int or None
        Observations minus coefficients of the headline's regression; disclosure control looks at it.
    comparison : Comparison or None
        The comparison group, where the design makes one.
    over_time : tuple of OverTime
        Event studies and series.
    doubts : tuple of Reading
        How wrong could this be, one reading each.
    take_up : tuple of Reading
        Shares who took it up, strength of the instrument, effect on those who took it up.
    doses : tuple of Reading
        Outcome by dose, with its warning.
    arm_titles : mapping of arm to str
        Names of the arms where the design, and not the protocol, makes them; else empty.
    null : float
        Value of the headline that means no difference: 0, or 1 for a ratio.
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
    estimand: str = ""
    advice: tuple[str, ...] = field(default=())
    residual_df: int | None = None
    comparison: Comparison | None = None
    over_time: tuple[OverTime, ...] = field(default=())
    doubts: tuple[Reading, ...] = field(default=())
    take_up: tuple[Reading, ...] = field(default=())
    doses: tuple[Reading, ...] = field(default=())
    arm_titles: Mapping[str, str] = field(default_factory=dict)
    null: float = 0.0
    description_only: bool = False
    description_reason: str | None = None
