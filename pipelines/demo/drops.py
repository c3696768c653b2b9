"""What a drop of the synthetic pilot shows of the truth on its day, typing mistakes included."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from pipelines.demo.truths import HORIZON_DAYS


@dataclass(frozen=True)
class Correction:
    """A value that the first drop has wrong and the second has right."""

    site: str
    case_number: str
    field: str
    mistaken: pd.Timestamp | int | str


def known_on(people: pd.DataFrame, day: date) -> pd.DataFrame:
    """Return the case records as they stand on `day`: blank for later starts and for outcomes whose 180 days run on."""
    drop = pd.Timestamp(day)
    known = people[people["referral"] <= drop].reset_index(drop=True)
    future = ~(known["start"] <= drop)
    known["start"] = known["start"].mask(future)
    known["arm"] = known["arm"].mask(future)
    mature = known["start"] + pd.Timedelta(days=HORIZON_DAYS) <= drop
    known["eet_seen"] = _eet_seen(known).where(mature, "")
    known["housing_seen"] = known["housing_days"].astype("Int64").where(mature & ~known["housing_missing"])
    # Convictions come from a linked register, so without consent to link nobody knows.
    known["reconvicted_seen"] = known["reconvicted"].astype("boolean").where(mature & known["may_link"])
    return known


def _eet_seen(known: pd.DataFrame) -> pd.Series:
    seen = known["eet"].map({True: "yes", False: "no"})
    missing = known["eet_unknown"].map({True: "unknown", False: ""})
    return seen.where(~known["eet_missing"], missing)


def planned_corrections(known: pd.DataFrame) -> tuple[Correction, ...]:
    """Return one site's mistakes: a start before its referral, a miscounted record, an outcome heard of later."""
    rows = known[known["eet_seen"].isin(["yes", "no"])]
    early, counted, late = rows.iloc[4], rows.iloc[9], rows.iloc[14]
    mistakes = (
        (early, "start", early["referral"] - pd.Timedelta(days=31)),
        (counted, "priors", int(counted["priors"]) + 10),
        (late, "eet_seen", "unknown"),
    )
    return tuple(Correction(row["site"], row["case_number"], name, value) for row, name, value in mistakes)


def with_mistakes(known: pd.DataFrame, corrections: tuple[Correction, ...]) -> pd.DataFrame:
    """Return the case records with the mistakes put in."""
    known = known.copy()
    for correction in corrections:
        known.loc[known["case_number"] == correction.case_number, correction.field] = correction.mistaken
    return known


def dated_until(rows: pd.DataFrame, day: date) -> pd.DataFrame:
    """Rows of contacts, spending or consents that existed on `day`; a later withdrawal is not yet known."""
    seen = (
        rows[rows["date"] <= pd.Timestamp(day)]
        .sort_values(["date", "case_number"], kind="stable")
        .reset_index(drop=True)
    )
    if "withdrawn_on" in seen:
        seen["withdrawn_on"] = seen["withdrawn_on"].where(seen["withdrawn_on"] <= pd.Timestamp(day))
    return seen
