"""What became, by the present drop, of the problems that the drop before was told of. Counts are exact: not for print.

Keeping the history belongs in failing; the sentence and its disclosure control in findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.ingest.drops import age_of
from pipelines.validation.failing import BY_DROP
from pipelines.warehouse import has_table, insert, open_warehouse
from pipelines.workspace import PilotSite

History = Mapping[str, Sequence[Sequence[object]]]
"""Rows of the tables that keep what was found in earlier drops."""


@dataclass(frozen=True)
class RuleCorrected:
    """One rule of one table: problems named before, of these gone and still there, and those that are new."""

    noun: str
    rule: str
    named: int
    corrected: int
    remaining: int
    new: int


@dataclass(frozen=True)
class CorrectedSince:
    """All rules of the tables that were checked in both drops."""

    earlier: str
    drop: str
    rules: tuple[RuleCorrected, ...]

    @property
    def named(self) -> int:
        """Problems that the list of the earlier drop named."""
        return sum(rule.named for rule in self.rules)

    @property
    def corrected(self) -> int:
        """Of these, the ones that no longer occur: corrected, or the row is gone."""
        return sum(rule.corrected for rule in self.rules)

    @property
    def remaining(self) -> int:
        """Of these, the ones that still occur."""
        return sum(rule.remaining for rule in self.rules)

    @property
    def new(self) -> int:
        """Problems that this drop's list names and that were none in the earlier drop."""
        return sum(rule.new for rule in self.rules)


COMPARED = """
    WITH counted AS (
        SELECT noun, rule, identity,
            count(*) FILTER (drop_id = $earlier AND listed) AS named,
            count(*) FILTER (drop_id = $earlier) AS failed_before,
            count(*) FILTER (drop_id = $drop AND listed) AS named_now,
            count(*) FILTER (drop_id = $drop) AS failing_now
        FROM known_named_problems WHERE list_contains($nouns::VARCHAR[], noun) GROUP BY ALL
    ), judged AS (
        -- A fault below its rule's tolerance is not named, and yet not corrected.
        SELECT *, least(named, failing_now) AS remaining, greatest(named_now - failed_before, 0) AS new FROM counted
    )
    SELECT noun, rule, sum(named), sum(named - remaining), sum(remaining), sum(new)
    FROM judged GROUP BY ALL HAVING sum(named) + sum(new) > 0 ORDER BY ALL
"""


def earlier_checks(site: PilotSite) -> History:
    """Return what had been found before the drop that is looked back at; nothing where today is looked at."""
    today = site.today
    if not site.workspace.as_of or not today.warehouse_file.exists():
        return {}
    with open_warehouse(today, read_only=True) as connection:
        there = [name for name in BY_DROP if has_table(connection, "quarantine", name)]
        drops = _checked(connection, "quarantine.checked") if there else []
        before = [drop for drop in drops if age_of(drop) < age_of(site.workspace.as_of)]
        query = "SELECT * FROM quarantine.{} WHERE list_contains($before::VARCHAR[], drop_id)"
        return {name: connection.execute(query.format(name), {"before": before}).fetchall() for name in there}


def corrected_since(connection: Any, history: History | None = None) -> CorrectedSince | None:
    """Compare the drop that the tables hold now with the one checked before it; None where there is none before."""
    if not (has_table(connection, "quarantine", "checked") and has_table(connection, "raw", "deliveries")):
        return None
    for name in BY_DROP:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE known_{name} AS SELECT * FROM quarantine.{name}")
        insert(connection, f"known_{name}", (history or {}).get(name, ()))
    pair = _drops(connection)
    if pair is None:
        return None
    earlier, drop = pair
    both = "SELECT noun FROM known_checked WHERE drop_id IN (?, ?) GROUP BY noun HAVING count(DISTINCT drop_id) = 2"
    nouns = [noun for (noun,) in connection.execute(both, [earlier, drop]).fetchall()]
    found = connection.execute(COMPARED, {"earlier": earlier, "drop": drop, "nouns": nouns}).fetchall()
    rules = tuple(RuleCorrected(noun, rule, *map(int, counts)) for noun, rule, *counts in found)
    return CorrectedSince(earlier, drop, rules)


def _drops(connection: Any) -> tuple[str, str] | None:
    """Return the present drop, as the raw tables have it, and the last one before it whose check is kept."""
    names = connection.execute("SELECT DISTINCT name FROM raw.deliveries").fetchall()
    checked = _checked(connection, "known_checked")
    drop = max((str(name) for (name,) in names), key=age_of, default="")
    before = [name for name in checked if name and age_of(name) < age_of(drop)]
    return (max(before, key=age_of), drop) if before and drop in checked else None


def _checked(connection: Any, table: str) -> list[str]:
    return [str(name) for (name,) in connection.execute(f"SELECT DISTINCT drop_id FROM {table}").fetchall()]
