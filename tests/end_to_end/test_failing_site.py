"""A site whose drop is wrong stops, keeps its report and harms no other; the message is one that helps."""

import os
import shutil
import time
from pathlib import Path

import pytest

from pipelines.release.write import latest
from pipelines.workspace import Workspace
from tests.end_to_end.command import pilotlens


@pytest.fixture
def personal_fund(demo_workspace: Workspace, tmp_path: Path) -> Workspace:
    root = tmp_path / "workspace"
    shutil.copytree(demo_workspace.root, root, symlinks=True)
    return Workspace(root)


def settled(folder: Path) -> None:
    """Make files look as if their copy had ended a minute ago."""
    minute_ago = time.time() - 60
    for path in folder.rglob("*"):
        os.utime(path, (minute_ago, minute_ago))


def reports_of(workspace: Workspace, site: str) -> dict[str, bytes]:
    folder = workspace.site("personal-fund", site).reports_folder
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_missing_column_stops_one_site_only(personal_fund: Workspace) -> None:
    drops = personal_fund.pilot_folder("personal-fund") / "drops"
    shutil.copytree(drops / "2026-06-30", drops / "2026-07-31")
    cases = drops / "2026-07-31" / "southhaven-cases.csv"
    lines = [line.split(";") for line in cases.read_text(encoding="utf-8").splitlines()]
    column = lines[0].index("allocation")
    cases.write_text("\n".join(";".join(c for i, c in enumerate(line) if i != column) for line in lines) + "\n")
    settled(drops / "2026-07-31")
    before = {site: reports_of(personal_fund, site) for site in ("northmoor", "eastwick", "southhaven")}

    done = pilotlens(personal_fund.root, "run", "personal-fund")

    assert done.returncode == 1
    said = " ".join((done.stdout + done.stderr).split())
    assert "southhaven-cases.csv" in said
    assert '"allocation" is missing' in said
    assert "Traceback" not in said
    for site in ("northmoor", "eastwick"):
        assert latest(personal_fund.site("personal-fund", site)).name.startswith("2026-07-31")
        assert reports_of(personal_fund, site)["report.html"] != before[site]["report.html"]
    assert latest(personal_fund.site("personal-fund", "southhaven")).name.startswith("2026-06-30")
    assert reports_of(personal_fund, "southhaven") == before["southhaven"]
    # What the sites have released is put together all the same, and says that one of them lags behind.
    assert latest(personal_fund.pilot("personal-fund")).name.startswith("2026-07-31")
    together = (personal_fund.pilot("personal-fund").reports_folder / "pilot.html").read_text(encoding="utf-8")
    assert "What the newest data of Southhaven show" in together


def test_a_broken_protocol_names_its_line(personal_fund: Workspace) -> None:
    path = personal_fund.pilot_folder("transitional-aid") / "protocol.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("type: binary", "type: binray"), encoding="utf-8")
    done = pilotlens(personal_fund.root, "check", "transitional-aid")
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 2
    assert "protocol.yml, line" in said
    assert 'Did you mean "binary"?' in said
