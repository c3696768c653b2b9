"""From validated rows to what an analysis is made of: participants, flow, doses, themes. Its SQL stands in sql/."""

from __future__ import annotations

from typing import Any

from pipelines.disclosure.policy import minimum_count
from pipelines.refusal import Refusal
from pipelines.told import Told
from pipelines.warehouse import (
    columns_of,
    few_set_aside,
    has_table,
    named,
    open_warehouse,
    quoted,
    replace_table,
    statement,
    transaction,
)
from pipelines.workspace import PilotSite

NOUNS = ("participants", "flow", "doses", "themes")
NEEDS = {
    "participants": ("cases", "outcomes"),
    "flow": ("cases", "outcomes"),
    "doses": ("cases", "contacts", "spend"),
    "themes": ("documents", "codings", "consents"),
}


def build(site: PilotSite, noun: str) -> Told:
    """Replace analysis.<noun> by what follows from the validated tables, and say what it holds."""
    with open_warehouse(site) as connection:
        _insist(connection, noun)
        sql = statement("analysis", noun).replace("{doses}", _doses(site))
        with transaction(connection):
            rows = replace_table(connection, f"analysis.{noun}", sql, _parameters(site, noun))
        columns = columns_of(connection, f"analysis.{noun}")
        telling = few_set_aside(connection, minimum_count(site.protocol))
    if telling:  # the number of rows, beside the number that arrived, would tell how few were set aside
        return Told("The table is ready.", columns=columns)
    return Told(_said(noun, rows), rows=rows, columns=columns)


def _insist(connection: Any, noun: str) -> None:
    missing = [need for need in NEEDS[noun] if not has_table(connection, "validated", need)]
    if missing:
        raise Refusal(f"The validated {' and '.join(missing)} are not there yet.", "Run the steps before this one.")


def _parameters(site: PilotSite, noun: str) -> dict[str, object]:
    """Return what the protocol says that the SQL needs to know."""
    # Who was assessed when is no stage of the flow: an outcome in the assessments says it of its own estimate.
    outcomes = {key: outcome for key, outcome in site.protocol.outcomes.items() if outcome.noun == "cases"}
    if noun == "participants":
        return {"times": [key for key, o in outcomes.items() if o.type == "time_to_event"]}
    if noun != "flow":
        return {}
    cases = site.protocol.extracts_of("cases", site.site).values()
    return {
        "due": [key for key, outcome in outcomes.items() if outcome.tier == "primary" and outcome.due_days],
        "primary": [key for key, outcome in outcomes.items() if outcome.tier == "primary"],
        "has_start": any("start_date" in extract.columns for extract in cases),
        "has_arms": site.protocol.arms is not None,
    }


def _doses(site: PilotSite) -> str:
    """Return a list of structs, one for each component of the intervention."""
    counted = {"contacts": "_contacts", "minutes": "_minutes", "spend": "_spend"}
    components = site.protocol.intervention.components
    columns = {key: counted.get(c.measure) or named(c.measure.removeprefix("cases.")) for key, c in components.items()}
    structs = ", ".join(f"{{'component': '{quoted(key)}', 'dose': {column}}}" for key, column in columns.items())
    return f"[{structs}]" if structs else "[]::STRUCT(component VARCHAR, dose DOUBLE)[]"


def _said(noun: str, rows: int) -> str:
    what = {
        "participants": "outcomes of participants are ready for estimation",
        "flow": "counts make up the participant flow",
        "doses": "doses of components are counted",
        "themes": "combinations of an interview and a code are counted",
    }
    return f"{rows:,} {what[noun]}." if rows else f"This pilot site has nothing to count here ({noun})."
