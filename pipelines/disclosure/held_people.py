"""The baseline table and the doses, held against earlier releases: row by row, for each row counts people anew.

What counts the same people as something else is judged in held_together.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from pipelines.disclosure.between_releases import RULE, Past, as_at, as_json, blank, blanked, noted, tells, withheld
from pipelines.disclosure.policy import Policy
from pipelines.disclosure.published import Raw, counts, group
from pipelines.disclosure.steps import Group, blurred_average, events_tell, few_between, moved
from pipelines.findings.models import ArmSummary, BaselineResult, BaselineRow, Change, DoseResult, Finding

AS_AT = " (as at {})"


def baseline(past: Past, finding: Finding, rules: Policy, *, few_came: bool) -> Finding:
    """Return the baseline table: each covariate anew, as it was last published, or without figures.

    Parameters
    ----------
    past, finding, rules : earlier releases; the table as the policy shows it; the limits.
    few_came : whether few people came in since an earlier release: then a covariate that is new waits for more.
    """
    result = finding.result
    if not isinstance(result, BaselineResult):
        return finding
    names = dict.fromkeys(row.covariate for row in result.rows)
    held = {name for name in names if _tells(past, finding, name, rules, few_came=few_came)}
    if not held:
        return finding
    rows = tuple(_row(past, finding, row) if row.covariate in held else row for row in result.rows)
    places = (i for i, row in enumerate(rows) if row.covariate in held)
    changes = [Change(cell=f"rows.{i}", rule=RULE, action="held") for i in places]
    return finding.model_copy(
        update={
            "result": result.model_copy(update={"rows": rows}),
            "disclosure": noted(finding.disclosure, *changes),
        }
    )


def _tells(past: Past, finding: Finding, name: str, rules: Policy, *, few_came: bool) -> bool:
    own = _rows(as_json(finding), name)
    versions = [raw for release, raw in past.versions(finding) if past.same(release, ("covariates",), name)]
    earlier = [rows for raw in versions if (rows := _rows(raw["result"], name)) and counts({"rows": rows})]
    if not earlier:
        return few_came
    return tells({"rows": own}, [{"rows": rows} for rows in earlier], rules)


def _rows(table: Raw, name: str) -> list[Raw]:
    return [row for row in table["rows"] if row["covariate"] == name]


def _row(past: Past, finding: Finding, row: BaselineRow) -> BaselineRow:
    """Return a row as it was last published, and named so; one that was not, or cannot stand again, is withheld."""
    for release, raw in reversed(past.versions(finding)):
        if not past.may_stand(finding, raw):
            break
        known = [one for one in _rows(raw["result"], row.covariate) if one["level"] == row.level]
        same = past.same(release, ("covariates",), row.covariate) and known and set(known[0]["arms"]) == set(row.arms)
        if same and release.may_stand:
            return _standing(row, known[0], as_at(raw))
    return _withheld(row)


def _standing(row: BaselineRow, raw: Raw, drop: str) -> BaselineRow:
    try:
        earlier = BaselineRow.model_validate(raw)
    except ValidationError:
        return _withheld(row)
    said = earlier.title if _says_when(earlier.title) else earlier.title + AS_AT.format(drop)
    return earlier.model_copy(update={"title": said}) if _shows(earlier) else _withheld(row)


def _shows(row: BaselineRow) -> bool:
    return any(x is not None for arm in row.arms.values() for x in (arm.n, arm.events, arm.average))


def _says_when(title: str) -> bool:
    return title.endswith(")") and AS_AT.partition("{")[0] in title


def _withheld(row: BaselineRow) -> BaselineRow:
    return blanked(row).model_copy(update={"light": "none"})


def dose(past: Past, finding: Finding, rules: Policy, *, few_came: bool) -> Finding:
    """Return a dose: of the same people a rounded average, of few more people what was published before.

    What people get grows from drop to drop although nobody comes, so an average that moved is no reason to hold all
    back: it is rounded until one person's part in it cannot be had.

    Parameters
    ----------
    past, finding, rules, few_came : as for `baseline`.
    """
    result = finding.result
    if not isinstance(result, DoseResult):
        return finding
    versions = past.versions(finding)
    if not versions:
        return blank(finding) if few_came else finding
    arms, changes = {}, list[Change]()
    for key, arm in result.arms.items():
        before = [group(raw["result"]["arms"][key]) for _, raw in versions if key in raw["result"]["arms"]]
        told = _dose_arm(arm, before, rules)
        if told is None:
            return past.standing(finding) or blank(finding)
        arms[key] = told
        changes += _changed(arm, told, f"arms.{key}")
    if not changes:
        return finding
    update = {"result": result.model_copy(update={"arms": arms}), "disclosure": noted(finding.disclosure, *changes)}
    return finding.model_copy(update=update)


def _dose_arm(arm: ArmSummary, before: Sequence[Group], rules: Policy) -> ArmSummary | None:
    """Return a group's dose as it may be shown; None where only what was published before may stand."""
    now = group(arm.model_dump(mode="json"))
    if now in before:
        return arm
    if any(few_between(one.n, now.n, rules) for one in before):
        return None
    few = [one for one in before if few_between(one.events, now.events, rules) or events_tell(one, now, rules)]
    events = None if few else arm.events
    plain = arm.model_copy(update={"events": events})
    if not any(_same_people(one, now, few) for one in before):
        return plain
    return _blurred(plain, rules)


def _same_people(one: Group, now: Group, few: Sequence[Group]) -> bool:
    """Tell whether an average moved while nobody came, and it does not rest on many who got their first."""
    same = one.n is not None and one.n == now.n
    many = one.events is not None and now.events is not None and one.events != now.events and one not in few
    return same and not many and any(moved(a, b) for a, b in zip(one.figures, now.figures, strict=True))


def _blurred(arm: ArmSummary, rules: Policy) -> ArmSummary | None:
    people = arm.n or 1
    average, spread = (blurred_average(x, arm.spread, people, rules) for x in (arm.average, arm.spread))
    if average == 0 and arm.average:
        return None  # rounded away: nobody would seem to have got any
    return arm.model_copy(update={"average": average, "spread": spread, "lower": None, "upper": None})


def _changed(before: ArmSummary, after: ArmSummary, cell: str) -> list[Change]:
    found = []
    if before.events is not None and after.events is None:
        found.append(withheld(f"{cell}.events"))
    if (before.average, before.spread) != (after.average, after.spread):
        found.append(Change(cell=f"{cell}.average", rule=RULE, action="rounded"))
    return found
