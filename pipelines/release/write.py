"""Writing a bundle: built beside its place and moved there whole, so that it is there completely or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.disclosure.apply import checked
from pipelines.disclosure.between_releases import RULE
from pipelines.disclosure.policy import policy, policy_hash
from pipelines.findings import NOUNS
from pipelines.findings.models import Disclosed, Finding
from pipelines.findings.store import read_findings
from pipelines.ingest.drops import age_of
from pipelines.ingest.tables import delivered
from pipelines.processes import abandoned
from pipelines.protocol import Protocol
from pipelines.protocol.load import protocol_hash
from pipelines.provenance import code_hash, environment_hash, python_version
from pipelines.refusal import Refusal
from pipelines.release.audit import note_release
from pipelines.release.bundle import DropContent, DropFacts, Evidence, FileEntry, Manifest, Provenance, read_evidence
from pipelines.release.earlier import earlier_releases, held_against, lost_releases
from pipelines.release.errata import write_errata
from pipelines.release.tables import write_tables
from pipelines.release.verify import verify_bundle
from pipelines.told import Told
from pipelines.warehouse import open_warehouse
from pipelines.workspace import Pilot, PilotSite

LATEST = "latest.txt"
NAMED = (
    "{numbers} by few people from an earlier release: whoever holds both can tell something of them. If both are "
    "handed out, write `disclosure: {{earlier_releases: held}}` in the protocol: the earlier figures then stand until "
    "enough have changed."
)
DRAFT, POINTER = ".draft-", ".latest-"


def write_release(site: PilotSite) -> Told:
    """Check all findings of a site against the policy, and write what may be shown as a new bundle.

    The same findings make the same bundle: then nothing is written.
    """
    with open_warehouse(site) as connection:
        drop = _drop(connection)
        findings = read_findings(connection, NOUNS)
    _insist_on_one_state(findings, drop, site)
    shown = checked(findings, site.protocol, held_against(site, drop.name, drop.sha256))
    evidence = _evidence(site, drop, shown)
    folder = store(evidence, site.releases_folder)
    note_release(site, folder)
    # Looking back is no news: who withdrew is decided by today's consents.
    taken_back, _ = (None, ()) if site.workspace.as_of else write_errata(site)
    said = (_gone(lost_releases(site)), _beside_earlier(site, drop, findings))
    return replace(_told(evidence, folder, taken_back), attention=" ".join(filter(None, said)))


def store(evidence: Evidence, releases: Path) -> Path:
    """Write evidence as a bundle among other releases, and name it the newest; return its folder.

    The same evidence makes the same bundle: then nothing is written.
    """
    folder = releases / evidence.release
    releases.mkdir(parents=True, exist_ok=True)
    _clear_what_was_left(releases)
    if folder.exists():
        verify_bundle(folder)
    else:
        _write(folder, evidence)
    _point_to(folder)
    return folder


def _drop(connection: Any) -> DropFacts:
    name, sha256 = delivered(connection)
    known = connection.execute("SELECT DISTINCT name, sha256 FROM raw.drops").fetchall()
    ordered = sorted(known, key=lambda one: age_of(one[0]))
    return DropFacts(name=name, sha256=sha256, known=tuple(DropContent(name=n, sha256=h) for n, h in ordered))


def latest(site: PilotSite | Pilot) -> Path:
    """Return the folder of the newest bundle of a site, or of a pilot over its sites; raise Refusal without one."""
    pointer = site.releases_folder / LATEST
    again = f"Run it again: pilotlens run {site.key}"
    if not pointer.exists():
        raise Refusal(f"Nothing was released yet for {site.key}.", f"Run it first: pilotlens run {site.key}")
    name = pointer.read_text(encoding="utf-8").strip()
    folder = site.releases_folder / Path(name).name
    if not name or not folder.is_dir():
        raise Refusal(f"The newest release of {site.key} is not in its folder.", again)
    return folder


def released_drop(site: PilotSite) -> str | None:
    """Return the hash of the drop that a site's newest bundle rests on; None when nothing was released yet."""
    try:
        return read_evidence(latest(site)).drop.sha256
    except Refusal:
        return None


def _insist_on_one_state(findings: Sequence[Finding], drop: DropFacts, site: PilotSite) -> None:
    """Findings from several drops or protocols must not meet in one bundle."""
    states = {(f.inputs.drop_hash, f.inputs.protocol_hash) for f in findings}
    if states - {(drop.sha256, protocol_hash(site.protocol))}:
        raise Refusal(
            "Some findings rest on another drop or on an earlier protocol.",
            "Run all steps of this site, so that every finding rests on the same.",
        )


def _evidence(site: PilotSite, drop: DropFacts, findings: tuple[Finding, ...]) -> Evidence:
    changes = tuple(
        change.model_copy(update={"cell": f"{finding.id}: {change.cell}"})
        for finding in findings
        for change in finding.disclosure.changes
    )
    draft = Evidence(
        release="draft",
        site=site.site,
        plan=site.protocol.plan(),
        drop=drop,
        provenance=provenance_of(site.protocol),
        disclosure=Disclosed(profile=policy(site.protocol).profile, changes=changes),
        findings=findings,
    )
    return with_its_name(draft)


def provenance_of(protocol: Protocol) -> Provenance:
    """Return the hashes of everything but the data that evidence rests on."""
    return Provenance(
        protocol=protocol_hash(protocol),
        policy=policy_hash(),
        code=code_hash(),
        environment=environment_hash(),
        python=python_version(),
        seed=0,
    )


def with_its_name(draft: Evidence) -> Evidence:
    """Return evidence with the name of its release: the drop, and the first digits of the hash of the draft."""
    digits = hashlib.sha256(canonical(draft)).hexdigest()[:10]
    return draft.model_copy(update={"release": f"{draft.drop.name}-{digits}"})


def canonical(model: Evidence | Manifest) -> bytes:
    """Return a model as JSON with sorted keys: the same content gives the same bytes."""
    text = json.dumps(model.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False)
    return (text + "\n").encode()


def _write(folder: Path, evidence: Evidence) -> None:
    draft = Path(tempfile.mkdtemp(prefix=f"{DRAFT}{os.getpid()}-", dir=folder.parent))
    try:
        (draft / "evidence.json").write_bytes(canonical(evidence))
        write_tables(evidence, draft / "tables")
        (draft / "manifest.json").write_bytes(canonical(_manifest(evidence, draft)))
        _seal(draft)
        _move(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _seal(draft: Path) -> None:
    """Let everybody read a bundle's files and nobody write into them, and see them on the disk before it is named."""
    for path in (path for path in sorted(draft.rglob("*")) if path.is_file()):
        path.chmod(0o444)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    draft.chmod(0o755)


def _move(draft: Path, folder: Path) -> None:
    """Give a finished draft its name; if another run was faster with the same bundle, keep that one."""
    try:
        os.replace(draft, folder)
    except OSError:
        if not folder.is_dir():
            raise
        verify_bundle(folder)


def _clear_what_was_left(folder: Path) -> None:
    """Remove the drafts and pointers of runs that were killed; a run that still works keeps its own."""
    for path in [*folder.glob(f"{DRAFT}*"), *folder.glob(f"{POINTER}*")]:
        if abandoned(path.name.split("-", 1)[1]):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _manifest(evidence: Evidence, folder: Path) -> Manifest:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return Manifest(
        pilot=evidence.plan.pilot,
        site=evidence.site,
        release=evidence.release,
        drop=evidence.drop,
        provenance=evidence.provenance,
        files=tuple(_entry(path, folder) for path in files),
    )


def _entry(path: Path, folder: Path) -> FileEntry:
    content = path.read_bytes()
    name = path.relative_to(folder).as_posix()
    return FileEntry(path=name, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def _point_to(folder: Path) -> None:
    """Name the newest bundle, in one step."""
    handle, name = tempfile.mkstemp(dir=folder.parent, prefix=f"{POINTER}{os.getpid()}-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(folder.name + "\n")
    os.replace(name, folder.parent / LATEST)


def _gone(lost: Sequence[str]) -> str:
    return f"Nothing could be held against releases whose folders are gone: {', '.join(lost)}." if lost else ""


def _beside_earlier(site: PilotSite, drop: DropFacts, findings: Sequence[Finding]) -> str:
    """Say how many figures differ by few people from earlier releases; nothing where they are held back anyway."""
    if site.protocol.disclosure.earlier_releases == "held":
        return ""
    try:
        earlier = earlier_releases(site, drop.name, drop.sha256)
    except Refusal as refusal:
        return f"The release could not be held against earlier releases: {refusal.problem}"
    held = checked(findings, site.protocol, earlier) if earlier else ()
    cells = sum(change.rule == RULE for finding in held for change in finding.disclosure.changes)
    return NAMED.format(numbers=f"{cells} figures differ" if cells > 1 else "One figure differs") if cells else ""


def _told(evidence: Evidence, folder: Path, taken_back: Path | None = None) -> Told:
    changes = len(evidence.disclosure.changes)
    said = f"Release {evidence.release} holds {len(evidence.findings)} findings"
    protected = (
        f"; {changes} figures were withheld or rounded to protect people."
        if changes
        else "; nothing had to be withheld."
    )
    rows = "\n".join(f"| {c.cell} | {c.rule} | {c.action} |" for c in evidence.disclosure.changes)
    table = f"| cell | rule | action |\n|---|---|---|\n{rows}" if rows else ""
    files = (folder / "evidence.json", folder / "manifest.json")
    earlier = f" Earlier releases hold words of people who withdrew: see {taken_back.name}." if taken_back else ""
    return Told(said + protected + earlier, len(evidence.findings), table=table, files=files)
