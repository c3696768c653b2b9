"""Values that an outside trial found read wrongly, each with what is right: set aside or refused, never guessed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipelines.ingest import receive
from pipelines.protocol import load_text
from pipelines.refusal import Refusal
from pipelines.validation.publish import publish
from pipelines.warehouse import open_warehouse
from pipelines.workspace import PilotSite, Workspace

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites: {north: {title: North}}
population: {description: people}
intervention: {name: x}
outcomes:
  score: {title: Score, type: continuous, better: higher, value: score}
extracts:
  people:
    file: cases.csv
    columns:
      person: ID
      start_date: Start
      score: {column: Score, missing: ["-9"]}
"""


def published(root: Path, rows: list[str], protocol: str = PROTOCOL) -> list[tuple[object, ...]]:
    """Return start and score of everybody who was published."""
    site = PilotSite(Workspace(root), load_text(protocol), "north")
    path = site.folder / "drops" / "2026-06-30" / "cases.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["ID;Start;Score", *(f"{n};{row}" for n, row in enumerate(rows)), ""]))
    os.utime(path, (time.time() - 60,) * 2)
    receive(site, "cases")
    publish(site, "cases")
    publish_scores = publish(site, "outcomes")
    assert not publish_scores.refusal
    with open_warehouse(site) as connection:
        query = """
            SELECT c.start_date::VARCHAR, o.value FROM validated.cases c
            JOIN validated.outcomes o USING (person_key) ORDER BY c.source_row
        """
        return list(connection.execute(query).fetchall())


def test_a_word_for_missing_is_the_same_number_with_a_point(tmp_path: Path) -> None:
    found = published(tmp_path, ["2026-01-14;-9.0", "2026-01-15;12.0", "2026-01-16;-9"])
    assert [score for _, score in found] == [None, 12.0, None]


def test_a_column_that_a_spreadsheet_made_dates_of_in_part_is_refused(tmp_path: Path) -> None:
    rows = [f"2026-{day:02}-03;1" for day in range(1, 4)] + [f"{day}/03/2026;1" for day in range(13, 25)]
    with pytest.raises(Refusal, match='column "Start": no format'):
        published(tmp_path, rows)


def test_true_dates_beside_text_are_read_where_days_tell_that_nothing_was_swapped(tmp_path: Path) -> None:
    found = published(tmp_path, ["2026-03-20;1", "05/03/2026;1", "21/03/2026;1"])
    assert [start for start, _ in found] == ["2026-03-20", "2026-03-05", "2026-03-21"]


def test_points_and_commas_in_one_column_are_refused_until_one_is_declared(tmp_path: Path) -> None:
    rows = ["2026-01-14;1.200", "2026-01-15;12,50", *["2026-01-16;80"] * 12]
    with pytest.raises(Refusal, match='"Score" holds numbers with a comma and numbers with a full stop'):
        published(tmp_path, rows)
    declared = PROTOCOL.replace('missing: ["-9"]', 'missing: ["-9"], decimal: ","')
    found = published(tmp_path, [*rows, "2026-01-17;-1.234.567,5", "2026-01-18;-9"], declared)
    assert [score for _, score in found] == [1200.0, 12.5, *[80.0] * 12, -1234567.5, None]


def test_with_a_decimal_comma_a_point_that_parts_no_thousands_is_set_aside(tmp_path: Path) -> None:
    declared = PROTOCOL.replace('missing: ["-9"]', 'decimal: ","')
    found = published(tmp_path, ["2026-01-14;12.50", *["2026-01-15;12,50"] * 12], declared)
    assert [score for _, score in found] == [12.5] * 12


@pytest.mark.parametrize("wrong", ["2026-02-30", "soon", "45231"])
def test_a_date_that_fits_no_format_is_named_by_its_row(tmp_path: Path, wrong: str) -> None:
    rows = [f"2026-01-{day};1" for day in range(11, 22)]
    with pytest.raises(Refusal, match="Most are written yyyy-mm-dd; not so row 13") as raised:
        published(tmp_path, [*rows, f"{wrong};1"])
    assert wrong not in str(raised.value)
    with pytest.raises(Refusal, match="Most are written dd/mm/yyyy; not so row 13"):
        published(tmp_path, [*(f"{day}/01/2026;1" for day in range(11, 22)), f"{wrong};1"])
