"""Words shown by rule, from a drop to the report: framework, negative cases, close reading, people's own stories."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipelines.disclosure.coded import Voices
from pipelines.disclosure.heard import contrast
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import policy
from pipelines.findings.heard import Against, CloseReadingResult, ContrastResult, FrameworkResult, StoriesResult
from pipelines.findings.models import ThemeResult
from pipelines.findings.review import review
from pipelines.findings.store import read_findings
from pipelines.ingest import receive
from pipelines.protocol.load import load_text
from pipelines.qualitative.quotes import quote_hash
from pipelines.qualitative.release_list import Decision, decide
from pipelines.qualitative.stories import story_of
from pipelines.refusal import Refusal
from pipelines.release.errata import errata
from pipelines.reporting.sections import heard as section
from pipelines.warehouse import open_warehouse
from pipelines.workspace import PilotSite, Workspace
from tests.spec.interviewed_pilot import PROTOCOL, RECEIVED, deliver, evidence, name, run, run_themes
from tests.spec.test_coding_findings import plan

STORY = "I came with two bags and no plan.\n\nNow I hold a key, and I tell others how that went. And so on."
ENDED = " And so on."
"""What the small project puts behind everybody's words."""
UNAGREED = "Nobody asked me whether this may be told, and I said no. And so on."
EARLY = "This one was finished before anybody had asked me to reply to it. And so on."
REPLY = "You left out the winter, and I want it said that I left it out too."
SUMMARY = "Trust came late, after the second visit, and it stayed."
NAMED = f"Was much helped by {name(9)}."
UNASKED = "Says little of the matter and changes the subject."
STORIES = {"P055": STORY.removesuffix(ENDED), "P057": UNAGREED.removesuffix(ENDED), "P059": EARLY.removesuffix(ENDED)}
SPOKE = dict.fromkeys(range(12), ("Trust",)) | dict.fromkeys(range(12, 24), ("Doubt",))
SPOKE |= dict.fromkeys(range(24, 36), ("Trust", "Doubt")) | dict.fromkeys(range(36, 48), ("Calm",))
EXTRA = """\
  days: {title: Days housed, type: continuous, better: higher, value: days}
codebook:
  opposites: {Trust: Doubt}
  close_reading: {outcome: days, each: 5}
extracts:
"""
CODED = """\
  said:
    noun: interviews
    file: said.qdpx
    coded: {documents: documents.csv, framework: framework.csv, stories: {}}
"""


def said(number: int, code: str) -> str:
    return f"On {code.lower()} number {chr(97 + number % 26)}{chr(97 + number // 26)} had this to say at length."


def written(root: Path, day: str, withdrawn: str = "") -> PilotSite:
    talks = {f"P{n:03}": [(code, said(n, code)) for code in codes] for n, codes in SPOKE.items()}
    talks |= {who: [("", words)] for who, words in STORIES.items()}
    consents = {f"P{n:03}": "yes,yes,yes," for n in range(60)} | {"P002": "yes,no,no,"}
    consents |= {withdrawn: "yes,yes,yes,2026-07-15"} if withdrawn else {}
    deliver(root, day, talks, consents)
    pilot = root / "pilots" / "heard"
    drop = pilot / "drops" / day
    text = PROTOCOL.replace("extracts:\n", EXTRA).replace("housed: housed}\n", "housed: housed, days: days}\n")
    text = text.replace("  said: {noun: interviews, file: said.qdpx}\n", CODED)
    (pilot / "protocol.yml").write_text(text, encoding="utf-8")
    people = (drop / "people.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{people[0]},days", *(f"{row},{(7 * n) % 60 + 1}" for n, row in enumerate(people[1:]))]
    (drop / "people.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    columns = "document,case,kind,author,curation round,consent,reply offered,reply"
    register = [
        columns,
        *(f"Talk {who},{who},,,,,," for who in talks if who not in STORIES),
        f"Talk P055,P055,Story,peer supporter,2,yes,2026-06-01,{REPLY!r}".replace("'", '"'),
        "Talk P057,P057,story,anonymous,1,no,2026-06-01,",
        "Talk P059,P059,story,,1,yes,2027-01-01,",
    ]
    (drop / "documents.csv").write_text("\n".join([*register, ""]), encoding="utf-8")
    cells = {1: (SUMMARY, ""), 2: (UNASKED, ""), 3: (NAMED, ""), 4: ("", "")}
    matrix = ["case,Trust,Money", *(f'P{n:03},"{a}","{b}"' for n, (a, b) in cells.items())]
    (drop / "framework.csv").write_text("\n".join([*matrix, ""]), encoding="utf-8")
    for path in root.rglob("*"):
        os.utime(path, (time.time() - 3600,) * 2)
    return Workspace(root).site("heard", "north")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> PilotSite:
    site = written(tmp_path_factory.mktemp("told"), "2026-07-01")
    quotes = [said(n, code) for n, codes in SPOKE.items() for code in codes]
    for words in (*quotes, STORY, UNAGREED, EARLY, REPLY, SUMMARY, NAMED, UNASKED):
        decide(site.folder / "quotes.csv", Decision(quote_hash(words), "A. Lead", "2026-07-02"))
    run(site.workspace.root)
    return site


def result_of(site: PilotSite, kind: str) -> object:
    (finding,) = evidence(site).of_kind(kind)
    return finding.result


def test_a_summary_stands_with_the_words_of_its_cell_and_without_its_person(told: PilotSite) -> None:
    found = result_of(told, "framework")
    assert isinstance(found, FrameworkResult)
    assert {(cell.title, cell.code, cell.group, cell.state) for cell in found.cells} == {
        ("Trust", "Trust", "participant", "summary and words"),
        ("Money", "", "participant", "empty"),
    }
    assert [(one.kind, one.text, one.place) for one in found.quotes] == [
        ("summary", SUMMARY, 1),
        ("words", said(1, "Trust"), 1),
    ]  # without consent to be quoted, and with somebody's name in it, a summary is approved in vain
    assert found.held_back
    page = section.framework(evidence(told))
    assert "Trust came late" in page
    assert "P001" not in page


def test_negative_cases_are_counted_together_or_not_at_all(told: PilotSite) -> None:
    found = result_of(told, "contrast")
    assert isinstance(found, ContrastResult)
    (row,) = (one for one in found.rows if one.role == "participant")
    assert (row.interviewed, row.only, row.both, row.against, row.neither) == (51, 12, 12, 12, 15)
    (finding,) = evidence(told).of_kind("contrast")
    assert "12 spoke of “Doubt” and never of “Trust”; 12 spoke of both" in finding.sentence
    assert "“Trust” against “Doubt”" in section.contrast(evidence(told))


def pair(only: int, both: int, against: int, neither: int, code: str = "A", other: str = "B") -> Against:
    return Against(
        code=code, title=code, opposite=other, opposite_title=other, role="participant",
        interviewed=only + both + against + neither, only=only, both=both, against=against, neither=neither,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ([pair(12, 12, 12, 12)], [True]),
        ([pair(9, 15, 12, 12)], [False]),
        ([pair(12, 12, 12, 0)], [False]),  # nobody in a part tells of everybody in the others
        ([pair(12, 12, 12, 12), pair(12, 12, 12, 12, "B", "A")], [True, True]),
        ([pair(12, 12, 12, 12), pair(14, 10, 12, 12, "A", "C")], [True, False]),  # two tables bound smaller parts
        ([pair(12, 12, 12, 12, "A", "hidden")], [False]),
    ],
)
def test_no_part_of_a_pair_can_be_had_by_subtraction(rows: list[Against], shown: list[bool]) -> None:
    themes = {
        code: ThemeResult(
            code=code, title=code, definition="", people={"participant": people}, interviewed={"participant": 48},
            spread={"participant": "some"}, passages=30, agreement=None, withheld_quotes=0,
        )
        for code, people in (("A", 24), ("B", 24), ("C", 22), ("hidden", None))
    }  # fmt: skip
    found = contrast(ContrastResult(rows=tuple(rows)), Voices(themes, themes), policy(plan()), Log())
    assert [row.against is not None for row in found.rows] == shown
    assert all((row.both is None) == (row.neither is None) == (row.only is None) for row in found.rows)


def test_close_reading_shows_words_and_nobody(told: PilotSite) -> None:
    found = result_of(told, "close_reading")
    assert isinstance(found, CloseReadingResult)
    assert not found.refused
    # (7 n) % 60 + 1 less the average of the arm, of those interviewed: worked out by hand from the rule.
    days = {n: (7 * n) % 60 + 1 for n in range(60)}
    average = {arm: sum(days[n] for n in days if n % 2 == arm) / 30 for arm in (0, 1)}
    left = sorted((days[n] - average[n % 2], n) for n in (*SPOKE, 55, 57, 59))
    lowest, highest = ({n for _, n in part} for part in (left[:5], left[-5:]))
    for group, people in (("worse", lowest), ("better", highest)):
        texts = {one.text for one in found.quotes if one.group == group}
        assert texts
        assert texts <= {said(n, code) for n in people for code in SPOKE.get(n, ())}
    assert max(len([one for one in found.quotes if one.group == group]) for group in ("typical", "better")) <= 3
    assert "one of five people" in section.close_reading(evidence(told))


def test_a_story_needs_consent_and_a_reply_that_was_offered(told: PilotSite) -> None:
    found = result_of(told, "stories")
    assert isinstance(found, StoriesResult)
    assert [(one.credit, one.round, one.reply) for one in found.stories] == [("peer supporter", "2", "given")]
    assert [(one.kind, one.text) for one in found.quotes] == [("story", STORY), ("reply", REPLY)]
    assert found.held_back
    page = section.stories(evidence(told))
    assert "told by peer supporter, curation round 2" in page
    asked = {one.words for one in review(told).found}
    assert {STORY, REPLY, SUMMARY} <= asked
    assert not {UNAGREED, EARLY, UNASKED} & asked


def test_who_withdraws_takes_back_story_and_summary(told: PilotSite) -> None:
    root = told.workspace.root
    before = evidence(told)
    written(root, "2026-08-01", withdrawn="P055")
    for noun in RECEIVED:
        receive(told, noun)
    run_themes(root)  # what is released is made from these: a second release would take as long as the first
    assert STORY in before.model_dump_json().replace("\\n", "\n")
    with open_warehouse(told) as connection:
        made = [one.result for one in read_findings(connection, ("themes",))]
    (found,) = (one for one in made if isinstance(one, StoriesResult))
    assert found.quotes == ()
    assert not any(part in str(one) for one in made for part in (STORY.split("\n")[0], REPLY))
    (old,) = errata(told)
    assert "stories/told" in old.findings
    assert any(file.endswith("stories.parquet") for file in old.files)


def test_a_summary_of_nobody_is_no_slip_to_be_lost(tmp_path: Path) -> None:
    site = written(tmp_path, "2026-07-01")
    file = site.folder / "drops" / "2026-07-01" / "framework.csv"
    file.write_text("case,Trust\nP00l,It helped.\n", encoding="utf-8")
    os.utime(file, (time.time() - 3600,) * 2)
    receive(site, "cases")
    with pytest.raises(Refusal, match="1 row names a case that no interview belongs to"):
        receive(site, "documents")


@pytest.mark.parametrize(
    ("said_of_it", "releasable"),
    [
        ({"kind": "STORY", "consent": "Yes", "reply offered": "2026-01-01"}, True),
        ({"kind": "story", "consent": "yes", "reply offered": "yes"}, True),
        ({"kind": "story", "consent": "maybe", "reply offered": "yes"}, False),
        ({"kind": "story", "consent": "", "reply offered": "yes"}, False),
        ({"kind": "story", "consent": "yes", "reply offered": ""}, False),
        ({"kind": "story", "consent": "yes", "reply offered": "2027-01-01"}, False),
        ({"kind": "story", "consent": "yes", "reply offered": "soon"}, False),
    ],
)
def test_whatever_is_no_plain_yes_is_none(said_of_it: dict[str, str], releasable: bool) -> None:
    from datetime import date

    from pipelines.protocol.coded import Stories

    told = story_of(said_of_it, Stories().columns, by=date(2026, 7, 1))
    assert told is not None
    assert told.releasable is releasable
    assert story_of({"kind": "interview"}, Stories().columns) is None


@pytest.mark.parametrize(
    ("codebook", "words"),
    [
        ("close_reading: {outcome: dayz}", "days"),
        ("close_reading: {outcome: housed}", "Name a continuous outcome or a count"),
        ("close_reading: {outcome: days, each: 2}", "each"),
    ],
)
def test_a_close_reading_that_cannot_be_is_named_with_its_line(codebook: str, words: str) -> None:
    text = PROTOCOL.replace("extracts:\n", EXTRA).replace("housed: housed}\n", "housed: housed, days: days}\n")
    with pytest.raises(Exception, match=words) as found:
        load_text(text.replace("close_reading: {outcome: days, each: 5}", codebook))
    assert "close_reading" in str(found.value)
