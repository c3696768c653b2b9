"""Sentences about what the deliveries hold: what changed since the drop before, who was found where, and what to ask.

They follow from the results as they are shown: a withheld count is never said.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.findings.received import DifferenceResult, FieldChange, LinkageResult
from pipelines.findings.record import Count

FEW = "a number too small to show"
ASK = {
    "vanished": "Ask the provider why: a person may stop taking part, but the record of them does not go away.",
    "arm": "Ask the provider for the reason of each: moving people between groups undoes the comparison.",
    "outcome": "Ask the provider what was corrected, and whether in both groups alike.",
    "covariate": "This was known before people started, so ask whether it is a correction.",
    "date": "Ask the provider whether these are corrections: they move the time in which outcomes are counted.",
}
NOUNS = {"contacts": "contacts", "spend": "payments", "consents": "consents", "events": "events"}


def difference_words(result: DifferenceResult) -> str:
    """Return what changed since the drop before, and what to ask the provider."""
    if result.noun != "cases":
        return _rows(result)
    parts = [f"Since the drop {result.earlier}, {_added_and_vanished(result)}."]
    parts += [ASK["vanished"]] if result.vanished != 0 else []
    parts += [f"{_several(result.several)} in one of the two drops and could not be compared."] if result.several != 0 else []
    parts += [f"{_also(result.elsewhere)} also in the case file of another site."] if result.elsewhere != 0 else []
    return " ".join([*parts, *_changes(result.changes)])


def _rows(result: DifferenceResult) -> str:
    what = NOUNS.get(result.noun, result.noun)
    if result.rows_now is None or result.rows_before is None:
        return f"How the number of {what} changed since the drop {result.earlier} may not be shown."
    people = "" if result.people_now is None else f" of {_people(result.people_now)}"
    if result.rows_now == result.rows_before:
        return f"The number of {what} is as with the drop {result.earlier}: {result.rows_now:,}{people}."
    less = " That is fewer: ask the provider why." if result.rows_now < result.rows_before else ""
    return f"Since the drop {result.earlier}, the number of {what} went from {result.rows_before:,} to {result.rows_now:,}{people}.{less}"


def _added_and_vanished(result: DifferenceResult) -> str:
    added, vanished = result.added, result.vanished
    if added is None and vanished is None:
        return "people were added or vanished, but how many may not be shown"
    if added == 0 and vanished == 0:
        return "nobody was added and nobody vanished"
    first = "nobody was" if added == 0 else f"{_people(added)} {_was(added)}"
    return f"{first} added and {'none' if vanished == 0 else _number(vanished)} vanished"


def _changes(changes: Iterable[FieldChange]) -> list[str]:
    """Return a sentence for each field that changed for people already known, with what to ask after each group."""
    found = [change for change in changes if change.changed != 0 or (change.emptied != 0 and change.group != "date")]
    found += [change for change in changes if change.group == "date" and change.emptied != 0 and change.changed == 0]
    if not found:
        return ["Nothing changed that was known of the people in both."]
    said = []
    for group in ASK:
        of = [_change(change) for change in found if change.group == group]
        said += [*of, ASK[group]] if of else []
    return said


def _change(change: FieldChange) -> str:
    """Say of how many people a field changed, and of how many it is not known any more."""
    parts = [f"changed for {_extent(change)}"] if change.changed != 0 else []
    parts += [f"is not known any more for {_people(change.emptied)}"] if change.emptied != 0 else []
    what = f"The outcome “{change.title}”" if change.group == "outcome" else f"“{change.title}”"
    return f"{what} {' and '.join(parts)}."


def _extent(change: FieldChange) -> str:
    if change.extent == "nearly everybody":
        return "nearly everybody"
    return _people(change.changed)


def _people(number: Count) -> str:
    return "1 person" if number == 1 else f"{_number(number)} people" if number is not None else FEW_PEOPLE


FEW_PEOPLE = "some people (how many may not be shown)"


def _number(number: Count) -> str:
    return "some (how many may not be shown)" if number is None else f"{number:,}"


def _was(number: Count) -> str:
    return "was" if number == 1 else "were"


def _several(number: Count) -> str:
    return f"{_capital(_people(number))} {'has' if number == 1 else 'have'} several rows"


def _also(number: Count) -> str:
    return f"{_capital(_people(number))} {'is' if number == 1 else 'are'}"


def linkage_words(result: LinkageResult) -> str:
    """Return who is found in a file, who is lost, and what to check."""
    parts = [_found(result)] if result.noun != "cases" or result.extract else []
    parts += [_differs(result)] if result.groups else []
    if result.strangers != 0:
        named = "people" if result.strangers is None else _people(result.strangers)
        parts.append(f"{_capital(named)} there stand in no case file: check whether their numbers are mistyped.")
    elif result.stranger_rows != 0:
        parts.append("Some rows there do not say whose they are.")
    parts += [_doubled(kind, people) for kind, people in result.several.items() if people != 0]
    return " ".join(parts) or "No number of the case file stands for two people, as far as other identifiers tell."


def _found(result: LinkageResult) -> str:
    if result.linked is None or result.without is None:
        return _hidden(result)
    base = f"{result.title}: of {_people(result.people)}, {result.linked:,}"
    if result.noun == "outcomes":
        return f"{base} have a known outcome, {result.without:,} do not."
    return f"{base} are found there, {result.without:,} are not."


def _hidden(result: LinkageResult) -> str:
    if result.extent:
        what = "have no known outcome" if result.noun == "outcomes" else "are not found there"
        return f"{result.title}: of {_people(result.people)}, {FEW} {what}."
    return f"{result.title}: how many people of the case file are found there may not be shown."


def _differs(result: LinkageResult) -> str:
    apart = [row.title for row in result.groups if row.light == "red"]
    if not apart:
        return "Those who are missing are like the others in what can be shown of them."
    return (
        f"Those who are missing differ from the others by 0.1 standard deviations or more in: "
        f"{', '.join(dict.fromkeys(apart))}. What is said of the others may not hold for everybody."
    )


def _doubled(kind: str, people: Count) -> str:
    what = kind.replace("_", " ")
    return (
        f"{_capital(_people(people))} {'has' if people == 1 else 'have'} more than one {what} under one number: "
        "ask whether the number stands for two people."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
