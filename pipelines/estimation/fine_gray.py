"""Fine and Gray's regression of the subdistribution hazard: what moves the share that will have had the event."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipelines.estimation.arrays import check_counts, check_independent, numbers_of
from pipelines.estimation.newton import Derivatives, NotConverged, maximise
from pipelines.estimation.proportional_hazards import INSTEAD, LARGEST, LEAST_SURE, MONOTONE
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import log_ratio


@dataclass(frozen=True)
class FineGrayFit:
    """A proportional subdistribution hazards model.

    Parameters
    ----------
    coefficients : array, shape (k,)
        Log subdistribution hazard ratio per unit of each column. Its sign is that of the effect on the share with the
        event; its size has no other plain meaning.
    covariance : array, shape (k, k)
        Sandwich that allows for the censoring distribution being estimated.
    log_likelihood : float
        Weighted partial, at the maximum.
    """

    coefficients: Array
    covariance: Array
    log_likelihood: float

    def hazard_ratio(self, position: int, level: float = 0.95) -> Inference:
        """Subdistribution hazard ratio of one column; `se` is on the log scale."""
        return log_ratio(float(self.coefficients[position]), float(np.sqrt(self.covariance[position, position])), level)


def fine_gray(time: ArrayLike, cause: ArrayLike, columns: ArrayLike, of: int = 1) -> FineGrayFit:
    """Fit Fine and Gray's model; people with a competing event stay at risk, weighted by remaining uncensored.

    Parameters
    ----------
    time : array of float, shape (n,)
        Time to the first event of any cause, or to the end of follow-up.
    cause : array of int, shape (n,)
        0 for the end of follow-up, else the number of the cause.
    columns : array of float, shape (n, k)
        Treatment and covariates, without a constant. Censoring must not depend on them.
    of : int
        The cause of interest.

    Returns
    -------
    FineGrayFit
        Log subdistribution hazard ratios; ties by Breslow's method.

    Raises
    ------
    EstimationRefusal
        If nobody had the event, a group has no events, or columns are dependent.

    References
    ----------
    Fine & Gray 1999, JASA 94:496-509.
    """
    t, c, x = numbers_of(time=time, cause=cause, columns=columns)
    check_counts(c, "cause")
    check_independent(np.column_stack([np.ones(len(x)), x]))
    if not (c == of).any():
        raise EstimationRefusal("Nobody had the event.", "Describe how long people were followed without it.")
    scale = x.std(axis=0)
    model = _model(t, c, (x - x.mean(axis=0)) / scale, of)
    try:
        top = maximise(model.derivatives, np.zeros(x.shape[1]), 5.0)
        bread = top.covariance
    except NotConverged:
        raise EstimationRefusal(MONOTONE, INSTEAD) from None
    if np.abs(top.parameters).max() > LARGEST or np.sqrt(np.diag(bread)).max() > LEAST_SURE:
        raise EstimationRefusal(MONOTONE, INSTEAD)
    influence = model.influence(top.parameters) @ bread
    return FineGrayFit(top.parameters / scale, influence.T @ influence / np.outer(scale, scale), top.value)


@dataclass(frozen=True)
class _Model:
    """People by ascending time: cause of interest, competing, or censored.

    `at` are the m times of events of interest, `deaths` how many; `first` where each risk set begins; `gone` how many
    people ended before each; `free` the chance of being uncensored just before, at the event times and for each person.
    """

    time: Array
    x: Array
    event: Array
    competing: Array
    at: Array
    deaths: Array
    free_at: Array
    free: Array

    def _sums(self, values: Array) -> Array:
        """Weighted sum over each event time's risk set, competing people included; shape (m, ...)."""
        first = np.searchsorted(self.time, self.at, side="left")
        shape = (-1, *(1,) * (values.ndim - 1))
        weighted = values * (self.competing / self.free).reshape(shape)
        return np.asarray(_after(values)[first] + self.free_at.reshape(shape) * (_before(weighted)[first]))

    def _exposure(self, per_time: Array) -> Array:
        """For each person, the sum of values per event time, weighted by how much they were at risk; shape (n, ...)."""
        ended = np.searchsorted(self.at, self.time, side="right")
        shape = (-1, *(1,) * (per_time.ndim - 1))
        while_seen = _before(per_time)[ended]
        later = _after(per_time * self.free_at.reshape(shape))[ended]
        return np.asarray(while_seen + later * (self.competing / self.free).reshape(shape))

    def derivatives(self, b: Array) -> Derivatives:
        eta = self.x @ b
        top = float(eta.max())
        risk = np.exp(eta - top)
        total = self._sums(risk)
        mean = self._sums(self.x * risk[:, None]) / total[:, None]
        dead = self.event == 1
        value = float(eta[dead].sum() - (self.deaths * (np.log(total) + top)).sum())
        score = self.x[dead].sum(axis=0) - self.deaths @ mean
        weight = risk * self._exposure(self.deaths / total)
        information = (self.x * weight[:, None]).T @ self.x - (mean * self.deaths[:, None]).T @ mean
        return value, score, information

    def influence(self, b: Array) -> Array:
        """Each person's part of the score, with what the estimated censoring curve adds; shape (n, k)."""
        risk = np.exp(self.x @ b - float((self.x @ b).max()))
        total = self._sums(risk)
        mean = self._sums(self.x * risk[:, None]) / total[:, None]
        hazard = self.deaths / total
        place = np.minimum(np.searchsorted(self.at, self.time), len(self.at) - 1)
        own = self.event[:, None] * (self.x - mean[place])
        expected = self.x * self._exposure(hazard)[:, None] - self._exposure(hazard[:, None] * mean)
        return np.asarray(own - risk[:, None] * expected + self._censoring(risk, mean, hazard))

    def _censoring(self, risk: Array, mean: Array, hazard: Array) -> Array:
        """The term psi of the paper: how each person's censoring moved the weights."""
        censored = (self.event == 0) & (self.competing == 0)
        if not censored.any():
            return np.zeros_like(self.x)
        times, counts = np.unique(self.time[censored], return_counts=True)
        before = np.searchsorted(self.time, times, side="left")
        weighted = risk * self.competing / self.free
        later = np.searchsorted(self.at, times, side="left")
        still = _after(hazard * self.free_at)[later]
        still_mean = _after((hazard * self.free_at)[:, None] * mean)[later]
        q = (
            _before(weighted[:, None] * self.x)[before] * still[:, None]
            - _before(weighted)[before][:, None] * still_mean
        )
        at_risk = len(self.time) - before
        per_time = q / at_risk[:, None]
        drift = _before(per_time * (counts / at_risk)[:, None])[np.searchsorted(times, self.time, side="right")]
        own = np.where(censored, np.searchsorted(times, self.time), 0)
        return np.asarray(np.where(censored[:, None], per_time[own], 0.0) - drift)


def _model(time: Array, cause: Array, x: Array, of: int) -> _Model:
    order = np.argsort(time, kind="stable")
    t, c = time[order], cause[order]
    event, competing = (c == of).astype(float), ((c != of) & (c > 0)).astype(float)
    at, deaths = np.unique(t[c == of], return_counts=True)
    ends, lost = np.unique(t[c == 0], return_counts=True)
    at_risk = len(t) - np.searchsorted(t, ends, side="left")
    curve = np.concatenate([[1.0], np.cumprod(1 - lost / at_risk)])
    free_at, free = (curve[np.searchsorted(ends, when, side="left")] for when in (at, t))
    return _Model(t, x[order], event, competing, at, deaths.astype(float), free_at, free)


def _after(values: Array) -> Array:
    """Sums from each position to the end, and zero; shape (n + 1, ...)."""
    sums = np.cumsum(values[::-1], axis=0)[::-1]
    return np.concatenate([sums, np.zeros((1, *values.shape[1:]))])


def _before(values: Array) -> Array:
    """Zero, and sums up to each position; shape (n + 1, ...)."""
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
