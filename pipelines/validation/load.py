"""Reads `expectations/<noun>.yml`. What belongs here: turning a file into rules, and faults into file and line."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pipelines.validation.rule import Rule

FOLDER = Path(__file__).parents[2] / "expectations"
FIELDS = {"table", "row", "rules"}


class RulesUnreadable(ValueError):
    """A file of rules has faults; the message lists each with file and line."""


def load_rules(noun: str, folder: Path | None = None) -> tuple[Rule, ...]:
    """Read the rules of a noun; every fault of the file is told at once."""
    path = (folder or FOLDER) / f"{noun}.yml"
    try:
        seen = path.stat()
    except OSError:
        seen = None
    return _load(path, noun, (seen.st_mtime_ns, seen.st_size) if seen else None)


@cache
def _load(path: Path, noun: str, seen: tuple[int, int] | None) -> tuple[Rule, ...]:
    """Read a file of rules; `seen` makes a file that changed another one. Faults are never remembered."""
    document = _read(path)
    faults = [*_document_faults(document, noun)]
    entries = [] if faults else list(document["rules"])
    rules = [_rule(entry, faults) for entry in entries]
    faults += _doubles(entries)
    if faults:
        raise RulesUnreadable("\n".join(f"{_place(path)}, line {line}: {words}" for line, words in sorted(faults)))
    return tuple(rule for rule in rules if rule is not None)


Fault = tuple[int, str]


def _place(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _read(path: Path) -> Any:
    try:
        return YAML().load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RulesUnreadable(f"There is no file {_place(path)}") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RulesUnreadable(f"{_place(path)}, line {line}: not readable as YAML ({error.problem})") from None
    except (YAMLError, UnicodeDecodeError):
        raise RulesUnreadable(f"{_place(path)}, line 1: not readable as YAML") from None


def _document_faults(document: Any, noun: str) -> Iterator[Fault]:
    if not isinstance(document, CommentedMap):
        yield 1, "expected table, row and rules"
        return
    for key in document.keys() - FIELDS:
        yield _line(document, key), f"unknown field '{key}'{_hint(str(key), FIELDS)}"
    for key in FIELDS - document.keys():
        yield 1, f"'{key}' is missing"
    if document.get("table", noun) != noun:
        yield _line(document, "table"), f"table is '{document['table']}', the file's name says '{noun}'"
    if "rules" in document and not isinstance(document["rules"], list):
        yield _line(document, "rules"), "rules must be a list"


def _rule(entry: Any, faults: list[Fault]) -> Rule | None:
    if not isinstance(entry, CommentedMap):
        faults.append((1, "a rule must be a mapping of fields"))
        return None
    try:
        return Rule.model_validate(_plain(entry))
    except ValidationError as error:
        faults += [_fault(entry, each) for each in error.errors(include_url=False)]
    return None


def _plain(value: Any) -> Any:
    """Strip ruamel's types, so that a rule holds plain values."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _fault(entry: CommentedMap, error: ErrorDetails) -> Fault:
    field = str(error["loc"][0]) if error["loc"] else ""
    words = {"extra_forbidden": f"unknown field{_hint(field, Rule.model_fields)}", "missing": "is missing"}.get(
        error["type"], error["msg"].removeprefix("Value error, ")
    )
    named = f" '{field}':" if field else ":"
    return _line(entry, field), f"rule '{entry.get('id', '?')}'{named} {words}"


def _hint(word: str, allowed: Any) -> str:
    near = get_close_matches(word, list(allowed), n=1)
    return f"; did you mean '{near[0]}'?" if near else f"; allowed: {', '.join(sorted(allowed))}"


def _doubles(entries: list[Any]) -> Iterator[Fault]:
    seen: set[str] = set()
    for entry in entries:
        name = str(entry.get("id", "")) if isinstance(entry, CommentedMap) else ""
        if name and name in seen:
            yield _line(entry, "id"), f"rule '{name}': the id is used twice"
        seen.add(name)


def _line(node: CommentedMap, key: str) -> int:
    try:
        return int(node.lc.key(key)[0]) + 1
    except (KeyError, AttributeError, TypeError):
        return int(node.lc.line) + 1
