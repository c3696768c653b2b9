"""Coded interviews of any tool from a drop to published tables: the same codings arrive, whatever wrote the file."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from pipelines import keys
from pipelines.ingest import receive
from pipelines.ingest.drops import drops
from pipelines.ingest.pseudonyms import pseudonym
from pipelines.refusal import Refusal
from pipelines.validation.publish import publish
from pipelines.warehouse import open_warehouse
from pipelines.workspace import PilotSite, Workspace
from tests.spec.coded_files import TEXT, qualcoder, taguette

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites:
  north: {title: North}
  south: {title: South}
population: {description: people}
intervention: {name: x}
extracts:
  people:
    noun: cases
    file: cases.csv
    columns: {person: Case, site: Site}
  said:
    noun: interviews
    file: FILE
    coded:
      CODED
"""
PEOPLE = "Case,Site\n" + "".join(f"P{number},{site}\n" for number, site in enumerate(["north", "south"] * 6, start=1))
SAID = [("said it helps", 1, "Ann"), ("came twice & stayed", 2, "ben"), ("helps again", 1, "Ann")]
CODERS = "coders: {ANN: peer_researcher, Ben: practitioner}"


def pilot(root: Path, file: str, coded: str = CODERS) -> Path:
    """Write a pilot; return the folder of its one drop."""
    folder = root / "pilots" / "first"
    drop = folder / "drops" / "2026-03-01"
    drop.mkdir(parents=True)
    (folder / "protocol.yml").write_text(PROTOCOL.replace("FILE", f'"{file}"').replace("CODED", coded), "utf-8")
    (drop / "cases.csv").write_text(PEOPLE, "utf-8")
    return drop


def site_of(root: Path, name: str = "north") -> PilotSite:
    """Let a drop settle; return a site."""
    settled = time.time() - 60
    for path in root.rglob("*"):
        if path.is_file():
            os.utime(path, (settled, settled))
    return Workspace(root).site("first", name)


def arrived(site: PilotSite, layer: str = "raw") -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Receive documents and codings; return role, whether P1 speaks, and text of each, and what matters of codings."""
    for noun in ("documents", "codings"):
        receive(site, noun)
    first = pseudonym(keys.derived(keys.key(site.workspace, "pseudonym"), "first"), "P1")
    with open_warehouse(site) as connection:
        documents = connection.execute(
            f"SELECT role, person_key = '{first}', text FROM {layer}.documents ORDER BY text"
        )
        said = documents.fetchall()
        codings = connection.execute(
            "SELECT code_path, quote, checked, coder_role, substring(text, start_at + 1, end_at - start_at)"
            f" FROM {layer}.codings JOIN {layer}.documents USING (document_key) ORDER BY start_at, code_path"
        )
        return said, codings.fetchall()


def published(site: PilotSite) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Publish documents and codings through every check; return what matters of them."""
    for noun in ("cases", "consents", "documents", "codings"):
        receive(site, noun)
        assert not publish(site, noun).refusal
    return arrived(site, "validated")


def expected(first: str, second: str) -> list[tuple[object, ...]]:
    """Return the codings of SAID under the paths of a tool."""
    return [
        (first, "said it helps", "exact", "peer_researcher", "said it helps"),
        (second, "came twice & stayed", "exact", "practitioner", "came twice & stayed"),
        (first, "helps again", "exact", "peer_researcher", "helps again"),
    ]


def test_a_taguette_database_with_a_register_of_documents(tmp_path: Path) -> None:
    drop = pilot(tmp_path, "*.sqlite3", f"{CODERS}\n      documents: people.csv")
    taguette(drop / "any name.sqlite3", SAID, name="interview one.docx")
    (drop / "people.csv").write_text(
        "document,case,site,role\nInterview one,P1,north,Participant\nx,P2,south,\n", "utf-8"
    )
    documents, codings = published(site_of(tmp_path))
    assert documents == [("participant", True, TEXT)]
    assert codings == expected("help", "help.visit")


def test_a_taguette_database_of_several_sites_says_where_its_documents_belong(tmp_path: Path) -> None:
    drop = pilot(tmp_path, "*.sqlite3")
    taguette(drop / "server.sqlite3", SAID)
    with pytest.raises(Refusal, match=r"does not say which site.*coded: documents"):
        receive(site_of(tmp_path), "documents")


@pytest.mark.parametrize("file", ["*.qda", "folder/early.qda"])
def test_a_qualcoder_folder(tmp_path: Path, file: str) -> None:
    drop = pilot(tmp_path, file)
    folder = qualcoder(drop / ("folder/early.qda" if "/early" in file else "early.qda"), SAID)
    (folder / "documents").mkdir()
    (folder / "documents" / "P1.txt").write_text(TEXT, "utf-8")
    documents, codings = arrived(site_of(tmp_path))
    assert documents == [("participant", True, TEXT)]
    assert codings == expected("Outer / Inner / help", "Outer / Inner / help / visit")
    assert receive(site_of(tmp_path, "south"), "documents").rows == 0


@pytest.mark.parametrize("file", ["early.zip", "early.qda"])
def test_a_zipped_qualcoder_folder_without_its_key_to_who_people_are(tmp_path: Path, file: str) -> None:
    drop = pilot(tmp_path, file)
    folder = qualcoder(tmp_path / "elsewhere" / "early.qda", SAID)
    (folder / "pseudonyms.json").write_text('{"P1": "Zoe Quill-Marten"}', "utf-8")
    shutil.make_archive(str(drop / "early"), "zip", folder.parent)
    site = site_of(tmp_path)
    assert len(arrived(site)[1]) == 3
    assert "pseudonyms.json lies beside the project" in receive(site, "documents").table
    assert not any("pseudonyms" in one.shown for each in drops(site.workspace, "first") for one in each.dropped)


def test_the_key_to_who_people_are_is_no_part_of_a_drop(tmp_path: Path) -> None:
    drop = pilot(tmp_path, "early.qda")
    folder = qualcoder(drop / "early.qda", SAID)
    (folder / "Pseudonyms.json").write_text('{"P1": "Zoe Quill-Marten"}', "utf-8")
    (folder / "pseudonyms.json").write_text('{"P1": "Zoe Quill-Marten"}', "utf-8")
    site = site_of(tmp_path)
    assert "It was not read" in receive(site, "documents").table
    written = [p for p in tmp_path.rglob("*") if p.is_file() and drop not in p.parents]
    assert not any(b"Quill" in path.read_bytes() or b"seudonyms.json" in path.read_bytes() for path in written)


def test_coders_whose_names_differ_from_the_protocols_are_counted_not_named(tmp_path: Path) -> None:
    drop = pilot(tmp_path, "early.qda", "coders: {ann: researcher, benn: practitioner}")
    qualcoder(drop / "early.qda", SAID)
    table = receive(site_of(tmp_path), "codings").table
    assert "names, 1 did not code here; 1 who coded have no role in the protocol." in table
    assert "ben" not in table


def test_codings_csv_with_transcripts_beside_it(tmp_path: Path) -> None:
    drop = pilot(tmp_path, "coding/*")
    (drop / "coding").mkdir()
    rows = ["document,start,end,code,coder,date,quote,case,site,role"]
    for quote, code, coder in (("said it helps", "help", "Ann"), ("came twice & stayed", "help / visit", "ben")):
        at = TEXT.index(quote)
        rows.append(f"P1,{at},{at + len(quote)},{code},{coder},2026-02-01,{quote},P1,north,participant")
    rows.append("P1,,,help,Ann,2026-02-01,helps again,P1,north,participant")
    (drop / "coding" / "codings.csv").write_text("\n".join(rows) + "\n", "utf-8")
    (drop / "coding" / "P1.txt").write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    documents, codings = arrived(site_of(tmp_path))
    assert documents == [("participant", True, TEXT)]
    assert codings == expected("help", "help / visit")


def test_a_table_without_transcripts_gives_quotes_that_could_not_be_checked(tmp_path: Path) -> None:
    drop = pilot(tmp_path, "quotes.csv")
    rows = "document,code,quote,case,site\nP1,help,it helps,P1,north\nP1,visit,came twice,P1,north\n"
    (drop / "quotes.csv").write_text(rows, "utf-8")
    documents, codings = published(site_of(tmp_path))
    assert documents == [("participant", True, "it helps\n\ncame twice")]
    assert [coding[1:3] for coding in codings] == [("it helps", "no-text"), ("came twice", "no-text")]


def test_the_person_and_the_site_are_the_attributes_that_the_protocol_names(tmp_path: Path) -> None:
    drop = pilot(tmp_path, "early.qda", "person: Case Number\n      site: Area\n      role: Who")
    extra = [
        "UPDATE cases SET name = 'Interviewee A'",
        "UPDATE attribute SET name = 'AREA' WHERE name = 'Site'",
        "UPDATE attribute SET name = 'who', value = 'STAFF' WHERE name = 'Role'",
        "INSERT INTO attribute VALUES (3, 'case number', 'case', 'P1', 1, '', '')",
    ]
    qualcoder(drop / "early.qda", SAID, *extra)
    assert arrived(site_of(tmp_path))[0] == [("staff", True, TEXT)]


def test_two_files_that_hold_the_same_codings_count_them_once(tmp_path: Path) -> None:
    drop = pilot(tmp_path, "*.qda")
    qualcoder(drop / "wave 1.qda", SAID[:2])
    qualcoder(drop / "wave 2.qda", SAID)
    documents, codings = arrived(site_of(tmp_path))
    assert len(documents) == 1
    assert [coding[1] for coding in codings] == ["said it helps", "came twice & stayed", "helps again"]


def test_what_a_later_wave_says_of_a_person_holds_in_the_earlier_one(tmp_path: Path) -> None:
    drop = pilot(tmp_path, "*.qda")
    qualcoder(drop / "wave 1.qda", SAID[:2], "DELETE FROM case_text", "UPDATE code_text SET owner = ''")
    qualcoder(drop / "wave 2.qda", SAID, "UPDATE code_text SET owner = ''")
    documents, codings = arrived(site_of(tmp_path))
    assert documents == [("participant", True, TEXT)]  # its case, and not the document besides
    assert [coding[1] for coding in codings] == ["said it helps", "came twice & stayed", "helps again"]


def test_what_belongs_to_no_case_of_a_group_is_said_by_the_document_itself(tmp_path: Path) -> None:
    drop = pilot(tmp_path, "early.qda")
    qualcoder(drop / "early.qda", SAID, "UPDATE case_text SET pos1 = 20", "UPDATE attribute SET attr_type = 'file'")
    documents, codings = arrived(site_of(tmp_path))
    assert [person for _, person, _ in documents].count(True) == 1
    assert len(documents) == 2
    assert len(codings) == 3


@pytest.mark.parametrize(
    ("coded", "words"),
    [
        ("format: dedoose", "early.qda is a QualCoder project, but Dedoose's list of excerpts is declared"),
        ("documents: nobody.csv", "has no file nobody.csv, which the protocol names for said"),
        ("documents: cases.csv", "cases.csv cannot be read: it is no table with a column `document`"),
    ],
)
def test_what_is_not_as_the_protocol_says_is_refused(tmp_path: Path, coded: str, words: str) -> None:
    drop = pilot(tmp_path, "early.qda", coded)
    qualcoder(drop / "early.qda", SAID)
    with pytest.raises(Refusal) as refused:
        receive(site_of(tmp_path), "documents")
    assert words in str(refused.value)
