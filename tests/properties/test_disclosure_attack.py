"""An attacker works on hundreds of small pilots: it must find people in what was not protected, and nobody after."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pandas as pd
import pytest

from pipelines.disclosure.apply import checked
from pipelines.disclosure.policy import policy
from pipelines.findings.models import DifferenceResult, EffectResult, Finding, LinkageResult, ThemeResult
from tests.properties.attacker import attack
from tests.properties.small_pilots import Drawn, draw

LONG = bool(os.environ.get("PILOTLENS_LONG"))
PILOTS = 1000 if LONG else 40


def truths(drawn: Drawn) -> dict[str, int]:
    """Return the sensitive counts as they are, by the names the attacker uses."""
    kept = drawn.people[drawn.people["kept"]]
    found = {**drawn.truths, "unknown": int(kept["arm"].isna().sum())}
    for arm in ("treatment", "comparison"):
        found |= _of_arm(drawn.people[drawn.people["arm"] == arm], arm)
    for theme in (f.result for f in drawn.findings if isinstance(f.result, ThemeResult)):
        found |= {f"theme/{theme.code}/{role}": people or 0 for role, people in theme.people.items()}
    return found | _of_deliveries(drawn)


def _of_deliveries(drawn: Drawn) -> dict[str, int]:
    """Return what differs from the drop before, who is found where, and who was lost."""
    results = {finding.id: finding.result for finding in drawn.findings}
    drop, contacts = results["difference/cases"], results["linkage/contacts"]
    assert isinstance(drop, DifferenceResult)
    assert isinstance(contacts, LinkageResult)
    of = drawn.people[drawn.people["kept"] & drawn.people["arm"].notna()]
    (change,) = drop.changes
    counts: dict[str, int | None] = {"drop/added": drop.added, "drop/vanished": drop.vanished}
    counts |= {f"{way}/start": getattr(change, way) for way in ("changed", "filled", "emptied")}
    counts |= {"unchanged/start": (drop.both or 0) - (change.changed or 0), "strangers/contacts": contacts.strangers}
    counts["offered"] = (contacts.linked or 0) - int((of["talks"] > 0).sum())
    for key in ("consents", "outcomes/work"):
        result = results[f"linkage/{key}"]
        assert isinstance(result, LinkageResult)
        counts[f"without/{key}"] = result.without
        for row in (row for row in result.groups if row.measure == "share"):
            cells = {f"lost in/{row.covariate}/{row.level}/{column}/{key}": s.events for column, s in row.arms.items()}
            counts |= cells
    return {name: count or 0 for name, count in counts.items()}


def _of_arm(group: pd.DataFrame, arm: str) -> dict[str, int]:
    """Return the counts of one group."""
    of = group[group["kept"]]
    due = of[of["due"]]
    gone = (due["back"] == 0) & (due["days"] < 60)
    early, late = ((due["back"] == 1) & (due["days"] <= day) for day in (60, 180))
    events = {"work": due["work"] == 1, "trouble": due["trouble"] == 1, "nights": due["nights"] == 1}
    events |= {"early": early, "late": late}
    rest = {key: due[key] == 0 for key in ("work", "trouble", "nights")} | {"early": ~early & ~gone, "late": ~late}
    levels = {f"group/{level}": of["group"] == level for level in "abcd"}
    levels |= {"housed/None": of["housed"].fillna(False).astype(bool), "flag/None": of["flag"] == 1}
    counts = {f"events/{key}/{arm}": yes for key, yes in events.items()} | {
        f"rest/{key}/{arm}": no for key, no in rest.items()
    }
    counts |= {f"part/{key}/{arm}": yes for key, yes in levels.items()}
    counts |= {f"other part/{key}/{arm}": of[key.split("/")[0]].notna() & ~yes for key, yes in levels.items()}
    counts |= {f"without {key}/{arm}": of[key].isna() for key in ("age", "housed", "group")}
    counts |= {f"any/{arm}": of["talks"] > 0, f"none/{arm}": of["talks"] == 0, f"aside/{arm}": ~group["kept"]}
    counts |= {f"gone/{arm}": gone, f"between/{arm}": late & ~early}
    counts[f"left/{arm}"] = (due["back"] == 0) & (due["days"] < 180)
    return {name: int(people.sum()) for name, people in counts.items()}


def recovered(drawn: Drawn, findings: Iterable[Finding]) -> dict[str, tuple[int, set[int]]]:
    """Return the small counts that findings pin down to fewer values than the policy asks for."""
    rules = policy(drawn.plan)
    small = {name: count for name, count in truths(drawn).items() if 0 < count < rules.minimum_count}
    possible = attack(findings, drawn.plan, small)
    return {
        name: (count, possible[name])
        for name, count in small.items()
        if count in possible.get(name, ()) and len(possible[name]) < rules.minimum_interval
    }


@pytest.mark.parametrize("profile", ["standard", "opensafely"])
def test_attack_fails_on_what_is_released(profile: str) -> None:
    broken = {}
    for seed in range(PILOTS):
        drawn = draw(seed, profile)
        if found := recovered(drawn, checked(drawn.findings, drawn.plan)):
            broken[seed] = found
    assert not broken


def test_attack_succeeds_on_what_is_not_protected() -> None:
    kinds = set()
    for seed in range(25):
        drawn = draw(seed)
        kinds |= {name.split("/")[0] for name in recovered(drawn, drawn.findings)}
    assert kinds >= {"unknown", "aside", "lost", "events", "rest", "part", "any", "none", "theme", "withdrawn", "left"}
    assert kinds >= {"drop", "changed", "unchanged", "filled", "emptied", "strangers", "without", "offered", "lost in"}


def test_protection_leaves_most_estimates_of_bigger_pilots() -> None:
    """A policy that withholds everything passes every attack; this one must not."""
    shown = total = 0
    for seed in range(20):
        drawn = draw(seed)
        if min((drawn.people["arm"] == arm).sum() for arm in ("treatment", "comparison")) >= 60:
            effects = [f.result for f in checked(drawn.findings, drawn.plan) if isinstance(f.result, EffectResult)]
            shown, total = shown + sum(e.value is not None for e in effects), total + len(effects)
    assert total
    assert shown / total > 0.4
