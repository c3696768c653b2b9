"""Names and numbers in quotes are found however people say, spell or break them."""

import pytest

from pipelines.qualitative.quotes import identifier_hits, pattern_hits

KNOWN = (
    "Rhiannon Smythe-Jones",
    "Siobhán O'Hallorhan",
    "Tadeusz Wrocławski",
    "Anna Müllner",
    "Jo",
    "Bo Li",
    "HS-008",
    "4 Abbey Road, Leeds",
)


@pytest.mark.parametrize(
    "said",
    [
        "rhiannon’s idea",
        "rhiannons idea",
        "Smythe Jones came",
        "SmytheJones came",
        "to Rhian-\nnon",
        "Rhian\u00adnon and Rhi\u200bannon",
        "R, h, i, a, n, n, o, n",
        "OHallorhan",
        "O’Hallorhan's",
        "siobhan",
        "Wroclawski",
        "Wroc\u0142awski",
        "Muellner",
        "I met Jo",
        "that was Li's",
        "HS 008",
        "hs/008",
        "number HS 8",
        "on Abbey Road",
    ],
)
def test_a_known_name_or_number_is_found(said: str) -> None:
    """Bent, broken, spelt out, without its accents or zeros: it tells who somebody is all the same."""
    assert identifier_hits(said, KNOWN)


@pytest.mark.parametrize("said", ["so on we go", "on the road", "jolly good", "the abbey", "hs 80", "Do it. On it."])
def test_common_words_are_nobody(said: str) -> None:
    """What only looks a little like a name is let through."""
    assert identifier_hits(said, (*KNOWN, "Do On")) == ()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("943.476/5919", "NHS number"),
        ("9 4 3 4 7 6 5 9 1 9", "NHS number"),
        ("AB/12/34/56/C", "National Insurance number"),
        ("LS6-3QB", "postcode"),
        ("07700/900123", "telephone number"),
        ("me at example dot org", "e-mail address"),
        ("me (at) example.org", "e-mail address"),
        ("the fourth of May nineteen seventy-nine", "date"),
        ("May the fourth, 1979", "date"),
        ("on twenty-first March two thousand and one", "date"),
        ("May 4 '79", "date"),
        ("oh seven seven double oh nine oh one two", "number in words"),
    ],
)
def test_numbers_and_dates_are_found_as_people_say_them(said: str, kind: str) -> None:
    """Other separators than usual, and words instead of digits."""
    assert [hit.kind for hit in pattern_hits(said)] == [kind]


@pytest.mark.parametrize(
    "said",
    ["at home dot and all", "in May the first of them came", "one two three four", "look at example.org for it today"],
)
def test_talk_is_no_number(said: str) -> None:
    """Ordinary talk with such words in it is let through."""
    assert pattern_hits(said) == ()
