"""Comparators followed from a drawn date: the SQL of a drop against the function, and what a protocol may not ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.estimation.index_dates import assign_index_dates
from pipelines.protocol import Protocol, load_text
from pipelines.protocol.faults import ProtocolFaults
from pipelines.warehouse import connect
from pipelines.workspace import PilotSite, Workspace
from tests.spec.test_events import outcomes

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites: {north: {title: North}}
population: {description: people}
intervention: {name: x}
seed: 7
arms:
  treatment: {title: Offered, codes: ["1"]}
  comparison: {title: Not offered, codes: ["0"]}
  assignment: not_randomised
  comparison_starts: drawn
outcomes:
  many: {title: b, type: count, better: lower, horizon: 100, events: {kinds: [arrest]}}
extracts:
  people: {file: cases.csv, columns: {person: id, arm: a, referral_date: r, start_date: s}}
  happened: {noun: events, file: events.csv, columns: {person: id, event_date: e, kind: k}}
"""


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return load_text(PROTOCOL)


@pytest.fixture
def connection(tmp_path: Path, protocol: Protocol) -> Iterator[Any]:
    opened = connect(PilotSite(Workspace(tmp_path), protocol, "north"))
    opened.execute("CREATE SCHEMA raw; CREATE SCHEMA validated; CREATE SCHEMA quarantine")
    yield opened
    opened.close()


def followed(connection: Any, protocol: Protocol, events: list[tuple[str, int, str | None, int | None]]) -> Any:
    """Ten treated people who wait 0, 7 .. 63 days, and forty comparators referred on days 0 to 39."""
    people: dict[str, tuple[int | None, int | None]] = {f"t{i}": (i, i + 7 * i) for i in range(10)}
    people |= {f"c{i}": (i, None) for i in range(40)}
    arms = "CASE WHEN person_key LIKE 't%' THEN 'treatment' ELSE 'comparison' END"
    return outcomes(connection, protocol, people, events, arms=arms)


def drawn(seed: int = 7) -> dict[str, float]:
    treated, names = np.arange(10.0), [f"c{i}" for i in range(40)]
    found = assign_index_dates(np.arange(40.0), np.array(names), treated, 8 * treated, seed)
    return dict(zip(names, found.index.tolist(), strict=True))


def test_the_drop_draws_as_the_function(connection: Any, protocol: Protocol) -> None:
    # An arrest on each day 0 to 250 of everybody: how many count tells from when a person is followed
    starts = drawn()
    assert len(set(starts.values())) > 10
    for name in ("c0", "c17", "c39"):
        on_the_day, after = int(starts[name]), int(starts[name]) + 1
        found = followed(connection, protocol, [(name, after, "arrest", None), (name, after + 99, "arrest", None)])
        assert found[name, "many"][0] == 2
        assert found["t3", "many"][0] == 0
        found = followed(connection, protocol, [(name, after + 100, "arrest", None)])
        assert found[name, "many"][0] == 0
        if on_the_day > int(name[1:]):
            found = followed(connection, protocol, [(name, on_the_day, "arrest", None)])
            assert (name, "many") not in found


def test_who_has_the_event_while_waiting_is_in_neither_group(connection: Any, protocol: Protocol) -> None:
    late = max(drawn(), key=lambda name: drawn()[name] - int(name[1:]))
    events = [("t9", 20, "arrest", None), (late, int(late[1:]) + 1, "arrest", None), ("t8", 20, "move", None)]
    found = followed(connection, protocol, events)
    assert {name for name in ("t9", late, "t8") if (name, "many") in found} == {"t8"}
    assert len(found) == 48


def test_a_later_delivery_moves_nobody() -> None:
    names = [f"c{i}" for i in range(40)]
    few, more = (
        assign_index_dates(np.zeros(n), np.array(names[:n]), np.zeros(3), [1.0, 5.0, 9.0], 1).index for n in (20, 40)
    )
    assert few.tolist() == more[:20].tolist()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("not_randomised", "randomised", ["line 13 (arms.comparison_starts)", "nobody needs a drawn start"]),
        ("{kinds: [arrest]}", "{index: referral_date}", ["(outcomes.many.events.index)", "names its date"]),
        (", start_date: s", "", ["(arms.comparison_starts)", "maps no start_date"]),
        ("drawn", "drawm", ["comparison_starts", "drawn"]),
        ("horizon: 100, events: {kinds: [arrest]}", "value: b", ["no outcome is counted from `events`"]),
    ],
)
def test_faults_are_named_by_line(old: str, new: str, said: list[str]) -> None:
    with pytest.raises(ProtocolFaults) as refused:
        load_text(PROTOCOL.replace(old, new))
    for words in said:
        assert words in str(refused.value)
