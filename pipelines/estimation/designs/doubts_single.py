"""Whether a finding rests on one cluster, on one person, or on a few extreme values; none of them is ever named."""

import numpy as np

from pipelines.estimation.designs import comparison_groups
from pipelines.estimation.designs.doubts_case import GROUPS, Case, change, covariates
from pipelines.estimation.doubt.cluster_left_out import ClusterLeftOut, leave_one_cluster_out, leave_one_cluster_out_ols
from pipelines.estimation.doubt.one_person import influence_of_one_person
from pipelines.estimation.doubt.outliers import TRIM, Robust, robust_differences
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference, OtherEstimate, Reading
from pipelines.estimation.sample import Array

SMALL = 400
"""People up to whom single people are looked at: in larger pilots nobody alone can move much."""
MOST_ROWS = 200_000
"""People times clusters up to which a comparison group is made anew without each cluster."""
TOO_MANY = "a comparison group would have to be made anew without each of very many clusters."


def clusters_left_out(asked: Case) -> tuple[Reading, ...]:
    """The range of the estimate when each cluster in turn is left out (MacKinnon, Nielsen & Webb 2023)."""
    codes = asked.clusters
    if codes is None:
        return ()
    found = _anew(asked, codes) if asked.design.kind in GROUPS else _ols(asked, codes)
    shown = Inference(found.estimate, lower=found.lowest, upper=found.highest)
    title = "Estimate, and its range without any one cluster"
    said, n = _range_said(asked, found), _fewest(asked, codes, found)
    return (asked.difference("leave_one_cluster_out", title, shown, n=n, sentence=said),)


def _ols(asked: Case, codes: np.ndarray) -> ClusterLeftOut:
    y = change(asked)
    known = np.isfinite(y)
    return leave_one_cluster_out_ols(codes[known].astype(float), _columns(asked)[known], y[known], 1)


def _anew(asked: Case, codes: np.ndarray) -> ClusterLeftOut:
    if len(codes) * int(codes.max() + 1) > MOST_ROWS:
        raise EstimationRefusal(TOO_MANY, "Read the interval, which allows for clusters.")
    rows, design = asked.sample.rows, asked.design
    return leave_one_cluster_out(
        codes.astype(float), lambda keep: comparison_groups.difference_of(rows[keep], design).value or 0.0
    )


def _columns(asked: Case) -> Array:
    treated = asked.sample.treated
    more = covariates(asked) if asked.adjusted else np.empty((len(treated), 0))
    return np.column_stack([np.ones(len(treated)), treated, more])


def _fewest(asked: Case, codes: np.ndarray, found: ClusterLeftOut) -> int:
    """Return the fewest people that the two ends tell of: those of the two clusters, and with or without the event."""
    ends = (found.lowest, found.highest)
    names = codes.astype(float).astype(str)
    cells: list[int] = []
    for label in (name for name, value in zip(found.clusters, found.without, strict=True) if value in ends):
        values = asked.sample.columns["value"][names == label]
        events = int(values.sum()) if asked.binary else len(values)
        cells += [len(values), *(part for part in (events, len(values) - events) if part)]
    return min(cells, default=0)


def _range_said(asked: Case, found: ClusterLeftOut) -> str:
    if found.lowest is None:
        return "Without any one of the clusters there would be no estimate at all."
    said = f"Whichever cluster is left out, the estimate stays between {asked.span(found.lowest, found.highest)}"
    if any(value is None for value in found.without):
        return f"{said}, but without some single cluster there would be no estimate."
    return f"{said}: its direction {'does not rest on any one' if found.same_sign else 'rests on a single cluster'}."


def extreme_values(asked: Case) -> tuple[Reading, ...]:
    """Differences that a few extreme people cannot carry: trimmed, winsorised, Hodges-Lehmann."""
    arms = list(asked.sample.by_arm("value").values())
    found = robust_differences(arms[0], arms[1], level=asked.design.level)
    pulled = 2 * sum(int(TRIM * len(arm) + 1e-9) for arm in arms)
    said = _extreme_said(asked, found)
    return tuple(
        _robust(asked, other, None if other.name == "Hodges-Lehmann" else pulled, said if place == 0 else "")
        for place, other in enumerate(reversed(found.others))
    )


def _robust(asked: Case, other: OtherEstimate, n: int | None, said: str) -> Reading:
    key = f"robust/{other.name.lower().replace('-', '_')}"
    return asked.difference(key, f"{other.measure[:1].upper()}{other.measure[1:]}", other.result, n=n, sentence=said)


def _extreme_said(asked: Case, found: Robust) -> str:
    plain = found.plain.value or 0.0
    values = [other.result.value or 0.0 for other in found.others]
    if any(value * plain <= 0 for value in values) and plain:
        end = "it does not point the same way: a few people may carry the plain averages"
    elif all((found.plain.lower or 0.0) <= value <= (found.plain.upper or 0.0) for value in values):
        end = "it stays within the interval of the plain averages"
    else:
        end = "it points the same way, but lies outside the interval of the plain averages"
    middle = next((o.result.value for o in found.others if o.name == "Hodges-Lehmann"), plain)
    return f"Measured so that a few extreme people cannot carry it, the difference is {asked.amount(middle)}: {end}."


def one_person(asked: Case) -> tuple[Reading, ...]:
    """The most that leaving out one person could move the estimate, said coarsely (Belsley, Kuh & Welsch 1980)."""
    found = influence_of_one_person(_columns(asked), asked.sample.columns["value"], 1)
    return (
        Reading(
            key="one_person",
            title="Largest move when one person is left out",
            measure="standard errors",
            value=found.at_most,
            sentence=found.sentence,
        ),
    )
