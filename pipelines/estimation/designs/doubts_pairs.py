"""Hidden bias within pairs: Rosenbaum's bounds for pairs that were matched, or that came as pairs."""

from math import floor

import numpy as np

from pipelines.estimation.design import PAIR
from pipelines.estimation.designs import comparison_groups
from pipelines.estimation.designs.doubts_case import Case
from pipelines.estimation.designs.pairs import complete_pairs
from pipelines.estimation.doubt.crossing import Alternative, hidden_bias_sentence
from pipelines.estimation.doubt.discordant_pairs import DiscordantBounds, count_discordant, discordant_pair_bounds
from pipelines.estimation.doubt.signed_rank import SignedRankBounds, signed_rank_bounds
from pipelines.estimation.doubt.wording import figure
from pipelines.estimation.matched_pairs import Pairs
from pipelines.estimation.result import Inference, Reading
from pipelines.protocol import designs

GAMMA = "odds of being in the treatment group"
LARGEST_P = "largest p value"


def hidden_bias(asked: Case) -> tuple[Reading, ...]:
    """The hidden bias at which the finding could be chance, one-sided as published and two-sided as the interval is."""
    pairs = _pairs(asked)
    higher = bool((pairs.treatment - pairs.comparison).sum() >= 0)
    one_sided: Alternative = "greater" if higher else "less"
    found, n = _bounds(asked, pairs, one_sided, _gammas(asked))
    both, _ = _bounds(asked, pairs, "two-sided", (1.0,))
    most = asked.design.doubts.hidden_bias
    title = "Hidden bias within pairs that the finding withstands"
    return (
        Reading(
            key="hidden_bias",
            title=f"{title} (one-sided test)",
            measure=GAMMA,
            value=min(found.crosses, most),
            n=n,
        ),
        Reading(
            key="hidden_bias_two_sided",
            title=f"{title} (two-sided test)",
            measure=GAMMA,
            value=min(both.crosses, most),
            n=n,
            sentence=_said(both.crosses, most, both.alpha),
        ),
        *_tried(asked, found, n),
    )


def _pairs(asked: Case) -> Pairs:
    if PAIR in asked.frame:
        return complete_pairs(asked.sample)
    declared = asked.design.declared
    if not isinstance(declared, designs.Matched):
        raise ValueError("Pairs come from matching, or from a field of the cases.")
    found = comparison_groups.matching(asked.sample, asked.design, declared)
    labels = found.sets_as_given()
    value, treated = asked.sample.columns["value"], asked.sample.treated
    order = np.argsort(labels, kind="stable")
    inside = order[labels[order] >= 0]
    return Pairs(value[inside[treated[inside]]], value[inside[~treated[inside]]])


def _gammas(asked: Case) -> tuple[float, ...]:
    most = asked.design.doubts.hidden_bias
    return tuple(dict.fromkeys([*(float(g) for g in range(1, floor(min(most, 20.0)) + 1)), float(most)]))


def _bounds(
    asked: Case, pairs: Pairs, alternative: Alternative, gammas: tuple[float, ...]
) -> tuple[DiscordantBounds | SignedRankBounds, int]:
    """Return the bounds, and the fewest people they rest on: pairs, or discordant ones of either side."""
    alpha = 1 - asked.design.level
    if asked.binary:
        counts = count_discordant(pairs.treatment, pairs.comparison)
        found = discordant_pair_bounds(*counts, gammas, alternative, alpha)
        return found, min((count for count in counts if count), default=0)
    signed = signed_rank_bounds(pairs.treatment, pairs.comparison, gammas, alternative=alternative, alpha=alpha)
    return signed, signed.pairs


def _said(crosses: float, most: float, alpha: float) -> str:
    if crosses <= most:
        return hidden_bias_sentence(crosses, alpha)
    return (
        f"Even if something unmeasured made one member of a pair {figure(most)} times as likely (in odds) as the other "
        "to be in the pilot group, the largest that was tried, the difference would still be more than chance alone "
        "would bring."
    )


def _tried(asked: Case, found: DiscordantBounds | SignedRankBounds, n: int) -> tuple[Reading, ...]:
    """Return a reading for each size of hidden bias: the largest p value, and the range of the estimate."""
    readings = [
        Reading(
            key=f"hidden_bias/{bound.gamma:g}",
            title=f"Largest p value with hidden bias up to {bound.gamma:g}",
            measure=LARGEST_P,
            value=bound.p_upper,
            p=bound.p_upper,
            n=n,
        )
        for bound in found.bounds
    ]
    if isinstance(found, SignedRankBounds):
        readings += [
            asked.difference(
                f"hidden_bias_estimate/{bound.gamma:g}",
                f"Range of the estimate with hidden bias up to {bound.gamma:g}",
                Inference(None, lower=bound.estimate_lower, upper=bound.estimate_upper),
                n=n,
            )
            for bound in found.bounds
        ]
    return tuple(readings)
