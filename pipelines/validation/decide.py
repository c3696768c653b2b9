"""From the results of a table's rules to one decision. What belongs here: the decision; acting on it does not."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from pipelines.validation.result import CheckResult
from pipelines.validation.speech import count_words, hides, part_words


class Verdict(BaseModel):
    """What happens to a table. `quarantine` maps a row's key to the ids of the rules it broke; it is never printed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    publish: bool
    quarantine: dict[str, tuple[str, ...]] = Field(default_factory=dict, repr=False, exclude=True)
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sentence: str


def decide(results: Sequence[CheckResult], *, minimum_count: int = 10) -> Verdict:
    """Publish or refuse a table.

    Refused if any rule refuses, or if rules that each set aside a bearable share together set aside more than the most
    generous of them allows: three rules of 15% each would otherwise lose nearly half of the people. Rules with a limit
    of their own (services often export everybody) are judged apart, so that their patience does not excuse the others.
    """
    quarantine = _quarantine(results)
    total = max((result.total for result in results), default=0)
    refusals = _said(results, "refuse") or _too_many(results, total, minimum_count)
    said = f"Refused: {' '.join(refusals)}" if refusals else _published(len(quarantine), total, minimum_count)
    return Verdict(
        publish=not refusals,
        quarantine={} if refusals else quarantine,
        refusals=refusals,
        warnings=_said(results, "warn"),
        notes=_said(results, "note"),
        sentence=said,
    )


def _said(results: Sequence[CheckResult], decision: str) -> tuple[str, ...]:
    return tuple(result.sentence for result in results if result.decision == decision)


def _quarantine(results: Sequence[CheckResult]) -> dict[str, tuple[str, ...]]:
    reasons: dict[str, tuple[str, ...]] = {}
    for result in results:
        for key in result.row_keys if result.decision == "quarantine" else ():
            reasons[key] = (*reasons.get(key, ()), result.rule)
    return reasons


def _too_many(results: Sequence[CheckResult], total: int, minimum: int) -> tuple[str, ...]:
    for limit in sorted({result.limit for result in results if result.decision == "quarantine"}):
        set_aside = len(_quarantine([result for result in results if result.limit <= limit]))
        if set_aside > limit * total:
            part = part_words(set_aside, total, minimum)
            return (
                f"Taken together, the rules would set aside {part} of {count_words(total, minimum)} rows, too many.",
            )
    return ()


def _published(set_aside: int, total: int, minimum: int) -> str:
    if set_aside == 0:
        return f"Published {count_words(total, minimum)} rows."
    part, whole = part_words(set_aside, total, minimum), count_words(total, minimum)
    if hides(set_aside, total, minimum):
        # How many were published would tell how few were not.
        return f"Published, with {part} of {whole} rows set aside for correction."
    return f"Published {total - set_aside:,} rows; {part} of {whole} rows were set aside for correction."
