"""How the files of a drop map to the common model: nouns, their fields, columns and codes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pipelines.protocol.base import Code, Part, Slug, Text
from pipelines.protocol.coded import Coded
from pipelines.protocol.link import Link

Noun = Literal["cases", "contacts", "spend", "consents", "events", "assessments", "series", "interviews"]
"""What the rows of an extract are. `interviews` are coded by a tool or in a table, the others are tables."""

FieldType = Literal["text", "number", "date", "yes_no", "person", "site", "arm"]

FIELDS: dict[str, dict[str, FieldType]] = {
    "cases": {
        "person": "person",
        "site": "site",
        "arm": "arm",
        "referral_date": "date",
        "start_date": "date",
        "end_date": "date",
    },
    "contacts": {
        "person": "person",
        "site": "site",
        "contact_date": "date",
        "kind": "text",
        "minutes": "number",
        "attended": "yes_no",
    },
    "spend": {
        "person": "person",
        "site": "site",
        "spend_date": "date",
        "category": "text",
        "amount": "number",
        "purpose": "text",
    },
    "consents": {
        "person": "person",
        "site": "site",
        "may_link": "yes_no",
        "may_quote": "yes_no",
        "may_publish": "yes_no",
        "consent_date": "date",
        "withdrawn_on": "date",
    },
    "events": {
        "person": "person",
        "site": "site",
        "event_date": "date",
        "kind": "text",
        "decided_date": "date",
    },
    "assessments": {
        "person": "person",
        "site": "site",
        "period": "number",
        "period_date": "date",
    },
    "series": {
        "site": "site",
        "arm": "arm",
        "period": "number",
        "period_date": "date",
    },
    "interviews": {},
}
"""Fields of the common model by noun. `cases`, `assessments` (a row per person, or other unit, and period) and `series`
(a row per period) take further fields: those that outcomes, covariates, doses and the design name."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "cases": ("person",),
    "contacts": ("person", "contact_date"),
    "spend": ("person", "spend_date", "amount"),
    "consents": ("person", "may_quote", "may_publish"),
    "events": ("person", "event_date"),
    "assessments": ("person",),
    "series": (),
    "interviews": (),
}
"""Fields that an extract of a noun must map."""

KEPT_NAMES: tuple[str, ...] = (
    *("row_key", "person_key", "extract", "source_file", "source_row", "drop_id", "received_at"),
    *("drop_rank", "drop_copy", "corrected", "blank", "identifier"),
    *("unreadable", "reasons", "kept_arm", "measured", "outcome", "value_or_time"),
)
"""Columns that every table has beside its fields; no field of a pilot's own may be called so."""

YES_NO_CODES: dict[str, str] = {
    **dict.fromkeys(("1", "yes", "y", "true", "t"), "yes"),
    **dict.fromkeys(("0", "no", "n", "false", "f"), "no"),
}
"""What a yes/no column may hold when the protocol declares no codes; case does not matter."""

MISSING_DEFAULT: tuple[str, ...] = ("", "NA", "N/A", "#N/A", "NULL", "None", "NaN")
"""What counts as missing when the protocol declares nothing else; case does not matter."""


class Column(Part):
    """Where a field stands in the file, and how its values are read."""

    column: Text
    """Header of the column, as in the file."""
    also: tuple[Text, ...] = ()
    """Further columns of the same field, where a row holds several events side by side (`Contact 1 date`,
    `Contact 2 date`): each becomes a row of its own. All fields of an extract that have some have equally many."""
    format: str = ""
    """Format of a date, as `dd/mm/yyyy` or `%d/%m/%Y`. Default: the one that every value of the column proves; where
    none does, or where day and month could be swapped, the table is refused."""
    time_zone: str = "Europe/London"
    """Where the days of a date column are counted: `2026-06-03T23:30Z` and `2026-06-03T23:30+00:00` are 4 June by
    British clocks. Times without `Z` or an offset are taken as they stand. `UTC` keeps the day as it is written with
    `Z`."""
    missing_dates: tuple[dt.date, ...] = ()
    """Dates that mean "not known" or "not yet", as programs write them: `[1900-01-01, 9999-12-31]`."""
    decimal: Literal[".", ","] = "."
    """Sign between whole and part of a number. With `,` a full stop stands between thousands (`1.200,50`). Where every
    number of a text file with a full stop has three digits behind it (`1.200`), it must be declared."""
    thousands: Literal["", ",", ".", " ", "'"] = ""
    """Sign between thousands: with `,` the number `1,200.50` is read. Without one, such a number cannot be read."""
    case: Literal["as_given", "lower", "upper"] = "as_given"
    """What is done to the letters of a text: `Male` and `MALE` are two categories unless one case is declared.
    Blanks at the ends of a text, also non-breaking and unseen ones, are always taken off; nothing inside it changes,
    and leading zeros stay."""
    codes: dict[Code, Code] = {}
    """What each code means: `{J: yes, N: no}`. A value that is not listed is a fault. In comparison case
    does not matter, nor do blanks at the ends, kinds of space, dash and quotation mark, unseen characters and the way
    an accent is stored; `1.0` is `1`, but `01` is not."""
    missing: tuple[Code, ...] = ()
    """Values that mean "not known", beside the usual ones."""


def _short_column(value: object) -> object:
    """Read `person: ID` as `person: {column: ID}`."""
    return {"column": str(value)} if isinstance(value, str | int | float) else value


ColumnSpec = Annotated[Column, BeforeValidator(_short_column)]
"""A column: its header alone, or a mapping with `column`, `format`, `codes`, `missing`."""


class Wider(Part):
    """A long table: which of its columns say what was measured and what came out."""

    names: Text
    """Column that names the measure, for example `Measure`."""
    values: Text
    """Column that holds the value."""


class Extract(Part):
    """One file of a drop, or several of the same shape."""

    noun: Noun = "cases"
    """What one row is."""
    file: Text
    """Name of the file inside the drop; `*` matches anything, `{site}` is replaced by the site's key."""
    sites: tuple[Slug, ...] = ()
    """Sites that this extract serves. Default: all, told apart by the `site` column or by `{site}` in the name."""
    sheet: str = ""
    """Sheet of a workbook. Default: the only sheet that is visible and has the columns."""
    table: str = ""
    """Table of an SQLite file. Default: its only table that has the columns."""
    header_row: Annotated[int, Field(ge=1)] | None = None
    """Row that holds the names of the columns, counted as a spreadsheet counts. Default: the one row that holds them
    all; titles above it are passed over."""
    delimiter: Annotated[str, Field(max_length=1)] = ""
    """Character between the columns of a text file. Default: found out, and refused when in doubt."""
    quote: Annotated[str, Field(max_length=1)] = '"'
    """Character around values of a text file that hold the delimiter."""
    encoding: str = ""
    """Encoding of a text file. Default: UTF-8 (with or without BOM), UTF-16 by its BOM."""
    columns: dict[Slug, ColumnSpec] = {}
    """The common model's field on the left, the file's column on the right."""
    identifiers: dict[Slug, Text] = {}
    """Further columns that identify a person (name, date of birth, postcode): they go to the vault and nowhere else."""
    ignore: tuple[Text, ...] = ()
    """Columns that are not read at all; `*` matches anything."""
    optional: bool = False
    """True when a drop may lack this extract: what an earlier drop said then still stands."""
    delivery: Literal["cumulative", "increments"] = "cumulative"
    """`cumulative`: each drop holds everything so far and replaces the one before. `increments`: each drop holds what
    is new or has changed."""
    key: tuple[Slug, ...] = ()
    """Fields that name a record in increments: of two rows with the same key, the later drop's stands. Default: the
    person, for cases and consents; else the whole row, so that a row two drops hold is one row."""
    completes: Slug | None = None
    """Key of another extract of the same noun: this one has further fields of its people (a file of outcomes beside
    the case file), joined by the person, who may have one row here."""
    wider: Wider | None = None
    """For a file with a row per person and measure: makes one row per person of it. A field's `column` is then one of
    the measures' names."""
    link: Link | None = None
    """For a file without the person's number: how its rows find their people by name, date of birth and the like.
    `person` is then not mapped."""
    coded: Coded | None = None
    """For coded interviews: which tool, which project, who speaks and who coded, where the file does not say."""
