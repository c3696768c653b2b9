"""Building blocks of the protocol models: what a slug, a code and a column is. No model of the protocol itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints


class Part(BaseModel):
    """A part of the protocol: frozen, and a key it does not know is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _as_text(value: object) -> object:
    """Read YAML's 1, 2.0 and true as the text that stands in a data file."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$", max_length=60)]
"""A name in lower case letters, digits, hyphens and underscores: it becomes a folder, a partition or a finding's id."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Words for a reader; never empty."""

Code = Annotated[str, BeforeValidator(_as_text)]
"""A value as it stands in the data file, always compared as text."""

Share = Annotated[float, BeforeValidator(lambda v: v)]
"""A share between 0 and 1."""
