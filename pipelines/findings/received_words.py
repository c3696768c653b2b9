"""Sentences about what the deliveries hold: what changed since the drop before, who was found where, and what to ask.

They follow from the results as they are shown: a withheld count is never said.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.findings.received import CorrectionsResult, DifferenceResult, FieldChange, LinkageResult
from pipelines.findings.record import Count

ASK = {
    "vanished": "Ask the provider why: a person may stop taking part, but the record of them does not go away.",
    "arm": "Ask the provider for the reason of each: moving people between groups undoes the comparison.",
    "outcome": "Ask the provider what was corrected, and whether in both groups alike.",
    "covariate": "This was known before people started, so ask whether it is a correction.",
    "date": "Ask the provider whether these are corrections: they move the time in which outcomes are counted.",
}
NOUNS = {"contacts": "contacts", "spend": "payments", "consents": "consents", "events": "events"}
NOUNS |= {"assessments": "assessments"}


def difference_words(result: DifferenceResult, minimum: int) -> str:
    """Return what changed since the drop before, and what to ask the provider.

    Parameters
    ----------
    result : as it is shown, or exact.
    minimum : the smallest count that may be shown.
    """
    if result.noun != "cases":
        return _rows(result)
    parts = [f"Since the drop {result.earlier}, {_added_and_vanished(result, minimum)}."]
    parts += _moved(result)
    gone = result.vanished or (result.vanished is None and result.added == 0)
    parts += [ASK["vanished"]] if gone and (result.vanished is None or result.moved_out != result.vanished) else []
    parts += (
        [f"{_several(result.several)} in one of the two drops and could not be compared."]
        if result.several != 0
        else []
    )
    parts += [f"{_also(result.elsewhere)} also in the case file of another site."] if result.elsewhere != 0 else []
    return " ".join([*parts, *_changes(result.changes, minimum)])


def _rows(result: DifferenceResult) -> str:
    what = NOUNS.get(result.noun, result.noun)
    if result.rows_now is None or result.rows_before is None:
        return f"How the number of {what} changed since the drop {result.earlier} may not be shown."
    people = "" if result.people_now is None else f" of {_people(result.people_now)}"
    if result.rows_now == result.rows_before:
        return f"The number of {what} is as with the drop {result.earlier}: {result.rows_now:,}{people}."
    less = " That is fewer: ask the provider why." if result.rows_now < result.rows_before else ""
    went = f"went from {result.rows_before:,} to {result.rows_now:,}{people}"
    return f"Since the drop {result.earlier}, the number of {what} {went}.{less}"


def _added_and_vanished(result: DifferenceResult, minimum: int) -> str:
    """Say how many came and went; where one of the two is nobody, what is withheld of the other is a small number."""
    added, vanished = result.added, result.vanished
    if added is None and vanished is None:
        return "how many people were added and how many vanished may not be shown"
    if added == 0 and vanished == 0:
        return "nobody was added and nobody vanished"
    came = "nobody was" if added == 0 else f"{_people(added, minimum)} {'was' if added == 1 else 'were'}"
    went = "none" if vanished == 0 else f"fewer than {minimum}" if vanished is None else f"{vanished:,}"
    return f"{came} added and {went} vanished"


def _moved(result: DifferenceResult) -> list[str]:
    """Say of how many people the site changed; of how many it may not be said is a part of them."""
    said = []
    if result.moved_in != 0:
        said.append(f"Of those added, {_part(result.moved_in)} came from another site of the pilot.")
    if result.moved_out != 0:
        stand = "stands" if result.moved_out == 1 else "stand"
        said.append(f"Of those who vanished, {_part(result.moved_out)} {stand} in another site of the pilot now.")
    return said


def _part(number: Count) -> str:
    return "some (how many may not be shown)" if number is None else f"{number:,}"


def _changes(changes: Iterable[FieldChange], minimum: int) -> list[str]:
    """Return a sentence for each field that changed for people already known, with what to ask after each group."""
    found = [change for change in changes if change.changed != 0 or change.emptied != 0]
    if not found:
        return ["Nothing changed that was known of the people in both."]
    said = []
    for group in ASK:
        of = [_change(change, minimum) for change in found if change.group == group]
        said += [*of, ASK[group]] if of else []
    return said


def _change(change: FieldChange, minimum: int) -> str:
    """Say of how many people a field changed, and of how many it is not known any more."""
    what = f"The outcome “{change.title}”" if change.group == "outcome" else f"“{change.title}”"
    parts = [f"changed for {_extent(change, minimum)}"] if change.changed != 0 else []
    parts += [f"is not known any more for {_people(change.emptied)}"] if change.emptied != 0 else []
    return f"{what} {' and '.join(parts)}."


def _extent(change: FieldChange, minimum: int) -> str:
    return "nearly everybody" if change.extent == "nearly everybody" else _people(change.changed, minimum)


def _people(number: Count, minimum: int = 0) -> str:
    """Return people in words; what is withheld is fewer than `minimum`, where that is sure."""
    if number is None:
        return f"fewer than {minimum} people" if minimum else "some people (how many may not be shown)"
    return "1 person" if number == 1 else f"{number:,} people"


def _several(number: Count) -> str:
    return f"{_capital(_people(number))} {'has' if number == 1 else 'have'} several rows"


def _also(number: Count) -> str:
    return f"{_capital(_people(number))} {'is' if number == 1 else 'are'}"


def linkage_words(result: LinkageResult, minimum: int) -> str:
    """Return who is found in a file, who is lost, and what to check; parameters as for `difference_words`."""
    parts = [_found(result, minimum)] if result.noun != "cases" or result.extract else []
    parts += [_differs(result)] if result.groups else []
    if result.strangers != 0:
        who, stand = _capital(_people(result.strangers, minimum)), "stands" if result.strangers == 1 else "stand"
        parts.append(f"{who} there {stand} in no case file of this site: check for mistyped numbers.")
    elif result.stranger_rows != 0:
        parts.append("Some rows there do not say whose they are.")
    parts += [_doubled(kind, people, minimum) for kind, people in result.several.items() if people != 0]
    return " ".join(parts) or "No number of the case file stands for two people, as far as other identifiers tell."


def _found(result: LinkageResult, minimum: int) -> str:
    if result.linked is None or result.without is None:
        return _hidden(result, minimum)
    base = f"{result.title}: of {_people(result.people)}, {result.linked:,}"
    if result.noun == "outcomes":
        return f"{base} have a known outcome, {result.without:,} do not."
    return f"{base} are found there, {result.without:,} are not."


def _hidden(result: LinkageResult, minimum: int) -> str:
    what = "have no known outcome" if result.noun == "outcomes" else "are not found there"
    if result.extent:
        return f"{result.title}: of {_people(result.people)}, fewer than {minimum} {what}."
    return f"{result.title}: how many people of the case file {what} may not be shown."


def _differs(result: LinkageResult) -> str:
    apart = [row.title.partition(": ")[0] for row in result.groups if row.light == "red"]
    if not apart:
        return "Those who are missing are like the others in what can be shown of them."
    return (
        f"Those who are missing differ from the others by 0.1 standard deviations or more in: "
        f"{', '.join(dict.fromkeys(apart))}. What is said of the others may not hold for everybody."
    )


def _doubled(kind: str, people: Count, minimum: int) -> str:
    who, has = _capital(_people(people, minimum)), "has" if people == 1 else "have"
    what = kind.replace("_", " ")
    return f"{who} {has} more than one {what} under one number: ask whether the number stands for two people."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def correction_words(result: CorrectionsResult) -> str:
    """Return what became of the problems that the provider was told of, and whether the register changed values."""
    said = [_since(result)] if result.earlier else []
    states = {line.status for line in result.register_lines}
    if "applied" in states:
        said.append("Some values were corrected by the evaluation's register of corrections, which is printed here.")
    if states & {"not found", "ambiguous"}:
        said.append("Some corrections of the register were not applied: look at them again.")
    return " ".join(said)


def _since(result: CorrectionsResult) -> str:
    told = f"of what the provider was told to correct after the drop {result.earlier}"
    if result.named == 0:
        first = f"Nothing had to be corrected after the drop {result.earlier}"
    elif result.named is None:
        words = {"all": "everything", "some": "a part", "none": "nothing"}
        first = f"{words[result.extent].capitalize()} {told} was corrected" if result.extent else f"How much {told}"
        first += "" if result.extent else " was corrected may not be shown"
    else:
        first = f"Of {result.named:,} problems named after the drop {result.earlier}, {result.corrected:,} are gone"
        first += f" and {result.remaining:,} remain"
    if result.new is None:
        return f"{first}; there are new ones."
    return f"{first}; {result.new:,} are new." if result.new else f"{first}."
