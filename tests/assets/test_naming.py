"""One noun, the same everywhere: asset, schema, SQL file, expectations."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from pipelines.workspace import ROOT, Workspace

LAYERS = ("raw", "validated", "analysis", "findings", "released", "reports", "synthesis")


def nouns(assets: ModuleType, layer: str) -> list[str]:
    names = [asset.key.to_user_string() for module in assets.LAYERS for asset in module.ASSETS]
    return [name.removeprefix(f"{layer}_") for name in names if name.startswith(f"{layer}_")]


def test_every_asset_is_named_layer_noun(assets: ModuleType) -> None:
    for key in assets.defs.resolve_asset_graph().get_all_asset_keys():
        assert re.fullmatch(rf"({'|'.join(LAYERS)})_[a-z]+", key.to_user_string())


def test_no_pilot_and_no_site_is_part_of_a_name(assets: ModuleType, workspace: Workspace) -> None:
    words = {"first", "first-pilot", "north", "south"}  # "pilot" alone is a noun of ours
    for key in assets.defs.resolve_asset_graph().get_all_asset_keys():
        assert not words & set(key.to_user_string().split("_"))


def test_every_validated_noun_has_expectations(assets: ModuleType) -> None:
    files = {path.stem for path in (ROOT / "expectations").glob("*.yml")}
    assert set(nouns(assets, "validated")) == files


@pytest.mark.parametrize("layer", ["validated", "analysis"])
def test_every_table_has_its_statement(assets: ModuleType, layer: str) -> None:
    files = {path.stem for path in (ROOT / "sql" / layer).glob("*.sql")}
    assert set(nouns(assets, layer)) <= files


def test_a_statement_says_first_what_one_row_is() -> None:
    for path in (ROOT / "sql").rglob("*.sql"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("-- "), f"{path.relative_to(ROOT)} does not say what one row is"


def test_groups_sort_into_the_order_of_the_layers() -> None:
    from assets.binding import GROUPS

    assert tuple(GROUPS) == LAYERS
    assert sorted(GROUPS.values()) == list(GROUPS.values())


def test_each_layer_has_its_module() -> None:
    for layer in LAYERS:
        assert (Path(ROOT) / "assets" / f"{layer}.py").is_file()
