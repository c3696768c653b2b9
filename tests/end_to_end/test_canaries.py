"""Names, postcodes, dates of birth and case numbers stand in the drop and nowhere else in clear."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pypdf

from pipelines.demo import identifiers
from pipelines.workspace import Workspace


def written(workspace: Workspace) -> Iterator[Path]:
    """Every file below the workspace but what people put in."""
    for path in sorted(workspace.root.rglob("*")):
        if path.is_file() and not path.is_relative_to(workspace.pilots_folder):
            yield path


def forms(canary: str) -> set[bytes]:
    """A canary as it could stand in a text file, in a JSON string or in UTF-16."""
    return {canary.encode(), canary.replace("/", "\\/").encode(), canary.encode("utf-16-le")}


def by_beginning(needles: Iterable[bytes]) -> dict[bytes, list[bytes]]:
    """Thousands of needles share few beginnings: looking for these first makes the search several times faster."""
    groups: dict[bytes, list[bytes]] = {}
    for needle in set(needles):
        groups.setdefault(needle[:4], []).append(needle)
    return groups


def held(content: bytes, beginning: bytes, needles: list[bytes]) -> int:
    """How often a content holds one of the needles that begin alike."""
    found, at = 0, content.find(beginning)
    while at >= 0:
        found += any(content.startswith(needle, at) for needle in needles)
        at = content.find(beginning, at + 1)
    return found


def test_no_identifier_leaves_the_drop(demo_run: tuple[Workspace, str]) -> None:
    workspace, printed = demo_run
    planted = {one for one in identifiers() if len(one) > 3}
    assert len(planted) > 300
    needles = by_beginning(form for one in planted for form in forms(one))
    files = list(written(workspace))
    assert any(path.suffix == ".duckdb" and "vault" in path.parts for path in files)
    assert any(path.name == "index.db" or path.suffix == ".db" for path in files), "Dagster's own store is scanned too"
    for path in files:
        content = path.read_bytes()
        if path.suffix == ".pdf":
            content += " ".join(page.extract_text() for page in pypdf.PdfReader(path).pages).encode()
        found = sum(held(content, beginning, endings) for beginning, endings in needles.items())
        assert not found, f"{path.relative_to(workspace.root)} holds {found} identifiers"
    assert not any(one in printed for one in planted)


def test_the_canaries_would_be_found(demo_workspace: Workspace) -> None:
    drop = demo_workspace.pilot_folder("personal-fund") / "drops" / "2026-06-30" / "northmoor-cases.csv"
    groups = by_beginning(form for one in identifiers() for form in forms(one))
    assert sum(held(drop.read_bytes(), beginning, needles) for beginning, needles in groups.items()) > 300


def test_the_command_says_what_checks_found(demo_run: tuple[Workspace, str]) -> None:
    _workspace, printed = demo_run
    assert "personal-fund/northmoor: the checks found something to know:" in printed
    assert "people have no group; they are in no comparison." in printed
