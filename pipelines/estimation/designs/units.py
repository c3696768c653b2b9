"""Units over time, from a frame: one row per unit and period, in one order. No estimation belongs here."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.estimation.covariates import Encoded, encode
from pipelines.estimation.design import CLUSTER, PERIOD, UNIT, WHEN
from pipelines.estimation.designs import clusters
from pipelines.estimation.over_time.influence import Codes
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array, numbers


@dataclass(frozen=True)
class Units:
    """Rows of units over time.

    Parameters
    ----------
    rows : pandas.DataFrame
        Sorted by unit and period, so that the order of the frame does not matter.
    value : array of float, shape (rows,)
        NaN where it is not known.
    words : dict of int to str
        What readers call each period.
    """

    rows: pd.DataFrame
    value: Array
    words: dict[int, str]

    def covariates(self, names: tuple[str, ...]) -> Encoded:
        """Encode covariates of the units, once a unit, with a row for each of theirs."""
        first = self.rows.drop_duplicates(UNIT)
        encoded = encode(first, names)
        place = pd.Index(first[UNIT]).get_indexer(self.rows[UNIT])
        return Encoded(encoded.columns[place], encoded.names, encoded.warnings)

    def clusters(self) -> Codes | None:
        """Cluster of each row, or None where none are declared."""
        if CLUSTER not in self.rows:
            return None
        return clusters.codes(self.rows, CLUSTER, clusters.UNKNOWN_CLUSTER, clusters.GIVE_CLUSTER)

    def word(self, period: float) -> str:
        """What readers call a period."""
        return self.words.get(int(period), f"{period:g}")


def units_over_time(frame: pd.DataFrame) -> Units:
    """Return the rows of a frame of units over time.

    Parameters
    ----------
    frame : pandas.DataFrame
        With UNIT, PERIOD and `value`, perhaps WHEN.

    Raises
    ------
    EstimationRefusal
        If there are no rows, a period is not known or not a whole number, or no outcome is known.
    """
    rows = frame.sort_values([UNIT, PERIOD], kind="stable").reset_index(drop=True)
    value = numbers(rows["value"])
    if np.isnan(value).all():
        raise EstimationRefusal("No outcome is known in the assessments.", "Deliver them, or wait for them.")
    period = numbers(rows[PERIOD])
    if np.isnan(period).any() or (period != np.round(period)).any():
        raise EstimationRefusal(
            "A period in the assessments is missing or not a whole number.", "Number the periods, or give dates."
        )
    called = rows[WHEN] if WHEN in rows else rows[PERIOD].map("{:g}".format)
    return Units(rows, value, dict(zip(period.astype(int).tolist(), called.tolist(), strict=True)))
