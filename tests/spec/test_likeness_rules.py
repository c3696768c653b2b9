"""Linkage by likeness without splink: what a protocol may ask for, what may be shown, and the words for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.disclosure.likeness import likeness
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import policy
from pipelines.findings.likeness import LinkedAt, MatchLevel, ProbabilisticLinkageResult, likeness_words
from pipelines.findings.making import Finding
from pipelines.findings.models import Inputs, Scope
from pipelines.ingest.link_model import _falling
from pipelines.protocol import Protocol
from pipelines.protocol.faults import ProtocolFaults
from pipelines.protocol.load import load
from pipelines.reporting.sections import likeness as section
from tests.spec.mistyped_people import PROTOCOL

LEVELS = (
    MatchLevel(identifier="born", agreement="the same", m=0.9, u=0.00005, weight=14.14),
    MatchLevel(identifier="born", agreement="one slip", m=0.09, u=0.0015, weight=5.91),
    MatchLevel(identifier="born", agreement="different", m=0.01, u=0.99845, weight=-6.64),
)


def result(**changes: object) -> ProbabilisticLinkageResult:
    """Return what came of 450 rows of 300 people."""
    given: dict[str, object] = {
        "noun": "contacts",
        "extract": "talks",
        "title": "File “talks”",
        "threshold": 0.95,
        "rows": 450,
        "linked": 412,
        "ambiguous": 0,
        "unlinked": 38,
        "linked_people": 280,
        "smallest": 0,
        "others": 30,
        "sensitivity": [
            LinkedAt(threshold=0.8, linked=430, others=15),
            LinkedAt(threshold=0.95, linked=412, others=30),
            LinkedAt(threshold=0.99, linked=398, others=42),
        ],
        "start": -8.0,
        "levels": LEVELS,
    }
    return ProbabilisticLinkageResult.model_validate({**given, **changes})


def shown(**changes: object) -> tuple[ProbabilisticLinkageResult, Log]:
    log = Log()
    return likeness(result(**changes), policy(Protocol.model_validate(_tree())), log), log


def _tree() -> dict[str, object]:
    from ruamel.yaml import YAML

    return YAML(typ="safe").load(PROTOCOL)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {},
            "File “talks”: at a match probability of 95%, 412 of 450 rows were linked by likeness. "
            "Between 80% and 99% the number goes from 430 to 398.",
        ),
        (
            {"ambiguous": 12, "unlinked": 26, "smallest": 12},
            "File “talks”: at a match probability of 95%, 412 of 450 rows were linked by likeness. "
            "12 fit two people and were left out. Between 80% and 99% the number goes from 430 to 398.",
        ),
        (
            {"ambiguous": 3, "unlinked": 35, "smallest": 3},
            "File “talks”: at a match probability of 95%, 412 of 450 rows were linked by likeness. "
            "Between 80% and 99% the number goes from 430 to 398.",
        ),
        (
            {"unlinked": 38, "others": 4},
            "File “talks”: at a match probability of 95%, all but fewer than 10 of 450 rows were linked by likeness.",
        ),
        (
            {"linked": 5, "unlinked": 445, "others": 300},
            "File “talks”: at a match probability of 95%, how many rows were linked by likeness may not be shown.",
        ),
        (
            {"sensitivity": [LinkedAt(threshold=0.8, linked=415, others=28), *result().sensitivity[1:2]]},
            "File “talks”: at a match probability of 95%, 412 of 450 rows were linked by likeness. "
            "How much that changes with the probability asked for may not be shown.",
        ),
    ],
    ids=["plain", "two people", "few fit two", "few people left", "few linked", "few between thresholds"],
)  # fmt: skip
def test_the_sentence_follows_from_what_may_be_shown(changes: dict[str, object], expected: str) -> None:
    found, _ = shown(**changes)
    assert likeness_words(found, 10) == expected


def test_counts_of_few_people_are_withheld_though_their_rows_are_many() -> None:
    found, log = shown(linked_people=4)
    assert (found.linked, found.ambiguous, found.unlinked, found.rows) == (None, None, None, None)
    assert all(one.linked is None for one in found.sensitivity)
    assert all(level.m is None for level in found.levels)
    assert {"linked", "unlinked", "rows"} <= {change.cell for change in log.changes}


def test_what_is_counted_for_disclosure_control_is_kept_back() -> None:
    found, _ = shown()
    assert (found.linked_people, found.smallest, found.others) == (None, None, None)
    assert all(one.others is None for one in found.sensitivity)


def test_a_level_on_which_few_people_rest_is_withheld_with_the_next() -> None:
    """A hundredth of 280 people made no slip of a day but gave another date: too few, and the rest adds up to one."""
    found, _ = shown()
    assert [(level.m, level.weight) for level in found.levels] == [(0.9, 14.1), (None, None), (None, None)]


def test_the_report_shows_thresholds_and_waterfall() -> None:
    found, _ = shown(linked_people=5000)
    inputs = Inputs(drop="d", drop_hash="", protocol_hash="", tables={}, code="")
    finding = Finding(
        id="probabilistic_linkage/talks", scope=Scope(pilot="p", site="s"), result=found, sentence="x", inputs=inputs
    )
    text = section.likeness(finding, 1)
    for words in ("Rows linked", "Match weight", "One slip".lower(), "+14.1", "-6.6", "430", "398", "fig-alt"):
        assert words in text
    hidden, _ = shown(linked=5, unlinked=445, others=300)
    silent = section.likeness(finding.model_copy(update={"result": hidden}), 1)
    assert "Match weight" not in silent


@pytest.mark.parametrize(
    ("m", "u", "expected"),
    [
        ((0.9, 0.09, 0.01), (0.01, 0.09, 0.9), (90, 1, 0.01 / 0.9)),
        ((0.8, 0.1, 0.1), (0.01, 0.0001, 0.9899), (0.9 / 0.0101, 0.9 / 0.0101, 0.1 / 0.9899)),
    ],
    ids=["falling", "a slip that chance hardly ever makes"],
)
def test_a_weaker_agreement_never_says_more(
    m: tuple[float, ...], u: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    assert _falling(m, u) == pytest.approx(expected)


ON = "on: {given: name, surname: name, born: date_of_birth, postcode: postcode}"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (ON, "on: {given: name, born: date_of_birth}", "Compare 3 or more"),
        (ON, "on: {given: name, surname: name, born: name}", "names alone do not tell people apart"),
        (ON, ON.replace("postcode: postcode", "email: exact"), 'extracts.talks lists no identifier "email"'),
        ("postcode: Postcode}", "}", 'extracts.people lists no identifier "postcode"'),
        ("columns: {site: Site, c", "columns: {person: Who, site: Site, c", "this file says whose each row is"),
        ("    link:\n      " + ON, "    optional: false", 'contacts need the field "person"'),
        (ON, ON + "\n      threshold: 1.2", "less than 1"),
        (ON, ON + "\n      date_format: dd/mm", "a date needs its year"),
        ("surname: Last name", "surname: First name", "same column|already locked away"),
    ],
)
def test_a_protocol_that_cannot_be_meant_is_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    assert old in PROTOCOL
    path = tmp_path / "protocol.yml"
    path.write_text(PROTOCOL.replace(old, new), encoding="utf-8")
    with pytest.raises(ProtocolFaults, match=words):
        load(path)


def test_a_protocol_with_a_link_needs_no_person(tmp_path: Path) -> None:
    path = tmp_path / "protocol.yml"
    path.write_text(PROTOCOL, encoding="utf-8")
    assert load(path).extracts["talks"].link is not None
