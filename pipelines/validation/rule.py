"""One rule about a table. What belongs here: its fields and what makes it well formed; running it does not.

How the fields decide (see also `result.Decision`):

- level `row`, severity `block`: failing rows are always quarantined, however few. If their share is above
  `refuse_above`, the whole table is refused instead. `tolerance` only decides whether the check shows as passed.
- level `table`, severity `block`: if the share of failing rows is above `tolerance`, the table is refused. Otherwise it
  is published whole, failing rows included.
- severity `warn` or `note`, either level: nothing is ever stopped or set aside; above `tolerance` it is said.

Rules that are SQL (`unexpected_rows`) give `where`, a condition that a failing row of the table itself meets, or `sql`,
a SELECT of failing row keys that may read from {table}, from its siblings in {schema} and from tables in `needs`. At
level `table` the SELECT may return any keys, for example of fields; `names` then has the words for each key, and only
words that stand there can be said as {named}. `of` is a SELECT of the number that failures are counted out of.
"""

from __future__ import annotations

from difflib import get_close_matches
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

Severity = Literal["block", "warn", "note"]
Level = Literal["row", "table"]
# A Dagster check name may hold nothing else, and a rule's id becomes one.
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Table = Annotated[str, StringConstraints(pattern=r"^(\{schema\}|[a-z]+)\.[a-z_]+$")]
Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]

# Expectation -> arguments it needs, arguments it may have. Only what is proven equal to Great Expectations' pandas
# engine, or compiled to SQL (see compile.py), is listed. `mostly` is not: `tolerance` says the same for every rule.
EXPECTATIONS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    name: (frozenset(needed.split()), frozenset(optional.split()))
    for name, needed, optional in (
        ("expect_column_values_to_not_be_null", "column", ""),
        ("expect_column_values_to_be_null", "column", ""),
        ("expect_column_values_to_be_in_set", "column value_set", ""),
        ("expect_column_values_to_not_be_in_set", "column value_set", ""),
        ("expect_column_values_to_be_between", "column", "min_value max_value strict_min strict_max"),
        ("expect_column_values_to_be_unique", "column", ""),
        ("expect_column_value_lengths_to_be_between", "column", "min_value max_value"),
        ("expect_column_values_to_match_regex", "column regex", ""),
        ("expect_column_values_to_not_match_regex", "column regex", ""),
        ("expect_column_pair_values_a_to_be_greater_than_b", "column_A column_B", "or_equal"),
        ("expect_column_pair_values_to_be_equal", "column_A column_B", ""),
        ("expect_compound_columns_to_be_unique", "column_list", ""),
        ("expect_table_row_count_to_be_between", "", "min_value max_value"),
        ("unexpected_rows", "", "sql where of names"),
    )
}
PLACEHOLDERS = ("failed", "total", "share", "limit", "named")
ROW_COUNT = "expect_table_row_count_to_be_between"


class Rule(BaseModel):
    """A rule in the words of Great Expectations, for the machine, and in plain words, for everybody else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Slug
    expectation: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    severity: Severity
    level: Level
    tolerance: Share = 0.0
    # More than one row in five failing one rule is a mapping fault or a wrong file, not slips of the pen; to analyse
    # what is left would be to analyse a different group of people.
    refuse_above: Share = 0.2
    words: Words
    failed: Words
    advice: Words
    why: Words
    when: Identifier | None = None
    # Only rows that share a value of this column, which is not NULL, can fail; where no two do, nothing is asked.
    among: Identifier | None = None
    # Tables without which the rule cannot be asked, and why they may be missing, after "Not checked, as".
    needs: tuple[Table, ...] = ()
    unless: Words = "what it needs is not there"

    @field_validator("expectation")
    @classmethod
    def _known(cls, name: str) -> str:
        if name in EXPECTATIONS:
            return name
        near = get_close_matches(name, EXPECTATIONS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(sorted(EXPECTATIONS))}"
        raise ValueError(f"unknown expectation '{name}'; {hint}")

    @field_validator("failed")
    @classmethod
    def _only_placeholders(cls, template: str) -> str:
        for _, name, *_ in Formatter().parse(template):
            if name is not None and name not in PLACEHOLDERS:
                raise ValueError(f"'{{{name}}}' cannot be filled; allowed: {', '.join(PLACEHOLDERS)}")
        return template

    @model_validator(mode="after")
    def _well_formed(self) -> Rule:
        self._check_arguments()
        if self.expectation == ROW_COUNT and self.level == "row":
            raise ValueError("a rule about the number of rows has no failing rows: its level is 'table'")
        if self._quarantines and self.tolerance > self.refuse_above:
            raise ValueError("tolerance is above refuse_above: the check would pass on a refused table")
        return self

    def _check_arguments(self) -> None:
        needed, optional = EXPECTATIONS[self.expectation]
        if missing := needed - self.arguments.keys():
            raise ValueError(f"arguments lack {', '.join(sorted(missing))}")
        if foreign := self.arguments.keys() - needed - optional:
            allowed = ", ".join(sorted(needed | optional))
            raise ValueError(f"arguments hold {', '.join(sorted(foreign))}; allowed: {allowed}")
        if self.expectation == "unexpected_rows":
            self._check_sql()

    def _check_sql(self) -> None:
        if ("sql" in self.arguments) == ("where" in self.arguments):
            raise ValueError("arguments need either sql or where")
        if self.level == "row" and {"names", "of"} & self.arguments.keys():
            raise ValueError("names and of belong to rules of level 'table'")
        if ("{named}" in self.failed) != ("names" in self.arguments):
            raise ValueError("failed says {named} where, and only where, arguments have names")
        if "sql" in self.arguments and not (self.needs or "{table}" in str(self.arguments["sql"])):
            raise ValueError("sql must read from {table}")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule names, in order (none for SQL)."""
        single = [self.arguments[key] for key in ("column", "column_A", "column_B") if key in self.arguments]
        return (*single, *self.arguments.get("column_list", ()))

    @property
    def _quarantines(self) -> bool:
        return self.level == "row" and self.severity == "block"

    @property
    def limit(self) -> float:
        """The share of failing rows above which the rule stops (block) or speaks (warn, note)."""
        return self.refuse_above if self._quarantines else self.tolerance

    def decide(self, share: float) -> Literal["publish", "quarantine", "refuse", "warn", "note"]:
        """Say what a share of failing rows means under this rule."""
        if self._quarantines and 0 < share <= self.refuse_above:
            return "quarantine"
        if share <= self.tolerance:
            return "publish"
        return "refuse" if self.severity == "block" else self.severity
