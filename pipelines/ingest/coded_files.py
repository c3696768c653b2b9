"""Files of coded interviews in a drop: which they are, what lies beside them, and the project each holds.

How each tool's file is read belongs in pipelines.qualitative; what becomes of a project belongs in interviews.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from pipelines.ingest.archives import BOUNDS, is_zip, unpacked
from pipelines.ingest.drops import DroppedFile
from pipelines.ingest.standing import Known, Standing
from pipelines.protocol.coded import Coded
from pipelines.protocol.extracts import Extract
from pipelines.protocol.faults import did_you_mean
from pipelines.qualitative.document_register import with_register
from pipelines.qualitative.framework_matrix import FrameworkMatrix, read_framework_matrix
from pipelines.qualitative.models import Project, UnreadableProject
from pipelines.qualitative.nvivo_references import references_in
from pipelines.qualitative.qualcoder import DATABASE, KEY_FILE, KEY_FOUND
from pipelines.qualitative.reading import Wanted, read_coded
from pipelines.qualitative.safe_zip import SafeZip
from pipelines.qualitative.transcripts import ENDINGS as TRANSCRIPTS
from pipelines.qualitative.transcripts import transcripts_of
from pipelines.refusal import Refusal
from pipelines.workspace import PilotSite

CODEBOOKS = (".csv", ".xlsx", ".qdc")
AGAIN = "Export the project again. The earlier results stand."


@dataclass(frozen=True)
class CodedFile:
    """One file of coded interviews that counts, and what the protocol says of it."""

    name: str
    """Key of its extract."""
    extract: Extract
    drop: Known
    file: DroppedFile

    @property
    def coded(self) -> Coded:
        """How it is read; all defaults where the protocol says nothing."""
        return self.extract.coded or Coded()


def coded_files(site: PilotSite, state: Standing) -> list[CodedFile]:
    """Return the coded projects that count for a site; a missing one is a fault unless its extract is optional."""
    return [
        CodedFile(name, extract, drop, file)
        for name, extract in site.protocol.extracts_of("interviews", site.site).items()
        for drop, files in state.counting(name, extract, site.site)
        for file in files
        if not _is_beside(file, extract)
    ]


def _is_beside(file: DroppedFile, extract: Extract) -> bool:
    """Tell what a pattern with `*` catches besides projects: transcripts, codebooks, what QualCoder keeps around."""
    path = PurePosixPath(file.shown)
    coded = extract.coded or Coded()
    if path.name in (coded.documents, coded.codebook, coded.framework) or path.suffix.lower() == ".qdc":
        return True
    if path.suffix.lower() in TRANSCRIPTS:
        return coded.format != "nvivo" and not _holds_references(file, extract)
    return path.name.lower() != DATABASE and any(part.lower().endswith(".qda") for part in path.parts[:-1])


def _holds_references(file: DroppedFile, extract: Extract) -> bool:
    """Tell NVivo's references of a code, which look like transcripts; those in a zip must be declared."""
    if file.path is None or file.member:
        return False
    try:
        return references_in(file.path, file.shown, extract.encoding) is not None
    except UnreadableProject:
        return True  # damaged ones: to be said when they are read


def read_coded_file(site: PilotSite, one: CodedFile) -> Project:
    """Return the project that a file holds, with the cases and attributes that the drop's register gives it.

    Raises
    ------
    Refusal
        It is not what the protocol declares, damaged, or in doubt; or a file that the protocol names is not there.
    """
    with _opened(site, one) as (path, beside):
        try:
            return _read(one, path, beside)
        except UnreadableProject as error:
            problem = str(error)
        except OSError:
            problem = f"{one.file.shown} cannot be opened."
    raise Refusal(problem, AGAIN)


def read_matrix(site: PilotSite, one: CodedFile) -> FrameworkMatrix | None:
    """Return the framework matrix that the protocol names for a file; None where it names none.

    Raises
    ------
    Refusal
        It is not there, or cannot be read.
    """
    coded = one.coded
    if not coded.framework:
        return None
    with _opened(site, one) as (_, beside):
        path = _named(one, coded.framework, beside)
        try:
            return read_framework_matrix(
                path or Path(coded.framework),
                name=coded.framework,
                attributes=coded.framework_attributes,
                encoding=one.extract.encoding,
            )
        except UnreadableProject as error:
            problem = str(error)
        except OSError:
            problem = f"{coded.framework} cannot be opened."
    raise Refusal(problem, "Send the matrix again. The earlier results stand.")


def used_beside(one: CodedFile) -> tuple[DroppedFile, ...]:
    """Return the files beside a project that may have been read with it: they must not change meanwhile."""
    named = {one.coded.documents, one.coded.codebook, one.coded.framework} - {""}
    return tuple(
        file
        for file in one.drop.files
        if file.path is not None
        and (file.shown.lower().endswith(TRANSCRIPTS) or PurePosixPath(file.shown).name in named)
    )


@contextmanager
def _opened(site: PilotSite, one: CodedFile) -> Iterator[tuple[Path, dict[str, Path]]]:
    """Give the place of a file and of those in its folder or below, for as long as it is read.

    What is in a zip is unpacked where only we may enter; files in other zips of the drop are not beside it.
    """
    file = one.file
    if file.path is None:
        raise Refusal(f"{file.shown} is no longer in its drop.", "Put it back. The earlier results stand.")
    with unpacked([(file.path.name, file.path)], site.workspace.root / "warehouse" / ".unpacked") as found:
        places = dict(found)
        near: dict[str, Path] = {}
        folder = file.shown.rpartition("/")[0]
        for other in one.drop.files:
            inside = not folder or other.shown.startswith(f"{folder}/")
            if inside and other.path is not None and (not other.member or other.path == file.path):
                where = places.get(f"{other.path.name}/{other.member}") if other.member else other.path
                if where is not None:
                    near[other.shown] = where
        wanted = f"{file.path.name}/{file.member}" if file.member else file.path.name
        yield places.get(wanted, file.path), near


def _read(one: CodedFile, path: Path, beside: dict[str, Path]) -> Project:
    coded = one.coded
    codebook = _named(one, coded.codebook, beside)
    books = tuple(where for shown, where in sorted(beside.items()) if shown.lower().endswith(CODEBOOKS))
    wanted = Wanted(
        format="" if coded.format == "recognised" else coded.format,
        project=coded.project,
        codebook=codebook,
        beside=books,
        transcripts=transcripts_of(beside.items()),
        encoding=one.extract.encoding,
    )
    project = read_coded(path, name=_label(one.file), wanted=wanted)
    if _has_key(one.file) and KEY_FOUND not in project.deviations:
        project = replace(project, deviations=(KEY_FOUND, *project.deviations))
    register = _named(one, coded.documents, beside)
    if register is None:
        return project
    of_documents = coded.stories.columns if coded.stories else ()
    encoding = one.extract.encoding
    return with_register(project, register, name=coded.documents, encoding=encoding, of_documents=of_documents)


def _label(file: DroppedFile) -> str:
    """Return what messages call a file: of a QualCoder project, its folder."""
    path = PurePosixPath(file.shown)
    return path.parent.name if path.name.lower() == DATABASE and path.parent.name else path.name


def _named(one: CodedFile, name: str, beside: dict[str, Path]) -> Path | None:
    """Return a file that the protocol names, beside the project or in the drop."""
    if not name:
        return None
    plain = {file.shown: file.path for file in one.drop.files if not file.member and file.path is not None}
    everything = {**plain, **beside}
    found = [where for shown, where in everything.items() if shown == name or shown.endswith(f"/{name}")]
    if len(set(found)) == 1:
        return found[0]
    what = "no file" if not found else "several files"
    problem = f"The drop {one.drop.name} has {what} {name}, which the protocol names for {one.name}."
    raise Refusal(problem, did_you_mean(name, [PurePosixPath(shown).name for shown in everything]))


def _has_key(file: DroppedFile) -> bool:
    """Tell whether a zip holds QualCoder's key to who people are; it is neither unpacked nor read."""
    if not file.member or file.path is None or not is_zip(file.path.name):
        return False
    with SafeZip(file.path, BOUNDS) as packed:
        return any(PurePosixPath(name).name.lower() == KEY_FILE for name in packed.names)
