"""Numbers of a spreadsheet as a careful person would write them, by the format of their cell.

A date is a number with a format; so is an identifier with leading zeros. Where cells come from belongs in the readers.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pipelines.ingest.format_sections import Condition, condition, section_of, sections

BUILT_IN = {
    **dict.fromkeys((*range(14, 18), *range(27, 32), 36, *range(50, 59)), "yyyy-mm-dd"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35), "hh:mm:ss"),
    22: "yyyy-mm-dd hh:mm",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
}
"""Formats that a file names by number alone (ECMA-376, 18.8.30) and that are dates or times."""

LITERAL = re.compile(r'"([^"]*)"|\\(.)|_.|\*.')
LAST_SERIAL = 2958466
"""The day after 31 December 9999."""
DAY = 86_400_000
MOST_DIGITS = 15
"""Digits of a number that a spreadsheet keeps (Excel specifications and limits: number precision)."""


@dataclass(frozen=True)
class NumberFormat:
    """What the format of a cell says of its number."""

    kind: Literal["number", "moment", "duration", "padded"] = "number"
    dated: bool = False
    fractions: bool = False
    """True where fractions of a second are shown."""
    pattern: str = ""
    """Of a padded number: `0` for a digit, anything else as it stands."""
    veil: Literal["", "nothing", "words"] = ""
    """What is shown in place of the number."""
    sections: tuple[NumberFormat, ...] = ()
    conditions: tuple[Condition | None, ...] = ()

    def of(self, value: float) -> NumberFormat:
        """Return what the format says of one number: the meaning of the section that shows it."""
        if not self.sections:
            return self
        index = section_of(value, self.conditions)
        return PLAIN if index is None else self.sections[index]

    @property
    def may_veil(self) -> bool:
        """Whether some numbers are shown as nothing, or as words."""
        return bool(self.veil) or any(section.veil for section in self.sections)


PLAIN = NumberFormat()


@lru_cache(maxsize=4096)
def number_format(code: str) -> NumberFormat:
    """Return what a format code means; where its sections differ in it, which one holds is up to the number."""
    parts = sections(code)
    meanings = tuple(map(_section, parts)) if code else (PLAIN,)
    if len(set(meanings)) == 1:
        return meanings[0]
    return NumberFormat(sections=meanings, conditions=tuple(map(condition, parts)))


def _section(section: str) -> NumberFormat:
    """Return what one section means."""
    bare = LITERAL.sub("", section)
    elapsed = re.search(r"\[(?:h+|m+|s+)\]", bare, re.IGNORECASE)
    bare = re.sub(r"\[[^\]]*\]", "", bare).lower()
    fractions = bool(re.search(r"s?\.0", bare))
    if elapsed:
        return NumberFormat("duration", fractions=fractions)
    if "general" in bare or "standard" in bare or "@" in bare:
        return PLAIN
    if not bare.strip(" -()/.:"):
        return _veiled(section)
    letters = re.sub(r"am/pm|a/p", "h", bare)
    if re.search("[dmyhs]", letters):
        timed = re.search("[hs]", letters)
        return NumberFormat("moment", dated=bool(re.search("[dy]", letters)) or not timed, fractions=fractions)
    pattern = _padding(section)
    return NumberFormat("padded", pattern=pattern) if pattern else PLAIN


def _veiled(section: str) -> NumberFormat:
    """Return what a section without a digit shows: nothing, words, or a sign such as the dash that stands for zero."""
    literal = LITERAL.sub(lambda found: found[1] or found[2] or "", re.sub(r"\[[^\]]*\]", "", section))
    if any(sign.isalnum() for sign in literal):
        return NumberFormat(veil="words")
    return PLAIN if literal.strip() else NumberFormat(veil="nothing")


def _padding(section: str) -> str:
    """Return the pattern of a format that pads with zeros (`00000`, `000-000`), or ''.

    Digits in front of the first zero are shown only where there are any, so what stands between them is no padding:
    `# ##0` is a way to part thousands, `###-####` one to write a telephone number.
    """
    section = re.sub(r"\[[^\]]*\]", "", section)
    pattern = LITERAL.sub(lambda found: re.sub("[0#]", "", found[1] or found[2] or ""), section)
    head, zero, tail = pattern.partition("0")
    head = head.rstrip("#")
    if not zero or "#" in head:
        return ""
    pattern = head + zero + tail.replace("#", "0")
    return pattern if re.fullmatch(r"[^0.,?%eE]*0[^.,?%eE]*", pattern) and pattern.count("0") > 1 else ""


def shown(value: float, style: NumberFormat, *, from_1904: bool) -> str:
    """Return a number as text: ISO dates and times, durations as hours:minutes:seconds, else the number itself."""
    style = style.of(value) if style.sections else style
    if style.kind == "number" or not math.isfinite(value):
        return plain(value)
    if style.kind == "padded":
        return _padded(int(value), style.pattern) if value >= 0 and value == int(value) else plain(value)
    if style.kind == "duration":
        return _duration(value, style)
    return _moment(value, style, from_1904=from_1904)


def plain(value: float) -> str:
    """Return a number as a spreadsheet shows it: whole ones without `.0`, others with up to 15 digits that count.

    What is stored behind 0.3 may be 0.30000000000000004: the sixteenth digit is the arithmetic's, and nobody typed it.
    """
    if math.isfinite(value) and value == int(value) and abs(value) < 1e21:
        return str(int(value))
    exact = repr(value)
    digits = exact.partition("e")[0].replace(".", "").lstrip("-0")
    return f"{value:.15g}" if len(digits) > MOST_DIGITS and math.isfinite(value) else exact


def is_overlong(text: str) -> bool:
    """Tell a whole number that no spreadsheet keeps: of more than 15 digits the last ones are made up."""
    return len(text) > MOST_DIGITS and len(text.lstrip("-")) > MOST_DIGITS and text.lstrip("-").isdecimal()


def _padded(value: int, pattern: str) -> str:
    """Fill the digits of a pattern from the right; what is left over stands before the first of them."""
    digits, out = str(value), []
    for sign in reversed(pattern):
        if sign != "0":
            out.append(sign)
            continue
        out.append(digits[-1:] or "0")
        digits = digits[:-1]
    text = "".join(reversed(out))
    first = next(i for i, sign in enumerate(pattern) if sign == "0")
    return text[:first] + digits + text[first:]


def _milliseconds(value: float, style: NumberFormat) -> int:
    """Return days as milliseconds, rounded as they are shown: to the second where no fraction of it is."""
    whole = round(value * DAY)
    return whole if style.fractions else (whole + 500) // 1000 * 1000


def clock(milliseconds: int) -> str:
    """Return a time of day or a duration as hours:minutes:seconds, thousandths only where there are any."""
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}" + (f".{rest:03d}" if rest else "")


def _duration(value: float, style: NumberFormat) -> str:
    sign = "-" if value < 0 else ""
    return sign + clock(_milliseconds(abs(value), style))


def _moment(value: float, style: NumberFormat, *, from_1904: bool) -> str:
    """Return date, time or both. What is no date (29 February 1900) is written as shown: it will be set aside."""
    if not 0 <= value < LAST_SERIAL:
        return plain(value)
    days, rest = divmod(_milliseconds(value, style), DAY)
    if not style.dated and days == 0:
        return clock(rest)
    return _day(days, from_1904=from_1904) + (f"T{clock(rest)}" if rest else "")


def _day(days: int, *, from_1904: bool) -> str:
    """Excel took 1900 for a leap year, as its forerunner did: day 60 is no day, and those before are one off."""
    if from_1904:
        return (dt.date(1904, 1, 1) + dt.timedelta(days)).isoformat()
    if days in (0, 60):
        return "1900-01-00" if days == 0 else "1900-02-29"
    return (dt.date(1899, 12, 30 if days > 60 else 31) + dt.timedelta(days)).isoformat()
