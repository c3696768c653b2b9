"""Which inference suits a design: from counts alone, before anything is estimated.

Belongs here: the rules and their reasons. No outcome is looked at, so the choice cannot be made to fit the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Engine = Literal[
    "HC2 + Bell-McCaffrey", "CR2 + Satterthwaite", "wild bootstrap", "randomisation inference", "description"
]

LEAD_NEVER: Engine = "wild bootstrap"
"""Shown beside others where it holds; it never leads.

By simulation (10,000 trials each, 5 to 20 clusters, variances of one arm a quarter to four times the other's):

People assigned within clusters (alike or up to five times as large as others, a fifth to a half of people treated).
With Rademacher signs it rejects a true null hypothesis in 4.4 to 6.0 of 100, as it should, from seven clusters on, and
in 5.2 to 6.3 if one of them has a third of the people; in 3.4 to 4.1 with six; never with five.

Whole clusters assigned (of 5 to 59 people). With Rademacher signs it rejects in 5.1 to 6.0, as it should, with 18
clusters or more of which the smaller arm has four in ten; in 5.3 to 8.2 with 10 to 16 so divided; in 3 to 11 where one
arm has fewer than four in ten of the clusters; in 0 to 10 with fewer than 10 in all. Where CR2 cannot lead, because one
cluster outweighs the others, it is worse still: 5 to 29 of 100. Webb's signs reject more often everywhere. Jackknifed
scores or variances (WCR-S, -V and -B of MacKinnon, Nielsen & Webb 2023), residuals adjusted as CR2's, unrestricted ones
and a null hypothesis fitted by each arm's own spread do not hold either: with three clusters in the smaller arm they
reject in 2 to 12 of 100. `tests/properties/test_bootstrap_variants.py` has the table.
"""
FEW_DF = 30.0
"""Fewer degrees of freedom than this: the arms of whole clusters are told apart (`Advice.arms_apart`)."""
ARMS_APART = (
    "With so few clusters its degrees of freedom come from each arm's own spread between and within clusters (as "
    "Welch's do). The textbook ones, which reject a true null hypothesis too often with one arm wider, stand beside."
)
RANDOMISED_BY_CHANCE = "Chance assigned the arms, so what was seen can be compared with every other assignment."


@dataclass(frozen=True)
class Counts:
    """What a design comes to.

    Parameters
    ----------
    n : int
        People with a known outcome.
    smallest_arm : int
        People in the smaller arm.
    outcome_type : {'binary', 'continuous', 'count', 'time_to_event'}
        Type of the outcome.
    randomised : bool
        Whether chance assigned the arms.
    cluster_sizes : tuple of int
        People per cluster; empty when people are independent.
    treated_clusters : int
        Clusters with treated people.
    clusters_assigned : bool
        True when whole clusters were assigned; False when people were, within clusters.
    events : tuple of (int, int) or None
        Events in the treatment and the comparison arm, and None for outcomes that have none.
    non_events : tuple of (int, int) or None
        People without the event, likewise.
    covariates : int
        Columns besides intercept and treatment.
    fixed_effects : int
        Indicators of clusters or periods among the columns.
    assignments : int or None
        How many assignments there could have been, if known.
    satterthwaite_df : float or None
        Degrees of freedom of the treatment coefficient, if known: they depend on the design, not the outcome.
    shared_clusters : int
        Clusters with people of both arms.
    """

    n: int
    smallest_arm: int
    outcome_type: str = "continuous"
    randomised: bool = True
    cluster_sizes: tuple[int, ...] = ()
    treated_clusters: int = 0
    clusters_assigned: bool = True
    events: tuple[int, int] | None = None
    non_events: tuple[int, int] | None = None
    covariates: int = 0
    fixed_effects: int = 0
    assignments: int | None = None
    satterthwaite_df: float | None = None
    shared_clusters: int = 0


@dataclass(frozen=True)
class Floors:
    """Below these, another engine leads or nothing is compared; from the protocol.

    Parameters
    ----------
    people_per_arm, events_per_arm : int
        Fewer: description only.
    clusters_per_arm : int
        Fewer: neither CR2 nor the wild bootstrap leads.
    clusters_for_bootstrap : int
        Whole clusters assigned: fewer in all, and the wild bootstrap is refused, for it rejects too often when arms
        differ in spread, or cannot reject at all (`LEAD_NEVER` has the figures).
    clusters_inside_for_bootstrap : int
        The same where people were assigned within clusters, and every cluster has people of both arms.
    treated_share : float
        Share of clusters in the smaller arm below which the wild bootstrap is refused.
    largest_share : float
        Share of people in the largest cluster above which the wild bootstrap is refused.
    clusters_for_largest : int
        Fewer in all, one of them with more than half of the people: CR2 does not lead either (by simulation it then
        rejects a true null hypothesis in 6 to 9 of 100, with arms apart).
    df : float
        Fewer degrees of freedom: a Satterthwaite interval is not to be trusted (Tipton 2015).
    assignments : int
        Fewer: randomisation inference cannot reach 5%.
    """

    people_per_arm: int = 10
    events_per_arm: int = 5
    clusters_per_arm: int = 4
    clusters_for_bootstrap: int = 18
    clusters_inside_for_bootstrap: int = 7
    treated_share: float = 0.4
    largest_share: float = 0.25
    clusters_for_largest: int = 15
    df: float = 4.0
    assignments: int = 20


@dataclass(frozen=True)
class Refused:
    """An engine that must not be used here, why, and what to do instead."""

    engine: str
    reason: str
    alternative: str


@dataclass(frozen=True)
class Advice:
    """Which engine leads, and why.

    Parameters
    ----------
    leads : str
        An engine.
    why : str
        In plain words.
    beside : tuple of str
        Engines shown beside it.
    refused : tuple of Refused
        Engines that must not be used.
    facts : tuple of str
        What the choice rests on: clusters, treated clusters, smallest arm, events. Counts: not to be shown before
        disclosure control.
    signs : {'rademacher', 'webb'}
        Signs for the wild bootstrap.
    arms_apart : bool
        Whether CR2's degrees of freedom let the arms differ in spread (`arms_apart_test`): whole clusters were assigned
        and fewer than 30 degrees of freedom are left. By simulation (5 to 20 clusters, variance of one arm a quarter to
        four times the other's) the textbook's reject a true null hypothesis in 1 to 7 of 100, these in 4 to 6.
    """

    leads: Engine
    why: str
    beside: tuple[Engine, ...]
    refused: tuple[Refused, ...]
    facts: tuple[str, ...]
    signs: Literal["rademacher", "webb"]
    arms_apart: bool = False


def advise(counts: Counts, floors: Floors | None = None) -> Advice:
    """Choose the inference that suits a design.

    Parameters
    ----------
    counts : Counts
        The design in numbers.
    floors : Floors or None
        The protocol's; defaults otherwise.

    Returns
    -------
    Advice
        The engine that leads, those beside it, and those refused with their alternatives.

    Raises
    ------
    ValueError
        If counts contradict one another.

    References
    ----------
    Tipton 2015, Psychological Methods 20:375-393; Pustejovsky & Tipton 2018, JBES 36:672-683; MacKinnon & Webb 2018,
    Econometrics Journal 21:114-135 (few treated clusters); MacKinnon, Nielsen & Webb 2023, Journal of Econometrics
    232:272-299; Imbens & Kolesar 2016, Review of Economics and Statistics 98:701-712.
    """
    floors = floors or Floors()
    _check(counts)
    refused = tuple(Refused(*rule[1:]) for rule in _rules(counts, floors) if rule[0])
    out = {found.engine for found in refused}
    possible = [engine for engine in _preferred(counts) if engine not in out and "comparison" not in out]
    leads: Engine = next((engine for engine in possible if engine != LEAD_NEVER), "description")
    signs: Literal["rademacher", "webb"] = "webb" if len(counts.cluster_sizes) < 6 else "rademacher"
    apart = _few_whole(counts)
    why = _why(leads, counts, refused) + (f" {ARMS_APART}" if apart and leads == "CR2 + Satterthwaite" else "")
    return Advice(
        leads, why, tuple(engine for engine in possible if engine != leads), refused, _facts(counts), signs, apart
    )


def _few_whole(counts: Counts) -> bool:
    """Whether whole clusters were assigned, so few that the arms' spreads matter; no p-value decides it."""
    clusters = len(counts.cluster_sizes)
    df = clusters - 2 if counts.satterthwaite_df is None else counts.satterthwaite_df
    return clusters > 0 and counts.clusters_assigned and df < FEW_DF


def _check(counts: Counts) -> None:
    clusters = len(counts.cluster_sizes)
    wrong = (
        counts.n < 0
        or not 0 <= 2 * counts.smallest_arm <= counts.n
        or not 0 <= counts.treated_clusters <= max(clusters, 0)
        or (clusters > 0 and sum(counts.cluster_sizes) != counts.n)
        or not 0 <= counts.shared_clusters <= counts.treated_clusters
        or (counts.clusters_assigned and counts.shared_clusters > 0)
    )
    if wrong:
        raise ValueError("The counts contradict one another.")


def _preferred(counts: Counts) -> list[Engine]:
    """Engines that could answer, best first."""
    by_chance: list[Engine] = ["randomisation inference"] if counts.randomised else []
    if not counts.cluster_sizes:
        return ["HC2 + Bell-McCaffrey", *by_chance]
    return ["CR2 + Satterthwaite", *by_chance, "wild bootstrap"]


def _arms(counts: Counts) -> tuple[int, int]:
    """Clusters per arm, treatment first; people assigned within clusters have all clusters in both arms."""
    clusters = len(counts.cluster_sizes)
    return (
        (counts.treated_clusters, clusters - counts.treated_clusters) if counts.clusters_assigned else (clusters,) * 2
    )


def _rules(counts: Counts, floors: Floors) -> tuple[tuple[bool, str, str, str], ...]:
    """Every rule as (applies, engine, reason, alternative): a table, so long but without branches."""
    clusters = len(counts.cluster_sizes)
    arms = _arms(counts)
    fewest = min(arms) if clusters else floors.clusters_per_arm
    many = clusters > 0
    share = fewest / clusters if many and counts.clusters_assigned else 1.0
    largest = max(counts.cluster_sizes, default=0)
    shared = many and not counts.clusters_assigned and counts.shared_clusters == clusters
    enough = floors.clusters_inside_for_bootstrap if shared else floors.clusters_for_bootstrap
    separated = counts.events is not None and 0 in (*counts.events, *(counts.non_events or ()))
    halved = many and 2 * largest > counts.n and counts.clusters_assigned
    df = counts.satterthwaite_df
    few_df = many and df is not None and df < floors.df
    saturated = many and clusters <= counts.covariates + 2 and counts.clusters_assigned
    one = "One arm has a single cluster, so what that cluster is like cannot be told apart from what the arm did."
    describe = "Describe both arms without comparing them, or add clusters."
    chance = (
        "Compare clusters by randomisation inference, or describe; plan more clusters."
        if counts.randomised
        else describe
    )
    return (
        (
            counts.smallest_arm < floors.people_per_arm,
            "comparison",
            "An arm has too few people.",
            "Describe both arms.",
        ),
        (
            counts.events is not None and min(counts.events) < floors.events_per_arm,
            "comparison",
            "An arm has too few events.",
            "Describe both arms, or wait for a longer follow-up.",
        ),
        (many and fewest == 0, "comparison", "An arm has no cluster.", describe),
        (many and fewest == 1, "CR2 + Satterthwaite", one, chance),
        (many and fewest == 1, "wild bootstrap", one, chance),
        (
            many and 1 < fewest < floors.clusters_per_arm,
            "CR2 + Satterthwaite",
            f"An arm has fewer than {floors.clusters_per_arm} clusters: too few to see how clusters of an arm differ.",
            chance,
        ),
        (
            many and fewest > 1 and (fewest < floors.clusters_per_arm or clusters < enough),
            "wild bootstrap",
            "With so few clusters the wild bootstrap rejects too often where arms differ in spread, or can never "
            "reject.",
            chance,
        ),
        (
            many and fewest > 1 and share < floors.treated_share,
            "wild bootstrap",
            "One arm has far fewer clusters than the other: the wild bootstrap then rejects too rarely or too often.",
            "Read CR2 with Satterthwaite degrees of freedom, or randomisation inference.",
        ),
        (
            (shared or (many and counts.clusters_assigned)) and (largest > floors.largest_share * counts.n or few_df),
            "wild bootstrap",
            "One cluster, or a few, outweigh the others: the wild bootstrap then rejects too often.",
            chance,
        ),
        (
            few_df,
            "CR2 + Satterthwaite",
            f"Fewer than {floors.df:g} degrees of freedom are left, too few for its interval to keep its promise.",
            chance,
        ),
        (
            saturated,
            "CR2 + Satterthwaite",
            "There are as many columns as clusters, so nothing is left to show how clusters differ.",
            "Use fewer covariates, or compare cluster means.",
        ),
        (
            many and counts.clusters_assigned and counts.fixed_effects >= clusters - 1 > 0 and not counts.covariates,
            "CR2 + Satterthwaite",
            "With an indicator for every cluster, nothing is left of an arm that whole clusters share.",
            "Leave the indicators out, or use a design with measurements before and after.",
        ),
        (
            counts.assignments is not None and counts.assignments < floors.assignments,
            "randomisation inference",
            f"There were fewer than {floors.assignments} possible assignments, so no p-value can reach 5%.",
            "Describe both arms, or plan more units.",
        ),
        (
            separated,
            "logistic regression",
            "In an arm everybody, or nobody, has the event (perfect separation): odds ratios do not exist.",
            "Read the risk difference with Newcombe's interval, or an exact test.",
        ),
        (
            halved and clusters < floors.clusters_for_largest,
            "CR2 + Satterthwaite",
            "One cluster holds more than half of the people, and the others are too few to show how clusters differ.",
            chance,
        ),
        (
            halved,
            "normal approximation",
            "One cluster holds more than half of the people.",
            "Read CR2 with its degrees of freedom, and the estimate without that cluster.",
        ),
    )


def _why(leads: Engine, counts: Counts, refused: Sequence[Refused]) -> str:
    if leads == "description":
        reasons = " ".join(dict.fromkeys(found.reason for found in refused)) or "Nothing else suits."
        return f"The arms are described and not compared. {reasons}"
    texts: dict[str, str] = {
        "HC2 + Bell-McCaffrey": (
            "People are independent of one another; HC2 standard errors with Bell-McCaffrey degrees of freedom hold "
            "when arms are small or differ in spread."
        ),
        "CR2 + Satterthwaite": (
            "People of one cluster resemble one another, so clusters are what counts; CR2 standard errors with "
            "Satterthwaite degrees of freedom hold with few and unequal clusters."
        ),
        "randomisation inference": f"{RANDOMISED_BY_CHANCE} It needs no model of how clusters or people differ.",
    }
    return texts[leads]


def _facts(counts: Counts) -> tuple[str, ...]:
    clusters = len(counts.cluster_sizes)
    arms = _arms(counts)
    facts = [f"people: {counts.n}", f"people in the smaller arm: {counts.smallest_arm}"]
    if clusters:
        facts += [f"clusters: {clusters}", f"clusters with treated people: {arms[0]}"]
        # The smallest cluster may be a handful of people, whom a reader could name.
        facts += [f"people per cluster: {counts.n / clusters:.1f} on average, at most {max(counts.cluster_sizes)}"]
    if counts.events is not None:
        facts += [f"events: {counts.events[0]} and {counts.events[1]}"]
    return tuple(facts)
