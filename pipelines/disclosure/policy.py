"""The disclosure policy as data. Applying it belongs in the other modules of this folder."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

from pipelines.protocol.models import Plan

FILE = Path(__file__).with_name("policy.yml")


class Policy(BaseModel):
    """The limits of one profile; their reasons stand in policy.yml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str
    minimum_count: int
    rounding_base: int
    all_or_none: bool
    minimum_interval: int
    minimum_step: int
    minimum_df: int


@cache
def _profiles() -> dict[str, Policy]:
    loaded = YAML(typ="safe").load(FILE.read_text(encoding="utf-8"))
    return {name: Policy(profile=name, **limits) for name, limits in loaded.items()}


def policy(plan: Plan) -> Policy:
    """Return the policy of a pilot: its profile, made stricter where the protocol asks for it."""
    base = _profiles()[plan.disclosure.profile]
    if plan.population.unit == "area":
        return _of_areas(base)
    asked = plan.disclosure.minimum_count or base.minimum_count
    return base.model_copy(update={"minimum_count": max(base.minimum_count, asked)})


def outcome_policy(plan: Plan) -> Policy:
    """Return the policy of a pilot's outcomes: a series is of an area, whatever the pilot's people are."""
    if plan.design is not None and plan.design.kind == "interrupted_time_series":
        return _of_areas(_profiles()[plan.disclosure.profile])
    return policy(plan)


def _of_areas(base: Policy) -> Policy:
    """Return a policy for counts of areas (counties, offices), whose figures are of many people already."""
    return base.model_copy(update={"minimum_count": 1, "rounding_base": 1, "all_or_none": False, "minimum_df": 1})


def minimum_count(plan: Plan) -> int:
    """Return the smallest count that may be spoken of a pilot."""
    return policy(plan).minimum_count


def policy_hash() -> str:
    """Return the SHA-256 of policy.yml."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()
