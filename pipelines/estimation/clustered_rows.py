"""Repeated rows of people, grouped by which waves were seen, so that equal shapes are worked on together."""

from dataclasses import dataclass

import numpy as np

from pipelines.estimation.risk_sets import Integers
from pipelines.estimation.sample import Array


@dataclass(frozen=True)
class Pattern:
    """People seen at the same waves.

    Parameters
    ----------
    waves : array of int, shape (m,)
        Numbers of the waves seen, ascending.
    columns : array of float, shape (people, m, k)
        Regressors.
    outcome : array of float, shape (people, m)
        Outcomes.
    """

    waves: Integers
    columns: Array
    outcome: Array


def patterns_of(person: Integers, wave: Integers, columns: Array, outcome: Array) -> tuple[Pattern, ...]:
    """Group rows into people, and people by the waves they were seen at.

    Parameters
    ----------
    person, wave : array of int, shape (n,)
        Numbers from 0; nobody is seen twice at one wave.
    columns, outcome : arrays of float, shapes (n, k) and (n,)
        Regressors and outcomes.

    Returns
    -------
    tuple of Pattern
        In the order of the patterns' waves.

    Raises
    ------
    ValueError
        If somebody is seen twice at one wave.
    """
    order = np.lexsort((wave, person))
    starts = np.flatnonzero(np.diff(person[order], prepend=-1))
    sizes = np.diff(np.append(starts, len(order)))
    groups: dict[tuple[int, ...], list[int]] = {}
    for start, size in zip(starts, sizes, strict=True):
        waves = tuple(int(w) for w in wave[order[start : start + size]])
        if len(set(waves)) < size:
            raise ValueError("Somebody is seen twice at one wave.")
        groups.setdefault(waves, []).append(int(start))
    found = []
    for waves in sorted(groups):
        rows = order[np.array(groups[waves])[:, None] + np.arange(len(waves))]
        found.append(Pattern(np.array(waves), columns[rows], outcome[rows]))
    return tuple(found)
