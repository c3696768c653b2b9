"""The reference pages are what the models say, and every key and field has a meaning."""

import json

import pytest

from pipelines.protocol.models import Protocol
from pipelines.reference import pages
from pipelines.release.bundle import Evidence, Manifest
from pipelines.workspace import ROOT


@pytest.mark.parametrize("name", sorted(pages()))
def test_page_is_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == pages()[name], "run: python -m pipelines.reference"


@pytest.mark.parametrize("model", [Protocol, Evidence, Manifest])
def test_every_field_has_a_meaning(model: type) -> None:
    schema = model.model_json_schema()
    parts = {model.__name__: schema, **schema.get("$defs", {})}
    silent = [
        f"{part}.{name}"
        for part, body in parts.items()
        for name, field in body.get("properties", {}).items()
        # A field that only repeats the meaning of the part it holds refers to that part.
        if "description" not in {**parts.get(field.get("$ref", "").split("/")[-1], {}), **field}
        and "const" not in field
    ]
    assert not silent, json.dumps(silent)
