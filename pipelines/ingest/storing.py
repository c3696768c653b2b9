"""Writing one delivered file into the store: pseudonyms in place of people, sites apart, in as few scans as can be.

DuckDB reads the file and writes encrypted Parquet; no row passes through Python, and nothing is kept in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines import keys
from pipelines.encrypted_files import connect
from pipelines.ingest.comparing import compared, literal, trimmed
from pipelines.ingest.drops import DroppedFile
from pipelines.ingest.files import open_rows
from pipelines.ingest.headers import tidy
from pipelines.ingest.no_people import refuse_shortened, words_for_nobody
from pipelines.ingest.pseudonyms import PLAIN_ONLY, normalised, plain_sql, prepare, pseudonym_sql, pseudonyms
from pipelines.ingest.reading import Rows, place
from pipelines.ingest.reshape import reshaped
from pipelines.ingest.row_words import ROWS_NAMED, rows_named
from pipelines.ingest.stand_ins import stand_ins
from pipelines.ingest.store import About, opened
from pipelines.ingest.unlike_people import refuse_dated, words_unlike
from pipelines.protocol.extracts import MISSING_DEFAULT, Extract
from pipelines.refusal import Refusal
from pipelines.sql_text import named, quoted
from pipelines.warehouse import as_path, insert, know_delivered
from pipelines.workspace import PilotSite

PLAIN = named("plain person")
"""Whose a row is without what typing changes, worked out once for each row; no column of a source has a blank in it."""
TURN = named("turn of the row")
IN_ORDER = f"row_number() OVER () AS {TURN}"
PEOPLE = "count(DISTINCT person_key::UUID)"
"""128 bits are counted apart in a third of the time that their 32 letters take."""
LAYOUT = "ROW_GROUP_SIZE 120000, DICTIONARY_SIZE_LIMIT 1000, WRITE_BLOOM_FILTER false"
"""A group ends up to 2,048 rows late. Past the 122,880 rows of a group in DuckDB's own files, a table made from the
part would have a sliver after each group, and be written a second time to close these gaps. Looking for repeated
values in columns that hardly have any takes longer than writing them."""


@dataclass(frozen=True)
class Writing:
    """One file on its way into the store."""

    connection: Any
    site: PilotSite
    name: str
    extract: Extract
    file: DroppedFile
    rows: Rows
    vault_draft: Path
    draft: Path
    unlike: tuple[str, ...] = field(default=(), repr=False)
    """What stands in the place of a person's number and is none, though no word for a sum."""

    @cached_property
    def header(self) -> dict[str, int]:
        """Index of each column of the file by its name."""
        return {name: index for index, name in enumerate(self.rows.facts.columns) if name}

    def slot(self, column: str) -> str:
        """Return the column of the source that holds a column of the file."""
        return place(self.header[tidy(column)])

    @property
    def person(self) -> str:
        """Return the column of the source that says whose a row is; NULL where rows are linked by likeness."""
        return self.slot(self.extract.columns["person"].column) if "person" in self.extract.columns else "NULL::VARCHAR"

    @property
    def fields(self) -> list[str]:
        """Return the common model's fields that are kept as delivered."""
        return [field for field in self.extract.columns if field not in ("person", "site")]

    @cached_property
    def codes(self) -> dict[str, str]:
        """Return the site that each code of the site column means; empty where there is no such column."""
        if "site" not in self.extract.columns:
            return {}
        codes = self.site.protocol.site_codes()
        own = self.extract.columns["site"].codes
        folded = {code.strip().casefold(): key for code, key in codes.items()}
        return {code: folded[meaning.strip().casefold()] for code, meaning in own.items()} if own else codes

    @property
    def kinds(self) -> dict[str, str]:
        """Return the columns of the source that identify people, by kind."""
        person = {"person": self.person} if "person" in self.extract.columns else {}
        return person | {k: self.slot(column) for k, column in self.extract.identifiers.items()}


def write_parts(
    site: PilotSite, name: str, extract: Extract, file: DroppedFile, vault_draft: Path, draft: Path
) -> About:
    """Write a file's rows into two folders, `site=<key>` in each, and return what is to be known of them."""
    connection = connect(site)
    try:
        know_delivered(connection, site.workspace, site.pilot, vault=True)
        prepare(connection, keys.derived(keys.key(site.workspace, "pseudonym"), site.pilot))
        with opened(site, file) as path:
            rows = open_rows(connection, path, extract)

            def work() -> About:
                shaped = reshaped(connection, rows, extract, file.shown)
                return _written(Writing(connection, site, name, extract, file, shaped, vault_draft, draft))

            return _in_plain_words(rows, work)
    finally:
        connection.close()


def _in_plain_words(rows: Rows, work: Callable[[], About]) -> About:
    """Turn what DuckDB says of an unreadable row into our own words; no exception of ours hangs on to one of its."""
    import duckdb

    try:
        return work()
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        refusal = rows.explain(str(error))
    raise refusal


def _written(writing: Writing) -> About:
    whole = writing.draft / "site=" / "rows.parquet"
    secret = writing.vault_draft / "site=" / "people.parquet"
    for one in (whole, secret):
        one.parent.mkdir()
    _write_rows(writing, whole, odd=False)
    _write_people(writing, whole, secret)
    odd = _keep_odd_people(writing, whole, secret)
    _refuse_shortened(writing, secret)
    if "person" in writing.extract.columns:
        people = _read(secret, "vaulted")
        found = (*words_unlike(writing.connection, people), *stand_ins(writing.connection, people))
        writing = replace(writing, unlike=found)
    if odd or writing.unlike:
        _write_rows(writing, whole, odd=odd)
        _write_people(writing, whole, secret)
    dates = _proven_dates(writing, whole)
    return replace(_apart(writing, whole, secret), dates=dates)


def _refuse_shortened(writing: Writing, secret: Path) -> None:
    if "person" in writing.extract.columns and writing.rows.facts.kind == "text":
        row = "" if writing.rows.numbered else _number(writing)
        people = _read(secret, "vaulted", ", file_row_number = true")
        column = writing.extract.columns["person"].column
        refuse_shortened(writing.connection, people, row, writing.file.shown, column)
        refuse_dated(writing.connection, people, row, writing.file.shown, column)


def _proven_dates(writing: Writing, whole: Path) -> dict[str, tuple[str, str]]:
    """Find out how dates without a declared format are written; the rows of all sites are evidence."""
    from pipelines.validation.dates import prove, unproven

    asked = unproven(writing.extract.noun, writing.extract)
    columns = {field: (named(field), words) for field, words in asked.items()}
    proofs = prove(writing.connection, _read(whole, "delivered"), columns)
    return {field: (proof.format, proof.verdict) for field, proof in proofs.items()}


def _write_rows(writing: Writing, target: Path, *, odd: bool) -> None:
    """Write every row in the order of the file, with the pseudonym in place of the person."""
    columns = [f"{_person_key(writing, odd=odd)} AS person_key", f"{_blank(writing)} AS blank"]
    columns += [f"{writing.slot(writing.extract.columns[f].column)} AS {named(f)}" for f in writing.fields]
    columns += ["source_row"] if writing.rows.numbered else []
    columns += [f"{_site_key(writing)} AS site"] if writing.codes else []
    turn = f", {IN_ORDER}" if odd else ""
    source = f"(SELECT *, {plain_sql(writing.person)} AS {PLAIN}{turn} FROM {writing.rows.source})"
    # A join gives the rows that match before those that do not, and what identifies people is kept in the file's order.
    joined = f" LEFT JOIN odd_people ON odd_people.identifier = {writing.person} ORDER BY {TURN}" if odd else ""
    _copy(writing.connection, f"SELECT {', '.join(columns)} FROM {source}{joined}", target, "delivered")


def _copy(connection: Any, query: str, target: Path, key: str, options: str = "") -> None:
    locked = f"ENCRYPTION_CONFIG {{footer_key: '{key}'}}"
    connection.execute(f"COPY ({query}) TO '{quoted(str(target))}' (FORMAT parquet, {locked}, {LAYOUT}{options})")


def _person_key(writing: Writing, *, odd: bool) -> str:
    """Return the pseudonym of a row's person; what SQL does not normalise is looked up."""
    left = f"regexp_matches({writing.person}, '{PLAIN_ONLY}')"
    looked_up = f"CASE WHEN {_somebody(writing, writing.person)} THEN odd_people.person_key END" if odd else "NULL"
    return (
        f"CASE WHEN {writing.person} IS NULL THEN NULL WHEN {left} THEN {looked_up} "
        f"WHEN list_contains({_nobody(writing)}, {PLAIN}) THEN NULL ELSE {pseudonym_sql(PLAIN)} END"
    )


def _nobody(writing: Writing) -> str:
    """Return the words that stand for "not known" as a list; DuckDB would make a join of a long IN."""
    return f"[{', '.join(literal(word) for word in sorted(_words(writing)))}]"


def _words(writing: Writing) -> set[str]:
    person = writing.extract.columns.get("person")
    words = {*MISSING_DEFAULT, "", *(person.missing if person else ())}
    return words | ({*words_for_nobody(person.column), *writing.unlike} if person else set())


def _somebody(writing: Writing, person: str) -> str:
    """Return the condition that a row says whose it is."""
    return f"(NOT list_contains({_nobody(writing)}, coalesce({compared(person)}, '')))"


def _blank(writing: Writing) -> str:
    """Return the condition that a row holds nothing at all: then it is none."""
    every = [place(index) for index in range(len(writing.rows.facts.columns))]
    nothing = " AND ".join(f"coalesce({trimmed(one)}, '') = ''" for one in every)
    # What begins with a letter of ASCII holds something, and the person nearly always does.
    begins = f"{writing.person} >= '!' AND {writing.person} < chr(127)"
    held = f"{writing.person} <> '' AND trim({writing.person}) <> ''"
    return f"CASE WHEN {begins} OR ({held}) THEN false ELSE {nothing} END"


def _site_key(writing: Writing) -> str:
    column = compared(writing.slot(writing.extract.columns["site"].column))
    cases = " ".join(f"WHEN {literal(code)} THEN '{quoted(key)}'" for code, key in writing.codes.items())
    return f"CASE {column} {cases} END"


def _read(path: Path, key: str, extra: str = "") -> str:
    options = f"hive_partitioning = false, encryption_config = {{footer_key: '{key}'}}{extra}"
    return f"read_parquet('{quoted(as_path(path))}', {options})"


def _write_people(writing: Writing, whole: Path, target: Path) -> None:
    """Write what identifies people, in the order of the rows."""
    columns = ", ".join(f"{slot} AS {named(f'is {kind}')}" for kind, slot in writing.kinds.items())
    columns = columns or "NULL::VARCHAR AS nobody"  # A series is of nobody, and a table needs a column.
    _copy(writing.connection, f"SELECT {columns} FROM {writing.rows.source}", target, "vaulted")
    counts = [
        writing.connection.execute(f"SELECT count(*) FROM {_read(path, key)}").fetchone()[0]
        for path, key in ((whole, "delivered"), (target, "vaulted"))
    ]
    if counts[0] != counts[1]:
        raise Refusal(f"{writing.file.shown} changed while it was read.", "Run again. The earlier results stand.")


def _keep_odd_people(writing: Writing, whole: Path, secret: Path) -> bool:
    """Keep the pseudonyms of identifiers that SQL does not normalise; tell whether there are any."""
    if "person" not in writing.extract.columns or not _lacks_pseudonyms(writing, whole):
        return False
    person = named("is person")
    query = (
        f"SELECT DISTINCT {person} FROM {_read(secret, 'vaulted')} WHERE "
        f"CASE WHEN regexp_matches({person}, '{PLAIN_ONLY}') THEN {_somebody(writing, person)} END ORDER BY 1"
    )
    words = set(map(normalised, _words(writing)))
    odd = [one for (one,) in writing.connection.execute(query).fetchall() if normalised(one) not in words]
    key = keys.derived(keys.key(writing.site.workspace, "pseudonym"), writing.site.pilot)
    writing.connection.execute("CREATE OR REPLACE TEMP TABLE odd_people (identifier VARCHAR, person_key VARCHAR)")
    insert(writing.connection, "odd_people", pseudonyms(key, odd))
    return bool(odd)


def _lacks_pseudonyms(writing: Writing, whole: Path) -> bool:
    """Tell whether a row has no pseudonym; Parquet notes how many have none, so that no row is read to find none."""
    query = f"SELECT 1 FROM {_read(whole, 'delivered')} WHERE person_key IS NULL LIMIT 1"
    return writing.connection.execute(query).fetchone() is not None


def _apart(writing: Writing, whole: Path, secret: Path) -> About:
    """Let each site have its own part; a file of one site is left as it is."""
    if not writing.codes:
        return _one_part(writing, whole, secret, writing.site.site)
    _refuse_unknown_sites(writing, whole)
    query = f"SELECT DISTINCT site FROM {_read(whole, 'delivered')} WHERE NOT blank ORDER BY 1"
    found = [key for (key,) in writing.connection.execute(query).fetchall()]
    return _many_parts(writing, whole, secret) if len(found) > 1 else _one_part(writing, whole, secret, *found)


def _refuse_unknown_sites(writing: Writing, whole: Path) -> None:
    number = _number(writing)
    source = _read(whole, "delivered", ", file_row_number = true")
    query = f"SELECT {number} FROM {source} WHERE site IS NULL AND NOT blank ORDER BY 1 LIMIT {ROWS_NAMED + 1}"
    unknown = [row for (row,) in writing.connection.execute(query).fetchall()]
    if unknown:
        column = writing.extract.columns["site"].column
        raise Refusal(
            f'{writing.file.shown}, column "{column}", {rows_named(unknown)}: the site is not in the protocol.',
            f"Correct it, or add the code to a site. Known codes: {', '.join(writing.codes)}."
            " The earlier results stand.",
        )


def _number(writing: Writing) -> str:
    return "source_row" if writing.rows.numbered else f"file_row_number + {_first(writing)}"


def _first(writing: Writing) -> int:
    return writing.rows.facts.header_row + 1


def _one_part(writing: Writing, whole: Path, secret: Path, key: str = "") -> About:
    for path in (whole, secret):
        path.parent.rename(path.parent.with_name(f"site={key}"))
    part = writing.draft / f"site={key}" / whole.name
    source = f"{_read(part, 'delivered')} WHERE NOT blank"
    # Different hashes are of different people, and are counted in half the time; where some agree, people are counted.
    query = f"SELECT count(*), count(person_key), count(DISTINCT hash(person_key)) FROM {source}"
    rows, named_in, people = writing.connection.execute(query).fetchone()
    if people != named_in:
        (people,) = writing.connection.execute(f"SELECT {PEOPLE} FROM {source}").fetchone()
    return _about(writing, {key: rows}, {key: people}, split=False)


def _many_parts(writing: Writing, whole: Path, secret: Path) -> About:
    """Write the rows again, each site's into a folder of its own."""
    apart = ", PARTITION_BY (site), OVERWRITE_OR_IGNORE"
    source = _read(whole, "delivered", ", file_row_number = true")
    columns = ", ".join(["person_key", "site", *map(named, writing.fields)])
    rows = f"SELECT {_number(writing)} AS source_row, {columns} FROM {source} WHERE NOT blank"
    _copy(writing.connection, rows, writing.draft, "delivered", apart)
    both = f"{source} d POSITIONAL JOIN {_read(secret, 'vaulted')} v"
    people = f"SELECT d.{_number(writing)} AS source_row, person_key, site, v.* FROM {both} WHERE NOT blank"
    _copy(writing.connection, people, writing.vault_draft, "vaulted", apart)
    counts = _counts_by_site(writing, whole)
    for path in (whole, secret):
        path.unlink()
        path.parent.rmdir()
    return _about(writing, {k: n for k, n, _ in counts}, {k: n for k, _, n in counts}, split=True)


def _counts_by_site(writing: Writing, whole: Path) -> list[tuple[str, int, int]]:
    return list(
        writing.connection.execute(
            f"SELECT site, count(*), {PEOPLE} FROM {_read(whole, 'delivered')} WHERE NOT blank GROUP BY 1 ORDER BY 1"
        ).fetchall()
    )


def _about(writing: Writing, rows: dict[str, int], people: dict[str, int], *, split: bool) -> About:
    facts = asdict(writing.rows.facts)
    return About(
        noun=writing.extract.noun,
        extract=writing.name,
        file_sha256=writing.file.sha256,
        fields=tuple(writing.fields),
        split=split,
        numbered=writing.rows.numbered,
        first=_first(writing),
        rows=rows,
        people=people,
        notes=tuple(facts.pop("notes")),
        read_as=facts,
    )
