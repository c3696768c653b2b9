"""Ordered outcomes of two groups: who of the two does better, by ranks; odds beside it."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.estimation.design import CLUSTER, Design
from pipelines.estimation.designs.describing import described, floors
from pipelines.estimation.designs.yes_no import covariate_columns
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.proportional_odds import proportional_odds
from pipelines.estimation.rank_comparison import rank_comparison
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Inference, OtherEstimate
from pipelines.estimation.sample import Sample, draw
from pipelines.estimation.welch import log_ratio

MEASURE = "chance of a higher value less chance of a lower one"
WHY = (
    "Only the order of the values counts. Of one person of each group, the figure is the chance that the first has the "
    "higher value, less the chance that the second has; 0 means no difference (Brunner & Munzel 2000)."
)
ESTIMAND = (
    "For one person who was offered what is tested and one who was not, the chance that the first has the higher value "
    "less the chance of the opposite."
)
ODDS = "Proportional odds model: odds of any higher value, taken as equally changed at every step."
WIN = "Odds that a person who was offered it has the higher value; ties count half."
WILCOXON = "Wilcoxon-Mann-Whitney test with correction for ties."


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Difference in the chance of the higher value.

    Parameters, result and errors as for `pipelines.estimation.estimate`. Sources: see `rank_comparison` and
    `proportional_odds`.
    """
    if CLUSTER in frame and design.kind != "observational_unadjusted":
        from pipelines.estimation.designs import ordinal_compared

        return ordinal_compared.engine(frame, design)
    sample = draw(frame, ("value",))
    description = replace(described(sample, design), measure=MEASURE, unit="")
    reason = floors(sample, description, design)
    if reason:
        return described_only(description, reason)
    ranks = rank_comparison(sample.columns["value"], sample.treated, design.level)
    if ranks.superiority.se is None:
        return described_only(
            description, " ".join(ranks.warnings) or "The values do not vary: described, not compared."
        )
    led = replace(with_result(description, doubled(ranks.superiority)), engine="rank comparison", why=WHY)
    win = (OtherEstimate("win odds", "win odds", ranks.win_odds, WIN),) if ranks.win_odds else ()
    test = OtherEstimate("Wilcoxon-Mann-Whitney", "test of equal distributions", ranks.wilcoxon, WILCOXON)
    return replace(
        led,
        estimand=ESTIMAND,
        residual_df=sum(sample.n.values()) - 2,
        others=(*win, test, *odds(sample, design)),
        warnings=(*led.warnings, *ranks.warnings),
    )


def doubled(superiority: Inference) -> Inference:
    """Turn P(X > Y) + P(X = Y)/2 into the chance of a higher value less that of a lower one (2p - 1)."""
    value, lower, upper = (
        None if x is None else 2 * x - 1 for x in (superiority.value, superiority.lower, superiority.upper)
    )
    se = None if superiority.se is None else 2 * superiority.se
    return Inference(value, se, lower, upper, superiority.statistic, superiority.df, superiority.p)


def odds(sample: Sample, design: Design) -> tuple[OtherEstimate, ...]:
    """Return proportional odds of a higher value, without covariates and with them, where they can be had.

    Parameters
    ----------
    sample : Sample
        With `value`.
    design : Design
        Covariates and level.
    """
    arm = sample.treated.astype(float)[:, None]
    columns = covariate_columns(sample, design)
    found = []
    for name, x in (("proportional odds", arm), ("proportional odds, adjusted", columns)):
        if x is None:
            continue
        try:
            fit = proportional_odds(sample.columns["value"], x if x is arm else np.column_stack([arm, x]))
        except (EstimationRefusal, ValueError):
            continue
        log = float(fit.coefficients[0]), float(fit.covariance[0, 0]) ** 0.5
        found.append(OtherEstimate(name, "odds ratio", log_ratio(*log, design.level), ODDS))
    return tuple(found)
