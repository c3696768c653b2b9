"""What is true in the synthetic pilot, in one place.

Everything the personal-fund generator draws comes from the numbers here, so a later report can be marked against them.
Nothing about files, names or wording belongs here.
"""

from dataclasses import dataclass, field
from datetime import date

SEED = 20260331
HORIZON_DAYS = 180
PLANNED_CONVERSATIONS = 6
SPENDING_CAP = 1000

FIRST_DROP = date(2026, 3, 31)
SECOND_DROP = date(2026, 6, 30)


@dataclass(frozen=True)
class OutcomeTruth:
    """One outcome at one site.

    `usual` is the mean without the fund over everybody referred. `effect_of_use` is what using the fund adds, the same
    for everybody, so the effect of being offered it is this times the difference in take-up. Shares for yes/no
    outcomes; days for days.
    """

    usual: float
    effect_of_use: float


@dataclass(frozen=True)
class SiteTruth:
    """One site. Shares are between 0 and 1; `*_fund` and `*_usual` are the two arms."""

    site: str
    label: str
    prefix: str
    referred: int
    started: float
    uptake_fund: float
    uptake_usual: float
    attendance: float
    eet: OutcomeTruth
    housing_days: OutcomeTruth
    reconvicted: OutcomeTruth
    eet_missing_fund: float
    eet_missing_usual: float
    housing_missing: float

    def effect_of_offer(self, outcome: str) -> float:
        """Intention-to-treat effect of `eet`, `housing_days` or `reconvicted`."""
        truth: OutcomeTruth = getattr(self, outcome)
        return truth.effect_of_use * (self.uptake_fund - self.uptake_usual)


@dataclass(frozen=True)
class Truths:
    """The whole pilot: its sites, and what all sites share."""

    sites: tuple[SiteTruth, ...]
    may_link: float = 0.92
    may_quote: float = 0.80
    may_publish: float = 0.70
    withdrawn: float = 0.03
    stable_at_start: float = 0.55
    prior_convictions: float = 3.0
    purchases: float = 2.5
    purchase_median: float = 110.0
    purchase_spread: float = 0.7
    second_coder_differs: float = 0.15
    # How much each characteristic moves an outcome, as a share. Kept small enough that no probability can leave 0 to 1,
    # or the effects above would no longer be the truth.
    slopes: dict[str, tuple[float, float, float]] = field(
        default_factory=lambda: {  # stable housing, each prior conviction (at most 8 count), each decade of age
            "eet": (0.10, -0.012, -0.02),
            "housing_days": (0.16, -0.010, 0.01),
            "reconvicted": (-0.08, 0.016, -0.03),
        }
    )


NORTHMOOR = SiteTruth(
    "northmoor",
    "Northmoor",
    "NM",
    referred=170,
    started=0.94,
    uptake_fund=0.88,
    uptake_usual=0.0,
    attendance=0.80,
    eet=OutcomeTruth(0.34, 0.18),
    housing_days=OutcomeTruth(112.0, 14.0),
    reconvicted=OutcomeTruth(0.31, -0.06),
    eet_missing_fund=0.08,
    eet_missing_usual=0.14,
    housing_missing=0.08,
)
EASTWICK = SiteTruth(
    "eastwick",
    "Eastwick",
    "EW",
    referred=150,
    started=0.95,
    uptake_fund=0.80,
    uptake_usual=0.04,
    attendance=0.70,
    eet=OutcomeTruth(0.30, 0.12),
    housing_days=OutcomeTruth(104.0, 10.0),
    reconvicted=OutcomeTruth(0.34, -0.04),
    eet_missing_fund=0.10,
    eet_missing_usual=0.16,
    housing_missing=0.10,
)
SOUTHHAVEN = SiteTruth(
    "southhaven",
    "Southhaven",
    "SH",
    referred=66,
    started=0.92,
    uptake_fund=0.75,
    uptake_usual=0.0,
    attendance=0.60,
    eet=OutcomeTruth(0.36, 0.04),
    housing_days=OutcomeTruth(118.0, 4.0),
    reconvicted=OutcomeTruth(0.29, 0.0),
    eet_missing_fund=0.12,
    eet_missing_usual=0.12,
    housing_missing=0.12,
)

TRUTHS = Truths(sites=(NORTHMOOR, EASTWICK, SOUTHHAVEN))
