"""How far coders agree on each code, with an interval; where they differ, and how groups of coders read differently.

A difference between practitioners, researchers and peer researchers is a finding, not an error. The coefficients stand
in kappa, alpha and alpha_u; cutting texts into units in units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any, Literal

import numpy as np

from pipelines.qualitative.alpha import krippendorff_alpha
from pipelines.qualitative.alpha_u import Continuum, alpha_u
from pipelines.qualitative.kappa import (
    brennan_prediger,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    jaccard,
    percent,
    prevalence,
)
from pipelines.qualitative.ratings import Array, Coefficient, Ratings
from pipelines.qualitative.resampled import (
    Batch,
    alphas,
    brennan_predigers,
    cohen_kappas,
    fleiss_kappas,
    gwet_ac1s,
    jaccards,
    percents,
    share_differences,
)
from pipelines.qualitative.units import CodedTwice, CodeRatings, Document, code_ratings, joined_by

Measure = Literal["alpha", "alpha_u", "kappa", "ac1", "brennan_prediger", "jaccard", "percent"]
Statistic = Callable[[Ratings], Coefficient]

FEWEST_DOCUMENTS = 6
"""Fewer than these, of as many sources, say too little about how much documents differ for a bootstrap to draw from."""
REPLICATES = 4000
TOO_FEW = f"Fewer than {FEWEST_DOCUMENTS} independent documents were coded twice: too few for an interval."
TOO_FEW_PASSAGES = "Too few passages carry the code for an interval."
NO_SPREAD = "It is the same whichever documents are drawn, so how far it would vary cannot be told."
# More undefined replicates than this share, and the rest would tell of a selection only.
_UNDEFINED = 0.05


@dataclass(frozen=True)
class CodeAgreement:
    """How far coders agree on one code.

    Parameters
    ----------
    code : str
        Path of the code.
    units, coded : float
        Units that two coders or more rated, and those of them in which any coder found the code.
    documents : int
        Documents in which any coder found the code, of those coded twice.
    kappa_of : str
        ``Cohen`` with two coders over all documents, ``Fleiss`` with more.
    percent, kappa, alpha, alpha_u, ac1, brennan_prediger, jaccard, prevalence : Coefficient
        See the modules.
    interval : (float, float) or None
        Bootstrap interval of the chosen measure, over documents; see `bootstrap_interval`.
    no_interval : str
        Why there is none.
    """

    code: str
    units: float
    coded: float
    documents: int
    kappa_of: str
    percent: Coefficient
    kappa: Coefficient
    alpha: Coefficient
    alpha_u: Coefficient
    ac1: Coefficient
    brennan_prediger: Coefficient
    jaccard: Coefficient
    prevalence: Coefficient
    interval: tuple[float, float] | None = None
    no_interval: str = ""

    def by(self, measure: Measure) -> Coefficient:
        """Return the coefficient of a measure."""
        found: Coefficient = getattr(self, measure)
        return found


@dataclass(frozen=True)
class GroupDifference:
    """How two groups of coders read one code in the units that both worked through.

    Parameters
    ----------
    code : str
        Path of the code.
    first, second : str
        Groups, for example ``peer_researcher`` and ``researcher``.
    units, coded : float
        Units that both worked through, and those in which either found the code.
    documents : int
        Documents that both worked through.
    share_first, share_second : float
        Share of the units in which each group found the code.
    jaccard : Coefficient
        Units in which both found it, of those in which either did.
    interval : (float, float) or None
        Bootstrap interval of ``share_first - share_second``, over documents; see `bootstrap_interval`.
    """

    code: str
    first: str
    second: str
    units: float
    coded: float
    documents: int
    share_first: float
    share_second: float
    jaccard: Coefficient
    interval: tuple[float, float] | None

    @property
    def differ(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


def code_agreement(
    coded: CodedTwice, code: str, measure: Measure = "alpha", *, seed: int = 1, level: float = 0.95
) -> CodeAgreement:
    """Return how far coders agree on whether a code is there, unit by unit.

    Parameters
    ----------
    coded : CodedTwice
        Documents that two coders or more worked through.
    code : str
        Path of the code.
    measure : str
        What the interval is of; alpha_U has none.
    seed, level : int, float
        Seed of the bootstrap, and level of its interval.
    """
    given = code_ratings(coded, code)
    interval, missing = (
        (None, "No interval is computed for alpha_U.")
        if measure == "alpha_u"
        else bootstrap_interval(given, _resampled(measure, len(coded.coders)), seed=seed, level=level)
    )
    if interval is not None and interval[0] == interval[1]:
        interval, missing = None, NO_SPREAD
    there = np.nanmax(given.ratings.values, axis=0) == 1 if given.ratings.values.size else np.empty(0, dtype=bool)
    figures = {name: statistic(name, len(coded.coders))(given.ratings) for name in _STATISTICS}
    return CodeAgreement(
        code=code,
        units=float(given.ratings.weights.sum()),
        coded=float(given.ratings.weights[there].sum()),
        documents=int((given.by_document[:, there].sum(axis=1) > 0).sum()),
        kappa_of="Cohen" if len(coded.coders) == 2 else "Fleiss",
        alpha_u=alpha_u([continuum(document, code) for document in coded.documents]),
        interval=interval,
        no_interval=missing,
        **figures,
    )


_STATISTICS: dict[str, Statistic] = {
    "percent": percent,
    "kappa": cohen_kappa,
    "alpha": krippendorff_alpha,
    "ac1": partial(gwet_ac1, categories=2),
    "brennan_prediger": partial(brennan_prediger, categories=2),
    "jaccard": jaccard,
    "prevalence": prevalence,
}


def statistic(name: str, coders: int = 2) -> Statistic:
    """Return the function of a measure of whether a code is there; ``kappa`` is Fleiss' with more than two coders."""
    return fleiss_kappa if name == "kappa" and coders != 2 else _STATISTICS[name]


_RESAMPLED: dict[str, Batch] = {
    "percent": percents,
    "kappa": cohen_kappas,
    "alpha": alphas,
    "ac1": gwet_ac1s,
    "brennan_prediger": brennan_predigers,
    "jaccard": jaccards,
}


def _resampled(name: str, coders: int) -> Batch:
    return fleiss_kappas if name == "kappa" and coders != 2 else _RESAMPLED[name]


def continuum(document: Document, code: str) -> Continuum:
    """Return a document's passages with one code as alpha_U takes them: (start, length)."""
    by_coder = document.passages.get(code, {})
    marked = tuple(tuple((s, max(e - s, 0)) for s, e in by_coder.get(coder, ())) for coder in document.coders)
    return Continuum(document.length, marked)


def bootstrap_interval(
    given: CodeRatings, of: Batch, *, seed: int, level: float = 0.95, replicates: int = REPLICATES
) -> tuple[tuple[float, float] | None, str]:
    """Return a bootstrap interval over documents, or why there is none.

    Units of one text hang together, and so do texts of one person, so whole documents are drawn, those of one source
    together. A percentile interval of few documents is too narrow: its 95% hold the truth in 84% of studies of six. It
    is widened as Student's t widens one of the normal distribution, by reading it at more extreme quantiles.

    Parameters
    ----------
    given : CodeRatings
        Ratings with their documents; for single units give each a document of its own.
    of : function of ratings and many weightings
        The coefficient, from resampled.
    seed, level, replicates : int, float, int
        Seed, level of the interval, number of draws.

    Returns
    -------
    ((lower, upper) or None, reason)

    References
    ----------
    Hesterberg 2015, The American Statistician 69:371-386 (the expanded percentile interval); Field & Welsh 2007, JRSS B
    69:369-390 (drawing whole clusters).
    """
    drawn = given.by_source
    if len(drawn) < FEWEST_DOCUMENTS:
        return None, TOO_FEW
    values = of(given.ratings.values, _draws(len(drawn), seed, replicates) @ drawn)
    if np.isnan(values).mean() > _UNDEFINED:
        return None, TOO_FEW_PASSAGES
    lower, upper = np.nanquantile(values, _expanded(level, len(drawn)))
    return (float(lower), float(upper)), ""


def _expanded(level: float, sources: int) -> tuple[float, float]:
    """Return the quantiles at which the draws are read."""
    from scipy.stats import norm, t

    tail = float(norm.sf(np.sqrt(sources / (sources - 1)) * t.isf((1 - level) / 2, sources - 1)))
    return tail, 1 - tail


def _draws(sources: int, seed: int, replicates: int) -> Array:
    """Return how often each source was drawn, shape (replicates, sources)."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return generator.multinomial(sources, np.full(sources, 1 / sources), size=replicates).astype(float)


def group_differences(
    coded: CodedTwice, codes: Sequence[str], groups: Mapping[str, str], *, seed: int = 1, level: float = 0.95
) -> list[GroupDifference]:
    """Return how each pair of groups of coders reads each code.

    Parameters
    ----------
    coded : CodedTwice
        Documents that two coders or more worked through.
    codes : sequence of str
        Codes to compare.
    groups : mapping of a coder's key to a group
        Coders without a group do not count.
    """
    names = sorted(set(groups.values()))
    found = []
    for pair in combinations(names, 2):
        together = joined_by(coded, {coder: group for coder, group in groups.items() if group in pair})
        if together.documents:
            found += [_difference(together, code, pair, seed, level) for code in codes]
    return found


def _difference(together: CodedTwice, code: str, pair: tuple[str, str], seed: int, level: float) -> GroupDifference:
    given = code_ratings(together, code)
    (first, second), units = given.ratings.values, given.ratings.weights.sum()
    weights = given.ratings.weights
    interval, _ = bootstrap_interval(given, share_differences, seed=seed, level=level)
    return GroupDifference(
        code=code,
        first=pair[0],
        second=pair[1],
        units=float(units),
        coded=float(weights @ np.maximum(first, second)),
        documents=len(together.documents),
        share_first=float(weights @ first / units) if units else 0.0,
        share_second=float(weights @ second / units) if units else 0.0,
        jaccard=jaccard(given.ratings),
        interval=interval,
    )


def disagreements(coded: CodedTwice, codes: Sequence[str]) -> Any:
    """Return the worklist: every unit on which coders differ, without its words.

    Neighbouring units on which the same coders differ in the same way are one entry.

    Returns
    -------
    DataFrame
        document_key, start, end (code points, end exclusive), code_path, coded_by, not_coded_by (tuples of coder keys).
    """
    import pandas as pd

    rows = [row for document in coded.documents for code in codes for row in _differing(document, code, coded.coders)]
    columns = ["document_key", "start", "end", "code_path", "coded_by", "not_coded_by"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(columns[:4], kind="stable", ignore_index=True)


def _differing(document: Document, code: str, coders: Sequence[str]) -> list[tuple[Any, ...]]:
    if code not in document.passages:
        return []
    values = document.values(code, len(coders))[list(document.coders)]
    apart = values.min(axis=0) != values.max(axis=0)
    rows: list[tuple[Any, ...]] = []
    for unit in np.flatnonzero(apart):
        there = tuple(coders[c] for c, mark in zip(document.coders, values[:, unit], strict=True) if mark)
        absent = tuple(coders[c] for c in document.coders if coders[c] not in there)
        start, end = int(document.units.starts[unit]), int(document.units.ends[unit])
        if rows and unit > 0 and apart[unit - 1] and rows[-1][4:] == (there, absent):
            rows[-1] = (*rows[-1][:2], end, *rows[-1][3:])
        else:
            rows.append((document.key, start, end, code, there, absent))
    return rows
