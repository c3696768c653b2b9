"""The evidence bundle: the same everywhere, whole or not at all, and checkable by whoever holds it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.findings.store import read_findings, write_findings
from pipelines.refusal import Refusal
from pipelines.release import release, write
from pipelines.release.bundle import read_evidence
from pipelines.release.verify import verify_bundle
from pipelines.release.write import latest, write_release
from pipelines.warehouse import open_warehouse
from pipelines.workspace import PilotSite, Workspace

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def site(plain_demo: Workspace, tmp_path: Path) -> PilotSite:
    """A copy of LIFE, findings made, for tests that change things."""
    shutil.copytree(
        plain_demo.root,
        tmp_path / "workspace",
        ignore=shutil.ignore_patterns(".spill", "personal-fund", "residential-treatment"),
    )
    return Workspace(tmp_path / "workspace").site("transitional-aid", "baltimore")


def bytes_of(folder: Path) -> dict[str, str]:
    """Return the hash of each file of a bundle."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("personal-fund/northmoor", {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"}),
        ("residential-treatment/site-a", {"PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "4"}),
    ],
)
def test_the_same_findings_make_the_same_bytes_elsewhere(
    plain_demo: Workspace, tmp_path: Path, name: str, environment: dict[str, str]
) -> None:
    pilot, _, key = name.partition("/")
    before = bytes_of(latest(plain_demo.site(pilot, key)))
    root = tmp_path / "workspace"
    shutil.copytree(plain_demo.root, root, ignore=shutil.ignore_patterns("releases", ".spill"))
    code = (
        "import sys; from pathlib import Path; from pipelines.workspace import Workspace; "
        "from pipelines.findings import NOUNS, compute; from pipelines.release import release; "
        f"site = Workspace(Path(sys.argv[1])).site({pilot!r}, {key!r}); "
        "[compute(site, noun) for noun in NOUNS]; release(site)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert bytes_of(latest(Workspace(root).site(pilot, key))) == before


def test_releasing_again_writes_nothing(site: PilotSite) -> None:
    folder = latest(site)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    release(site)
    assert latest(site) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_every_hash_of_the_manifest_holds(site: PilotSite) -> None:
    manifest = verify_bundle(latest(site))
    assert {entry.path for entry in manifest.files} == set(bytes_of(latest(site))) - {"manifest.json"}
    assert manifest.release == latest(site).name


@pytest.mark.parametrize("how", ["changed", "missing", "added", "no manifest"])
def test_a_bundle_that_was_touched_is_refused_and_not_written_over(site: PilotSite, how: str) -> None:
    folder = latest(site)
    target = folder / ("manifest.json" if how == "no manifest" else "evidence.json")
    if how == "changed":
        target.chmod(0o644)
        target.write_bytes(target.read_bytes().replace(b"48", b"47", 1))
    elif how == "added":
        (folder / "names.csv").write_text("x")
    else:
        target.unlink()
    said = "no manifest that can be read" if how == "no manifest" else how
    for check in (lambda: verify_bundle(folder), lambda: write_release(site)):
        with pytest.raises(Refusal, match=said):
            check()


def test_files_of_a_bundle_are_read_only(site: PilotSite) -> None:
    assert {path.stat().st_mode & 0o222 for path in latest(site).rglob("*") if path.is_file()} == {0}


KILLED = """
import os, sys
from pathlib import Path
from pipelines.release import write
from pipelines.workspace import Workspace
real = getattr(write, sys.argv[2])
def die(*args):
    if sys.argv[3] == "after":
        real(*args)
    os._exit(9)
setattr(write, sys.argv[2], die)
write.write_release(Workspace(Path(sys.argv[1])).site("transitional-aid", "baltimore"))
"""


@pytest.mark.parametrize("step", ["write_tables", "_manifest", "_seal", "_move"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_killed_release_leaves_no_half_folder(site: PilotSite, step: str, moment: str) -> None:
    folder = latest(site)
    shutil.rmtree(folder)
    arguments = [sys.executable, "-c", KILLED, str(site.workspace.root), step, moment]
    assert subprocess.run(arguments, cwd=ROOT, capture_output=True).returncode == 9
    if folder.exists():
        assert (step, moment) == ("_move", "after")
        verify_bundle(folder)
    else:
        assert list(site.releases_folder.glob(".draft-*"))
        with pytest.raises(Refusal):
            latest(site)
    release(site)
    verify_bundle(latest(site))
    assert not [path for path in site.releases_folder.iterdir() if path.name.startswith(".")]


def test_a_draft_of_a_run_that_still_works_is_left_alone(site: PilotSite) -> None:
    own = site.releases_folder / f".draft-{os.getpid()}-abc"
    own.mkdir()
    release(site)
    assert own.is_dir()


def test_a_kill_while_pointing_keeps_the_old_pointer(site: PilotSite, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = latest(site)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(write.os, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        write._point_to(site.releases_folder / "another")
    monkeypatch.undo()
    assert latest(site) == folder


@pytest.mark.parametrize("text", ["", "gone\n", "../../../elsewhere\n"])
def test_a_pointer_to_nothing_is_said_plainly(site: PilotSite, text: str) -> None:
    (site.releases_folder / "latest.txt").write_text(text)
    with pytest.raises(Refusal, match="newest release"):
        latest(site)


@pytest.mark.parametrize("field", ["drop_hash", "protocol_hash"])
def test_findings_of_two_states_never_meet(site: PilotSite, field: str) -> None:
    with open_warehouse(site) as connection:
        found = read_findings(connection, ("outcomes",))
        other = [f.model_copy(update={"inputs": f.inputs.model_copy(update={field: "0" * 64})}) for f in found]
        write_findings(connection, "outcomes", other)
    with pytest.raises(Refusal, match="another drop or on an earlier protocol"):
        release(site)


def test_tables_say_what_the_evidence_says(plain_demo: Workspace) -> None:
    folder = latest(plain_demo.site("personal-fund", "northmoor"))
    evidence = read_evidence(folder)
    assert {path.stem for path in (folder / "tables").iterdir()} == {finding.kind for finding in evidence.findings}
    for path in (folder / "tables").iterdir():
        rows = duckdb.read_parquet(str(path)).fetchall()
        names = duckdb.read_parquet(str(path)).columns
        for row, finding in zip(rows, evidence.of_kind(path.stem), strict=True):
            told = dict(zip(names, row, strict=True))
            assert (told["id"], told["sentence"], told["site"]) == (finding.id, finding.sentence, "northmoor")
            for name, value in finding.result.model_dump(mode="json", exclude={"kind"}).items():
                got = json.loads(told[name]) if isinstance(value, dict | list) else told[name]
                assert got == value, (finding.id, name)


def test_columns_have_the_same_types_in_every_bundle(plain_demo: Workspace) -> None:
    kinds = [
        {name: str(kind) for name, kind in zip(table.columns, table.types, strict=True)}
        for pilot, key in (("transitional-aid", "baltimore"), ("personal-fund", "northmoor"))
        for table in [duckdb.read_parquet(str(latest(plain_demo.site(pilot, key)) / "tables" / "effect.parquet"))]
    ]
    assert kinds[0] == kinds[1]
    assert (kinds[0]["value"], kinds[0]["title"]) == ("DOUBLE", "VARCHAR")


def test_json_is_strict_and_sorted(plain_demo: Workspace) -> None:
    def refuse(text: str) -> None:
        raise AssertionError(text)

    for path in plain_demo.root.glob("releases/*/*/*/*.json"):
        content = json.loads(path.read_bytes(), parse_constant=refuse)
        assert list(content) == sorted(content)


def test_the_bundle_writes_down_every_change(plain_demo: Workspace) -> None:
    evidence = read_evidence(latest(plain_demo.site("personal-fund", "northmoor")))
    of_findings = [f"{f.id}: {change.cell}" for f in evidence.findings for change in f.disclosure.changes]
    assert [change.cell for change in evidence.disclosure.changes] == of_findings
    assert len(set(of_findings)) == len(of_findings)
    assert {f.disclosure.profile for f in evidence.findings} == {"standard"}
