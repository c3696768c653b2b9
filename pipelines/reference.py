"""Reference pages and JSON Schemas of protocol and evidence bundle, written from the models so that they cannot drift.

Run `python -m pipelines.reference` after changing a model; a test compares what is there with what would be written.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipelines.learning.registers import REGISTERS, Field
from pipelines.protocol.extracts import FIELDS, MISSING_DEFAULT, REQUIRED
from pipelines.protocol.models import Protocol
from pipelines.release.bundle import Evidence, Manifest
from pipelines.workspace import ROOT

PROTOCOL_PAGE, PROTOCOL_SCHEMA = "pipelines/protocol/PROTOCOL.md", "pipelines/protocol/protocol.schema.json"
EVIDENCE_PAGE, EVIDENCE_SCHEMA = "pipelines/release/EVIDENCE.md", "pipelines/release/evidence.schema.json"
WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def pages() -> dict[str, str]:
    """Return every reference page and schema by its path in the repository."""
    return {
        PROTOCOL_PAGE: _protocol_page(),
        PROTOCOL_SCHEMA: _schema(Protocol),
        EVIDENCE_PAGE: _evidence_page(),
        EVIDENCE_SCHEMA: _schema(Evidence),
    }


def write(root: Path = ROOT) -> None:
    """Write the pages into the repository."""
    for name, text in pages().items():
        (root / name).write_text(text, encoding="utf-8")


def _schema(model: type[BaseModel]) -> str:
    mode: Literal["validation", "serialization"] = "validation"
    return json.dumps(model.model_json_schema(mode=mode), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _protocol_page() -> str:
    head = """# The protocol, key by key

One file, `protocol.yml`, is all that a new pilot adds. `pilotlens check` reads it and names every fault with its line;
the JSON Schema beside this page lets editors complete it. Keys without a default are needed. An unknown key is a fault.
A small working protocol for each kind of design stands in [DESIGNS.md](DESIGNS.md).

*Written by `python -m pipelines.reference` from the models in `pipelines/protocol`.*
"""
    return "\n".join([head, *_sections(Protocol, "protocol.yml"), _nouns(), _registers()])


def _evidence_page() -> str:
    head = """# The evidence bundle, field by field

A bundle is a folder `releases/<pilot>/<site>/<release>/` with `evidence.json`, one Parquet table for each kind of
finding in `tables/`, and `manifest.json` with the hash of each file. It is written once and never changed. It holds all
that may leave the evaluation team, and reports read nothing else. The bundle over all sites of a pilot, made from the
sites' bundles alone, lies in `releases/<pilot>/_pilot/<release>/`. `null` in a count or a figure means that the
disclosure policy withholds it, or that it could not be computed; reports print it as "[c]".

Find a number by the id of its finding, for example with Python:

```python
import json

evidence = json.load(open("evidence.json", encoding="utf-8"))
findings = {finding["id"]: finding for finding in evidence["findings"]}
findings["effect/rearrest_52w/primary"]["result"]["value"]
```

*Written by `python -m pipelines.reference` from the models in `pipelines/findings` and `pipelines/release`.*
"""
    sections = [*_sections(Evidence, "evidence.json"), *_sections(Manifest, "manifest.json")]
    return "\n".join([head, *dict.fromkeys(sections)])


def _sections(model: type[BaseModel], title: str) -> Iterator[str]:
    """Yield a section for a model and for each model that it holds, in the order in which a reader meets them."""
    seen: dict[type[BaseModel], str] = {model: title}
    queue = [model]
    while queue:
        current = queue.pop(0)
        yield _section(current, seen[current])
        for field in current.model_fields.values():
            for inner in _models(field.annotation):
                if inner not in seen:
                    seen[inner] = inner.__name__
                    queue.append(inner)


def _section(model: type[BaseModel], title: str) -> str:
    lines = [f"## {title}", "", _one_paragraph(model.__doc__ or ""), "", "| key | holds | default | meaning |"]
    lines += ["|---|---|---|---|"]
    lines += [_row(name, field) for name, field in model.model_fields.items()]
    return "\n".join([*lines, ""])


def _row(name: str, field: FieldInfo) -> str:
    meaning = _one_paragraph(field.description or "")
    return f"| `{name}` | {_cell(_type(field.annotation))} | {_default(field)} | {_cell(meaning)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _one_paragraph(text: str) -> str:
    return " ".join(text.split("\n\n")[0].split())


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    default: Any = field.get_default(call_default_factory=True)
    if default is PydanticUndefined or default in (None, "", (), {}) or isinstance(default, BaseModel):
        return "none" if default is None or default in ("", (), {}) else "its own defaults"
    return f"`{json.dumps(default)}`"


def _type(annotation: Any) -> str:
    """Return a type in words, with links to the sections of models."""
    if annotation in WORDS:
        return WORDS[annotation]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin is typing.Annotated:
        return _type(arguments[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_type(argument) for argument in arguments if argument is not type(None))
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"mapping of a key to {_type(arguments[1])}"
    return "a date (yyyy-mm-dd)" if getattr(annotation, "__name__", "") == "date" else "anything"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _nouns() -> str:
    """Return the fields of the common model."""
    lines = ["## Fields by noun", "", "What may stand on the left under `columns`, by the extract's `noun`.", ""]
    lines += ["| noun | fields | must be mapped |", "|---|---|---|"]
    for noun, fields in FIELDS.items():
        listed = ", ".join(f"`{field}` ({kind.replace('_', '/')})" for field, kind in fields.items()) or "none"
        lines.append(f"| `{noun}` | {listed} | {', '.join(f'`{f}`' for f in REQUIRED[noun]) or 'none'} |")
    missing = ", ".join(f"`{word}`" for word in MISSING_DEFAULT if word)
    lines += ["", "`cases` also takes every field that an outcome (`value`, `time`, `event`), a covariate or a"]
    lines += ["component (`cases.FIELD`) names. A blank cell is missing, and so are: " + missing + "."]
    return "\n".join([*lines, "", INTERVIEWS])


def _registers() -> str:
    """Return the registers of the learning loop, column by column."""
    lines = [REGISTERS_HEAD]
    for one in REGISTERS.values():
        lines += ["", f"### {one.file}", "", f"One row is {one.row}.", "", "| column | holds | needed | meaning |"]
        lines += ["|---|---|---|---|"]
        lines += [f"| `{f.name}` | {_holds(f)} | {'yes' if f.needed else 'no'} | {f.meaning} |" for f in one.fields]
    return "\n".join([*lines, ""])


def _holds(field: Field) -> str:
    if field.kind == "choice":
        return " or ".join(f"`{one}`" for one in field.choices)
    words = {"day": "a date (yyyy-mm-dd)", "number": "a number", "text": "words", "id": "a short name"}
    return words.get(field.kind, f"key of a {field.kind}")


REGISTERS_HEAD = """## Registers

Four files that the team keeps by hand, for the learning loop; each is a CSV file beside `protocol.yml` (UTF-8; comma,
semicolon or tab) and none is needed. `pilotlens run` reads them each time and `pilotlens check` names their faults by
file, row and column. What a spreadsheet saves as CSV will do: its days too (30/09/2026), where the days of the file
show which number is the month. For example `pdsa.csv`:

```
id,title,start,plan,prediction,chart,decision
texts,A message the day before,2026-01-05,Workers send a text message.,Nine of ten come.,kept,adapt
```

- Write roles, never names of people. Words that hold a name, number or address that the pilot's files know, or what
  looks like a postcode, telephone number, e-mail address or full date, are withheld; the report says in which row.
- Rows dated after the newest drop wait for the next one: a report shows what was known with its data. The day of a
  100-day challenge is counted up to the date of the drop, not to today.
- Figures of a challenge that are whole numbers below the smallest count that may be shown are withheld.
- Do not write counts of a few people into the words.
"""

INTERVIEWS = """## Coded interviews

An extract with `noun: interviews` is a coded project: REFI-QDA (`.qdpx`), a Taguette database, a QualCoder folder, or a
table of ATLAS.ti, MAXQDA, Dedoose, Taguette or one's own; [QUALITATIVE.md](../qualitative/QUALITATIVE.md) tells what to
send and how to write a table of codings. No columns are mapped; the project itself says who speaks, and `coded` what it
leaves open:

- Each document belongs to a *case* of the project whose name is the person's identifier, exactly as the case file has
  it (`person`); then consent and role follow. A document that no case holds is a speaker with the document's own name.
- An attribute `role` of the case or the document says who the speaker is, for example `participant` or `staff`. Without
  it, speakers who are in the case file are participants.
- An attribute `site`, or a document set with the name of the site, tells the interviews of several sites apart when
  they are in one project. Otherwise keep one project for each site, with `{site}` in its file's name.
- `coded: {documents: people.csv}` names a table that says all this of each document, for tools that do not.
- A quote is shown only when its speaker's row in `consents` has `may_quote` and `may_publish` and no `withdrawn_on`
  (every speaker's, where it is several people's), when its exact words are listed in `quotes.csv` beside the
  protocol, and when it holds no identifier. `pilotlens quotes review` writes that file.
- `quotes.csv` has the columns `sha256` (of the exact words in UTF-8) or `quote` (the exact words), `approved_by`,
  `approved_on`, and may have `decision` (`approved`, which a blank means too, or `refused`) and `shown` (the words with
  [brackets] for some of them, checked against the exact words; blank where nothing was replaced). Of two lines about
  the same words the later one counts.
- Who has `withdrawn_on` is not counted or quoted, also when their row of `consents` is set aside.
"""


if __name__ == "__main__":
    write()
