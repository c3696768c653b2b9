"""From when comparators are followed who have no start, as SQL: their referral and a wait drawn from the treated.

The same draws, and why, are in pipelines.estimation.index_dates; a test holds both together.
"""

from pipelines.protocol import Protocol

# One draw a person, from the person's own key: a later drop with more people moves nobody else's.
PEOPLE = """(
    SELECT c.*, CASE WHEN c.arm = 'comparison' AND c.start_date IS NULL THEN c.referral_date + waits[
        1 + floor(
            ('0x' || left(sha256('{seed}/' || c.person_key), 13))::BIGINT / 4503599627370496.0 * len(waits)
        )::INTEGER
    ]::INTEGER END AS drawn_start
    FROM validated.cases c
    CROSS JOIN (
        SELECT list_sort(list(date_diff('day', referral_date, start_date))) AS waits
        FROM validated.cases
        WHERE arm = 'treatment' AND start_date >= referral_date
    )
)"""


def draws_starts(protocol: Protocol) -> bool:
    """Whether the protocol has comparators followed from a drawn date."""
    return protocol.arms is not None and protocol.arms.comparison_starts == "drawn"


def people_with_starts(protocol: Protocol) -> str:
    """Return what people are selected from: the cases, with a column `drawn_start` where the protocol asks for it."""
    return PEOPLE.replace("{seed}", str(protocol.seed)) if draws_starts(protocol) else "validated.cases"


def start_of(protocol: Protocol, table: str) -> str:
    """Return the date from which days are counted where an outcome names none."""
    drawn = f"{table}.drawn_start, " if draws_starts(protocol) else ""
    return f"coalesce({table}.start_date, {drawn}{table}.referral_date)"
