"""Sentences on going on, built by rule from the results: what was counted, the light, the verdict, what stays open."""

from __future__ import annotations

from pipelines.findings.progress import CriterionResult, DecisionResult, InconclusiveResult, Light, OverrideShown

WITHHELD = "[c]"
LIGHTS: dict[Light, str] = {
    "red": "Red",
    "amber_red": "Amber, near red",
    "amber_green": "Amber, near green",
    "green": "Green",
    "unknown": "Not known",
}
"""The word of each light; a shape and a colour only repeat it."""
VERDICTS = {"go": "Go on", "amend": "Amend, then go on", "stop": "Stop", "open": "Open"}
RULES = {
    "any_red_stops": "one red light stops, all green go on, anything else is amended",
    "all_green": "all green go on, all red stop, anything else is amended",
}


def rule_words(result: DecisionResult) -> str:
    """Return the rule in words."""
    if result.rule != "custom":
        return RULES[result.rule]
    return f"{result.stop_when_red} or more red stop, {result.go_when_green} or more green go on, else amend"


def criterion_words(result: CriterionResult) -> str:
    """Return a criterion's figures, its light, and what it means."""
    head = f"{result.title}: {LIGHTS[result.light].lower()}"
    if result.light == "unknown":
        return f"{head}. {result.unknown_because}".strip()
    told = f" ({figures(result)})" if result.estimate is not None else " (the figures are not shown)"
    parts = (f"{head}{told}.", _meaning(result), _chance(result), _by_hand(result.override))
    return " ".join(part for part in parts if part)


def figures(result: CriterionResult) -> str:
    """Return the estimate with its base and its interval."""
    estimate, lower, upper = (shown(result, x) for x in (result.estimate, result.lower, result.upper))
    limits = f"{_plain(100 * result.level)}% interval {lower} to {upper}"
    if result.scale == "share":
        return f"{count(result.events)} of {count(result.n)}, {estimate}; {limits}"
    if result.scale == "rate":
        return f"{count(result.events)} people in {_number(result.exposure)} months, {estimate} a month; {limits}"
    return f"{estimate} {result.unit} on average of {count(result.n)} people; {limits}".replace("  ", " ")


def count(value: int | None) -> str:
    """Return a count, or the sign for one that is withheld."""
    return WITHHELD if value is None else f"{value:,}"


def shown(result: CriterionResult, value: float | None) -> str:
    """Return a figure of a criterion in its unit."""
    if value is None:
        return WITHHELD
    return f"{_number(100 * value)}%" if result.scale == "share" else _number(value)


def threshold(result: CriterionResult, value: float) -> str:
    """Return a threshold as the protocol wrote it."""
    return f"{_plain(100 * value)}%" if result.scale == "share" else _plain(value)


def _number(value: float | None) -> str:
    if value is None:
        return WITHHELD
    return f"{'−' if round(value, 1) < 0 else ''}{abs(value):,.1f}"


def _plain(value: float) -> str:
    return f"{round(value, 6):,.10g}".replace("-", "−")


def _meaning(result: CriterionResult) -> str:
    """Say where the light comes from."""
    red, green = threshold(result, result.red), threshold(result, result.green)
    better, worse = ("above", "below") if result.better == "higher" else ("below", "above")
    if result.light == "red":
        return f"It is not {better} {red}, where it was agreed to be red."
    if result.light == "green":
        return f"It reaches {green}, where it was agreed to be green."
    beyond = (
        "further from red than chance alone would make likely"
        if result.light == "amber_green"
        else ("but chance alone could lift a red pilot as far")
    )
    return f"It lies between {red} and {green}: {better} red and {worse} green, {beyond}."


def _chance(result: CriterionResult) -> str:
    if result.chance_green is None or result.planned is None:
        return ""
    what = (
        f"in {_plain(round(result.planned, 1))} months"
        if result.scale == "rate"
        else (f"with the {_plain(result.planned)} people planned")
    )
    return f"The chance that it will be green {what}: {hundred(result.chance_green)}."


def hundred(chance: float | None) -> str:
    """Return a chance in whole numbers of a hundred, never as certain."""
    if chance is None:
        return WITHHELD
    whole = round(100 * chance)
    return "less than 1 in 100" if whole < 1 else "more than 99 in 100" if whole > 99 else f"{whole} in 100"


def _by_hand(override: OverrideShown | None) -> str:
    if override is None:
        return ""
    decision = VERDICTS[override.decision].lower()
    return f"Decided otherwise by {override.who} on {override.on}: {decision}. Reason given: {override.why}"


def decision_words(result: DecisionResult) -> str:
    """Return the verdict, the lights that make it, and who decides."""
    of = len(result.lights)
    tally = [(LIGHTS[light].lower(), list(result.lights.values()).count(light)) for light in LIGHTS]
    told = ", ".join(f"{n} {word}" for word, n in tally if n)
    lead = f"The agreed rule says: {VERDICTS[result.verdict].lower()}"
    if result.verdict == "open":
        lead = "The agreed rule gives no verdict yet, because not every light that it needs is known"
    by = f" The rule is advice; the decision is for {result.decides}." if result.decides else ""
    words = f"{lead} (of {of} required {'criterion' if of == 1 else 'criteria'}: {told}).{by}"
    return f"{words} {_by_hand(result.override)}".strip()


def inconclusive_words(result: InconclusiveResult) -> str:
    """Return what is open, what could have been seen, where it points, and what more data would buy."""
    title = result.title[:1].lower() + result.title[1:] if result.outcome_type == "binary" else result.title
    head = f"{'People who ' if result.outcome_type == 'binary' else ''}{title}: the result is open."
    matters = difference(result, result.minimum_important_difference)
    known = f"The range that fits the data holds both no difference and one that would matter ({matters})."
    parts = (head, known, _seen(result), _pointing(result), *_bought(result), _main_trial(result))
    return " ".join(part for part in parts if part)


def _seen(result: InconclusiveResult) -> str:
    if result.detectable is None:
        return ""
    seen = difference(result, result.detectable)
    return f"This pilot would have shown a difference of {seen} 80 times in 100, and smaller ones less often."


def _pointing(result: InconclusiveResult) -> str:
    """Say how likely the good side is, under both priors."""
    if result.good_sign_flat is None:
        return ""
    return (
        f"The chance that the difference is on the good side is {hundred(result.good_sign_flat)} if every difference "
        f"was equally likely beforehand, and {hundred(result.good_sign_sceptical)} for somebody who beforehand gave a "
        "difference that matters one chance in twenty."
    )


def _bought(result: InconclusiveResult) -> list[str]:
    return [
        f"{more.what} would narrow the range from {difference(result, result.width)} to "
        f"{difference(result, more.width)} wide, and settle the question with a chance of {hundred(more.conclusive)}."
        for more in result.more
        if more.width is not None
    ]


def _main_trial(result: InconclusiveResult) -> str:
    if result.main_trial is None:
        return ""
    return (
        f"A main trial of two equal groups would need about {result.main_trial:,} people a group with a known answer "
        "to show what would matter 90 times in 100."
    )


def difference(result: InconclusiveResult, value: float | None) -> str:
    """Return a difference in its unit, in words."""
    if value is None:
        return WITHHELD
    if result.unit == "share of people":
        return f"{_number(100 * value)} in every 100 people"
    places = 2 if abs(value) < 1 else 1
    return f"{value:,.{places}f} {result.unit}".strip()
