"""The lock of a protocol: what the plan was before anybody saw an outcome, and every change of it since.

What belongs here: freezing a protocol, telling what was changed in it later and whether that may touch an estimate,
deviations, and the seal on outcomes. The ledger keeps all of it; what a report says of it belongs in findings.
"""

from __future__ import annotations

from pipelines.protocol_lock.cheating import insist_same_ledger, rehearsed_with_real, seen_elsewhere
from pipelines.protocol_lock.history import Deviation, Locked, deviations, history, locked
from pipelines.protocol_lock.locking import deviate, insist_recorded, lock_protocol, unrecorded
from pipelines.protocol_lock.sealing import note_seen, open_outcomes, rehearsing, require_open, sealed

__all__ = [
    "Deviation",
    "Locked",
    "deviate",
    "deviations",
    "history",
    "insist_recorded",
    "insist_same_ledger",
    "lock_protocol",
    "locked",
    "note_seen",
    "open_outcomes",
    "rehearsed_with_real",
    "rehearsing",
    "require_open",
    "sealed",
    "seen_elsewhere",
    "unrecorded",
]
