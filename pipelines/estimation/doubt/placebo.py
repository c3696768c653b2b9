"""Placebo outcomes and placebo dates: where there can be no effect, the same engine should find none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from pipelines.estimation.doubt.wording import counted
from pipelines.estimation.refusal import EstimationRefusal

Kind = Literal["outcomes", "dates"]


class HasInterval(Protocol):
    """What an engine answers: `Inference` and `Estimate` alike."""

    @property
    def value(self) -> float | None:
        """The estimate."""

    @property
    def lower(self) -> float | None:
        """Lower confidence limit."""

    @property
    def upper(self) -> float | None:
        """Upper confidence limit."""


@dataclass(frozen=True)
class PlaceboRow:
    """One placebo: its estimate and interval, whether that leaves out no effect, or why there is none."""

    name: str
    value: float | None
    lower: float | None
    upper: float | None
    differs: bool | None
    reason: str | None = None


@dataclass(frozen=True)
class Placebos:
    """What the engine found where there can be no effect.

    Parameters
    ----------
    kind : {'outcomes', 'dates'}
        What was replaced.
    rows : tuple of PlaceboRow
        In the order declared.
    level : float
        Confidence level of the intervals.
    null : float
        Value of no effect: 0 for differences, 1 for ratios.
    """

    kind: Kind
    rows: tuple[PlaceboRow, ...]
    level: float
    null: float

    @property
    def passed(self) -> bool | None:
        """True when no placebo differs, False when one does, None when none could be estimated."""
        seen = [row.differs for row in self.rows if row.differs is not None]
        return not any(seen) if seen else None

    @property
    def sentence(self) -> str:
        """Whether the comparison can be trusted, for a manager."""
        seen = [row.differs for row in self.rows if row.differs is not None]
        if not seen:
            return "None of the checks where there can be no effect could be made."
        one = {"outcomes": "outcome that the pilot could not have affected", "dates": "date before the pilot"}
        many = {"outcomes": "outcomes that the pilot could not have affected", "dates": "dates before the pilot"}
        tested = f"On {counted(len(seen), one[self.kind], many[self.kind])}"
        differing = sum(seen)
        if differing == 0:
            return f"{tested}, the groups did not differ by more than chance would bring, as should be."
        chance = (1 - self.level) * len(seen)
        lead = f"{tested}, {counted(differing, 'difference was', 'differences were')} more than chance would bring"
        if len(seen) > 1 and differing <= max(1, round(chance)) and chance >= 0.5:
            return f"{lead}; about as many are to be expected by chance alone among so many."
        return f"{lead}, so the groups may not have been alike and the main result may be wrong in the same way."


def placebo_checks(
    estimators: Mapping[str, Callable[[], HasInterval]],
    kind: Kind = "outcomes",
    level: float = 0.95,
    null: float = 0.0,
) -> Placebos:
    """Run the main engine on every declared placebo.

    Parameters
    ----------
    estimators : mapping of str to callable
        For each placebo outcome or date, the engine of the main result, ready to be called.
    kind : {'outcomes', 'dates'}
        What was replaced.
    level : float
        Confidence level of the intervals that the engine returns.
    null : float
        Value of no effect.

    Returns
    -------
    Placebos

    Raises
    ------
    ValueError
        If no placebo is declared.

    References
    ----------
    Lipsitch, Tchetgen Tchetgen & Cohen 2010, Epidemiology 21:383-388; Eggers, Tunon & Dafoe 2024, American Journal of
    Political Science 68:1106-1121.
    """
    if not estimators:
        raise ValueError("Declare a placebo first.")
    return Placebos(kind, tuple(_row(name, run, null) for name, run in estimators.items()), level, null)


def _row(name: str, run: Callable[[], HasInterval], null: float) -> PlaceboRow:
    try:
        found = run()
    except EstimationRefusal as refusal:
        return PlaceboRow(name, None, None, None, None, refusal.reason)
    if found.value is None or found.lower is None or found.upper is None:
        return PlaceboRow(name, found.value, found.lower, found.upper, None, "The engine gave no interval.")
    return PlaceboRow(name, found.value, found.lower, found.upper, not found.lower <= null <= found.upper)
