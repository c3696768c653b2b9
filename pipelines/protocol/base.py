"""Building blocks of the protocol models: what a slug, a code and a column is. No model of the protocol itself."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)


class Part(BaseModel):
    """A part of the protocol: frozen, and a key it does not know is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _only_what_is_written(cls, given: object) -> object:
        """Take `arms:` with nothing behind it for a key that is not there."""
        if isinstance(given, Mapping):
            return {key: value for key, value in given.items() if value is not None}
        return given


def _as_text(value: object) -> object:
    """Read YAML's 1, 2.0 and true as the text that stands in a data file."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$", max_length=60)]
"""A name in lower case letters, digits, hyphens and underscores: it becomes a folder, a partition or a finding's id."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Words for a reader; never empty."""

Code = Annotated[
    str,
    BeforeValidator(_as_text),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),  # an editor must not mark `codes: [1]`
]
"""A value as it stands in the data file, always compared as text: `01` is not `1`, and `NO` is a word."""


def _written_day(value: object) -> object:
    """Refuse `2025`, which would pass as seconds since 1970."""
    if isinstance(value, dt.date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        if _is_a_day(value):
            return value
        raise ValueError("there is no such day; a date is written yyyy-mm-dd, for example 2026-04-30")
    raise ValueError("this should be a date as yyyy-mm-dd, for example 2026-04-30")


def _is_a_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


Day = Annotated[dt.date, BeforeValidator(_written_day)]
"""A date, written yyyy-mm-dd."""
