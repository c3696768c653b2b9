"""People in pairs, one of each pair in each group: differences within pairs, never between groups."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.estimation.design import PAIR, Design
from pipelines.estimation.designs.describing import described, floors
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.matched_pairs import Pairs, pair_up, paired_binary
from pipelines.estimation.paired_means import paired_means
from pipelines.estimation.randomisation import randomisation_test
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Inference, OtherEstimate
from pipelines.estimation.sample import Sample, draw

UNPAIRED = (
    "Pairs in which only one person's outcome is known, or that are not one person of each group, are left out with "
    "both their people."
)
ESTIMAND = "Average difference within pairs, between the person who was offered what is tested and the one who was not."
WHY_BINARY = (
    "People are compared within their pairs: Newcombe's interval for a paired difference of shares, and McNemar's "
    "mid-p test."
)
WHY_MEANS = "People are compared within their pairs: the mean of the differences, with a paired t interval."
NONE = "There is no pair with one person of each group whose outcome is known."


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Difference within pairs.

    Parameters, result and errors as for `pipelines.estimation.estimate`. Sources: see `matched_pairs`, `paired_means`.
    """
    sample = draw(frame, ("value",))
    whole = _whole(sample)
    if not whole.any():
        raise EstimationRefusal(NONE, "Give each pair's label to both its people.")
    kept = _kept(sample, whole)
    description = described(kept, design)
    reason = floors(kept, description, design)
    if reason:
        return described_only(description, reason)
    pairs = complete_pairs(kept)
    make = _binary if design.outcome_type == "binary" else _means
    found = make(description, pairs, design)
    left = (UNPAIRED,) if not whole.all() else ()
    beside = (*found.others, *_chance(kept, design, found))
    return replace(
        found,
        estimand=ESTIMAND,
        residual_df=len(pairs.treatment) - 1,
        others=beside,
        warnings=(*found.warnings, *left),
    )


def complete_pairs(sample: Sample) -> Pairs:
    """Return the pairs of exactly one person of each group whose outcome is known."""
    kept = _kept(sample, _whole(sample))
    return pair_up(kept.rows[PAIR].astype(str).to_numpy(), kept.treated, kept.columns["value"])


def _whole(sample: Sample) -> np.ndarray:
    """Return which people belong to a pair of exactly one person of each group."""
    labels = sample.rows[PAIR]
    groups = pd.DataFrame({"pair": labels.astype(object), "treated": sample.treated}).groupby("pair")["treated"]
    good = (groups.transform("size") == 2) & (groups.transform("sum") == 1)
    return np.asarray((good & labels.notna()).to_numpy(dtype=bool, na_value=False))


def _kept(sample: Sample, whole: np.ndarray) -> Sample:
    columns = {name: values[whole] for name, values in sample.columns.items()}
    rows = sample.rows.iloc[np.flatnonzero(whole)].reset_index(drop=True)
    return Sample(rows, sample.treated[whole], columns, sample.missing)


def _binary(description: Estimate, pairs: Pairs, design: Design) -> Estimate:
    found = paired_binary(pairs, design.level)
    led = with_result(description, found.risk_difference)
    shown = [
        OtherEstimate("Tango", "risk difference", found.tango, "Score interval for a paired difference.", 100.0),
        OtherEstimate(
            "McNemar, exact", "test of equal risks", Inference(None, p=found.exact_p), "McNemar's exact test."
        ),
    ]
    if found.odds_ratio is not None:
        note = "Conditional on the pair, with exact limits."
        shown.append(OtherEstimate("conditional odds ratio", "odds ratio", found.odds_ratio, note))
    return replace(led, engine="paired difference in proportions, Newcombe", why=WHY_BINARY, others=tuple(shown))


def _means(description: Estimate, pairs: Pairs, design: Design) -> Estimate:
    found = paired_means(pairs, design.level)
    led = with_result(description, found.mean)
    note = "Median of the averages of differences, with Wilcoxon's signed-rank interval."
    beside = OtherEstimate("Hodges-Lehmann", led.measure, found.hodges_lehmann, note)
    return replace(
        led,
        engine="paired difference in means, t",
        why=WHY_MEANS,
        others=(beside,),
        warnings=(*led.warnings, *found.warnings),
    )


def _chance(sample: Sample, design: Design, found: Estimate) -> tuple[OtherEstimate, ...]:
    """Return randomisation inference within pairs, where chance decided within them."""
    if design.assignment != "randomised":
        return ()
    pairs = np.unique(sample.rows[PAIR].astype(str).to_numpy(), return_inverse=True)[1].reshape(-1)
    test = randomisation_test(
        sample.columns["value"], sample.treated, blocks=pairs, draws=design.draws, seed=design.seed, level=design.level
    )
    return (OtherEstimate("randomisation inference", found.measure, test.result, test.note, found.scale),)
