"""What the same numbers depend on besides data and protocol: our own files and the installed packages."""

from __future__ import annotations

import hashlib
import platform
import re
from functools import cache
from importlib import metadata

from pipelines.workspace import ROOT

CODE = ("pipelines/**/*.py", "pipelines/**/*.yml", "sql/**/*.sql", "expectations/*.yml")
_FIELDS = tuple(re.compile(rf"^{name}:(.*)$", re.MULTILINE | re.IGNORECASE) for name in ("Name", "Version"))


@cache
def code_hash() -> str:
    """Return the SHA-256 over the files that decide about numbers; how pages look does not count."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in CODE for path in ROOT.glob(pattern)):
        if "demo" not in path.parts:
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@cache
def environment_hash() -> str:
    """Return the SHA-256 over names and versions of the installed packages."""
    packages = sorted({"==".join(_named(found)) for found in metadata.distributions()})
    return hashlib.sha256("\n".join(packages).encode()).hexdigest()


def _named(package: metadata.Distribution) -> tuple[str, str]:
    """Return name and version of a package; `metadata` would parse its whole description, twice, as an e-mail."""
    head = (package.read_text("METADATA") or "").partition("\n\n")[0]
    name, version = (field.search(head) for field in _FIELDS)
    return (name[1].strip(), version[1].strip()) if name and version else (package.name, package.version)


def python_version() -> str:
    """Return the version of Python."""
    return platform.python_version()
