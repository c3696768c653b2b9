"""What may be shown of how interviews were coded: agreement, saturation, frames, codes together, who said what.

All of it stands beside the themes, which count the same people; so everything here gives way to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.disclosure.counts import part_hidden, rounded, too_small
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import Policy
from pipelines.disclosure.voices import FLOOR, anybody, said
from pipelines.estimation.proportions import clopper_pearson
from pipelines.findings.coded import (
    AgreementResult,
    CodeAgreement,
    CodePair,
    ElementPresence,
    FidelityResult,
    ReadingDifference,
    SaturationResult,
    TogetherResult,
    WhoSaid,
    WhoSaidResult,
)
from pipelines.findings.models import Finding, Spread, ThemeResult
from pipelines.protocol.models import Plan

Findings = Mapping[str, Finding]
Group = tuple[frozenset[str], str, int]
FIGURES = ("value", "lower", "upper", "percent", "kappa", "alpha", "alpha_u", "ac1", "jaccard", "prevalence")
READ = ("share_first", "share_second", "jaccard")
COARSE, FINE = 1, 2
ALL = "together"


@dataclass(frozen=True)
class Voices:
    """The themes of a site, as they are and as they are shown, by path; every theme asks the same people."""

    exact: Mapping[str, ThemeResult]
    shown: Mapping[str, ThemeResult]

    @property
    def asked(self) -> Mapping[str, int | None]:
        """How many were interviewed of each role, as it is shown."""
        return next((theme.interviewed for theme in self.shown.values()), {})

    @property
    def everybody(self) -> Mapping[str, int]:
        """How many were interviewed of each role."""
        first = next((theme.interviewed for theme in self.exact.values()), {})
        return {role: count or 0 for role, count in first.items()}

    def bounded_by(self, code: str, count: int | None) -> bool:
        """Tell whether a number of places in the text bounds people of a theme who may not be counted.

        Nobody speaks of a theme without a place in the text, so fewer places than people who were asked bound them.
        """
        theme = self.shown.get(code)
        hidden = theme is not None and None in theme.people.values()
        return hidden and count is not None and 0 < count < sum(self.everybody.values())


def voices_of(exact: Findings, shown: Findings) -> Voices:
    """Return the themes among the findings."""
    pairs = [
        {f.result.code: f.result for f in one.values() if isinstance(f.result, ThemeResult)} for one in (exact, shown)
    ]
    return Voices(*pairs)


def interviews(count: int | None, cell: str, themes: Voices, rules: Policy, log: Log) -> int | None:
    """Return a number of interviews as it may stand beside the numbers of people who were interviewed.

    Parameters
    ----------
    count : interviews. They are nearly people: one fewer or more would tell of somebody.
    cell : its name in the log.
    themes, rules, log : the themes, the limits; gets the changes.
    """
    whole = [*themes.everybody.values(), sum(themes.everybody.values())]
    beside = None in themes.asked.values() or not themes.asked
    if count is None or too_small(count, rules) or beside or any(too_small(abs(n - count), rules) for n in whole):
        log.withheld(cell)
        return None
    return log.count(count, cell, rules)


# ---- agreement -------------------------------------------------------------------------------------------------------


def agreement(result: AgreementResult, themes: Voices, rules: Policy, log: Log) -> AgreementResult:
    """Round figures, more where they rest on few units, and withhold what tells how many people said something.

    Parameters
    ----------
    result : agreement as it was computed.
    themes, rules, log : the themes, the limits; gets the changes.
    """
    by_person = result.unit == "document"
    update = {
        "documents": interviews(result.documents, "documents", themes, rules, log)
        if result.codes
        else result.documents,
        "overall_alpha_u": _to(result.overall_alpha_u, FINE),
        "codes": tuple(_code(row, by_person, themes, rules, log) for row in result.codes),
        "differences": tuple(_reading(row, by_person, themes, rules, log) for row in result.differences),
        "disagreements": log.count(result.disagreements, "disagreements", rules),
    }
    if result.codes:
        log.rounded("codes", "rounding to two decimals, to one where few units are behind")
    return result.model_copy(update=update)


def _code(row: CodeAgreement, by_person: bool, themes: Voices, rules: Policy, log: Log) -> CodeAgreement:
    few = by_person or too_small(row.coded, rules)
    bounds = few or themes.bounded_by(row.code, row.coded)
    figures = {name: _to(getattr(row, name), COARSE if few else FINE) for name in FIGURES}
    if bounds:  # a share of sentences, or of people, would tell how many
        log.withheld(f"codes.{row.code}.prevalence")
        figures["prevalence"] = None
    coded = _units(row.coded, bounds, f"codes.{row.code}.coded", rules, log)
    return row.model_copy(update={**figures, "coded": coded})


def _reading(row: ReadingDifference, by_person: bool, themes: Voices, rules: Policy, log: Log) -> ReadingDifference:
    few = by_person or too_small(row.coded, rules)
    bounds = few or themes.bounded_by(row.code, row.coded)
    figures = {name: _to(getattr(row, name), COARSE if few else FINE) for name in READ}
    cell = f"differences.{row.code}.{row.first}.{row.second}"
    if bounds:
        log.withheld(f"{cell}.shares")
        figures |= {"share_first": None, "share_second": None}
    return row.model_copy(update={**figures, "coded": _units(row.coded, bounds, f"{cell}.coded", rules, log)})


def _units(count: int | None, withhold: bool, cell: str, rules: Policy, log: Log) -> int | None:
    if withhold and count:
        log.withheld(cell)
        return None
    return log.count(count, cell, rules)


def _to(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(value, decimals) + 0.0


def saturation(result: SaturationResult, themes: Voices, rules: Policy, log: Log) -> SaturationResult:
    """Withhold the runs together with the number of interviews, which their number would tell.

    Parameters
    ----------
    result : saturation as it was assessed.
    themes, rules, log : the themes, the limits; gets the changes.
    """
    if result.refused:
        return result
    count = interviews(result.interviews, "interviews", themes, rules, log)
    if count is None:
        log.withheld("runs")
    return result.model_copy(update={"interviews": count, "runs": result.runs if count is not None else ()})


# ---- frames ----------------------------------------------------------------------------------------------------------


def fidelity(
    results: Mapping[str, FidelityResult], themes: Voices, plan: Plan, rules: Policy, logs: Mapping[str, Log]
) -> dict[str, FidelityResult]:
    """Show an element's people only where no difference to a theme, or to another element, tells of few.

    Parameters
    ----------
    results : frames as they were counted, by the finding's id.
    themes, plan, rules : the themes; names the level of intervals; the limits.
    logs : get the changes, by the finding's id.
    """
    told = [group for theme in themes.exact.values() for group in _groups_of(theme, themes)]
    shown = {}
    for key, result in results.items():
        rows = []
        for row in result.elements:
            group = (frozenset(row.codes), row.role, row.people or 0)
            hide = _hidden(row, group, told, themes, rules)
            rows.append(_element(row, hide, plan, rules, logs[key]))
            told += [] if hide or not row.codes else [group]
        shown[key] = result.model_copy(update={"elements": tuple(rows)})
    return shown


def _groups_of(theme: ThemeResult, themes: Voices) -> Iterator[Group]:
    """Yield the people of a theme whose number is shown, with the theme's code."""
    for role, count in theme.people.items():
        after = themes.shown.get(theme.code)
        if count is not None and after is not None and after.people.get(role) is not None:
            yield frozenset([theme.code]), role, count


def _hidden(row: ElementPresence, group: Group, told: Sequence[Group], themes: Voices, rules: Policy) -> bool:
    if row.people is None or part_hidden(row.people, row.interviewed, rules) or themes.asked.get(row.role) is None:
        return True
    codes, role, count = group
    parts = [themes.shown[code].people.get(role) for code in codes if code in themes.shown]
    unknown = None in parts and any(
        (themes.exact[code].people.get(role) or 0) for code in codes if code in themes.exact
    )
    # People of all elements are among those of each; a union of codes holds the people of each of its parts.
    nested = [n for others, other, n in told if other == role and (row.element == ALL or _nested(codes, others))]
    close = rules.rounding_base == 1 and any(too_small(abs(count - n), rules) for n in nested)
    return close or (unknown and (len(codes) > 1 or row.element == ALL))


def _nested(codes: frozenset[str], others: frozenset[str]) -> bool:
    return codes <= others or others <= codes


def _element(row: ElementPresence, hide: bool, plan: Plan, rules: Policy, log: Log) -> ElementPresence:
    cell = f"elements.{row.element}.{row.role}"
    asked = log.count(row.interviewed, f"{cell}.interviewed", rules)
    if hide:
        log.withheld(f"{cell}.people", "minimum count" if row.counted else FLOOR)
        word = _word(row, rules)
        gone = dict.fromkeys(("people", "share", "lower", "upper"))
        return row.model_copy(update={**gone, "interviewed": asked, "spread": word})
    people = rounded(row.people, rules)
    if rules.rounding_base > 1:
        log.rounded(f"{cell}.people", f"rounding to {rules.rounding_base}")
    if not asked or people is None or people > asked:
        return row.model_copy(
            update={"people": people, "interviewed": asked, "share": None, "lower": None, "upper": None}
        )
    lower, upper = clopper_pearson(people, asked, plan.confidence_level)
    word = said(row.people or 0, row.interviewed or 0, rules)
    figures = {"share": people / asked, "lower": lower, "upper": upper}
    return row.model_copy(update={"people": people, "interviewed": asked, "spread": word, **figures})


def _word(row: ElementPresence, rules: Policy) -> Spread:
    """Return a word for people who may not be counted.

    One code's people have the word of its theme. A finer word than "some" for several codes, beside the themes' counts,
    would leave few possible values for who spoke of the one and not of the other.
    """
    if not row.counted:
        return row.spread
    one = len(row.codes) < 2 and row.element != ALL
    return said(row.people or 0, row.interviewed or 0, rules) if one else anybody(row.people or 0)


# ---- codes together, and who said what -------------------------------------------------------------------------------


def together(result: TogetherResult, themes: Voices, rules: Policy, log: Log) -> TogetherResult:
    """Leave out pairs of codes of which few passages speak: how often they meet could be had from c.

    Parameters
    ----------
    result : pairs as they were counted.
    themes, rules, log : the themes, the limits; gets the changes.
    """
    kept = tuple(_pair(pair, rules) for pair in result.pairs if _often(pair, themes, rules))
    if len(kept) < len(result.pairs):
        log.withheld("pairs")
    if kept and rules.rounding_base > 1:
        log.rounded("pairs", f"rounding to {rules.rounding_base}")
    return result.model_copy(update={"pairs": kept})


def _often(pair: CodePair, themes: Voices, rules: Policy) -> bool:
    met = pair.together or 0
    rest = [(count or 0) - met for count in (pair.n_first, pair.n_second)]
    bounds = themes.bounded_by(pair.first, pair.n_first) or themes.bounded_by(pair.second, pair.n_second)
    return met >= rules.minimum_count and not bounds and not any(too_small(n, rules) for n in rest)


def _pair(pair: CodePair, rules: Policy) -> CodePair:
    counts = {name: rounded(getattr(pair, name), rules) or 0 for name in ("together", "n_first", "n_second")}
    either = counts["n_first"] + counts["n_second"] - counts["together"]
    return pair.model_copy(update={**counts, "c": round(counts["together"] / either, 2) if either > 0 else None})


def who_said(result: WhoSaidResult, themes: Voices, rules: Policy, log: Log) -> WhoSaidResult:
    """Show a theme by category only where every category's people may be shown, and so may who is in no category.

    Parameters
    ----------
    result : themes by category as they were counted.
    themes, rules, log : the themes, the limits; gets the changes.
    """
    levels = {row.level: row.interviewed or 0 for row in result.rows}
    rest = themes.everybody.get("participant", 0) - sum(levels.values())
    small = any(too_small(count, rules) for count in [*levels.values(), abs(rest)])
    if not levels or small or themes.asked.get("participant") is None:
        log.withheld("rows")
        return result.model_copy(update={"rows": (), "linked": None})
    rows = [
        row
        for code in dict.fromkeys(row.code for row in result.rows)
        for row in _theme(result, code, themes, rules, log)
    ]
    return result.model_copy(update={"rows": tuple(rows), "linked": log.count(result.linked, "linked", rules)})


def _theme(result: WhoSaidResult, code: str, themes: Voices, rules: Policy, log: Log) -> list[WhoSaid]:
    """Return one theme's row for each category: all their people, or none, for they add up to the theme."""
    rows = [row for row in result.rows if row.code == code]
    spoke = sum(row.people or 0 for row in rows)
    total = themes.exact[code].people.get("participant") if code in themes.exact else None
    hide = total is None or too_small(abs(total - spoke), rules)
    hide = hide or any(part_hidden(row.people, row.interviewed, rules) for row in rows)
    if hide:
        log.withheld(f"rows.{code}")
    return [
        row.model_copy(
            update={
                "people": None if hide else rounded(row.people, rules),
                "interviewed": log.count(row.interviewed, f"rows.{row.level}.interviewed", rules),
            }
        )
        for row in rows
    ]
