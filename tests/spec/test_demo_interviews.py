"""Interviews of the synthetic pilot: exact positions, two coders, one planted identifier, the release list."""

import hashlib

import pytest

from pipelines.demo import identifiers
from pipelines.demo.coders import CODERS, project
from pipelines.demo.frame import FRAME
from pipelines.demo.quotes import approved_quotes, release_list
from pipelines.demo.stories import stories
from pipelines.demo.truths import FIRST_DROP, SECOND_DROP, TRUTHS
from pipelines.demo.world import WITHDRAWAL, draw_world, drop_files
from pipelines.qualitative.quotes import IdentifierIndex, pattern_hits
from pipelines.qualitative.refi_qda import read_project

DROPS = (FIRST_DROP, SECOND_DROP)


@pytest.fixture(scope="module")
def world():
    return draw_world()


@pytest.fixture(scope="module")
def interviews(world):
    return [interview for site in world.sites for interview in site.interviews]


def test_each_site_has_ten_to_fourteen_people_and_four_staff(world):
    for site in world.sites:
        roles = [interview.role for interview in site.interviews]
        assert 10 <= roles.count("participant") <= 14
        assert roles.count("staff") >= 4


def test_interviews_are_between_150_and_400_words(interviews):
    assert all(150 <= len(interview.text.split()) <= 400 for interview in interviews)


def test_every_quote_is_a_slice_of_its_text(world):
    for site in world.sites:
        coded = project(world.truths, site.truth, site.interviews, SECOND_DROP)
        texts = {document.id: document.text for document in coded.documents}
        assert coded.codings
        assert all(c.quote == texts[c.document_id][c.start : c.end] and c.quote for c in coded.codings)


def test_no_two_people_of_a_site_say_the_same_thing(world):
    for site in world.sites:
        quotes = [i.text[p.start : p.end] for i in site.interviews for p in i.passages]
        assert len(quotes) == len(set(quotes))


def test_every_code_of_a_story_is_in_the_frame_and_every_code_is_used():
    used = {
        code
        for site in TRUTHS.sites
        for story in stories(site.site)
        for turn in story.turns
        for passage in turn.answer
        for code in passage.codes
    }
    assert used == {code.key for code in FRAME}


def test_a_story_is_told_by_somebody_of_the_right_arm(world):
    for site in world.sites:
        people = site.people.set_index("case_number")
        told = people.loc[[i.speaker for i in site.interviews if i.role == "participant"]]
        tales = [story.role for story in stories(site.truth.site) if story.role != "staff"]
        assert sorted(told["arm"]) == sorted(tales)
        assert told.loc[told["arm"] == "fund", "used"].all()


def test_the_second_coder_differs_now_and_then(world):
    agreed = total = 0
    for site in world.sites:
        coded = project(world.truths, site.truth, site.interviews, SECOND_DROP)
        by_coder = [
            {(c.document_id, c.code_id, c.start, c.end) for c in coded.codings if c.coder_id.endswith(coder)}
            for coder in CODERS
        ]
        agreed += len(by_coder[0] & by_coder[1])
        total += len(by_coder[0])
    assert 0.78 <= agreed / total <= 0.92


def test_texts_hold_characters_that_break_careless_counting(interviews):
    text = "".join(interview.text for interview in interviews)
    assert {"é", "£", "’", "🙂", "𝗨"} <= set(text)
    assert any(
        p.start > i.text.index(c) for c in "🙂𝗨" for i in interviews if c in i.text for p in i.passages
    )  # fmt: skip


@pytest.mark.parametrize("day", DROPS, ids=str)
def test_project_files_read_back_with_every_coding_in_place(world, day):
    for site in world.sites:
        name = f"{site.truth.site}-interviews.qdpx"
        back = read_project(drop_files(world, day)[name], name=name)
        meant = project(world.truths, site.truth, site.interviews, day)
        assert not back.quarantined
        assert sorted(c.quote for c in back.codings) == sorted(c.quote for c in meant.codings)
        assert {d.case_names for d in back.documents} == {d.case_names for d in meant.documents}
        assert {d.attributes["role"] for d in back.documents} == {"participant", "staff"}


def test_exports_give_new_ids_with_every_drop(world):
    site = world.sites[0]
    first, second = (project(world.truths, site.truth, site.interviews, day) for day in DROPS)
    assert not {code.id for code in first.codes} & {code.id for code in second.codes}
    assert [code.path for code in first.codes] == [code.path for code in second.codes]


# Identifiers and the release list


def test_identifiers_cover_names_postcodes_and_case_numbers(world):
    people = world.pooled("people")
    listed = set(identifiers())
    assert {*people["full_name"], *people["postcode"], *people["case_number"]} <= listed


def test_no_identifier_is_in_an_interview_but_the_planted_name(world, interviews):
    people = world.pooled("people")
    index = IdentifierIndex([*people["full_name"], *people["postcode"], *people["case_number"]])
    found = [(interview, hit) for interview in interviews for hit in index.hits(interview.text)]
    planted = people.set_index("case_number").loc[found[0][0].speaker, "full_name"]
    assert [interview.text[hit.start : hit.end] for interview, hit in found] == [planted]
    assert not any(pattern_hits(interview.text) for interview in interviews)


def test_the_planted_name_is_coded_and_on_the_release_list_from_the_first_drop(world, interviews):
    interview = next(i for i in interviews if i.says_name)
    passage = interview.passages[0]
    quote = interview.text[passage.start : passage.end]
    assert interview.held <= FIRST_DROP
    assert hashlib.sha256(quote.encode()).hexdigest() in release_list(world).decode()


def test_the_release_list_is_about_half_of_what_may_be_published(world, interviews):
    consents = world.pooled("consents").set_index("case_number")
    allowed = consents["may_quote"] & consents["may_publish"]
    quotes = [i.text[p.start : p.end] for i in interviews if allowed[i.speaker] for p in i.passages]
    approved = [quote for quote, _ in approved_quotes(world)]
    assert set(approved) <= set(quotes)
    assert 0.4 <= len(approved) / len(quotes) <= 0.6


def test_somebody_on_the_release_list_withdraws_between_the_drops(world):
    site = next(site for site in world.sites if site.truth.site == WITHDRAWAL[0])
    left = set(site.consents.loc[site.consents["withdrawn_on"] == WITHDRAWAL[1], "case_number"])
    said = {i.text[p.start : p.end] for i in site.interviews if i.speaker in left for p in i.passages}
    assert FIRST_DROP < WITHDRAWAL[1].date() <= SECOND_DROP
    assert said & {quote for quote, _ in approved_quotes(world)}
    first, second = (drop_files(world, day)["consents.csv"].decode() for day in DROPS)
    assert str(WITHDRAWAL[1].date()) in second
    assert str(WITHDRAWAL[1].date()) not in first


def test_staff_consent_too(world, interviews):
    consents = world.pooled("consents").set_index("case_number")
    assert {i.speaker for i in interviews} <= set(consents.index)
    assert not consents["may_publish"][[f"{site.truth.prefix}-S04" for site in world.sites]].any()
