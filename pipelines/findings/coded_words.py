"""Sentences on how interviews were coded and what that shows, built by rule from results as they are shown."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.findings.coded import (
    AgreementResult,
    CodebookResult,
    ElementPresence,
    FidelityResult,
    SaturationResult,
    TogetherResult,
    WhoSaidResult,
)

MEASURES = {
    "alpha": "Krippendorff's alpha",
    "alpha_u": "Krippendorff's alpha_U",
    "kappa": "{} kappa",
    "ac1": "Gwet's AC1",
    "brennan_prediger": "Brennan and Prediger's kappa",
    "jaccard": "the Jaccard index",
    "percent": "the share of agreeing pairs",
}
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def measure_words(result: AgreementResult) -> str:
    """Name the measure that was chosen."""
    return MEASURES[result.measure].format({"Fleiss": "Fleiss'"}.get(result.kappa_of, "Cohen's"))


def agreement_words(result: AgreementResult) -> str:
    """Say how far coders agree, what may not be counted for it, and where groups of coders read differently."""
    if not result.codes:
        said = "No interview was coded by two people, so nobody knows how far coders would agree."
        return said if result.floor is None else f"{said} The plan asks for agreement, so no theme is counted."
    known = [row.value for row in result.codes if row.value is not None]
    codes = f"{number(len(result.codes))} {'code' if len(result.codes) == 1 else 'codes'}"
    if not known:
        return f"How far coders agree could be computed for none of {codes}."
    measure = measure_words(result)
    lowest, highest = min(known), max(known)
    ran = f"was {figure(lowest)}" if lowest == highest else f"ran from {figure(lowest)} to {figure(highest)}"
    said = f"Over {codes}, {measure} by {result.unit} {ran}."
    return " ".join(part for part in (said, _floor(result), _differ(result)) if part)


def _floor(result: AgreementResult) -> str:
    if result.floor is None:
        return ""
    short = [f"“{row.title}”" for row in result.codes if row.standing in ("below", "unknown")]
    if not short:
        return f"Every code reached the floor of {result.floor:g} that was declared beforehand."
    verb = "is" if len(short) == 1 else "are"
    return f"{listed(short)} did not reach the floor of {result.floor:g} declared beforehand and {verb} not counted."


def _differ(result: AgreementResult) -> str:
    """Name the codes that groups of coders read differently; who is right is not for a number to say."""
    apart = [row for row in result.differences if row.differ]
    if not apart:
        return ""
    said = [f"“{row.title}” ({role(row.first)} and {role(row.second)})" for row in apart]
    return f"Read differently, which is a finding and not an error: {listed(said)}."


def codebook_words(result: CodebookResult) -> str:
    """Say how many codes there are and how many changed their meaning."""
    codes = f"{number(len(result.codes))} {'code' if len(result.codes) == 1 else 'codes'}"
    changed = [f"“{row.title}”" for row in result.codes if len(row.wordings) > 1]
    undefined = sum(not row.wordings for row in result.codes)
    told = [f"The code book has {codes}."]
    if undefined == len(result.codes):
        told.append("None of them is defined.")
    elif undefined:
        told.append(f"{number(undefined).capitalize()} of them {'has' if undefined == 1 else 'have'} no definition.")
    told += [f"The definition of {listed(changed)} changed while interviews were coded."] if changed else []
    return " ".join(told)


def saturation_words(result: SaturationResult) -> str:
    """Say whether further interviews still brought new codes, or why that was not assessed."""
    if result.refused:
        return f"Whether interviews still brought new codes was not assessed. {result.refused}"
    rule = f"base {result.base}, run {result.run}, threshold {100 * result.threshold:g}%"
    last = result.runs[-1] if result.runs else None
    if not result.reached:
        share = f" (the last run still added {100 * last.share:.0f}%)" if last else ""
        return f"Interviews still brought new codes when interviewing ended ({rule}){share}."
    after = f" after {last.after} interviews" if last else ""
    return f"Interviews brought next to nothing new{after} ({rule})."


def fidelity_words(result: FidelityResult) -> str:
    """Say which elements of a frame were present and which absent, by role."""
    roles = list(dict.fromkeys(row.role for row in result.elements))
    if not roles:
        return f"{result.title}: nobody of those it is meant for was interviewed."
    told = [_fidelity_of(role_key, [row for row in result.elements if row.role == role_key]) for role_key in roles]
    unsought = list(dict.fromkeys(row.title for row in result.elements if not row.looked_for))
    if unsought:
        told.append(
            f"No code stands for {listed(unsought)}, so nothing is said of {'it' if len(unsought) == 1 else 'them'}."
        )
    return f"{result.title}: {' '.join(told)}"


def _fidelity_of(role_key: str, rows: Sequence[ElementPresence]) -> str:
    sought = [row for row in rows if row.looked_for and row.element != "together"]
    absent = [row.title for row in sought if row.spread == "nobody"]
    speak = f"Interviews with {people(role_key)}"
    if not sought:
        return f"{speak} were not searched for it."
    there = f"{speak} show {number(len(sought) - len(absent))} of {number(len(sought))} elements"
    return f"{there}; absent: {listed(absent)}." if absent else f"{there}."


def together_words(result: TogetherResult) -> str:
    """Name the two codes that go together most."""
    if not result.pairs:
        return f"No two codes go together often enough to be told (rule: {result.rule})."
    pair = result.pairs[0]
    return f"“{pair.titles[0]}” and “{pair.titles[1]}” go together most (rule: {result.rule}; c = {pair.c:.2f})."


def who_said_words(result: WhoSaidResult) -> str:
    """Say that a table by attribute is there, or that it may not be shown."""
    if not result.rows:
        why = "too few were interviewed in a category, or agreed to the link"
        return f"Themes by {_within(result.title)} are not shown: {why}."
    shown = [row for row in result.rows if row.people is not None]
    if not shown:
        return f"Themes by {_within(result.title)}: the counts are too small to be shown."
    widest = max(_spans(result).items(), key=lambda item: (item[1], item[0]))
    return f"Themes by {_within(result.title)} differ most on “{widest[0]}”; few people, so read with care."


def _spans(result: WhoSaidResult) -> dict[str, float]:
    shares: dict[str, list[float]] = {}
    for row in result.rows:
        if row.people is not None and row.interviewed:
            shares.setdefault(row.title, []).append(row.people / row.interviewed)
    return {title: max(found) - min(found) for title, found in shares.items()}


def figure(value: float) -> str:
    """Write a coefficient with a real minus sign, or none before a zero."""
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "\N{MINUS SIGN}")


def number(value: int) -> str:
    """Write a small number in words."""
    return NUMBERS[value] if 0 <= value < len(NUMBERS) else f"{value:,}"


def listed(parts: Sequence[str]) -> str:
    """Return parts as a list in words."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def role(key: str) -> str:
    """Name a group of coders."""
    return f"{key.replace('_', ' ')}s"


def people(key: str) -> str:
    """Name those interviewed of a role."""
    return {"staff": "staff", "other": "others"}.get(key, key if key.endswith("s") else f"{key}s")


def _within(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
