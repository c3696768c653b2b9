"""Who came in, who is left, and how alike the groups were at the start."""

from __future__ import annotations

from typing import Any

from pipelines.estimation.balance import FORMULA, BalanceRow, balance_table
from pipelines.findings.making import Making
from pipelines.findings.models import ArmSummary, BaselineResult, BaselineRow, Finding, FlowResult, FlowStage

TABLES = ("validated.cases", "analysis.flow")


def participant_findings(making: Making) -> list[Finding]:
    """Return the participant flow, and the baseline table where the protocol declares covariates."""
    baseline = _baseline(making)
    return [_flow(making), *([baseline] if baseline else [])]


def _flow(making: Making) -> Finding:
    rows = making.frame("SELECT position, stage, arm, people FROM analysis.flow ORDER BY ALL").to_dict("records")
    arms: tuple[str, ...] = ("treatment", "comparison") if making.plan.arms else ("everyone",)
    arms += ("unknown",) if any(row["arm"] == "unknown" for row in rows) else ()  # referred, and never given a group
    stages = []
    for title in dict.fromkeys(row["stage"] for row in rows):
        counts = {row["arm"]: int(row["people"]) for row in rows if row["stage"] == title}
        stages.append(FlowStage(title=_stage(making, title), counts={arm: counts.get(arm, 0) for arm in arms}))
    return making.finding(
        "flow/participants", FlowResult(stages=tuple(stages)), population="everybody in the case file"
    )


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
    rows = _compared(making, frame, covariates) if making.plan.arms else _described(making, frame, covariates)
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
    arms = making.plan.arms
    titles = {"treatment": arms.treatment.title, "comparison": arms.comparison.title} if arms else {}
    return [_row(making, row, titles) for row in balance_table(frame, covariates)]


def _row(making: Making, row: BalanceRow, titles: dict[str, str]) -> BaselineRow:
    covariate = making.plan.covariates[row.covariate]
    share = row.level is not None or covariate.type == "yes_no"
    return BaselineRow(
        title=_title(making, row.covariate, row.level),
        unit="" if share else covariate.unit,
        measure="share" if share else "mean",
        arms={arm: _summary(row, arm, title, share) for arm, title in titles.items()},
        difference=row.smd,
        light=row.light or "none",
    )


def _summary(row: BalanceRow, arm: str, title: str, share: bool) -> ArmSummary:
    mean, n = row.mean[arm], row.n[arm]
    events = round(mean * n) if share and mean is not None else None
    return ArmSummary(title=title, n=n, events=events, average=mean, spread=None if share else row.sd[arm])


def _title(making: Making, name: str, level: str | None) -> str:
    covariate = making.plan.covariates[name]
    return covariate.title if level is None else f"{covariate.title}: {covariate.labels.get(level, level)}"


def _described(making: Making, frame: Any, covariates: tuple[str, ...]) -> list[BaselineRow]:
    """Return means and shares of everybody, for a pilot without groups."""
    return [row for name in covariates for row in _alone(making, name, frame[name].dropna())]


def _alone(making: Making, name: str, values: Any) -> list[BaselineRow]:
    covariate = making.plan.covariates[name]
    if covariate.type == "number":
        spread = float(values.std(ddof=1)) if len(values) > 1 else None
        summary = ArmSummary(
            title="Everybody", n=len(values), average=float(values.mean()) if len(values) else None, spread=spread
        )
        return [BaselineRow(title=covariate.title, unit=covariate.unit, measure="mean", arms={"everyone": summary})]
    levels = [True] if covariate.type == "yes_no" else sorted(values.unique())
    return [_share(making, name, values, level) for level in levels]


def _share(making: Making, name: str, values: Any, level: Any) -> BaselineRow:
    events, n = int((values == level).sum()), len(values)
    summary = ArmSummary(title="Everybody", n=n, events=events, average=events / n if n else None)
    title = _title(making, name, None if level is True else str(level))
    return BaselineRow(title=title, measure="share", arms={"everyone": summary})
