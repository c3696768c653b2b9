"""How interviews are to be analysed, by example: keys of the protocol and their faults, frames, commands."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from defusedxml import ElementTree

from assets.coding import export_frame, list_frames
from pipelines.findings import worklist as listing
from pipelines.findings.worklist import worklist
from pipelines.protocol import load_text
from pipelines.qualitative.deductive_frames import as_project, frame, frame_names
from pipelines.qualitative.writer import write_codebook
from pipelines.refusal import Refusal
from tests.spec.test_coding_findings import AGREED, ALONE, making, plan
from tests.spec.test_protocol import SOUND, faults

KEYS = """\
codebook:
  made: inductive
  opposites: {Trust: Doubt}
  compare_by: [home]
agreement: {unit: sentence, measure: kappa, floor: 0.6}
frames:
  good_help:
    elements: {power_sharing: [Trust], tailoring: [Fits me]}
covariates:
  home: {title: Home, type: yes_no}
"""
CODED = SOUND.replace("covariates:\n", KEYS).replace(
    "      age: Age\n      housed", "      home: Home\n      age: Age\n      housed"
)


def test_a_protocol_declares_how_interviews_are_analysed() -> None:
    protocol = load_text(CODED)
    assert protocol.agreement.floor == 0.6
    assert protocol.frames["good_help"].elements["tailoring"] == ("Fits me",)
    assert protocol.plan().codebook.opposites == {"Trust": "Doubt"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{power_sharing:", "{power_shearing:", ["the frame has no such element", '"power_sharing"']),
        ("  good_help:", "  good_helf:", ["good_helf", "good_help"]),
        ("compare_by: [home]", "compare_by: [hom]", ["there is no such covariate", '"home"']),
        ("compare_by: [home]", "compare_by: [age]", ["this covariate has no categories"]),
        ("{Trust: Doubt}", "{Trust: trust}", ["a code cannot contradict itself"]),
        ("measure: kappa", "measure: ac1", ["text that nobody coded inflates this measure"]),
        ("measure: kappa", "measure: percent", ["text that nobody coded inflates this measure"]),
        ("unit: sentence", "unit: sentense", ['"sentence"']),
        ("floor: 0.6", "floor: 60", ["agreement.floor"]),
        ("made: inductive", "made: inductively", ['"inductive"']),
    ],
)
def test_each_fault_of_analysis_has_its_line_and_its_remedy(old: str, new: str, said: list[str]) -> None:
    assert CODED.count(old) == 1
    found = "\n".join(faults(CODED.replace(old, new)))
    assert [words for words in said if words not in found] == [], found
    assert "line " in found


def test_ac1_may_carry_a_floor_where_uncoded_text_does_not_count() -> None:
    text = CODED.replace("{unit: sentence, measure: kappa", "{unit: segment, measure: ac1")
    assert load_text(text).agreement.measure == "ac1"


# ---- frames as codebooks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", frame_names())
def test_a_frame_is_written_as_a_codebook_with_its_definitions(name: str, tmp_path: Path) -> None:
    path = tmp_path / "frame.qdc"
    write_codebook(as_project(frame(name)), path)
    root = ElementTree.fromstring(path.read_bytes(), forbid_dtd=True)
    space = {"q": "urn:QDA-XML:codebook:1.0"}
    written = {
        code.get("name"): (code.get("isCodable"), code.findtext("q:Description", namespaces=space))
        for code in root.findall(".//q:Code/q:Code", space)
    }
    assert written == {one.title: ("true", one.definition) for one in frame(name).elements}


def test_the_command_writes_a_frame_once_and_never_over_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "good_help.qdc"
    assert export_frame("good_help", path) == 0
    before = path.read_bytes()
    with pytest.raises(Refusal, match="is there already"):
        export_frame("com_b", path)
    assert path.read_bytes() == before
    with pytest.raises(Refusal, match="good_help"):
        export_frame("good_hlp", tmp_path / "other.qdc")
    capsys.readouterr()
    assert list_frames() == 0
    said = capsys.readouterr().out
    assert [name for name in frame_names() if name not in said] == []


# ---- worklist --------------------------------------------------------------------------------------------------------


def _site(monkeypatch: pytest.MonkeyPatch, codings: list[tuple[Any, ...]]) -> Any:
    made = making(plan(), codings)

    class Opened:
        def __enter__(self) -> Any:
            return made.connection

        def __exit__(self, *_: object) -> None:
            """Keep the tables in memory."""

    monkeypatch.setattr(listing, "open_warehouse", lambda _site: Opened())
    return SimpleNamespace(protocol=plan(), key="drawn/here")


def test_the_worklist_names_project_number_place_code_and_coder(monkeypatch: pytest.MonkeyPatch) -> None:
    text, entries = worklist(_site(monkeypatch, [*AGREED, *ALONE]))
    lines = text.splitlines()
    assert entries == len(lines) - 1 == len(ALONE)
    assert lines[0] == "project,document,start,end,code,coded_by,not_coded_by"
    assert lines[1].startswith("q.qdpx,0,")
    assert lines[1].endswith(",Shame,coder A,coder B")
    assert "thing was said" not in text


def test_a_code_whose_name_a_spreadsheet_would_compute_is_inert(monkeypatch: pytest.MonkeyPatch) -> None:
    text, _ = worklist(_site(monkeypatch, [*AGREED, ("d1", "=HYPERLINK(1)", "ann", 2)]))
    assert ",'=HYPERLINK(1)," in text


def test_without_a_second_coder_there_is_no_worklist(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refusal, match="coded by two people"):
        worklist(_site(monkeypatch, ALONE))
