"""Puts the demonstration pilots into a workspace. What they hold is decided elsewhere in this package."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pipelines.demo.quotes import codebook, release_list
from pipelines.demo.registers import registers
from pipelines.demo.truths import FIRST_DROP, SECOND_DROP
from pipelines.demo.world import World, draw_world, drop_files

DATA = Path(__file__).parent / "data"
PUBLISHED_DROP = "drops/2026-01-05-as-published"
PUBLISHED = {"transitional-aid": "life.csv", "residential-treatment": "uis.csv"}
SYNTHETIC = "personal-fund"
PILOTS = (*PUBLISHED, SYNTHETIC)


def create(workspace_root: Path) -> tuple[str, ...]:
    """Write the demonstration pilots below `pilots/`; return one sentence per pilot.

    Running it again changes nothing. A file that is there with other content is somebody's work: it is left alone and
    named in the sentence.
    """
    return tuple(_written(workspace_root / "pilots" / pilot, pilot_files(pilot)) for pilot in PILOTS)


def pilot_files(pilot: str) -> dict[str, bytes]:
    """Return every file of a demonstration pilot by its path below the pilot's folder."""
    fixed = {name: (DATA / pilot / name).read_bytes() for name in ("protocol.yml", "SOURCE.md")}
    return fixed | (_published(pilot) if pilot in PUBLISHED else _synthetic(draw_world()))


def _published(pilot: str) -> dict[str, bytes]:
    name = PUBLISHED[pilot]
    return {f"{PUBLISHED_DROP}/{name}": (DATA / pilot / name).read_bytes()}


def _synthetic(world: World) -> dict[str, bytes]:
    drops = {
        f"drops/{day}/{name}": content
        for day in (FIRST_DROP, SECOND_DROP)
        for name, content in drop_files(world, day).items()
    }
    return {"quotes.csv": release_list(world), "codebook.csv": codebook()} | registers() | drops


def _written(folder: Path, files: dict[str, bytes]) -> str:
    what = {name: _write(folder / name, content) for name, content in files.items()}
    count = Counter(what.values())
    changed = [name for name, result in what.items() if result == "changed"]
    return f"{folder.name}: {count['new']} files written, {count['same']} there already{_left_alone(changed)}."


def _write(path: Path, content: bytes) -> str:
    if path.exists():
        return "same" if path.read_bytes() == content else "changed"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return "new"


def _left_alone(changed: Iterable[str]) -> str:
    names = ", ".join(changed)
    return f", left alone because they were changed: {names}" if names else ""
