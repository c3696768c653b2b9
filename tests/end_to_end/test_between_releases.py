"""Drop after drop through the command: a reader of all releases learns nothing of the few who came or left."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np

from pipelines.release.earlier import earlier_releases
from pipelines.release.write import latest
from pipelines.workspace import Workspace
from tests.end_to_end.command import pilotlens
from tests.properties.several_drops import learned

PROTOCOL = """\
pilot: reminders
title: Text reminders
question: Do text reminders help people to keep their first appointment?
concept: {name: Text reminders}
sites:
  north: {title: North office, codes: [N]}
  south: {title: South office, codes: [S]}
population: {description: people who start looking for work}
intervention:
  name: Text reminder
arms:
  treatment: {title: Text, codes: [text]}
  comparison: {title: Letter, codes: [letter]}
outcomes:
  attended: {title: kept their first appointment, type: binary, tier: primary, better: higher, value: attended}
  days: {title: Days in work, type: continuous, unit: days, better: higher, value: days}
covariates:
  age: {title: Age, unit: years}
disclosure: {earlier_releases: held}
extracts:
  trial:
    file: trial.csv
    columns: {person: id, site: office, arm: group, age: age, attended: kept, days: days, start_date: began}
"""


def deliver(root: Path, day: str, north: range, south: range) -> None:
    """Write a cumulative drop; what is known of a person follows from their number alone."""
    rng = np.random.default_rng(5)
    known = [(rng.random() < 0.5, rng.integers(0, 90), rng.integers(18, 65)) for _ in range(400)]
    rows = [
        f"{office}{n:03},{office},{'text' if n % 2 else 'letter'},{known[n][2]},{'yes' if known[n][0] else 'no'},"
        f"{known[n][1]},2026-0{1 + n % 4}-1{n % 10}"
        for office, people in (("N", north), ("S", south))
        for n in people
    ]
    path = root / "pilots" / "reminders" / "drops" / day / "trial.csv"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(["id,office,group,age,kept,days,began", *rows, ""]))
    os.utime(path, (time.time() - 60,) * 2)


def test_one_who_left_and_two_who_came_are_found_in_no_release_and_on_no_page(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    (root / "pilots" / "reminders").mkdir(parents=True)
    (root / "pilots" / "reminders" / "protocol.yml").write_text(PROTOCOL)
    deliver(root, "2026-06-30", range(160), range(150))
    assert pilotlens(root, "run").returncode == 0
    deliver(root, "2026-07-31", range(1, 163), range(350))
    done = pilotlens(root, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    workspace = Workspace(root)
    north, south = (workspace.site("reminders", key) for key in ("north", "south"))
    releases = [earlier_releases(site) for site in (north, south)]
    assert [len(found) for found in releases] == [2, 2]
    assert [learned(found) for found in releases] == [{}, {}]
    sizes = [found[-1].findings["effect/days/secondary"]["result"]["arms"]["treatment"]["n"] for found in releases]
    assert sizes == [80, 175]  # North as at the drop before, South anew
    page = (north.reports_folder / "report.html").read_text()
    assert "As at an earlier drop" in page
    assert "as at the drop of 2026-06-30" in (north.reports_folder / "funder.html").read_text()
    assert "As at an earlier drop" not in (south.reports_folder / "report.html").read_text()
    _the_pilot_tells_what_its_sites_tell(workspace, sizes)


def _the_pilot_tells_what_its_sites_tell(workspace: Workspace, sizes: list[int]) -> None:
    """A site against its pilot: the page over all sites has no number of a site that the site's own release has not."""
    evidence = json.loads((latest(workspace.pilot("reminders")) / "evidence.json").read_bytes())
    told = {finding["id"]: finding for finding in evidence["findings"]}
    assert [site["n"]["treatment"] for site in told["synthesis/days/secondary"]["result"]["sites"]] == sizes
    assert any("North office" in finding["sentence"] for key, finding in told.items() if key.startswith("limit/"))
