"""Models of what the deliveries hold: what differs from the drop before, and who is found in which file.

How they are counted belongs in differences and linkage; what may be shown of them in pipelines.disclosure.
"""

from __future__ import annotations

from typing import Literal

from pipelines.findings.record import BaselineRow, Count, Record


class FieldChange(Record):
    """One field of the case file, for the people who stand once in the drop before and once in this one."""

    field: str
    """Field of the common model, or key of the outcome."""
    title: str
    """The field for readers."""
    group: Literal["arm", "date", "outcome", "covariate"]
    """What the field is. An outcome is known once its follow-up is over and it is counted."""
    changed: Count
    """People whose value was known before, is known now, and is another one."""
    filled: Count
    """People whose value was not known before and is known now."""
    emptied: Count
    """People whose value was known before and is not known any more."""
    extent: Literal["", "few", "nearly everybody"] = ""
    """How many changed, in words, where the count may not be shown."""


class DifferenceResult(Record):
    """What a noun's rows are now, held against what they were one drop earlier."""

    kind: Literal["difference"] = "difference"
    noun: str
    """Table that is compared."""
    earlier: str
    """Name of the drop before."""
    newest: str
    """Name of this drop."""
    rows_before: Count
    """Rows that stood with the drop before."""
    rows_now: Count
    """Rows that stand now."""
    people_before: Count
    """People named in those rows."""
    people_now: Count
    """People named now."""
    both: Count
    """People named in both."""
    added: Count
    """People named now and not before."""
    vanished: Count
    """People named before and not any more."""
    several: Count = 0
    """People with more than one row in one of the two: nobody can say which row is theirs, so they are not compared."""
    elsewhere: Count = 0
    """People of this site whom the case file of another site of the pilot names too."""
    moved_out: Count = 0
    """Of the people who vanished, those whom a later increment names in another site."""
    moved_in: Count = 0
    """Of the people who were added, those whom an earlier increment named in another site."""
    changes: tuple[FieldChange, ...] = ()
    """Changes by field; for cases only."""
    smallest_before: Count = None
    """People in the smallest group of the drop before. Disclosure control looks at it; it is never released."""


class LinkageResult(Record):
    """How the people of the case file and the rows of another file find each other."""

    kind: Literal["linkage"] = "linkage"
    noun: str
    """Table of the other file; `cases` for an extract that completes the case file."""
    extract: str = ""
    """Key of the completing extract, or of the outcome; empty for every other file."""
    title: str
    """The other file for readers."""
    expected: bool
    """Whether everybody of the case file ought to be in the other file, so that who is not there is lost."""
    people: Count
    """People of the case file, as far as its checks let them in; for an outcome, those whose follow-up is over."""
    linked: Count
    """Of these, people who are found in the other file."""
    without: Count
    """Of these, people who are not."""
    strangers: Count = 0
    """People of the other file whom no row of this site's case file names."""
    stranger_rows: Count = 0
    """Rows of the other file that belong to these, or to nobody."""
    groups: tuple[BaselineRow, ...] = ()
    """Who was lost: arm and covariates of the people `linked` and `without`, with the standardised difference; only
    where everybody is expected. `difference` is linked minus without."""
    extent: Literal["", "few are missing"] = ""
    """How many are not found, in words, where the counts may not be shown."""
    several: dict[str, Count] = {}
    """People for whom one identifier has several different values (two dates of birth under one number may be two
    people), by the kind of identifier."""


class CorrectionMade(Record):
    """One line of the register of corrections; neither the person nor a value is part of it."""

    extract: str
    """Key of the extract."""
    field: str
    """Field of the common model that was to be corrected."""
    status: Literal["applied", "not found", "ambiguous"]
    """What became of it: `not found` where the old value does not stand (any more), `ambiguous` where several do."""
    why: str
    """Reason, as written in the register, unless its words may tell who it is. Who decided stays in the register."""
    made_on: str
    """When, as yyyy-mm-dd."""


class CorrectionsResult(Record):
    """What became of problems that the provider was told of, and the evaluation's own corrections."""

    kind: Literal["corrections"] = "corrections"
    earlier: str
    """Name of the drop after which the provider was told; empty where none was checked before."""
    newest: str
    """Name of this drop."""
    named: Count
    """Problems (rows that broke a rule) named then."""
    corrected: Count
    """Of these, the ones that no longer occur."""
    remaining: Count
    """Of these, the ones that still do."""
    new: Count
    """Problems of this drop that did not occur then."""
    extent: Literal["", "all", "some", "none"] = ""
    """How many were corrected, in words, where the counts may not be shown."""
    register_lines: tuple[CorrectionMade, ...] = ()
    """The register of corrections."""
