"""Tables of coding tools by example: the samples, other languages and shapes, passages looked up, matrices, faults."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections import Counter
from pathlib import Path

import openpyxl
import pytest

from pipelines.qualitative.code_lists import CannotTell, path_of, split_codes
from pipelines.qualitative.codebooks import read_codebook
from pipelines.qualitative.coded_tables import moments
from pipelines.qualitative.document_register import with_register
from pipelines.qualitative.formats import FORMATS
from pipelines.qualitative.framework_matrix import FrameworkMatrix, read_framework_matrix
from pipelines.qualitative.models import Project, UnreadableProject
from pipelines.qualitative.reading import TOOLS, Wanted, read_coded
from pipelines.qualitative.transcripts import beside
from tests.spec.coded_files import PARTICIPANT, TEXT, taguette
from tests.spec.test_coded_databases import sample, told

Cells = list[list[object]]


def csv(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write a text file."""
    path.write_bytes(text.encode(encoding))
    return path


def book(path: Path, **sheets: Cells) -> Path:
    """Write a workbook."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def codes_of(project: Project) -> list[tuple[tuple[str, ...], str]]:
    """Return path and quote of each coding in the file's order."""
    paths = {code.id: code.path for code in project.codes}
    return [(paths[coding.code_id], coding.quote) for coding in project.codings]


# ---- samples ------------------------------------------------------------------------------------------------------


def test_atlas_codes_are_split_right_against_the_codebook() -> None:
    folder = sample("atlasti-csv")
    quotations = folder / "20250914_quotation_export.csv"
    project = read_coded(quotations)
    books = [read_codebook(folder / f"20250914_{n}.csv", name=n) for n in ("codebook_full", "code_list_frequencies")]
    assert [len(codes) for codes in books] == [465, 465]
    assert {code.path for code in books[0]} == {code.path for code in books[1]}
    known = {code.path for code in books[0]}
    used = Counter(path for path, _ in codes_of(project))
    assert len(project.codings) == sum(used.values()) == 1465
    # One code of the quotations, the words of a fragment, is in neither list of codes.
    assert [path[0][:12] for path in used if path not in known] == ['"Check the p']
    assert {len(path) for path in used} == {1, 2}
    assert all(coding.created and coding.created.year == 2025 for coding in project.codings)
    assert len({coding.created for coding in project.codings}) > 5
    for other in (None, folder / "20250914_code_list_frequencies.csv"):
        assert codes_of(read_coded(quotations, wanted=Wanted(codebook=other))) == codes_of(project)
    with pytest.raises(UnreadableProject, match=r"row 4: .* there is no codebook, .*; put ATLAS.ti's codebook export"):
        read_coded(quotations, wanted=Wanted(beside=()))


@pytest.mark.parametrize("ending", ["csv", "xlsx", "html", "qdc"])
def test_taguette_codebooks_of_every_kind_hold_the_tags(ending: str) -> None:
    codes = read_codebook(sample("taguette", f"codebook.{ending}"), name="codebook")
    project = read_coded(sample("taguette", "project.sqlite3"))
    assert {code.path for code in codes} == {code.path for code in project.codes}
    if ending != "qdc":
        assert {c.name: c.description for c in codes} == {c.name: c.description for c in project.codes}


@pytest.mark.parametrize("file", ["highlights_all.csv", "highlights_all.xlsx"])
def test_taguette_highlights_are_the_quotes_of_the_database(file: str) -> None:
    project, database = read_coded(sample("taguette", file)), read_coded(sample("taguette", "project.sqlite3"))
    names = {document.id: document.name for document in (*project.documents, *database.documents)}
    assert sorted(codes_of(project)) == sorted(codes_of(database))
    assert set(names.values()) == {document.name for document in project.documents}
    assert {coding.checked for coding in project.codings} == {"no-text"}
    assert all(document.excerpts_only for document in project.documents)


def test_a_highlight_that_an_export_of_one_tag_names_twice_counts_once() -> None:
    project = read_coded(sample("taguette", "highlights_access.csv"))
    assert Counter(path for path, _ in codes_of(project))[("access",)] == 3


# ---- passages without positions -----------------------------------------------------------------------------------

HIGHLIGHTS = "id,document,tag,content\n"


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("said it helps", ("exact", "said it helps")),
        ("  said it helps. \n", ("exact", "said it helps.")),
        ("😀 She came", ("name", "😀\nShe came")),
        ("said  it\u00a0helps", ("name", "said it helps")),
        ("it helps", "its words are not in the document's text"),
        ("help", "several places"),
        ("helps she", "its words are not in the document's text"),
    ],
)
def test_quotes_are_looked_up_in_the_transcript_beside_them(
    tmp_path: Path, quote: str, expected: tuple[str, str] | str
) -> None:
    text = TEXT.replace("it helps.", "it helps.").replace("it helps again", "this helped")
    text = text if quote != "it helps" else text.replace("it helps", "it does")
    (tmp_path / "texts").mkdir()
    csv(tmp_path / "texts" / "Interview 1.TXT", text.replace("\n", "\r\n"), "utf-16")
    path = csv(tmp_path / "h.csv", HIGHLIGHTS + f'7,interview 1.docx,help,"{quote}"\n')
    project = read_coded(path)
    assert project.documents[0].text == text
    if isinstance(expected, str):
        assert project.codings == ()
        assert [expected in each.reason for each in project.quarantined] == [True]
    else:
        assert [(each.checked, each.quote) for each in project.codings] == [expected]
        assert all(text[each.start : each.end] == each.quote for each in project.codings)


def docx(path: Path, *paragraphs: str) -> Path:
    """Write a Word document with paragraphs in two runs each."""
    runs = ("".join(f"<w:r><w:t>{part}</w:t></w:r>" for part in (p[:5], p[5:])) for p in paragraphs)
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(f"<w:p>{each}</w:p>" for each in runs)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>')
    return path


def test_transcripts_may_be_word_documents_and_two_of_one_name_are_none(tmp_path: Path) -> None:
    docx(tmp_path / "P1.docx", *TEXT.replace("&", "&amp;").split("\n"))
    path = csv(tmp_path / "h.csv", HIGHLIGHTS + "7,P1,help,came twice & stayed\n")
    project = read_coded(path)
    assert (project.documents[0].text, project.codings[0].checked) == (TEXT, "exact")
    csv(tmp_path / "p1.txt", TEXT)
    assert beside(path)("P1") is None
    assert read_coded(path).codings[0].checked == "no-text"


def test_a_damaged_transcript_is_named_by_its_kind_only(tmp_path: Path) -> None:
    (tmp_path / "Zebulon.txt").write_bytes(b"Zo\xeb")
    path = csv(tmp_path / "h.csv", HIGHLIGHTS + "7,Zebulon,help,x\n")
    with pytest.raises(UnreadableProject, match=r"a transcript \(.txt\) cannot be read: byte 3") as refused:
        read_coded(path)
    assert "Zebulon" not in str(refused.value)


# ---- codings.csv --------------------------------------------------------------------------------------------------

CODINGS = "document,start,end,code,coder,date,quote,case,site\n"


def coding(quote: str, code: str = "help", shift: int = 0, *, copy: bool = True, rest: str = "P1,north") -> str:
    at = TEXT.index(quote)
    said = f'"{quote}"' if copy else ""
    return f"P1,{at + shift},{at + shift + len(quote)},{code},ann,2026-02-01,{said},{rest}\n"


def test_codings_csv_holds_positions_in_code_points(tmp_path: Path) -> None:
    csv(tmp_path / "P1.txt", TEXT)
    rows = coding("said it helps") + coding("came twice", "help / visit") + coding("again", copy=False)
    project = read_coded(csv(tmp_path / "codings.csv", CODINGS + rows))
    assert [(each.checked, each.quote) for each in project.codings] == [
        ("exact", "said it helps"),
        ("exact", "came twice"),
        ("boundary", "again"),
    ]
    assert [code.path for code in project.codes] == [("help",), ("help", "visit")]
    assert project.cases[0].attributes == {"site": "north"}
    assert project.documents[0].case_names == ("P1",)
    assert {each.created for each in project.codings} == {dt.datetime(2026, 2, 1)}
    assert project.calibrations[0].unit == "code points"


@pytest.mark.parametrize(
    "row",
    [
        coding("came twice", shift=1),
        coding("came twice").replace("came twice", "went twice"),
        "P1,5,,help,ann,,,P1,north\n",
        "P1,five,six,help,ann,,said it,P1,north\n",
        "P1,17,4,help,ann,,,P1,north\n",
        "P1,4,9999,help,ann,,,P1,north\n",
    ],
)
def test_a_row_that_is_not_where_it_says_waits_in_quarantine(tmp_path: Path, row: str) -> None:
    csv(tmp_path / "P1.txt", TEXT)
    rows = coding("said it helps") + coding("She came") + coding("helps again") + row
    project = read_coded(csv(tmp_path / "codings.csv", CODINGS + rows))
    assert [each.quote for each in project.codings] == ["said it helps", "She came", "helps again"]
    assert len(project.quarantined) == 1


def test_rows_of_two_people_in_one_document_are_told_apart(tmp_path: Path) -> None:
    csv(tmp_path / "P1.txt", TEXT)
    rows = coding("said it helps") + coding("came twice", rest="P2,south") + coding("again", rest=",")
    project = read_coded(csv(tmp_path / "codings.csv", CODINGS + rows))
    assert {each.quote: project.cases_of(each) for each in project.codings} == {
        "said it helps": ("P1",),
        "came twice": ("P2",),
        "again": (),
    }
    assert {case.name: case.attributes["site"] for case in project.cases} == {"P1": "north", "P2": "south"}


def test_a_row_without_passage_codes_the_whole_document(tmp_path: Path) -> None:
    csv(tmp_path / "P1.txt", TEXT)
    project = read_coded(csv(tmp_path / "c.csv", CODINGS + coding("said it helps") + "P1,,,mood,ann,,,P1,\n"))
    assert [(e.checked, e.quote, e.end - e.start) for e in project.codings][1] == ("whole-document", "", len(TEXT))


@pytest.mark.parametrize("row", [",0,1,help,,,x,,\n", "P1,0,1,,,,x,,\n"])
def test_a_row_without_document_or_code_is_refused_by_its_number(tmp_path: Path, row: str) -> None:
    with pytest.raises(UnreadableProject, match=r"codings.csv, row 3: a row needs a document and a code"):
        read_coded(csv(tmp_path / "codings.csv", CODINGS + coding("said it helps") + row))


def test_attributes_on_which_rows_differ_are_left_out(tmp_path: Path) -> None:
    path = csv(tmp_path / "codings.csv", CODINGS + coding("said it helps") + coding("came", rest="P1,south"))
    project = read_coded(path)
    assert project.cases[0].attributes == {}
    assert 'rows of one document or case differ in "site"; left out' in project.deviations


# ---- ATLAS.ti -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "known", "count", "expected"),
    [
        ("a", (), None, ("a",)),
        ("a, b", ("a", "b"), None, ("a", "b")),
        ("a, b", ("a, b",), None, ("a, b",)),
        ("a, b, c", ("a, b", "c", "a"), 2, ("a, b", "c")),
        ("a, b, c", ("a", "b", "c", "a, b"), 3, ("a", "b", "c")),
        ("a, b, c", ("a", "b", "c", "a, b"), 2, ("a, b", "c")),
        ("a,  b", ("a", "b"), 2, ("a", "b")),
        ("new, b", ("b",), 2, ("new", "b")),
        ("a, b\nc", ("a, b", "c"), 2, ("a, b", "c")),
        ("a,\nb", (), 2, ("a", "b")),
        ("", ("a",), 0, ()),
        ("  ", (), None, ()),
    ],
)
def test_codes_in_one_cell(cell: str, known: tuple[str, ...], count: int | None, expected: tuple[str, ...]) -> None:
    assert split_codes(cell, known, count) == expected


@pytest.mark.parametrize(
    ("cell", "known", "count"),
    [
        ("a, b", ("a", "b", "a, b"), None),
        ("a, b, c", ("a, b", "b, c", "a", "c"), 2),
        ("a, b", (), None),
        ("a, b, c", ("a",), 2),
        ("a, x", ("a", "b"), None),
        ("a\nb", ("a", "b"), 3),
    ],
)
def test_codes_that_cannot_be_told_apart(cell: str, known: tuple[str, ...], count: int | None) -> None:
    with pytest.raises(CannotTell):
        split_codes(cell, known, count)


def test_ten_thousand_codes_in_a_cell_do_not_take_for_ever() -> None:
    known = {", ".join("a" * n) for n in range(1, 30)}
    with pytest.raises(CannotTell):
        split_codes(", ".join("a" * 199), known, None)
    with pytest.raises(CannotTell, match="too many"):
        split_codes(", ".join("a" * 10_000), known, None)


def test_subcodes_bear_the_names_of_the_codes_above_them() -> None:
    known = {"Care", "Care: At home", "e.g"}
    assert path_of("Care: At home: night", known) == ("Care", "At home", "night")
    assert path_of("Cost: travel", known) == ("Cost: travel",)


GERMAN = "Nummer;Referenz;Name;Textinhalt;Dokument;Kodes;Anzahl der Kodes;Kommentar;Erstellt von;Erstellungsdatum"
SPANISH = "Número;Referencia;Nombre;Contenido del texto;Documento;Códigos;Número de códigos;Comentario;Creado por;x"
ENGLISH = (
    "ID;Reference;Quotation Name;Quotation Content;Document;Codes;Number of Codes;Comment;Created by;Creation Date "
)


@pytest.mark.parametrize("header", [GERMAN, SPANISH, ENGLISH])
def test_atlas_quotations_in_other_languages(tmp_path: Path, header: str) -> None:
    row = "1:1;¶ 4;;said it helps;P1;help, visit;2;a note;Ann;25.03.2025"
    project = read_coded(csv(tmp_path / "q.csv", f"{header}\n{row}\n"))
    assert project.origin == "ATLAS.ti"
    assert codes_of(project) == [(("help",), "said it helps"), (("visit",), "said it helps")]
    assert told(project)[0][3] == "Ann"
    assert {each.memo for each in project.codings} == {"a note"}
    if header != SPANISH:
        assert {each.created for each in project.codings} == {dt.datetime(2025, 3, 25)}


def test_atlas_quotations_in_a_workbook_with_a_title_above(tmp_path: Path) -> None:
    rows: Cells = [["Quotations of a project"], [], ["ID", "Document", "Quotation Content", "Codes", "Number of Codes"]]
    path = book(tmp_path / "q.xlsx", Quotations=[*rows, ["1:1", "P1", "said it helps", "a, b\nc", 2]])
    book(tmp_path / "codes.xlsx", Codes=[["Code", "Comment", "Code Group 1"], ["a, b", "", ""], ["c", "", ""]])
    assert [path for path, _ in codes_of(read_coded(path))] == [("a, b",), ("c",)]


# ---- Dedoose ------------------------------------------------------------------------------------------------------

DEDOOSE = [
    *("Media Title", "Excerpt Range", "Excerpt Creator", "Excerpt Date", "Excerpt Copy", "Codes Applied Combined"),
    *("Code: Help Applied", "Code: Help\\At home, at night Applied", "Code: Help\\At home, at night Range"),
    *("Code: Help\\At home, at night Weight", "Code: Unused Applied", "Age"),
]


def test_dedoose_codes_are_read_from_their_own_columns(tmp_path: Path) -> None:
    csv(tmp_path / "P1.txt", TEXT)
    rows: Cells = [
        DEDOOSE,
        [
            "P1.docx",
            "4-17",
            "ann",
            "3/25/2025",
            "said it helps",
            "Help, At home, at night",
            True,
            True,
            "1-5",
            3,
            False,
            40,
        ],
        ["P1.docx", "23-33", "ben", "3/26/2025", "came twice", "Help", False, True, "", "", False, 40],
        ["P1.docx", "0-3", "ben", "3/26/2025", "Zoë", "", False, False, "", "", False, 40],
    ]
    project = read_coded(book(tmp_path / "d.xlsx", Excerpts=rows))
    assert codes_of(project) == [
        (("Help",), "said it helps"),
        (("Help", "At home, at night"), "said it helps"),
        (("Help", "At home, at night"), "came twice"),
    ]
    assert {each.checked for each in project.codings} == {"exact"}
    assert [code.path for code in project.codes] == [("Help",), ("Help", "At home, at night"), ("Unused",)]
    assert project.documents[0].attributes == {"Age": "40"}
    assert "an excerpt has no code; left out" in project.deviations
    assert "an excerpt's combined codes differ from its single ones; the single ones were taken" in project.deviations
    assert project.codings[0].created == dt.datetime(2025, 3, 25)


@pytest.mark.parametrize(
    ("header", "cell", "words"),
    [
        ("Code: Help Applied", "maybe", r'row 2, column "Code: Help Applied": this is neither True nor False'),
        ("Help", "True", r"no columns `Code: ... Applied`"),
    ],
)
def test_dedoose_tables_in_doubt_are_refused(tmp_path: Path, header: str, cell: str, words: str) -> None:
    text = f"Media Title,Excerpt Copy,Codes Applied Combined,{header}\nP1,said it helps,Help,{cell}\n"
    with pytest.raises(UnreadableProject, match=words):
        read_coded(csv(tmp_path / "d.csv", text))


# ---- MAXQDA -------------------------------------------------------------------------------------------------------

MAXQDA = {
    "English": "Color|Comment|Document group|Document name|Code|Begin|End|Weight|Segment|Author|Created|Area",
    "Deutsch": "Farbe|Kommentar|Dokumentgruppe|Dokumentname|Code|Anfang|Ende|Gewicht|Segment|Autor|Erstellt am|Fläche",
}


@pytest.mark.parametrize("language", MAXQDA)
def test_maxqda_segments(tmp_path: Path, language: str) -> None:
    csv(tmp_path / "P1.txt", TEXT)
    when = dt.datetime(2026, 2, 1, 9, 30)
    rows: Cells = [
        list(MAXQDA[language].split("|")),
        ["", "a note", "North", "P1", "Help > At home", 1, 1, 0, "said it helps", "ann", when, 13],
        ["", "", "North", "P1", "Help\\Visits", 2, 2, 0, "came  twice", "ben", when, 10],
        ["", "", "North", "P1", "Help", 1, 3, 0, "helps", "ben", when, 5],
    ]
    project = read_coded(book(tmp_path / "m.xlsx", Segments=rows))
    assert codes_of(project) == [(("Help", "At home"), "said it helps"), (("Help", "Visits"), "came twice")]
    assert [each.checked for each in project.codings] == ["exact", "name"]
    assert [each.reason[:27] for each in project.quarantined] == ["its words stand at several "]
    assert project.documents[0].groups == ("North",)
    assert project.documents[0].attributes == {}
    assert project.codings[0].created == when
    assert project.codings[0].memo == "a note"


# ---- codebooks, dates, registers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Name,Description,Files,References\nHelp,What helps,3,9\n", [(("Help",), "What helps")]),
        ("code;definition;parent\nHelp;;\nVisit;who came;Help\n", [(("Help",), ""), (("Help", "Visit"), "who came")]),
    ],
)
def test_codebooks_of_ones_own(tmp_path: Path, text: str, expected: list[tuple[tuple[str, ...], str]]) -> None:
    codes = read_codebook(csv(tmp_path / "c.csv", text), name="c.csv")
    assert [(code.path, code.description) for code in codes] == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("code,definition,parent\na,,b\nb,,a\n", "in a circle"),
        ("code,parent,definition\n" + "".join(f"c{k},c{k - 1},d\n" for k in range(2_000)), "deeper than 50 levels"),
        ("a,b\n1,2\n", "no codebook that is known"),
        ("<!DOCTYPE html><html><body><p>x</p></body></html>", "has no tags"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><CodeBook/>', "document type or entities"),
        ("<Other/>", "does not hold a REFI-QDA codebook"),
    ],
)
def test_what_is_no_codebook_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UnreadableProject, match=words):
        read_codebook(csv(tmp_path / "c.csv", text), name="c.csv")


def test_dates_are_read_in_the_one_order_that_all_of_them_prove() -> None:
    first, second = dt.datetime(2025, 3, 4), dt.datetime(2025, 3, 25)
    assert moments(["3/4/25", "3/25/25", ""]) == [first, second, None]
    assert moments(["4.3.2025", "25.3.2025"]) == [first, second]
    assert moments(["3/4/25", "4/4/25"]) == [None, None]
    assert moments(["3/4/25", "4/4/25"], leading="month first")[0] == first
    assert moments(["25/3/25", "3/25/25"], leading="month first") == [None, None]
    assert moments(["2025-03-04T00:00:00", "later"]) == [first, None]


def test_a_position_without_words_and_without_a_transcript_is_nowhere(tmp_path: Path) -> None:
    rows = coding("said it helps") + coding("again", copy=False)
    project = read_coded(csv(tmp_path / "codings.csv", CODINGS + rows))
    assert [each.quote for each in project.codings] == ["said it helps"]
    assert len(project.quarantined) == 1


def test_a_register_says_who_speaks(tmp_path: Path) -> None:
    project = read_coded(taguette(tmp_path / "a.sqlite3", [("said it helps", 1, "ann")], name="Talk 1.txt"))
    rows = "Document,Case,Site\ntalk 1,P1,north\ntalk 1,P2,south\ntalk 9,P3,south\n"
    named = with_register(project, csv(tmp_path / "r.csv", rows), name="r.csv")
    assert named.documents[0].case_names == ("P1", "P2")
    assert {case.name: case.attributes for case in named.cases} == {"P1": {"Site": "north"}, "P2": {"Site": "south"}}
    assert named.deviations[-1] == "r.csv names 1 documents that the project does not have"


# ---- framework matrices -------------------------------------------------------------------------------------------


def test_a_framework_matrix_keeps_its_empty_cells(tmp_path: Path) -> None:
    text = 'Case,Site,Age,Trust,Access\nP1,north,40,"Says, trust grew",\nP2,south,,,\n'
    for path in (csv(tmp_path / "f.csv", text), csv(tmp_path / "g.csv", text.replace(",", ";").replace("; t", ", t"))):
        matrix = read_framework_matrix(path, name=path.name, attributes=("age",))
        assert matrix.themes == ("Trust", "Access")
        assert [(case.name, case.attributes) for case in matrix.cases] == [
            ("P1", {"Site": "north", "Age": "40"}),
            ("P2", {"Site": "south"}),
        ]
        assert matrix.summary("P1", "Trust") == "Says, trust grew"
        assert matrix.empty == (("P1", "Access"), ("P2", "Trust"), ("P2", "Access"))
        assert "trust grew" not in repr(matrix)


def test_an_nvivo_matrix_loses_its_letters_and_numbers(tmp_path: Path) -> None:
    rows: Cells = [
        ["", "A : Trust", "B : Access"],
        ["1 : P1\nAge = 40\nSite = north", "grew", ""],
        ["2 : P2", "", "hard"],
    ]
    matrix = read_framework_matrix(book(tmp_path / "n.xlsx", Matrix=rows), name="n.xlsx")
    assert matrix == FrameworkMatrix("n", matrix.cases, ("Trust", "Access"), (("grew", ""), ("", "hard")))
    assert [(case.name, case.attributes) for case in matrix.cases] == [
        ("P1", {"Age": "40", "Site": "north"}),
        ("P2", {}),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Case,Trust\nP1,x\nP1,y\n", "a case is there twice"),
        ("Case,Trust,Trust\nP1,x,y\n", "a theme is there twice"),
        ("Case,Trust\n,x\n", "row 2: a case has no name"),
        ("Case,Trust,\nP1,x,beside\n", "row 2: a cell stands in a column without a name"),
        ("Trust,Access\nP1,x\n", "no column is called `case`"),
        ("Case\nP1\n", "holds no framework matrix"),
    ],
)
def test_framework_matrices_in_doubt_are_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UnreadableProject, match=words):
        read_framework_matrix(csv(tmp_path / "f.csv", text), name="f.csv")


# ---- what a file is ----------------------------------------------------------------------------------------------


def test_a_file_is_what_its_content_says(tmp_path: Path) -> None:
    assert set(TOOLS) == set(FORMATS)
    made = taguette(tmp_path / "a.sqlite3", [("said it helps", 1, "ann")])
    made.rename(tmp_path / "a.qdpx")
    assert read_coded(tmp_path / "a.qdpx").origin == "Taguette"
    csv(tmp_path / "b.qda", CODINGS + coding("said it helps"))
    assert read_coded(tmp_path / "b.qda").origin == "codings.csv"
    with pytest.raises(UnreadableProject, match=r"b.qda is a table of codings .*, but a Taguette database is declared"):
        read_coded(tmp_path / "b.qda", wanted=Wanted(format="taguette"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02" * 50, "cannot be read|no kind that is read here|NUL"),
        (f"name,said\n{PARTICIPANT},x\n".encode(), "no kind that is read here"),
        (b"tag,description,number of highlights,number of documents\na,b,1,1\n", "is a codebook"),
        (b"id,document,tag,content\n1,P1,help\n", "row|line 2|columns"),
        (b"id,document,tag,content\n1,P1,help,Zo\xeb\n", "not UTF-8"),
        (b"PK\x03\x04" + b"\x00" * 60, "damaged|not a zip"),
    ],
)
def test_other_files_are_refused_without_a_word_of_them(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableProject, match=words) as refused:
        read_coded(path)
    assert "x.csv" in str(refused.value)
    assert PARTICIPANT not in str(refused.value)
    assert refused.value.__context__ is None


def test_two_sheets_that_could_be_meant_are_refused(tmp_path: Path) -> None:
    rows: Cells = [["id", "document", "tag", "content"], ["1", "P1", "help", "said it helps"]]
    with pytest.raises(UnreadableProject, match="2 of its sheets could be meant"):
        read_coded(book(tmp_path / "h.xlsx", One=rows, Two=rows))


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.qda/data.qda", b"\x00" * 20_000_000)
    (tmp_path / "a.zip").write_bytes(buffer.getvalue())
    with pytest.raises(UnreadableProject, match="zip bomb"):
        read_coded(tmp_path / "a.zip")
