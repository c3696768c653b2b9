"""What British identifiers look like in speech and writing, by rules whose false alarms are few.

Numbers of one person or another are looked for in a text by quotes.pattern_hits; names known to the vault by its index.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_BETWEEN = "[\\s\u200b\u00ad./\\\\\u2010-\u2015-]"
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = "(?:3[01]|[12][0-9]|0?[1-9])"
_YEAR = "(?:(?:19|20)?[0-9]{2}|['\u2019][0-9]{2})"
_ORDINAL = (
    r"(?:(?:twenty[\s-]{1,2})?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|thirty[\s-]{1,2}first"
    "|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth"
    "|thirtieth)"
)
_DIGIT = "(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine)"
_UNDER_A_HUNDRED = (
    rf"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[\s-]{{1,2}}{_DIGIT})?|ten|eleven|twelve"
    rf"|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:oh[\s-]{{1,2}}|hundred(?:\sand)?\s)?{_DIGIT})"
)
_YEAR_IN_WORDS = (
    rf"(?:(?:nineteen|twenty)[\s-]{{1,2}}{_UNDER_A_HUNDRED}|two\sthousand(?:\s(?:and\s)?{_UNDER_A_HUNDRED})?)"
)
_ANY_YEAR = rf"(?:{_YEAR_IN_WORDS}|{_YEAR})"
_ANY_DAY = rf"(?:{_DAY}(?:st|nd|rd|th)?|{_ORDINAL})"
_DATE = (
    rf"{_DAY}[/.-](?:1[0-2]|0?[1-9])[/.-]{_YEAR}"
    r"|(?:19|20)[0-9]{2}[/.-](?:1[0-2]|0?[1-9])[/.-](?:3[01]|[12][0-9]|0?[1-9])"
    rf"|{_ANY_DAY}(?:\s+of)?[\s,-]{{1,3}}{_MONTH}[\s,-]{{1,3}}{_ANY_YEAR}"
    rf"|{_MONTH}\s{{1,3}}(?:the\s)?{_ANY_DAY}[\s,]{{1,3}}"
    rf"(?:{_YEAR_IN_WORDS}|(?:19|20)[0-9]{{2}}|['\u2019][0-9]{{2}})"
)


def is_nhs_number(text: str) -> bool:
    """Whether ten digits carry the NHS number's check digit (modulus 11, weights 10 to 2)."""
    digits = [int(character) for character in text if character in "0123456789"]
    check = -sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return len(digits) == 10 and check == digits[9]


def _is_ni_prefix(text: str) -> bool:
    return text[:2].upper() not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


def _always(_: str) -> bool:
    return True


_RULES: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    (
        "NHS number",
        rf"(?<![0-9])(?:[0-9]{{3}}{_BETWEEN}{{0,3}}[0-9]{{3}}{_BETWEEN}{{0,3}}[0-9]{{4}}|(?:[0-9]{_BETWEEN}){{9}}[0-9])(?![0-9])",
        is_nhs_number,
    ),
    (
        "National Insurance number",
        rf"(?<![^\W_])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?:{_BETWEEN}{{0,3}}[0-9]{{2}}){{3}}"
        rf"(?:{_BETWEEN}{{0,3}}[A-D])?(?![^\W_])",
        _is_ni_prefix,
    ),
    (
        "postcode",
        r"(?<![^\W_])(?:GIR[\s-]{0,2}0AA|[A-PR-UWYZ](?:[0-9]{1,2}|[A-HK-Y][0-9][0-9ABEHMNPRV-Y]?|[0-9][A-HJKPS-UW])"
        r"[\s-]{0,2}[0-9][ABD-HJLNP-UW-Z]{2})(?![^\W_])",
        _always,
    ),
    (
        "telephone number",
        r"(?<![0-9+])(?:(?:\+|00)44|\(?0)(?:[\s()./-]{0,3}[0-9]){9,11}(?![0-9])|\+[1-9](?:[\s()./-]{0,3}[0-9]){7,14}(?![0-9])",
        _always,
    ),
    (
        "e-mail address",
        r"(?<![\w.+'-])[\w.+'-]+@[\w-]+(?:\.[\w-]+)+"
        # Said aloud, both signs are words: "look at example.org" is none.
        r"|(?<![\w.+'-])[\w.+'-]+(?:\s?[\[(]at[\])]\s?[\w-]+(?:\s?[\[(]dot[\])]\s?|\sdot\s|\.)|\sat\s[\w-]+\sdot\s)"
        r"(?:com|org|net|info|co|ac|gov|nhs|uk|ie|eu)(?![\w-])",
        _always,
    ),
    ("date", rf"(?<![^\W_])(?:{_DATE})(?![^\W_])", _always),
    (
        "number in words",
        rf"(?<![^\W_])(?:(?:(?:double|treble|triple)[\s-])?{_DIGIT}(?:\shundred)?[\s,.-]{{1,3}}){{5,20}}"
        rf"(?:(?:double|treble|triple)[\s-])?{_DIGIT}(?![^\W_])",
        _always,
    ),
)
PATTERNS = tuple((kind, re.compile(rule, re.IGNORECASE), accept) for kind, rule, accept in _RULES)
"""Kind of identifier, its pattern, and whether a match is accepted."""
