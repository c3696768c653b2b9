"""Which answer leads and which stand beside it, for differences in means. No arithmetic belongs here."""

from dataclasses import replace

from pipelines.estimation.adjusted import NOTE, Adjusted, adjust
from pipelines.estimation.design import Design
from pipelines.estimation.result import Estimate, Inference, OtherEstimate
from pipelines.estimation.sample import Sample

WHY = (
    "Two arms are compared by the difference of their averages, with a standard error (HC2) that lets the"
    " arms differ in spread "
    "and a t interval with Welch-Satterthwaite degrees of freedom."
)
WHY_ADJUSTED = (
    "The protocol declared a covariate-adjusted headline beforehand. Each arm is adjusted by its own "
    "regression on centred covariates "
    "(Lin 2013), with an HC2 standard error and Bell-McCaffrey degrees of freedom."
)
FELL_BACK = "The protocol declared an adjusted headline. It could not be computed, so the unadjusted difference leads."


def with_result(description: Estimate, result: Inference) -> Estimate:
    """Return the description with a headline's numbers in it."""
    return replace(
        description,
        value=result.value,
        se=result.se,
        lower=result.lower,
        upper=result.upper,
        df=result.df,
        statistic=result.statistic,
        p=result.p,
    )


def described_only(description: Estimate, reason: str) -> Estimate:
    """Return the description, marked as one."""
    return replace(
        description,
        engine="description only",
        why="The arms are described, not compared.",
        description_only=True,
        description_reason=reason,
    )


def lead(description: Estimate, unadjusted: Inference, sample: Sample, design: Design) -> Estimate:
    """Put the unadjusted difference first, or the adjusted one if the protocol declared it; the other stands beside."""
    plain = replace(with_result(description, unadjusted), why=WHY)
    wanted = design.kind == "randomised" and (design.covariates or _stratified(sample))
    if not wanted:
        return plain
    adjusted = adjust(sample, sample.columns["value"], design)
    plain = replace(plain, warnings=plain.warnings + adjusted.warnings)
    if adjusted.result is None:
        return replace(plain, warnings=(*plain.warnings, FELL_BACK)) if design.adjusted else plain
    return _with_adjusted(plain, unadjusted, adjusted, design)


def _with_adjusted(plain: Estimate, unadjusted: Inference, adjusted: Adjusted, design: Design) -> Estimate:
    if adjusted.result is None:
        return plain
    if not design.adjusted:
        beside = OtherEstimate("Lin", plain.measure, adjusted.result, NOTE, plain.scale)
        return replace(plain, others=(*plain.others, beside))
    beside = OtherEstimate("unadjusted", plain.measure, unadjusted, WHY, plain.scale)
    engine = f"covariate-adjusted {plain.engine}"
    return replace(with_result(plain, adjusted.result), engine=engine, why=WHY_ADJUSTED, others=(*plain.others, beside))


def _stratified(sample: Sample) -> bool:
    return "stratum" in sample.rows and sample.rows["stratum"].nunique() > 1
