"""What NVivo exports beside its projects: one code's references are read, its reports say what to send instead."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from pipelines.qualitative.models import UnreadableProject
from pipelines.qualitative.reading import Wanted, read_coded
from tests.spec.coded_files import TEXT
from tests.spec.test_coded_drops import arrived, pilot, site_of

ENGLISH = """\
<Files\\\\North\\\\P1> - § 3 references coded  [ 4.06% Coverage]

Reference 1 - 1.88% Coverage

said it helps

References 2-3 - 2.18% Coverage

came twice & stayed

<Files\\\\South\\\\P2> - § 1 reference coded  [ 0.50% Coverage]

Reference 1 - 0.50% Coverage

Two lines
of it.
"""
GERMAN = """\
Name: Vertrauen
Dateien\\Interviews\\P1 - § 1 Referenz kodiert [4,06 % Abdeckung]
Referenz 1 - 4,06 % Abdeckung
said it helps
"""


def test_each_passage_stands_under_its_code_and_its_document(tmp_path: Path) -> None:
    path = tmp_path / "Trust.txt"
    path.write_bytes(b"\xef\xbb\xbf" + ENGLISH.replace("\n", "\r\n").encode())
    found = read_coded(path)
    assert [code.path for code in found.codes] == [("Trust",)]
    assert [(d.name, d.groups, d.excerpts_only) for d in found.documents] == [
        ("P1", ("North",), True),
        ("P2", ("South",), True),
    ]
    assert [(c.quote, c.coder_id, c.checked) for c in found.codings] == [
        ("said it helps", "", "no-text"),
        ("came twice & stayed", "", "no-text"),
        ("Two lines\nof it.", "", "no-text"),
    ]
    assert any("several people coded alike" in said for said in found.deviations)


def test_documents_of_one_name_in_two_folders_are_two(tmp_path: Path) -> None:
    path = tmp_path / "Trust.txt"
    path.write_text(ENGLISH.replace("South\\\\P2", "South\\\\P1"), "utf-8")
    found = read_coded(path)
    assert [(d.name, d.groups) for d in found.documents] == [("North / P1", ("North",)), ("South / P1", ("South",))]


SPANISH = """\
<Archivos\\\\P1> - § 1 referencia codificada  [Cobertura 4,06%]
Referencia 1 - Cobertura 4,06%
said it helps
It rose in week 3 - 50%
"""


def test_the_word_for_coverage_may_come_first(tmp_path: Path) -> None:
    (tmp_path / "Trust.txt").write_text(SPANISH, "utf-8")
    assert [c.quote for c in read_coded(tmp_path / "Trust.txt").codings] == ["said it helps\nIt rose in week 3 - 50%"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_the_words_around_may_be_of_any_language(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "code.txt"
    path.write_text(GERMAN, encoding)
    found = read_coded(path, wanted=Wanted(encoding="cp1252" if encoding == "cp1252" else "", format="nvivo"))
    assert [code.name for code in found.codes] == ["Vertrauen"]
    assert [(c.quote, c.checked) for c in found.codings] == [("said it helps", "no-text")]


def test_a_word_document_with_transcripts_beside_it(tmp_path: Path) -> None:
    paragraphs = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in GERMAN.splitlines())
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    with zipfile.ZipFile(tmp_path / "code.docx", "w") as packed:
        packed.writestr(
            "word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{paragraphs}</w:body></w:document>'
        )
    (tmp_path / "P1.txt").write_text(TEXT, "utf-8")
    (coding,) = read_coded(tmp_path / "code.docx").codings
    assert TEXT[coding.start : coding.end] == coding.quote == "said it helps"
    assert coding.checked == "exact"


def test_a_list_that_lost_a_passage_is_refused_and_nobody_is_named(tmp_path: Path) -> None:
    path = tmp_path / "Trust.txt"
    path.write_text(ENGLISH.replace("References 2-3", "Reference 2"), "utf-8")
    with pytest.raises(UnreadableProject, match="file 1 in it announces 3 references, and 2 are there") as refused:
        read_coded(path)
    assert "P1" not in str(refused.value)


def test_an_area_of_a_page_is_told_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "Trust.txt"
    path.write_text(ENGLISH.replace("said it helps", "Page 1 : (136,153) - (502,293)"), "utf-8")
    found = read_coded(path)
    assert len(found.codings) == 2
    assert "an area of a page or picture is not read" in found.deviations


def test_references_arrive_with_a_drop_and_transcripts_stay_transcripts(tmp_path: Path) -> None:
    drop = pilot(tmp_path, "said/*", "documents: register.csv")
    (drop / "said").mkdir()
    (drop / "said" / "Trust.txt").write_text(GERMAN.replace("Vertrauen", "Trust"), "utf-8")
    (drop / "said" / "P1.txt").write_text(TEXT, "utf-8")
    (drop / "said" / "register.csv").write_text("document,case,site,role\nP1,P1,north,participant\n", "utf-8")
    documents, codings = arrived(site_of(tmp_path))
    assert documents == [("participant", True, TEXT)]
    assert codings == [("Trust", "said it helps", "exact", None, "said it helps")]


def test_a_file_for_each_code_is_one_interview_without_transcripts_too(tmp_path: Path) -> None:
    drop = pilot(tmp_path, "said/*", "documents: register.csv")
    (drop / "said").mkdir()
    for code, words in (("Trust", "said it helps"), ("Doubt", "came twice & stayed"), ("Calm", "said it helps")):
        text = GERMAN.replace("Vertrauen", code).replace("said it helps", words)
        (drop / "said" / f"{code}.txt").write_text(text, "utf-8")
    (drop / "said" / "register.csv").write_text("document,case,site,role\nP1,P1,north,participant\n", "utf-8")
    documents, codings = arrived(site_of(tmp_path))
    assert documents == [("participant", True, "said it helps\n\ncame twice & stayed")]
    assert sorted(codings) == sorted(
        (code, words, "no-text", None, words)
        for code, words in (("Calm", "said it helps"), ("Doubt", "came twice & stayed"), ("Trust", "said it helps"))
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("study.nvp", "x", "a project in the format of NVivo, which NVivo alone reads. Export the project as REFI-QDA"),
        ("trust.rtf", "{\\rtf1 x}", r"a rich text file, which is not read. Save it as Word \(.docx\) or plain text"),
        ("study.atlproj23", "PK\x03\x04\x00\x00", "a project in the format of ATLAS.ti"),
        ("study.nvp", "\x01\x0f\x00\x00\x08\x00", "a project in the format of NVivo"),
        ("study.mx22", "SQLite format 3\x00", "a project in the format of MAXQDA"),
        ("study.mx24", "x", "a project in the format of MAXQDA"),
        ("matrix.csv", ",A : Age 1,B : Age 2\n1 : Trust,3,4\n2 : Doubt,0,1\n", "a matrix of numbers that NVivo made"),
        ("report.csv", "Code,Aggregate,Coverage,Number Of Coding References,Coded By Initials\nx,No,0.1,2,AB\n",
         "a report on coding that NVivo made: it does not say where passages stand"),
        ("codes.csv", "Name,Files,References,Created On,Created By,Modified On,Modified By\nTrust,3,9,x,AB,x,AB\n",
         "a list of codes or files that NVivo made"),
    ],
)  # fmt: skip
def test_what_holds_no_passages_says_what_to_export_instead(
    tmp_path: Path, name: str, content: str, words: str
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(UnreadableProject, match=words):
        read_coded(tmp_path / name)
