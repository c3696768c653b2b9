"""How wrong could this be: which checks stand beside which estimate, and what is said where one cannot be made.

The checks are in the modules beside this one; what may be shown of them is decided in pipelines.disclosure.
"""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from pipelines.estimation.design import BY_CHANCE, CLUSTER, PAIR, UNIT, Design
from pipelines.estimation.designs import (
    doubts_arrived,
    doubts_choices,
    doubts_hidden,
    doubts_imputed,
    doubts_missing,
    doubts_pairs,
    doubts_single,
)
from pipelines.estimation.designs.doubts_case import GROUPS, NOT_BY_CHANCE, Case, case
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Reading

Check = Callable[[Case], tuple[Reading, ...]]
MEASURED = ("binary", "continuous", "count")


def beside(found: Estimate, frame: pd.DataFrame, design: Design) -> Estimate:
    """Put beside an estimate how wrong it could be.

    Parameters
    ----------
    found : Estimate
        The headline, compared (not only described).
    frame : pandas.DataFrame
        As for `pipelines.estimation.estimate`: everybody, also those whose outcome is not known.
    design : Design
        The question, with the planned checks in `doubts`.

    Returns
    -------
    Estimate
        With a `Reading` for each figure in `doubts`. A check that does not apply is left out; one that applies and
        cannot be made says why in its sentence.

    References
    ----------
    Those of the functions in pipelines.estimation.doubt.
    """
    if design.kind == "observational_unadjusted":
        return found
    if not _by_person(frame, design):
        return replace(found, doubts=(*found.doubts, *doubts_arrived.from_interval(found, design)))
    asked = case(found, frame, design)
    readings = [reading for name, title, check in _checks(asked) for reading in _made(name, title, check, asked)]
    return replace(found, doubts=(*found.doubts, *readings))


def _by_person(frame: pd.DataFrame, design: Design) -> bool:
    """Tell whether each row is a person with one outcome, and the headline a difference between them."""
    exposed = "exposure" in frame and bool(frame["exposure"].notna().any())
    lone = UNIT not in frame and design.kind in (*BY_CHANCE, *NOT_BY_CHANCE, "matched_pairs")
    return lone and "value" in frame and design.outcome_type in MEASURED and not exposed


def _checks(asked: Case) -> list[tuple[str, str, Check]]:
    """Return the checks that apply, as key, title and function, in the order of a report."""
    kind, chance = asked.design.kind, asked.design.kind in BY_CHANCE
    doubts, lost = asked.design.doubts, any(asked.lost.values())
    small = sum(asked.sample.n.values()) <= doubts_single.SMALL and not asked.binary
    applies: list[tuple[bool, str, str, Check]] = [
        (kind in NOT_BY_CHANCE, "e_value", "E-value", doubts_hidden.e_values),
        (kind in NOT_BY_CHANCE, "robustness_value", "Robustness value", doubts_hidden.robustness_values),
        (_in_pairs(asked), "hidden_bias", "Hidden bias within pairs", doubts_pairs.hidden_bias),
        (lost and asked.binary and kind != "matched_pairs", "worst_case", "Worst case", doubts_missing.worst_case),
        (lost and chance, "lee", "Bounds for unequal follow-up", doubts_missing.lee),
        (lost and kind in (*BY_CHANCE, *GROUPS), "tipping_point", "Tipping point", doubts_missing.tipping),
        (doubts.imputations > 0, "imputed", "Unknown values filled in", doubts_imputed.imputed),
        (CLUSTER in asked.frame, "leave_one_cluster_out", "Each cluster left out", doubts_single.clusters_left_out),
        (small and chance and CLUSTER not in asked.frame, "robust", "Extreme values", doubts_single.extreme_values),
        (
            small and chance and CLUSTER not in asked.frame,
            "one_person",
            "One person left out",
            doubts_single.one_person,
        ),
        (
            bool(doubts.methods or doubts.covariate_sets),
            "specification_curve",
            "Other ways to analyse",
            doubts_choices.specifications,
        ),
        (True, "detectable", "What could have been seen", doubts_arrived.arrived),
    ]
    return [(name, title, check) for yes, name, title, check in applies if yes]


def _in_pairs(asked: Case) -> bool:
    """Tell whether pairs were made, or found, of people whom chance did not assign."""
    declared = asked.design.declared
    one_to_one = getattr(declared, "ratio", 0) == 1 and not getattr(declared, "replacement", True)
    by_chance = asked.design.assignment == "randomised"
    return (asked.design.kind == "matched" and one_to_one) or (PAIR in asked.frame and not by_chance)


def _made(name: str, title: str, check: Check, asked: Case) -> tuple[Reading, ...]:
    """Return a check's readings, or one that says why it could not be made."""
    try:
        return check(asked)
    except (EstimationRefusal, ValueError) as refusal:
        reason = refusal.reason if isinstance(refusal, EstimationRefusal) else str(refusal)
        missing = name in doubts_missing.KEYS
        return (
            Reading(
                key=name,
                title=title,
                measure="not made",
                n=doubts_missing.fewest(asked) if missing else None,
                sentence=f"The check “{title}” could not be made: {reason[:1].lower()}{reason[1:]}",
            ),
        )
