"""Read a REFI-QDA codebook (.qdc) of any tool. Codes inside a project are read with the project."""

from __future__ import annotations

from pathlib import Path

from pipelines.qualitative.models import Codebook, NotReadable
from pipelines.qualitative.refi_archive import named
from pipelines.qualitative.refi_elements import Deviations, child, parse
from pipelines.qualitative.refi_lists import read_codes
from pipelines.qualitative.writer import CODEBOOK_NAMESPACE

_LARGEST = 64 * 1024 * 1024


def read_codebook(path_or_bytes: Path | bytes, *, name: str) -> Codebook:
    """Read a .qdc file.

    Parameters
    ----------
    path_or_bytes
        The file, or its content.
    name
        What messages call the file; only its last component is used.

    Returns
    -------
    Codebook
        Codes in the file's order, parents first. Departures from the standard (ATLAS.ti 9 has another namespace,
        Taguette an empty list of sets) are in ``deviations``.

    Raises
    ------
    UnreadableProject
        In plain words: the file's name, and the place where known.

    References
    ----------
    Rotterdam Exchange Format Initiative, REFI-QDA Standard 1.5 (2019), https://www.qdasoftware.org
    """
    with named(name) as label:
        return _read(_content(path_or_bytes), Path(label).stem)


def _content(path_or_bytes: Path | bytes) -> bytes:
    if isinstance(path_or_bytes, bytes):
        content = path_or_bytes[: _LARGEST + 1]
    else:
        with path_or_bytes.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise NotReadable("it is too large for a codebook")
    return content


def _read(content: bytes, name: str) -> Codebook:
    deviations = Deviations()
    root, namespace = parse(content, deviations)
    if root.tag != "CodeBook":
        raise NotReadable("its XML does not hold a REFI-QDA codebook")
    if namespace != CODEBOOK_NAMESPACE:
        deviations.add(f"its XML namespace is not {CODEBOOK_NAMESPACE}")
    if (sets := child(root, "Sets")) is not None:
        deviations.add(
            "sets of codes are not read" if len(sets) else "its list Sets is empty, which the standard forbids"
        )
    codes = read_codes(child(root, "Codes"), without=set(), deviations=deviations)
    return Codebook(name, root.get("origin", ""), tuple(codes.values()), deviations.sentences())
