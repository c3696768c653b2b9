"""Rules about whole tables: who is missing by group, how much came since the last drop, digits and dates that cluster.

What belongs here: table rules that speak of fields, never of rows; each states its formula and its source. They warn
or note and never stop a table, because a pattern is a reason to ask and no proof of a fault.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.protocol import Protocol
from pipelines.sql_text import named, quoted
from pipelines.validation.rule import Rule

CHANCE = 1.959964
"""Standard normal quantile of a two-sided 5% test: for one warning about a group difference."""
STRICT = 3.0
"""Quantile for notes on digits and dates, which look at many fields in every drop."""
FEWEST = 100
"""Fewest values of which a pattern is looked for; it also keeps a note from speaking of few people."""
FEWEST_ROWS = 10
"""Fewest rows of an earlier drop from which a change in volume is judged."""
GROWTH = 5
"""Times by which a file may grow from one drop to the next."""
ROUGH = 1.75
"""Whipple's index above which the United Nations call ages 'very rough', as a multiple of what no preference gives."""
IN_FIVES = 0.95
"""Share of values in fives from which minutes or pounds are taken to be recorded in steps of five."""
BUNCHED = 1.5
"""Times the expected share of quarter ends above which dates are noted."""
LONG_ENOUGH = 180
"""Days that dates must span: within one quarter the intake of a single week would always stand out."""


def pattern_rules(protocol: Protocol, noun: str) -> list[Rule]:
    """Return the rules about patterns that a protocol asks for."""
    rules = [*_missing_rules(protocol, noun), *_digit_rules(protocol, noun)]
    rules += [_bunching()] if noun == "cases" else []
    return [*rules, *_volume_rules(protocol, noun)]


def _structs(figures: Mapping[str, Mapping[str, str]]) -> str:
    """Return a list of structs, one of each field's figures, to be unnested."""
    each = (
        ", ".join([f"'field': '{quoted(field)}'", *(f"'{name}': {sql}" for name, sql in of_field.items())])
        for field, of_field in figures.items()
    )
    return "[" + ", ".join(f"{{{one}}}" for one in each) + "]"


def _missing_rules(protocol: Protocol, noun: str) -> list[Rule]:
    if not protocol.arms:
        return []
    limit = protocol.limits.missing_by_arm
    if noun == "cases" and protocol.covariates:
        missing = {key: f"{named(key)} IS NULL" for key in protocol.covariates}
        return [_missing_by_arm(missing, "{table}", limit, {key: c.title for key, c in protocol.covariates.items()})]
    primary = {key: one.title for key, one in protocol.outcomes.items() if one.tier == "primary"}
    if noun == "outcomes" and primary:
        joined = "{table} AS r JOIN (SELECT person_key, arm FROM {schema}.cases) AS c ON c.person_key = r.person_key"
        missing = {key: f"CASE WHEN outcome = '{key}' THEN coalesce(value, time) IS NULL END" for key in primary}
        return [_missing_by_arm(missing, joined, limit, primary)]
    return []


def _missing_by_arm(missing: Mapping[str, str], source: str, limit: float, names: Mapping[str, str]) -> Rule:
    """Return the rule on differential missingness.

    The share missing in each group, their difference d, and z = d / sqrt(p (1 - p) (1/n1 + 1/n0)) with the pooled
    share p: the normal approximation of the test of two proportions (Fleiss, Levin & Paik 2003, section 3.2), good
    enough to decide whether to ask. A condition that is NULL (another outcome's row) is counted in neither share.
    """
    arms = {
        "1": "any_value({0}) FILTER (WHERE arm = 'treatment')",
        "0": "any_value({0}) FILTER (WHERE arm = 'comparison')",
    }
    figures = {
        field: {
            f"{name}{arm}": f"coalesce({of_arm.format(f'{name}_{place}')}, 0)"
            for arm, of_arm in arms.items()
            for name in ("n", "m")
        }
        for place, field in enumerate(missing)
    }
    counts = ", ".join(
        f"count({condition}) AS n_{place}, count(*) FILTER (WHERE {condition}) AS m_{place}"
        for place, condition in enumerate(missing.values())
    )
    by_arm = f"(SELECT arm, {counts} FROM {source} GROUP BY arm)"
    sql = f"""
        SELECT f.field AS row_key
        FROM (SELECT *, (f.m1 + f.m0) / (f.n1 + f.n0) AS p, abs(f.m1 / f.n1 - f.m0 / f.n0) AS d
              FROM (SELECT unnest({_structs(figures)}) AS f FROM {by_arm}) WHERE f.n1 > 0 AND f.n0 > 0)
        WHERE d > {limit!r} + 1e-12 AND d > {CHANCE} * sqrt(p * (1 - p) * (1 / f.n1 + 1 / f.n0))
    """
    return Rule(
        id="missing_by_arm",
        expectation="unexpected_rows",
        arguments={"sql": sql, "names": dict(names)},
        severity="warn",
        level="table",
        needs=("{schema}.cases",) if "{schema}" in source else (),
        words="About as much is missing in one group as in the other",
        failed="More is missing in one group than in the other, beyond chance: {named}.",
        advice="Ask how these values are collected in each group, and for the missing ones.",
        why="Where one group is asked less often, those who are known differ between the groups for that reason alone.",
    )


def _digit_rules(protocol: Protocol, noun: str) -> list[Rule]:
    """Return the rule on rounded numbers of a noun, if it has numbers."""
    if noun == "cases":
        numbers = {key: one.title for key, one in protocol.covariates.items() if one.type == "number"}
        return [_not_rounded({key: named(key) for key in numbers}, numbers, in_fives=False)] if numbers else []
    if noun == "outcomes":
        counted = {k: o.title for k, o in protocol.outcomes.items() if o.type in ("continuous", "count")}
        values = {key: f"CASE WHEN outcome = '{key}' THEN value END" for key in counted}
        return [_not_rounded(values, counted, in_fives=False)] if counted else []
    own = {"contacts": ("minutes", "minutes"), "spend": ("amount", "amounts")}.get(noun)
    return [_not_rounded({own[0]: own[0]}, {own[0]: own[1]}, in_fives=True)] if own else []


def _not_rounded(values: Mapping[str, str], names: Mapping[str, str], *, in_fives: bool) -> Rule:
    """Return the rule on digit preference.

    Whipple's index as a ratio: the share of whole numbers that end in 0 or 5, divided by the fifth that they would be
    without preference (Shryock, Siegel & Associates 1976, The Methods and Materials of Demography, chapter 8; the
    United Nations call ages very rough from 1.75 on). Counted from 13 on, so that each block of five has its round
    number in the middle and a distribution that falls evenly gives 1; only where nine in ten values are whole and they
    span 20; and beyond chance, z = (share - 1/5) / sqrt(4/25 / n) > 3. Minutes and pounds that are nearly all in fives
    are recorded in steps of five, which is their scale and no preference.
    """
    figures = {
        field: {
            "given": f"count(value_{place})",
            "n": f"count(whole_{place})",
            "fives": f"coalesce(sum({_in_five(f'whole_{place}')}::INTEGER), 0)::BIGINT",
            "low": f"min(whole_{place})",
            "high": f"max(whole_{place})",
        }
        for place, field in enumerate(values)
    }
    large = ", ".join(
        f"CASE WHEN {value} >= 13 THEN {value} END AS value_{n}" for n, value in enumerate(values.values())
    )
    whole = ", ".join(f"CASE WHEN {_whole(f'value_{n}')} THEN value_{n} END AS whole_{n}" for n in range(len(values)))
    scale = f" AND f.fives < {IN_FIVES} * f.n" if in_fives else ""
    sql = f"""
        SELECT f.field AS row_key
        FROM (SELECT unnest({_structs(figures)}) AS f FROM (SELECT *, {whole} FROM (SELECT {large} FROM {{table}})))
        WHERE f.n >= {FEWEST} AND f.n >= 0.9 * f.given AND f.high - f.low >= 20
          AND f.fives / f.n >= {ROUGH} / 5 AND (f.fives / f.n - 0.2) > {STRICT} * sqrt(0.16 / f.n){scale}
    """
    return Rule(
        id="digits_not_rounded",
        expectation="unexpected_rows",
        arguments={"sql": sql, "names": dict(names)},
        severity="note",
        level="table",
        words="Numbers do not cluster on 0 and 5",
        failed="Many values end in 0 or 5, as if they had been estimated or rounded: {named}.",
        advice="Ask how these numbers are recorded; exact ones make better evidence.",
        why="Ages, minutes and amounts that are guessed end in 0 or 5. Rounding hides small differences. Measured by"
        " Whipple's index: values ending in 0 or 5, times five, out of all whole values; 175 in 100 is very rough.",
    )


def _whole(value: str) -> str:
    """Return the condition that a number from 13 on is whole; infinity is no number, and NaN is above it."""
    return f"{value} = floor({value}) AND {value} < 'infinity'::DOUBLE"


def _in_five(whole: str) -> str:
    """Return the condition that a whole number ends in 0 or 5: exact up to 2^50, and a remainder takes far longer."""
    return f"({whole} / 5 = floor({whole} / 5))"


def _bunching() -> Rule:
    """Return the rule on dates at the end of quarters.

    The share s of dates in the last seven days of a quarter is set against the share e of such days among all days
    from the first date to the last: noted where s > 1.5 e and z = (s - e) / sqrt(e (1 - e) / n) > 3, the one-sample
    test of a proportion. Targets and payments fall due at these times, hence the name 'gaming' in Bevan & Hood 2006,
    What's measured is what matters, Public Administration 84(3).
    """
    late = "{day} >= date_trunc('quarter', {day}) + INTERVAL 3 MONTH - INTERVAL 7 DAY"
    names = {"referral_date": "referral dates", "start_date": "start dates"}
    by_day = " UNION ALL ".join(
        f"SELECT '{field}' AS field, {field} AS day, count(*) AS held FROM {{table}} GROUP BY {field}"
        for field in names
    )
    figures = f"""
        SELECT field, sum(held)::BIGINT AS n, min(day) AS low, max(day) AS high,
            coalesce(sum(held) FILTER (WHERE {late.format(day="day")}), 0)::BIGINT AS late
        FROM ({by_day}) WHERE day IS NOT NULL GROUP BY field
    """
    days = "generate_series(f.low::TIMESTAMP, f.high::TIMESTAMP, INTERVAL 1 DAY)"
    sql = f"""
        SELECT f.field AS row_key
        FROM (SELECT f, len(list_filter({days}, lambda day: {late.format(day="day")})) / len({days}) AS e
              FROM ({figures}) AS f
              WHERE f.n >= {FEWEST} AND f.high - f.low >= {LONG_ENOUGH})
        WHERE f.late / f.n > {BUNCHED} * e AND f.late / f.n - e > {STRICT} * sqrt(e * (1 - e) / f.n)
    """
    return Rule(
        id="dates_not_bunched",
        expectation="unexpected_rows",
        arguments={"sql": sql, "names": names},
        severity="note",
        level="table",
        words="Dates do not cluster at the end of quarters",
        failed="More dates than expected lie in the last seven days of a quarter: {named}.",
        advice="Ask whether targets or payments fall due then, and whether these dates are when things happened.",
        why="Where targets end with the quarter, dates move towards it, or people are signed up who would not have"
        " been. Expected is the share of such days among all days from the first date to the last.",
    )


def _volume_rules(protocol: Protocol, noun: str) -> list[Rule]:
    extracts = [extract for extract in protocol.extracts.values() if extract.noun == noun]
    if not extracts:
        return []
    cumulative = all(extract.delivery == "cumulative" for extract in extracts)
    people = [_people_kept(noun)] if cumulative and noun == "cases" else []
    return [_volume_steady(noun, protocol.limits.volume_change if cumulative else None), *people]


def _last_two(noun: str) -> str:
    """Return the SQL of this drop's rows and people and those of the drop before."""
    return f"""(
        SELECT h."rows" AS rows_now, h.people AS people_now, lag(h."rows") OVER by_drop AS rows_then,
            lag(h.people) OVER by_drop AS people_then, row_number() OVER (ORDER BY h.position DESC) AS latest
        FROM raw.history AS h WHERE h.noun = '{noun}' WINDOW by_drop AS (ORDER BY h.position))"""


def _volume_steady(noun: str, change: float | None) -> Rule:
    fell = f"rows_now < (1 - {change!r}) * rows_then - 1e-9" if change is not None else "false"
    sql = f"""
        SELECT CASE WHEN rows_now < rows_then THEN 'fewer' ELSE 'more' END AS row_key FROM {_last_two(noun)}
        WHERE latest = 1 AND rows_then >= {FEWEST_ROWS} AND ({fell} OR rows_now > {GROWTH} * rows_then)
    """
    return Rule(
        id="volume_steady",
        expectation="unexpected_rows",
        arguments={"sql": sql, "names": {"fewer": "far fewer", "more": f"more than {GROWTH} times as many"}},
        severity="warn",
        level="table",
        needs=("raw.history",),
        unless="there is no earlier drop to compare with",
        words="About as many rows came as in the drop before",
        failed="This drop holds {named} rows, compared with the drop before.",
        advice="Check that the export covers the same time and places as the one before.",
        why="A file that shrinks or swells at once is more often a changed export than a changed service.",
    )


def _people_kept(noun: str) -> Rule:
    sql = f"""
        SELECT 'people' AS row_key FROM {_last_two(noun)} WHERE latest = 1 AND people_now < people_then
    """
    return Rule(
        id="people_kept",
        expectation="unexpected_rows",
        arguments={"sql": sql},
        severity="note",
        level="table",
        needs=("raw.history",),
        unless="there is no earlier drop to compare with",
        words="Nobody has left the file since the drop before",
        failed="There are fewer people in the file than in the drop before.",
        advice="Ask why they were taken out; people who leave the pilot stay in its file.",
        why="A file of everything so far only grows. Who vanishes from it is lost to the comparison without a word.",
    )
