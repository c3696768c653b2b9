"""What a check of doubt is given, and how it says what it found in the unit of the outcome. No check belongs here."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.estimation.adjusted import independent_columns
from pipelines.estimation.covariates import as_text, encode, is_numeric
from pipelines.estimation.design import ARMS, BASELINE, CLUSTER, TREATMENT, Design
from pipelines.estimation.doubt.wording import figure
from pipelines.estimation.result import Estimate, Inference, Reading
from pipelines.estimation.sample import Array, Sample, draw, numbers, treated_rows

GROUPS = ("matched", "weighted", "regression_adjusted", "doubly_robust")
"""Kinds whose comparison group is made of people whom chance did not assign."""
NOT_BY_CHANCE = (*GROUPS, "difference_in_differences")
FEW_LEVELS = 50
"""With more levels of a category, a model without every level's own column has to do."""


@dataclass(frozen=True)
class Case:
    """An estimate and what it was made of.

    Parameters
    ----------
    found : Estimate
        The headline.
    frame : pandas.DataFrame, N rows
        Everybody, also those whose outcome is not known.
    design : Design
        The question.
    sample : Sample
        The n people whose outcome is known.
    treated : array of bool, shape (N,)
        Arm of everybody.
    outcome : array of float, shape (N,)
        NaN where not known.
    """

    found: Estimate
    frame: pd.DataFrame
    design: Design
    sample: Sample
    treated: NDArray[np.bool_]
    outcome: Array

    @property
    def binary(self) -> bool:
        """Whether the outcome is yes or no."""
        return self.design.outcome_type == "binary"

    @property
    def lost(self) -> dict[str, int]:
        """People of each arm whose outcome is not known."""
        unknown = np.isnan(self.outcome)
        arms = {arm: self.treated if arm == TREATMENT else ~self.treated for arm in ARMS}
        return {arm: int((unknown & inside).sum()) for arm, inside in arms.items()}

    @property
    def clusters(self) -> NDArray[np.intp] | None:
        """Code of each person's cluster, of the n people; None where people stand alone."""
        if CLUSTER not in self.sample.rows:
            return None
        return np.unique(self.sample.rows[CLUSTER].astype(str).to_numpy(), return_inverse=True)[1].reshape(-1)

    @property
    def adjusted(self) -> bool:
        """Whether the headline of a design by chance uses covariates."""
        return self.design.adjusted and bool(self.design.covariates)

    def amount(self, value: float | None) -> str:
        """Say a difference in the unit of the outcome."""
        said = figure((value or 0.0) * self.found.scale)
        return f"{said} {self.found.unit}".strip()

    def span(self, lower: float | None, upper: float | None) -> str:
        """Say 'a and b', with the unit once."""
        return f"{figure((lower or 0.0) * self.found.scale)} and {self.amount(upper)}"

    def difference(
        self,
        key: str,
        title: str,
        result: Inference,
        *,
        n: int | None = None,
        sentence: str = "",
    ) -> Reading:
        """Return a reading in the measure and unit of the headline."""
        return Reading(
            key=key,
            title=title,
            measure=self.found.measure,
            value=result.value,
            se=result.se,
            lower=result.lower,
            upper=result.upper,
            df=result.df,
            p=result.p,
            unit="" if self.binary else self.found.unit,
            scale=self.found.scale,
            n=n,
            sentence=sentence,
        )


def case(found: Estimate, frame: pd.DataFrame, design: Design) -> Case:
    """Return what checks are given, for people with one row each.

    Raises
    ------
    EstimationRefusal
        As for `estimate`.
    """
    return Case(found, frame, design, draw(frame, ("value",)), treated_rows(frame, ("value",)), numbers(frame["value"]))


def covariates(case: Case, names: tuple[str, ...] | None = None) -> Array:
    """Return covariates as columns that are independent within both arms; shape (n, k), perhaps without columns."""
    encoded = encode(case.sample.rows, case.design.covariates if names is None else names)
    return encoded.columns[:, independent_columns(encoded.columns, case.sample.treated)]


def change(case: Case) -> Array:
    """Return the outcome, less its baseline where the design compares changes; shape (n,), NaN without a baseline."""
    value = case.sample.columns["value"]
    if case.design.kind != "difference_in_differences" or BASELINE not in case.sample.rows:
        return value
    return value - numbers(case.sample.rows[BASELINE])


def smallest_cell(case: Case, name: str) -> int | None:
    """Return the fewest people of an arm that share a level of a category or of a yes-or-no; None for a number."""
    column = case.sample.rows[name]
    if is_numeric(column) and not np.isin(column.dropna().to_numpy(dtype=float), (0.0, 1.0)).all():
        return None
    text = as_text(column).fillna("")
    sizes = [text[arm].value_counts().min() for arm in (case.sample.treated, ~case.sample.treated) if arm.any()]
    return int(min(sizes))
