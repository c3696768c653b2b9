"""How estimates of several sites are written: one unit for all. Sentences belong in pipelines.synthesis.words."""

from __future__ import annotations

from pipelines.findings.across import SiteEffect, SynthesisResult
from pipelines.reporting import numbers
from pipelines.synthesis.words import figure

WHERE = {
    "better": "Better",
    "worse": "Worse",
    "inconclusive": "Still open",
    "described": "Described only",
}


def compared(result: SynthesisResult) -> list[SiteEffect]:
    """Return the sites whose estimates can be compared."""
    return [site for site in result.sites if not site.left_out]


def factor(result: SynthesisResult) -> float:
    """Return the factor from the finding's unit to the reader's: shares are shown in percentage points."""
    return 100.0 if result.outcome_type == "binary" and result.scale == "as estimated" else 1.0


def nothing(result: SynthesisResult) -> float:
    """Return the figure that means no difference."""
    return 1.0 if result.scale == "logarithm" else 0.0


def unit(result: SynthesisResult) -> str:
    """Name the unit of a figure; a ratio has none."""
    if result.scale == "logarithm":
        return ""
    return "percentage points" if result.outcome_type == "binary" else result.unit


def axis(result: SynthesisResult) -> str:
    """Name what is shown, with its unit."""
    if result.scale == "logarithm":
        return numbers_of(result).capitalize()
    return f"Difference in {unit(result)}" if unit(result) else "Difference"


def numbers_of(result: SynthesisResult) -> str:
    """Name the measure."""
    return result.measure if result.measure != "none" else "no estimate"


def written(result: SynthesisResult, value: float | None) -> str:
    """Write an estimate, a difference with its sign."""
    told = figure(result, value)
    return told if result.scale == "logarithm" else numbers.signed(told)


def limits(result: SynthesisResult, lower: float | None, upper: float | None) -> str:
    """Write two limits."""
    return f"{written(result, lower)} to {written(result, upper)}"


def with_limits(result: SynthesisResult, value: float | None, lower: float | None, upper: float | None) -> str:
    """Write an estimate with its limits."""
    return f"{written(result, value)} ({limits(result, lower, upper)})"


def level(result: SynthesisResult) -> str:
    """Write the level of the intervals."""
    return f"{numbers.trimmed(round(100 * result.level, 4))}%"
