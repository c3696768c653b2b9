"""Whatever somebody does to a protocol, it loads, or every fault has words and a line of the file; nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.protocol import Protocol, ProtocolFaults, load_text
from pipelines.protocol.tree import Place, read_tree

DEMO = Path(__file__).parents[2] / "pipelines" / "demo" / "data"
TEXTS = [path.read_text(encoding="utf-8") for path in sorted(DEMO.glob("*/protocol.yml"))]
TREES = [read_tree(text, Path("protocol.yml")).values for text in TEXTS]

words = st.one_of(
    st.sampled_from(["", "null", "true", "-1", "1e309", "nan", "2026-02-30", "../x", "{site}", "cases.", "arm", "0"]),
    st.sampled_from(["site", "a b", "%Q", "%", "dd/mm", "rot13", "\t", '"', "*", "<<", "\ud7ff", "\U0001f600", "İ"]),
    st.text(max_size=8),
)
values = st.recursive(
    st.one_of(words, st.none(), st.integers(), st.booleans(), st.floats(allow_nan=True)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=5,
)


def places(node: Any, place: Place = ()) -> Iterator[Place]:
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        yield (*place, key)
        yield from places(value, (*place, key))


PLACES = [(number, place) for number, tree in enumerate(TREES) for place in places(tree)]


def dumped(tree: Any) -> str:
    """Return a tree as JSON, which is YAML too (ruamel's own dumper writes long keys that it cannot read back)."""
    return json.dumps(tree, ensure_ascii=False, indent=1)


def mutated(number: int, place: Place, how: str, value: Any, name: str) -> str:
    tree = deepcopy(TREES[number])
    parent = tree
    for step in place[:-1]:
        parent = parent[step]
    if how == "retype":
        parent[place[-1]] = value
    elif how == "delete" or isinstance(parent, list):
        del parent[place[-1]]
    else:
        parent[name] = parent.pop(place[-1])
    return dumped(tree)


def loads_or_speaks(text: str) -> Protocol | None:
    """Load a text, or look at its faults; any other exception fails the test."""
    try:
        return load_text(text)
    except ProtocolFaults as raised:
        found = raised.faults
    assert found
    for fault in found:
        assert 0 <= fault.line <= (len(text.splitlines()) or 1), fault
        assert fault.problem.strip(" ."), fault
        assert "\n" not in fault.problem, fault
    return None


@pytest.mark.parametrize("number", range(len(TREES)))
def test_the_unchanged_tree_is_the_protocol(number: int) -> None:
    assert loads_or_speaks(dumped(TREES[number])) == load_text(TEXTS[number])


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(["retype", "delete", "rename"]), values, words)
def test_a_changed_node_is_borne_or_told(where: tuple[int, Place], how: str, value: Any, name: str) -> None:
    loads_or_speaks(mutated(*where, how, value, name))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TEXTS), st.integers(0, 10_000), st.integers(0, 5), st.text(max_size=4))
def test_changed_letters_are_borne_or_told(text: str, at: int, cut: int, put: str) -> None:
    at %= len(text)
    loads_or_speaks(text[:at] + put + text[at + cut :])


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=" \t\n:-?[]{}&*!|>'\"%@`#,abc01~<\\\r\x85\u2028", max_size=40))
def test_any_text_is_borne_or_told(text: str) -> None:
    loads_or_speaks(text)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(alphabet="abcNOyes01e_.:-x", min_size=1, max_size=6).filter(lambda c: c.strip("-:. ")), min_size=1)
)
def test_quoted_codes_come_back_letter_by_letter(codes: list[str]) -> None:
    tree = deepcopy(TREES[2])
    tree["arms"] = {**tree["arms"], "treatment": {"title": "x", "codes": [f"x{code}" for code in codes]}}
    protocol = loads_or_speaks(dumped(tree))
    assert protocol is not None
    assert protocol.arms is not None
    assert protocol.arms.treatment.codes == tuple(f"x{code}" for code in codes)
