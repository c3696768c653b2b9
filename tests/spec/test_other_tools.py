"""Exports of other tools, versions and languages as they really come: what was read wrongly, lost or refused before.

Headings are those of the tools' own exports; words are made up.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import pytest

from pipelines.qualitative.code_lists import CannotTell, joined_codes
from pipelines.qualitative.codebooks import read_codebook
from pipelines.qualitative.coded_tables import moments
from pipelines.qualitative.models import UnreadableProject
from pipelines.qualitative.reading import Wanted, read_coded
from tests.spec.coded_files import TEXT, database
from tests.spec.test_coded_databases import told
from tests.spec.test_coded_drops import arrived, pilot, site_of
from tests.spec.test_coded_tables import Cells, book, codes_of, csv

MARCH = dt.datetime(2025, 3, 25)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a transcript."""
    csv(tmp_path / "P1.txt", TEXT)
    return tmp_path


# ---- dates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "3/25/2025 16:11",
        "3/25/2025, 4:11 PM",
        "25.03.2025 16:11",
        "25/03/2025 16:11:00",
        "25-03-2025 16:11",
        "2025/03/25 16:11",
        "3/25/25 4:11 p.m.",
    ],
)
def test_a_date_of_any_tool(text: str) -> None:
    assert moments([text]) == [dt.datetime(2025, 3, 25, 16, 11)]


def test_a_time_does_not_decide_whether_day_or_month_comes_first() -> None:
    assert moments(["2/1/2026 09:30", "3/4/2026 10:00"]) == [None, None]
    assert moments(["2/1/2026 09:30"], leading="month first") == [dt.datetime(2026, 2, 1, 9, 30)]
    assert moments(["4/4/2026"]) == [dt.datetime(2026, 4, 4)]
    assert moments(["31/02/2026", "0/1/26", "1/2/0", "13:00 PM", "1/2/2026 13:00 PM"]) == [None] * 5


# ---- MAXQDA -------------------------------------------------------------------------------------------------------

GERMAN = "Farbe|Kommentar|Dokumentgruppe|Dokumentname|Code|Anfang|Ende|Gewicht (Rating)|Segment|Bearbeitet von"
MAXQDA = {
    "Deutsch": f"{GERMAN}|Bearbeitet am|Erstellt von|Erstellt am|Abdeckungsgrad %",
    "Français": (
        "Couleur|Commentaire|Groupe de documents|Nom du document|Code|Début|Fin|Score de pondération|Segment|"
        "Modifié par|Modifié le|Auteur|Date de création|% couverture"
    ),
    "Español": (
        "Color|Comentario|Grupo de documentos|Nombre de documento|Código|Comienzo|Fin|Ponderación|Segmento|"
        "Modificado por|Fecha de modificación|Autor|Fecha de creación|% cobertura"
    ),
    "Italiano": (
        "Colore|Commento|Gruppo di documenti|Nome documento|Codice|Inizio|Fine|Punteggio|Segmento|"
        "Modificato da|Modificato|Autore|Data di creazione|Copertura %"
    ),
}
ROW: list[object] = ["●", "a note", "Nord", "P1", "Hilfe > Zu Hause", 1, 1, 0, "said it helps", "ben"]
ROW += ["26.03.2025", "ann", "25.03.2025", 2.5]


@pytest.mark.parametrize("language", MAXQDA)
def test_maxqda_in_its_languages_and_what_it_measures_is_no_attribute(folder: Path, language: str) -> None:
    project = read_coded(book(folder / "m.xlsx", Segmente=[[*MAXQDA[language].split("|")], ROW, [""] * 14]))
    assert project.origin == "MAXQDA"
    assert codes_of(project) == [(("Hilfe", "Zu Hause"), "said it helps")]
    (coding,) = project.codings
    assert (coding.checked, coding.memo, coding.created) == ("exact", "a note", MARCH)
    assert [coder.name for coder in project.coders] == ["ann"]
    assert (project.documents[0].attributes, project.documents[0].groups) == ({}, ("Nord",))


def variables(second: str) -> Cells:
    further = ["Dokumentgruppe", "Dokumentname", "Alter", "Code: Hilfe > Zu Hause"]
    return [[*MAXQDA["Deutsch"].split("|"), *further], [*ROW, "Nord", second, 34, 3]]


def test_variables_beside_maxqdas_segments_repeat_the_document(folder: Path) -> None:
    project = read_coded(book(folder / "m.xlsx", Segmente=variables("P1")))
    assert project.documents[0].attributes == {"Alter": "34"}
    assert "columns that count a document's codes are not read" in project.deviations
    with pytest.raises(UnreadableProject, match="row 2: two columns name its document, and differ") as refused:
        read_coded(book(folder / "n.xlsx", Segmente=variables("Zebulon")))
    assert "Zebulon" not in str(refused.value)


def test_documents_of_one_name_in_two_groups_are_two(tmp_path: Path) -> None:
    south = [each if each != "Nord" else "South" for each in ROW[:8]] + ["came twice & stayed", *ROW[9:]]
    path = book(tmp_path / "m.xlsx", Segmente=[[*MAXQDA["Deutsch"].split("|")], ROW, south])
    project = read_coded(path)
    assert [(each.name, each.groups, each.text) for each in project.documents] == [
        ("Nord / P1", ("Nord",), "said it helps"),
        ("South / P1", ("South",), "came twice & stayed"),
    ]
    assert any("`group / name`" in each for each in project.deviations)
    for group, text in (("Nord", TEXT), ("South", "They came twice & stayed.")):
        (tmp_path / group).mkdir()
        csv(tmp_path / group / "P1.txt", text)
    assert [each.checked for each in read_coded(path).codings] == ["exact", "exact"]


def test_an_area_without_words_codes_no_whole_document(folder: Path) -> None:
    area = [*ROW[:8], "", *ROW[9:]]
    for texts in (True, False):
        if not texts:
            (folder / "P1.txt").unlink()
        project = read_coded(book(folder / "m.xlsx", Segmente=[[*MAXQDA["Deutsch"].split("|")], ROW, area]))
        assert [each.quote for each in project.codings] == ["said it helps"]
        assert len(project.quarantined) == 1


# ---- ATLAS.ti -----------------------------------------------------------------------------------------------------

ATLAS = ["ID", "Document", "Quotation Name", "Quotation Content", "Codes", "Reference"]


def test_codes_one_a_line_need_neither_a_count_nor_a_codebook(folder: Path) -> None:
    rows: Cells = [ATLAS, ["1:1", "P1", "", "said it helps", "Help\nVisits, at home", "1"]]
    rows.append(["1:2", "P1", "", "came twice & stayed", "Visits, at home", "2"])
    assert codes_of(read_coded(book(folder / "q.xlsx", Q=rows))) == [
        (("Help",), "said it helps"),
        (("Visits, at home",), "said it helps"),
        (("Visits, at home",), "came twice & stayed"),
    ]
    with pytest.raises(UnreadableProject, match="row 2: its codes cannot be told apart"):
        read_coded(book(folder / "r.xlsx", Q=[rows[0], rows[2]]))


def test_bullets_and_counts_are_no_part_of_a_code_nor_numbers_of_a_document(folder: Path) -> None:
    rows: Cells = [ATLAS, ["1:1", "D 1: P1", "", "said it helps", "● Help Gr=12\n○ Visits Gr=3", "1"]]
    project = read_coded(book(folder / "q.xlsx", Q=rows))
    assert codes_of(project) == [(("Help",), "said it helps"), (("Visits",), "said it helps")]
    assert [(each.name, each.excerpts_only) for each in project.documents] == [("P1", False)]
    other: Cells = [ATLAS, ["1:1", "1: P1", "", "said it helps", "Help", "1"], ["7:1", "2: P1", "", "x", "Help", "1"]]
    assert read_coded(book(folder / "r.xlsx", Q=other)).documents[0].name == "1: P1"


def test_a_sheet_for_each_code_is_one_list(folder: Path) -> None:
    both = ["1:1", "P1", "", "said it helps", "Help\nVisits", "1"]
    sheets: dict[str, Cells] = {
        "Help": [ATLAS, both],
        "Visits": [ATLAS, both, ["1:2", "P1", "", "came twice & stayed", "Visits", "2"]],
    }
    project = read_coded(book(folder / "q.xlsx", **sheets))
    assert [path for path, _ in codes_of(project)] == [("Help",), ("Visits",), ("Visits",)]
    assert "its 2 sheets are read as one list; what two of them hold counts once" in project.deviations
    lacking: Cells = [[*ATLAS[:4], "Comment"], ["1:1", "P1", "", "said it helps", ""]]
    with pytest.raises(UnreadableProject, match=r"lists passages, but not their codes. Export it with the column"):
        read_coded(book(folder / "r.xlsx", Help=lacking, Visits=lacking))


# ---- lists of any tool --------------------------------------------------------------------------------------------

LISTS = {
    "QualCoder": "Codename,Filename,Coder,Text,Pos0,Pos1,Memo|help,P1.txt,ann,said it helps,4,17,",
    "Requal": (
        "project_name,doc_id,doc_name,code_id,code_name,segment_id,segment_start,segment_end,segment_text,user_name|"
        "x,1,P1,1,help,1,5,17,said it helps,ann"
    ),
    "Delve": "Code,Transcript,Snippet,Coded By|help,P1,said it helps,ann",
    "Quirkos": "Quirk,Text,Source,Author,Date|help,said it helps,P1,ann,25/03/2025",
    "Dovetail": "Highlight ID,Text,Tags,Note title,Created by,Created at|1,said it helps,help,P1,ann,2025-03-25",
    "Deutsch": "Dokument;Textstelle;Kode;Codiert von|P1;said it helps;help;ann",
    "by hand": "Participant,Quote,Theme,Coder|P1,said it helps,help,ann",
}


@pytest.mark.parametrize("tool", LISTS)
def test_a_list_of_coded_passages_of_any_tool(folder: Path, tool: str) -> None:
    project = read_coded(
        csv(folder / "list.csv", LISTS[tool].replace("|", "\n") + "\n"), wanted=Wanted(format="passages")
    )
    assert codes_of(project) == [(("help",), "said it helps")]
    assert [each.checked for each in project.codings] == ["exact"]
    assert told(project)[0][3] == "ann"
    assert all(document.attributes == {} for document in project.documents)


def test_positions_help_only_where_they_count_characters(folder: Path) -> None:
    twice = TEXT.replace("Then it helps again.", "Then said it helps.")
    csv(folder / "P1.txt", twice)
    head = "Document,Code,Snippet,Start,End\n"
    second = twice.rindex("said it helps")
    project = read_coded(csv(folder / "a.csv", f"{head}P1,help,said it helps,{second},{second + 13}\n"))
    assert [each.start for each in project.codings] == [second]
    project = read_coded(csv(folder / "b.csv", f"{head}P1,help,came twice,2,2\nP1,help,said it helps,1,1\n"))
    assert [each.quote for each in project.codings] == ["came twice"]
    assert "several places" in project.quarantined[0].reason
    assert any("positions that do not count characters" in each for each in project.deviations)


def test_a_theme_beside_a_code_is_above_it(folder: Path) -> None:
    rows = "P1,said it helps,Support,help\nP1,came twice & stayed,Support,\nP1,Then it,,time > late\nP1,She,,\n"
    project = read_coded(csv(folder / "l.csv", "Interview,Quote,Theme,Code\n" + rows))
    assert [path for path, _ in codes_of(project)] == [("Support", "help"), ("Support",), ("time", "late")]
    assert "a passage has no code; left out" in project.deviations


@pytest.mark.parametrize(
    ("cell", "alone", "several", "expected"),
    [
        ("help", (), True, ("help",)),
        ("help\nvisit, home", (), False, ("help", "visit, home")),
        ("help; visit", (), True, ("help", "visit")),
        ("help|visit|help", (), True, ("help", "visit")),
        ("help,visit", ("help", "visit"), True, ("help", "visit")),
        ("trust, safety", ("trust, safety", "help"), False, ("trust, safety",)),
        ("", (), True, ()),
    ],
)
def test_codes_in_a_cell_of_a_tool_that_is_not_known(
    cell: str, alone: tuple[str, ...], several: bool, expected: tuple[str, ...]
) -> None:
    assert joined_codes(cell, alone, (), several=several) == expected


@pytest.mark.parametrize(
    ("cell", "alone", "several"),
    [("help, visit", ("help",), True), ("help, visit", ("help", "visit"), False), ("a; b", ("a", "b"), False)],
)
def test_one_code_or_several_is_not_guessed(cell: str, alone: tuple[str, ...], several: bool) -> None:
    with pytest.raises(CannotTell):
        joined_codes(cell, alone, (), several=several)
    assert joined_codes(cell, alone, (cell,), several=several) == (cell,)


def test_codes_in_doubt_are_refused_by_row_and_column(folder: Path) -> None:
    rows = 'P1,said it helps,help\nP1,came twice & stayed,"help, visit"\n'
    path = csv(folder / "l.csv", "Document,Highlight,Tags\n" + rows)
    with pytest.raises(UnreadableProject, match=r'row 3, column "Tags": a cell may hold one code or several. Send one'):
        read_coded(path)
    codes = csv(folder / "codes.csv", "code,description\nhelp,\nvisit,\n")
    assert len(read_coded(path, wanted=Wanted(codebook=codes)).codings) == 3


def test_a_list_arrives_with_a_drop(tmp_path: Path) -> None:
    drop = pilot(tmp_path, "said.xlsx", "{format: passages, documents: people.csv}")
    rows: Cells = [["Quirk", "Text", "Source", "Author"], ["help", "said it helps", "P1", "ann"]]
    book(drop / "said.xlsx", Quotes=rows)
    (drop / "P1.txt").write_text(TEXT, "utf-8")
    (drop / "people.csv").write_text("document,case,site,role\nP1,P1,north,participant\n", "utf-8")
    documents, codings = arrived(site_of(tmp_path))
    assert documents == [("participant", True, TEXT)]
    assert codings == [("help", "said it helps", "exact", None, "said it helps")]


# ---- positions that count from 1 ----------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [0, 1])
def test_positions_that_count_from_1_are_told_by_the_words(folder: Path, last: int) -> None:
    quotes = ["said it helps", "came twice & stayed", "Then it helps"]
    rows = [f"P1,{TEXT.index(q) + 1},{TEXT.index(q) + len(q) + last},help,{q}\n" for q in quotes]
    project = read_coded(csv(folder / "c.csv", "document,start,end,code,quote\n" + "".join(rows)))
    assert [each.quote for each in project.codings] == quotes
    assert "positions count from 1, as the passages' own words show; read so" in project.deviations
    # One row that is where it says shows that the file counts from 0.
    long = "Then it helps again"
    honest = f"P1,{TEXT.index(long)},{TEXT.index(long) + len(long)},help,{long}\n"
    mixed = read_coded(csv(folder / "d.csv", "document,start,end,code,quote\n" + rows[0] + honest))
    assert [each.quote for each in mixed.codings] == [long]


def test_no_end_inside_a_word_is_taken_on_the_word_of_passages_in_doubt(folder: Path) -> None:
    spans = [
        (TEXT.index(q) + 1, TEXT.index(q) + len(q) + 1) for q in ("said it helps", "came twice & stayed", "Then it")
    ]
    rows = "".join(f"P1,{start},{end},help\n" for start, end in spans)
    project = read_coded(csv(folder / "c.csv", "document,start,end,code\n" + rows))
    assert not [each.quote for each in project.codings if each.checked == "failed"]


# ---- RQDA ---------------------------------------------------------------------------------------------------------

RQDA = """
CREATE TABLE source (name text, id integer, file text, memo text, owner text, date text, dateM text, status integer);
CREATE TABLE freecode (name text, memo text, owner text, date text, dateM text, id integer, status integer, color text);
CREATE TABLE coding (cid integer, fid integer, seltext text, selfirst real, selend real, status integer, owner text,
    date text, memo text);
CREATE TABLE codecat (name text, cid integer, catid integer, owner text, date text, dateM text, memo text,
    status integer);
CREATE TABLE treecode (cid integer, catid integer, date text, dateM text, memo text, status integer, owner text);
CREATE TABLE cases (name text, memo text, owner text, date text, dateM text, id integer, status integer);
CREATE TABLE caselinkage (caseid integer, fid integer, selfirst real, selend real, status integer, owner text,
    date text, memo text);
CREATE TABLE caseAttr (variable text, value text, caseID integer, date text, dateM text, owner text, status integer);
INSERT INTO freecode VALUES ('help', 'What helps', 'ann', '', '', 1, 1, NULL), ('gone', '', 'ann', '', '', 2, 0, NULL);
INSERT INTO codecat VALUES ('Good', NULL, 1, '', '', '', '', 1);
INSERT INTO treecode VALUES (1, 1, '', '', '', 1, 'ann');
INSERT INTO cases VALUES ('P1', '', '', '', '', 1, 1), ('P2', '', '', '', '', 2, 1);
INSERT INTO caseAttr VALUES ('Site', 'north', 1, '', '', '', 1), ('Role', 'participant', 1, '', '', '', 1);
INSERT INTO source VALUES ('Talk 2', 2, 'Nothing coded.', '', '', '', '', 1);
"""


def rqda(path: Path, *extra: str, cases: int = 1) -> Path:
    """Write an RQDA project: one text of one case, or of two, with two codings, and one of a code that was deleted."""
    where = [(q, float(TEXT.index(q)), float(TEXT.index(q) + len(q))) for q in ("said it helps", "came twice & stayed")]
    middle = float(TEXT.index("She"))
    parts = [(1, 0.0, float(len(TEXT)))] if cases == 1 else [(1, 0.0, middle), (2, middle, float(len(TEXT)))]
    return database(
        path,
        RQDA,
        ("INSERT INTO source VALUES ('Talk', 1, ?, '', '', '', '', 1)", (TEXT,)),
        *(("INSERT INTO caselinkage VALUES (?, 1, ?, ?, 1, '', '', '')", part) for part in parts),
        *(
            ("INSERT INTO coding VALUES (1, 1, ?, ?, ?, 1, 'ann', 'Tue Mar 25 00:00:00 2025', 'm')", each)
            for each in where
        ),
        "INSERT INTO coding VALUES (2, 1, 'Zo', 0, 2, 1, 'ann', '', ''), (1, 1, 'Zo', 0, 2, 0, 'ann', '', '')",
        *extra,
    )


def test_an_rqda_project(tmp_path: Path) -> None:
    project = read_coded(rqda(tmp_path / "study.rqda"), wanted=Wanted(format="rqda"))
    assert codes_of(project) == [(("Good", "help"), "said it helps"), (("Good", "help"), "came twice & stayed")]
    assert {(each.checked, each.created, each.memo) for each in project.codings} == {("exact", MARCH, "m")}
    assert [(each.name, each.case_names, each.excerpts_only) for each in project.documents] == [
        ("Talk 2", (), False),
        ("Talk", ("P1",), False),
    ]
    assert {case.name: dict(case.attributes) for case in project.cases} == {
        "P1": {"Site": "north", "Role": "participant"},
        "P2": {},
    }
    assert "a coding of a code or text that was deleted is left out" in project.deviations


def test_two_people_in_one_text_of_rqda_are_told_apart(tmp_path: Path) -> None:
    project = read_coded(rqda(tmp_path / "study.rqda", cases=2))
    assert [project.cases_of(each) for each in project.codings] == [("P1",), ("P2",)]


def test_an_rqda_project_arrives_with_a_drop(tmp_path: Path) -> None:
    path = pilot(tmp_path, "study.rqda", "{format: rqda, site: Site, role: Role}") / "study.rqda"
    rqda(path, "INSERT INTO caselinkage VALUES (1, 2, 0, 14, 1, '', '', '')")
    documents, codings = arrived(site_of(tmp_path))
    assert documents == [("participant", True, "Nothing coded."), ("participant", True, TEXT)]
    assert [each[:3] for each in codings] == [
        ("Good / help", "said it helps", "exact"),
        ("Good / help", "came twice & stayed", "exact"),
    ]


# ---- what is refused, and what to do ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("project.qde", '<?xml version="1.0"?><Project xmlns="urn:QDA-XML:project:1.0"/>', "Send the project itself"),
        ("c.qdc", '<?xml version="1.0"?><CodeBook xmlns="urn:QDA-XML:codebook:1.0"/>', "is a codebook: it holds codes"),
        ("hu.xml", '<?xml version="1.0"?><storedHU name="x"/>', "an XML export of ATLAS.ti 7"),
        ("a.xmi", '<?xml version="1.0"?><xmi:XMI/>', "UIMA XMI"),
        ("a.xml", '<?xml version="1.0"?><TEI/>', "TEI"),
        ("o.xml", '<?xml version="1.0"?><other/>', "an XML file of a kind that is not read here"),
        ("a.tsv", "#FORMAT=WebAnno TSV 3.3\n", "WebAnno"),
        ("d.jsonl", '{"id": 1, "text": "Zebulon", "label": [[0, 3, "x"]]}\n', "Label Studio, doccano and INCEpTION"),
        ("l.csv", 'text,id,label\nZebulon,1,"[{""start"":4,""end"":17}]"\n', "a table of annotations in JSON"),
        ("x.mex", "\x00\x01", "a project in the format of MAXQDA"),
        ("x.f4project", "x", "a project in the format of f4analyse"),
        ("x.csv", "a,b\nZebulon,2\n", "columns for document, code and passage"),
        ("h.xml", '<?xml version="1.0"?>' + "<!x>" * 9_000, "an XML file of a kind"),
    ],
)  # fmt: skip
def test_other_tools_files_say_what_to_send_instead(tmp_path: Path, name: str, content: str, words: str) -> None:
    with pytest.raises(UnreadableProject, match=words) as refused:
        read_coded(csv(tmp_path / name, content))
    assert "Zebulon" not in str(refused.value)


def test_word_documents_say_what_to_send_instead(tmp_path: Path) -> None:
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    comments = f"<w:comments {space}><w:p><w:r><w:t>Codes (485-522)</w:t></w:r></w:p></w:comments>"
    for name, words in (
        ("a.docx", "without NVivo's references"),
        ("b.docx", "as Dedoose writes it. Export the excerpts"),
    ):
        with zipfile.ZipFile(tmp_path / name, "w") as packed:
            packed.writestr("word/document.xml", f"<w:document {space}><w:body/></w:document>")
            if name == "b.docx":
                packed.writestr("word/comments.xml", comments)
        with pytest.raises(UnreadableProject, match=words):
            read_coded(tmp_path / name)
    with pytest.raises(UnreadableProject, match="does not say which codes lie below which"):
        read_codebook(tmp_path / "a.docx", name="a.docx")


def test_a_table_in_another_encoding_says_how_it_is_read(folder: Path) -> None:
    text = "Document,Code,Quote\nP1,help,Zoë said it helps\n"
    path = csv(folder / "l.csv", text, "cp1252")
    with pytest.raises(UnreadableProject, match=r"not UTF-8.*add `encoding: cp1252`"):
        read_coded(path)
    assert [each.checked for each in read_coded(path, wanted=Wanted(encoding="cp1252")).codings] == ["exact"]


# ---- codebooks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Code,Memo\nHelp,x\nHelp > At home,y\nTrust\\Doubt,z\n", ["Help", "Help/At home", "Trust/Doubt"]),
        ("Code,Memo\nless > more,x\n", ["less > more"]),
        ("Parent code,Code,Memo\n,Help,\nHelp,Home,\nHelp > Home,Night,\n", ["Help", "Help/Home", "Help/Home/Night"]),
        ("Parent code,Code,Memo\n,Help,\n,Trust,\nHelp,Other,x\nTrust,Other,y\n",
         ["Help", "Trust", "Help/Other", "Trust/Other"]),
        ("Obercode;Code;Code-Memo\n;Hilfe;\nHilfe;Haus;x\n", ["Hilfe", "Hilfe/Haus"]),
        ("Kode;Kommentar;Kodegruppe 1\nHilfe;x;G\nHilfe: Haus;y;G\n", ["Hilfe", "Hilfe/Haus"]),
        ("Id,Parent Id,Depth,Title,Description\n1,,0,Help,x\n2,1,1,At home,y\n", ["Help", "Help/At home"]),
        ("Name,Hierarchical Name,Memo\nHelp,Nodes\\\\Help,x\nHome,Nodes\\\\Help\\\\Home,y\n", ["Help", "Help/Home"]),
        ("Theme,Sub-theme,Definition\nHelp,Home,x\nHelp,Away,y\n", ["Help/Home", "Help/Away"]),
        ("Theme,Description\nHelp,x\n", ["Help"]),
        ("code_name,code_description,code_color\nHelp,x,#fff\n", ["Help"]),
    ],
)  # fmt: skip
def test_codebooks_that_tools_write(tmp_path: Path, text: str, expected: list[str]) -> None:
    codes = read_codebook(csv(tmp_path / "c.csv", text), name="c.csv")
    assert ["/".join(code.path) for code in codes] == expected
