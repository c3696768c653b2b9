"""What people got: the dose of each component against its plan."""

from __future__ import annotations

import math
from typing import Any

from pipelines.disclosure.counts import contributors
from pipelines.findings.making import Making
from pipelines.findings.models import ArmSummary, DoseResult, Finding
from pipelines.protocol.models import Component

TABLES = ("validated.cases", "analysis.doses")


def delivery_findings(making: Making) -> list[Finding]:
    """Return one finding for each component of the intervention."""
    frame = making.frame("SELECT component, arm, dose FROM analysis.doses WHERE dose IS NOT NULL ORDER BY ALL")
    components = making.plan.intervention.components.items()
    return [_finding(making, key, component, frame[frame["component"] == key]) for key, component in components]


def _finding(making: Making, key: str, component: Component, frame: Any) -> Finding:
    arms = making.plan.arms
    groups = (
        {"treatment": arms.treatment.title, "comparison": arms.comparison.title} if arms else {"everyone": "Everybody"}
    )
    doses = {arm: frame.loc[frame["arm"] == arm, "dose"] if arms else frame["dose"] for arm in groups}
    result = DoseResult(
        title=component.title,
        unit=component.unit,
        planned=component.planned,
        arms={arm: _summary(making, title, doses[arm]) for arm, title in groups.items()},
    )
    return making.finding(f"dose/{key}", result, subject=key, population="everybody, also those who got none")


def _summary(making: Making, title: str, doses: Any) -> ArmSummary:
    """Return mean, spread and interval (Student's t) of the dose, and how many people got any."""
    from scipy.stats import t

    n, any_dose = len(doses), int((doses > 0).sum())
    if n < 2:
        return ArmSummary(title=title, n=n, events=any_dose)
    mean, spread = float(doses.mean()), float(doses.std(ddof=1))
    half = float(t.ppf(0.5 + making.plan.confidence_level / 2, n - 1)) * spread / math.sqrt(n)
    return ArmSummary(
        title=title,
        n=n,
        events=any_dose,
        average=mean,
        spread=spread,
        lower=mean - half,
        upper=mean + half,
        contributors=contributors(doses),
    )
