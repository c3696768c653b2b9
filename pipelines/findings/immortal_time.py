"""Whether follow-up begins alike in both groups, where outcomes are counted from dates and chance decided nothing.

The check itself belongs in pipelines.estimation.index_dates.
"""

from __future__ import annotations

from pipelines.estimation.result import Reading
from pipelines.findings.making import Making
from pipelines.protocol.outcomes import Outcome
from pipelines.validation.index_dates import draws_starts, people_with_starts, start_of
from pipelines.warehouse import columns_of, has_table

DATES = """
    SELECT
        c.arm = 'treatment' AS treated,
        date_diff('day', DATE '1970-01-01', c.referral_date)::DOUBLE AS eligible,
        date_diff('day', DATE '1970-01-01', c.start_date)::DOUBLE AS start,
        date_diff('day', DATE '1970-01-01', {index})::DOUBLE AS index,
        date_diff('day', DATE '1970-01-01', e.first)::DOUBLE AS event
    FROM validated.cases c
    LEFT JOIN (SELECT person_key, min(event_date) AS first FROM validated.events GROUP BY 1) e USING (person_key)
    WHERE c.arm IS NOT NULL
"""


DRAWN = """
    SELECT
        c.arm = 'treatment' AS treated,
        date_diff('day', DATE '1970-01-01', c.referral_date)::DOUBLE AS eligible,
        date_diff('day', DATE '1970-01-01', c.start_date)::DOUBLE AS start,
        date_diff('day', DATE '1970-01-01', {index})::DOUBLE AS index,
        date_diff('day', DATE '1970-01-01', e.first)::DOUBLE AS event
    FROM {people} c
    JOIN validated.outcomes o ON o.person_key = c.person_key AND o.outcome = $outcome
    LEFT JOIN (
        SELECT e.person_key, min(event_date) AS first
        FROM validated.events e JOIN {people} c USING (person_key)
        WHERE e.event_date > {index}
        GROUP BY 1
    ) e ON e.person_key = c.person_key
    WHERE c.arm IS NOT NULL
"""
"""Where starts are drawn, people with an event of the outcome's kind while waiting are in neither group."""
INSTEAD_OF_A_START = Reading(
    key="index_dates",
    title="From when comparators are followed",
    measure="",
    sentence=(
        "People of the comparison group have no start, so each was given a wait drawn at random from those of the "
        "treatment group between referral and start, and is followed from then. Whoever had such an event while "
        "waiting is left out, in both groups alike."
    ),
)


def immortal_time(making: Making, key: str, outcome: Outcome) -> tuple[Reading, ...]:
    """Return the check as a reading; none where chance decided, or where no dates are counted from."""
    plan = making.plan
    by_chance = plan.arms is None or plan.arms.assignment == "randomised"
    if by_chance or outcome.events is None or plan.design is None or not _dated(making):
        return ()
    from pipelines.estimation.index_dates import check_immortal_time

    drawn = draws_starts(making.site.protocol)
    if drawn:
        people = people_with_starts(making.site.protocol)
        sql = DRAWN.replace("{people}", people).replace("{index}", start_of(making.site.protocol, "c"))
        rows = making.outcomes(sql, outcome=key).df()
    else:
        index = f"c.{outcome.events.index}" if outcome.events.index else "coalesce(c.start_date, c.referral_date)"
        rows = making.outcomes(DATES.format(index=index)).df()
    eligible, at, start, event = (
        rows[name].to_numpy(dtype=float, na_value=float("nan")) for name in ("eligible", "index", "start", "event")
    )
    found = check_immortal_time(eligible, at, start, event, rows["treated"].to_numpy(dtype=bool))
    return (
        *((INSTEAD_OF_A_START,) if drawn else ()),
        Reading(
            key="immortal_time",
            title="Follow-up begins alike",
            measure="check (1 held, 0 did not)",
            value=None if found.passed is None else float(found.passed),
            sentence=found.sentence,
        ),
    )


def _dated(making: Making) -> bool:
    there = {name for name, _ in columns_of(making.connection, "validated.cases")}
    return {"referral_date", "start_date"} <= there and has_table(making.connection, "validated", "events")
