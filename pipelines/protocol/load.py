"""Reading protocol.yml: YAML with line numbers, models, cross-references, and every fault at once."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from pipelines.protocol.cross_references import cross_reference_faults
from pipelines.protocol.faults import Fault, ProtocolFaults
from pipelines.protocol.limit_soundness import limit_faults
from pipelines.protocol.models import Protocol
from pipelines.protocol.soundness import soundness_faults
from pipelines.protocol.speech import fault_of
from pipelines.protocol.tree import Tree, read_tree


def load(path: Path) -> Protocol:
    """Read a protocol file; raise ProtocolFaults with everything that is wrong with it."""
    if not path.is_file():
        raise ProtocolFaults(path, [Fault(0, "", "there is no such file.", "`pilotlens new PILOT` writes one.")])
    return load_text(_text(path), path)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fault = Fault(line, "", "this line is not UTF-8.", "Save the file as UTF-8.")
    except OSError:
        fault = Fault(0, "", "this file cannot be read.", "Have you the right to read it?")
    raise ProtocolFaults(path, [fault])  # outside the handlers: the first exception holds the whole file


@lru_cache(maxsize=64)
def load_text(text: str, path: Path = Path("protocol.yml")) -> Protocol:
    """Read a protocol from its text; `path` is only for the messages.

    Every step of every site asks for its protocol, and reading YAML with its lines takes a third of a second: the same
    text is read once. Protocols are frozen; one with faults is read again.
    """
    tree = read_tree(text.removeprefix("\ufeff"), path)
    faults = [*tree.faults, *_folder_fault(tree, path)]
    faults += cross_reference_faults(tree.values, tree.line)
    faults += soundness_faults(tree.values, tree.line)
    faults += limit_faults(tree.values, tree.line)
    try:
        protocol = Protocol.model_validate(tree.values)
    except ValidationError as error:
        faults += [fault_of(tree, detail) for detail in error.errors(include_url=False)]
    if faults:
        raise ProtocolFaults(path, faults)
    return protocol


def protocol_hash(protocol: Protocol) -> str:
    """Return the SHA-256 of the canonical form: comments and layout do not count, defaults do."""
    canonical = json.dumps(protocol.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _folder_fault(tree: Tree, path: Path) -> list[Fault]:
    """A protocol below pilots/<pilot>/ must carry the name of its folder."""
    folder, pilot = path.parent.name, tree.values.get("pilot")
    if path.parent.parent.name != "pilots" or not isinstance(pilot, str) or pilot == folder:
        return []
    return [Fault(tree.line(("pilot",)), "pilot", f'the folder is called "{folder}".', "Use one name for both.")]
