"""The finished reports, to read in the browser beside the pipeline: files of workspace/reports and a list of them.

Making reports belongs in pipelines.reporting; who may look, in assets.guard.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from itertools import groupby
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from assets.guard import page
from assets.telling import REPORTS_URL
from pipelines.workspace import Workspace

WORDS = {
    "pilot.html": "All sites together (web page)",
    "pilot.pdf": "All sites together (PDF)",
    "report.html": "Evaluation report (web page)",
    "report.pdf": "Evaluation report (PDF)",
    "funder.html": "One page for funders (web page)",
    "funder.pdf": "One page for funders (PDF)",
    "tables.xlsx": "All tables (spreadsheet)",
}
"""What the files are, in the order of the list."""

HTML_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline' data:; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A report holds people's quotes, on the same origin as the pipeline's controls: no script may run in it."""

POLICIES = {".html": HTML_POLICY, ".pdf": "frame-ancestors 'none'", ".xlsx": "default-src 'none'"}
"""The kinds of file that are served at all. The browser's own PDF viewer needs styles and scripts of its own."""


def report_pages(workspace: Workspace) -> Starlette:
    """Return the application that serves the reports; mount it at REPORTS_URL."""
    workspace.reports_folder.mkdir(parents=True, exist_ok=True)

    def contents(_request: Request) -> Response:
        return page("Reports", _list(workspace) or "<p>No report has been made yet.</p>")

    return Starlette(routes=[Route("/", contents), Mount("/", _ReportFiles(directory=workspace.reports_folder))])


class _ReportFiles(StaticFiles):
    """Finished reports only: Starlette keeps to the folder, we keep to visible files of known kinds."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if not _is_report(PurePosixPath(path.replace("\\", "/"))):
            raise HTTPException(status_code=404)
        answer = await super().get_response(path, scope)
        answer.headers["Content-Security-Policy"] = POLICIES[PurePosixPath(path).suffix]
        answer.headers["Cache-Control"] = "no-cache"  # a report that was made again is shown, not the browser's copy
        if isinstance(answer, FileResponse) and path.endswith(".xlsx"):
            answer.headers["Content-Disposition"] = "attachment"
        return answer


def _is_report(path: PurePosixPath) -> bool:
    return path.suffix in POLICIES and not any(part.startswith((".", "_")) for part in path.parts)


def _list(workspace: Workspace) -> str:
    """Return the list as HTML: a heading for each pilot and site, below it the files and when they were made."""
    folders = groupby(_reports(workspace.reports_folder), key=lambda path: path.parent)
    sections = [_section(workspace, folder, list(files)) for folder, files in folders]
    return '<p><a href="/">Back to the pipeline</a></p>' + "".join(sections) if sections else ""


def _reports(root: Path) -> list[PurePosixPath]:
    order = list(WORDS)
    found = [PurePosixPath(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    rank = {name: place for place, name in enumerate(order)}
    return sorted(filter(_is_report, found), key=lambda path: (path.parent, rank.get(path.name, len(rank)), path))


def _section(workspace: Workspace, folder: PurePosixPath, files: list[PurePosixPath]) -> str:
    items = "".join(_item(workspace.reports_folder, path) for path in files)
    return f"<h2>{escape(_title(workspace, folder))}</h2><ul>{items}</ul>"


def _title(workspace: Workspace, folder: PurePosixPath) -> str:
    """Return a site's or pilot's name for readers; its key while the protocol cannot be read: reports still stand."""
    try:
        return workspace.pilot(*folder.parts).title if len(folder.parts) == 1 else workspace.site(*folder.parts).title
    except Exception:
        return " / ".join(folder.parts)


def _item(root: Path, path: PurePosixPath) -> str:
    made = datetime.fromtimestamp((root / path).stat().st_mtime).astimezone()
    link, words = f"{REPORTS_URL}/{quote(str(path))}", WORDS.get(path.name, path.name)
    when = f'<time datetime="{made:%Y-%m-%dT%H:%M:%S%z}">{made.day} {made:%B %Y, %H:%M}</time>'
    return f'<li><a href="{link}">{escape(words)}</a>, made {when}</li>'
