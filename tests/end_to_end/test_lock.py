"""The plan comes first, from the command to the report: sealed runs, the lock, edits that are refused, deviations."""

from __future__ import annotations

import re
from pathlib import Path

from tests.end_to_end.command import pilotlens
from tests.spec.locked_pilot import PROTOCOL, deliver, evidence, kinds, sentences, write

SHOWN = re.compile(rb"(?<![0-9A-Za-z.])(?:700[01][0-9]{3}|7,00[01],[0-9]{3})(?![0-9A-Za-z])")
"""Any earnings and any average of them, however written, and no part of a hash, a time or a place on a page."""
HERE = ("reports", "releases", "ledger", "dagster", "corrections")
ASKING = (("check",), ("drops",), ("verify",), ("report",), ("quotes", "review", "--list"), ("quotes", "withdrawn"))
DEVIATE = ("deviate", "work", "--by", "B. Lead", "--why", "smaller than thought")


def outcomes_in(root: Path) -> list[str]:
    """Return the files that an outcome can be read from, of all that anybody may open without a key.

    A PDF is made of the same words as the page beside it, and its own numbers are places on paper.
    """
    files = (
        path for kind in HERE for path in sorted((root / kind).rglob("*")) if path.is_file() and path.suffix != ".pdf"
    )
    return [str(path.relative_to(root)) for path in files if SHOWN.search(path.read_bytes())]


def test_a_plan_is_kept_or_every_report_says_how_it_was_not(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    workspace = write(root)
    deliver(root)

    done = pilotlens(root, "run", "--sealed")
    said = [done, *(pilotlens(root, *asked) for asked in ASKING), pilotlens(root, "worklist", "work/north")]
    assert done.returncode == 0, done.stdout + done.stderr
    assert not SHOWN.search("".join(one.stdout + one.stderr for one in said).encode())
    assert outcomes_in(root) == []
    page = (root / "reports" / "work" / "north" / "report.html").read_text("utf-8")
    assert "Outcomes are sealed: nobody has looked at one for this report." in page
    assert kinds(workspace) == ["release"]

    locked = pilotlens(root, "lock", "work", "--by", "A. Reader", "--why", "the plan is agreed")
    assert locked.returncode == 0, locked.stderr
    assert pilotlens(root, "run").returncode == 0
    assert kinds(workspace) == ["release", "lock", "outcomes_seen", "release"]
    assert outcomes_in(root), "this test would see an outcome"
    ledger = (root / "ledger" / "work.jsonl").read_bytes()

    write(root, PROTOCOL.replace("difference: 500", "difference: 400").replace("North office", "Northern office"))
    refused = pilotlens(root, "run")
    assert refused.returncode == 1
    assert "outcomes.earned.minimum_important_difference: 400; it was 500." in refused.stdout + refused.stderr
    assert (root / "ledger" / "work.jsonl").read_bytes() == ledger
    assert pilotlens(root, "check").returncode == 1
    assert pilotlens(root, *DEVIATE).returncode == 0
    assert pilotlens(root, "run").returncode == 0

    made = {one["id"]: one for one in evidence(workspace)["findings"]}
    assert made["deviation/2"]["result"]["after_look"] is True
    assert made["deviation/2"]["result"]["why"] == "smaller than thought"
    assert "effect/earned/primary" in sentences(workspace)
    page = (root / "reports" / "work" / "north" / "report.html").read_text("utf-8")
    for words in ("The plan was changed after it was locked", "smaller than thought", "version 2, locked"):
        assert words in page, words
    short = (root / "reports" / "work" / "north" / "funder.html").read_text("utf-8")
    assert "changed once since, after outcomes had been seen" in " ".join(short.split())
    assert pilotlens(root, "verify").returncode == 0

    path = root / "ledger" / "work.jsonl"
    lines = path.read_bytes().split(b"\n")
    at = next(n for n, line in enumerate(lines) if b'"kind":"deviation"' in line)
    path.write_bytes(b"\n".join([*lines[:at], *lines[at + 1 :]]))
    found = pilotlens(root, "verify")
    assert found.returncode == 1
    assert f"Line {at + 1} holds entry {at + 2}, but entry {at + 1} is missing: deleted." in found.stdout + found.stderr
