"""Partitions come from protocols; a faulty one costs its own pilot only."""

import datetime as dt
from pathlib import Path

from assets.partitions import survey
from pipelines.protocol.scaffold import scaffold
from pipelines.workspace import Workspace


def test_a_faulty_protocol_is_left_out_and_named(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for pilot in ("bad", "good", "worse"):
        scaffold(workspace, pilot, dt.date(2026, 1, 5))
    for pilot, text in (("bad", "pilot: bad\n"), ("worse", "\xff")):
        (workspace.pilot_folder(pilot) / "protocol.yml").write_text(text, encoding="latin-1")
    found = survey(workspace)
    assert found.keys == ("good/north", "good/south")
    assert [pilot for pilot, _why in found.left_out] == ["bad", "worse"]
    assert "pilotlens check bad" in found.words


def test_no_workspace_is_no_partition(tmp_path: Path) -> None:
    assert survey(Workspace(tmp_path / "nowhere")).keys == ()
    assert survey(Workspace(tmp_path / "nowhere")).words == ""
