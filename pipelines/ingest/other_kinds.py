"""Kinds of files that are not read here: what each is, and how whoever has it saves it as one that is.

Kinds that are read are in files. Nothing here opens a file of such a kind.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.refusal import Refusal

READ_HERE = "Send it as CSV, XLSX, ODS, Parquet or SQLite."
UNPACK = "Unpack it and send the files themselves, or send one .zip."
RESAVE = 'Open it in a spreadsheet program, check what it shows, and save it as "Excel workbook (.xlsx)".'
LABELS = "Save codes, not labels, unless the protocol lists the labels as codes."
OTHER_KINDS = {
    **dict.fromkeys((".sav", ".zsav", ".por"), ("SPSS data", f"In SPSS: File, Save as, CSV. {LABELS}")),
    ".dta": ("Stata data", f"In Stata: export delimited using cases.csv, nolabel datafmt. {LABELS}"),
    **dict.fromkeys(
        (".rds", ".rda", ".rdata"), ("data of R", 'In R: write.csv(data, "cases.csv", row.names = FALSE).')
    ),
    **dict.fromkeys((".sas7bdat", ".xpt"), ("SAS data", 'In SAS: proc export data=... outfile="cases.csv" dbms=csv.')),
    **dict.fromkeys(
        (".feather", ".arrow", ".ipc"), ("an Arrow file", "Send it as Parquet: in Python, data.to_parquet(...).")
    ),
    **dict.fromkeys((".pkl", ".pickle"), ("a Python pickle, which may run programs", "Send it as CSV or Parquet.")),
    **dict.fromkeys((".mdb", ".accdb"), ("an Access database", "In Access: export the table as an Excel workbook.")),
    ".dbf": ("a dBase table", RESAVE),
    **dict.fromkeys((".xlsb", ".xltx", ".xltm", ".xlt"), ("a workbook in a form of its own", RESAVE)),
    **dict.fromkeys((".numbers", ".pages"), ("a document of Apple's", "In Numbers: File, Export to, CSV or Excel.")),
    **dict.fromkeys((".gsheet", ".gdoc"), ("a link to an online document", "Download it as CSV or XLSX.")),
    **dict.fromkeys((".url", ".lnk", ".webloc"), ("a link", "Send the file that it leads to.")),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), ("JSON", "Ask for one row for each record, as CSV.")),
    ".xml": ("XML", "Ask for one row for each record, as CSV."),
    **dict.fromkeys((".html", ".htm", ".mht", ".mhtml"), ("a web page", RESAVE)),
    **dict.fromkeys((".pdf", ".doc", ".docx", ".odt", ".rtf"), ("a document", READ_HERE)),
    **dict.fromkeys((".eml", ".msg"), ("an e-mail", "Save what is attached to it, and send that.")),
    **dict.fromkeys((".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst"), ("a packed file", UNPACK)),
    **dict.fromkeys(
        (".gpg", ".pgp", ".age", ".p7m"), ("encrypted", "Decrypt it, and put what was in it into the drop.")
    ),
    **dict.fromkeys((".tmp", ".part", ".crdownload", ".bak"), ("a file that a program has not finished", READ_HERE)),
}
"""By ending, what a file is and what to do."""
DISGUISED = {
    b"<!doctype html": "a web page",
    b"<html": "a web page",
    b"<table": "a web page",
    b"<?xml": "XML",
    b"{\\rtf": "a document (RTF)",
    b'{"': "JSON",
    b"[{": "JSON",
}
"""By its first letters, what a file is that calls itself a text."""


def of_another_kind(path: Path) -> Refusal:
    """Say what a file of another kind is, by its ending, and how to save it instead."""
    what, remedy = OTHER_KINDS.get(path.suffix.lower(), ("", READ_HERE))
    said = (
        f"{path.name} is {what}, which is not read here."
        if what
        else f"{path.name} is of a kind that is not read here."
    )
    return Refusal(said, remedy)


def disguise(start: bytes) -> str:
    """Return what a file is that calls itself a text and begins as no table does; nothing where it may be one."""
    begins = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((what for letters, what in DISGUISED.items() if begins.startswith(letters)), "")
