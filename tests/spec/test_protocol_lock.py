"""The lock of a protocol: what counts as an edit, what is refused until it is recorded, and what the record says."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pipelines.protocol import load_text
from pipelines.protocol.load import protocol_hash
from pipelines.protocol_lock import (
    deviate,
    deviations,
    insist_recorded,
    lock_protocol,
    locked,
    note_seen,
    open_outcomes,
    unrecorded,
)
from pipelines.protocol_lock.changes import between, said
from pipelines.refusal import Refusal
from pipelines.workspace import Workspace
from tests.spec.locked_pilot import PROTOCOL, deliver, kinds, write

NOON = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)

SAME = {
    "comments": PROTOCOL.replace("# The plan.", "# Another note.\n# And one more."),
    "layout": PROTOCOL.replace("adjust_for: [age]", "adjust_for:\n  - age"),
    "order of keys": PROTOCOL.replace("limits: {people_per_arm: 10}\n", "") + "limits: {people_per_arm: 10}\n",
    "a default written out": PROTOCOL + "confidence_level: 0.95\n",
}

MATERIAL = [
    ("better: higher", "better: lower", "outcomes.earned.better: lower; it was higher."),
    ("tier: primary", "tier: secondary", "outcomes.earned.tier: secondary; it was primary."),
    ("difference: 500", "difference: 50", "outcomes.earned.minimum_important_difference: 50; it was 500."),
    ("adjust_for: [age]", "adjust_for: []", "adjust_for: taken out; it was age."),
    ("people_per_arm: 10", "people_per_arm: 4", "limits.people_per_arm: 4; it was 10."),
    ("{north: 80}", "{north: 40}", "population.planned_per_site.north: 40; it was 80."),
    ("codes: [help]", "codes: [help, aid]", "arms.treatment.codes: help, aid; it was help."),
    ("limits:", "confidence_level: 0.8\nlimits:", "confidence_level: 0.8; it was 0.95."),
    ("limits:", "seed: 7\nlimits:", "seed: 7; it was 1."),
    ("limits:", "design: {kind: randomised, adjusted: true}\nlimits:", "design: new, kind: randomised; adjusted: yes."),
    ("Five hundred pounds more.", "Less.", "questions.work.expectation: Less.; it was Five hundred pounds more.."),
]
MINOR = [
    ("title: Work first", "title: Work, first", "title: Work, first; it was Work first."),
    ("somebody@", "nobody@", "contact: nobody@example.org; it was somebody@example.org."),
    ("title: North office", "title: Northern office", "sites.north.title: Northern office; it was North office."),
    ("title: Age,", "title: Age at referral,", "covariates.age.title: Age at referral; it was Age."),
    ("file: people.csv", "file: all.csv", "extracts.people.file: all.csv; it was people.csv."),
    ("limits:", "disclosure: {minimum_count: 15}\nlimits:", "disclosure.minimum_count: new, 15."),
]


@pytest.fixture
def open_pilot(tmp_path: Path) -> Workspace:
    return write(tmp_path)


@pytest.fixture
def pilot(open_pilot: Workspace) -> Workspace:
    lock_protocol(open_pilot, "work", "A. Reader", "before the first drop", now=NOON)
    return open_pilot


def test_a_protocol_is_open_until_it_is_locked_and_then_stays_as_it_was_locked(open_pilot: Workspace) -> None:
    assert locked(open_pilot, "work") is None
    assert unrecorded(open_pilot, "work") == ()
    first = lock_protocol(open_pilot, "work", "A. Reader", "before the first drop", now=NOON)
    assert (first.version, first.date, first.by, first.how) == (1, "2026-05-03", "A. Reader", "command")
    assert first.hash == protocol_hash(open_pilot.protocol("work"))
    assert lock_protocol(open_pilot, "work", "Somebody else", "again") == first
    assert kinds(open_pilot) == ["lock"]


@pytest.mark.parametrize("text", SAME.values(), ids=SAME.keys())
def test_what_does_not_count_as_an_edit(pilot: Workspace, text: str) -> None:
    write(pilot.root, text)
    assert unrecorded(pilot, "work") == ()
    insist_recorded(pilot.site("work", "north"))
    assert kinds(pilot) == ["lock"]


@pytest.mark.parametrize(("old", "new", "words"), MATERIAL)
def test_an_edit_that_may_touch_a_result_is_refused_until_it_is_recorded(
    pilot: Workspace, old: str, new: str, words: str
) -> None:
    write(pilot.root, PROTOCOL.replace(old, new, 1))
    with pytest.raises(Refusal) as refused:
        insist_recorded(pilot.site("work", "north"))
    assert f"- {words}" in str(refused.value)
    assert "pilotlens deviate work" in str(refused.value)
    assert kinds(pilot) == ["lock"]
    made = deviate(pilot, "work", "B. Lead", "the funder asked for it", now=NOON)
    assert [change.words for change in made.changes] == [words]
    assert (made.version, made.by, made.why, made.after_look) == (2, "B. Lead", "the funder asked for it", False)
    insist_recorded(pilot.site("work", "north"))
    found = locked(pilot, "work")
    assert found is not None
    assert (found.version, found.date) == (2, "2026-05-03")
    assert found.first != found.protocol


@pytest.mark.parametrize(("old", "new", "words"), MINOR)
def test_an_edit_that_cannot_touch_a_result_is_recorded_by_itself_once(
    pilot: Workspace, old: str, new: str, words: str
) -> None:
    write(pilot.root, PROTOCOL.replace(old, new, 1))
    insist_recorded(Workspace(pilot.root, as_of="2026-03-31").site("work", "north"))
    assert kinds(pilot) == ["lock"], "looking back leaves no trace"
    for _ in range(2):
        insist_recorded(pilot.site("work", "north"))
    (made,) = deviations(pilot, "work")
    assert [change.words for change in made.changes] == [words]
    assert (made.how, made.why, made.material) == ("run", "no reason given", False)
    assert kinds(pilot) == ["lock", "deviation"]


def test_loosening_what_protects_people_is_no_small_matter(open_pilot: Workspace) -> None:
    write(open_pilot.root, PROTOCOL + "disclosure: {minimum_count: 15}\n")
    lock_protocol(open_pilot, "work", "A", "b")
    for text in (PROTOCOL, PROTOCOL + "disclosure: {minimum_count: 12}\n"):
        write(open_pilot.root, text)
        (change,) = unrecorded(open_pilot, "work")
        assert (change.key, change.material) == ("disclosure.minimum_count", True)


def test_a_renamed_column_is_told_from_an_exchanged_one_by_the_file(pilot: Workspace) -> None:
    write(pilot.root, PROTOCOL.replace("earned: pay", "earned: salary"))
    deliver(pilot.root, "2026-03-31", 4)
    (change,) = unrecorded(pilot, "work")
    assert (change.key, change.material) == ("extracts.people.columns.earned.column", True)
    deliver(pilot.root, "2026-06-30", 4, pay="salary")
    (change,) = unrecorded(pilot, "work")
    assert not change.material


def test_whether_outcomes_had_been_seen_stands_in_the_record(pilot: Workspace) -> None:
    write(pilot.root, PROTOCOL.replace("difference: 500", "difference: 400"))
    deviate(pilot, "work", "B. Lead", "a slip")
    for _ in range(2):
        open_outcomes(pilot.site("work", "north"))
        note_seen(pilot.site("work", "north"))
    write(pilot.root, PROTOCOL.replace("difference: 500", "difference: 300"))
    deviate(pilot, "work", "B. Lead", "smaller than thought")
    assert [one.after_look for one in deviations(pilot, "work")] == [False, True]
    assert kinds(pilot) == ["lock", "deviation", "outcomes_seen", "deviation"]


def test_putting_it_back_needs_a_record_only_when_the_edit_had_one(pilot: Workspace) -> None:
    write(pilot.root, PROTOCOL.replace("difference: 500", "difference: 50"))
    write(pilot.root, PROTOCOL)
    insist_recorded(pilot.site("work", "north"))
    write(pilot.root, PROTOCOL.replace("difference: 500", "difference: 50"))
    deviate(pilot, "work", "B. Lead", "a slip")
    write(pilot.root, PROTOCOL)
    with pytest.raises(Refusal, match="it was 50"):
        insist_recorded(pilot.site("work", "north"))


@pytest.mark.parametrize(
    ("by", "why", "words"),
    [("", "x", "who changed"), ("x", " ", "why the protocol"), ("x", "y", "as it was last recorded")],
)
def test_a_record_without_a_name_a_reason_or_an_edit_is_refused(
    pilot: Workspace, by: str, why: str, words: str
) -> None:
    with pytest.raises(Refusal, match=words):
        deviate(pilot, "work", by, why)


def test_an_open_protocol_has_no_deviations(open_pilot: Workspace) -> None:
    with pytest.raises(Refusal, match="is not locked"):
        deviate(open_pilot, "work", "x", "y")


def test_a_key_that_the_program_learned_later_is_no_edit(open_pilot: Workspace) -> None:
    from pipelines.protocol_lock.changes import canonical_of, differences

    protocol = open_pilot.protocol("work")
    earlier = canonical_of(protocol)
    del earlier["doubts"], earlier["limits"]["periods_before"]
    assert differences(earlier, protocol) == ()
    chosen = load_text(PROTOCOL.replace("people_per_arm: 10", "people_per_arm: 10, periods_before: 9"))
    assert [".".join(path) for path, _, _ in differences(earlier, chosen)] == ["limits.periods_before"]


def test_values_are_said_in_words_on_one_line() -> None:
    told = [None, "", True, False, 0.05, 3, ["a", "b"], {"title": "A", "unit": "", "codes": ["x"]}, "two\nlines\x1b"]
    assert [said(one) for one in told] == [
        "nothing", "nothing", "yes", "no", "0.05", "3", "a, b", "title: A; codes: (x)", "two lines",
    ]  # fmt: skip
    assert list(between({"a": True}, {"a": 1})) == [(("a",), True, 1)]
