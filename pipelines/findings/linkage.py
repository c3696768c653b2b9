"""Who of the case file is found in which other file, whom it does not name, and who was lost.

Counted are the people that the checks of the case file let in and, where groups are compared, that were given one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.disclosure.counts import contributors
from pipelines.estimation.balance import BalanceRow, balance_table
from pipelines.findings.making import Making
from pipelines.findings.models import ArmSummary, BaselineRow, Finding, LinkageResult
from pipelines.ingest.comparing import compared
from pipelines.warehouse import has_table, open_vault, quoted

FILES = {
    "contacts": "Contacts",
    "spend": "Payments",
    "consents": "Consents",
    "events": "Events",
    "assessments": "Assessments",
    "documents": "Interviews",
}
EXPECTED = ("consents",)
"""Everybody ought to be there; that somebody has no contact, payment or event is how things went, and no loss."""
FOUND, LOST = "Found there", "Not found there"
COLUMNS = {"linked": ("treatment", FOUND), "without": ("comparison", LOST)}
"""What the functions for two groups call the two columns."""


def linkage_findings(making: Making) -> list[Finding]:
    """Return one finding for each other file, each extract that completes the case file, and each primary outcome."""
    several = _several(making)
    files = [_of_file(making, noun, several.get(noun, {})) for noun in FILES if _delivered(making, noun)]
    own = [_of_cases(making, several["cases"])] if several.get("cases") else []
    return [*own, *files, *_of_completing(making), *_of_outcomes(making)]


def _delivered(making: Making, noun: str) -> bool:
    table = has_table(making.connection, "raw", noun)
    return table and bool(making.connection.execute(f"SELECT count(*) FROM raw.{noun}").fetchone()[0])


def _base(making: Making) -> str:
    """Return the SELECT of the people who are linked."""
    return "SELECT * FROM validated.cases" + (" WHERE arm IS NOT NULL" if making.plan.arms else "")


def _of_cases(making: Making, several: dict[str, int]) -> Finding:
    people = making.connection.execute(f"SELECT count(*) FROM ({_base(making)})").fetchone()[0]
    result = LinkageResult(
        noun="cases", title="Case file", expected=True, people=people, linked=people, without=0, several=several
    )
    return making.finding("linkage/cases", result, subject="cases", population="everybody in the case file")


def _of_file(making: Making, noun: str, several: dict[str, int]) -> Finding:
    there = _speakers(making) if noun == "documents" else f"SELECT person_key FROM raw.{noun}"
    found = _linked(making, noun, FILES[noun], there, _base(making), noun in EXPECTED)
    result = found.model_copy(update={"several": several})
    return making.finding(f"linkage/{noun}", result, subject=noun, population="everybody in the case file")


def _speakers(making: Making) -> str:
    """Return the SELECT of those interviewed who ought to be in the case file and have not withdrawn.

    Staff, and others of whom the interviews say that they took no part, are in no case file and belong into none.
    """
    layers = [layer for layer in ("validated", "quarantine") if has_table(making.connection, layer, "consents")]
    gone = "SELECT person_key FROM {}.consents WHERE withdrawn_on IS NOT NULL AND person_key IS NOT NULL"
    withdrawn = " ".join(f"AND speaker_key NOT IN ({gone.format(layer)})" for layer in layers)
    return f"SELECT speaker_key AS person_key FROM validated.documents WHERE role = 'participant' {withdrawn}"


def _staff(making: Making) -> str:
    """Return the SELECT of speakers who took no part: their consents belong to no case."""
    if not has_table(making.connection, "validated", "documents"):
        return "SELECT NULL::VARCHAR LIMIT 0"
    return "SELECT speaker_key FROM validated.documents WHERE role <> 'participant' AND speaker_key IS NOT NULL"


def _linked(making: Making, noun: str, title: str, there: str, base: str, expected: bool) -> LinkageResult:
    making.connection.execute(f"CREATE OR REPLACE TEMP TABLE there AS {there}")
    making.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE matched AS SELECT *, person_key IN (SELECT person_key FROM there) AS found "
        f"FROM ({base})"
    )
    people, linked = making.connection.execute("SELECT count(*), count(*) FILTER (found) FROM matched").fetchone()
    strangers, rows = making.connection.execute(
        "SELECT count(DISTINCT person_key), count(*) FROM there WHERE person_key IS NULL OR NOT (person_key IN "
        f"(SELECT person_key FROM raw.cases WHERE person_key IS NOT NULL) OR person_key IN ({_staff(making)}))"
    ).fetchone()
    return LinkageResult(
        noun=noun,
        title=title,
        expected=expected,
        people=people,
        linked=linked,
        without=people - linked,
        strangers=strangers,
        stranger_rows=rows,
        groups=_composition(making) if expected else (),
    )


def _of_completing(making: Making) -> Iterator[Finding]:
    """Yield one finding for each extract that completes the case file."""
    for name, extract in making.site.protocol.extracts_of("cases", making.site.site).items():
        if not extract.completes or not has_table(making.connection, "raw", "completing"):
            continue
        there = f"SELECT person_key FROM raw.completing WHERE noun = 'cases' AND extract = '{quoted(name)}'"
        own = f"SELECT row_key FROM raw.cases WHERE extract = '{quoted(extract.completes)}'"
        base = f"SELECT * FROM ({_base(making)}) WHERE row_key IN ({own})"
        title = f"File “{name.replace('_', ' ')}”"
        result = _linked(making, "cases", title, there, base, True).model_copy(update={"extract": name})
        yield making.finding(f"linkage/cases/{name}", result, subject="cases", population="everybody in the case file")


def _of_outcomes(making: Making) -> Iterator[Finding]:
    """Yield one finding for each primary outcome: of whom it is known, of those whose follow-up is over."""
    for key, outcome in making.plan.outcomes.items():
        # Where an outcome stands in the assessments or a series its rows are periods, and no part of the case file.
        if outcome.tier != "primary" or outcome.noun != "cases":
            continue
        due = f"SELECT person_key FROM analysis.participants WHERE outcome = '{key}'"
        base = f"SELECT * FROM ({_base(making)}) WHERE person_key IN ({due})"
        title = f"Outcome “{outcome.title}”"
        result = _linked(making, "outcomes", title, f"{due} AND known", base, True).model_copy(update={"extract": key})
        population = "everybody whose follow-up is over"
        yield making.finding(f"linkage/outcomes/{key}", result, subject=key, population=population)


def _composition(making: Making) -> tuple[BaselineRow, ...]:
    """Return group and covariates of the people found and not found; nothing unless there are both."""
    frame = making.frame("SELECT *, arm AS own_group FROM matched ORDER BY row_key")
    frame["arm"] = frame["found"].map({True: "treatment", False: "comparison"})
    names = (*(("own_group",) if making.plan.arms else ()), *making.plan.covariates)
    if frame["arm"].nunique() < 2 or not names:
        return ()
    for name, covariate in making.plan.covariates.items():
        if covariate.type == "yes_no":
            frame[name] = frame[name].astype("boolean").astype("Float64").astype(float)
    return tuple(_row(making, row, frame) for row in balance_table(frame, names))


def _row(making: Making, row: BalanceRow, frame: Any) -> BaselineRow:
    covariate = making.plan.covariates.get(row.covariate)
    share = row.level is not None or (covariate is not None and covariate.type == "yes_no")
    return BaselineRow(
        title=_title(making, row),
        covariate="arm" if covariate is None else row.covariate,
        level=row.level,
        unit="" if share or covariate is None else covariate.unit,
        measure="share" if share else "mean",
        arms={column: _summary(row, arm, title, share, frame) for column, (arm, title) in COLUMNS.items()},
        difference=row.smd,
        light=row.light or "none",
    )


def _title(making: Making, row: BalanceRow) -> str:
    arms, covariate = making.plan.arms, making.plan.covariates.get(row.covariate)
    if covariate is None:
        titles = {"treatment": arms.treatment.title, "comparison": arms.comparison.title} if arms else {}
        return f"Group: {titles.get(row.level or '', row.level)}"
    return covariate.title if row.level is None else f"{covariate.title}: {covariate.labels.get(row.level, row.level)}"


def _summary(row: BalanceRow, arm: str, title: str, share: bool, frame: Any) -> ArmSummary:
    mean, n = row.mean[arm], row.n[arm]
    if share:
        return ArmSummary(title=title, n=n, events=None if mean is None else round(mean * n), average=mean)
    rests_on = contributors(frame.loc[frame["arm"] == arm, row.covariate].dropna())
    return ArmSummary(title=title, n=n, average=mean, spread=row.sd[arm], contributors=rests_on)


def _several(making: Making) -> dict[str, dict[str, int]]:
    """Return, by noun and kind, for how many people an identifier has several values; only counts leave the vault.

    Within one noun only: two files may write a name in two ways. Addresses are left out, for people move.
    """
    query = f"""
        SELECT noun, kind, count(*) FILTER (different > 1) FROM (
            SELECT noun, kind, person_key, count(DISTINCT {compared("value")}) AS different FROM vault.identifiers
            WHERE person_key IS NOT NULL AND coalesce(trim(value), '') <> ''
            AND (contains(lower(kind), 'birth') OR contains(lower(kind), 'dob') OR contains(lower(kind), 'name'))
            GROUP BY ALL
        ) GROUP BY ALL ORDER BY ALL
    """
    with open_vault(making.site) as vault:
        rows = vault.execute(query).fetchall()
    found: dict[str, dict[str, int]] = {}
    for noun, kind, people in rows:
        found.setdefault(noun, {})[kind] = people
    return found
