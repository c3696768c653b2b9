"""Draws what the synthetic fund's people did: conversations, spending and consents, over the whole pilot.

All three are pilot-wide files with a site column. What of them a drop holds is decided in `drops.py`.
"""

import numpy as np
import pandas as pd

from pipelines.demo.truths import PLANNED_CONVERSATIONS, SEED, SPENDING_CAP, SiteTruth, Truths

FORTNIGHT = 14
MOST_PER_ENTRY = 500.0
LEAST_PER_ENTRY = 1.0

BOUGHT = {
    "work and training": (
        "tools",
        "course fee",
        "safety card and test",
        "work boots",
        "forklift ticket",
        "driving lessons",
    ),
    "travel": ("bus pass", "bicycle and lock", "train fare to an interview", "bicycle repair"),
    "home": ("bed and mattress", "cooker", "second-hand fridge", "deposit for a room", "curtains and a lamp"),
    "identity and digital": ("birth certificate", "passport", "mobile phone", "second-hand tablet", "broadband set-up"),
    "wellbeing": ("gym membership", "glasses", "guitar lessons", "dental treatment", "fishing licence"),
    "family": ("school trip", "bunk bed for visits", "train fare to see family"),
    "clothes": ("winter coat", "interview clothes", "shoes"),
}


def draw_contacts(truths: Truths, site: SiteTruth, people: pd.DataFrame) -> pd.DataFrame:
    """One row per fund conversation offered. Those who never took the fund up were offered two and came to neither."""
    rng = np.random.default_rng([SEED, truths.sites.index(site), 4])
    offered = people[(people["arm"] == "fund") | people["used"]]
    rows = [row for _, person in offered.iterrows() for row in _conversations(person, site, rng)]
    return pd.DataFrame(rows, columns=["site", "case_number", "date", "kind", "minutes", "attended"])


def _conversations(person: pd.Series, site: SiteTruth, rng: np.random.Generator) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for n in range(PLANNED_CONVERSATIONS if person["used"] else 2):
        day = person["start"] + pd.Timedelta(days=int(FORTNIGHT * n + rng.integers(2, 12)))
        attended = bool(person["used"] and rng.random() < site.attendance)
        minutes = int(5 * rng.integers(4, 14)) if attended else 0
        kind = str(rng.choice(["in person", "telephone", "home visit"], p=[0.7, 0.2, 0.1]))
        rows.append((site.site, person["case_number"], day, kind, minutes, attended))
    return rows


def draw_spending(truths: Truths, site: SiteTruth, people: pd.DataFrame) -> pd.DataFrame:
    """One row per purchase; nobody passes the cap, and no entry passes the limit."""
    rng = np.random.default_rng([SEED, truths.sites.index(site), 5])
    rows = [row for _, person in people[people["used"]].iterrows() for row in _purchases(person, truths, rng)]
    return pd.DataFrame(rows, columns=["site", "case_number", "date", "category", "amount_gbp", "bought"])


def _purchases(person: pd.Series, truths: Truths, rng: np.random.Generator) -> list[tuple[object, ...]]:
    days = np.sort(rng.integers(10, 170, 1 + rng.poisson(truths.purchases - 1)))
    wanted = truths.purchase_median * np.exp(truths.purchase_spread * rng.standard_normal(len(days)))
    spent = np.minimum(np.cumsum(np.minimum(wanted, MOST_PER_ENTRY).round(2)), SPENDING_CAP)
    amounts = np.diff(spent, prepend=0.0).round(2)
    return [
        (person["site"], person["case_number"], person["start"] + pd.Timedelta(days=int(day)), *bought)
        for day, bought in zip(days, (_thing(amount, rng) for amount in amounts), strict=True)
        if bought[1] >= LEAST_PER_ENTRY
    ]


def _thing(amount: float, rng: np.random.Generator) -> tuple[str, float, str]:
    category = str(rng.choice(list(BOUGHT)))
    return category, float(amount), str(rng.choice(BOUGHT[category]))


def consents(people: pd.DataFrame) -> pd.DataFrame:
    """One row per person who started: what they agreed to on that day, and when they took it back."""
    started = people.dropna(subset=["start"])
    columns = ["site", "case_number", "may_link", "may_quote", "may_publish", "start", "withdrawn_on"]
    return started[columns].rename(columns={"start": "date"})
