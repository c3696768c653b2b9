"""What follows from linkage by likeness for rows: whose each one is, and how many would be linked at other thresholds.

A row that fits two people belongs to nobody, and so do two rows of one person where a person may have one. Out of here
come numbers of rows, pseudonyms and match weights, and nothing that identifies anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pipelines.encrypted_files import connect
from pipelines.ingest.link_model import Model, fit, insist_on_splink, score
from pipelines.ingest.link_records import fill_records
from pipelines.ingest.parts import PERSON_KEYED, StandingPart, parts_of
from pipelines.ingest.standing import Standing
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal
from pipelines.warehouse import insert, know_delivered
from pipelines.workspace import PilotSite

LINKED_ROWS = "digest VARCHAR, drop_rank INTEGER, source_row BIGINT, person_key VARCHAR, weight DOUBLE"
STATUS = ("linked", "ambiguous", "unlinked")


@dataclass(frozen=True)
class Linked:
    """The outcome for one extract."""

    extract: str
    threshold: float
    rows: Any
    """A frame in the order of LINKED_ROWS: the rows that were linked."""
    counts: tuple[tuple[float, str, int, int], ...]
    """Threshold, status, rows, and the people, or different spellings of people, in them."""
    model: Model


def linked(site: PilotSite, state: Standing, parts: Sequence[StandingPart]) -> tuple[Linked, ...]:
    """Return whose the rows of each extract without the person's number are; nothing where every file has it.

    Raises
    ------
    Refusal
        When splink is not installed, or too little can be learnt from the files.
    """
    by_name: dict[str, list[StandingPart]] = {}
    for part in parts:
        if part.extract.link is not None and part.stored.about.rows.get(site.site):
            by_name.setdefault(part.name, []).append(part)
    if by_name:
        insist_on_splink()
    return tuple(_of_extract(site, state, some) for some in by_name.values())


def linked_before(site: PilotSite, state: Standing, extracts: Mapping[str, Extract]) -> tuple[Linked, ...] | None:
    """Return the same for one drop earlier; None where nobody could say whose the rows were then."""
    before = state.before()
    with suppress(Refusal):
        return linked(site, before, parts_of(site, before, extracts)) if before is not None else ()
    return None


def _of_extract(site: PilotSite, state: Standing, parts: Sequence[StandingPart]) -> Linked:
    extract = parts[0].extract
    link = extract.link
    if link is None:
        raise TypeError("an extract that is not linked by likeness")
    one_row_each = extract.noun in PERSON_KEYED
    connection = connect(site)
    try:
        # One thread: sums of fractions, and samples, depend on how work is shared out.
        connection.execute("SET threads = 1")
        know_delivered(connection, site.workspace, site.pilot, vault=True)
        fill_records(connection, site.site, link, _cases(site, state, extract.completes), parts)
        model = fit(connection, link)
        thresholds = sorted({link.threshold, *link.sensitivity})
        score(connection, link, model, thresholds[0])
        counts = [count for t in thresholds for count in _counted(connection, t, one_row_each)]
        _decide(connection, link.threshold, one_row_each)
        rows = connection.execute(
            "SELECT digest, drop_rank, source_row, person_key, weight FROM decided WHERE status = 'linked' "
            "ORDER BY 1, 2, 3"
        ).df()
        return Linked(parts[0].name, link.threshold, rows, tuple(counts), model)
    except Refusal as refusal:
        failure = Refusal(f"extract {parts[0].name}: {refusal.problem}", refusal.remedy)
    finally:
        connection.close()
    raise failure


def _cases(site: PilotSite, state: Standing, completes: str | None) -> tuple[StandingPart, ...]:
    """Return the case files that say who there is."""
    extracts = site.protocol.extracts_of("cases", site.site)
    main = {n: e for n, e in extracts.items() if e.completes is None and completes in (None, n)}
    return parts_of(site, state, main)


def _counted(connection: Any, threshold: float, one_row_each: bool) -> list[tuple[float, str, int, int]]:
    _decide(connection, threshold, one_row_each)
    found = connection.execute(
        "SELECT status, count(*), count(DISTINCT coalesce(person_key, unique_id)) FROM decided GROUP BY 1"
    ).fetchall()
    known: Mapping[str, tuple[int, int]] = {status: (rows, people) for status, rows, people in found}
    return [(threshold, status, *known.get(status, (0, 0))) for status in STATUS]


def _decide(connection: Any, threshold: float, one_row_each: bool) -> None:
    """Make `decided`: the status of every row at a threshold, and whose it is where it is linked."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE fitting AS SELECT row_record, count(*) AS people, any_value(person_key) AS "
        f"person_key, max(weight) AS weight FROM scored WHERE probability >= {threshold} GROUP BY 1"
    )
    mine = "count(*) FILTER (f.people = 1) OVER (PARTITION BY drop_rank, f.person_key)" if one_row_each else "1"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE decided AS
        SELECT digest, drop_rank, source_row, unique_id, weight, status,
               CASE WHEN status = 'linked' THEN fits END AS person_key
        FROM (
            SELECT r.*, f.weight, f.person_key AS fits,
                   CASE WHEN f.people IS NULL THEN 'unlinked'
                        WHEN f.people > 1 OR {mine} > 1 THEN 'ambiguous' ELSE 'linked' END AS status
            FROM record_of_row r LEFT JOIN fitting f ON f.row_record = r.unique_id
        )
        """
    )


def bring(connection: Any, found: Sequence[Linked]) -> None:
    """Give the warehouse's connection the links, for as long as it lasts."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE linked_rows ({LINKED_ROWS})")
    for one in found:
        connection.register("found_links", one.rows)
        connection.execute("INSERT INTO temp.linked_rows SELECT * FROM found_links")
        connection.unregister("found_links")


def note_links(connection: Any, noun: str, found: Sequence[Linked]) -> None:
    """Keep how the linkage went beside the raw table: counts, sensitivity to the threshold, and the model."""
    tables = {
        "links": "noun VARCHAR, extract VARCHAR, threshold DOUBLE, status VARCHAR, rows BIGINT, people BIGINT",
        "link_sensitivity": "noun VARCHAR, extract VARCHAR, threshold DOUBLE, linked BIGINT, ambiguous BIGINT, "
        "unlinked BIGINT, linked_people BIGINT, ambiguous_people BIGINT, unlinked_people BIGINT",
        "link_model": "noun VARCHAR, extract VARCHAR, position INTEGER, identifier VARCHAR, agreement VARCHAR, "
        "m DOUBLE, u DOUBLE, weight DOUBLE",
    }
    for table, columns in tables.items():
        connection.execute(f"CREATE TABLE IF NOT EXISTS raw.{table} ({columns})")
        connection.execute(f"DELETE FROM raw.{table} WHERE noun = ?", [noun])
    for one in found:
        insert(connection, "raw.links", [(noun, one.extract, *c) for c in one.counts if c[0] == one.threshold])
        insert(connection, "raw.link_sensitivity", _sensitivity(noun, one))
        insert(connection, "raw.link_model", _model(noun, one))


def _sensitivity(noun: str, one: Linked) -> list[tuple[object, ...]]:
    known = {(threshold, status): (rows, people) for threshold, status, rows, people in one.counts}
    return [
        (noun, one.extract, t, *(known[t, s][0] for s in STATUS), *(known[t, s][1] for s in STATUS))
        for t in dict.fromkeys(threshold for threshold, *_ in one.counts)
    ]


def _model(noun: str, one: Linked) -> list[tuple[object, ...]]:
    start = (noun, one.extract, 0, "", "before anything is compared", None, None, round(one.model.start, 2))
    return [
        start,
        *(
            (
                noun,
                one.extract,
                i,
                level.kind,
                level.label,
                round(level.m, 6),
                float(f"{level.u:.4g}"),
                round(level.weight, 2),
            )
            for i, level in enumerate(one.model.levels, start=1)
        ),
    ]
