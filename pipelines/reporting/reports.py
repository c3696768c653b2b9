"""One bundle in, one report out: which file is rendered for whom, under which title."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Literal

from pipelines.refusal import Refusal
from pipelines.release.bundle import Evidence
from pipelines.reporting.evidence import open_bundle
from pipelines.reporting.sections.room import STEPS
from pipelines.reporting.sections.status import BANNER

Audience = Literal["site", "funder", "pilot"]

SOURCES = Path(__file__).resolve().parents[2] / "reports"
_NAMES = {"site": "report", "funder": "funder", "pilot": "pilot"}
_SUBTITLES = {"site": "Evaluation report", "funder": "The pilot on one page", "pilot": "All sites together"}
_PAGE = re.compile(rb"/Type\s*/Page\b")


def render_reports(bundle: Path, folder: Path, audience: Audience) -> tuple[Path, Path]:
    """Render a report for one audience: of a site, or on all sites of a pilot.

    Parameters
    ----------
    bundle : folder of the evidence bundle; nothing else is read.
    folder : where the files go; it is made when missing.
    audience : `site` writes report.html and report.pdf, `funder` funder.html and funder.pdf; `pilot`, for the bundle
        over all sites, pilot.html and pilot.pdf.

    Returns
    -------
    Paths of the HTML and of the PDF file. Equal bundles give equal bytes.

    Raises
    ------
    RenderFault
        In plain words; files of an earlier report still stand.
    Refusal
        The funder's page does not fit on one side even with the least text.
    """
    evidence = open_bundle(bundle)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".rendering-") as name:
        made = _render(evidence, bundle, Path(name), audience)
        targets = folder / made[0].name, folder / made[1].name
        for source, target in zip(made, targets, strict=True):
            os.replace(source, target)
    return targets


def pages(pdf: Path) -> int:
    """Count the pages of a PDF."""
    return len(_PAGE.findall(pdf.read_bytes()))


def _render(evidence: Evidence, bundle: Path, folder: Path, audience: Audience) -> tuple[Path, Path]:
    """Render once; the funder's page again with less, until it fits on one side."""
    if audience != "funder":
        return _rendered(evidence, bundle, folder, audience, {})
    for step in range(len(STEPS)):
        made = _rendered(evidence, bundle, folder, audience, {"step": step})
        if pages(made[1]) == 1:
            return made
    raise Refusal(
        "The funder's page does not fit on one side of A4, even with the least text.",
        "Shorten `title`, `question`, `concept.description` or the first of `cannot_say` in protocol.yml.",
    )


def _rendered(
    evidence: Evidence, bundle: Path, folder: Path, audience: Audience, more: dict[str, object]
) -> tuple[Path, Path]:
    """Call the renderer."""
    from pipelines.reporting.renderer import render

    html, pdf = (folder / f"{_NAMES[audience]}.{suffix}" for suffix in ("html", "pdf"))
    plan = evidence.plan
    render(
        SOURCES / f"{audience}.qmd",
        parameters={**_parameters(evidence, bundle), **more},
        title=plan.title,
        subtitle=" · ".join(_subtitle(evidence, audience)),
        html=html,
        pdf=pdf,
    )
    return html, pdf


def _subtitle(evidence: Evidence, audience: Audience) -> list[str]:
    """Return the parts of the line below the title."""
    site = [evidence.plan.sites[evidence.site].title] if evidence.site else []
    return [_SUBTITLES[audience], *site, f"data of {evidence.drop.name}"]


def _parameters(evidence: Evidence, bundle: Path) -> dict[str, object]:
    """Return what the sources and the pages are told; a PDF is dated as its data, not as its making."""
    told: dict[str, object] = {"bundle": str(bundle.resolve())}
    day = evidence.drop.name[:10]
    told |= {"source_date": day} if re.fullmatch(r"\d{4}-\d{2}-\d{2}", day) else {}
    return told | ({"page_banner": BANNER} if evidence.plan.synthetic else {})
