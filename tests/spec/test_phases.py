"""A pilot that continues an earlier one: what that found, what it changed in its own plan, and what differs between."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pipelines.protocol_lock import deviate
from pipelines.release.bundle import read_evidence
from pipelines.reporting.sections import plan_kept
from tests.spec.locked_pilot import PROTOCOL, deliver, evidence, run, write

LARGER = (
    PROTOCOL.replace("pilot: work", "pilot: work-two")
    .replace("title: Work first", "title: Work first, larger\ncontinues: [work, lost]\nphase: scale_up")
    .replace("difference: 500", "difference: 250")
    .replace("{north: 80}", "{north: 400}")
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run a pilot, change its plan, run it again, and run the one that continues it."""
    root = tmp_path_factory.mktemp("phases")
    workspace = write(root)
    deliver(root)
    run(workspace)
    write(root, PROTOCOL.replace("difference: 500", "difference: 400"))
    deviate(workspace, "work", "B. Lead", "smaller than thought")
    run(workspace)
    write(root, LARGER, "work-two")
    deliver(root, pilot="work-two")
    os.rename(root / "warehouse" / "work", root / "gone")  # an earlier pilot's data may be locked away by then
    run(workspace, "work-two")
    bundle = root / "releases" / "work-two" / "north" / evidence(workspace, "work-two")["release"]
    first = root / "releases" / "work" / "north" / evidence(workspace, "work")["release"]
    found = evidence(workspace, "work-two")["findings"]
    return {"root": root, "findings": {one["id"]: one for one in found}, "bundle": bundle, "first": first}


def test_what_the_earlier_pilot_found_is_read_from_its_release(told: dict[str, Any]) -> None:
    result = told["findings"]["phase/work"]["result"]
    (site,) = result["sites"]
    effect = next(f for f in read_evidence(told["first"]).findings if f.id == "effect/earned/primary")
    assert site["headlines"] == [effect.sentence]
    assert site["answers"][0].startswith("Do people earn more? ")
    assert result["question"] == "Does help with applications lead to work?"
    (deviation,) = result["deviations"]
    assert "outcomes.earned.minimum_important_difference is 400; it was 500" in deviation
    assert "after outcomes had been seen" in deviation


def test_the_protocols_are_compared_key_by_key(told: dict[str, Any]) -> None:
    changes = [(one["group"], one["key"], one["old"], one["new"])
               for one in told["findings"]["phase/work"]["result"]["changes"]]  # fmt: skip
    assert changes == [
        ("outcomes", "outcomes.earned.minimum_important_difference", "400", "250"),
        ("population", "population.planned_per_site.north", "80", "400"),
        ("description", "phase", "pilot", "scale_up"),
        ("description", "title", "Work first", "Work first, larger"),
    ]


def test_a_pilot_of_which_nothing_is_known_is_a_plain_note(told: dict[str, Any]) -> None:
    finding = told["findings"]["phase/lost"]
    assert finding["sentence"] == (
        "This pilot continues lost. Nothing of lost is in this workspace: no release, and no locked protocol."
    )
    assert finding["result"]["sites"] == []


def test_the_reports_print_both(told: dict[str, Any]) -> None:
    first, second = read_evidence(told["first"]), read_evidence(told["bundle"])
    kept, earlier = (text.replace("\\", "") for text in (plan_kept.kept(first), plan_kept.earlier(second)))
    assert "The plan was changed after it was locked" in kept
    assert "Version 2" in kept
    assert "by B. Lead, after outcomes had been seen. Reason: smaller than thought" in kept
    assert "outcomes › earned › minimum important difference" in kept
    assert plan_kept.short(first).endswith("changed once since, after outcomes had been seen.")
    assert plan_kept.earlier(first) == ""
    assert "What the earlier phases taught" in earlier
    assert "What this pilot does otherwise" in earlier
    assert "This pilot continues lost" in earlier
    assert plan_kept.version(second).startswith("version 1, locked ")


def test_a_release_that_cannot_be_read_is_named(told: dict[str, Any], tmp_path: Path) -> None:
    from pipelines.findings.phases import _missing

    words = _missing("work", [], {"title": "Work"}, 1)
    assert "could not be read" in words
    assert "nothing was released" in _missing("work", [], {"title": "Work"}, 0)
