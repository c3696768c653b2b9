"""Draws the people of one synthetic site and what became of them, from its truths.

Here are the true values. What a drop shows of them on its day is in `drops.py`; how a site writes them down is in
`extracts.py`.
"""

from datetime import date

import numpy as np
import pandas as pd

from pipelines.demo.names import full_names, postcodes
from pipelines.demo.truths import HORIZON_DAYS, SEED, SiteTruth, Truths

FIRST_REFERRAL = date(2025, 4, 7)
LAST_REFERRAL = date(2026, 5, 29)
PRIORS_THAT_COUNT = 8
AGES = (18, 56)
DAYS_CONCENTRATION = 2.0


def draw_people(truths: Truths, site: SiteTruth, referred: int | None = None) -> pd.DataFrame:
    """One row per person referred to `site`, in the order of referral.

    The columns eet, housing_days and reconvicted hold what is true of a person; the `*_missing` columns say whether
    anybody ever finds out.
    """
    rng = np.random.default_rng([SEED, truths.sites.index(site)])
    people = _referred(truths, site, referred or site.referred, rng)
    people = _randomised(people, site, rng)
    people = _took_up(people, site, rng)
    people = _consented(people, truths, rng)
    return _outcomes(people, truths, site, rng)


def _referred(truths: Truths, site: SiteTruth, count: int, rng: np.random.Generator) -> pd.DataFrame:
    # Most referrals come before the new year, so that most people's 180 days have passed by the second drop.
    share = np.sort(rng.beta(1.0, 1.6, count))
    referral = pd.Timestamp(FIRST_REFERRAL) + pd.to_timedelta(np.floor(share * _window()), unit="D")
    people = pd.DataFrame({"site": site.site, "referral": referral})
    numbers = 100 + np.cumsum(rng.integers(1, 4, count))
    people["case_number"] = [f"{site.prefix}/{day.year}/{n:04d}" for day, n in zip(referral, numbers, strict=True)]
    people["full_name"] = full_names(count, rng)
    people["postcode"] = postcodes(count, rng)
    people["age"] = rng.integers(*AGES, count)
    people["date_of_birth"] = _birthdays(people, rng)
    people["sex"] = rng.choice(["M", "F"], count, p=[0.82, 0.18])
    people["priors"] = rng.poisson(truths.prior_convictions, count)
    people["stable"] = rng.random(count) < truths.stable_at_start
    return people


def _window() -> int:
    return (LAST_REFERRAL - FIRST_REFERRAL).days


def _birthdays(people: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """Dates of birth that give exactly the age in the age column on the day of referral."""
    days_since_birthday = rng.integers(1, 364, len(people))
    last_birthday = people["referral"] - pd.to_timedelta(days_since_birthday, unit="D")
    # 29 February has no counterpart in most years of birth; 28 February is as good an invention.
    shifted = [
        day.replace(year=day.year - age, day=min(day.day, 28))
        for day, age in zip(last_birthday, people["age"], strict=True)
    ]
    return pd.Series(shifted, index=people.index)


def _randomised(people: pd.DataFrame, site: SiteTruth, rng: np.random.Generator) -> pd.DataFrame:
    """One to one in blocks of four, in the order of starting; those who never start are in no arm."""
    started = rng.random(len(people)) < site.started
    wait = pd.to_timedelta(rng.integers(3, 29, len(people)), unit="D")
    people["start"] = (people["referral"] + wait).where(started)
    order = people.loc[started, "start"].sort_values(kind="stable").index
    blocks = rng.permuted(np.tile([1, 1, 0, 0], (len(order) // 4 + 1, 1)), axis=1).ravel()
    people["arm"] = pd.Series(np.where(blocks[: len(order)] == 1, "fund", "usual"), index=order)
    return people


def _took_up(people: pd.DataFrame, site: SiteTruth, rng: np.random.Generator) -> pd.DataFrame:
    chance = people["arm"].map({"fund": site.uptake_fund, "usual": site.uptake_usual}).fillna(0.0)
    people["used"] = rng.random(len(people)) < chance
    return people


def _consented(people: pd.DataFrame, truths: Truths, rng: np.random.Generator) -> pd.DataFrame:
    for name in ("may_link", "may_quote", "may_publish"):
        people[name] = rng.random(len(people)) < getattr(truths, name)
    withdraws = rng.random(len(people)) < truths.withdrawn
    later = people["referral"] + pd.to_timedelta(rng.integers(30, 200, len(people)), unit="D")
    people["withdrawn_on"] = later.where(withdraws)
    return people


def _outcomes(people: pd.DataFrame, truths: Truths, site: SiteTruth, rng: np.random.Generator) -> pd.DataFrame:
    for name in ("eet", "reconvicted"):
        truth = getattr(site, name)
        chance = truth.usual + _lean(people, truths, name) + truth.effect_of_use * people["used"]
        people[name] = rng.random(len(people)) < chance
    mean = (site.housing_days.usual + site.housing_days.effect_of_use * people["used"]) / HORIZON_DAYS
    mean = mean + _lean(people, truths, "housing_days")
    share = rng.beta(DAYS_CONCENTRATION * mean, DAYS_CONCENTRATION * (1 - mean))
    people["housing_days"] = np.round(HORIZON_DAYS * share).astype(int)
    return _lost(people, site, rng)


def _lean(people: pd.DataFrame, truths: Truths, outcome: str) -> pd.Series:
    """How far a person's chances differ from the site's mean; averages zero over the population."""
    stable, prior, decade = truths.slopes[outcome]
    middle_age = (AGES[0] + AGES[1] - 1) / 2
    return (
        stable * (people["stable"] - truths.stable_at_start)
        + prior * (people["priors"].clip(upper=PRIORS_THAT_COUNT) - truths.prior_convictions)
        + decade * (people["age"] - middle_age) / 10
    )


def _lost(people: pd.DataFrame, site: SiteTruth, rng: np.random.Generator) -> pd.DataFrame:
    """Who is not found at six months: chance differs by arm but not by outcome, so complete cases stay unbiased."""
    chance = np.where(people["arm"] == "fund", site.eet_missing_fund, site.eet_missing_usual)
    people["eet_missing"] = rng.random(len(people)) < chance
    people["eet_unknown"] = rng.random(len(people)) < 0.6  # of the missing: ticked "unknown", not left blank
    people["housing_missing"] = rng.random(len(people)) < site.housing_missing
    return people
