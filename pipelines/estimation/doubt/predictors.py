"""From a frame to the columns that predict one variable: codes, indicators, products, and one order of rows."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.estimation.doubt.imputation_plan import ImputationPlan, Model, Variable
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array, numbers


@dataclass(frozen=True)
class Coded:
    """A variable as numbers.

    Parameters
    ----------
    name, model : str
        As in `Variable`.
    codes : array of float, shape (n,)
        Values; positions in `labels` for binary and category; NaN where missing.
    missing : array of bool, shape (n,)
        Where.
    labels : tuple
        Categories in sorted order; empty for numbers.
    """

    name: str
    model: Model
    codes: Array
    missing: NDArray[np.bool_]
    labels: tuple

    def at(self, rows: np.ndarray) -> "Coded":
        """Return the variable on some rows."""
        return replace(self, codes=self.codes[rows], missing=self.missing[rows])

    def decode(self, codes: Array) -> np.ndarray:
        """Return values as they were in the frame."""
        return _objects(self.labels)[codes.astype(int)] if self.labels else codes


def code(frame: pd.DataFrame, variable: Variable) -> Coded:
    """Code one column.

    Parameters
    ----------
    frame : pandas.DataFrame
        Has the column.
    variable : Variable
        Its name and model.

    Returns
    -------
    Coded

    Raises
    ------
    EstimationRefusal
        If the column is absent, not a number where it must be, or has more than two values where it must not.
    """
    if variable.name not in frame.columns:
        raise EstimationRefusal(f"The table has no column '{variable.name}'.", "Check the plan.")
    column = frame[variable.name]
    if variable.model in ("matched", "normal"):
        values = numbers(column)
        return Coded(variable.name, variable.model, values, np.isnan(values), ())
    missing = column.isna().to_numpy()
    labels = tuple(sorted(column[~missing].unique().tolist(), key=lambda label: (str(type(label)), label)))
    if variable.model == "binary" and len(labels) > 2:
        raise EstimationRefusal(
            f"The column '{variable.name}' has more than two values.", "Declare it a category, or correct it."
        )
    place = {label: float(position) for position, label in enumerate(labels)}
    codes = column.map(place).to_numpy(dtype=float)
    return Coded(variable.name, variable.model, np.where(missing, np.nan, codes), missing, labels)


def canonical_order(frame: pd.DataFrame, coded: tuple[Coded, ...], plan: ImputationPlan) -> np.ndarray:
    """Order of rows that does not depend on the order given: by key, or by the values themselves."""
    if plan.key is not None:
        if plan.key not in frame.columns or frame[plan.key].isna().any() or frame[plan.key].duplicated().any():
            raise EstimationRefusal("The column that names rows is absent or not unique.", "Check the plan's key.")
        return np.asarray(frame[plan.key].argsort(kind="stable").to_numpy())
    keys = [np.where(each.missing, np.inf, each.codes) for each in coded]
    return np.asarray(np.lexsort(keys)) if keys else np.arange(len(frame))


def split_arms(frame: pd.DataFrame, plan: ImputationPlan, order: np.ndarray) -> list[np.ndarray]:
    """Rows of each arm in canonical order, arms in sorted order.

    Raises
    ------
    EstimationRefusal
        If somebody's arm is not known.
    """
    if plan.within is None:
        return [order]
    if plan.within not in frame.columns or frame[plan.within].isna().any():
        raise EstimationRefusal("Somebody's arm is not known.", "Correct it, or leave those people out.")
    arms = frame[plan.within].to_numpy()[order]
    return [order[arms == arm] for arm in sorted(set(arms.tolist()), key=lambda label: (str(type(label)), label))]


class Predictors:
    """The current values of one chain: one block of columns per variable, and one per product.

    Parameters
    ----------
    coded : tuple of Coded
        Variables of one arm.
    plan : ImputationPlan
        Names the products.
    """

    def __init__(self, coded: tuple[Coded, ...], plan: ImputationPlan) -> None:
        self._coded = {each.name: each for each in coded}
        self._values = {each.name: each.codes.copy() for each in coded}
        self._products = _products(plan)
        self._blocks = {name: self._block(name) for name in self._values}

    def put(self, name: str, values: Array) -> None:
        """Fill in the missing values of one variable."""
        self._values[name][self._coded[name].missing] = values
        self._blocks[name] = self._block(name)

    def filled(self, name: str) -> Array:
        """Return the values filled in."""
        return self._values[name][self._coded[name].missing]

    def columns_for(self, name: str) -> Array:
        """Return the predictors of one variable, shape (n, k): all others, and the products that concern it."""
        blocks = [block for other, block in self._blocks.items() if other != name]
        blocks += [self._product(pair) for pair in self._products.get(name, self._products[""])]
        rows = len(next(iter(self._values.values())))
        return np.hstack(blocks) if blocks else np.empty((rows, 0))

    def _block(self, name: str) -> Array:
        """Return one column, or an indicator of each category but the first."""
        each, values = self._coded[name], self._values[name]
        if each.model != "category":
            return values[:, None]
        return np.asarray(values[:, None] == np.arange(1, max(len(each.labels), 2)), dtype=float)

    def _product(self, pair: tuple[str, str]) -> Array:
        first, second = self._blocks[pair[0]], self._blocks[pair[1]]
        return (first[:, :, None] * second[:, None, :]).reshape(len(first), -1)


def _products(plan: ImputationPlan) -> dict[str, list[tuple[str, str]]]:
    """Pairs to multiply for each variable that is in a pair, and under '' for all others.

    A variable is never predicted by itself; in its place stand the outcome's products with its partners.
    """
    wanted: dict[str, list[tuple[str, str]]] = {"": sorted({(min(p), max(p)) for p in plan.interactions})}
    for name in sorted({name for pair in plan.interactions for name in pair}):
        others = [pair for pair in wanted[""] if name not in pair]
        partners = sorted({(set(pair) - {name} or {name}).pop() for pair in wanted[""] if name in pair})
        crossed = {(min(o, p), max(o, p)) for o in plan.outcomes for p in partners if name not in (o, p) and o != p}
        wanted[name] = others + sorted(crossed - set(others))
    return wanted


def _objects(labels: tuple) -> np.ndarray:
    """Labels as they are: an ordinary array would turn a number beside a word into a word."""
    array = np.empty(len(labels), dtype=object)
    array[:] = labels
    return array
