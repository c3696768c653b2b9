"""What every design says of its groups before it compares them, and the floors below which it does not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pipelines.estimation.design import ARMS, Design
from pipelines.estimation.means import summarise
from pipelines.estimation.proportions import wilson
from pipelines.estimation.result import ArmSummary, Estimate
from pipelines.estimation.sample import (
    MISSING,
    Array,
    Sample,
    below_floor,
    check_not_negative,
    check_zero_one,
)

MEASURES = {
    "binary": "risk difference",
    "continuous": "difference in means",
    "count": "difference in rate",
    "ordinal": "probability of a higher value",
}


def described(sample: Sample, design: Design) -> Estimate:
    """Return the groups described, without a comparison.

    Parameters
    ----------
    sample : Sample
        People with a known outcome.
    design : Design
        The question.

    Returns
    -------
    Estimate
        `engine` and `why` are empty, and nothing is compared.

    Raises
    ------
    EstimationRefusal
        If an outcome holds what its type cannot.
    """
    binary = design.outcome_type == "binary"
    if binary:
        check_zero_one(sample.columns["value"], "value")
    if design.outcome_type == "count":
        check_not_negative(sample.columns["value"], "value")
    arms = sample.by_arm("value")
    return Estimate(
        engine="",
        why="",
        measure=MEASURES[design.outcome_type],
        unit="percentage points" if binary else design.unit,
        scale=100.0 if binary else 1.0,
        level=design.level,
        n=sample.n,
        missing=sample.missing,
        events={arm: int(values.sum()) for arm, values in arms.items()} if binary else None,
        summary={arm: _summary(arms[arm], design) for arm in ARMS},
        warnings=(MISSING,) if any(sample.missing.values()) else (),
    )


def floors(sample: Sample, description: Estimate, design: Design) -> str | None:
    """Say why the groups may only be described, or return None."""
    events = None if description.events is None else dict(description.events)
    return below_floor(sample.n, events, design)


def contributors(values: Sequence[float]) -> int:
    """Return how many people have another value than the most common one: those on whom a mean rests."""
    return len(values) - max(Counter(values).values(), default=0)


def _summary(values: Array, design: Design) -> ArmSummary:
    if design.outcome_type != "binary":
        return replace(summarise(values, design.level), contributors=contributors(values.tolist()))
    events, n = int(values.sum()), len(values)
    p = events / n
    lower, upper = wilson(events, n, design.level)
    return ArmSummary("proportion", p, (p * (1 - p) * n / (n - 1)) ** 0.5 if n > 1 else None, None, lower, upper)
