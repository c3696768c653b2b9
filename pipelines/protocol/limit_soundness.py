"""Faults of the limits: a limit on what the files do not hold would never speak, and so would seem to be kept.

Works on the tree as read, as soundness does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.protocol.faults import Fault, did_you_mean
from pipelines.protocol.parts import (
    Line,
    Place,
    columns,
    extra_fields,
    extracts,
    mapping,
    measured_fields,
    outcome_fields,
    written,
)

COLUMNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "spend_per_entry": ("spend", ("amount",)),
    "spend_per_person": ("spend", ("amount",)),
    "consent_before_linking": ("consents", ("may_link",)),
    "contact_grace_days": ("contacts", ("contact_date",)),
}
"""Which noun, and which of its fields, a limit is about."""
OFF = ("none", "0", "false", "no", "off", "n", "f")
"""What leaves a limit as it is without being written."""


def limit_faults(tree: Mapping[str, Any], line: Line) -> list[Fault]:
    """Return every limit that could not be kept or broken."""
    return [*_age(tree, line), *_columns(tree, line)]


def _fault(line: Line, place: Place, problem: str, remedy: str) -> Fault:
    return Fault(line(place), ".".join(map(str, place)), problem, remedy)


def _age(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    age = mapping(mapping(tree.get("limits")).get("age"))
    field, low, high = age.get("field"), _number(age.get("low", 18)), _number(age.get("high", 100))
    if isinstance(field, str) and field not in _numbers(tree):
        problem = "no number among the fields of the cases is called so."
        yield _fault(line, ("limits", "age", "field"), problem, did_you_mean(field, _numbers(tree)))
    if low is not None and high is not None and low >= high:
        bound = "low" if "low" in age else "high"
        yield _fault(
            line, ("limits", "age", bound), "the lowest age is not below the highest.", "Swap or correct them."
        )


def _numbers(tree: Mapping[str, Any]) -> set[str]:
    """Return the fields of the cases table that hold numbers: covariates and doses, not outcomes."""
    covariates = mapping(tree.get("covariates"))
    outcomes = {field for _, field in outcome_fields(tree)}
    other = {key for key, one in covariates.items() if mapping(one).get("type", "number") != "number"}
    measured = {field for _, field in measured_fields(tree)}
    return {f for f in extra_fields(tree) if f in measured or f not in outcomes} - other


def _number(node: Any) -> float | None:
    try:
        return float(written(str(node)))
    except ValueError:
        return None


def _columns(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    for limit, value in mapping(tree.get("limits")).items():
        if limit not in COLUMNS or str(value).strip().casefold() in OFF:
            continue
        noun, fields = COLUMNS[limit]
        bodies = [columns(body) for _, of, body in extracts(tree) if of == noun]
        missing = [field for field in fields if not bodies or any(field not in body for body in bodies)]
        if missing:
            problem = f"no extract of {noun} maps {', '.join(missing)}, so nothing could be checked."
            yield _fault(line, ("limits", limit), problem, f"Map it in an extract with `noun: {noun}`.")
