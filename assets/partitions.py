"""Which pilot sites and pilots there are: one partition each, read from the workspace's protocols on loading.

What belongs here: turning protocols into partition keys. What does not: reading data, or saying what is wrong with a
protocol in full (`pilotlens check` does).
"""

from dataclasses import dataclass

import dagster as dg

from pipelines.protocol import Protocol, ProtocolFaults
from pipelines.workspace import Workspace


@dataclass(frozen=True)
class Survey:
    """The pilot sites of a workspace, and the pilots that cannot be run."""

    keys: tuple[str, ...]
    """`<pilot>/<site>` of every pilot with a sound protocol."""
    left_out: tuple[tuple[str, str], ...]
    """Pilots whose protocol cannot be used, and why in a few words."""
    protocols: tuple[Protocol, ...] = ()
    """The sound protocols."""

    @property
    def pilots(self) -> tuple[str, ...]:
        """Every pilot with a sound protocol, in order."""
        return tuple(dict.fromkeys(key.partition("/")[0] for key in self.keys))

    @property
    def words(self) -> str:
        """Say which pilots are left out; empty when none is."""
        return " ".join(
            f"Left out: {pilot} ({why}; `pilotlens check {pilot}` says more)." for pilot, why in self.left_out
        )


def survey(workspace: Workspace) -> Survey:
    """Read every protocol; one with faults costs its own pilot only, never the others or the UI."""
    keys: list[str] = []
    left_out: list[tuple[str, str]] = []
    protocols: list[Protocol] = []
    for pilot in workspace.pilots():
        try:
            protocols.append(workspace.protocol(pilot))
            keys += [f"{pilot}/{site}" for site in protocols[-1].sites]
        except ProtocolFaults as faults:
            left_out.append((pilot, f"its protocol has {len(faults.faults)} fault(s)"))
        except OSError as error:
            left_out.append((pilot, f"its protocol cannot be read: {type(error).__name__}"))
    return Survey(tuple(keys), tuple(left_out), tuple(protocols))


# Static, not dynamic: "Add a partition" in the UI would take a typing error for a new site. A new pilot shows after
# "Reload definitions"; the sensor new_drops says so when it sees one.
SURVEY = survey(Workspace.find())
SITES = dg.StaticPartitionsDefinition(list(SURVEY.keys))
PILOTS = dg.StaticPartitionsDefinition(list(SURVEY.pilots))
SITES_OF_PILOTS = dg.StaticPartitionMapping({key: key.partition("/")[0] for key in SURVEY.keys})
"""A pilot's own steps follow its sites' steps."""
