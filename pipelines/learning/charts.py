"""A chart over time: its points in phases, each with a centre, limits and signals of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from pipelines.learning.limits import Floats, Limits, Series, p_limits, u_limits, xmr_limits
from pipelines.learning.rules import Rule, flagged
from pipelines.learning.run_chart import FEWEST, Runs, run_chart

Kind = Literal["run", "xmr", "p", "u"]


@dataclass(frozen=True)
class Flag:
    """What a rule names: positions of points in the whole series."""

    rule: Rule
    points: tuple[int, ...]


@dataclass(frozen=True)
class PhaseChart:
    """One phase of a chart.

    Attributes
    ----------
    first, after : int
        Positions in the series: from the first point to the one before `after`.
    points : int
        Points that count: those with a value.
    baseline : int
        Points that centre and limits come from.
    enough : bool
        Whether they are at least `FEWEST`. Where not there are no limits and no signal.
    centre : float
        Median of a run chart, mean or pooled share or rate of the others; NaN without points.
    runs : Runs or None
        What a run chart says; None for the other kinds.
    limits : Limits or None
        Limits of the other kinds; None for a run chart, and where there are too few points.
    flags : tuple of Flag
        What the rules name. The usual limits decide; `beyond_wide` says what of it Laney's would name too.
    beyond_wide : tuple of int
        Points outside Laney's limits, where these stand beside.
    """

    first: int
    after: int
    points: int
    baseline: int
    enough: bool
    centre: float
    runs: Runs | None
    limits: Limits | None
    flags: tuple[Flag, ...]
    beyond_wide: tuple[int, ...] = ()

    @property
    def signal(self) -> bool:
        """Whether something in this phase is more than chance."""
        return bool(self.flags) or (self.enough and self.runs is not None and self.runs.signal)


def charted(
    kind: Kind,
    numerators: Sequence[float],
    denominators: Sequence[float],
    breaks: Sequence[int] = (),
    baseline: int | None = None,
    rules: Sequence[Rule] = ("beyond_limits",),
) -> tuple[PhaseChart, ...]:
    """Return a chart phase by phase.

    Parameters
    ----------
    kind : `run`, `xmr`, `p` or `u`.
    numerators, denominators : one each a period, in order; their ratio is the point. A period with a denominator of
        zero, or with NaN, is a gap. For plain figures every denominator is 1.
    breaks : positions at which a new phase begins; centre and limits are then computed anew from its own points.
    baseline : in every phase centre and limits come from the first so many points; None takes all of the phase.
    rules : which rules name points; a run chart has its own.

    Returns
    -------
    tuple of PhaseChart
        Without any period, none.

    Raises
    ------
    ValueError
        Series of two lengths, or a break outside the series.
    """
    if len(numerators) != len(denominators):
        raise ValueError("every period needs a numerator and a denominator")
    if any(not 0 <= position < len(numerators) for position in breaks):
        raise ValueError("a phase begins at a period of the series")
    edges = sorted({0, *breaks, len(numerators)})
    top, bottom = np.asarray(numerators, dtype=float), np.asarray(denominators, dtype=float)
    return tuple(_phase(kind, top, bottom, first, after, baseline, rules) for first, after in pairwise(edges))


def ratios(numerators: Series, denominators: Series) -> Floats:
    """Return the points of a chart; NaN where there is none."""
    top, bottom = np.asarray(numerators, dtype=float), np.asarray(denominators, dtype=float)
    found: Floats = np.divide(top, bottom, out=np.full(top.shape, math.nan), where=bottom > 0)
    return found


def _phase(
    kind: Kind,
    top: Floats,
    bottom: Floats,
    first: int,
    after: int,
    baseline: int | None,
    rules: Sequence[Rule],
) -> PhaseChart:
    own, of = top[first:after], bottom[first:after]
    values = ratios(own, of)
    points = int((~np.isnan(values)).sum())
    used = min(points, baseline or points)
    enough = used >= FEWEST
    if kind == "run":
        runs = run_chart(values, baseline)
        return PhaseChart(first, after, points, used, enough and runs.enough, runs.centre, runs, None, ())
    limits = _limits(kind, own, of, values, baseline)
    if not enough:
        return PhaseChart(first, after, points, used, False, limits.centre, None, None, ())
    beyond = _beyond(values, limits.lower, limits.upper)
    named = ((rule, flagged(rule, values, limits.centre, limits.sigma, beyond)) for rule in rules)
    flags = tuple(Flag(rule, tuple(first + i for i in found)) for rule, found in named if found)
    far = _beyond(values, limits.wide_lower, limits.wide_upper) if limits.wide_lower.size else []
    wide = tuple(first + i for i, one in enumerate(far) if one)
    return PhaseChart(first, after, points, used, True, limits.centre, None, limits, flags, wide)


def _limits(kind: Kind, own: Floats, of: Floats, values: Floats, baseline: int | None) -> Limits:
    if kind == "p":
        return p_limits(own, of, baseline)
    return u_limits(own, of, baseline) if kind == "u" else xmr_limits(values, baseline)


def _beyond(values: Floats, lower: Floats, upper: Floats) -> list[bool]:
    """Tell which points lie outside limits; what arithmetic leaves of a tie is inside."""
    near = 1e-9 * max(1.0, float(np.nanmax(np.abs(values), initial=0.0)))
    return [bool(one) for one in (values < lower - near) | (values > upper + near)]
