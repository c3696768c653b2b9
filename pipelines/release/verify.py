"""Whether a bundle still is what was released: every file there, unchanged, and none besides."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import ValidationError

from pipelines.refusal import Refusal
from pipelines.release.bundle import Manifest, read_evidence

MANIFEST = "manifest.json"


def verify_bundle(folder: Path) -> Manifest:
    """Return a bundle's manifest when all of its files are as it says; raise Refusal naming those that are not.

    Parameters
    ----------
    folder : the bundle: `releases/<pilot>/<site>/<release>`, wherever it was copied to.
    """
    manifest = insist_untouched(folder)
    evidence = read_evidence(folder)
    said = (evidence.plan.pilot, evidence.site, evidence.release, evidence.drop, evidence.provenance)
    if said != (manifest.pilot, manifest.site, manifest.release, manifest.drop, manifest.provenance):
        raise Refusal(f"The manifest of {manifest.release} belongs to another evidence.json.", "Delete the folder.")
    return manifest


def insist_untouched(folder: Path) -> Manifest:
    """Return a bundle's manifest when all of its files are as it says, whether or not this program can read them."""
    manifest = _manifest(folder)
    wrong = _wrong(folder, manifest)
    if wrong:
        raise Refusal(
            f"The release {manifest.release} is not as it was written: {', '.join(wrong)}.",
            "Put it back from a copy, or delete its folder and run the site again.",
        )
    return manifest


def _manifest(folder: Path) -> Manifest:
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        raise Refusal(
            f"The release {folder.name} has no manifest that can be read.", "Delete its folder and run the site again."
        ) from None


def _wrong(folder: Path, manifest: Manifest) -> list[str]:
    """Return what is wrong with a bundle's files, one phrase each."""
    listed = {entry.path: entry for entry in manifest.files}
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    missing = [f"{name} is missing" for name in listed if name not in there]
    added = [f"{name} was added" for name in sorted(there) if name not in listed and name != MANIFEST]
    changed = [
        f"{name} was changed" for name, path in there.items() if name in listed and not _same(path, listed[name].sha256)
    ]
    return missing + added + changed


def _same(path: Path, sha256: str) -> bool:
    return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
