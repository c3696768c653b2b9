"""Process measures counted by month or week, from the validated tables; what may be shown of them belongs elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.findings.charting import following, period_of, period_title, periods
from pipelines.findings.learned import ChartPoint
from pipelines.findings.making import Making
from pipelines.protocol.learning import MEASURES, LearningChart

ROWS = {
    "referrals": "SELECT referral_date AS day, person_key, 1.0 AS part, 1.0 AS whole FROM validated.cases",
    "starts": "SELECT start_date AS day, person_key, 1.0 AS part, 1.0 AS whole FROM validated.cases",
    "endings": "SELECT end_date AS day, person_key, 1.0 AS part, 1.0 AS whole FROM validated.cases",
    "contacts": """
        SELECT contact_date AS day, person_key, 1.0 AS part, 1.0 AS whole FROM validated.contacts
        WHERE coalesce(attended, true)
    """,
    "contacts_per_person": """
        SELECT contact_date AS day, person_key, 1.0 AS whole,
               coalesce(attended, true)::INTEGER::DOUBLE AS part
        FROM validated.contacts
    """,
    "attended": """
        SELECT contact_date AS day, person_key, attended::INTEGER::DOUBLE AS part, 1.0 AS whole
        FROM validated.contacts WHERE attended IS NOT NULL
    """,
    "days_to_start": """
        SELECT start_date AS day, person_key, (start_date - referral_date)::DOUBLE AS part, 1.0 AS whole
        FROM validated.cases WHERE referral_date <= start_date
    """,
    "consented": """
        SELECT c.referral_date AS day, c.person_key, 1.0 AS whole,
               coalesce(s.may_link AND s.withdrawn_on IS NULL, false)::INTEGER::DOUBLE AS part
        FROM validated.cases c LEFT JOIN validated.consents s USING (person_key)
    """,
    "spend": "SELECT spend_date AS day, person_key, amount::DOUBLE AS part, 1.0 AS whole FROM validated.spend",
    "components": """
        SELECT c.start_date AS day, d.person_key, (coalesce(d.dose, 0) > 0)::INTEGER::DOUBLE AS part, 1.0 AS whole
        FROM analysis.doses d JOIN validated.cases c USING (person_key)
        WHERE NOT $arms OR d.arm = 'treatment'
    """,
}
"""Rows of each measure: the day, the person, what is counted, and of what."""

SUMS = """
    WITH counted AS ({rows}),
    persons AS (
        SELECT date_trunc('{every}', day)::DATE AS start, person_key,
               {part} AS part, sum(whole)::DOUBLE AS whole
        FROM counted WHERE day BETWEEN $first AND $last GROUP BY ALL
    )
    SELECT start, {part}, sum(whole), count(*), list_sort(list(part), 'DESC')[1:2]
    FROM persons GROUP BY start ORDER BY start
"""
IN_ORDER = "round(list_sum(list_sort(list(part))), 6)"
"""Sums of pounds and pence: in the order of threads, the last digit would differ from run to run."""

PLAIN = ("referrals", "starts", "endings", "contacts", "spend")
"""Measures that are counts or sums, and so have no denominator."""


@dataclass(frozen=True)
class Window:
    """The days that can be counted: of the pilot, up to the data cut."""

    first: dt.date
    last: dt.date
    begins_whole: bool
    """Whether nothing can have been before the first day, because the pilot began then."""


def counted(making: Making, chart: LearningChart, cut: dt.date) -> tuple[ChartPoint, ...]:
    """Return the periods of a chart; none where nothing was recorded.

    A period of which only a part lies in the pilot, or before the data cut, is marked; so is one inside which a phase
    begins. A period without a record is a gap: nobody can tell a true zero from a delivery that is missing.
    """
    window = _window(making, chart, cut)
    if window is None:
        return ()
    found = _sums(making, chart, window)
    starts = periods(chart.every, window.first, window.last)
    points = [_point(chart, start, found.get(start), window) for start in starts]
    return _trimmed(points)


def cut_of(making: Making) -> dt.date:
    """Return the data cut: the date of the newest delivery."""
    return dt.date.fromisoformat(making.inputs.drop[:10])


def _query(making: Making, chart: LearningChart) -> tuple[str, dict[str, object]]:
    sql = ROWS[chart.measure]
    return sql, {"arms": making.plan.arms is not None} if "$arms" in sql else {}


def _window(making: Making, chart: LearningChart, cut: dt.date) -> Window | None:
    sql, parameters = _query(making, chart)
    dates = making.plan.dates
    last = min(cut, dates.end or cut)
    range_of = f"SELECT min(day) FROM ({sql}) WHERE day <= $last"
    (first,) = making.connection.execute(range_of, {**parameters, "last": last}).fetchone()
    if first is None:
        return None
    begun = dates.start is not None and first >= dates.start
    return Window(dates.start if dates.start is not None else first, last, begun)


Sums = tuple[float, float, int, list[float]]


def _sums(making: Making, chart: LearningChart, window: Window) -> dict[dt.date, Sums]:
    sql, parameters = _query(making, chart)
    query = SUMS.format(rows=sql, every=chart.every, part=IN_ORDER)
    rows = making.connection.execute(query, {**parameters, "first": window.first, "last": window.last}).fetchall()
    return {start: (part, whole, people, largest) for start, part, whole, people, largest in rows}


def _point(chart: LearningChart, start: dt.date, sums: Sums | None, window: Window) -> ChartPoint:
    title = period_title(chart.every, start)
    if sums is None:
        return ChartPoint(start=start.isoformat(), title=title, standing="gap")
    part, whole, people, largest = sums
    below = people if chart.measure == "contacts_per_person" else whole
    plain = chart.measure in PLAIN
    return ChartPoint(
        start=start.isoformat(),
        title=title,
        standing="part" if _is_part(chart, start, window) else "shown",
        value=part if plain else part / below,
        numerator=part,
        denominator=None if plain else below,
        people=people,
        dominated=chart.measure == "spend" and _dominated(part, largest),
    )


def _is_part(chart: LearningChart, start: dt.date, window: Window) -> bool:
    """Tell whether a period is not whole: cut off at an end of the window, or divided by a new phase."""
    after = following(chart.every, start)
    early = start < window.first or (start == period_of(chart.every, window.first) and not window.begins_whole)
    late = after - dt.timedelta(days=1) > window.last
    return early or late or any(start < phase.start < after for phase in chart.phases)


def _dominated(total: float, largest: Sequence[float]) -> bool:
    """Tell whether one or two people make up nearly all of a sum: 90% of it, or all but a tenth of the largest.

    The defaults of ACRO (nk and p-ratio rules).
    """
    two = sum(largest)
    return total > 0 and (two > 0.9 * total or total - two < 0.1 * largest[0])


def _trimmed(points: Sequence[ChartPoint]) -> tuple[ChartPoint, ...]:
    """Leave out what lies before the first record and after the last: before or after the measure's time."""
    known = [i for i, point in enumerate(points) if point.standing != "gap"]
    return tuple(points[known[0] : known[-1] + 1]) if known else ()


def measure_title(chart: LearningChart) -> str:
    """Return a chart's title for readers."""
    return chart.title or MEASURES[chart.measure].title
