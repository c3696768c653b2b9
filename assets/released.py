"""Layer 5, released: what may leave the evaluation team, after disclosure control. Reports read nothing else."""

from assets.binding import bind
from assets.findings import ROWS as FINDINGS
from pipelines.told import Told
from pipelines.workspace import PilotSite

ROWS = {
    "evidence": "One row is one finding that may be shown: small counts are withheld, nobody can be recognised.",
}

DEPS = {"evidence": tuple(f"findings_{noun}" for noun in FINDINGS)}


def _release(site: PilotSite) -> Told:
    from pipelines.release import release

    return release(site)


ASSETS = tuple(bind("released", noun, one_row, _release, DEPS[noun]) for noun, one_row in ROWS.items())
