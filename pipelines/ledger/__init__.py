"""The ledger of a pilot: what happened to it, one line for each event, chained by hashes so that no line can go unseen.

What belongs here: appending lines, reading them, and finding what was done to them since. What an event means (a drop,
a look, a release) belongs to whoever appends it. Facts name files, drops and counts; never a person's value.

The chain has no secret in it: somebody who may write the folder and rewrites every later line and the head leaves a
ledger that looks whole. To find that too, keep the hash that `pilotlens verify` prints somewhere else.
"""

from __future__ import annotations

from pipelines.ledger.appending import append
from pipelines.ledger.lines import Entry
from pipelines.ledger.verifying import entries, verify

__all__ = ["Entry", "append", "entries", "verify"]
