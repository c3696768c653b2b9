"""Waves and coders merged by example: what is the same counts once, what differs is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from itertools import permutations

import pytest

from pipelines.qualitative.merging import informed, merge
from pipelines.qualitative.models import Case, Code, Coder, Coding, Document, Medium, Memo, Project
from pipelines.qualitative.waves import known_before

TEXT = "They listened.\nIt took long."


def project(name: str, coder: str, prefix: str, *, day: int = 1, text: str = TEXT, definition: str = "") -> Project:
    """Return one coder's export, with ids of its own."""
    codes = (
        Code(f"{prefix}1", "Access", ("Access",), codable=False),
        Code(f"{prefix}2", "waiting", ("Access", "waiting"), definition),
    )
    document = Document(f"{prefix}3", "one", text, {"site": "North"}, ("P1",), groups=(f"wave {day}",))
    coding = Coding(f"{prefix}5", document.id, codes[1].id, f"{prefix}4", 15, 27, text[15:27])
    created = datetime(2024, 3, day)
    cases = (Case(f"{prefix}6", "P1", {"age": "30"}),)
    return Project(
        name,
        "tool",
        (Coder(f"{prefix}4", coder),),
        codes,
        cases,
        (document,),
        (coding,),
        created=created,
        media=(Medium(f"{prefix}7", "audio", "tape"),),
        memos=(Memo(f"{prefix}8", "idea", "look again", about=(codes[1].id,)),),
    )


def test_two_coders_of_one_text_are_one_document_with_the_codings_of_both() -> None:
    merged = merge([project("a", "Ann", "x"), project("b", "Ben", "y")])
    assert [(d.name, d.groups, d.case_names) for d in merged.documents] == [("one", ("wave 1",), ("P1",))]
    assert sorted(coder.name for coder in merged.coders) == ["Ann", "Ben"]
    assert len(merged.codings) == 2
    assert {coding.document_id for coding in merged.codings} == {merged.documents[0].id}
    assert [code.path for code in merged.codes] == [("Access",), ("Access", "waiting")]
    assert [case.attributes for case in merged.cases] == [{"age": "30"}]
    assert len(merged.media) == len(merged.memos) == 1
    assert merged.memos[0].about == (merged.codes[1].id,)
    assert merged.deviations == ()
    assert merged.name == "a + b"


def test_the_same_coding_exported_twice_counts_once_whatever_its_ids() -> None:
    again = project("a", "Ann", "y", day=2)
    memo = replace(again.codings[0], memo="check", checked="name", created=datetime(2024, 1, 1))
    merged = merge([project("a", "Ann", "x"), replace(again, codings=(memo,))])
    assert [(c.checked, c.memo, c.created) for c in merged.codings] == [("exact", "check", datetime(2024, 1, 1))]
    assert merged.documents[0].groups == ("wave 1", "wave 2")


def test_a_text_that_changed_is_two_documents_and_told() -> None:
    merged = merge([project("a", "Ann", "x"), project("b", "Ann", "y", day=2, text=TEXT + "\nMore.")])
    assert sorted((d.name, len(d.text)) for d in merged.documents) == [("one", 28), ("one (text 2)", 34)]
    assert len(merged.codings) == 2
    assert merged.deviations == (
        "the text of 1 documents differs between the projects; each version is a document of its own",
    )


def test_definitions_that_differ_are_told_and_each_kept_with_its_day() -> None:
    merged = merge([project("b", "Ann", "y", day=9, definition="late"), project("a", "Ann", "x", definition="early")])
    assert merged.codes[1].description == "late"
    assert [(book.project, book.known_on, book.codes[1].description) for book in merged.codebooks] == [
        ("a", date(2024, 3, 1), "early"),
        ("b", date(2024, 3, 9), "late"),
    ]
    assert merged.deviations == (
        "the code Access / waiting is defined differently between the projects; see the codebooks",
    )


def test_values_that_differ_are_told_and_the_latest_counts() -> None:
    late = project("b", "Ann", "y", day=2)
    late = replace(late, cases=(Case("y6", "P1", {"age": "31"}),))
    merged = merge([late, project("a", "Ann", "x")])
    assert merged.cases[0].attributes == {"age": "31"}
    assert merged.deviations == (
        "the variable age of a person or document differs between projects; the latest value counts",
    )


def test_the_same_text_under_two_names_stays_two_documents() -> None:
    other = project("b", "Ann", "y")
    merged = merge([project("a", "Ann", "x"), replace(other, documents=(replace(other.documents[0], name="two"),))])
    assert len(merged.documents) == 2
    assert merged.deviations == ("1 texts stand under several names; they stay apart",)


def test_order_does_not_matter_and_merging_again_changes_nothing() -> None:
    waves = [
        project("a", "Ann", "x", definition="one"),
        project("b", "Ben", "y", day=2, definition="two"),
        project("a", "Ann", "z", day=3, text=TEXT + "!"),
    ]
    merged = merge(waves)
    assert all(merge(order) == merged for order in permutations(waves))
    again = merge([merged])
    assert (again.codes, again.codebooks, again.cases) == (merged.codes, merged.codebooks, merged.cases)
    assert [c.quote for c in again.codings] == [c.quote for c in merged.codings]


def test_nothing_cannot_be_merged() -> None:
    with pytest.raises(ValueError, match="no project"):
        merge([])


def test_projects_inform_each_other_and_keep_their_ids() -> None:
    first = project("a", "Ann", "x")
    alone = replace(first, documents=(replace(first.documents[0], case_names=(), attributes={}),), cases=())
    later = project("b", "Ben", "y", day=2)
    one, two = informed([alone, later])
    assert [(d.id, d.case_names, d.attributes) for d in one.documents] == [("x3", ("P1",), {"site": "North"})]
    assert [case.attributes for case in one.cases] == [{"age": "30"}]
    assert (one.codings, two.codings) == (alone.codings, later.codings)


def test_what_an_earlier_project_holds_is_known_whatever_its_ids() -> None:
    first, other = project("a", "Ann", "x"), project("b", "Ben", "y")
    again, more = project("c", "Ann", "z"), project("d", "Ann", "w", text=TEXT + " More.")
    known = known_before([first, other, again, more])
    assert [each.documents for each in known] == [set(), {"y3"}, {"z3"}, set()]
    assert [each.codings for each in known] == [set(), set(), {"z5"}, set()]


OTHER_FORM = " They  listened.\r\nIt took long.\n".replace("\r\n", "\n\n")


def respelt(name: str, coder: str, prefix: str, *, day: int) -> Project:
    """Return an export of a tool that keeps blanks, breaks lines twice and writes names another way."""
    made = project(name, coder, prefix, day=day)
    start = OTHER_FORM.index("took")
    codes = (
        replace(made.codes[0], name="access ", path=("access ",)),
        replace(made.codes[1], path=("access ", "Waiting")),
    )
    coding = replace(made.codings[0], start=start - 3, end=start + 9, quote=OTHER_FORM[start - 3 : start + 9])
    document = replace(made.documents[0], name=" One", text=OTHER_FORM)
    return replace(made, codes=codes, documents=(document,), codings=(coding,))


def test_blanks_case_and_the_form_of_letters_do_not_make_two_of_one() -> None:
    waves = [project("a", "Zo\u00eb", "x"), respelt("b", "Zoe\u0308 ", "y", day=2), project("c", "Ann", "z", day=3)]
    merged = merge(waves)
    assert all(merge(order) == merged for order in permutations(waves))
    assert [code.path for code in merged.codes] == [("Access",), ("Access", "waiting")]
    assert [(d.name, d.text) for d in merged.documents] == [("one", TEXT)]
    assert sorted(coder.name for coder in merged.coders) == ["Ann", "Zo\u00eb"]
    assert [(c.start, c.end, c.quote) for c in merged.codings] == [(15, 27, TEXT[15:27])] * 2
    assert len(merged.deviations) == 2
    known = known_before(informed(waves))
    assert [len(each.codings) for each in known] == [0, 1, 0]


def test_names_that_one_project_tells_apart_are_left_apart() -> None:
    first, second = project("a", "Ann", "x"), project("b", "Ben", "y", day=2)
    both = replace(first, codes=(*first.codes, Code("x9", "Waiting", ("Access", "Waiting"))))
    assert [c.path for c in merge([both, second]).codes] == [
        ("Access",),
        ("Access", "Waiting"),
        ("Access", "waiting"),
    ]


def test_codes_of_one_name_under_different_parents_stay_two() -> None:
    other = project("b", "Ben", "y", day=2)
    moved = replace(other, codes=(other.codes[0], replace(other.codes[1], path=("Staff", "waiting"))))
    merged = merge([project("a", "Ann", "x"), moved])
    assert [code.path for code in merged.codes] == [("Access",), ("Access", "waiting"), ("Staff", "waiting")]
    assert len({coding.code_id for coding in merged.codings}) == 2
