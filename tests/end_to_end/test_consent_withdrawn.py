"""Taking back consent: the next run holds nothing of a person's words, and says which earlier releases do."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest

from pipelines.findings.themes import candidates
from pipelines.findings.withdrawn import said_by_the_gone
from pipelines.qualitative.quotes import quote_hash
from pipelines.qualitative.release_list import Decision, decide
from pipelines.release.errata import FILE, errata
from pipelines.warehouse import open_warehouse
from pipelines.workspace import Workspace
from tests.end_to_end.command import pilotlens
from tests.spec.interviewed_pilot import deliver, evidence, quotes_of, run, run_themes, shown

HERS = "They took the time that nobody else ever took."
HERS_NAMING = "Without Zebedee beside me this would have failed."
HERS_SHOWN = "Without [a friend] beside me this would have failed."
HERS_TOGETHER = "The two of us would do all of it again."
OTHERS = "It was fine and it did what it said."
OTHERS_DOUBT = "Half of it never came when it was due."
ECHO = f"She said it well: {HERS}"
TALKS = {
    "P001": [("Trust", HERS), ("Hope", HERS_NAMING)],
    "P003": [("Doubt", OTHERS_DOUBT), ("Calm", ECHO)],
    "P001+P005": [("Together", HERS_TOGETHER)],
    **{f"P{n:03}": [("Trust", f"{OTHERS} {n}.")] for n in range(7, 27, 2)},
}
CONSENTS = {f"P{n:03}": "yes,yes,yes," for n in range(1, 27, 2)}


@pytest.fixture(scope="module")
def withdrawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Released once with everybody; then P001 withdraws, and her own interview is taken out of the project."""
    root = tmp_path_factory.mktemp("withdrawn")
    deliver(root, "2026-07-01", TALKS, CONSENTS)
    site = Workspace(root).site("heard", "north")
    approved = {HERS: "", HERS_NAMING: HERS_SHOWN, HERS_TOGETHER: "", OTHERS_DOUBT: "", ECHO: ""}
    for words, instead in approved.items():
        decide(site.folder / "quotes.csv", Decision(quote_hash(words), "A. Lead", "2026-07-02", "approved", instead))
    run(root)
    assert set(shown(site)) == {HERS, HERS_SHOWN, HERS_TOGETHER, OTHERS_DOUBT, ECHO}
    assert errata(site) == ()
    left = {who: said for who, said in TALKS.items() if who != "P001"} | {"P001": [("Trust", HERS)]}
    deliver(root, "2026-10-01", left, CONSENTS | {"P001": "yes,yes,yes,2026-09-15"})
    return root


def files(root: Path) -> dict[Path, tuple[int, int]]:
    """Return every file that is not put in by people, with size and time."""
    found = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_relative_to(root / "pilots"))
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


def test_nothing_of_a_withdrawn_voice_is_in_anything_new_and_the_list_of_what_was_is_exact(withdrawn: Path) -> None:
    before = files(withdrawn)
    (old,) = (path for path in before if path.name == "evidence.json")
    done = pilotlens(withdrawn, "run", "heard")
    assert done.returncode == 0, done.stdout + done.stderr
    new = [path for path, facts in files(withdrawn).items() if before.get(path) != facts]
    assert {"evidence.json", "report.html", FILE} <= {path.name for path in new}, sorted(path.name for path in new)
    hers = (HERS, HERS_NAMING, HERS_SHOWN, HERS_TOGETHER)
    needles = [form.encode() for words in hers for form in (words, words[:25], quote_hash(words))]
    held = [(path.name, k) for path in new for k, needle in enumerate(needles) if needle in path.read_bytes()]
    assert held == []
    assert not [words for words in hers if words in done.stdout + done.stderr]
    site = Workspace(withdrawn).site("heard", "north")
    assert set(shown(site)) == {OTHERS_DOUBT}, "what quotes her word for word is taken back with her"
    with open_warehouse(site) as connection:
        rows = [
            row
            for table in ("validated.documents", "validated.codings", "quarantine.codings", "findings.themes")
            for row in connection.execute(f"FROM {table}").fetchall()
            if row[1] != "" and any(words in str(row) for words in (HERS_NAMING, HERS_SHOWN))
        ]
    assert rows == []

    listed = list(csv.DictReader(io.StringIO((withdrawn / "corrections" / "heard" / "north" / FILE).read_text())))
    assert listed == [
        {
            "site": "north",
            "release": old.parent.name,
            "quotes": "4",  # hers three, one of them edited and one together, and the echo of her words
            "findings": "theme/calm; theme/hope; theme/together; theme/trust",
            "files": "; ".join(
                os.path.relpath(old.parent / name, withdrawn) for name in ("evidence.json", "tables/theme.parquet")
            ),
        }
    ]
    told = pilotlens(withdrawn, "quotes", "withdrawn", "heard")
    assert told.returncode == 0
    assert f"- {old.parent.name}: 4 quotes in theme/calm, theme/hope, theme/together, theme/trust" in told.stdout
    assert not [needle for needle in needles if needle.decode() in told.stdout]
    assert evidence(site).release != old.parent.name

    # Looking back does not let the voice out again.
    back = run_themes(withdrawn, as_of="2026-07-01")
    assert {quote.text for quote in quotes_of(back)} == {OTHERS_DOUBT}
    with open_warehouse(back) as connection:
        rows = candidates(back, connection)
    assert not rows.loc[rows["quote"].isin([HERS, HERS_NAMING, HERS_TOGETHER]), "consented"].any()


def test_short_words_that_others_say_too_are_not_taken_from_them() -> None:
    assert said_by_the_gone("Yes.", {"Yes."})
    assert not said_by_the_gone("Yes. And I would come again.", {"Yes."})
    assert said_by_the_gone(ECHO, {HERS})
