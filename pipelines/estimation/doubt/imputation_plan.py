"""What is to be imputed, from what, and what came of it: frozen, without computation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pipelines.estimation.doubt.imputation_models import DONORS
from pipelines.estimation.doubt.wording import counted, share
from pipelines.estimation.sample import Array, numbers

Model = Literal["matched", "normal", "binary", "category"]


@dataclass(frozen=True)
class Variable:
    """A column that takes part in imputation, whether or not anything in it is missing.

    Columns that only help to predict (auxiliary covariates) are listed like any other.

    Parameters
    ----------
    name : str
        Column of the frame.
    model : {'matched', 'normal', 'binary', 'category'}
        How its missing values are drawn: values of similar people (predictive mean matching), a normal linear model, a
        logistic model, or a multinomial one. Matching never invents a value that nobody has, but has too few to choose
        from where nearly everybody of a kind is missing: choose 'normal' there if the outcome is roughly so.
    """

    name: str
    model: Model = "matched"


@dataclass(frozen=True)
class ImputationPlan:
    """How to impute.

    Parameters
    ----------
    variables : tuple of Variable
        Every column of the analysis, outcome included, and auxiliary ones.
    within : str or None
        Column of arms: each arm is imputed on its own, so that any difference between them may depend on anything.
    interactions : tuple of pairs of str
        Products that the analysis uses; they predict the other variables.
    outcomes : tuple of str
        Outcomes of the analysis: a variable in a product is predicted also by outcome times its partner.
    m : int or None
        Imputed data sets; None for the rule of `imputations_needed`.
    iterations : int
        Rounds of each chain.
    donors : int
        People matched, of whom one gives a value.
    key : str or None
        Column that names rows, so that nothing depends on their order. Without it, rows alike in every variable of the
        plan may exchange their imputed values when the order changes.
    """

    variables: tuple[Variable, ...]
    within: str | None = "arm"
    interactions: tuple[tuple[str, str], ...] = ()
    outcomes: tuple[str, ...] = ()
    m: int | None = None
    iterations: int = 10
    donors: int = DONORS
    key: str | None = None


@dataclass(frozen=True)
class Trace:
    """How the imputed values of one variable in one arm moved over the rounds.

    Parameters
    ----------
    variable : str
        Its name.
    arm : int
        Position of the arm in sorted order; 0 when all are imputed together.
    missing : int
        Values imputed.
    mean, sd : array of float, shape (iterations, m)
        Of the imputed values (of the codes, for categories).
    mixing : float
        Gelman & Rubin's statistic of the means over the second half of the rounds; near 1 when settled.
    limit : float
        What it stays below, 999 times in 1,000, when chains have settled; 1.1 at least.
    """

    variable: str
    arm: int
    missing: int
    mean: Array
    sd: Array
    mixing: float
    limit: float

    @property
    def settled(self) -> bool:
        """Whether the chains differ by no more than they move."""
        return self.mixing <= self.limit


@dataclass(frozen=True)
class Imputed:
    """Several completed copies of a frame.

    Parameters
    ----------
    frame : pandas.DataFrame, n rows
        As given.
    rows : mapping of str to array of int
        Positions of the missing values of each variable.
    values : mapping of str to array, shape (m, missing)
        What they were imputed as.
    m : int
        Copies.
    incomplete : float
        Share of rows in which something was missing.
    traces : tuple of Trace
        One per variable and arm with missing values.
    """

    frame: pd.DataFrame
    rows: Mapping[str, np.ndarray]
    values: Mapping[str, np.ndarray]
    m: int
    incomplete: float
    traces: tuple[Trace, ...]

    def completed(self, copy: int) -> pd.DataFrame:
        """Return one completed frame, 0 to m - 1; same rows, order and columns as the frame given."""
        filled = {}
        for name, rows in self.rows.items():
            known = numbers(self.frame[name]) if self.values[name].dtype == float else self.frame[name]
            column = np.array(known, dtype=self.values[name].dtype)
            column[rows] = self.values[name][copy]
            filled[name] = pd.Series(column, index=self.frame.index).infer_objects()
        return self.frame.assign(**filled)

    @property
    def settled(self) -> bool:
        """Whether every chain had settled."""
        return all(trace.settled for trace in self.traces)

    @property
    def sentence(self) -> str:
        """What was filled in and whether to trust it, for a manager."""
        if not self.traces:
            return "Nothing was missing, so nothing was filled in."
        said = (
            f"{share(self.incomplete)} of the rows lacked something; it was filled in "
            f"{counted(self.m, 'time', 'times')} from what is known of similar people in the same arm"
        )
        if self.settled:
            return f"{said}, and the method settled."
        unsettled = sorted({t.variable for t in self.traces if not t.settled})
        return f"{said}, but the method did not settle for {', '.join(unsettled)}: do not rely on it yet."
