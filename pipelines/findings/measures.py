"""Who counts for a progression criterion, and of whom: one row a person, two answers. Judging belongs in judging."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from pipelines.estimation.design import PERIOD
from pipelines.findings.making import Making
from pipelines.findings.periods import numbered
from pipelines.protocol.models import Plan
from pipelines.protocol.progression import Counted, Criterion
from pipelines.warehouse import columns_of, has_table, named

MONTH = 30.4375
"""Days of an average month."""
KNOWN = "SELECT person_key, bool_or(known) AS known FROM analysis.participants WHERE outcome = $key GROUP BY person_key"
ASSESSED = """
    SELECT c.row_key, a.period, a.period_date
    FROM validated.cases c JOIN validated.assessments a USING (person_key)
    WHERE a.{value} IS NOT NULL ORDER BY c.row_key, a.period, a.period_date
"""
"""Whether an answer is known, never what it is: that may be told while outcomes are sealed."""
DOSED = "SELECT person_key FROM analysis.doses WHERE component = $key AND dose >= $enough - 1e-9"
LINKED = "SELECT person_key FROM validated.consents WHERE may_link AND withdrawn_on IS NULL"
VOICED = """
    SELECT speaker_key AS person_key,
           bool_or(
               passages > 0 AND (list_contains($codes, lower(code_name)) OR list_contains($codes, lower(code_path)))
           ) AS counts
    FROM analysis.themes WHERE role = 'participant' GROUP BY speaker_key ORDER BY speaker_key
"""
USED = """
    SELECT DISTINCT code_path FROM analysis.themes
    WHERE list_contains($codes, lower(code_name)) OR list_contains($codes, lower(code_path)) ORDER BY code_path
"""
SPEAKERS = """
    SELECT DISTINCT d.speaker_key AS person_key, c.* EXCLUDE (person_key)
    FROM validated.documents d
    JOIN validated.cases c ON c.person_key = d.person_key
    JOIN validated.consents s ON s.person_key = d.person_key AND s.may_link AND s.withdrawn_on IS NULL
    ORDER BY ALL
"""


@dataclass(frozen=True)
class People:
    """Of whom a criterion is asked (`of`), who met it (`counts`), and their row of the cases.

    `frame` has the columns `of` and `counts` and the fields of the cases, one row a person.
    """

    frame: Any = field(repr=False)
    months: float | None = None
    codes: tuple[str, ...] = ()

    @property
    def asked(self) -> Any:
        """Rows of those it is asked of."""
        return self.frame[self.frame["of"]]

    @property
    def n(self) -> int:
        """People it is asked of."""
        return int(self.frame["of"].sum())

    @property
    def events(self) -> int:
        """People among these who met it."""
        return int((self.frame["of"] & self.frame["counts"]).sum())


def arm_of(plan: Plan, criterion: Criterion) -> str:
    """Return the group in which a criterion is counted."""
    usual = "treatment" if plan.arms and criterion.measure in ("fidelity", "dose") else "everyone"
    return criterion.arm or usual


def people(making: Making, criterion: Criterion) -> People:
    """Return who counts, and of whom, for a criterion that counts people of the case file."""
    frame = making.frame("SELECT * FROM validated.cases ORDER BY row_key")
    count, of = criterion.counted
    arm = arm_of(making.plan, criterion)
    in_group = frame["person_key"].notna() if arm == "everyone" else (frame["arm"] == arm).fillna(False)
    frame["of"] = _who(making, criterion, of, frame) & in_group
    frame["counts"] = _who(making, criterion, count, frame) & frame["of"]
    return People(frame)


def _who(making: Making, criterion: Criterion, counted: Counted, frame: Any) -> Any:
    """Return for each row of the cases whether the person counts."""
    persons = frame["person_key"]
    if counted == "referred":
        return persons.notna()
    if counted in ("assigned", "started"):
        return frame["arm" if counted == "assigned" else "start_date"].notna()
    if counted in ("due", "known"):
        due, known = followed(making, outcome_of(making, criterion), frame)
        return due if counted == "due" else known
    if counted == "complete":
        return _complete(making, criterion, frame)
    if counted == "dosed":
        key = component_of(making, criterion)
        enough = (making.plan.intervention.components[key].planned or 0.0) * criterion.least
        return persons.isin(making.frame(DOSED, key=key, enough=enough)["person_key"])
    return persons.isin(making.frame(LINKED)["person_key"])


def _complete(making: Making, criterion: Criterion, frame: Any) -> Any:
    """Tell who has no gap; an outcome whose follow-up is not over is no gap."""
    whole = frame["person_key"].notna()
    for name in complete_fields(making, criterion):
        if name in making.plan.covariates:
            whole &= frame[name].notna()
        else:
            due, known = followed(making, name, frame)
            whole &= known | ~due
    return whole


def followed(making: Making, key: str, frame: Any) -> tuple[Any, Any]:
    """Return for each row of the cases whether an outcome's follow-up is over, and whether it is known.

    In the assessments everybody was to be assessed, and who has an answer in the period that counts is known: the one
    that the protocol names, or the last in which anybody has one.
    """
    outcome = making.plan.outcomes[key]
    if outcome.noun == "cases":
        found = making.frame(KNOWN, key=key)
        persons = frame["person_key"]
        return persons.isin(found["person_key"]), persons.isin(found.loc[found["known"], "person_key"])
    if not has_table(making.connection, "validated", "assessments"):
        return frame["person_key"].notna(), frame["person_key"].isna() & False
    answers = numbered(making.frame(ASSESSED.format(value=named(outcome.value or ""))))
    counts = outcome.at if outcome.at is not None or answers.empty else answers[PERIOD].max()
    known = frame["row_key"].isin(answers.loc[answers[PERIOD] == counts, "row_key"])
    return frame["person_key"].notna(), known


def complete_fields(making: Making, criterion: Criterion) -> tuple[str, ...]:
    """Return the covariates and outcomes that may not be missing."""
    plan = making.plan
    primary = [key for key, one in plan.outcomes.items() if one.tier == "primary" and one.noun != "series"]
    return criterion.fields or (*plan.covariates, *primary)


def outcome_of(making: Making, criterion: Criterion) -> str:
    """Return the outcome whose follow-up is meant."""
    outcomes = making.plan.outcomes
    primary = [key for key, one in outcomes.items() if one.tier == "primary" and one.noun != "series"]
    return criterion.outcome or next(iter([*primary, *outcomes]))


def component_of(making: Making, criterion: Criterion) -> str:
    """Return the component whose dose is meant."""
    return criterion.component or next(iter(making.plan.intervention.components))


def doses(making: Making, criterion: Criterion) -> Any:
    """Return the doses of the people of the group, one each."""
    frame = making.frame(
        "SELECT person_key, arm, dose FROM analysis.doses WHERE component = $key AND dose IS NOT NULL ORDER BY ALL",
        key=component_of(making, criterion),
    )
    arm = arm_of(making.plan, criterion)
    return frame["dose"] if arm == "everyone" else frame.loc[(frame["arm"] == arm).fillna(False), "dose"]


def speakers(making: Making, criterion: Criterion) -> People:
    """Return the participants interviewed and who of them voiced a code; fields only of those who may be linked."""
    codes = [code.strip().lower() for code in criterion.codes]
    frame = making.frame(VOICED, codes=codes)
    frame["counts"] = frame["counts"].astype(bool)
    frame["of"] = True
    used = tuple(making.frame(USED, codes=codes)["code_path"])
    linked = has_table(making.connection, "validated", "consents") and "may_link" in dict(
        columns_of(making.connection, "validated.consents")
    )
    if criterion.by and linked:
        told = making.frame(SPEAKERS)[["person_key", *criterion.by]]
        frame = frame.merge(told.drop_duplicates("person_key"), on="person_key", how="left")
    return People(frame, codes=used)


def started_in_time(making: Making, criterion: Criterion) -> People:
    """Return who started since the first day of the pilot, with the months up to the drop (or the last day)."""
    import numpy as np

    frame = making.frame(f"SELECT *, {named('start_date')} AS began FROM validated.cases ORDER BY row_key")
    first, last = making.plan.dates.start, _until(making)
    arm = arm_of(making.plan, criterion)
    began = [value.date() if isinstance(value, dt.datetime) else value for value in frame["began"]]
    inside = np.array([_between(one, first, last) for one in began], dtype=bool)
    in_group = frame["person_key"].notna() if arm == "everyone" else (frame["arm"] == arm).fillna(False)
    frame["of"] = in_group & inside
    frame["counts"] = frame["of"]
    return People(frame, months=months_between(first, last))


def _between(day: Any, first: dt.date | None, last: dt.date | None) -> bool:
    known = isinstance(day, dt.date) and day == day  # a missing date is not equal to itself
    return bool(known and first and last and first <= day <= last)


def _until(making: Making) -> dt.date | None:
    try:
        drop = dt.date.fromisoformat(making.inputs.drop[:10])
    except ValueError:
        return None
    end = making.plan.dates.end
    return min(drop, end) if end else drop


def months_between(first: dt.date | None, last: dt.date | None) -> float | None:
    """Return months of average length from the first to the last day, both counted; None where there is none."""
    if first is None or last is None or last < first:
        return None
    return ((last - first).days + 1) / MONTH
