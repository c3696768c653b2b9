"""Cheng & Hoekstra 2013 as pilots: castle laws and homicide, states counting by their people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tests.end_to_end.studies_over_time import write
from tests.end_to_end.studies_unlisted import from_package

CHANGING = ["unemployrt", "poverty", "l_police"]


def states() -> pd.DataFrame:
    """Return states and years, with the first whole or part year of their law."""
    data = from_package("causaldata", "castle")
    first = data[data["post"] > 0].groupby("sid")["year"].min()
    return data.assign(log=np.log(data["homicide"]), first=data["sid"].map(first))


def regions() -> list[str]:
    """Return the indicators of four regions in eleven years: with those of years and states one too many each."""
    return [f"r{year}{region}" for year in range(2000, 2011) for region in range(1, 5)]


def castle_panel(root: Path, pilot: str, more: tuple[str, ...] = ()) -> None:
    """Units and periods taken out, rows weighted by population."""
    data = states()
    body = f"""design: {{kind: panel, treated: post, weights: popwt, by: [{", ".join(more)}]}}
outcomes:
  log: {{title: Log of homicides per 100 000, type: continuous, tier: primary, better: lower,
    noun: assessments, value: log}}
extracts:
  units: {{noun: cases, file: units.csv, columns: {{person: sid}}}}
  years: {{noun: assessments, file: years.csv, columns: {{person: sid, period: year, log: log, post: post,
    {", ".join(f"{one}: {one}" for one in ("popwt", *more))}}}}}
"""
    columns = ["sid", "year", "log", "post", "popwt", *more]
    write(root, pilot, body, {"units.csv": data[["sid"]].drop_duplicates(), "years.csv": data[columns]}, unit="area")


def castle_staggered(root: Path, pilot: str, choices: str = "", more: tuple[str, ...] = ()) -> None:
    """States that began against those that never did, by population; perhaps alike in what changes over time."""
    data = states()
    fields = "".join(f", {one}: {one}" for one in more)
    body = f"""design: {{kind: staggered, adopted: first, weights: popwt{choices}}}
outcomes:
  log: {{title: Log of homicides per 100 000, type: continuous, tier: primary, better: lower,
    noun: assessments, value: log}}
extracts:
  units: {{noun: cases, file: units.csv, columns: {{person: sid, first: first, popwt: popwt}}}}
  years: {{noun: assessments, file: years.csv, columns: {{person: sid, period: year, log: log{fields}}}}}
"""
    units = data[["sid", "first", "popwt"]].drop_duplicates()
    files = {"units.csv": units, "years.csv": data[["sid", "year", "log", *more]]}
    write(root, pilot, body, files, unit="area")
