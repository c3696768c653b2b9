"""The parts that a raw table is made of: of each extract, the stored files that count for a site, as queries.

Which files count belongs in standing, what is in them in store, putting them together in tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.ingest.comparing import compared
from pipelines.ingest.drops import DroppedFile
from pipelines.ingest.standing import Known, Standing
from pipelines.ingest.store import Stored, stored
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal
from pipelines.sql_text import named, quoted
from pipelines.workspace import PilotSite

PERSON_KEYED = ("cases", "consents")
"""Nouns of which a person has one row: in increments, a later row of a person replaces the earlier one."""


@dataclass(frozen=True)
class StandingPart:
    """One stored file whose rows count for a site."""

    name: str
    extract: Extract
    drop: Known
    file: DroppedFile
    stored: Stored
    rank: int
    """Place of its drop in time."""

    @property
    def shown(self) -> str:
        """Name of the file for people; increments of several drops may come in files of one name."""
        return f"{self.drop.name}/{self.file.shown}" if self.extract.delivery == "increments" else self.file.shown

    def query(self, site: str, newest: str) -> str:
        """Return the SELECT of its rows under the common model's names."""
        increments = self.extract.delivery == "increments"
        source, drop = quoted(self.shown), quoted(self.drop.name)
        fields = "".join(f", {named(field)}" for field in self.stored.about.fields)
        return (
            f"SELECT '{source}#' || {self._number} AS row_key, person_key{fields}, '{self.name}' AS extract, "
            f"'{source}' AS source_file, source_row, '{quoted(newest) if increments else drop}' AS drop_id "
            f"FROM ({self._rows(site)})"
        )

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Return the kinds of identifiers that the vault holds of it."""
        person = ("person",) if "person" in self.extract.columns else ()
        return (*person, *self.extract.identifiers)

    def _rows(self, site: str) -> str:
        """Return its rows; of an extract without the person's number, with the people found for them by likeness."""
        if self.extract.link is None:
            return self.stored.rows(site)
        own = f"l.digest = '{self.stored.digest}' AND l.drop_rank = {self.rank} AND l.source_row = r.source_row"
        rows = f"({self.stored.rows(site)}) r LEFT JOIN temp.linked_rows l ON {own}"
        return f"SELECT r.* REPLACE (l.person_key AS person_key) FROM {rows}"

    @property
    def _number(self) -> str:
        """Return what tells the rows of a file apart; several may come from one row of a file, side by side in it."""
        if not any(column.also for column in self.extract.columns.values()):
            return "source_row"
        fields = ", ".join(map(named, self.stored.about.fields))
        turn = f"row_number() OVER (PARTITION BY source_row ORDER BY {fields})"
        return f"source_row || CASE WHEN {turn} > 1 THEN '.' || {turn} ELSE '' END"


def parts_of(site: PilotSite, state: Standing, extracts: Mapping[str, Extract]) -> tuple[StandingPart, ...]:
    """Return the stored files of some extracts that count for a site; each is read now if it never was.

    Raises
    ------
    Refusal
        When a file is missing, cannot be read, or belongs to two of the extracts.
    """
    counting = [
        (name, extract, drop, files)
        for name, extract in extracts.items()
        for drop, files in state.counting(name, extract, site.site)
    ]
    for delivery in counting:
        _refuse_same_twice(*delivery)
    found = [(name, extract, drop, file) for name, extract, drop, files in counting for file in files]
    _refuse_read_twice([(name, drop.name, file.shown) for name, _, drop, file in found])
    ranks = {one.name: rank for rank, one in enumerate(state.drops)}
    return tuple(
        StandingPart(name, extract, drop, file, stored(site, name, extract, file), ranks[drop.name])
        for name, extract, drop, file in found
    )


def _refuse_same_twice(name: str, extract: Extract, drop: Known, files: Sequence[DroppedFile]) -> None:
    """One name on its own and in a zip, or in two zips: nobody can tell which one is meant."""
    if "*" not in extract.file and len(files) > 1:
        listed = " and ".join(file.shown for file in files)
        raise Refusal(f"The drop {drop.name} holds the extract {name} twice: {listed}.", "Keep one of them.")


def _refuse_read_twice(files: Sequence[tuple[str, str, str]]) -> None:
    """A file that two extracts of a noun match would count everybody in it twice."""
    seen: dict[tuple[str, str], str] = {}
    for name, drop, shown in files:
        if seen.setdefault((drop, shown), name) != name:
            raise Refusal(
                f"{shown} belongs to two extracts, {seen[drop, shown]} and {name}.",
                "Give the files names that only one pattern matches. The earlier results stand.",
            )


def is_plain(parts: Sequence[StandingPart]) -> bool:
    """Tell whether the rows stand as they lie: then a view of them will do, and nothing is written twice."""
    return all(
        part.extract.delivery == "cumulative" and part.extract.completes is None and part.extract.link is None
        for part in parts
    )


def together(site: PilotSite, parts: Sequence[StandingPart], newest: str, left: str = "") -> str:
    """Return the SELECT of all rows of some extracts, increments folded.

    `left` is a SELECT of people and the sites that they left, as `moved.movements` returns it: they stand there no
    more, as far as increments say.
    """
    by_name: dict[str, list[StandingPart]] = {}
    for part in (part for part in parts if site.site in part.stored.about.rows):
        by_name.setdefault(part.name, []).append(part)
    return " UNION ALL BY NAME ".join(f"({_folded(site, some, newest, left)})" for some in by_name.values())


def replaces_by_person(extract: Extract) -> bool:
    """Tell whether a person has one row, and a later one replaces it."""
    people = extract.noun in PERSON_KEYED and list(extract.key or ("person",)) == ["person"]
    return people and extract.delivery == "increments" and extract.completes is None and extract.link is None


def follows_people(site: PilotSite, extract: Extract) -> bool:
    """Tell whether a later row of a person replaces an earlier one also where the two are of different sites."""
    protocol = site.protocol
    return replaces_by_person(extract) and len(protocol.sites) > 1 and not protocol.limits.two_sites


def _folded(site: PilotSite, parts: Sequence[StandingPart], newest: str, left: str) -> str:
    extract = parts[0].extract
    if extract.delivery == "cumulative":
        return " UNION ALL BY NAME ".join(part.query(site.site, newest) for part in parts)
    ranked = (f"SELECT {part.rank} AS drop_rank, * FROM ({part.query(site.site, newest)})" for part in parts)
    every = " UNION ALL BY NAME ".join(ranked)
    if left and follows_people(site, extract):
        gone = f"SELECT person_key FROM ({left}) WHERE site = '{quoted(site.site)}'"
        every = f"FROM ({every}) ANTI JOIN ({gone}) USING (person_key)"
    alike = _alike(site, parts)
    key = tuple(_key_of(extract, alike))
    return _latest_of_key(every, key) if key else _each_row_once(every, alike)


def _alike(site: PilotSite, parts: Sequence[StandingPart]) -> dict[str, str]:
    """Return, by field, the form in which two values are the same: 3/5/2026 as 2026-05-03, 30 as 30.0."""
    from pipelines.validation.typed import field_types, typed_field

    noun, fields = parts[0].extract.noun, parts[0].stored.about.fields
    kinds = field_types(site.protocol, noun)
    found = {(p.name, p.shown, f): form for p in parts for f, (form, _) in p.stored.about.dates.items()}
    forms = {field: compared(named(field)) for field in fields}
    for field in (field for field in fields if kinds.get(field, "text") != "text"):
        typed = typed_field(site.protocol, noun, site.site, field, kinds[field], found)
        forms[field] = f"coalesce(({typed.value})::VARCHAR, {forms[field]})"
    return forms


def _latest_of_key(every: str, key: Sequence[str]) -> str:
    """Keep the rows of the latest drop that has a key, all of them: two of one drop are a fault that a rule names."""
    latest = f"rank() OVER (PARTITION BY {', '.join(key)} ORDER BY drop_rank DESC) = 1"
    return f"SELECT * EXCLUDE (drop_rank) FROM ({every}) QUALIFY {latest}"


def _each_row_once(every: str, alike: Mapping[str, str]) -> str:
    """Keep a row as often as the drop that holds it most often does: what two drops both hold came once."""
    whole = ", ".join(["person_key", *alike.values()])
    copies = f"row_number() OVER (PARTITION BY drop_rank, {whole} ORDER BY source_file, source_row) AS drop_copy"
    first = f"row_number() OVER (PARTITION BY {whole}, drop_copy ORDER BY drop_rank) = 1"
    return f"SELECT * EXCLUDE (drop_rank, drop_copy) FROM (SELECT *, {copies} FROM ({every})) QUALIFY {first}"


def _key_of(extract: Extract, alike: Mapping[str, str]) -> Iterator[str]:
    """Yield what names a record; rows that do not say whose they are each stand for themselves."""
    named_key = extract.key or (("person",) if extract.noun in PERSON_KEYED else ())
    for field in named_key:
        if field == "person":
            yield "coalesce(person_key, row_key)"
        elif field in alike:
            yield alike[field]
