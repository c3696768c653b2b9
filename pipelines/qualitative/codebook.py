"""How the code book came to be: each code's definition, wave by wave, and when the code was first used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Version:
    """A definition and the first wave that has it."""

    wave: str
    definition: str


@dataclass(frozen=True)
class CodeHistory:
    """One code over the waves.

    Parameters
    ----------
    code, title : str
        Path and name.
    waves : tuple of str
        Waves in which it was used, in order.
    versions : tuple of Version
        Its definitions, one entry each time the wording changed; spacing does not count.
    """

    code: str
    title: str
    waves: tuple[str, ...]
    versions: tuple[Version, ...]


def code_histories(codings: Any) -> list[CodeHistory]:
    """Return the history of each code that was used, sorted by path.

    Parameters
    ----------
    codings : DataFrame
        code_path, code_name, definition, wave. Waves are ordered by their names, which begin with a date. Where one
        wave has several wordings of a code (coders with code books of their own), each is a version.
    """
    found = []
    for path, rows in codings.groupby("code_path", sort=True):
        told = rows.assign(definition=rows["definition"].fillna("").map(lambda text: " ".join(str(text).split())))
        ordered = told[["wave", "definition"]].drop_duplicates().sort_values(["wave", "definition"])
        versions: list[Version] = []
        for wave, definition in ordered.itertuples(index=False, name=None):
            if not versions or versions[-1].definition != definition:
                versions.append(Version(str(wave), definition))
        waves = tuple(dict.fromkeys(str(wave) for wave in ordered["wave"]))
        found.append(CodeHistory(str(path), str(rows["code_name"].min()), waves, tuple(versions)))
    return found
