"""What the commands about coding do: frames to code with, where coders differ. Each function returns the exit code."""

from __future__ import annotations

from pathlib import Path

from assets.commands import existing
from assets.exit_codes import DONE
from assets.running import known
from assets.showing import place, say
from pipelines.protocol.faults import did_you_mean
from pipelines.refusal import Refusal


def list_frames() -> int:
    """Say which frames are shipped."""
    from pipelines.qualitative.deductive_frames import frame, frame_names

    for name in frame_names():
        one = frame(name)
        say(f"{name}: {one.title}, {len(one.elements)} elements ({', '.join(e.key for e in one.elements)})")
    say("\nTo load one into a coding tool: pilotlens frames export FRAME")
    return DONE


def export_frame(name: str, to: Path | None) -> int:
    """Write a frame as a REFI-QDA codebook."""
    from pipelines.qualitative.deductive_frames import as_project, frame, frame_names
    from pipelines.qualitative.writer import write_codebook

    if name not in frame_names():
        raise Refusal(f"There is no frame {name}.", did_you_mean(name, frame_names()))
    path = to or Path(f"{name}.qdc")
    _insist_new(path)
    write_codebook(as_project(frame(name)), path)
    say(f"wrote {place(path)}; coding tools that know REFI-QDA import it as a codebook.")
    return DONE


def write_worklist(given: Path | None, target: str, to: Path | None) -> int:
    """Write where coders differ."""
    from pipelines.findings.worklist import worklist

    workspace = existing(given)
    pilot, _, site = target.partition("/")
    if not site:
        raise Refusal("Say which site is meant.", "As in: pilotlens worklist PILOT/SITE")
    path = to or Path(f"{pilot}-{site}-worklist.csv")
    _insist_new(path)
    text, entries = worklist(workspace.site(known(workspace, pilot), site))
    path.write_text(text, encoding="utf-8", newline="")
    places = f"{entries:,} {'place' if entries == 1 else 'places'}"
    say(f"wrote {place(path)}: {places} to talk over, without words or names.")
    return DONE


def _insist_new(path: Path) -> None:
    if path.exists():
        raise Refusal(f"{place(path)} is there already.", "Move it away, or name another file with --to.")
