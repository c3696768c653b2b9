"""Keeps, in the encrypted warehouse, what the checks of a table found: each problem, its rows, and a history by drop.

The rows of a noun are replaced whenever it is checked, published or refused. What is said of them belongs in
correction_list; what became of them by the next drop in corrected_since.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.ingest.headers import tidy
from pipelines.protocol.extracts import FIELDS, Extract
from pipelines.validation.corrections import READABLE_ID
from pipelines.validation.decide import Verdict
from pipelines.validation.result import CheckResult
from pipelines.validation.rule import Rule
from pipelines.validation.speech import failed_words
from pipelines.warehouse import columns_of, has_table, insert, named, transaction
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
PEOPLE = ("cases", "consents", "outcomes")
"""Tables in which a person has one row (and one for each outcome)."""
PERSON_KNOWN_ID = "person_known"
"""Rule of the tables whose rows belong to people of the case file."""
NOT_NULL = "expect_column_values_to_not_be_null"
OWN_KEYS = {"documents": ("document_key",), "codings": ("coding_key",), "outcomes": ("outcome",)}
WHENCE = ("row_key", "source_file", "source_row", "drop_id", "received_at", "extract", "unreadable")
"""Columns that tell where a row stood: in the next drop the same row stands elsewhere."""


def find(
    connection: Any, site: PilotSite, noun: str, rules: Sequence[Rule], results: Sequence[CheckResult], verdict: Verdict
) -> None:
    """Put what the checks of staging.<noun> found into temporary tables, to be kept in the transaction that follows."""
    for name, definition in TABLES.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE found_{name} ({definition})")
    asked = {rule.id: rule for rule in rules}
    fields = {name: _fields(site, noun, rule) for name, rule in asked.items()}
    _find_rows(connection, noun, results, asked, fields)
    drop = drop_of(connection, noun)
    total = connection.execute(f"SELECT count(*) FROM staging.{noun}").fetchone()[0]
    insert(connection, "found_checked", [(noun, drop, not verdict.publish, total)])
    faults = [
        fault
        for one in results
        if one.decision != "publish"
        for fault in _faults(connection, site, noun, asked[one.rule], one, fields[one.rule])
    ]
    insert(connection, "found_faults", [(noun, place, *fault) for place, fault in enumerate(faults, start=1)])
    _find_problems(connection, site, noun, drop, results)


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
    found = connection.execute("SELECT name FROM raw.deliveries WHERE noun = ?", [source]).fetchall()
    return max((str(name) for (name,) in found), key=age, default="")


def age(drop: str) -> list[tuple[int, str]]:
    """Return what drops are ordered by: of one day, -2 comes before -10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", drop)]


def _fields(site: PilotSite, noun: str, rule: Rule) -> tuple[str, ...]:
    """Return the fields that a rule is about: those it names, or those that its SQL reads and some file has."""
    words = rule.columns or re.findall(r"[a-z_]+", str(rule.arguments.get("sql", "")))
    mapped = {field for extract in extracts_for(site, noun).values() for field in extract.columns}
    fields = ("person" if word == "person_key" else word for word in words)
    return tuple(dict.fromkeys(field for field in fields if field in mapped))


def extracts_for(site: PilotSite, noun: str) -> dict[str, Extract]:
    """Return the extracts that a table is made from."""
    return site.protocol.extracts_of("cases" if noun == "outcomes" else noun, site.site)


def headers(site: PilotSite, noun: str, fields: Sequence[str]) -> str:
    """Return the columns of the file that hold some fields, in the provider's words."""
    specs = [
        extract.columns[field]
        for field in fields
        for extract in extracts_for(site, noun).values()
        if field in extract.columns
    ]
    return ", ".join(dict.fromkeys(tidy(name) for spec in specs for name in (spec.column, *spec.also)))


def _find_rows(
    connection: Any, noun: str, results: Sequence[CheckResult], asked: Mapping[str, Rule], fields: Mapping[str, Fields]
) -> None:
    """Find the rows to be corrected; a fault that only follows from another one is not the provider's to correct."""
    connection.execute("CREATE OR REPLACE TEMP TABLE failing_keys (rule VARCHAR, field VARCHAR, row_key VARCHAR)")
    keys = [(one.rule, ", ".join(fields[one.rule]), key) for one in results for key in one.row_keys]
    insert(connection, "failing_keys", keys)
    required = {rule.id: rule.columns[0] for rule in asked.values() if rule.expectation == NOT_NULL}
    missing = " ".join(f"WHEN '{rule}' THEN '{column}'" for rule, column in required.items())
    unread = f"list_contains(string_split(s.unreadable, ','), CASE k.rule {missing} END)" if required else "false"
    # A row may hold several values that cannot be read: each is a problem of its own.
    connection.execute(f"""
        INSERT INTO found_failing
        SELECT '{noun}', k.rule, k.row_key, s.source_file, s.source_row,
            unnest(CASE WHEN k.rule = '{READABLE_ID}' THEN string_split(s.unreadable, ',') ELSE [k.field] END),
            s.drop_id
        FROM staging.{noun} s JOIN failing_keys k USING (row_key)
        WHERE NOT coalesce({unread}, false) AND NOT ({_set_aside_with_their_person(connection, noun)})
    """)


def _set_aside_with_their_person(connection: Any, noun: str) -> str:
    """Return the condition that the person of a row is in the case file after all, and only that row is set aside."""
    if noun == "cases" or "person_key" not in _columns(connection, noun) or not has_table(connection, "raw", "cases"):
        return "false"
    delivered = "SELECT person_key FROM raw.cases WHERE person_key IS NOT NULL"
    return f"k.rule = '{PERSON_KNOWN_ID}' AND coalesce(s.person_key IN ({delivered}), false)"


def _columns(connection: Any, noun: str) -> list[str]:
    return [name for name, _ in columns_of(connection, f"staging.{noun}")]


Fields = tuple[str, ...]
Fault = tuple[str, str, str, str, str, int, int, str, str]


def _faults(
    connection: Any, site: PilotSite, noun: str, rule: Rule, result: CheckResult, fields: Sequence[str]
) -> list[Fault]:
    """Return what the list says of a failed rule; its counts are exact, for the rows are the provider's own."""
    if rule.id == READABLE_ID:
        return [_unreadable(site, noun, rule, result, *found) for found in _unreadable_fields(connection)]
    failed = _failing(connection, rule.id) if rule.level == "row" else result.failed
    if rule.level == "row" and not failed:
        return []
    said = failed_words(rule.failed, failed, result.total, result.limit, 0)
    name, columns = ", ".join(fields), headers(site, noun, fields)
    return [(rule.id, name, rule.words, said, result.decision, failed, result.total, columns, rule.advice)]


def _failing(connection: Any, rule: str) -> int:
    """Return how many rows break a rule of themselves, and not because of another fault."""
    query = "SELECT count(DISTINCT row_key) FROM found_failing WHERE rule = ?"
    return int(connection.execute(query, [rule]).fetchone()[0])


def _unreadable_fields(connection: Any) -> list[tuple[str, int]]:
    query = f"SELECT field, count(*) FROM found_failing WHERE rule = '{READABLE_ID}' GROUP BY ALL ORDER BY ALL"
    return [(str(field), int(count)) for field, count in connection.execute(query).fetchall()]


def _unreadable(site: PilotSite, noun: str, rule: Rule, result: CheckResult, field: str, count: int) -> Fault:
    column = headers(site, noun, (field,)) or field
    template = (
        "{failed} of {total} rows ({share}) hold a value in the column " + _braced(column) + " that cannot be read"
    )
    said = failed_words(template, count, result.total, result.limit, 0)
    specs = [e.columns[field] for e in extracts_for(site, noun).values() if field in e.columns]
    codes = list(dict.fromkeys(code for spec in specs for code in spec.codes))
    if field == "arm" and site.protocol.arms and not codes:
        codes = [*site.protocol.arms.treatment.codes, *site.protocol.arms.comparison.codes]
    formats = list(dict.fromkeys(spec.format for spec in specs if spec.format))
    hints = [f"Codes that can be read: {', '.join(codes)}."] if codes else []
    hints += [f"Dates are expected as {' or '.join(formats)}."] if formats else []
    advice = " ".join(["Correct the values in these rows, or tell us what they mean.", *hints])
    return (rule.id, field, rule.words, said, result.decision, count, result.total, column, advice)


def _braced(text: str) -> str:
    """Return a text that a template leaves as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def _find_problems(connection: Any, site: PilotSite, noun: str, drop: str, results: Sequence[CheckResult]) -> None:
    """Give each failing row an identity by which the next drop's check will know it again."""
    insert(
        connection,
        "found_named_problems",
        [
            (noun, drop, one.rule, "the table", True)
            for one in results
            if one.level == "table" and one.decision != "publish"
        ],
    )
    listed = [one.rule for one in results if one.level == "row" and one.decision != "publish"]
    connection.execute(
        f"""
        INSERT INTO found_named_problems
        SELECT '{noun}', $drop, f.rule, md5(concat_ws('|', {_identity(connection, site, noun)},
            CASE WHEN f.rule = '{READABLE_ID}' THEN f.field END)), list_contains($listed::VARCHAR[], f.rule)
        FROM found_failing f JOIN staging.{noun} s USING (row_key)
        """,
        {"drop": drop, "listed": listed},
    )


def _identity(connection: Any, site: PilotSite, noun: str) -> str:
    """Return what stays the same of a row while its fault is corrected: whose it is, and of what day.

    Rows of nobody are known by all that they hold.
    """
    there = _columns(connection, noun)
    chosen = [key for extract in extracts_for(site, noun).values() for key in extract.key]
    days = [field for field, kind in FIELDS.get(noun, {}).items() if kind == "date"] if noun not in PEOPLE else []
    own = [name for name in dict.fromkeys((*OWN_KEYS.get(noun, ()), *(chosen or days))) if name in there]
    whole = [name for name in there if name not in WHENCE]
    if "person_key" not in there:
        return _joined(own or whole)
    return f"CASE WHEN s.person_key IS NULL THEN {_joined(whole)} ELSE {_joined(['person_key', *own])} END"


def _joined(names: Sequence[str]) -> str:
    return f"concat_ws('|', {', '.join(f's.{named(name)}::VARCHAR' for name in names)})"
