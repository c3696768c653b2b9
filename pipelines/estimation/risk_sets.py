"""Who was at risk at each event time, within strata and after entry: the sums that Cox's partial likelihood needs."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.newton import Derivatives
from pipelines.estimation.sample import Array

Integers = NDArray[np.int_]
Ties = Literal["efron", "breslow"]


@dataclass(frozen=True)
class Stratum:
    """One stratum's people, sorted by time, and its m event times.

    Parameters
    ----------
    rows : array of int, shape (n,)
        Positions in the data, by ascending time.
    first : array of int, shape (m,)
        Where the risk set of each event time begins in `rows`.
    by_entry : array of int, shape (n,)
        Positions within `rows`, by ascending entry.
    late : array of int, shape (m,)
        Where in `by_entry` those begin who had not yet entered just before each event time.
    ended, entered : array of int, shape (n,)
        How many event times lie at or before each person's time, and at or before their entry.
    dead : array of int, shape (events,)
        Positions within `rows` of those with the event, by ascending time.
    starts : array of int, shape (m,)
        Where each event time's deaths begin in `dead`.
    deaths : array of int, shape (m,)
        Events at each time.
    term : array of int, shape (terms,)
        The event time of each factor of the partial likelihood: one per event.
    share : array of float, shape (terms,)
        The share of those dying that has left the risk set at that factor (Efron); 0 for Breslow.
    times : array of float, shape (m,)
        The event times.
    """

    rows: Integers
    first: Integers
    by_entry: Integers
    late: Integers
    ended: Integers
    entered: Integers
    dead: Integers
    starts: Integers
    deaths: Integers
    term: Integers
    share: Array
    times: Array

    def at_risk(self, values: Array) -> Array:
        """Sum over those at risk at each event time of values in the order of `rows`; shape (m, ...)."""
        total = _suffix_sums(values)[self.first]
        return np.asarray(total - _suffix_sums(values[self.by_entry])[self.late])

    def dying(self, values: Array) -> Array:
        """Sum over those with the event at each event time; shape (m, ...)."""
        return np.asarray(np.add.reduceat(values[self.dead], self.starts, axis=0))

    def while_at_risk(self, per_time: Array) -> Array:
        """Sum for each person, over event times at which they were at risk, of a value per time; shape (n, ...)."""
        running = np.concatenate([np.zeros((1, *per_time.shape[1:])), np.cumsum(per_time, axis=0)])
        return np.asarray(running[self.ended] - running[self.entered])

    def per_time(self, per_term: Array) -> Array:
        """Sum of values per term over the terms of each event time; shape (m, ...)."""
        return np.asarray(np.add.reduceat(per_term, np.cumsum(self.deaths) - self.deaths, axis=0))


@dataclass(frozen=True)
class Moments:
    """What a stratum's risk sets are like at given coefficients.

    Parameters
    ----------
    risk : array, shape (n,)
        exp(linear predictor), scaled; in the order of `rows`.
    weight : array, shape (terms,)
        One over the sum of risks, of each term.
    mean : array, shape (terms, k)
        Risk-weighted mean of the columns, of each term.
    log_denominators : float
        Sum of logarithms of the terms' sums of risks, with the scale put back.
    """

    risk: Array
    weight: Array
    mean: Array
    log_denominators: float


def strata_of(time: Array, event: Array, entry: Array, stratum: Integers, ties: Ties) -> tuple[Stratum, ...]:
    """Divide people into strata and lay out the risk sets; strata without events add nothing and are dropped.

    Parameters
    ----------
    time, event, entry : array of float, shape (n,)
        End of observation, 1 for the event, and start of observation (minus infinity if from the beginning). Somebody
        is at risk at t if entry < t <= time.
    stratum : array of int, shape (n,)
        Stratum of each person.
    ties : {'efron', 'breslow'}
        How events at the same time are treated.

    Returns
    -------
    tuple of Stratum
        At least one event in each.
    """
    order = np.lexsort((time, stratum))
    bounds = np.flatnonzero(np.diff(stratum[order])) + 1
    groups = (rows for rows in np.split(order, bounds) if event[rows].any())
    return tuple(_lay_out(rows, time[rows], event[rows], entry[rows], ties) for rows in groups)


def moments(stratum: Stratum, columns: Array, coefficients: Array) -> Moments:
    """Risk-weighted means of the columns at every term of one stratum's partial likelihood."""
    x = columns[stratum.rows]
    eta = x @ coefficients
    top = float(eta.max())
    risk = np.exp(eta - top)
    both = np.column_stack([risk, x * risk[:, None]])
    sums = stratum.at_risk(both)[stratum.term] - stratum.share[:, None] * stratum.dying(both)[stratum.term]
    # Differences of cumulative sums can lose a tiny last risk set to rounding; it is never truly empty.
    total = np.maximum(sums[:, 0], 1e-300)
    return Moments(risk, 1 / total, sums[:, 1:] / total[:, None], float(np.log(total).sum()) + top * len(total))


def information(stratum: Stratum, found: Moments, columns: Array, scale: Array | None = None) -> Array:
    """Sum over terms of the covariance of the columns in the risk set, optionally scaled per event time; (k, k)."""
    weight = np.ones(len(stratum.term)) if scale is None else scale[stratum.term]
    x = columns[stratum.rows]
    exposure = _exposure(stratum, weight * found.weight)
    second = (x * (found.risk * exposure)[:, None]).T @ x
    return np.asarray(second - (found.mean * weight[:, None]).T @ found.mean)


def derivatives(strata: tuple[Stratum, ...], columns: Array, coefficients: Array) -> Derivatives:
    """Partial log-likelihood, score and information of Cox's model."""
    value, score = 0.0, np.zeros(columns.shape[1])
    total = np.zeros((columns.shape[1], columns.shape[1]))
    for stratum in strata:
        found = moments(stratum, columns, coefficients)
        dead = columns[stratum.rows[stratum.dead]]
        value += float((dead @ coefficients).sum()) - found.log_denominators
        score += dead.sum(axis=0) - found.mean.sum(axis=0)
        total += information(stratum, found, columns)
    return value, score, total


def score_residuals(strata: tuple[Stratum, ...], columns: Array, coefficients: Array) -> Array:
    """Each person's part of the score, shape (n, k); zero in sum at the maximum (Therneau & Grambsch 2000, 4.5)."""
    residuals = np.zeros_like(columns)
    for stratum in strata:
        found = moments(stratum, columns, coefficients)
        x = columns[stratum.rows]
        part = -found.risk[:, None] * (
            x * _exposure(stratum, found.weight)[:, None] - _exposure(stratum, found.weight[:, None] * found.mean)
        )
        part[stratum.dead] += schoenfeld(stratum, found, x)
        residuals[stratum.rows] = part
    return residuals


def schoenfeld(stratum: Stratum, found: Moments, x: Array) -> Array:
    """Columns of each person with the event less their risk set's mean, shape (events, k)."""
    mean = stratum.per_time(found.mean) / stratum.deaths[:, None]
    return np.asarray(x[stratum.dead] - np.repeat(mean, stratum.deaths, axis=0))


def _exposure(stratum: Stratum, per_term: Array) -> Array:
    """Sum of values per term over the terms at which each person was at risk, less the share already gone."""
    total = stratum.while_at_risk(stratum.per_time(per_term))
    share = stratum.share.reshape(-1, *(1,) * (per_term.ndim - 1))
    gone = stratum.per_time(per_term * share)
    total[stratum.dead] -= np.repeat(gone, stratum.deaths, axis=0)
    return total


def _suffix_sums(values: Array) -> Array:
    """Sums from each position to the end, with a zero for the end itself; shape (n + 1, ...)."""
    sums = np.cumsum(values[::-1], axis=0)[::-1]
    return np.concatenate([sums, np.zeros((1, *values.shape[1:]))])


def _lay_out(rows: Integers, time: Array, event: Array, entry: Array, ties: Ties) -> Stratum:
    dead = np.flatnonzero(event == 1)
    times, starts, deaths = np.unique(time[dead], return_index=True, return_counts=True)
    by_entry = np.argsort(entry, kind="stable")
    term = np.repeat(np.arange(len(times)), deaths)
    place = np.arange(len(dead)) - np.repeat(starts, deaths)
    return Stratum(
        rows,
        np.searchsorted(time, times, side="left"),
        by_entry,
        np.searchsorted(entry[by_entry], times, side="left"),
        np.searchsorted(times, time, side="right"),
        np.searchsorted(times, entry, side="right"),
        dead,
        starts,
        deaths,
        term,
        place / deaths[term] if ties == "efron" else np.zeros(len(term)),
        times,
    )
