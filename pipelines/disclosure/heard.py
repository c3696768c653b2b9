"""What may be shown of negative cases. The words beside them have passed consent, approval and the check for names."""

from __future__ import annotations

from collections.abc import Collection

from pipelines.disclosure.coded import Voices
from pipelines.disclosure.counts import rounded, too_small
from pipelines.disclosure.log import SMALL, Log
from pipelines.disclosure.policy import Policy
from pipelines.disclosure.voices import FLOOR
from pipelines.findings.heard import Against, ContrastResult

PARTS = ("only", "both", "against", "neither")


def contrast(result: ContrastResult, themes: Voices, rules: Policy, log: Log) -> ContrastResult:
    """Show the four parts of a pair of codes together, or none of them.

    The parts add up to those interviewed and to the people of each theme, so one hidden part could be had from the
    others; and each code takes part in one table at most, or several tables would bound smaller parts.

    Parameters
    ----------
    result : negative cases as they were counted.
    themes, rules, log : the themes, the limits; gets the changes.
    """
    taken: set[frozenset[str]] = set()
    rows = []
    for row in result.rows:
        pair = frozenset((row.code, row.opposite))
        alone = all(pair == other or not pair & other for other in taken)
        show = alone and row.counted and _themes_shown(row, themes) and not _small(row, rules)
        taken |= {pair} if show else set()
        rows.append(_row(row, show, rules, log))
    return result.model_copy(update={"rows": tuple(rows)})


def _themes_shown(row: Against, themes: Voices) -> bool:
    found: Collection[str] = [code for code in (row.code, row.opposite) if code in themes.shown]
    people = [themes.shown[code].people.get(row.role) for code in found]
    return len(found) == 2 and None not in people and themes.asked.get(row.role) is not None


def _small(row: Against, rules: Policy) -> bool:
    """Tell whether any part is small; nobody in a part says something of everybody in the others."""
    counts = [getattr(row, part) for part in PARTS]
    return any(not count or too_small(count, rules) for count in counts)


def _row(row: Against, show: bool, rules: Policy, log: Log) -> Against:
    cell = f"rows.{row.code}.{row.role}"
    asked = log.count(row.interviewed, f"{cell}.interviewed", rules)
    if not show:
        log.withheld(f"{cell}.parts", SMALL if row.counted else FLOOR)
        return row.model_copy(update={**dict.fromkeys(PARTS), "interviewed": asked})
    if rules.rounding_base > 1:
        log.rounded(f"{cell}.parts", f"rounding to {rules.rounding_base}")
    return row.model_copy(update={part: rounded(getattr(row, part), rules) for part in PARTS} | {"interviewed": asked})
