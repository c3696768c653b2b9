"""What makes reading and checking fast changes no row, no count and no key: each short cut beside the long way."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from pipelines.ingest.plain_text import LF, Piece, _has_other_signs
from pipelines.ingest.pseudonyms import PLAIN_ONLY, plain_sql, prepare, pseudonym, pseudonym_sql
from pipelines.ingest.storing import LAYOUT, PEOPLE
from pipelines.protocol import Protocol, load_text
from pipelines.validation import Rule, load_rules, run_rules, unique
from pipelines.validation.compile import compile_rule
from pipelines.validation.copies import set_copies_apart
from pipelines.validation.pattern_rules import _in_five, _whole, pattern_rules
from pipelines.warehouse import replace_table, table_hash, write_table

KEY = bytes(range(32))
IDENTIFIERS = [
    "P1",
    " p1",
    "P1 ",
    "  P1  ",
    "a b",
    "A B ",
    "00012",
    "~",
    "!",
    "n/a",
    "'",
    "%_",
    "x" * 300,
    "o'n-1",
    "{}",
]
BLANKS = [
    None,
    "",
    " ",
    "   ",
    "\u00a0",
    "\u200b",
    "\t",
    "\ufeff",
    "\x7f",
    "é",
    " é",
    "!",
    "~",
    "\u00a0x",
    "0",
    "\u2003",
]
PLAN = """
pilot: x
title: X
question: Q
concept: {name: x}
sites: {a: {title: A}}
population: {description: people}
intervention: {name: x}
arms: {treatment: {title: T, codes: [T]}, comparison: {title: C, codes: [C]}}
outcomes: {y: {title: Y, type: binary, better: higher, value: y}}
covariates: {age: {title: Age}, size: {title: Size}}
extracts: {people: {noun: cases, file: c.csv, columns: {person: p, arm: a, age: g, size: s, y: y}}}
"""


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS warehouse; CREATE SCHEMA warehouse.staging; USE warehouse")
        yield connection


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return load_text(PLAN)


def test_pseudonyms_in_sql_are_those_of_python(connection) -> None:
    prepare(connection, KEY)
    connection.execute("CREATE TABLE who AS SELECT unnest(?) AS x", [IDENTIFIERS])
    left_out = f"regexp_matches(x, '{PLAIN_ONLY}')"
    found = connection.execute(f"SELECT x, {pseudonym_sql(plain_sql('x'))} FROM who WHERE NOT {left_out}").fetchall()
    assert len(found) == len(IDENTIFIERS) - 2  # two blanks in a row and a quote in front are for Python
    assert dict(found) == {x: pseudonym(KEY, x) for x, _ in found}


def test_a_row_that_holds_nothing_is_told_as_before(connection) -> None:
    begins, held = "x >= '!' AND x < chr(127)", "x <> '' AND trim(x) <> ''"
    connection.execute("CREATE TABLE who AS SELECT unnest(?) AS x", [BLANKS])
    now, before = f"CASE WHEN {begins} OR ({held}) THEN 1 ELSE 2 END", f"CASE WHEN {held} THEN 1 ELSE 2 END"
    assert connection.execute(f"SELECT count(*) FROM who WHERE {now} <> {before}").fetchone() == (0,)


def test_people_are_counted_by_the_bits_of_their_pseudonyms(connection) -> None:
    keys = [pseudonym(KEY, str(n % 700)) for n in range(2000)] + [None, "f" * 32, "0" * 32]
    connection.execute("CREATE TABLE who AS SELECT unnest(?) AS person_key", [keys])
    assert connection.execute(f"SELECT {PEOPLE}, count(DISTINCT person_key) FROM who").fetchone() == (702, 702)


def test_a_table_is_the_same_however_its_keys_are_packed(connection) -> None:
    select = (
        "SELECT 'c.csv#' || i AS row_key, md5(i::VARCHAR) AS person_key, i / 3 AS x, $s AS site FROM range(5000) t(i)"
    )
    replace_table(connection, "staging.one", select, {"s": "a"})
    write_table(connection, "staging.other", select, {"s": "a"})
    assert table_hash(connection, "staging.one") == table_hash(connection, "staging.other")


def test_a_part_fits_the_groups_of_a_table_made_from_it(connection, tmp_path: Path) -> None:
    """A part with groups just over DuckDB's own would be written twice: once with slivers, once without them."""
    made, part = tmp_path / "made.csv", tmp_path / "part.parquet"
    connection.execute(f"COPY (SELECT i AS a, i % 7 AS b FROM range(500000) t(i)) TO '{made}' (HEADER)")
    read = f"read_csv('{made}', header = true, all_varchar = true)"
    connection.execute(f"COPY (FROM {read}) TO '{part}' (FORMAT parquet, {LAYOUT})")
    (most,) = connection.execute(f"SELECT max(row_group_num_rows) FROM parquet_metadata('{part}')").fetchone()
    assert 100_000 < most <= 122_880
    assert connection.execute(f"SELECT count(*) FROM (FROM {read} EXCEPT ALL FROM '{part}')").fetchone() == (0,)


# ---- two rows of one person ------------------------------------------------------------------------------------------

NASTY = [None, "", "a", "A", "a ", "é", "e\u0301", "ß", "same length", "diff length"]


@pytest.mark.parametrize("of_hash", ["hash(", "length(", "octet_length(encode("])
def test_rows_that_only_share_a_hash_are_not_the_same(connection, of_hash: str) -> None:
    rows = [(f"r{n}", random.Random(n).choice(NASTY)) for n in range(60)]
    connection.execute("CREATE TABLE staging.t (row_key VARCHAR, t VARCHAR)")
    connection.executemany("INSERT INTO staging.t VALUES (?, ?)", rows)
    asked = compile_rule(unique("t"), "row_key", "staging.t", "staging")
    closing = ")" if of_hash.count("(") == 1 else "))"
    keys = asked.keys.replace('hash("t")', f'{of_hash}"t"{closing}')
    held = Counter(value for _, value in rows if value is not None)
    expected = sorted(key for key, value in rows if held.get(value, 0) > 1)
    assert sorted(key for (key,) in connection.execute(keys).fetchall()) == expected


def test_floats_that_are_equal_share_a_hash(connection) -> None:
    values = (
        "VALUES ('a', 0.0::DOUBLE), ('b', -0.0::DOUBLE), ('c', 'nan'), ('d', '-nan'), "
        "('e', 1), ('f', NULL), ('g', NULL)"
    )
    connection.execute(f"CREATE TABLE staging.t AS SELECT * FROM ({values}) v(row_key, x)")
    (result,) = run_rules(connection, "warehouse.staging.t", [unique("x")])
    assert result.row_keys == ("a", "b", "c", "d")


def test_people_in_both_groups_are_found_as_by_comparing_all(connection) -> None:
    draw = random.Random(5)
    rows = [
        (f"r{n}", draw.choice([None, *"abcdefghij"]), draw.choice(["treatment", "comparison", None])) for n in range(40)
    ]
    connection.execute("CREATE TABLE staging.t (row_key VARCHAR, person_key VARCHAR, arm VARCHAR)")
    connection.executemany("INSERT INTO staging.t VALUES (?, ?, ?)", rows)
    rule = next(one for one in load_rules("cases") if one.id == "one_arm")
    arms: dict[str, set[str]] = {}
    for _, person, arm in rows:
        if person and arm:
            arms.setdefault(person, set()).add(arm)
    expected = {key for key, person, _ in rows if len(arms.get(person or "", ())) == 2}
    (result,) = run_rules(connection, "warehouse.staging.t", [rule])
    assert expected
    assert set(result.row_keys) == expected


def people_rules_of_cases() -> list[Rule]:
    """Return the rules that are not asked where nobody has two rows."""
    return [one for one in load_rules("cases") if one.among == "person_key" or one.columns == ("person_key",)]


def a_person_each(connection, repeated: bool) -> None:
    draw = random.Random(11)
    people = [draw.choice("abcdef") if repeated else (None if n % 7 == 0 else f"p{n}") for n in range(40)]
    rows = [(f"r{n}", person, draw.choice(["treatment", "comparison", "?", None])) for n, person in enumerate(people)]
    connection.execute("CREATE TABLE staging.t (row_key VARCHAR, person_key VARCHAR, arm VARCHAR)")
    connection.executemany("INSERT INTO staging.t VALUES (?, ?, ?)", rows)


def test_what_only_shared_people_can_fail_is_the_same_unasked_where_none_are_shared(connection) -> None:
    a_person_each(connection, repeated=False)
    rules = people_rules_of_cases()
    assert {rule.id for rule in rules} == {"person_present", "person_unique", "one_arm"}
    asked = run_rules(connection, "warehouse.staging.t", rules)
    assert run_rules(connection, "warehouse.staging.t", rules, distinct=("person_key",)) == asked
    assert next(one for one in asked if one.rule == "person_present").failed == 6, "no rule about one row is left out"


def test_another_column_that_is_distinct_leaves_every_rule_asked(connection) -> None:
    a_person_each(connection, repeated=True)
    rules = people_rules_of_cases()
    asked = run_rules(connection, "warehouse.staging.t", rules)
    assert {one.rule: one.failed > 0 for one in asked} == {
        "person_present": False,
        "person_unique": True,
        "one_arm": True,
    }
    assert run_rules(connection, "warehouse.staging.t", rules, distinct=("row_key",)) == asked


@pytest.mark.parametrize(("people", "alone"), [("abc", True), ("aba", False), ((None, None, "a"), True)])
def test_nobody_is_alone_beside_a_second_row_of_theirs(connection, people, alone: bool) -> None:
    connection.execute("CREATE SCHEMA warehouse.validated; CREATE SCHEMA warehouse.raw")
    columns = (
        "row_key VARCHAR, person_key VARCHAR, age VARCHAR, source_file VARCHAR, source_row BIGINT, drop_id VARCHAR"
    )
    for table in ("raw.cases", "validated.cases_staged"):
        connection.execute(f"CREATE TABLE {table} ({columns})")
        rows = [(f"r{n}", person, str(n), "c.csv", n, "2026-01-01") for n, person in enumerate(people)]
        connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.execute("CREATE VIEW staging.cases AS FROM validated.cases_staged")
    assert set_copies_apart(connection, "cases") is alone
    assert connection.execute("SELECT count(*) FROM staging.cases").fetchone() == (3,), "different rows are no copies"


@pytest.mark.parametrize("value", ["13", "15", "14.9999999", "1125899906842620", "1125899906842623", "'inf'", "'nan'"])
def test_a_number_in_fives_is_told_without_its_remainder(connection, value: str) -> None:
    whole = "CASE WHEN x = floor(x) AND isfinite(x) THEN x % 5 = 0 END"
    now = f"CASE WHEN {_whole('x')} THEN {_in_five('x')} END"
    same = connection.execute(f"SELECT ({whole}) IS NOT DISTINCT FROM ({now}) FROM (SELECT {value}::DOUBLE AS x)")
    assert same.fetchone() == (True,)


# ---- patterns --------------------------------------------------------------------------------------------------------


def rounded(values: list[float]) -> bool:
    """Whipple's index, value by value."""
    given = [v for v in values if v is not None and v >= 13]
    whole = [v for v in given if math.isfinite(v) and v == math.floor(v)]
    n, fives = len(whole), sum(v % 5 == 0 for v in whole)
    if n < 100 or n < 0.9 * len(given) or max(whole) - min(whole) < 20:
        return False
    return fives / n >= 0.35 and fives / n - 0.2 > 3 * math.sqrt(0.16 / n)


def lacking(rows: list[tuple[str | None, float | None]], limit: float) -> bool:
    n, m = ({a: sum(w(v) for arm, v in rows if arm == a) for a in ARMS} for w in (lambda _: 1, lambda v: v is None))
    if not all(n.values()):
        return False
    p, d = sum(m.values()) / sum(n.values()), abs(m["treatment"] / n["treatment"] - m["comparison"] / n["comparison"])
    return d > limit + 1e-12 and d > 1.959964 * math.sqrt(p * (1 - p) * sum(1 / one for one in n.values()))


ARMS = ("treatment", "comparison")


def late(day: dt.date) -> bool:
    following = dt.date(day.year + day.month // 10, (day.month - 1) // 3 * 3 % 12 + 4 if day.month < 10 else 1, 1)
    return day >= following - dt.timedelta(days=7)


def bunched(days: list[dt.date | None]) -> bool:
    known = [day for day in days if day]
    if len(known) < 100 or (max(known) - min(known)).days < 180:
        return False
    every = [min(known) + dt.timedelta(days=k) for k in range((max(known) - min(known)).days + 1)]
    s, e = sum(map(late, known)) / len(known), sum(map(late, every)) / len(every)
    return s > 1.5 * e and s - e > 3 * math.sqrt(e * (1 - e) / len(known))


def table(seed: int) -> list[tuple]:
    draw = random.Random(seed)
    step, gap, tilt = draw.choice([1, 1, 5, 0.5]), draw.choice([0, 0.1]), draw.choice([0, 0.15, 0.4])
    kinds = draw.choice([[*ARMS], [*ARMS, None], ["treatment"], [None]])
    start, crowd = dt.date(2024, 1, 1), draw.choice([0, 0.3])
    rows = []
    for n in range(draw.choice([0, 60, 400])):
        arm = draw.choice(kinds)
        age = None if draw.random() < gap else draw.choice([step * draw.randint(0, 90), float(draw.randint(0, 90))])
        size = (
            None
            if arm == "treatment" and draw.random() < tilt
            else draw.choice([math.inf, 13.0, 12.0, 40.0, 14.5, -5.0])
        )
        day = start + dt.timedelta(days=draw.randint(0, 400))
        crowded = dt.date(2024, draw.choice([3, 6, 9, 12]), 28) if draw.random() < crowd else day
        rows.append((f"r{n}", arm, age, size, crowded, None if draw.random() < 0.5 else day))
    return rows


def named_by(rules: list[Rule], connection) -> dict[str, set[str]]:
    """Return which fields each rule names."""
    return {
        one.id: {
            key for (key,) in connection.execute(compile_rule(one, "row_key", "staging.t", "staging").keys).fetchall()
        }
        for one in rules
    }


@pytest.mark.parametrize("seed", range(24))
def test_patterns_are_those_of_a_reckoning_value_by_value(connection, protocol: Protocol, seed: int) -> None:
    rows = table(seed)
    columns = "row_key VARCHAR, arm VARCHAR, age DOUBLE, size DOUBLE, referral_date DATE, start_date DATE"
    connection.execute(f"CREATE TABLE staging.t ({columns})")
    if rows:
        connection.executemany("INSERT INTO staging.t VALUES (?, ?, ?, ?, ?, ?)", rows)
    wanted = ("digits_not_rounded", "missing_by_arm", "dates_not_bunched")
    found = named_by([one for one in pattern_rules(protocol, "cases") if one.id in wanted], connection)
    by_name = {"age": 2, "size": 3}
    limit = protocol.limits.missing_by_arm
    assert found == {
        "digits_not_rounded": {name for name, at in by_name.items() if rounded([row[at] for row in rows])},
        "missing_by_arm": {name for name, at in by_name.items() if lacking([(r[1], r[at]) for r in rows], limit)},
        "dates_not_bunched": {
            name for name, at in (("referral_date", 4), ("start_date", 5)) if bunched([row[at] for row in rows])
        },
    }


def test_the_tables_of_the_patterns_have_some_of_each() -> None:
    """Else the comparison above would compare nothing."""
    tables = [table(seed) for seed in range(24)]
    assert any(rounded([row[2] for row in rows]) for rows in tables)
    assert any(lacking([(row[1], row[3]) for row in rows], 0.05) for rows in tables)
    assert any(bunched([row[4] for row in rows]) for rows in tables)
    assert len({rounded([row[2] for row in rows]) for rows in tables}) == 2


def test_signs_are_found_by_their_first_letters() -> None:
    """Words are looked for only where a row begins with their first letter; none that the long way finds is missed."""
    generator = random.Random(7)
    seen: Counter[bool] = Counter()
    for delimiter in b",;|:-'":
        words = (
            b"'%c'" % delimiter,
            b'=""',
            b"\n--",
            b"\n==",
            b'\n"--',
            b"\n:-",
            b"\n%c--" % delimiter,
            b"\n%c -" % delimiter,
        )
        letters = (b"\n", b"-", b"=", b":", b'"', b"'", b" ", b"a", b"%c" % delimiter)
        for _ in range(500):
            content = b"".join(generator.choices((*letters, *letters, *words), k=generator.randint(1, 5)))
            piece = Piece(b"\n\n" + content + generator.choice(letters))
            found = _has_other_signs(content, piece, piece.are(LF), delimiter)
            assert found == any(word in content for word in words)
            seen[found] += 1
    assert min(seen.values()) > 500
