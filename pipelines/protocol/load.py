"""Reading protocol.yml: YAML with line numbers, models, cross-references, and every fault at once."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pipelines.protocol.cross_references import cross_reference_faults
from pipelines.protocol.faults import Fault, ProtocolFaults, did_you_mean
from pipelines.protocol.models import Protocol

Place = tuple[str | int, ...]


def load(path: Path) -> Protocol:
    """Read a protocol file; raise ProtocolFaults with everything that is wrong with it."""
    if not path.is_file():
        raise ProtocolFaults(path, [Fault(0, "", "there is no such file.", "`pilotlens new PILOT` writes one.")])
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = Fault(0, "", f"byte {error.start} is not UTF-8.", "Save the file as UTF-8.")
        raise ProtocolFaults(path, [fault]) from None
    return load_text(text, path)


def load_text(text: str, path: Path = Path("protocol.yml")) -> Protocol:
    """Read a protocol from its text; `path` is only for the messages."""
    tree = _parse(text, path)
    faults = [*_folder_fault(tree, path), *cross_reference_faults(tree, lambda place: _line(tree, place))]
    try:
        protocol = Protocol.model_validate(_plain(tree))
    except ValidationError as error:
        faults += [_fault(tree, detail) for detail in error.errors(include_url=False)]
    if faults:
        raise ProtocolFaults(path, faults)
    return protocol


def protocol_hash(protocol: Protocol) -> str:
    """Return the SHA-256 of the canonical form: comments and layout do not count, defaults do."""
    canonical = json.dumps(protocol.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _parse(text: str, path: Path) -> CommentedMap:
    try:
        tree = YAML(typ="rt").load(io.StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise ProtocolFaults(path, [Fault(line, "", f"this is not YAML: {error.problem}.")]) from None
    except YAMLError:
        raise ProtocolFaults(path, [Fault(0, "", "this is not YAML.")]) from None
    if not isinstance(tree, CommentedMap):
        raise ProtocolFaults(path, [Fault(1, "", "a protocol is a mapping of keys to values.")])
    return tree


def _plain(node: Any) -> Any:
    """Return ruamel's tree as plain Python values."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_plain(value) for value in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _folder_fault(tree: CommentedMap, path: Path) -> list[Fault]:
    """A protocol below pilots/<pilot>/ must carry the name of its folder."""
    folder, pilot = path.parent.name, tree.get("pilot")
    if path.parent.parent.name != "pilots" or not isinstance(pilot, str) or pilot == folder:
        return []
    return [Fault(_line(tree, ("pilot",)), "pilot", f'the folder is called "{folder}".', "Use one name for both.")]


def _line(tree: Any, place: Place) -> int:
    """Return the line (from 1) of a key, or of its nearest ancestor that the file holds."""
    line, node = 1, tree
    for step in place:
        try:
            if isinstance(node, CommentedMap):
                key = next(k for k in node if str(k) == str(step))
                line, node = node.lc.key(key)[0] + 1, node[key]
            elif isinstance(node, CommentedSeq):
                line, node = node.lc.item(step)[0] + 1, node[step]
            else:
                break
        except (StopIteration, KeyError, IndexError, TypeError):
            break
    return line


def _fault(tree: CommentedMap, detail: Any) -> Fault:
    """Turn one pydantic error into words an evaluator understands."""
    place: Place = tuple(p for p in detail["loc"] if p != "[key]")
    kind, where, line = detail["type"], ".".join(map(str, place)), _line(tree, place)
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        return Fault(line, where, "this key is not known here.", did_you_mean(str(place[-1]), _keys_at(place[:-1])))
    if kind == "missing":
        return Fault(line, where, f'the key "{place[-1]}" is missing.', _meaning(place))
    if kind == "literal_error":
        allowed = [word.strip(" '") for word in context["expected"].replace(" or ", ",").split(",")]
        return Fault(line, where, "this value is not known here.", did_you_mean(str(detail["input"]), allowed))
    if kind == "string_pattern_mismatch":
        return Fault(line, where, "a key is lower case letters, digits, - and _, and starts with a letter.")
    if kind == "value_error":
        return Fault(line, where, f"{context['error']}.")
    return Fault(line, where, f"{detail['msg']}.".replace("Input should be", "this should be"))


def _model_at(place: Place) -> type[BaseModel] | None:
    """Return the model that describes a place; the keys of mappings and the numbers of lists are stepped over."""
    model: Any = Protocol
    steps = list(place)
    while steps:
        field = model.model_fields.get(str(steps.pop(0)))
        model = _inner(field.annotation) if field else None
        if model is None:
            return None
        if steps and not _is_model(field.annotation):
            steps.pop(0)
    return model


def _is_model(annotation: Any) -> bool:
    """Tell a part (`concept`) and an optional part (`arms`) from a mapping or a list of parts (`sites`)."""
    if getattr(annotation, "__origin__", None) in (dict, tuple):
        return False
    arguments = getattr(annotation, "__args__", (annotation,))
    return any(isinstance(argument, type) and issubclass(argument, BaseModel) for argument in arguments)


def _inner(annotation: Any) -> Any:
    """Return the model inside dict[...], tuple[...], Annotated[...] or `X | None`, if there is one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [_inner(argument) for argument in getattr(annotation, "__args__", ())]
    return next((model for model in found if model is not None), None)


def _keys_at(place: Place) -> list[str]:
    model = _model_at(place)
    return list(model.model_fields) if model else []


def _meaning(place: Place) -> str:
    model = _model_at(place[:-1])
    field = model.model_fields.get(str(place[-1])) if model else None
    return f"It says: {field.description}" if field and field.description else ""
