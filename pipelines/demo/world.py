"""The synthetic pilot as a whole: its sites, drawn once, and the files of each drop."""

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from pipelines.demo.coders import project
from pipelines.demo.drops import Correction, dated_until, known_on, planned_corrections, with_mistakes
from pipelines.demo.extracts import case_file, register_file
from pipelines.demo.interviews import Interview, draw_interviews
from pipelines.demo.layouts import LAYOUTS
from pipelines.demo.people import draw_people
from pipelines.demo.records import consents, draw_contacts, draw_spending
from pipelines.demo.truths import FIRST_DROP, SECOND_DROP, TRUTHS, SiteTruth, Truths

# Somebody at this site agrees to be quoted, is on the release list, and then takes consent back between the drops.
WITHDRAWAL = ("eastwick", pd.Timestamp(2026, 5, 12))


@dataclass(frozen=True)
class SiteWorld:
    """Everything that happened at one site."""

    truth: SiteTruth
    people: pd.DataFrame
    contacts: pd.DataFrame
    spending: pd.DataFrame
    consents: pd.DataFrame
    interviews: tuple[Interview, ...]


@dataclass(frozen=True)
class World:
    """Everything that happened."""

    truths: Truths
    sites: tuple[SiteWorld, ...]

    def pooled(self, table: str) -> pd.DataFrame:
        """Return one pilot-wide table: people, contacts, spending or consents."""
        return pd.concat([getattr(site, table) for site in self.sites], ignore_index=True)


def draw_world(truths: Truths = TRUTHS) -> World:
    """Draw the pilot; the same truths always give the same pilot."""
    return World(truths, tuple(_site(truths, truth) for truth in truths.sites))


def _site(truths: Truths, truth: SiteTruth) -> SiteWorld:
    people = draw_people(truths, truth)
    interviews = draw_interviews(truths, truth, people)
    if truth.site == WITHDRAWAL[0]:
        people = _with_withdrawal(people, interviews)
    agreed = pd.concat([consents(people), _staff_consents(interviews)], ignore_index=True)
    contacts, spending = draw_contacts(truths, truth, people), draw_spending(truths, truth, people)
    return SiteWorld(truth, people, contacts, spending, agreed, interviews)


def _with_withdrawal(people: pd.DataFrame, interviews: tuple[Interview, ...]) -> pd.DataFrame:
    heard = [interview.speaker for interview in interviews if interview.held <= FIRST_DROP]
    willing = people["may_quote"] & people["may_publish"] & people["withdrawn_on"].isna()
    chosen = people.index[willing & people["case_number"].isin(heard)][0]
    people = people.copy()
    people.loc[chosen, "withdrawn_on"] = WITHDRAWAL[1]
    return people


def _staff_consents(interviews: tuple[Interview, ...]) -> pd.DataFrame:
    """Return consents of staff: they have no case record, but their words need one. The last at each site says no."""
    staff = [interview for interview in interviews if interview.role == "staff"]
    rows = [
        {
            "site": s.site,
            "case_number": s.speaker,
            "may_link": False,
            "may_quote": True,
            "may_publish": s is not staff[-1],
            "date": pd.Timestamp(s.held),
            "withdrawn_on": pd.NaT,
        }
        for s in staff
    ]
    return pd.DataFrame(rows).astype({"withdrawn_on": "datetime64[ns]"})


def corrections(world: World) -> tuple[Correction, ...]:
    """Every value that the first drop has wrong and the second has right."""
    return tuple(c for site in world.sites for c in planned_corrections(known_on(site.people, FIRST_DROP)))


def drop_files(world: World, day: date) -> dict[str, bytes]:
    """Return the files of one drop by name."""
    files = {name: content for site in world.sites for name, content in _site_files(world, site, day).items()}
    files["contacts.csv"] = register_file(dated_until(world.pooled("contacts"), day))
    files["fund-ledger.csv"] = register_file(dated_until(world.pooled("spending"), day))
    files["consents.csv"] = register_file(dated_until(world.pooled("consents"), day))
    return files


def _site_files(world: World, site: SiteWorld, day: date) -> dict[str, bytes]:
    name, layout = site.truth.site, LAYOUTS[site.truth.site]
    known = known_on(site.people, day)
    if day < SECOND_DROP:
        known = with_mistakes(known, planned_corrections(known))
    coded = _project_bytes(world, site, day)
    return {
        f"{name}-cases.{'xlsx' if layout.sheet else 'csv'}": case_file(known, layout),
        f"{name}-interviews.qdpx": coded,
    }


def _project_bytes(world: World, site: SiteWorld, day: date) -> bytes:
    from pipelines.qualitative.writer import write_project

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "interviews.qdpx"
        write_project(project(world.truths, site.truth, site.interviews, day), path)
        return path.read_bytes()
