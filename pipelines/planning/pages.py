"""The design report as Markdown and as a web page that needs nothing beside itself."""

from __future__ import annotations

from html import escape
from pathlib import Path

from pipelines.planning.report import DesignReport, PlanTable

PAGE, TEXT = "design.html", "design.md"
STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1rem 4rem; color: #1c2126; background: #fff;
  font: 1rem/1.55 system-ui, "Segoe UI", Roboto, Arial, sans-serif; overflow-wrap: break-word; }
h1, h2 { color: #12436d; line-height: 1.25; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
caption { text-align: left; font-weight: 650; padding-bottom: .35rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .9rem .4rem 0; font-weight: 400; }
thead th { font-weight: 650; border-bottom: 1px solid #12436d; }
tbody tr + tr > * { border-top: 1px solid #cfd6dc; }
.note { color: #505a5f; font-size: .9375rem; }
"""


def write_design(report: DesignReport, folder: Path) -> tuple[Path, Path]:
    """Write the report as design.html and design.md.

    Parameters
    ----------
    report : the report.
    folder : where the files go; it is made when missing.

    Returns
    -------
    Paths of the two files; equal protocols give equal bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page, text = folder / PAGE, folder / TEXT
    page.write_text(html(report), encoding="utf-8")
    text.write_text(markdown(report), encoding="utf-8")
    return page, text


def markdown(report: DesignReport) -> str:
    """Return the report as Markdown."""
    parts = [f"# {_safe(report.title)}", *(_safe(one) for one in report.lead)]
    if report.missing:
        parts += ["## What was not said", "\n".join(f"- {_safe(one)}" for one in report.missing)]
    for table in report.tables:
        parts += [f"## {table.title}", _rows(table), table.note]
    return "\n\n".join(part for part in parts if part) + "\n"


def _rows(table: PlanTable) -> str:
    lines = [table.head, tuple("---" for _ in table.head), *table.rows]
    return "\n".join("| " + " | ".join(_safe(cell).replace("|", "/") for cell in line) + " |" for line in lines)


def _safe(text: str) -> str:
    return " ".join(text.split()).replace("<", "‹").replace(">", "›")


def html(report: DesignReport) -> str:
    """Return the report as a page in HTML."""
    lead = "".join(f"<p>{escape(one)}</p>\n" for one in report.lead)
    missing = "".join(f"<li>{escape(one)}</li>\n" for one in report.missing)
    said = f"<h2>What was not said</h2>\n<ul>\n{missing}</ul>\n" if missing else ""
    tables = "".join(_table(table) for table in report.tables)
    return (
        f'<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(report.title)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(report.title)}</h1>\n{lead}{said}{tables}</main>\n"
        "</body>\n</html>\n"
    )


def _table(table: PlanTable) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.head)
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>\n'
        for row in table.rows
    )
    note = f'<p class="note">{escape(table.note)}</p>\n' if table.note else ""
    return (
        f"<table>\n<caption><h2>{escape(table.title)}</h2></caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{rows}</tbody>\n</table>\n{note}"
    )
