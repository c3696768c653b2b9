"""Keeps, in the encrypted warehouse, what the checks of a table found: each problem, its rows, and a history by drop.

The rows of a noun are replaced whenever it is checked, published or refused. What is said of them belongs in
correction_list; what became of them by the next drop in corrected_since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.protocol.extracts import Extract
from pipelines.validation.corrections import READABLE_ID
from pipelines.validation.decide import Verdict
from pipelines.validation.problem_history import find_problems
from pipelines.validation.provider_words import Fields, extracts_for, fields_of, said_of
from pipelines.validation.result import CheckResult
from pipelines.validation.rule import Rule
from pipelines.warehouse import has_table, insert, transaction
from pipelines.workspace import PilotSite

TABLES = {
    "faults": "noun VARCHAR, position INTEGER, rule VARCHAR, field VARCHAR, words VARCHAR, said VARCHAR, "
    "decision VARCHAR, failed BIGINT, total BIGINT, columns VARCHAR, advice VARCHAR",
    "failing": "noun VARCHAR, rule VARCHAR, row_key VARCHAR, source_file VARCHAR, source_row BIGINT, field VARCHAR, "
    "drop_id VARCHAR",
    "named_problems": "noun VARCHAR, drop_id VARCHAR, rule VARCHAR, identity VARCHAR, listed BOOLEAN",
    "checked": "noun VARCHAR, drop_id VARCHAR, refused BOOLEAN, total BIGINT",
}
BY_DROP = ("named_problems", "checked")
"""These keep what was found in earlier drops; the others hold the last check only."""
OF_INCREMENT = "regexp_extract(s.source_file, '^([0-9]{4}-[0-9]{2}-[0-9]{2}[^/]*)/(.+)$', ['drop', 'file'])"
"""Files of increments are called by their drop as well, for their rows stand in later drops too."""
SET_ASIDE_ID = "person_not_set_aside"
"""Rule of the tables whose rows go where their person's row of the case file goes."""
NOT_NULL = "expect_column_values_to_not_be_null"


def find(
    connection: Any, site: PilotSite, noun: str, rules: Sequence[Rule], results: Sequence[CheckResult], verdict: Verdict
) -> None:
    """Put what the checks of staging.<noun> found into temporary tables, to be kept in the transaction that follows."""
    for name, definition in TABLES.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE found_{name} ({definition})")
    asked = {rule.id: rule for rule in rules}
    fields = {name: fields_of(site, noun, rule) for name, rule in asked.items()}
    _find_rows(connection, noun, extracts_for(site, noun), results, asked, fields)
    drop = drop_of(connection, noun)
    total = connection.execute(f"SELECT count(*) FROM staging.{noun}").fetchone()[0]
    insert(connection, "found_checked", [(noun, drop, not verdict.publish, total)])
    faults = [
        fault
        for one in results
        if one.decision != "publish"
        for fault in said_of(connection, site, noun, asked[one.rule], one, fields[one.rule])
    ]
    insert(connection, "found_faults", [(noun, place, *fault) for place, fault in enumerate(faults, start=1)])
    find_problems(connection, site, noun, drop, results)


def keep(connection: Any, noun: str) -> None:
    """Replace what is kept of a noun by what was found; call it inside a transaction."""
    for name, columns in TABLES.items():
        connection.execute(f"CREATE TABLE IF NOT EXISTS quarantine.{name} ({columns})")
        same = f"DELETE FROM quarantine.{name} WHERE noun = '{noun}'"
        this_drop = " AND drop_id IN (SELECT drop_id FROM found_checked)" if name in BY_DROP else ""
        connection.execute(same + this_drop)
        connection.execute(f"INSERT INTO quarantine.{name} SELECT * FROM found_{name}")


def keep_refused(connection: Any, noun: str) -> None:
    """Keep what was found in a table that was not published, in a transaction of its own."""
    with transaction(connection):
        keep(connection, noun)


def drop_of(connection: Any, noun: str) -> str:
    """Return the newest drop that the rows of a table came from."""
    source = "cases" if noun == "outcomes" else noun
    if not has_table(connection, "raw", "deliveries"):
        return ""
    found = connection.execute("SELECT name FROM raw.deliveries WHERE noun = ?", [source]).fetchone()
    return str(found[0]) if found else ""


def _find_rows(
    connection: Any,
    noun: str,
    extracts: Mapping[str, Extract],
    results: Sequence[CheckResult],
    asked: Mapping[str, Rule],
    fields: Mapping[str, Fields],
) -> None:
    """Find the rows to be corrected; a fault that only follows from another one is not the provider's to correct."""
    connection.execute("CREATE OR REPLACE TEMP TABLE failing_keys (rule VARCHAR, field VARCHAR, row_key VARCHAR)")
    keys = [(one.rule, ", ".join(fields[one.rule]), key) for one in results for key in one.row_keys]
    insert(connection, "failing_keys", keys)
    required = {rule.id: rule.columns[0] for rule in asked.values() if rule.expectation == NOT_NULL}
    missing = " ".join(f"WHEN '{rule}' THEN '{column}'" for rule, column in required.items())
    unread = f"list_contains(string_split(s.unreadable, ','), CASE k.rule {missing} END)" if required else "false"
    increments = any(extract.delivery == "increments" for extract in extracts.values())
    increment = OF_INCREMENT if increments else "{'drop': '', 'file': ''}"
    # A row may hold several values that cannot be read: each is a problem of its own.
    connection.execute(f"""
        INSERT INTO found_failing
        SELECT '{noun}', k.rule, k.row_key,
            coalesce(nullif({increment}.file, ''), s.source_file), s.source_row,
            unnest(CASE WHEN k.rule = '{READABLE_ID}' THEN string_split(s.unreadable, ',') ELSE [k.field] END),
            coalesce(nullif({increment}.drop, ''), s.drop_id)
        FROM staging.{noun} s JOIN failing_keys k USING (row_key)
        WHERE NOT coalesce({unread}, false) AND k.rule <> '{SET_ASIDE_ID}'
    """)
