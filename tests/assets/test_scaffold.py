"""A new pilot is sound and runnable as it stands."""

import csv
import datetime as dt
from collections import Counter
from pathlib import Path

from pipelines.protocol.scaffold import scaffold
from pipelines.workspace import Workspace

DAY = dt.date(2026, 1, 5)


def test_its_protocol_is_sound_and_says_that_the_data_are_made_up(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    scaffold(workspace, "new-pilot", DAY)
    protocol = workspace.protocol("new-pilot")
    assert protocol.synthetic
    assert len(protocol.sites) == 2


def test_its_drop_has_the_declared_columns_and_enough_people(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    scaffold(workspace, "new-pilot", DAY)
    text = (workspace.pilot_folder("new-pilot") / "drops" / "2026-01-05" / "cases.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    extract = workspace.protocol("new-pilot").extracts["people"]
    declared = {column.column for column in extract.columns.values()} | set(extract.identifiers.values())
    assert declared == set(rows[0])
    counts = Counter((row["Site"], row["Group"]) for row in rows)
    assert len(counts) == 4
    assert min(counts.values()) >= 40


def test_it_is_the_same_every_time(tmp_path: Path) -> None:
    first = scaffold(Workspace(tmp_path / "a"), "new-pilot", DAY)
    second = scaffold(Workspace(tmp_path / "b"), "new-pilot", DAY)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert {path.name for path in first} >= {"protocol.yml", "data-dictionary.md", "codebook.md", "README.md"}


def test_its_criteria_hold_once_the_marks_are_taken_away(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    scaffold(workspace, "new-pilot", DAY)
    path = workspace.pilot_folder("new-pilot") / "protocol.yml"
    lines = path.read_text().splitlines()
    first = lines.index("# progression:")
    last = next(n for n in range(first, len(lines)) if not lines[n])
    lines[first:last] = [line.removeprefix("# ") for line in lines[first:last]]
    path.write_text("\n".join(lines))
    criteria = workspace.protocol("new-pilot").progression.criteria
    assert [one.measure for one in criteria.values()] == ["follow_up", "completeness"]
