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
