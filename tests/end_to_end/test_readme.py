"""The README's example, whole, from an empty folder to the report; and its picture of the flow."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pypdf

from pipelines.release.write import latest
from pipelines.workspace import Workspace
from tests.conftest import ROOT, pilotlens

README = (ROOT / "README.md").read_text(encoding="utf-8")
LAYERS = ["raw", "validated", "analysis", "findings", "released", "reports", "synthesis"]


def block(language: str, containing: str) -> str:
    """Return the code block of the README that holds some words."""
    found = [b for b in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if containing in b]
    assert len(found) == 1, (language, containing)
    return found[0]


def test_the_example_runs_from_an_empty_folder_to_the_report(tmp_path: Path) -> None:
    protocol = block("yaml", "pilot: reminders")
    assert len(protocol.splitlines()) <= 40
    folder = tmp_path / "workspace" / "pilots" / "reminders"
    folder.mkdir(parents=True)
    (folder / "protocol.yml").write_text(protocol, encoding="utf-8")
    subprocess.run([sys.executable, "-c", block("python", "trial.csv")], cwd=tmp_path, check=True)
    header = (folder / "drops" / "2026-09-30" / "trial.csv").read_text().splitlines()[0]
    assert header == block("csv", "office").splitlines()[0]
    for line in block("sh", "pilotlens run reminders").splitlines():
        _command, *arguments = shlex.split(line)
        done = pilotlens(tmp_path / "workspace", *arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    for site in ("north", "south"):
        place = Workspace(tmp_path / "workspace").site("reminders", site)
        evidence = json.loads((latest(place) / "evidence.json").read_text(encoding="utf-8"))
        effect = next(f for f in evidence["findings"] if f["id"] == "effect/attended/primary")["result"]
        rows = [
            line.split(",") for line in (folder / "drops" / "2026-09-30" / "trial.csv").read_text().splitlines()[1:]
        ]
        code = site[0].upper()
        shares = {g: [r[4] == "yes" for r in rows if r[1] == code and r[2] == g] for g in ("text", "letter")}
        difference = sum(shares["text"]) / len(shares["text"]) - sum(shares["letter"]) / len(shares["letter"])
        assert abs(effect["value"] - difference) < 1e-12
        assert len(pypdf.PdfReader(place.reports_folder / "report.pdf").pages) > 1
        assert "Text reminders" in (place.reports_folder / "funder.html").read_text(encoding="utf-8")


def test_the_flow_is_that_of_the_asset_graph() -> None:
    drawn = re.search(r"flowchart LR\n(.*?)```", README, re.DOTALL)
    assert drawn
    order = [name for name in re.findall(r"[a-z]+", re.sub(r"\(\[|\]\)", " ", drawn[1])) if name in LAYERS]
    assert list(dict.fromkeys(order)) == LAYERS
    from assets.definitions import defs

    layer = {
        spec.key.to_user_string(): spec.key.to_user_string().split("_")[0] for spec in defs.resolve_all_asset_specs()
    }
    assert set(layer.values()) == set(LAYERS)
    for spec in defs.resolve_all_asset_specs():
        for dep in spec.deps:
            before = LAYERS.index(layer[dep.asset_key.to_user_string()])
            assert before <= LAYERS.index(layer[spec.key.to_user_string()])


def test_files_that_the_readme_names_exist() -> None:
    for name in re.findall(r"\]\(([a-z][^)#:]*)\)", README):
        assert (ROOT / name).exists(), name


def test_make_targets_that_the_readme_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([a-z]+)\b", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
