"""When does follow-up begin for people who never started? Index dates for comparators, and immortal time.

Treated people are followed from their start. A comparator has none; following them from eligibility would compare
people who waited, free of the outcome, with people who did not have to (Suissa 2008).
"""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.estimation.comparison_pool import DUPLICATE, ONE_ROW, Mask
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array


@dataclass(frozen=True)
class IndexDates:
    """Index dates of comparators.

    Parameters
    ----------
    index : array of float, shape (n0,)
        In the unit and order given; NaN for people who had left, or had the event, before it.
    usable : array of bool, shape (n0,)
        False for those people: treated people who had left or had the event before their start are not in the data
        either.
    sentence : str
        For a report.
    """

    index: Array
    usable: Mask
    sentence: str


@dataclass(frozen=True)
class Trials:
    """People of a sequence of trials; a person may be in several, so cluster errors on `person`.

    Parameters
    ----------
    person, trial : array of int, shape (m,)
        Row of the caller's table, and number of the trial.
    treated : array of bool, shape (m,)
        Started within the trial's period.
    index : array of float, shape (m,)
        Start of follow-up: of the period, for both arms.
    censored : array of float, shape (m,)
        Comparators: when they started later (inf for never). Treated: inf.
    """

    person: NDArray[np.intp]
    trial: NDArray[np.intp]
    treated: Mask
    index: Array
    censored: Array


@dataclass(frozen=True)
class ImmortalTime:
    """The verdict of the immortal-time check.

    Parameters
    ----------
    passed : bool or None
        True: follow-up begins alike in both arms. False: not. None: it cannot be told.
    problems : tuple of str
        What is wrong, in plain sentences free of counts.
    sentence : str
        For a report.
    """

    passed: bool | None
    problems: tuple[str, ...]
    sentence: str


def assign_index_dates(
    eligible: ArrayLike,
    keys: ArrayLike,
    treated_eligible: ArrayLike,
    treated_start: ArrayLike,
    seed: int,
    leaves: ArrayLike | None = None,
) -> IndexDates:
    """Give each comparator a waiting time drawn from those of the treated.

    Parameters
    ----------
    eligible : array of float, shape (n0,)
        When each comparator became eligible (days, weeks ... since any origin).
    keys : array, shape (n0,)
        A pseudonymous key per comparator: each draw goes by it alone, so that neither the order of rows nor who else
        is there decides anything, and a later delivery with more people moves nobody.
    treated_eligible, treated_start : array of float, shape (n1,)
        When treated people became eligible, and started.
    seed : int
        Of the draws.
    leaves : array of float, shape (n0,), or None
        When comparators left, had the event, or follow-up ended; NaN or inf for not. Those who leave before their index
        date are not usable.

    Returns
    -------
    IndexDates
        Dates at or after eligibility.

    Raises
    ------
    EstimationRefusal
        If a date is missing, a treated person started before being eligible, somebody is there twice, or there are no
        treated people.

    References
    ----------
    Zhou, Rahme, Abrahamowicz & Pilote 2005, American Journal of Epidemiology 162:1016-1023 (prescription time-
    distribution matching); Suissa 2008, American Journal of Epidemiology 167:492-499.
    """
    begins, waits = _dates(eligible), _dates(treated_start) - _dates(treated_eligible)
    if not len(waits):
        raise EstimationRefusal("There are no treated people to take waiting times from.", "Do not compare.")
    if (waits < 0).any():
        raise EstimationRefusal("A treated person started before being eligible.", "Correct the dates.")
    names = _names(keys, len(begins))
    index = begins + np.sort(waits)[[int(share * len(waits)) for share in _shares(names, seed)]]
    gone = np.full(len(begins), np.inf) if leaves is None else np.asarray(leaves, dtype=float)
    if gone.shape != begins.shape:
        raise ValueError("There must be one date of leaving per comparator.")
    usable = ~(gone < index)
    sentence = (
        "Comparators have no start, so each was given a waiting time drawn at random from those of the treated; "
        "comparators who had left or had the outcome before then are not compared, as no such treated person is."
    )
    return IndexDates(np.where(usable, index, np.nan), usable, sentence)


def sequential_trials(
    eligible: ArrayLike, start: ArrayLike, leaves: ArrayLike, first: float, period: float, trials: int
) -> Trials:
    """Line people up as a sequence of trials: in each period, who starts against who could have and does not.

    Parameters
    ----------
    eligible, start, leaves : array of float, shape (n,)
        When people became eligible, started (NaN or inf for never) and left or had the event (NaN or inf for not).
    first, period : float
        Beginning of the first period, and length of each.
    trials : int
        Number of periods.

    Returns
    -------
    Trials
        Everybody eligible, present and not yet started at the beginning of a period.

    Raises
    ------
    EstimationRefusal
        If an eligibility date is missing, or no period holds both arms.

    References
    ----------
    Hernan, Alonso, Logan et al. 2008, Epidemiology 19:766-779; Gran et al. 2010, Statistics in Medicine 29:2757-2768.
    """
    begins, starts, gone = _dates(eligible), _never(start), _never(leaves)
    if not period > 0 or trials < 1 or starts.shape != begins.shape or gone.shape != begins.shape:
        raise ValueError("Periods must have a length, and dates must be one per person.")
    parts = []
    for number in range(trials):
        at = first + number * period
        present = np.flatnonzero((begins <= at) & (starts >= at) & (gone >= at))
        parts.append((present, np.full(len(present), number), starts[present] < at + period))
    person, trial, treated = (np.concatenate(piece) for piece in zip(*parts, strict=True))
    if treated.all() or not treated.any():
        raise EstimationRefusal("No period holds both people who start and people who wait.", "Do not compare.")
    index = first + trial * period
    return Trials(person, trial, treated, index, np.where(treated, np.inf, starts[person]))


def check_immortal_time(
    eligible: ArrayLike, index: ArrayLike, start: ArrayLike, event: ArrayLike, treated: ArrayLike
) -> ImmortalTime:
    """Check that follow-up begins alike in both arms.

    Parameters
    ----------
    eligible, index : array of float, shape (n,)
        When people became eligible, and when their follow-up begins; NaN for not known.
    start : array of float, shape (n,)
        When treated people started; NaN for comparators.
    event : array of float, shape (n,)
        First event of the outcome; NaN for none.
    treated : array of bool, shape (n,)
        Arm.

    Returns
    -------
    ImmortalTime
        Failed if treated people's follow-up begins before their start (time in which they cannot have the outcome, or
        they would not have started); if treated people waited between eligibility and index date and comparators did
        not, or much less or more (a quarter of a standard deviation); or if only one arm holds people with an event
        between eligibility and index date.

    References
    ----------
    Suissa 2008, American Journal of Epidemiology 167:492-499; Hernan, Sauer, Hernandez-Diaz et al. 2016, Journal of
    Clinical Epidemiology 79:70-75.
    """
    arm = np.asarray(treated, dtype=bool)
    begins, at, started, happened = (np.asarray(x, dtype=float) for x in (eligible, index, start, event))
    known = np.isfinite(begins) & np.isfinite(at)
    if not (known & arm).any() or not (known & ~arm).any() or not np.isfinite(started[arm]).any():
        return ImmortalTime(
            None, (), "Dates of eligibility, start or follow-up are missing: immortal time is not ruled out."
        )
    waits = [at[known & of] - begins[known & of] for of in (arm, ~arm)]
    early = [bool((happened[known & of] < at[known & of]).any()) for of in (arm, ~arm)]
    checks = (
        (bool((started[arm & known] > at[arm & known]).any()), BEFORE_START),
        (any((wait < 0).any() for wait in waits), BEFORE_ELIGIBLE),
        (_waits_apart(*waits), WAITS),
        (early[0] != early[1], ONE_ARM),
    )
    problems = tuple(said for failed, said in checks if failed)
    sentence = " ".join(problems) if problems else "Follow-up begins alike in both arms: no immortal time was found."
    return ImmortalTime(not problems, problems, sentence)


BEFORE_START = (
    "Follow-up of some treated people begins before they started: in that time they cannot have had the outcome, which "
    "flatters the treatment."
)
BEFORE_ELIGIBLE = "Follow-up of some people begins before they were eligible."
WAITS = (
    "The arms waited differently long between eligibility and follow-up: people who had the outcome while waiting are "
    "missing from one arm more than from the other. Give comparators index dates from the treated people's waits."
)
ONE_ARM = (
    "People with the outcome between eligibility and follow-up are in one arm only: leave them out of both, or of "
    "neither."
)


def _waits_apart(treated: Array, comparison: Array) -> bool:
    """Whether waits differ by a quarter of their standard deviation, or one arm does not wait at all."""
    gap = abs(float(treated.mean() - comparison.mean()))
    if (treated == 0).all() != (comparison == 0).all():
        return True
    spread = float(np.sqrt((treated.var() + comparison.var()) / 2))
    return gap > 0.25 * spread if spread > 0 else gap > 0


def _dates(values: ArrayLike) -> Array:
    dates = np.asarray(values, dtype=float)
    if dates.ndim != 1 or not np.isfinite(dates).all():
        raise EstimationRefusal("A date of eligibility or start is missing.", "Complete it, or leave the person out.")
    return dates


def _never(values: ArrayLike) -> Array:
    dates = np.asarray(values, dtype=float)
    return np.where(np.isnan(dates), np.inf, dates)


def _names(keys: ArrayLike, n: int) -> list[str]:
    given = np.asarray(keys)
    if given.shape != (n,):
        raise ValueError("There must be one key per comparator.")
    names = [str(key) for key in given.tolist()]
    if len(dict.fromkeys(names)) < n:
        raise EstimationRefusal(DUPLICATE, ONE_ROW)
    return names


def _shares(names: list[str], seed: int) -> list[float]:
    """Return a number from 0 to below 1 for each name: its own, whoever else is there."""
    return [int(sha256(f"{seed}/{name}".encode()).hexdigest()[:13], 16) / 16**13 for name in names]
