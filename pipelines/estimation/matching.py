"""Matching treated people to comparators who look like them; nothing here sees an outcome.

Belongs here: who is matched to whom, with what weight, and for whom the answer then speaks. Effects are in
`matched_effects`, balance in `comparison_balance`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.estimation import mahalanobis, nearest
from pipelines.estimation.comparison_pool import ComparisonPool, Mask
from pipelines.estimation.design import COMPARISON, TREATMENT
from pipelines.estimation.nearest import NOBODY, Integers
from pipelines.estimation.propensity import Propensity, propensity
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

Distance = Literal["propensity", "logit", "mahalanobis"]
Order = Literal["largest", "smallest", "data"]
CaliperUnit = Literal["sd", "raw"]
Search = Literal["nearest", "matchit_4_5"]

EVERYBODY = "average effect on the treated (ATT)"
REMAINING = "average effect on the treated who could be matched"
DISTANCES = {
    "propensity": "the propensity score",
    "logit": "the logit of the propensity score",
    "mahalanobis": "Mahalanobis distance",
}

ADDS_NOTHING = "Left out of the propensity score, as they add nothing:"


@dataclass(frozen=True)
class Matching:
    """Matched sets. Arrays are in the pool's order (of keys) unless said otherwise.

    Parameters
    ----------
    pool : ComparisonPool
        Everybody.
    people : array of int, shape (n1,)
        Positions of the treated in the pool.
    partners : array of int, shape (n1, ratio)
        Positions of their comparators in the pool, nearest first; -1 where there is none.
    weights : array of float, shape (n,)
        1 for matched treated people. A comparator gets, from each set it is in, one over the comparators of that set;
        the sum is scaled so that comparators' weights add up to the number of different comparators (MatchIt's
        definition). 0 for everybody else.
    points : array of float, shape (n, r)
        What was matched on: the score (r = 1) or whitened covariates.
    propensity : Propensity or None
        The fitted score.
    caliper : float or None
        In the unit of the distance.
    replace : bool
        Whether a comparator could serve more than once.
    estimand : str
        For whom the effect is.
    sentence : str
        The estimand and the method, for a report.
    counts : mapping of str to int
        'treated', 'treated_matched', 'comparison', 'comparison_matched'. Exact: not yet disclosure-checked.
    effective_sample_size : mapping of arm to float
        Kish's, (sum w)^2 / sum w^2.
    warnings : tuple of str
        Plain sentences, free of counts.
    """

    pool: ComparisonPool
    people: Integers
    partners: Integers
    weights: Array
    points: Array
    propensity: Propensity | None
    caliper: float | None
    replace: bool
    estimand: str
    sentence: str
    counts: Mapping[str, int]
    effective_sample_size: Mapping[str, float]
    warnings: tuple[str, ...]

    @property
    def discarded(self) -> Mask:
        """People who are in no matched set, in the order of the caller's table; shape (n,)."""
        return np.asarray(self.pool.as_given(self.weights == 0), dtype=bool)

    def weights_as_given(self) -> Array:
        """Weights in the order of the caller's table; shape (n,)."""
        return self.pool.as_given(self.weights)

    def sets_as_given(self) -> Integers:
        """Set of each person in the order of the caller's table, -1 for none; only without replacement; shape (n,)."""
        if self.replace:
            raise ValueError("With replacement a comparator may be in many sets: use `people` and `partners`.")
        label = np.full(len(self.weights), NOBODY, dtype=np.int64)
        matched = np.flatnonzero(self.partners[:, 0] != NOBODY)
        label[self.people[matched]] = matched
        set_of = np.repeat(np.arange(len(self.people))[:, None], self.partners.shape[1], axis=1)
        label[self.partners[self.partners != NOBODY]] = set_of[self.partners != NOBODY]
        return np.asarray(self.pool.as_given(label), dtype=np.int64)


def match(
    pool: ComparisonPool,
    distance: Distance = "propensity",
    *,
    ratio: int = 1,
    replace: bool = False,
    caliper: float | None = None,
    caliper_unit: CaliperUnit = "sd",
    exact: ArrayLike | None = None,
    order: Order | None = None,
    search: Search = "nearest",
) -> Matching:
    """Match each treated person to the nearest comparators.

    Parameters
    ----------
    pool : ComparisonPool
        n people.
    distance : {'propensity', 'logit', 'mahalanobis'}
        Difference in the propensity score, in its logit, or Mahalanobis distance on the covariates.
    ratio : int
        Comparators per treated person. Without replacement everybody gets a first comparator before anybody gets a
        second.
    replace : bool
        Whether a comparator may serve more than once.
    caliper : float or None
        Comparators further away are no match: treated people may then stay unmatched, and the estimand changes.
    caliper_unit : {'sd', 'raw'}
        'sd': standard deviations of the score over everybody in the pool, both arms together (divisor n - 1; MatchIt's
        definition). 'raw': in the unit of the distance. Mahalanobis distance takes only 'raw'.
    exact : array, shape (n,), or None
        Categories in the order of the caller's table: matches lie within a category.
    order : {'largest', 'smallest', 'data'} or None
        Who chooses first, without replacement: largest score (default for scores), smallest, or the order of keys
        (default, and only choice, for Mahalanobis distance). Equal scores choose in the order of keys.
    search : {'nearest', 'matchit_4_5'}
        'matchit_4_5' repeats a fault of R's MatchIt 4.5.0 to 4.5.3 as compiled on Debian 12: it takes the nearest
        comparator below whenever there is one, however near one above is, and ignores calipers. It exists to reproduce
        analyses published with it. Never use it for a new one.

    Returns
    -------
    Matching
        Distances closer than a billionth of a standard deviation are ties; the earlier key is taken.

    Raises
    ------
    EstimationRefusal
        If covariates separate the arms, or nobody can be matched.
    ValueError
        If options contradict each other.

    Notes
    -----
    On a score this is the greedy search's answer in n log n.

    References
    ----------
    Rosenbaum & Rubin 1985, American Statistician 39:33-38; Ho, Imai, King & Stuart 2011, Journal of Statistical
    Software 42(8) (weights, order); Stuart 2010, Statistical Science 25:1-21.
    """
    _check_options(distance, ratio, caliper, caliper_unit, order, search)
    fitted = None if distance == "mahalanobis" else propensity(pool)
    points = _points(pool, distance, fitted)
    width = _caliper(points, caliper, caliper_unit)
    strata = np.zeros(len(points), dtype=int) if exact is None else _strata(pool, exact)
    partners = np.full((int(pool.treated.sum()), ratio), NOBODY, dtype=np.int64)
    people = np.flatnonzero(pool.treated)
    search_in = _scores if points.shape[1] == 1 and distance != "mahalanobis" else _places
    prepared: tuple[NDArray, float] = nearest.on_grid(points[:, 0]) if search_in is _scores else (points, 1.0)
    for stratum in np.unique(strata[pool.treated]):
        inside = strata == stratum
        chosen, others = inside[people], np.flatnonzero(inside & ~pool.treated)
        if len(others):
            found = search_in(prepared, people[chosen], others, width, ratio, replace, order or "largest", search)
            partners[chosen] = np.where(found == NOBODY, NOBODY, others[found])
    return _matching(pool, people, partners, points, fitted, width, replace, _method(distance, ratio, replace, exact))


def effective_sample_size(weights: Array) -> float:
    """Kish's effective sample size, (sum w)^2 / sum w^2; 0 when every weight is 0."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def _scores(
    prepared: tuple[NDArray, float], people: Integers, others: Integers, width: float, ratio: int, replace: bool,
    order: Order, search: Search,
) -> Integers:  # fmt: skip
    grid, step = prepared
    treated, controls = grid[people].astype(np.int64), grid[others].astype(np.int64)
    reach, lower_first = width / step * (1 + 1e-12), search == "matchit_4_5"
    if replace:
        return nearest.with_replacement(treated, controls, ratio, reach, lower_first)
    first = {"largest": -treated, "smallest": treated, "data": np.zeros_like(treated)}[order]
    return nearest.without_replacement(treated, controls, np.argsort(first, kind="stable"), ratio, reach, lower_first)


def _places(
    prepared: tuple[NDArray, float], people: Integers, others: Integers, width: float, ratio: int, replace: bool,
    order: Order, search: Search,
) -> Integers:  # fmt: skip
    points, _ = prepared
    if replace:
        return mahalanobis.with_replacement(points[people], points[others], ratio, width)
    return mahalanobis.without_replacement(points[people], points[others], np.arange(len(people)), ratio, width)


def _check_options(distance: str, ratio: int, caliper: float | None, unit: str, order: str | None, search: str) -> None:
    known = (
        distance in DISTANCES and unit in ("sd", "raw") and order in (None, "largest", "smallest", "data")
        and search in ("nearest", "matchit_4_5")
    )  # fmt: skip
    if not known or ratio < 1:
        raise ValueError("Unknown option of matching, or a ratio below one.")
    if caliper is not None and not 0 < caliper < np.inf:
        raise ValueError("A caliper must be above zero.")
    if distance == "mahalanobis" and (order in ("largest", "smallest") or (caliper is not None and unit == "sd")):
        raise ValueError("Mahalanobis distance has no standard deviation and no largest score: use a raw caliper.")
    if search == "matchit_4_5" and (caliper is not None or distance == "mahalanobis"):
        raise ValueError("MatchIt 4.5 ignored calipers on its score: leave the caliper out to reproduce it.")


def _points(pool: ComparisonPool, distance: Distance, fitted: Propensity | None) -> Array:
    if fitted is not None:
        return (fitted.score if distance == "propensity" else fitted.logit)[:, None]
    points = mahalanobis.whitened(pool.columns, pool.treated)
    if not points.shape[1]:
        raise EstimationRefusal("No covariate varies within an arm.", "Declare covariates that differ between people.")
    return points


def _caliper(points: Array, caliper: float | None, unit: CaliperUnit) -> float:
    if caliper is None:
        return np.inf
    return caliper * float(points[:, 0].std(ddof=1)) if unit == "sd" else caliper


def _strata(pool: ComparisonPool, exact: ArrayLike) -> NDArray:
    labels = pool.canonical(exact)
    text = labels if labels.dtype.kind in "iuUb" else labels.astype(str)
    return np.unique(text, return_inverse=True)[1].reshape(-1)


def _matching(
    pool: ComparisonPool,
    people: Integers,
    partners: Integers,
    points: Array,
    fitted: Propensity | None,
    width: float,
    replace: bool,
    method: str,
) -> Matching:
    matched = partners[:, 0] != NOBODY
    if not matched.any():
        raise EstimationRefusal(
            "There is no overlap: no treated person has a comparator close enough.",
            "Widen the caliper or the exact categories by a rule declared beforehand, or describe without comparing.",
        )
    weights = _weights(pool, people, partners)
    estimand = EVERYBODY if matched.all() else REMAINING
    warnings = [*pool.warnings, *(() if matched.all() else (CHANGED,))]
    if (partners[matched] == NOBODY).any():
        warnings.append(FEWER)
    if fitted is not None and fitted.dropped:
        warnings.append(f"{ADDS_NOTHING} {', '.join(fitted.dropped)}.")
    ess = {TREATMENT: effective_sample_size(weights[pool.treated]),
           COMPARISON: effective_sample_size(weights[~pool.treated])}  # fmt: skip
    counts = {"treated": len(people), "treated_matched": int(matched.sum()), "comparison": int((~pool.treated).sum()),
              "comparison_matched": int((weights[~pool.treated] > 0).sum())}  # fmt: skip
    sentence = f"The {estimand}, by {method}."
    caliper = None if np.isinf(width) else width
    return Matching(
        pool, people, partners, weights, points, fitted, caliper, replace, estimand, sentence, counts, ess,
        tuple(warnings),
    )  # fmt: skip


CHANGED = (
    "Some treated people have no comparator close enough and are left out: the result speaks only for those who remain."
)
FEWER = "Some treated people have fewer comparators than asked for."


def _weights(pool: ComparisonPool, people: Integers, partners: Integers) -> Array:
    held = partners != NOBODY
    share = held / np.maximum(held.sum(axis=1, keepdims=True), 1)
    weights = np.bincount(partners[held], weights=share[held], minlength=len(pool.treated)).astype(float)
    distinct = np.count_nonzero(weights)
    weights *= distinct / max(weights.sum(), 1e-300)
    weights[people[held[:, 0]]] = 1.0
    return weights


def _method(distance: Distance, ratio: int, replace: bool, exact: ArrayLike | None) -> str:
    again = "with" if replace else "without"
    within = ", within exact categories" if exact is not None else ""
    return f"{ratio}:1 nearest-neighbour matching on {DISTANCES[distance]}, {again} replacement{within}"
