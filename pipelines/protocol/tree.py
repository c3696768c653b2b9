"""YAML text to a tree of words with the line of each. What the words mean belongs in the models.

Every scalar stays the text that stands in the file: YAML's own reading of `01`, `1_000`, `NO` or `1e3` as numbers and
truth values would change codes before they could be compared with the data. The models give each value its type.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pipelines.protocol.faults import Fault, ProtocolFaults

Place = tuple[str | int, ...]

DEEPEST = 30
"""Levels of a part in a part; only a part that holds itself is deeper."""
LARGEST_FILE = 2_000_000
MOST_VALUES = 50_000
"""Values after aliases are followed; a protocol has some hundred, a file made to exhaust a machine has billions."""
NOTHING = {"~", "null", "Null", "NULL"}
OF_CODES = {"codes", "labels", "context"}
"""Mappings whose values are words of the data: `null` in them is a word too."""


@dataclass
class Tree:
    """A protocol file as read: plain mappings, lists and texts; None where nothing is written."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[Place, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    count: int = 0

    def line(self, place: Place) -> int:
        """Return the line (from 1) of a place, or of its nearest ancestor that the file holds."""
        steps = tuple(place)
        while steps and steps not in self.lines:
            steps = steps[:-1]
        return self.lines.get(steps, 1)


class _TooMuch(Exception):
    """The file grows without end when its aliases are followed."""


def read_tree(text: str, path: Path) -> Tree:
    """Parse a protocol; raise ProtocolFaults when it is not a YAML mapping at all."""
    node = _parsed(text, path)
    if not isinstance(node, MappingNode):
        raise ProtocolFaults(path, [Fault(1, "", "a protocol is a mapping of keys to values.")])
    tree = Tree()
    try:
        tree.values = _mapping(tree, node, ())
    except _TooMuch:
        fault = Fault(1, "", "its aliases (*) lead into themselves or into too much.", "Write the parts out.")
        raise ProtocolFaults(path, [fault]) from None
    return tree


def _parsed(text: str, path: Path) -> Node | None:
    if len(text) > LARGEST_FILE:
        raise ProtocolFaults(path, [Fault(0, "", "this file is too large for a protocol.", "Is it a data file?")])
    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(io.StringIO(text))
    except MarkedYAMLError as error:
        fault = _not_yaml(error, text)
    except RecursionError:
        fault = Fault(1, "", "this is not a protocol: parts are nested too deeply.")
    except (YAMLError, ValueError, OverflowError) as error:  # for example a character that no text may hold
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 0
        fault = Fault(line, "", "this is not YAML: a character that cannot be read.", "Delete it and type it again.")
    else:
        return node
    raise ProtocolFaults(path, [fault])


_OPENED = re.compile(r'^\s*(?:- )?(?:[\w-]+: +)?"(?P<rest>.*)$')
_KEY = re.compile(r"^\s*(?:- )?[\w-]+:(?: |$)")


def _not_yaml(error: MarkedYAMLError, text: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    line = min(mark.line + 1, len(text.splitlines()) or 1) if mark else 0
    problem = " ".join(str(error.problem or error.context).split())
    if "'\\t'" in problem:
        return Fault(line, "", "this is not YAML: a tab stands where only spaces may.", "Indent with spaces.")
    if "undefined alias" in problem:
        return Fault(line, "", "a word that begins with * stands in quotation marks.", 'Write "*.csv".')
    if "another document" in problem:
        return Fault(line, "", "a second document begins here.", "Keep one protocol in a file and delete the `---`.")
    if odd := _odd_quotation_mark(text, line):
        return Fault(odd, "", "a quotation mark opens here and is not closed.", "Close it in the same line.")
    if "mapping values" in problem:
        remedy = 'A text with a colon in it needs quotation marks around it, as in "Aim: a home".'
        return Fault(line, "", "a colon stands where no key can be.", f"{remedy} Or is the line indented too far?")
    if problem.startswith("expected ','"):
        return Fault(line, "", "this is not YAML: a comma or a closing bracket is missing here or above.", "Add it.")
    if "expected <block end>" in problem:
        remedy = "Is it indented as the lines beside it, and is no comma, bracket or colon missing here or above?"
        return Fault(line, "", "this is not YAML: the line does not fit the lines above it.", remedy)
    return Fault(line, "", f"this is not YAML: {problem}.", "Are the indentation, colons and quotation marks right?")


def _odd_quotation_mark(text: str, until: int) -> int:
    """Return the first line up to the fault whose value begins with a quotation mark that the line does not close."""
    lines = text.splitlines()[:until]
    opened = (n for n, line in enumerate(lines, 1) if (found := _OPENED.match(line)) and '"' not in found["rest"])
    # A text that goes on in the next line is sound YAML; one that runs into the next key is a slip.
    return next((n for n in opened if n < len(lines) and _KEY.match(lines[n])), 0)


def _value(tree: Tree, node: Node, place: Place) -> Any:
    tree.count += 1
    if tree.count > MOST_VALUES or len(place) > DEEPEST:
        raise _TooMuch
    if isinstance(node, MappingNode):
        return _mapping(tree, node, place)
    if isinstance(node, SequenceNode):
        return _sequence(tree, node, place)
    return _scalar(node, place)


def _sequence(tree: Tree, node: SequenceNode, place: Place) -> list[Any]:
    items = []
    for index, item in enumerate(node.value):
        tree.lines[*place, index] = item.start_mark.line + 1
        items.append(_value(tree, item, (*place, index)))
    return items


def _scalar(node: Node, place: Place) -> str | None:
    text, plain = str(node.value), getattr(node, "style", None) not in ("'", '"', "|", ">")
    of_codes = (isinstance(place[-1], int) if place else False) or bool(OF_CODES.intersection(place[:-1]))
    return None if plain and (not text or (text in NOTHING and not of_codes)) else text


def _mapping(tree: Tree, node: MappingNode, place: Place) -> dict[str, Any]:
    found: dict[str, Any] = {}
    merged: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, ScalarNode):
            line = key_node.start_mark.line + 1
            tree.faults.append(Fault(line, _dotted(place), "a key is a word, not a list or a mapping."))
            continue
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if key == "<<" and key_node.style is None:
            for part in _merged(tree, value_node, place):
                merged = {**part, **merged}
        elif key in found:
            first = tree.lines[*place, key]
            words = f'the key "{key}" stands here a second time; the first is in line {first}.'
            tree.faults.append(Fault(line, _dotted((*place, key)), words, "Keep one of them."))
        else:
            tree.lines[*place, key] = line
            found[key] = _value(tree, value_node, (*place, key))
    return {**merged, **found}


def _merged(tree: Tree, node: Node, place: Place) -> Iterator[dict[str, Any]]:
    """Return what `<<: *part` adds: YAML's way to say "the same, but"; keys written beside it go first."""
    parts = node.value if isinstance(node, SequenceNode) else [node]
    for part in parts:
        if isinstance(part, MappingNode):
            known = dict(tree.lines)  # lines of keys that stand in the file beside it stay
            yield _value(tree, part, place)
            tree.lines.update(known)
        else:
            words = "only a mapping can be merged in with <<."
            tree.faults.append(Fault(part.start_mark.line + 1, _dotted(place), words))


def _dotted(place: Place) -> str:
    return ".".join(map(str, place))
