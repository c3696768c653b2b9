"""The learning loop in a protocol and in its registers: what is declared, and every fault by its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.demo.registers import registers
from pipelines.learning.registers import REGISTERS, _sound_lines, read_register, register_faults
from pipelines.protocol import Protocol, ProtocolFaults, load_text
from pipelines.refusal import Refusal
from pipelines.workspace import Workspace

PLAN = """\
pilot: first
title: First pilot
question: Does it work?
concept: {name: Fund}
dates: {start: 2025-01-01, end: 2025-12-31}
sites:
  north: {title: North}
  south: {title: South}
population: {description: people}
intervention: {name: Fund}
outcomes:
  days: {title: Days in work, type: continuous, better: higher, value: days}
learning:
  charts:
    referred: {measure: referrals}
    kept: {measure: attended, kind: p, phases: [{start: 2025-06-01, why: texts}]}
extracts:
  people:
    noun: cases
    file: cases.csv
    columns: {person: Case number, site: Site, referral_date: Referred, days: Days}
  meetings:
    noun: contacts
    file: contacts.csv
    columns: {person: Case number, site: Site, contact_date: Day, attended: Came}
"""
SOMEBODY = "Persephone Quillfeather"


def faults(change: tuple[str, str]) -> str:
    text = PLAN.replace(*change)
    assert text != PLAN
    with pytest.raises(ProtocolFaults) as raised:
        load_text(text)
    return str(raised.value)


def test_the_kind_of_chart_follows_from_the_measure() -> None:
    charts = load_text(PLAN).learning.charts
    assert (charts["referred"].way(), charts["kept"].way()) == ("run", "p")
    assert load_text(PLAN.split("learning:")[0] + "extracts:" + PLAN.split("extracts:")[1]).learning.charts == {}


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("measure: referrals", "measure: referals"), 15, 'Did you mean "referrals"?'),
        (("measure: referrals", "measure: days"), 15, "this is an outcome"),
        (("measure: referrals", "measure: starts"), 15, "maps start_date"),
        (("measure: referrals", "measure: spend"), 15, "no extract of spend"),
        (("measure: referrals", "measure: components"), 15, "names no component"),
        (("measure: referrals", "measure: attended"), 16, "has the same measure"),
        (("measure: referrals", "measure: contacts, every: week"), 16, "by the week"),
        (("measure: referrals", "measure: referrals, kind: p"), 15, "a p chart does not fit people"),
        (("measure: referrals", "measure: referrals, kind: c"), 15, "run"),
        (("measure: referrals", "measure: referrals, baseline: 5"), 15, "10"),
        (("measure: referrals", "measure: referrals, rules: []"), 15, "rules"),
        (("start: 2025-06-01", "start: 2026-06-01"), 16, "after the end of the pilot"),
        (("start: 2025-06-01", "start: 2025-01-01"), 16, "before the pilot has run"),
        (("why: texts}", "why: texts}, {start: 2025-05-01, why: calls}"), 16, "put them in order"),
    ],
)
def test_a_fault_names_its_line_and_its_remedy(change: tuple[str, str], line: int, words: str) -> None:
    told = faults(change)
    assert f"line {line}" in told
    assert words.casefold() in told.casefold()


@pytest.fixture
def protocol() -> Protocol:
    return load_text(PLAN)


GOOD = {
    "pdsa": "id,title,start,plan,prediction,chart,decision,site\na,Texts,2025-06-02,Send them,More come,kept,Adopt,\n",
    "adaptations": "id;date;what;why;core_kept\na;2025-06-02;Evenings;Work;yes\n",
    "learning_log": "id,date,question,evidence,decision,owner\na,2025-06-02,Why?,Chart,Texts,Lead\n",
    "hundred_days": "id,goal,start,measure,target\na,Nine of ten,2025-06-02,Share,0.9\n",
}


def written(folder: Path, kind: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REGISTERS[kind].file).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", sorted(REGISTERS))
def test_a_register_of_the_page_is_sound(kind: str, tmp_path: Path, protocol: Protocol) -> None:
    assert register_faults(tmp_path, protocol, kind) == ()
    assert register_faults(written(tmp_path, kind, GOOD[kind]), protocol, kind) == ()
    assert register_faults(written(tmp_path, kind, GOOD[kind].splitlines()[0] + "\n"), protocol, kind) == ()


def test_rows_are_read_for_their_site(tmp_path: Path) -> None:
    folder = written(tmp_path / "pilots" / "first", "pdsa", GOOD["pdsa"] + "b,X,2025-07-01,P,E,,,south\n")
    (folder / "protocol.yml").write_text(PLAN, encoding="utf-8")
    workspace = Workspace(tmp_path)
    assert [one.cells["id"] for one in read_register(workspace.site("first", "north"), "pdsa")] == ["a"]
    assert [one.cells["id"] for one in read_register(workspace.site("first", "south"), "pdsa")] == ["a", "b"]
    assert read_register(workspace.site("first", "north"), "pdsa")[0].cells["decision"] == "adopt"
    (folder / "pdsa.csv").write_text(GOOD["pdsa"].replace("2025-06-02", SOMEBODY), encoding="utf-8")
    with pytest.raises(Refusal, match=r'pdsa\.csv, row 2, column "start"'):
        read_register(workspace.site("first", "north"), "pdsa")


@pytest.mark.parametrize(
    ("kind", "old", "new", "words"),
    [
        ("pdsa", "2025-06-02", SOMEBODY, 'row 2, column "start": this is no date'),
        ("pdsa", "2025-06-02", "2025-02-30", "this is no date"),
        ("pdsa", "Send them", "", 'row 2, column "plan": it is blank'),
        ("pdsa", "kept,", "kpt,", 'there is no such chart. Did you mean "kept"?'),
        ("pdsa", "Adopt", SOMEBODY, "Allowed: adopt, adapt, abandon, repeat"),
        ("pdsa", "Adopt,", "Adopt,east", "there is no such site"),
        ("pdsa", "a,Texts", "a b,Texts", 'column "id": letters'),
        ("pdsa", "prediction", "forecast", 'the column "prediction" is missing'),
        ("pdsa", "\na,Texts", "\na,X,2025-06-02,P,E,,,\nA,Texts", "row 2 has the same id"),
        ("hundred_days", "0.9", SOMEBODY, "this is no number"),
        ("hundred_days", "0.9", "inf", "this is no number"),
        ("adaptations", "Evenings", "x" * 3000, "more than 2,000 characters"),
        ("learning_log", "Lead\n", f"Lead,{SOMEBODY}\n", "7 columns where the header has 6"),
    ],
)
def test_a_fault_of_a_register_names_its_place_and_no_value(
    kind: str, old: str, new: str, words: str, tmp_path: Path, protocol: Protocol
) -> None:
    text = GOOD[kind].replace(old, new)
    assert text != GOOD[kind]
    told = "\n".join(register_faults(written(tmp_path, kind, text), protocol, kind))
    assert words in told
    assert REGISTERS[kind].file in told
    assert SOMEBODY not in told


def starts(folder: Path, protocol: Protocol, *days: str) -> list[str] | tuple[str, ...]:
    """Return the days of a register of two columns of days as they are read, or what is wrong with them."""
    head = "id,title,start,plan,prediction,end\n"
    rows = "".join(
        f"r{n},T,{start},P,E,{end}\n" for n, (start, end) in enumerate(zip(days[::2], days[1::2], strict=True))
    )
    written(folder, "pdsa", head + rows)
    faults = register_faults(folder, protocol, "pdsa")
    lines = [] if faults else _sound_lines(folder, protocol, "pdsa")
    return faults or [line.cells[name] for line in lines for name in ("start", "end")]


def test_days_as_excel_saves_them_are_read_where_the_file_proves_which_number_is_the_month(
    tmp_path: Path, protocol: Protocol
) -> None:
    assert starts(tmp_path, protocol, "02/06/2025", "30/06/2025") == ["2025-06-02", "2025-06-30"]
    assert starts(tmp_path, protocol, "6/2/2025", "6/30/2025") == ["2025-06-02", "2025-06-30"]
    assert starts(tmp_path, protocol, "02.06.2025", "30.06.2025 00:00") == ["2025-06-02", "2025-06-30"]
    assert starts(tmp_path, protocol, "2025-06-02", "30/06/2025") == ["2025-06-02", "2025-06-30"]
    assert starts(tmp_path, protocol, "06/06/2025", "") == ["2025-06-06", ""]
    unclear = starts(tmp_path, protocol, "02/06/2025", "03/06/2025")
    assert 'pdsa.csv, row 2, column "start": either number could be the month' in unclear[0]
    assert "02/06" not in "".join(unclear)
    for wrong in ("45810", "02/06/25", "31/02/2025", "02-06.2025"):
        assert "this is no date" in "".join(starts(tmp_path, protocol, wrong, "")), wrong
    assert len(starts(tmp_path, protocol, "30/06/2025", "6/30/2025")) == 2  # both cannot be


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_register_is_read_as_excel_saves_it(encoding: str, tmp_path: Path, protocol: Protocol) -> None:
    text = 'id;title;start;plan;prediction\r\n\r\na;"A £5 note; ‘soon’";2025-06-02;"Café\r\nvisit";x\r\n;;;;\r\n'
    (tmp_path / "pdsa.csv").write_bytes(text.encode(encoding))
    assert register_faults(tmp_path, protocol, "pdsa") == ()
    (line,) = _sound_lines(tmp_path, protocol, "pdsa")
    assert (line.row, line.cells["title"]) == (3, "A £5 note; ‘soon’")
    assert line.cells["plan"].split() == ["Café", "visit"]


def test_bytes_that_are_no_western_letters_are_refused(tmp_path: Path, protocol: Protocol) -> None:
    (tmp_path / "pdsa.csv").write_bytes("id,title,start,plan,prediction\na,Café,2025-06-02,P,E\n".encode("mac-roman"))
    (told,) = register_faults(tmp_path, protocol, "pdsa")
    assert "cannot be read as text" in told


def test_a_figure_without_its_day_and_an_end_before_the_start(tmp_path: Path, protocol: Protocol) -> None:
    head = "id,goal,start,measure,target,latest,latest_on\n"
    (told,) = register_faults(
        written(tmp_path, "hundred_days", head + "a,G,2025-06-02,M,9,7,\n"), protocol, "hundred_days"
    )
    assert "needs its day" in told
    late = written(tmp_path, "hundred_days", head + "a,G,2025-06-02,M,9,7,2025-06-01\n")
    (told,) = register_faults(late, protocol, "hundred_days")
    assert 'it is before the column "start"' in told


def test_a_file_that_is_no_register_says_nothing_of_its_content(tmp_path: Path, protocol: Protocol) -> None:
    told = register_faults(written(tmp_path, "pdsa", f"{SOMEBODY},1971-03-27\n"), protocol, "pdsa")
    assert told
    assert SOMEBODY not in "".join(told)


def test_the_demonstration_s_registers_are_sound(plain_demo: Workspace) -> None:
    folder = plain_demo.pilot_folder("personal-fund")
    assert set(registers()) == {one.file for one in REGISTERS.values()}
    for kind in REGISTERS:
        assert register_faults(folder, plain_demo.protocol("personal-fund"), kind) == ()
