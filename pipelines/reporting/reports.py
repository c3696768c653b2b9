"""One bundle in, one report out: which file is rendered for whom, under which title."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pipelines.release.bundle import Evidence
from pipelines.reporting.evidence import open_bundle
from pipelines.reporting.sections.status import BANNER

Audience = Literal["site", "funder"]

SOURCES = Path(__file__).resolve().parents[2] / "reports"
_NAMES = {"site": "report", "funder": "funder"}
_SUBTITLES = {"site": "Evaluation report", "funder": "The pilot on one page"}


def render_reports(bundle: Path, folder: Path, audience: Audience) -> tuple[Path, Path]:
    """Render a site's report for one audience.

    Parameters
    ----------
    bundle : folder of the evidence bundle; nothing else is read.
    folder : where the files go; it is made when missing.
    audience : `site` writes report.html and report.pdf, `funder` writes funder.html and funder.pdf.

    Returns
    -------
    Paths of the HTML and of the PDF file. Equal bundles give equal bytes.

    Raises
    ------
    RenderFault
        In plain words; files of an earlier report still stand.
    """
    from pipelines.reporting.renderer import render

    evidence = open_bundle(bundle)
    html, pdf = (folder / f"{_NAMES[audience]}.{suffix}" for suffix in ("html", "pdf"))
    render(
        SOURCES / f"{audience}.qmd",
        parameters=_parameters(evidence, bundle),
        title=evidence.plan.title,
        subtitle=f"{_SUBTITLES[audience]} · {evidence.plan.sites[evidence.site].title} · data of {evidence.drop.name}",
        html=html,
        pdf=pdf,
    )
    return html, pdf


def _parameters(evidence: Evidence, bundle: Path) -> dict[str, object]:
    """Return what the .qmd files and the page furniture are told."""
    parameters: dict[str, object] = {"bundle": str(bundle.resolve())}
    return {**parameters, "page_banner": BANNER} if evidence.plan.synthetic else parameters
