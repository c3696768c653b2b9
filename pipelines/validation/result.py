"""What one rule found in one table. What belongs here: the outcome's fields; how it was found or decided does not."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.validation.rule import Level, Severity

Decision = Literal["publish", "quarantine", "refuse", "warn", "note"]


class ValidationBroken(RuntimeError):
    """A rule could not be run at all. Names the rule and the table, never a cell."""


class CheckResult(BaseModel):
    """The outcome of a rule.

    `sentence` is what a reader may see. `failed`, `total` and `share` are exact and for the decision: they are not
    printed, and a dump, which has them, belongs in the encrypted warehouse only. `row_keys` are in neither.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    table: str
    passed: bool
    severity: Severity
    level: Level
    failed: int = Field(repr=False)
    total: int = Field(repr=False)
    share: float = Field(repr=False)
    limit: float
    sentence: str
    advice: str
    row_keys: tuple[str, ...] = Field(default=(), repr=False, exclude=True)
    decision: Decision
