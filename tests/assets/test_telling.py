"""What a step tells becomes what the UI shows: words first, links that work, nothing that is too small to show."""

from pathlib import Path

from assets.telling import REPORTS_URL, materialisation
from pipelines.told import Told

REPORTS = Path("/somewhere/reports")
TOLD = Told(
    "**Published** 3 rows.",
    rows=3,
    columns=(("person_key", "VARCHAR"),),
    table="| a |\n|---|\n| 1 |",
    picture=b"\x89PNG",
    picture_alt="Bars [two]\nof them",
    files=(REPORTS / "p" / "s" / "report.html", Path("/somewhere/releases/p/s/r1/evidence.json")),
)


def test_reports_are_linked_where_the_ui_serves_them() -> None:
    metadata = materialisation(TOLD, REPORTS).metadata or {}
    assert metadata["Open report.html"].value == f"{REPORTS_URL}/p/s/report.html"  # type: ignore[union-attr]


def test_words_come_first_and_no_machine_is_named() -> None:
    metadata = materialisation(TOLD, REPORTS).metadata or {}
    assert next(iter(metadata)) == "What happened"
    assert "/somewhere" not in str(metadata)
    assert metadata["File evidence.json"].value == "p/s/r1/evidence.json"  # type: ignore[union-attr]


def test_a_picture_stands_in_the_page_with_its_words() -> None:
    metadata = materialisation(TOLD, REPORTS).metadata or {}
    assert metadata["Picture"].value == "![Bars (two) of them](data:image/png;base64,iVBORw==)"  # type: ignore[union-attr]


def test_rows_and_columns_are_told_in_dagsters_own_words() -> None:
    metadata = materialisation(TOLD, REPORTS).metadata or {}
    assert metadata["dagster/row_count"].value == 3  # type: ignore[union-attr]
    assert metadata["dagster/column_schema"].schema.columns[0].name == "person_key"  # type: ignore[union-attr]


def test_what_is_not_told_is_not_shown() -> None:
    assert set(materialisation(Told("Nothing to do."), REPORTS).metadata or {}) == {"What happened"}
