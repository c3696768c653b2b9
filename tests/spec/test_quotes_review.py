"""Passing quotes for publication by example: brackets, the release list, the command, and how a speaker is called."""

from __future__ import annotations

import csv
import datetime as dt
import io
import multiprocessing
import sys
from pathlib import Path

import pytest

from assets.reviewing import review_quotes
from pipelines.findings import compute
from pipelines.findings.review import review
from pipelines.findings.speakers import SOMEBODY, speakers_named
from pipelines.ledger import entries
from pipelines.protocol.models import Plan
from pipelines.qualitative.brackets import replaced, replacements, why_not, words_to_look_at
from pipelines.qualitative.quotes import quote_hash
from pipelines.qualitative.release_list import Approval, Decision, decide, decisions, release_list
from pipelines.refusal import Refusal
from pipelines.warehouse import open_warehouse
from pipelines.workspace import Workspace
from tests.spec.interviewed_pilot import deliver, name, quotes_of, run_themes
from tests.spec.test_coding_findings import plan

SAID = "When Anna came to Leeds, she told Anna's mother that I was ready."
DAY = dt.date(2026, 7, 1)


# ---- brackets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "now", "found"),
    [
        ("I met Anna there.", "I met [my friend] there.", [(6, 10, "[my friend]")]),
        ("I met Anna there.", "[...] there.", [(0, 10, "[...]")]),
        ("I met Anna there.", "I met [...]", [(6, 17, "[...]")]),
        ("I met Anna and Bo.", "I met [a] and [b].", [(6, 10, "[a]"), (15, 17, "[b]")]),
        ("I [laughs] met Anna.", "I [laughs] met [her].", [(2, 10, "[laughs]"), (15, 19, "[her]")]),
        ("Anna, and Anna too", "[x], and [x] too", [(0, 4, "[x]"), (10, 14, "[x]")]),
        ("I met Anna.", "I met Anna.", []),
        ("I met Anna.", "I like [her].", None),
        ("I met Anna.", "I met [her]. Really.", None),
        ("I met Anna.", "I [her] met.", None),
        ("I met Annabel.", "I met [her]bel.", None),
        ("I didn't go.", "I did[x] go.", None),
        ("Annabel is an Ann.", "Annabel is an[d] Ann.", None),
        ("I met Anna.", "[her]I met Anna.", None),
        ("I met Anna.", "I met Anna[.].", None),
    ],
)
def test_an_edit_may_only_put_brackets_for_words(said: str, now: str, found: list[tuple[int, int, str]] | None) -> None:
    spans = replacements(said, now)
    assert (None if spans is None else [tuple(span) for span in spans]) == found


def test_every_edit_by_replacing_is_found_again() -> None:
    now = replaced(replaced(SAID, "Anna", "[my sister]"), "Leeds", "[a city]")
    assert now == "When [my sister] came to [a city], she told [my sister]'s mother that I was ready."
    assert [SAID[span.start : span.end] for span in replacements(SAID, now) or ()] == ["Anna", "Leeds", "Anna"]
    assert why_not(SAID, now, {}) == ""
    assert replaced("[Anna] and Anna", "Anna", "[her]") == "[Anna] and [her]"
    assert replaced(SAID, "Ann", "[x]") == SAID


@pytest.mark.parametrize(
    ("now", "earlier", "said"),
    [
        (SAID, {}, "Nothing was replaced"),
        (SAID.replace("ready", "steady"), {}, "something else differs"),
        ("[...]", {}, "No word"),
        (SAID.replace("Anna", "[her]", 1), {}, "stand as they are"),
        (SAID.replace("Anna", "[her]", 1).replace("Anna", "[him]"), {}, "The same words"),
        (SAID.replace("Anna", "[her]"), {"anna": "[my sister]"}, "The same words"),
        (SAID.replace("Anna", "[my sister]"), {"anna": "[my sister]"}, ""),
    ],
)
def test_replacements_are_consistent(now: str, earlier: dict[str, str], said: str) -> None:
    found = why_not(SAID, now, earlier)
    assert said in found if said else not found
    assert "Anna" not in found


def test_capitals_inside_sentences_are_listed_for_a_person() -> None:
    assert words_to_look_at(SAID) == ("Anna", "Leeds", "Anna's")
    said = "Then it ended. Nobody came. I'm fine, I said: “Go.” [Anna] and Mr. Smith left J. Doe for St. Ives"
    assert words_to_look_at(said) == ("Mr", "Smith", "J", "Doe", "St", "Ives")
    assert words_to_look_at("It was good. Very good.") == ()


# ---- the release list ------------------------------------------------------------------------------------------------


def test_an_old_list_gains_columns_and_keeps_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv"
    path.write_bytes('\ufeffquote,approved_by,approved_on,note\r\n"One, two",lead,2026-01-01,=kept\r\n'.encode())
    decide(path, Decision("a" * 64, "A. Lead", "2026-07-01", "refused"))
    decide(path, Decision("b" * 64, "A. Lead", "2026-07-01", "approved", "- I met [her]"))
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))
    assert (rows[0]["quote"], rows[0]["note"]) == ("One, two", "=kept")
    assert rows[2]["shown"] == "'- I met [her]", "inert in a spreadsheet"
    assert release_list(path) == {
        quote_hash("One, two"): Approval("lead", "2026-01-01"),
        "b" * 64: Approval("A. Lead", "2026-07-01", "- I met [her]"),
    }
    assert decisions(path)["a" * 64].decision == "refused"
    decide(path, Decision("b" * 64, "A. Lead", "2026-07-02", "refused"))
    assert "b" * 64 not in release_list(path), "the later line counts"
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_list_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv"
    for content in (b"words\nx\n", b"sha256,approved_by,approved_on,decision\na,b,c,perhaps\n", b"sha256\xff\n"):
        path.write_bytes(content)
        with pytest.raises(Refusal):
            decide(path, Decision("a" * 64, "A. Lead", "2026-07-01"))
        assert path.read_bytes() == content


def _many(path: str, first: int) -> None:
    for k in range(first, first + 20):
        decide(Path(path), Decision(f"{k:064}", "A. Lead", "2026-07-01"))


def test_two_people_at_once_lose_no_decision(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    path = tmp_path / "quotes.csv"
    at_work = [context.Process(target=_many, args=(str(path), first)) for first in (0, 20)]
    for process in at_work:
        process.start()
    for process in at_work:
        process.join(60)
    assert len(release_list(path)) == 40


# ---- how a speaker is called -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interviewed", "told"),
    [
        ({"participant": 12, "staff": 5}, {"participant": "participant", "staff": "member of staff"}),
        ({"participant": 4}, {"participant": SOMEBODY}),
        # Whoever has no role would be one of the three members of staff: participants lose theirs too.
        ({"participant": 12, "staff": 3}, {"participant": SOMEBODY, "staff": SOMEBODY}),
        (
            {"participant": 12, "staff": 3, "other": 4},
            {"participant": "participant", "staff": SOMEBODY, "other": SOMEBODY},
        ),
        (
            {"participant": 12, "staff": 6, "other": 1},
            {"participant": "participant", "staff": SOMEBODY, "other": SOMEBODY},
        ),
        ({"participant": 12, "staff": 0}, {"participant": "participant", "staff": SOMEBODY}),
    ],
)
def test_a_role_stands_beside_a_quote_only_if_it_points_at_nobody(
    interviewed: dict[str, int], told: dict[str, str]
) -> None:
    assert speakers_named(plan(), interviewed) == told


def test_a_protocol_may_ask_for_more() -> None:
    strict: Plan = plan(disclosure={"minimum_count": 20})
    assert speakers_named(strict, {"participant": 19}) == {"participant": SOMEBODY}
    assert speakers_named(strict, {"participant": 20}) == {"participant": "participant"}


# ---- the command -----------------------------------------------------------------------------------------------------

OPEN = "They listened to me at last."
NAMES_A_FRIEND = "So I went with Zebedee and felt safe."
NAMES_ITSELF = f"{name(5).split()[0]} was what they called me all day."
HAS_A_NUMBER = "Just ring me on 07700 900123 they said."
UNWILLING = "I never want this printed."
UNPUBLISHED = "Quote me but do not publish me."
TWICE = "My consent stands in two rows that differ."
TOGETHER = "We both said that it worked."
TOGETHER_WILLING = "We two would say it again."


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot whose interviews were run once, without any release list."""
    root = tmp_path_factory.mktemp("heard")
    talks = {
        "P001": [("Trust", OPEN), ("Trust", NAMES_A_FRIEND)],
        "P005": [("Doubt", NAMES_ITSELF), ("Doubt", HAS_A_NUMBER)],
        "P007": [("Trust", UNWILLING)],
        "P009": [("Trust", UNPUBLISHED)],
        "P011": [("Doubt", "They tried and that was that.")],
        "P013": [("Trust", TWICE)],
        "P001+P007": [("Trust", TOGETHER)],
        "P001+P005": [("Trust", TOGETHER_WILLING)],
    }
    consents = dict.fromkeys(("P001", "P005", "P011", *(f"P{n:03}" for n in range(20, 50))), "yes,yes,yes,")
    consents["P013"] = "yes,yes,yes,;yes,yes,yes,2026-05-01"
    deliver(root, "2026-07-01", talks, consents | {"P007": "yes,no,yes,", "P009": "yes,yes,no,"})
    run_themes(root)
    return root


def answering(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_only_words_that_may_be_shown_are_asked_about_and_clean_ones_first(heard: Path) -> None:
    found = review(Workspace(heard).site("heard", "north")).found
    words = [one.words for one in found]
    assert set(words) == {
        OPEN, NAMES_A_FRIEND, NAMES_ITSELF, HAS_A_NUMBER, TOGETHER_WILLING, "They tried and that was that.",
    }  # fmt: skip
    assert set(words[-2:]) == {NAMES_ITSELF, HAS_A_NUMBER}
    assert [bool(one.reasons) for one in found] == [False] * 4 + [True] * 2
    assert OPEN not in repr(found), "words are in no error and in no log"


def test_a_person_approves_refuses_edits_and_quits(
    heard: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = Workspace(heard).site("heard", "north")
    order = [one.words for one in review(site).found]
    answers = {
        OPEN: ["a"],
        NAMES_A_FRIEND: ["e", "Zebedee", "a friend", "", "a"],
        TOGETHER_WILLING: ["s"],
        "They tried and that was that.": ["r"],
        NAMES_ITSELF: ["a", "e", name(5).split()[0], "[...]", "", "a"],
        HAS_A_NUMBER: ["x", "a", "q"],
    }
    given = [line for words in order for line in answers[words]]
    if order[-1] != HAS_A_NUMBER:  # the order of these two follows from their hashes
        given = given[: given.index("q")] + ["s"] + answers[NAMES_ITSELF]
    answering(monkeypatch, *given)
    assert review_quotes(heard, "heard/north", "A. Lead", only_list=False) == 0
    printed = capsys.readouterr()
    said = ("4 of 6", "names of people or places?): Zebedee", NAMES_A_FRIEND)
    assert [words for words in said if words not in printed.out] == []
    assert [words for words in ("cannot be approved", "telephone") if words not in printed.err] == []
    approved = release_list(site.folder / "quotes.csv")
    assert approved == {
        quote_hash(OPEN): Approval("A. Lead", dt.date.today().isoformat()),
        quote_hash(NAMES_A_FRIEND): Approval(
            "A. Lead", dt.date.today().isoformat(), "So I went with [a friend] and felt safe."
        ),
        quote_hash(NAMES_ITSELF): Approval(
            "A. Lead", dt.date.today().isoformat(), "[...] was what they called me all day."
        ),
    }
    assert {one.words for one in review(site).open()} == {TOGETHER_WILLING, HAS_A_NUMBER}
    noted = [entry.facts for entry in entries(site.workspace.ledger("heard")) if entry.kind == "quote_decided"]
    assert sorted((one["decision"], one["edited"]) for one in noted) == [
        ("approved", False), ("approved", True), ("approved", True), ("refused", False),
    ]  # fmt: skip
    ledger = site.workspace.ledger("heard").read_text()
    assert not [words for words in (*order, "a friend", "Zebedee") if words in ledger]
    answering(monkeypatch)
    assert review_quotes(heard, "heard", "", only_list=True) == 0
    listed = capsys.readouterr().out
    assert "6 quotes that may be asked about: 3 approved, 1 refused, 2 to decide" in listed
    assert OPEN not in listed
    compute(site, "themes")
    now = {quote.text: (quote.edited, quote.speaker) for quote in quotes_of(site)}
    # One voice for each theme, by rule: nobody is quoted twice while somebody else could be.
    edited = {"So I went with [a friend] and felt safe.", "[...] was what they called me all day."}
    assert now == {words: (words in edited, "participant") for words in now}
    assert len(now) == 2
    assert "[...] was what they called me all day." in now
    assert {quote.sha256 for quote in quotes_of(site)} == {quote_hash(words) for words in now}


def test_nothing_is_approved_that_may_not_be_shown(heard: Path) -> None:
    found = review(Workspace(heard).site("heard", "north"))
    one = next(one for one in found.found if one.words == HAS_A_NUMBER)
    before = found.decided()
    for words in (
        HAS_A_NUMBER,
        "",
        HAS_A_NUMBER.replace("07700", f"[{name(7)}]"),
    ):
        with pytest.raises(Refusal) as refused:
            found.decide(one, "approved", "A. Lead", DAY, words)
        assert "ring" not in str(refused.value) or words in ("", HAS_A_NUMBER)
    for nobody in ("", "  ", "=A1"):
        with pytest.raises(Refusal, match="Nobody is named"):
            found.decide(one, "refused", nobody, DAY)
    assert found.decided() == before


def test_a_list_that_shows_something_else_shows_nothing() -> None:
    """Whoever writes into the file by hand is checked like everybody else."""
    from pipelines.findings.themes import approved_words

    assert approved_words(OPEN, Approval("x", "y", "They [never] listened to me at last.")) == ""
    assert (
        approved_words(OPEN, Approval("x", "y", "They listened to [us] at last.")) == "They listened to [us] at last."
    )
    assert approved_words(OPEN, Approval("x", "y")) == OPEN


def test_who_withdrew_in_a_row_that_is_set_aside_is_not_counted_and_not_kept(heard: Path) -> None:
    with open_warehouse(Workspace(heard).site("heard", "north"), read_only=True) as connection:
        count = "SELECT count(DISTINCT speaker_key) FROM {}"
        interviewed, counted = (
            connection.execute(count.format(table)).fetchone()[0]
            for table in ("validated.documents", "analysis.themes")
        )
        words = connection.execute("SELECT count(*) FROM validated.codings WHERE quote = $words", {"words": TWICE})
        assert (interviewed, counted, words.fetchone()[0]) == (6, 5, 0)
