"""The effect on compliers from published counts: events, people and take-up in each arm."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.take_up.compliance import ComplierEffect, assemble, inference, refuse_not_moved
from pipelines.estimation.take_up.first_stage import Stages, stages

WIDEST = (
    "It is not known how many of the events were among those who took it up: of the standard errors that the counts "
    "allow, the largest is given."
)


@dataclass(frozen=True)
class ArmCounts:
    """One arm's counts.

    Parameters
    ----------
    n, events, took : int
        People; people with the event; people who took the service up.
    events_among_takers : int or None
        People with both, if known.
    """

    n: int
    events: int
    took: int
    events_among_takers: int | None = None

    @property
    def possible(self) -> tuple[int, int]:
        """Fewest and most people who can have had the event and taken the service up."""
        if self.events_among_takers is not None:
            return self.events_among_takers, self.events_among_takers
        return max(0, self.events + self.took - self.n), min(self.events, self.took)


def complier_effect_from_counts(assigned: ArmCounts, not_assigned: ArmCounts, level: float = 0.95) -> ComplierEffect:
    """Wald's estimate from counts, for a yes-or-no outcome.

    Parameters
    ----------
    assigned, not_assigned : ArmCounts
        The arms.
    level : float
        Confidence level.

    Returns
    -------
    ComplierEffect
        As from one row per person (a test compares them). Without the events among takers, estimates are the same and
        the largest possible standard error is given.

    Raises
    ------
    EstimationRefusal
        If counts contradict each other, an arm has fewer than two people, or the offer did not raise take-up.

    References
    ----------
    Angrist, Imbens & Rubin 1996, Journal of the American Statistical Association 91:444-455; Sommer & Zeger 1991,
    Statistics in Medicine 10:45-52.
    """
    for arm in (assigned, not_assigned):
        _check(arm)
    uptake = assigned.took / assigned.n, not_assigned.took / not_assigned.n
    refuse_not_moved(uptake[0] - uptake[1])
    choices = [_stages(assigned, not_assigned, a, b) for a in assigned.possible for b in not_assigned.possible]
    found = max(choices, key=Stages.variance_of_ratio)
    unknown = any(low < high for low, high in (assigned.possible, not_assigned.possible))
    return assemble(
        found,
        inference(found.ratio, sqrt(found.variance_of_ratio()), found.df, level),
        uptake,
        None if unknown else _complier_mean(assigned, not_assigned),
        {"assigned": assigned.n, "not assigned": not_assigned.n},
        {"assigned": assigned.took, "not assigned": not_assigned.took},
        0,
        (),
        "Wald, from counts",
        (WIDEST,) if unknown else (),
        level,
    )


def _stages(assigned: ArmCounts, not_assigned: ArmCounts, both: int, both_not_assigned: int) -> Stages:
    rows = [
        (z, d, y, count)
        for z, arm, shared in ((1, assigned, both), (0, not_assigned, both_not_assigned))
        for d, y, count in (
            (1, 1, shared),
            (1, 0, arm.took - shared),
            (0, 1, arm.events - shared),
            (0, 0, arm.n - arm.took - arm.events + shared),
        )
    ]
    z, d, y, weights = np.array(rows, dtype=float).T
    return stages(y, d, np.column_stack([np.ones(len(z)), z]), weights)


def _complier_mean(assigned: ArmCounts, not_assigned: ArmCounts) -> float:
    """See `compliance._complier_mean`."""
    risks, shares = [], []
    for arm in (assigned, not_assigned):
        risks.append((arm.events - arm.possible[0]) / arm.n)
        shares.append((arm.n - arm.took) / arm.n)
    return (risks[0] - risks[1]) / (shares[0] - shares[1])


def _check(arm: ArmCounts) -> None:
    low, high = max(0, arm.events + arm.took - arm.n), min(arm.events, arm.took)
    shared = arm.events_among_takers
    if arm.n < 2 or not (0 <= arm.events <= arm.n and 0 <= arm.took <= arm.n):
        raise EstimationRefusal(
            "An arm's counts contradict each other, or it has fewer than two people.", "Correct it."
        )
    if shared is not None and not low <= shared <= high:
        raise EstimationRefusal("The events among takers contradict the other counts.", "Correct them.")
