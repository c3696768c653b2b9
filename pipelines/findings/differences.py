"""What differs between this drop and the one before: people, dates, groups, outcomes, covariates; rows of other files.

Compared are typed values, person by person, so that another way to write a date is no change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

from pipelines.findings.making import Making
from pipelines.findings.models import DifferenceResult, FieldChange, Finding
from pipelines.findings.typed_drops import earlier_drop, type_both
from pipelines.protocol.outcomes import Outcome
from pipelines.protocol_lock import note_seen, sealed
from pipelines.warehouse import has_table, named

OTHERS = ("contacts", "spend", "consents", "events", "assessments")
DATES = {"referral_date": "Referral date", "start_date": "Start date", "end_date": "End date"}
Group = Literal["arm", "date", "outcome", "covariate"]
Numbers = dict[str, int]


def difference_findings(making: Making) -> list[Finding]:
    """Return one finding for each table of which the rows of the drop before are known; none at the first drop."""
    # Under seal not even the number of events is told: where outcomes are counted from them it is the outcome.
    hidden = sealed(making.site) and any(outcome.events for outcome in making.plan.outcomes.values())
    found = [_of_noun(making, noun) for noun in OTHERS if not (hidden and noun == "events")]
    return [finding for finding in (_of_cases(making), *found) if finding is not None]


def _of_cases(making: Making) -> Finding | None:
    earlier = earlier_drop(making, "cases")
    if earlier is None or (typed := type_both(making)) is None:
        return None
    _pair(making)
    people = _people(making, "before_cases", "now_cases")
    result = DifferenceResult(
        noun="cases",
        earlier=earlier,
        newest=making.inputs.drop,
        **people,
        **_both_ways(making),
        several=_number(making, SEVERAL),
        elsewhere=_elsewhere(making),
        moved_out=_moved(making, "before", "now", "="),
        moved_in=_moved(making, "now", "before", "<>"),
        changes=tuple(_changes(making, typed)),
        smallest_before=_smallest(making),
    )
    return making.finding("difference/cases", result, subject="cases", population="everybody in either case file")


def _of_noun(making: Making, noun: str) -> Finding | None:
    earlier = earlier_drop(making, noun)
    if earlier is None:
        return None
    counts = _people(making, f"raw.{noun}_before", f"raw.{noun}")
    result = DifferenceResult(
        noun=noun, earlier=earlier, newest=making.inputs.drop, **counts, both=None, added=None, vanished=None
    )
    return making.finding(f"difference/{noun}", result, subject=noun, population="every row of either drop")


def _people(making: Making, before: str, now: str) -> Numbers:
    """Return rows and people of both states."""
    query = "SELECT count(*), count(DISTINCT person_key) FROM {}"
    found = {
        state: making.connection.execute(query.format(t)).fetchone() for state, t in (("before", before), ("now", now))
    }
    return {f"{what}_{state}": row[i] for i, what in enumerate(("rows", "people")) for state, row in found.items()}


def _both_ways(making: Making) -> Numbers:
    query = """
        SELECT count(*) FILTER (b.person_key IS NOT NULL AND n.person_key IS NOT NULL),
               count(*) FILTER (b.person_key IS NULL), count(*) FILTER (n.person_key IS NULL)
        FROM (SELECT DISTINCT person_key FROM before_cases WHERE person_key IS NOT NULL) b
        FULL JOIN (SELECT DISTINCT person_key FROM now_cases WHERE person_key IS NOT NULL) n USING (person_key)
    """
    return dict(zip(("both", "added", "vanished"), making.connection.execute(query).fetchone(), strict=True))


SEVERAL = """
    SELECT count(DISTINCT person_key) FROM (
        SELECT person_key FROM before_cases GROUP BY person_key HAVING count(*) > 1
        UNION ALL
        SELECT person_key FROM now_cases GROUP BY person_key HAVING count(*) > 1
    )
"""


def _pair(making: Making) -> None:
    """Make the temporary table of people with exactly one row in each state: only their values can be compared."""
    once = "SELECT person_key FROM {}_cases WHERE person_key IS NOT NULL GROUP BY person_key HAVING count(*) = 1"
    both = " INTERSECT ".join(once.format(state) for state in ("before", "now"))
    making.connection.execute(f"CREATE OR REPLACE TEMP TABLE paired AS {both}")


def _number(making: Making, query: str) -> int:
    return int(making.connection.execute(query).fetchone()[0])


def _elsewhere(making: Making) -> int:
    """Return how many people another site of the pilot names too."""
    if not has_table(making.connection, "raw", "elsewhere"):
        return 0
    return _number(making, "SELECT count(DISTINCT person_key) FROM raw.elsewhere")


def _moved(making: Making, there: str, absent: str, left: str) -> int:
    """Return how many people who stand in one state only left this site (`=`), or another one (`<>`)."""
    if not has_table(making.connection, "raw", "moved"):
        return 0
    query = f"""
        SELECT count(DISTINCT person_key) FROM {there}_cases
        SEMI JOIN (FROM raw.moved WHERE site {left} $site) USING (person_key)
        ANTI JOIN {absent}_cases USING (person_key)
    """
    return int(making.connection.execute(query, {"site": making.site.site}).fetchone()[0])


def _smallest(making: Making) -> int:
    """Return the size of the smallest group of the drop before."""
    query = "SELECT coalesce(min(people), 0) FROM (SELECT count(*) AS people FROM before_cases GROUP BY arm)"
    return _number(making, query if making.plan.arms else "SELECT count(*) FROM before_cases")


def _changes(making: Making, typed: Collection[str]) -> Iterator[FieldChange]:
    """Yield the changes of each field that the protocol maps, as far as its nouns are typed in both states."""
    mapped = {
        f for extract in making.site.protocol.extracts_of("cases", making.site.site).values() for f in extract.columns
    }
    plan = making.plan
    if plan.arms:
        yield _change(making, "arm", "Group", "arm")
    for field, title in DATES.items():
        if field in mapped:
            yield _change(making, field, title, "date")
    for key, outcome in plan.outcomes.items():
        if outcome.noun == "cases" and "outcomes" in typed and (not outcome.events or "events" in typed):
            yield _outcome(making, key, outcome)
            note_seen(making.site)
    for field, covariate in plan.covariates.items():
        yield _change(making, field, covariate.title, "covariate")


def _change(making: Making, field: str, title: str, group: Group) -> FieldChange:
    b, n = f"b.{named(field)}", f"n.{named(field)}"
    query = f"""
        SELECT count(*) FILTER ({b} <> {n}), count(*) FILTER ({b} IS NULL AND {n} IS NOT NULL),
               count(*) FILTER ({b} IS NOT NULL AND {n} IS NULL)
        FROM paired JOIN before_cases b USING (person_key) JOIN now_cases n USING (person_key)
    """
    return _field_change(making, query, field, title, group)


def _outcome(making: Making, key: str, outcome: Outcome) -> FieldChange:
    """Return the changes of an outcome among people in both drops, as it is counted: follow-up over, and known."""
    timed = outcome.type == "time_to_event"
    known = "{0}.time IS NOT NULL AND {0}.event IS NOT NULL" if timed else "{0}.value IS NOT NULL"
    # A longer time without the event is follow-up going on; a shorter one, or another time of an event, is a change.
    moved = "(b.event AND (b.time <> n.time OR NOT n.event)) OR (NOT b.event AND n.time < b.time)"
    b, n = f"coalesce({known.format('b')}, false)", f"coalesce({known.format('n')}, false)"
    query = f"""
        SELECT count(*) FILTER ({b} AND {n} AND ({moved if timed else "b.value <> n.value"})),
               count(*) FILTER (NOT {b} AND {n}), count(*) FILTER ({b} AND NOT {n})
        FROM paired
        LEFT JOIN (FROM before_outcomes WHERE outcome = '{key}') b USING (person_key)
        LEFT JOIN (FROM now_outcomes WHERE outcome = '{key}') n USING (person_key)
    """
    return _field_change(making, query, key, outcome.title, "outcome")


def _field_change(making: Making, query: str, field: str, title: str, group: Group) -> FieldChange:
    read = making.outcomes if group == "outcome" else making.connection.execute
    changed, filled, emptied = read(query).fetchone()
    return FieldChange(field=field, title=title, group=group, changed=changed, filled=filled, emptied=emptied)
