"""Demonstration pilots: two published experiments and one synthetic pilot whose truth is known.

`create` writes them into a workspace. The data of the published ones, with source and licence, are under `data/`.
"""

from pipelines.demo.canaries import identifiers
from pipelines.demo.create import PILOTS, create

__all__ = ["PILOTS", "create", "identifiers"]
