"""The files inside a .qdpx: the project's XML, and the plain texts it points to. Nothing outside the zip is opened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from pipelines.qualitative.models import NotReadable, UnreadableProject
from pipelines.qualitative.offsets import SourceText, decode, source_text
from pipelines.qualitative.refi_elements import Deviations, child
from pipelines.qualitative.safe_zip import SafeZip


@contextmanager
def named(name: str) -> Iterator[str]:
    """Give what messages call a file, the last component of its name; what cannot be read is said with it.

    Raises
    ------
    UnreadableProject
        Something inside could not be opened or read.
    """
    label = name.replace("\\", "/").rpartition("/")[2]
    try:
        yield label
    except OSError as fault:
        raise UnreadableProject(f"{label} cannot be read: {fault.strerror or 'it cannot be opened'}") from None
    except NotReadable as fault:
        raise UnreadableProject(f"{label} cannot be read: {fault}") from None


def project_entry(names: tuple[str, ...], deviations: Deviations) -> str:
    """Return the name of the one .qde in a zip.

    Raises
    ------
    NotReadable
        There is none, or more than one.
    """
    # macOS adds a shadow of every file to a zip.
    honest = [name for name in names if not name.startswith("__MACOSX/") and not name.split("/")[-1].startswith("._")]
    found = [name for name in honest if name.casefold().endswith(".qde")]
    found = [name for name in found if "/" not in name] or found
    if len(found) != 1:
        raise NotReadable(f"it should hold one project file (.qde), and holds {len(found)}")
    if found[0] != "project.qde":
        deviations.add("the project file inside is not called project.qde")
    return found[0]


class Texts:
    """The plain texts of a project, found by the last part of their path, whatever the folder is called."""

    def __init__(self, archive: SafeZip, deviations: Deviations) -> None:
        """Index a zip's files by last path component, case apart."""
        self._archive, self._deviations = archive, deviations
        self._places: defaultdict[str, list[str]] = defaultdict(list)
        for name in archive.names:
            self._places[name.rpartition("/")[2].casefold()].append(name)
        if any(name.partition("/")[0] != "sources" for name in archive.names if name.casefold().startswith("sources/")):
            deviations.add("the folder of texts is not spelled sources/")

    def open(self, carrier: Element) -> SourceText:
        """Return the text of a TextSource, Representation, Transcript or Note.

        Raises
        ------
        NotReadable
            There is none inside the project, or it cannot be decoded.
        """
        path = carrier.get("plainTextPath", "").strip()
        content = child(carrier, "PlainTextContent")
        if path:
            try:
                return decode(self._archive.read(self._find(path)))
            except NotReadable:
                if content is None:
                    raise
                self._deviations.add("a text's file cannot be read; the copy inside the project file is used")
        if content is None:
            raise NotReadable("it has no plain text" + (", only rich text" if carrier.get("richTextPath") else ""))
        return source_text(content.text or "")

    def _find(self, path: str) -> str:
        scheme, separator, rest = path.rpartition("://")
        if separator and scheme.casefold() != "internal":
            raise NotReadable("its text lies outside the project file, where it is never opened")
        if not separator:
            self._deviations.add("a text's path lacks internal://")
        whole = rest.replace("\\", "/").lstrip("/").casefold()
        last = whole.rpartition("/")[2]
        places = self._places[last] or self._places[unquote(last)]
        for wanted in (f"sources/{whole}", whole, f"sources/{last}"):
            found = [place for place in places if place.casefold() == wanted]
            if found:
                return found[0]
        if len(places) != 1:
            raise NotReadable("its text is not in the project file" if not places else "two files could be its text")
        return places[0]
