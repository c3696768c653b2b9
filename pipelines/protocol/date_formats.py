"""Date formats as people write them (dd/mm/yyyy) and as DuckDB reads them (%d/%m/%Y)."""

from __future__ import annotations

import re

PARTS: dict[str, str] = {
    "yyyy": "%Y",
    "yy": "%y",
    "mmmm": "%B",
    "mmm": "%b",
    "mm": "%m",
    "mi": "%M",
    "dd": "%d",
    "hh": "%H",
    "ss": "%S",
    "d": "%d",
    "m": "%m",
    "h": "%H",
}
SPELT = re.compile("|".join(sorted(PARTS, key=len, reverse=True)), re.IGNORECASE)
KNOWN = set("dmbByYHIpMSfjaA%")
ONCE = {"day": "d", "month": "mbB", "year": "yY"}
LETTERS_BETWEEN = set("TtZz")


def strptime_format(declared: str) -> str:
    """Return a declared date format as DuckDB reads it: dd/mm/yyyy becomes %d/%m/%Y."""
    if not declared or "%" in declared:
        return declared or "%Y-%m-%d"
    hours_seen = False

    def part(found: re.Match[str]) -> str:
        nonlocal hours_seen
        specifier = PARTS[found[0].lower()]
        if specifier == "%m" and hours_seen:
            return "%M"  # in hh:mm the second pair is minutes; read as a month it would silently change the date
        hours_seen = hours_seen or specifier == "%H"
        return specifier

    return SPELT.sub(part, declared)


def format_fault(declared: str) -> str:
    """Return what is wrong with a date format, or nothing."""
    read = strptime_format(declared)
    found = re.findall(r"%-?(.?)", read)
    unknown = [letter for letter in found if letter not in KNOWN]
    left = set(re.sub(r"%-?.", "", read)) - LETTERS_BETWEEN
    if unknown or any(letter.isalpha() for letter in left):
        return "this is not a format of dates."
    lacking = [part for part, letters in ONCE.items() if sum(found.count(letter) for letter in letters) != 1]
    return f"a date needs its {' and '.join(lacking)} exactly once." if lacking else ""


SHAPES = {
    "%Y": "[0-9]{4}",
    "%y": "[0-9]{2}",
    "%m": "[0-9]{1,2}",
    "%d": "[0-9]{1,2}",
    "%b": "[A-Za-z]+",
    "%B": "[A-Za-z]+",
}
SPOKEN = {"%Y": "yyyy", "%y": "yy", "%m": "mm", "%d": "dd", "%b": "mmm", "%B": "mmmm"}


def shape(form: str) -> str:
    """Return the regular expression of a date's form, so that no reader may be more generous than the form says."""
    # Without marks between them, one-digit days would let `2026105` be read as 5 October or 10 May.
    digits = {**SHAPES, "%m": "[0-9]{2}", "%d": "[0-9]{2}"} if runs_together(form) else SHAPES
    pieces = re.split(r"(%[a-zA-Z])", form)
    return "".join(digits.get(piece, re.escape(piece)) for piece in pieces)


def runs_together(form: str) -> bool:
    """Tell whether two numbers of a format stand side by side without a mark between them."""
    return re.search(r"%[YymdHMS]%[YymdHMS]", form) is not None


def spoken(form: str) -> str:
    """Return a format as people write it: %d/%m/%Y becomes dd/mm/yyyy."""
    return re.sub(r"%[YymdbB]", lambda found: SPOKEN[found[0]], form)
