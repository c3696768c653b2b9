"""Averages of two groups period by period, as figures over time: described, not compared."""

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.design import Design
from pipelines.estimation.designs.describing import unlike
from pipelines.estimation.means import summarise
from pipelines.estimation.over_time.panel import Panel
from pipelines.estimation.proportions import wilson
from pipelines.estimation.result import OverTime, Reading
from pipelines.estimation.sample import Array

TITLES = {True: "Average in the treatment group", False: "Average in the comparison group"}
SHARES = {True: "Share in the treatment group", False: "Share in the comparison group"}


def levels(panel: Panel, words: dict[int, str], origin: int, design: Design) -> tuple[OverTime, ...]:
    """Return the average of those ever treated, and of the others, in each period.

    Parameters
    ----------
    panel : Panel
        n units in T periods.
    words : dict of int to str
        What readers call each period.
    origin : int
        Period from which the positions count.
    design : Design
        Type, unit and level.

    Returns
    -------
    tuple of OverTime
        The treated first. Each figure rests on the units that differ from the commonest value, or all of them where
        that is a number.
    """
    treated = np.isfinite(panel.cohort)
    titles = SHARES if design.outcome_type == "binary" else TITLES
    return tuple(_one(panel, titles[arm], treated == arm, words, origin, design) for arm in (True, False))


def _one(
    panel: Panel, title: str, inside: NDArray[np.bool_], words: dict[int, str], origin: int, design: Design
) -> OverTime:
    shown = [
        (int(period), column[inside & ~np.isnan(column)])
        for period, column in zip(panel.periods, panel.outcome.T, strict=True)
    ]
    seen = [(period, values) for period, values in shown if len(values)]
    return OverTime(
        title=title,
        axis="periods from the baseline",
        readings=tuple(_reading(period, values, words, title, design) for period, values in seen),
        positions=tuple(float(period - origin) for period, _ in seen),
        null=None,
    )


def _reading(period: int, values: Array, words: dict[int, str], title: str, design: Design) -> Reading:
    key, name = f"{title.split()[-2]}/{period}", words.get(period, str(period))
    if design.outcome_type == "binary":
        events = int(values.sum())
        lower, upper = wilson(events, len(values), design.level)
        # Of nobody, or everybody, the fewest is one: a share of nobody tells of each.
        few = max(1, unlike(values))
        return Reading(
            key=key, title=name, measure="share", value=events / len(values), lower=lower, upper=upper, scale=100, n=few
        )
    found = summarise(values, design.level)
    return Reading(
        key=key,
        title=name,
        measure="mean",
        value=found.mean,
        se=found.se,
        lower=found.lower,
        upper=found.upper,
        unit=design.unit,
        n=max(1, unlike(values)),
    )
