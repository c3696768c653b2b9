"""Files without the person's number: invented people with typing errors in, links with known truth out."""

from __future__ import annotations

import datetime as dt
import importlib.util
import logging
import random
import sys
from pathlib import Path

import pytest

from pipelines import keys
from pipelines.analysis import build
from pipelines.disclosure.apply import checked
from pipelines.findings.deliveries import TABLES, delivery_findings
from pipelines.findings.likeness import ProbabilisticLinkageResult
from pipelines.findings.making import making
from pipelines.ingest import receive
from pipelines.ingest.pseudonyms import pseudonym
from pipelines.refusal import Refusal
from pipelines.validation.publish import publish
from pipelines.warehouse import open_vault, open_warehouse, table_hash
from pipelines.workspace import PilotSite
from tests.spec.mistyped_people import (
    PROTOCOL,
    Somebody,
    case_row,
    contact_row,
    crowd,
    deliver,
    mistyped,
    site,
    somebody,
)

needs_splink = pytest.mark.skipif(
    importlib.util.find_spec("splink") is None, reason="the extra `linkage` is not installed"
)
PEOPLE, STRANGERS = 500, 60
CANARY = Somebody("Xanthippe", "Quarrelmonger", dt.date(1977, 7, 7), "ZZ9 9ZZ")
TELLTALE = ("xanthippe", "quarrelmonger", "ZZ99ZZ", "ZZ9 9ZZ", "1977-07-07", "07/07/1977")


def rows_of(row: tuple[str, ...], code: str, at: int) -> tuple[str, ...]:
    return (*row[:at], code, *row[at + 1 :])


def people_and_contacts(seed: int = 4) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return a case file and contacts; every third person is at the other site, and twins stand at the end."""
    draw = random.Random(seed)
    people, strangers = crowd(seed, PEOPLE, STRANGERS)
    people.append(CANARY)
    twin = somebody(draw)
    people += [twin, twin]
    cases = [rows_of(case_row(n, one), "S" if n % 3 == 0 else "N", 1) for n, one in enumerate(people)]
    cases[-2:] = [case_row(len(people) - 2 + i, twin) for i in (0, 1)]
    contacts = [
        rows_of(contact_row(mistyped(draw, one), f"C{n:06}"), "S" if n % 3 == 0 else "N", 0)
        for n, one in enumerate(people[:-2])
        for _ in range(draw.randrange(1, 4))
    ]
    contacts += [contact_row(mistyped(draw, one), "nobody") for one in strangers]
    contacts.append(contact_row((twin.given, twin.surname, f"{twin.born:%d/%m/%Y}", twin.postcode), "twin"))
    draw.shuffle(contacts)
    return cases, contacts


@pytest.fixture(scope="module")
def north(tmp_path_factory: pytest.TempPathFactory) -> PilotSite:
    """One site of a pilot whose contacts came without the person's number."""
    root = tmp_path_factory.mktemp("likeness")
    deliver(root, *people_and_contacts())
    pilot = site(root)
    receive(pilot, "cases")
    receive(pilot, "contacts")
    return pilot


def links(pilot: PilotSite) -> list[tuple[str, str | None]]:
    """Return whose each row truly is, and whose it was taken for, as pseudonyms."""
    secret = keys.derived(keys.key(pilot.workspace, "pseudonym"), pilot.pilot)
    with open_warehouse(pilot) as connection:
        found = connection.execute("SELECT kind, person_key FROM raw.contacts").fetchall()
    return [(pseudonym(secret, kind) if kind.startswith("C") else kind, key) for kind, key in found]


@needs_splink
def test_rows_find_their_people_despite_typing_errors(north: PilotSite) -> None:
    found = links(north)
    right = sum(1 for truth, key in found if key == truth)
    linked = sum(1 for _, key in found if key)
    theirs = sum(1 for truth, _ in found if truth not in ("nobody", "twin"))
    assert len(found) > 600
    assert right / linked >= 0.99
    assert right / theirs >= 0.9


@needs_splink
def test_a_row_that_fits_two_people_belongs_to_nobody(north: PilotSite) -> None:
    assert [key for truth, key in links(north) if truth == "twin"] == [None]
    with open_warehouse(north) as connection:
        counts = dict(connection.execute("SELECT status, rows FROM raw.links").fetchall())
        rows, keyed = connection.execute("SELECT count(*), count(person_key) FROM raw.contacts").fetchone()
    assert counts["ambiguous"] >= 1
    assert counts["linked"] == keyed
    assert sum(counts.values()) == rows


@needs_splink
def test_the_higher_the_threshold_the_fewer_rows_fit_anybody(north: PilotSite) -> None:
    with open_warehouse(north) as connection:
        query = "SELECT threshold, linked + ambiguous, ambiguous, unlinked FROM raw.link_sensitivity ORDER BY 1"
        found = connection.execute(query).fetchall()
    assert [threshold for threshold, *_ in found] == [0.8, 0.9, 0.95, 0.99]
    fit, doubtful, unlinked = ([row[i] for row in found] for i in (1, 2, 3))
    assert fit == sorted(fit, reverse=True)
    assert doubtful == sorted(doubtful, reverse=True)
    assert unlinked == sorted(unlinked)
    assert fit[0] > fit[-1]


@needs_splink
def test_the_same_files_give_the_same_links(north: PilotSite) -> None:
    def state() -> list[str]:
        with open_warehouse(north) as connection:
            return [table_hash(connection, f"raw.{t}") for t in ("contacts", "links", "link_sensitivity", "link_model")]

    before = state()
    receive(north, "contacts")
    assert state() == before


@needs_splink
def test_nothing_that_identifies_anybody_leaves_the_vault(
    north: PilotSite, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        told = receive(north, "contacts")
    said = repr(told) + caplog.text + "".join(capfd.readouterr())
    with open_warehouse(north) as connection:
        tables = connection.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = 'warehouse'"
        ).fetchall()
        held = {name: repr(connection.execute(f"SELECT * FROM {name}").fetchall()) for (name,) in tables}
    assert "raw.contacts" in held
    assert not [name for name in held if "splink" in name]
    for word in TELLTALE:
        assert word.casefold() not in (said + "".join(held.values())).casefold()
    files = [path for path in north.workspace.root.rglob("*") if path.is_file() and "drops" not in path.parts]
    assert files
    assert not [path.name for path in files for word in TELLTALE if word.encode() in path.read_bytes()]
    with open_vault(north) as vault:
        assert not vault.execute("SELECT 1 FROM duckdb_tables() WHERE table_name LIKE '%splink%'").fetchall()


@needs_splink
def test_quotes_are_searched_for_the_names_of_the_linked_file_too(north: PilotSite) -> None:
    with open_vault(north) as vault:
        names = "SELECT count(*) FROM vault.identifiers WHERE noun = 'contacts' AND kind = 'surname'"
        assert vault.execute(names).fetchone()[0] > 200


@needs_splink
def test_the_model_says_how_much_each_agreement_counts(north: PilotSite) -> None:
    with open_warehouse(north) as connection:
        query = "SELECT identifier, m, u, weight FROM raw.link_model WHERE position > 0 ORDER BY position"
        found = connection.execute(query).fetchall()
    assert list(dict.fromkeys(kind for kind, *_ in found)) == ["given", "surname", "born", "postcode"]
    for kind in ("given", "surname", "born", "postcode"):
        own = [(m, u, weight) for one, m, u, weight in found if one == kind]
        assert sum(m for m, *_ in own) == pytest.approx(1, abs=1e-3)
        assert sum(u for _, u, _ in own) == pytest.approx(1, abs=1e-2)
        assert own[0][2] > 0 > own[-1][2]
        assert [weight for *_, weight in own] == sorted((weight for *_, weight in own), reverse=True)


@needs_splink
def test_the_finding_says_how_many_rows_were_linked(north: PilotSite) -> None:
    for noun in ("spend", "consents", "events", "documents", "codings"):
        receive(north, noun)
    for noun in ("cases", "outcomes", "contacts"):
        assert not publish(north, noun).refusal
    build(north, "participants")
    with open_warehouse(north) as connection:
        made = delivery_findings(making(north, connection, TABLES))
    found = next(one for one in made if one.id == "probabilistic_linkage/talks")
    assert isinstance(found.result, ProbabilisticLinkageResult)
    assert found.sentence.startswith("File “talks”: at a match probability of 95%, ")
    assert "Between 80% and 99% the number goes from" in found.sentence
    shown = next(one for one in checked(made, north.protocol) if one.id == found.id).result
    assert isinstance(shown, ProbabilisticLinkageResult)
    assert (shown.linked_people, shown.others, shown.smallest) == (None, None, None)
    assert "Quarrelmonger" not in found.model_dump_json()


CONSENTS = PROTOCOL.replace("noun: contacts", "noun: consents").replace(
    "contact_date: On, kind: Kind", "may_quote: On, may_publish: Kind"
)


@needs_splink
def test_of_two_consents_of_one_person_neither_counts(tmp_path: Path) -> None:
    people, _ = crowd(5, 150, 0)
    plain = [(p.given, p.surname, f"{p.born:%d/%m/%Y}", p.postcode) for p in people]
    cases = [case_row(n, one) for n, one in enumerate(people)]
    consents = [("N", "yes", "yes", *values) for values in [*plain, plain[7]]]
    deliver(tmp_path, cases, consents)
    pilot = site(tmp_path, CONSENTS)
    receive(pilot, "consents")
    with open_warehouse(pilot) as connection:
        counts = dict(connection.execute("SELECT status, rows FROM raw.links").fetchall())
        unlinked = "SELECT source_row FROM raw.consents WHERE person_key IS NULL ORDER BY 1"
        assert connection.execute(unlinked).fetchall() == [(9,), (152,)]
    assert counts == {"linked": 149, "ambiguous": 2, "unlinked": 0}


@needs_splink
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda cases, contacts: (cases[:60], contacts), "fewer than 100 people"),
        (lambda cases, contacts: (cases, [(*row[:5], "03/04/1990", row[6]) for row in contacts]), "cannot be told"),
        (lambda cases, contacts: (cases, [(*row[:6], "N1 1AA") for row in contacts]), '"postcode" has no two'),
        (
            lambda cases, contacts: (
                cases,
                [contact_row(mistyped(random.Random(n), somebody(random.Random(-n - 1))), "x") for n in range(400)],
            ),
            "fewer than 30 records of the two files agree",
        ),
    ],
    ids=["few", "dates", "no variation", "other people"],
)
def test_what_cannot_be_learnt_is_refused(change, words: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    cases, contacts = change(*people_and_contacts())
    deliver(tmp_path, cases, contacts)
    pilot = site(tmp_path)
    receive(pilot, "cases")
    with pytest.raises(Refusal, match="extract talks: ") as refused:
        receive(pilot, "contacts")
    assert words in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None


def test_without_the_package_it_is_refused_and_all_else_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    deliver(tmp_path, *people_and_contacts())
    pilot = site(tmp_path)
    assert receive(pilot, "cases").rows
    with pytest.raises(Refusal, match="Install the extra `linkage`"):
        receive(pilot, "contacts")


def two_files(people: list[Somebody]) -> tuple[list[tuple[str, ...]], list[tuple[str, str, str, str]]]:
    """Return the case file, and the same people without errors as another file names them."""
    return [case_row(n, one) for n, one in enumerate(people)], [
        (p.given, p.surname, f"{p.born:%d/%m/%Y}", p.postcode) for p in people
    ]


COMPLETES = PROTOCOL.replace("noun: contacts", "noun: cases\n    completes: people").replace(
    "columns: {site: Site, contact_date: On, kind: Kind}", "columns: {site: Site, end_date: On}\n    ignore: [Kind]"
)


@needs_splink
def test_a_linked_file_completes_the_case_file(tmp_path: Path) -> None:
    cases, others = two_files(crowd(6, 150, 0)[0])
    deliver(tmp_path, cases, [("N", f"2026-03-{n % 28 + 1:02}", "", *one) for n, one in enumerate(others)])
    pilot = site(tmp_path, COMPLETES)
    receive(pilot, "cases")
    with open_warehouse(pilot) as connection:
        found = connection.execute("SELECT source_row - 2, end_date FROM raw.cases ORDER BY 1").fetchall()
    assert found == [(n, f"2026-03-{n % 28 + 1:02}") for n in range(150)]


INCREMENTS = PROTOCOL.replace("    link:", "    delivery: increments\n    link:")


@needs_splink
def test_rows_of_several_drops_find_their_people_and_the_state_before_is_linked_too(tmp_path: Path) -> None:
    cases, others = two_files(crowd(7, 200, 0)[0])
    contacts = [("N", "2026-02-01", f"C{n:06}", *one) for n, one in enumerate(others)]
    deliver(tmp_path, cases, contacts[:120])
    deliver(tmp_path, cases, contacts[120:] + contacts[:1], day="2026-05-01")
    pilot = site(tmp_path, INCREMENTS)
    receive(pilot, "contacts")
    found = links(pilot)
    assert len(found) == 200
    assert all(truth == key for truth, key in found)
    with open_warehouse(pilot) as connection:
        assert connection.execute("SELECT count(*), count(person_key) FROM raw.contacts_before").fetchone() == (
            120,
            120,
        )


SIDE_BY_SIDE = PROTOCOL.replace(
    "{site: Site, contact_date: On, kind: Kind}", "{site: Site, contact_date: {column: On, also: [Kind]}}"
)


@needs_splink
def test_contacts_side_by_side_in_a_row_are_all_of_one_person(tmp_path: Path) -> None:
    cases, others = two_files(crowd(8, 150, 0)[0])
    deliver(tmp_path, cases, [("N", "2026-02-01", "2026-02-02", *one) for one in others])
    pilot = site(tmp_path, SIDE_BY_SIDE)
    receive(pilot, "contacts")
    with open_warehouse(pilot) as connection:
        each = "SELECT person_key, count(*) AS n FROM raw.contacts GROUP BY 1"
        query = f"SELECT count(*), count(person_key), min(n) FROM ({each})"
        assert connection.execute(query).fetchone() == (150, 150, 2)
        assert connection.execute("SELECT rows FROM raw.links WHERE status = 'linked'").fetchone() == (150,)


@needs_splink
def test_a_date_that_stands_for_not_known_links_nobody(tmp_path: Path) -> None:
    """01/01/1900 in both files would else speak for one person as loudly as a true date of birth."""
    cases, others = two_files(crowd(11, 200, 0)[0])
    blanked = [(*row[:6], "1900-01-01", row[7]) if n < 40 else row for n, row in enumerate(cases)]
    strangers = [("N", "2026-02-01", "x", p.given, p.surname, "01/01/1900", p.postcode) for p in crowd(12, 100, 0)[0]]
    deliver(tmp_path, blanked, [*(("N", "2026-02-01", "x", *one) for one in others), *strangers])
    pilot = site(tmp_path)
    receive(pilot, "contacts")
    with open_warehouse(pilot) as connection:
        counts = dict(connection.execute("SELECT status, rows FROM raw.links").fetchall())
        model = connection.execute("SELECT u FROM raw.link_model WHERE identifier = 'born'").fetchone()
    assert counts["linked"] <= 200
    assert model[0] < 0.001
