"""The question an estimator is asked, as the protocol declared it. Nothing here looks at data."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from pipelines.estimation.refusal import EstimationRefusal
from pipelines.protocol.designs import Design as Declared
from pipelines.protocol.designs import Doubts

TREATMENT = "treatment"
COMPARISON = "comparison"
ARMS = (TREATMENT, COMPARISON)

# Columns of the frame that a design needs beside `arm` and the outcome's; WHEN is what readers call a period. A blank
# is in no field's name, so that no covariate can be mistaken for one of them.
CLUSTER, PAIR, BLOCK = "design cluster", "design pair", "stratum"
BASELINE, TAKE_UP, ADOPTED, DOSE = "design baseline", "design take-up", "design adopted", "design dose"
WEIGHT = "design weight"
UNIT, PERIOD, AFTER, WHEN = "design unit", "design period", "design after", "design when"

OutcomeType = Literal["binary", "continuous", "count", "ordinal", "time_to_event"]
Assignment = Literal["randomised", "not_randomised"]
Kind = Literal[
    "randomised",
    "cluster_randomised",
    "matched_pairs",
    "matched",
    "weighted",
    "regression_adjusted",
    "doubly_robust",
    "difference_in_differences",
    "staggered",
    "interrupted_time_series",
    "panel",
    "before_after",
    "instrumental",
    "observational_unadjusted",
]
BY_CHANCE: tuple[Kind, ...] = ("randomised", "cluster_randomised")
EITHER: tuple[Kind, ...] = ("matched_pairs",)


@dataclass(frozen=True)
class Design:
    """How one outcome is to be compared between two arms.

    Parameters
    ----------
    outcome_type : {'binary', 'continuous', 'count', 'time_to_event'}
        Decides, with `kind`, which engine answers.
    unit : str
        Unit of `value` (continuous, count) or of `time` (time to event), e.g. 'pounds', 'weeks'. Ignored for binary
        outcomes, which are shown in percentage points.
    level : float
        Confidence level, between 0 and 1.
    horizon : float or None
        Time to event only, and required there: where follow-up is cut, in `unit`.
    covariates : tuple of str
        Columns of the frame, declared beforehand.
    assignment : {'randomised', 'not_randomised'}
        How people came to be in their arm.
    kind : str
        The design: a kind of `pipelines.protocol.designs`, or 'observational_unadjusted' to describe a difference.
    floor_per_arm : int
        Fewer known outcomes than this in either arm: description only. At least 2, the least that has a variance.
    floor_events : int or None
        Fewer events than this in either arm: description only. Binary and time to event only.
    adjusted : bool
        True when the protocol declared the covariate-adjusted estimate as the headline. Not for time to event.
    declared : model of pipelines.protocol.designs, or None
        The design's own choices, as the protocol declares them.
    doubts : Doubts
        Planned checks of how wrong an estimate could be.
    minimum_important_difference : float or None
        Smallest difference that would matter, in the outcome's unit (a share for binary outcomes).
    higher_is_better : bool
        Which direction is good.
    floor_clusters : int
        Fewer clusters than this in either arm: description only. Cluster-randomised only.
    floor_periods : int
        Fewer periods before the change: refused. Interrupted time series only.
    at, baseline_at : float or None
        Periods of the assessments that are compared; None: the last, and the one before it.
    seed : int
        Of anything drawn at random.
    draws : int
        Draws of a bootstrap or a permutation that is not enumerated.

    Raises
    ------
    EstimationRefusal
        If a field contradicts another or is out of range.
    """

    outcome_type: OutcomeType
    unit: str
    level: float = 0.95
    horizon: float | None = None
    covariates: tuple[str, ...] = ()
    assignment: Assignment = "randomised"
    kind: Kind = "randomised"
    floor_per_arm: int = 10
    floor_events: int | None = None
    adjusted: bool = False
    declared: Declared | None = None
    doubts: Doubts = field(default_factory=Doubts)
    minimum_important_difference: float | None = None
    higher_is_better: bool = True
    floor_clusters: int = 3
    floor_periods: int = 8
    at: float | None = None
    baseline_at: float | None = None
    seed: int = 1
    draws: int = 9999

    def __post_init__(self) -> None:
        for broken, reason, alternative in self._rules():
            if broken:
                raise EstimationRefusal(reason, alternative)

    def _rules(self) -> tuple[tuple[bool, str, str], ...]:
        """Every rule as (broken, reason, alternative), in order of report: a table, so long but without branches."""
        survival = self.outcome_type == "time_to_event"
        randomised = self.kind in BY_CHANCE
        types, kinds = ", ".join(get_args(OutcomeType)), ", ".join(get_args(Kind))
        return (
            (
                self.outcome_type not in get_args(OutcomeType),
                f"There is no outcome type '{self.outcome_type}'.",
                f"Use one of: {types}.",
            ),
            (self.kind not in get_args(Kind), f"There is no design kind '{self.kind}'.", f"Use one of: {kinds}."),
            (
                self.assignment not in get_args(Assignment),
                f"There is no assignment '{self.assignment}'.",
                "Use randomised or not_randomised.",
            ),
            (
                self.kind not in EITHER and randomised != (self.assignment == "randomised"),
                f"The design kind '{self.kind}' contradicts the assignment '{self.assignment}'.",
                "Use the kind 'observational_unadjusted' for people who were not assigned at random.",
            ),
            (not 0 < self.level < 1, "The confidence level must lie between 0 and 1.", "Use 0.95."),
            (
                survival and not (self.horizon or 0) > 0,
                "A time-to-event outcome needs a horizon above zero.",
                "Declare one in the protocol.",
            ),
            (self.floor_per_arm < 2, "The floor per arm must be at least 2.", "Use 10."),
            (
                self.adjusted and (survival or not randomised),
                "An adjusted headline is only available for randomised arms and outcomes that are not times to an "
                "event.",
                "Set adjusted to false.",
            ),
            (
                self.adjusted and not self.covariates,
                "An adjusted headline needs covariates.",
                "Declare the covariates, or set adjusted to false.",
            ),
        )
