"""What the same numbers depend on besides data and protocol: our own files and the installed packages."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib import metadata

from pipelines.workspace import ROOT

CODE = ("pipelines/**/*.py", "pipelines/**/*.yml", "sql/**/*.sql", "expectations/*.yml")


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
    packages = sorted({f"{found.name}=={found.version}" for found in metadata.distributions()})
    return hashlib.sha256("\n".join(packages).encode()).hexdigest()


def python_version() -> str:
    """Return the version of Python."""
    return platform.python_version()
