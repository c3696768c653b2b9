"""Somebody who reads a bundle and works back to people: solves figures for counts, then all margins as one system.

The attacker knows the policy and how every figure is computed. For each sensitive count it returns the values that are
still possible. Integers are found by trying (fractions behind shares and means, words of themes), the rest by the
extremes of a linear programme over all published margins.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import cache, cached_property

import numpy as np
from scipy.optimize import linprog

from pipelines.disclosure import precision
from pipelines.disclosure.counts import part_hidden
from pipelines.disclosure.policy import Policy, policy
from pipelines.disclosure.voices import said, spread
from pipelines.findings.models import (
    ArmSummary,
    BaselineResult,
    DataQualityResult,
    DifferenceResult,
    DoseResult,
    DoubtsResult,
    EffectResult,
    Finding,
    FlowResult,
    LinkageResult,
    ThemeResult,
)
from pipelines.findings.progress import CriterionResult
from pipelines.progression.lights import Thresholds
from pipelines.progression.shares import share_zones
from pipelines.protocol.models import Plan

MOST = 320
WHOLE_NUMBERS = ("age", "flag")


class System:
    """Counts of people as unknown whole numbers: possible values of each, and linear relations between them."""

    def __init__(self, rules: Policy) -> None:
        self.rules = rules
        self.values: dict[str, set[int]] = {}
        self.rows: list[tuple[dict[str, int], int, int]] = []

    def know(self, name: str, values: Iterable[int]) -> None:
        """Learn that a count is one of some values; a contradiction means that the attacker guessed wrong: drop it."""
        both = self.values.setdefault(name, set(range(MOST))) & set(values)
        if both:
            self.values[name] = both

    def count(self, name: str, shown: int | None) -> None:
        """Learn a count as it is shown: exact, rounded, or not at all."""
        self.values.setdefault(name, set(range(MOST)))
        if shown is not None:
            reach = 2 if self.rules.rounding_base > 1 else 0
            self.know(name, range(max(shown - reach, 0), shown + reach + 1))

    def relate(self, coefficients: dict[str, int], low: int = 0, high: int = 10**4) -> None:
        """Learn that a sum of counts lies between two numbers."""
        self.rows.append((coefficients, low, high))

    def possible(self, coefficients: dict[str, int], constant: int = 0) -> set[int]:
        """Return the values a sum of counts can have."""
        if any(name not in self.values for name in coefficients):
            return set(range(MOST))
        ends = [self._extreme(coefficients, sign) + constant for sign in (1, -1)]
        span = set(range(math.ceil(ends[0] - 1e-6), math.floor(ends[1] + 1e-6) + 1))
        unknown = [name for name in coefficients if len(self.values[name]) > 1]
        if len(unknown) != 1:
            return span
        fixed = constant + sum(k * min(self.values[n]) for n, k in coefficients.items() if n not in unknown)
        return span & {fixed + coefficients[unknown[0]] * value for value in self.values[unknown[0]]}

    def _extreme(self, coefficients: dict[str, int], sign: int) -> float:
        names, matrix, bounds, limits = self._programme
        goal = np.array([sign * coefficients.get(name, 0) for name in names], dtype=float)
        solved = linprog(goal, A_ub=matrix, b_ub=bounds, bounds=limits)
        return sign * solved.fun if solved.success else (0 if sign == 1 else MOST)

    @cached_property
    def _programme(self) -> tuple[list[str], np.ndarray, np.ndarray, list[tuple[int, int]]]:
        """Everything known, as the rows of a linear programme; asked for when nothing more is learnt."""
        names = sorted(self.values)
        place = {name: i for i, name in enumerate(names)}
        rows = [row for row in self.rows if all(name in place for name in row[0])]
        matrix, bounds = np.zeros((2 * len(rows), len(names))), np.zeros(2 * len(rows))
        for i, (coefficients, low, high) in enumerate(rows):
            for name, k in coefficients.items():
                matrix[2 * i, place[name]], matrix[2 * i + 1, place[name]] = k, -k
            bounds[2 * i], bounds[2 * i + 1] = high, -low
        return names, matrix, bounds, [(min(self.values[name]), max(self.values[name])) for name in names]


def attack(findings: Iterable[Finding], plan: Plan, wanted: Collection[str]) -> dict[str, set[int]]:
    """Return, for each wanted sensitive count by name, the values that the findings leave possible."""
    found = list(findings)
    system = System(policy(plan))
    results = {finding.id: finding.result for finding in found}
    exact = all(not finding.disclosure.profile for finding in found)
    _people(system, results)
    _estimates(system, results, plan)
    _missing(system, results, plan)
    _rows(system, results)
    _hidden_by_rule(system, results, exact)
    _difference(system, results["difference/cases"])
    _linkages(system, results)
    _criteria(system, results, plan)
    targets = _targets(system, plan)
    found = {name: system.possible(targets[name]) for name in wanted if name in targets}
    early = {name: system.values[name] for name in wanted if name.startswith("left/") and name in system.values}
    return found | early | _themes(system, results, exact)


def _people(system: System, results: dict[str, object]) -> None:
    """Learn the flow, the baseline table and the doses."""
    flow = results["flow/participants"]
    assert isinstance(flow, FlowResult)
    for name, stage in zip(("file", "kept", "due", "known/work"), flow.stages, strict=True):
        for arm, count in stage.counts.items():
            system.count(f"{name}/{arm}", count)
    for arm in flow.stages[0].counts:
        system.relate({f"file/{arm}": 1, f"kept/{arm}": -1})
        system.relate({f"kept/{arm}": 1, f"due/{arm}": -1})
    _baseline(system, results["baseline/participants"])
    dose = results["dose/talks"]
    assert isinstance(dose, DoseResult)
    for arm, summary in dose.arms.items():
        system.count(f"kept/{arm}", summary.n)
        system.know(f"kept/{arm}", _sizes(summary, "mean", system.rules))
        system.count(f"any/{arm}", summary.events)
        system.relate({f"kept/{arm}": 1, f"any/{arm}": -1})
        system.know(f"any/{arm}", _any_of(summary))


def _baseline(system: System, result: object) -> None:
    assert isinstance(result, BaselineResult)
    levels: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in result.rows:
        for arm, summary in row.arms.items():
            base, part = f"base/{row.covariate}/{arm}", f"part/{row.covariate}/{row.level}/{arm}"
            kind = "share" if row.measure == "share" else "mean"
            if row.level is None or system.rules.rounding_base == 1:
                system.count(base, summary.n)
            else:  # the total of rounded categories, not a rounded total
                system.count(base, None)
            if row.measure == "share" or row.covariate in WHOLE_NUMBERS:
                system.know(base, _sizes(summary, kind, system.rules))
            system.relate({f"kept/{arm}": 1, base: -1})
            if kind == "share":
                _part(system, part, base, summary)
                levels[row.covariate, arm].append(part) if row.level is not None else None
            elif (two := _two_valued(summary)) is not None:
                system.know(part, {two})
        _solve_difference(system, row)
    for (covariate, arm), parts in levels.items():
        system.relate({**dict.fromkeys(parts, 1), f"base/{covariate}/{arm}": -1}, 0, 0)


def _part(system: System, part: str, base: str, summary: ArmSummary) -> None:
    system.count(part, summary.events)
    system.relate({base: 1, part: -1})
    if summary.events is None and summary.average is not None:
        system.know(part, {round(summary.average * n) + k for n in system.values[base] for k in (-9, *range(-8, 10))})
    if summary.events is None and summary.average is not None and not _short(summary.average):
        system.know(part, {round(summary.average * n) for n in system.values[base]})


def _solve_difference(system: System, row: object) -> None:
    """Solve a shown standardised difference for the share that is hidden in one arm."""
    arms, difference = row.arms, row.difference  # type: ignore[attr-defined]
    if row.measure != "share" or difference is None or len(arms) < 2:  # type: ignore[attr-defined]
        return
    hidden = [arm for arm, summary in arms.items() if summary.average is None]
    if len(hidden) == 1:
        raise AssertionError("a difference beside a hidden share gives the share back")


def _sizes(summary: ArmSummary, kind: str, rules: Policy) -> set[int]:
    """Return the numbers of people of whom a share, or a mean of whole numbers, could have been taken."""
    average = summary.average
    if average is None or (rules.rounding_base > 1 and kind == "share"):
        return set(range(MOST))
    fits = _share_fits if kind == "share" else _mean_fits
    return {n for n in range(1, MOST) if fits(average, n)} | ({0} if average == 0 else set())


def _short(value: float) -> bool:
    return round(value, 2) == value


def _share_fits(share: float, n: int) -> bool:
    if not _short(share):
        return abs(n * share - round(n * share)) < 1e-7
    steps = [next((step for step in precision.SHARE_STEPS if step * m >= 1), 0.1) for m in _reckoned(n)]
    return any(_someone_between(share - step / 2, share + step / 2, n) for step in steps)


def _mean_fits(mean: float, n: int) -> bool:
    if not _short(mean):
        return abs(n * mean - round(n * mean)) < 1e-6
    kept = math.floor(math.log10(abs(mean))) if mean else 0
    steps = [10.0 ** min(-math.floor(math.log10(m)), kept) for m in _reckoned(n)]
    return any(_someone_between(mean - step / 2, mean + step / 2, n) for step in steps)


def _someone_between(low: float, high: float, n: int) -> bool:
    """Tell whether a whole number of n lies between two shares of n."""
    return math.floor(high * n + 1e-9) >= math.ceil(low * n - 1e-9)


def _reckoned(n: int) -> tuple[int, ...]:
    """Return sizes whose steps a rounded figure of n people may have."""
    return (n, max(n - 2, 1), max(n - 9, 1), max(n - 18, 1))


def _two_valued(summary: ArmSummary) -> int | None:
    """Return how many have a one in a variable of zeros and ones, if mean and spread say that it is one."""
    n, mean, sd = summary.n, summary.average, summary.spread
    if not n or n < 2 or mean is None or sd is None or _short(mean):
        return None
    return round(mean * n) if abs(sd**2 - mean * (1 - mean) * n / (n - 1)) < 1e-9 else None


def _any_of(summary: ArmSummary) -> set[int]:
    """Return how many people can have got something, when what they got is whole numbers (Cauchy and Schwarz)."""
    n, mean = summary.n, summary.average
    if n is None or mean is None:
        return set(range(MOST))
    low, high = 0, min(n, math.ceil(mean * n + (0.06 * n if _short(mean) else 0)))
    if mean > 0 and summary.spread is not None and not _short(summary.spread):
        variance = summary.spread**2 * (n - 1) / n
        low = math.ceil(n * mean**2 / (mean**2 + variance) - 1e-6)
    return set(range(low, high + 1))


def _estimates(system: System, results: dict[str, object], plan: Plan) -> None:
    """Learn the effects: counts, and what a mean of two values gives back."""
    complete = _complete(results, plan)
    for key in plan.outcomes:
        result = next(r for i, r in results.items() if i.startswith(f"effect/{key}/"))
        assert isinstance(result, EffectResult)
        for arm, summary in result.arms.items():
            known, events = f"known/{key}/{arm}", f"events/{key}/{arm}"
            system.count(known, summary.n)
            system.relate({f"due/{arm}": 1, known: -1}, 0, 0 if key in complete else 10**4)
            if result.outcome_type in ("binary", "time_to_event"):
                system.count(events, summary.events)
                system.relate({known: 1, events: -1})
            elif (two := _two_valued(summary)) is not None:
                system.count(events, None)
                system.know(events, {two})
            if result.outcome_type == "time_to_event":
                system.know(f"left/{arm}", _left_early(result, arm))
    for arm in ("treatment", "comparison"):
        system.relate({f"events/late/{arm}": 1, f"events/early/{arm}": -1})
        system.relate({f"known/late/{arm}": 1, f"known/early/{arm}": -1})


def _missing(system: System, results: dict[str, object], plan: Plan) -> None:
    """Learn the size of each group from the worst that its missing outcomes could have been, and from Lee's shares."""
    for key in plan.outcomes:
        effect = next(r for i, r in results.items() if i.startswith(f"effect/{key}/"))
        doubts = results.get(f"doubts/{key}")
        if not isinstance(effect, EffectResult) or not isinstance(doubts, DoubtsResult) or effect.value is None:
            continue
        arms = [effect.arms[arm] for arm in ("treatment", "comparison")]
        told = {one.key: one for one in doubts.readings}
        if "lee" in told:
            shares = re.findall(r"([\d.]+)% of the", told["lee"].sentence)
            for arm, summary, share in zip(("treatment", "comparison"), arms, shares, strict=False):
                n = summary.n or 0
                near = {whole for whole in range(max(n, 1), 4 * n + 1) if abs(100 * n / whole - float(share)) < 0.0501}
                system.know(f"due/{arm}", near)
        if "worst_case" in told and told["worst_case"].lower is not None:
            (n1, e1), (n0, e0) = ((arm.n or 0, arm.events or 0) for arm in arms)
            # The bounds are linear in one over the size of each group.
            left = np.array([[e1, n0 - e0], [-(n1 - e1), -e0]], dtype=float)
            right = np.array([told["worst_case"].lower + 1, (told["worst_case"].upper or 0) - 1])
            if abs(np.linalg.det(left)) > 1e-9:
                for arm, inverse in zip(("treatment", "comparison"), np.linalg.solve(left, right), strict=True):
                    system.know(f"due/{arm}", {round(1 / inverse)})


def _complete(results: dict[str, object], plan: Plan) -> set[str]:
    """Return the outcomes of which nobody is missing, as the absence of a warning tells."""
    effects = {i.split("/")[1]: r for i, r in results.items() if isinstance(r, EffectResult) and r.value is not None}
    said_of = {key for key, r in effects.items() if any("not known are left out" in w for w in r.warnings)}
    return set(effects) - said_of if said_of else set()


def _left_early(result: EffectResult, arm: str) -> set[int]:
    """Return how many can have left the follow-up early: tries which survival curves their leaving would have made."""
    summary, steps = result.arms[arm], result.curves.get(arm, ())
    if summary.censored is not None:
        return {summary.censored}
    if not steps or not summary.n or summary.events is None:
        return set(range(MOST))
    n, events, share = summary.n, summary.events, steps[-1].share
    half = 1e-9 if not _short(share) else 0.005 if n >= 100 else 0.025 if n >= 20 else 0.05
    fits = {0} if abs((n - events) / n - share) <= half else set()
    one = ((n - j) / n * (n - 1 - events) / (n - 1 - j) for j in range(events + 1) if n - 1 - j)
    fits |= {1} if any(abs(s - share) <= half for s in one) else set()
    return fits | set(range(2, 10))


def _rows(system: System, results: dict[str, object]) -> None:
    """Learn the totals of the data checks."""
    quality = results["quality/checks"]
    assert isinstance(quality, DataQualityResult)
    arms = [name.split("/")[1] for name in system.values if name.startswith("kept/")]
    kept, file = ({f"{stage}/{arm}": 1 for arm in arms} for stage in ("kept", "file"))
    due = {f"due/{arm}": 5 for arm in ("treatment", "comparison")}
    aside = file | dict.fromkeys(kept, -1)
    for shown, sums in (
        (quality.rows["cases"], kept),
        (quality.rows["outcomes"], due),
        (quality.set_aside["cases"], aside),
    ):
        if shown is not None and system.rules.rounding_base == 1:  # else a total computed from rounded groups
            system.relate(sums, shown, shown)
    system.count("consents", quality.rows["consents"])
    system.relate({**kept, "consents": -1})
    system.count("documents", quality.rows["documents"])


def _difference(system: System, result: object) -> None:
    """Learn what differs from the drop before: both drops are one system with the flow."""
    assert isinstance(result, DifferenceResult)
    names = {name: f"drop/{name}" for name in ("before", "now", "both", "added", "vanished")}
    totals = {"before": result.people_before, "now": result.people_now, "both": result.both}
    for name, shown in {**totals, "added": result.added, "vanished": result.vanished}.items():
        # Under rounding the totals are computed from rounded parts, and nothing more is learnt from them.
        system.count(names[name], None if name in totals and system.rules.rounding_base > 1 else shown)
    for total, part in (("before", "vanished"), ("now", "added")):
        system.relate({names["both"]: 1, names[part]: 1, names[total]: -1}, 0, 0)
    file = {name: 1 for name in system.values if name.startswith("file/")}
    system.relate({**file, names["now"]: -1}, 0, 0)
    small = range(1, system.rules.minimum_count)
    for one, other in (("added", "vanished"), ("vanished", "added")):
        if getattr(result, one) is None and getattr(result, other) == 0:
            system.know(names[one], small)
    _changes(system, result, small)


def _changes(system: System, result: DifferenceResult, small: range) -> None:
    for change in result.changes:
        ways = {f"{way}/{change.field}": getattr(change, way) for way in ("changed", "filled", "emptied")}
        for name, shown in ways.items():
            system.count(name, shown)
        system.relate({"drop/both": 1, **dict.fromkeys(ways, -1)})
        if change.extent == "few":
            system.know(f"changed/{change.field}", small)
        elif change.extent:
            system.relate({"drop/both": 1, f"changed/{change.field}": -1}, 1, small.stop - 1)


def _linkages(system: System, results: dict[str, object]) -> None:
    """Learn who is found where, and add up what the flow, the doses and the estimates tell of the same people."""
    arms = ("treatment", "comparison")
    for key, base, sums in (
        ("consents", "kept", {"consents": 1}),
        ("contacts", "kept", {}),
        ("outcomes/work", "due", {}),
    ):
        result = results[f"linkage/{key}"]
        assert isinstance(result, LinkageResult)
        linked, without = f"linked/{key}", f"without/{key}"
        rounds = system.rules.rounding_base > 1  # then all but one count are computed from the rounded flow
        system.count(linked, None if rounds else result.linked)
        system.count(without, None if rounds and key == "outcomes/work" else result.without)
        system.relate({linked: 1, without: 1, **{f"{base}/{arm}": -1 for arm in arms}}, 0, 0)
        if result.people is not None and not rounds:
            system.relate({f"{base}/{arm}": 1 for arm in arms}, result.people, result.people)
        if result.extent:
            system.know(without, range(1, system.rules.minimum_count))
        if sums:  # people without a group may have agreed too
            system.relate({**sums, linked: -1})
        system.count(f"strangers/{key}", result.strangers)
        _composition(system, result, key)
    system.relate({"linked/outcomes/work": 1, **{f"known/work/{arm}": -1 for arm in arms}}, 0, 0)
    system.relate({"linked/contacts": 1, **{f"any/{arm}": -1 for arm in arms}})


def _composition(system: System, result: LinkageResult, key: str) -> None:
    """Learn a table of who was lost; of consents the baseline table tells the sum of both columns."""
    for row in result.groups:
        name = f"{row.covariate}/{row.level}"
        for column, summary in row.arms.items():
            base, part = f"of/{row.covariate}/{column}/{key}", f"lost in/{name}/{column}/{key}"
            system.count(base, summary.n if row.level is None or system.rules.rounding_base == 1 else None)
            system.relate({f"{column}/{key}": 1, base: -1})
            if row.measure == "share":
                _part(system, part, base, summary)
        cells = {f"lost in/{name}/{column}/{key}": 1 for column in row.arms}
        if row.covariate == "arm":
            system.relate({**cells, f"{'kept' if key == 'consents' else 'due'}/{row.level}": -1}, 0, 0)
        elif key == "consents" and row.measure == "share":
            whole = {f"part/{name}/{arm}": -1 for arm in ("treatment", "comparison")}
            system.relate({**cells, **whole}, 0, 0)


OF = {"followed": ("due", "known/work"), "came": ("kept", "any"), "complete": ("kept", "base/age")}
"""What the criteria of small_pilots count, by the attacker's names: of whom, and who met it."""


def _criteria(system: System, results: dict[str, object], plan: Plan) -> None:
    """Learn the criteria: their counts, groups apart, or which counts would have given the light that is shown."""
    for key in plan.progression.criteria:
        result = results[f"progression/{key}"]
        assert isinstance(result, CriterionResult)
        name, _, arm = key.partition("_")
        whole, part = (f"{one}/{arm}" for one in OF[name])
        system.count(whole, result.n)
        system.count(part, result.events)
        if result.light != "unknown" and result.events is None:
            system.know(part, set().union(*(_of_light(result, n) for n in system.values[whole] if n)))
        if result.estimate is not None and system.rules.rounding_base == 1:
            system.know(part, {round(result.estimate * n) for n in system.values[whole]})


@cache
def _zones(red: float, green: float, n: int) -> dict[str, tuple[int, int]]:
    return dict(share_zones(n, Thresholds(red, green)))


def _of_light(result: CriterionResult, n: int) -> range:
    """Return who could have met a criterion, for its light to be what it is."""
    low, high = _zones(result.red, result.green, n).get(result.light, (0, -1))
    return range(low, high + 1)


def _hidden_by_rule(system: System, results: dict[str, object], exact: bool) -> None:
    """Learn from what is withheld: such a size is small, or close to a shown one."""
    flow = results["flow/participants"]
    assert isinstance(flow, FlowResult)
    least = system.rules.minimum_count
    if exact:
        return
    for name, stage in zip(("file", "kept", "due", "known/work"), flow.stages, strict=True):
        for arm, count in stage.counts.items():
            if count is None:
                shown = {
                    min(v) for n, v in system.values.items() if len(v) == 1 and n.endswith(f"/{arm}") and n[0] in "fkdb"
                }
                close = (
                    {n + k for n in shown for k in range(-least + 1, least) if k}
                    if system.rules.rounding_base == 1
                    else set()
                )
                system.know(f"{name}/{arm}", set(range(1, least)) | close)


def _targets(system: System, plan: Plan) -> dict[str, dict[str, int]]:
    """Return every count of people that must stay unknown when it is small, as a sum of counts."""
    kept = {name: 1 for name in system.values if name.startswith("kept/")}
    found: dict[str, dict[str, int]] = {"unknown": {"kept/unknown": 1}, "without consent": {**kept, "consents": -1}}
    for arm in ("treatment", "comparison"):
        found[f"aside/{arm}"] = {f"file/{arm}": 1, f"kept/{arm}": -1}
        found[f"any/{arm}"] = {f"any/{arm}": 1}
        found[f"none/{arm}"] = {f"kept/{arm}": 1, f"any/{arm}": -1}
        found[f"between/{arm}"] = {f"events/late/{arm}": 1, f"events/early/{arm}": -1}
        found[f"gone/{arm}"] = {f"known/late/{arm}": 1, f"known/early/{arm}": -1}
        for key in plan.outcomes:
            found[f"lost/{key}/{arm}"] = {f"due/{arm}": 1, f"known/{key}/{arm}": -1}
            found[f"events/{key}/{arm}"] = {f"events/{key}/{arm}": 1}
            found[f"rest/{key}/{arm}"] = {f"known/{key}/{arm}": 1, f"events/{key}/{arm}": -1}
    for name in ("drop/added", "drop/vanished", "changed/start", "filled/start", "emptied/start", "strangers/contacts"):
        found[name] = {name: 1}
    found["unchanged/start"] = {"drop/both": 1, "changed/start": -1}
    found["without/consents"] = {"without/consents": 1}
    found["offered"] = {"linked/contacts": 1, **{f"any/{arm}": -1 for arm in ("treatment", "comparison")}}
    found |= {name: {name: 1} for name in system.values if name.startswith("lost in/")}
    for name in [name for name in system.values if name.startswith("part/")]:
        _, covariate, _, arm = name.split("/")
        found |= {name: {name: 1}, f"other {name}": {f"base/{covariate}/{arm}": 1, name: -1}}
        found[f"without {covariate}/{arm}"] = {f"kept/{arm}": 1, f"base/{covariate}/{arm}": -1}
    return found


def _themes(system: System, results: dict[str, object], exact: bool) -> dict[str, set[int]]:
    """Return the possible numbers of people interviewed, of people behind each theme, and of people who withdrew."""
    themes = {i: r for i, r in results.items() if isinstance(r, ThemeResult)}
    pairs = set.intersection(*(_asked(r, system.rules) for r in themes.values()))
    found = {f"asked/{role}": {pair[k] for pair in pairs} for k, role in enumerate(("participant", "staff"))}
    found["withdrawn"] = {d - sum(pair) for pair in pairs for d in system.values["documents"] if d >= sum(pair)}
    for i, result in themes.items():
        for k, role in enumerate(("participant", "staff")):
            found[f"{i}/{role}"] = {n for pair in pairs for n in _speakers(result, role, pair[k], system.rules, exact)}
    return found


def _asked(result: ThemeResult, rules: Policy) -> set[tuple[int, int]]:
    """Return how many participants and staff can have been asked, from what is shown and how well coders agree."""
    reach = 2 if rules.rounding_base > 1 else 0
    ranges = [
        range(1, rules.minimum_count) if n is None else range(n - reach, n + reach + 1)
        for n in (result.interviewed[role] for role in ("participant", "staff"))
    ]
    return {(a, b) for a in ranges[0] for b in ranges[1] if _agrees(result.agreement, a + b)}


def _agrees(agreement: float | None, n: int) -> bool:
    if agreement is None:
        return True
    if round(agreement, 1) == agreement:
        return any(round(k / n, 1) == agreement for k in range(n + 1))
    return abs(n * agreement - round(n * agreement)) < 1e-9


def _speakers(result: ThemeResult, role: str, asked: int, rules: Policy, exact: bool) -> set[int]:
    """Return how many of a role can have spoken of a theme."""
    people, word = result.people[role], result.spread[role]
    if people is not None:
        reach = 2 if rules.rounding_base > 1 else 0
        return set(range(people - reach, people + reach + 1))
    most = asked if result.withheld_quotes is None else min(asked, result.withheld_quotes + len(result.quotes))
    if result.passages is not None:
        most = min(most, result.passages)
    if exact:
        return {k for k in range(most + 1) if spread(k, asked) == word}
    return {k for k in range(most + 1) if said(k, asked, rules) == word and part_hidden(k, asked, rules)}
