"""Whether further interviews still brought new codes: base size, run length and new-information threshold.

It needs codes that grew out of the interviews, in the order in which these were coded.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pipelines.estimation.refusal import EstimationRefusal

INSTEAD = "Say instead how many cases spoke of each theme, and which themes nobody spoke of."
FIXED = {
    "deductive": "The codes were fixed before the interviews, so that no new ones appear says nothing.",
    "merged": "The code book was merged at the end, so nobody knows any more when a code first appeared.",
}


@dataclass(frozen=True)
class Run:
    """A run of interviews after the base.

    Parameters
    ----------
    after : int
        Interviews before the run.
    new : int
        Codes in it that no interview before it had.
    share : float
        New codes over the codes of the base.
    """

    after: int
    new: int
    share: float


@dataclass(frozen=True)
class Saturation:
    """Saturation by Guest, Namey and Chen.

    Parameters
    ----------
    base, run, threshold : int, int, float
        As declared.
    interviews, base_codes, all_codes : int
        Interviews, codes in the first `base` of them, codes in all.
    runs : tuple of Run
        One for each position, overlapping, until saturation or the end.
    reached_after : int or None
        Interviews before the first run at or below the threshold; None when there is none.
    """

    base: int
    run: int
    threshold: float
    interviews: int
    base_codes: int
    all_codes: int
    runs: tuple[Run, ...]
    reached_after: int | None


def saturation(
    interviews: Sequence[Collection[str]],
    *,
    base: int = 4,
    run: int = 2,
    threshold: float = 0.05,
    codebook: str = "inductive",
) -> Saturation:
    """Return when further interviews stopped bringing new codes.

    Parameters
    ----------
    interviews : sequence of collections of codes
        Each interview's codes, in the order of coding.
    base, run : int
        Interviews of the base, and of a run.
    threshold : float
        Largest share of new codes, of those in the base, that counts as no new information.
    codebook : {"inductive", "deductive", "merged"}
        How the codes came about.

    Raises
    ------
    EstimationRefusal
        The code book is deductive or merged, or there are too few interviews or no code in the base.

    References
    ----------
    Guest, Namey & Chen 2020, PLoS ONE 15(5):e0232076.
    """
    if base < 1 or run < 1 or not 0 <= threshold < 1:
        raise ValueError("base and run are at least 1, and the threshold is a share below 1")
    if codebook in FIXED:
        raise EstimationRefusal(FIXED[codebook], INSTEAD)
    if len(interviews) < base + run:
        raise EstimationRefusal(f"Saturation needs at least {base + run} interviews: a base and one run.", INSTEAD)
    seen: set[str] = {code for interview in interviews[:base] for code in interview}
    base_codes = len(seen)
    if not base_codes:
        raise EstimationRefusal("The first interviews have no code, so there is nothing to compare with.", INSTEAD)
    runs: list[Run] = []
    for after in range(base, len(interviews) - run + 1):
        new = len({code for interview in interviews[after : after + run] for code in interview} - seen)
        runs.append(Run(after, new, new / base_codes))
        if runs[-1].share <= threshold:
            break
        seen |= set(interviews[after])
    reached = runs[-1].after if runs[-1].share <= threshold else None
    everything = {code for interview in interviews for code in interview}
    return Saturation(base, run, threshold, len(interviews), base_codes, len(everything), tuple(runs), reached)
