"""What every design says of its groups before it compares them, and the floors below which it does not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

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
    return described_groups(sample.by_arm("value"), sample.missing, design)


def described_groups(arms: Mapping[str, Array], missing: Mapping[str, int], design: Design) -> Estimate:
    """Return two groups described, without a comparison, wherever they come from.

    Parameters
    ----------
    arms : mapping of arm to array of float, shape (n,)
        Known outcomes, one a person or other unit; a group may be empty.
    missing : mapping of arm to int
        People without a known outcome.
    design : Design
        The question.

    Returns
    -------
    Estimate
        As of `described`.

    Raises
    ------
    EstimationRefusal
        As in `described`.
    """
    binary = design.outcome_type == "binary"
    for values in arms.values():
        if binary:
            check_zero_one(values, "value")
        if design.outcome_type == "count":
            check_not_negative(values, "value")
    return Estimate(
        engine="",
        why="",
        measure=MEASURES[design.outcome_type],
        unit="percentage points" if binary else design.unit,
        scale=100.0 if binary else 1.0,
        level=design.level,
        n={arm: len(arms[arm]) for arm in ARMS},
        missing=dict(missing),
        events={arm: int(values.sum()) for arm, values in arms.items()} if binary else None,
        summary={arm: _summary(arms[arm], design) for arm in ARMS},
        warnings=(MISSING,) if any(missing.values()) else (),
    )


def resting_on(found: Estimate, columns: Mapping[str, Sequence[Array]]) -> Estimate:
    """Return an estimate whose groups say on how few people any of some figures rests.

    Parameters
    ----------
    found : Estimate
        With its groups described.
    columns : mapping of arm to arrays of shape (n,)
        What figures are made of, one value a person: the outcome, the baseline. Of each, people with another value
        than the commonest one count.
    """
    fewest = {arm: min((unlike(values) for values in given), default=0) for arm, given in columns.items()}
    summary = {arm: replace(one, contributors=fewest[arm]) for arm, one in found.summary.items()}
    return replace(found, summary=summary)


def unlike(values: Array) -> int:
    """Count the values that differ from the commonest one: those on whom a mean rests; 0 of none."""
    known = values[~np.isnan(values)]
    return int(len(known) - np.unique(known, return_counts=True)[1].max()) if len(known) else 0


def too_few(n: Mapping[str, int], design: Design) -> str | None:
    """Say why two groups of people, or of other units, may only be described, or return None.

    A floor of two is that of units such as areas; what a single one allows is the engine's to say.
    """
    if min(n.values()) == 0:
        return "One of the two groups is empty: described, not compared."
    if min(n.values()) >= design.floor_per_arm or design.floor_per_arm == 2:
        return None
    return f"A group has fewer than {design.floor_per_arm} with a known outcome: described, not compared."


def floors(sample: Sample, description: Estimate, design: Design) -> str | None:
    """Say why the groups may only be described, or return None."""
    events = None if description.events is None else dict(description.events)
    return below_floor(sample.n, events, design)


def contributors(values: Sequence[float]) -> int:
    """Return how many people have another value than the most common one: those on whom a mean rests."""
    return len(values) - max(Counter(values).values(), default=0)


def _summary(values: Array, design: Design) -> ArmSummary:
    if not len(values):
        return ArmSummary("proportion" if design.outcome_type == "binary" else "mean", None)
    if design.outcome_type != "binary":
        return replace(summarise(values, design.level), contributors=contributors(values.tolist()))
    events, n = int(values.sum()), len(values)
    p = events / n
    lower, upper = wilson(events, n, design.level)
    return ArmSummary("proportion", p, (p * (1 - p) * n / (n - 1)) ** 0.5 if n > 1 else None, None, lower, upper)
