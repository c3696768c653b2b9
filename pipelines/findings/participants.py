"""Who came in, who is left, and how alike the groups were at the start."""

from __future__ import annotations

from typing import Any

from pipelines.disclosure.counts import contributors
from pipelines.estimation.balance import FORMULA, BalanceRow, balance_table
from pipelines.findings.making import Making
from pipelines.findings.models import ArmSummary, BaselineResult, BaselineRow, Finding, FlowResult, FlowStage

TABLES = ("validated.cases", "quarantine.cases", "analysis.participants")
"""What the flow is counted from. Not analysis.flow: a reader could try counts until the hash of so few rows fits."""


def participant_findings(making: Making) -> list[Finding]:
    """Return the participant flow, and the baseline table where the protocol declares covariates."""
    return [found for found in (_flow(making), _baseline(making)) if found]


def _flow(making: Making) -> Finding | None:
    """Return the flow; a pilot that only has a series has none."""
    rows = making.frame("SELECT position, stage, arm, people FROM analysis.flow ORDER BY ALL").to_dict("records")
    if not rows:
        return None
    arms: tuple[str, ...] = ("treatment", "comparison") if making.plan.arms else ("everyone",)
    arms += ("unknown",) if any(row["arm"] == "unknown" for row in rows) else ()  # referred, and never given a group
    stages = []
    for title in dict.fromkeys(row["stage"] for row in rows):
        counts = {row["arm"]: int(row["people"]) for row in rows if row["stage"] == title}
        shown = {arm: counts.get(arm, 0) for arm in arms}
        stages.append(FlowStage(title=_stage(making, title), counts=shown, outcome=_analysed(title)))
    return making.finding(
        "flow/participants", FlowResult(stages=tuple(stages)), population="everybody in the case file"
    )


def _analysed(title: str) -> str:
    """Return the key of the outcome that is known at a stage."""
    head, _, key = title.partition(": ")
    return key if head == "Outcome known" else ""


def _stage(making: Making, title: str) -> str:
    """Return a stage's title with the outcome in words."""
    head, _, key = title.partition(": ")
    return f"{head}: {making.plan.outcomes[key].title}" if key in making.plan.outcomes else title


def _baseline(making: Making) -> Finding | None:
    covariates = tuple(making.plan.covariates)
    if not covariates:
        return None
    arm = "arm" if making.plan.arms else "'everyone' AS arm"
    grouped = "arm IS NOT NULL" if making.plan.arms else "true"
    frame = making.frame(f"SELECT {arm}, * EXCLUDE (arm) FROM validated.cases WHERE {grouped} ORDER BY row_key")
    both = making.plan.arms and {"treatment", "comparison"} <= set(frame["arm"])
    rows = _compared(making, frame, covariates) if both else _described(making, frame, covariates)
    result = BaselineResult(rows=tuple(rows), formula=FORMULA)
    return making.finding(
        "baseline/participants",
        result,
        population="everybody who was given a group" if making.plan.arms else "everybody in the case file",
    )


def _compared(making: Making, frame: Any, covariates: tuple[str, ...]) -> list[BaselineRow]:
    for name, covariate in making.plan.covariates.items():
        if covariate.type == "yes_no":
            frame[name] = frame[name].astype("boolean").astype("Float64").astype(float)
    return [_row(making, row, frame) for row in balance_table(frame, covariates)]


def _titles(making: Making) -> dict[str, str]:
    """Return the names of the groups; everybody is one where nobody is compared."""
    arms = making.plan.arms
    return (
        {"treatment": arms.treatment.title, "comparison": arms.comparison.title} if arms else {"everyone": "Everybody"}
    )


def _row(making: Making, row: BalanceRow, frame: Any) -> BaselineRow:
    covariate = making.plan.covariates[row.covariate]
    share = row.level is not None or covariate.type == "yes_no"
    return BaselineRow(
        title=_title(making, row.covariate, row.level),
        covariate=row.covariate,
        level=row.level,
        unit="" if share else covariate.unit,
        measure="share" if share else "mean",
        arms={arm: _summary(row, arm, title, share, frame) for arm, title in _titles(making).items()},
        difference=row.smd,
        light=row.light or "none",
    )


def _summary(row: BalanceRow, arm: str, title: str, share: bool, frame: Any) -> ArmSummary:
    mean, n = row.mean[arm], row.n[arm]
    if share:
        return ArmSummary(title=title, n=n, events=None if mean is None else round(mean * n), average=mean)
    rests_on = contributors(frame.loc[frame["arm"] == arm, row.covariate].dropna())
    return ArmSummary(title=title, n=n, average=mean, spread=row.sd[arm], contributors=rests_on)


def _title(making: Making, name: str, level: str | None) -> str:
    covariate = making.plan.covariates[name]
    return covariate.title if level is None else f"{covariate.title}: {covariate.labels.get(level, level)}"


def _described(making: Making, frame: Any, covariates: tuple[str, ...]) -> list[BaselineRow]:
    """Return means and shares without a comparison: for a pilot without groups, or with people in one group only."""
    return [row for name in covariates for row in _uncompared(making, name, frame[["arm", name]].dropna())]


def _uncompared(making: Making, name: str, known: Any) -> list[BaselineRow]:
    covariate = making.plan.covariates[name]
    values = {arm: known.loc[known["arm"] == arm, name] for arm in _titles(making)}
    if covariate.type == "number":
        arms = {arm: _number(title, values[arm]) for arm, title in _titles(making).items()}
        return [BaselineRow(title=covariate.title, covariate=name, unit=covariate.unit, measure="mean", arms=arms)]
    levels = [True] if covariate.type == "yes_no" else sorted(known[name].unique())
    return [_share(making, name, values, level) for level in levels]


def _number(title: str, values: Any) -> ArmSummary:
    mean = float(values.mean()) if len(values) else None
    spread = float(values.std(ddof=1)) if len(values) > 1 else None
    return ArmSummary(title=title, n=len(values), average=mean, spread=spread, contributors=contributors(values))


def _share(making: Making, name: str, values: dict[str, Any], level: Any) -> BaselineRow:
    code = None if level is True else str(level)
    arms = {}
    for arm, title in _titles(making).items():
        events, n = int((values[arm] == level).sum()), len(values[arm])
        arms[arm] = ArmSummary(title=title, n=n, events=events, average=events / n if n else None)
    return BaselineRow(title=_title(making, name, code), covariate=name, level=code, measure="share", arms=arms)
