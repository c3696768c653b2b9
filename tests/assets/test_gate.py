"""A refused table stops its site and nobody else; what goes wrong is said without anybody's data."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import duckdb
import pytest

from assets.at_work import FOLDER
from assets.exit_codes import STOPPED
from pipelines.refusal import Refusal
from pipelines.told import Told
from pipelines.validation import CheckResult
from pipelines.workspace import Pilot, PilotSite, Workspace

NORTH, SOUTH = "first-pilot/north", "first-pilot/south"
WORDS = "37 of 400 people (9%) have no group; the limit is 0%."
CANARY = "Persephone Quillfeather"


def failed_rule(*, refuse: bool) -> CheckResult:
    return CheckResult(
        rule="person_present",
        table="cases",
        passed=False,
        severity="block",
        level="row",
        failed=37,
        total=400,
        share=0.0925,
        limit=0.0,
        sentence=WORDS,
        advice="Give the group of every person.",
        row_keys=(CANARY,),
        decision="refuse" if refuse else "quarantine",
    )


def south_is_refused(site: PilotSite, asset: str) -> Told:
    if asset == "validated_cases" and site.site == "south":
        return Told("Refused.", checks=(failed_rule(refuse=True),), refusal=f"The cases are refused. {WORDS}")
    return Told(f"{asset} is done.", rows=1)


def materialised(key: str, asset: str) -> bool:
    instance = dg.DagsterInstance.get()
    return key in instance.get_materialized_partitions(dg.AssetKey(asset))


def checks_of(key: str) -> dict[str, Any]:
    """Return the newest evaluation of each check of validated_cases for a site."""
    instance = dg.DagsterInstance.get()
    runs = instance.get_runs(filters=dg.RunsFilter(tags={"dagster/partition": key}), limit=1)
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    events = [entry.dagster_event for entry in instance.all_logs(runs[0].run_id, of_type=kind)]
    found = [event.event_specific_data for event in events if event is not None]
    return {one.check_name: one for one in found if one.asset_key == dg.AssetKey("validated_cases")}


def test_a_refused_site_stops_and_the_others_go_on(steps: Callable[..., None], run: Callable[..., Any]) -> None:
    steps(south_is_refused)
    outcomes = run()
    assert {key: outcome.result for key, outcome in outcomes.items()} == {NORTH: "done", SOUTH: "refused"}
    assert outcomes[SOUTH].words == f"The cases are refused. {WORDS}"
    assert outcomes[SOUTH].step == "validated_cases"
    assert materialised(NORTH, "reports_site")
    assert materialised(SOUTH, "raw_cases")
    for downstream in ("validated_cases", "validated_outcomes", "released_evidence", "reports_site"):
        assert not materialised(SOUTH, downstream)


def test_each_site_keeps_its_own_check_in_words(steps: Callable[..., None], run: Callable[..., Any]) -> None:
    steps(south_is_refused)
    run()
    south, north = checks_of(SOUTH)["person_present"], checks_of(NORTH)["person_present"]
    assert (south.passed, south.severity, south.partition) == (False, dg.AssetCheckSeverity.ERROR, SOUTH)
    assert south.description == WORDS
    assert south.metadata["What to do"].value == "Give the group of every person."
    assert (north.passed, north.partition) == (True, NORTH)


def test_a_rule_that_the_pilot_does_not_have_passes_and_says_so(
    steps: Callable[..., None], run: Callable[..., Any]
) -> None:
    steps(south_is_refused)
    run(SOUTH)
    others = [check for name, check in checks_of(SOUTH).items() if name != "person_present"]
    assert others
    assert all(check.passed and check.description == "Does not apply to this pilot." for check in others)


def test_rows_set_aside_are_yellow_and_stop_nothing(steps: Callable[..., None], run: Callable[..., Any]) -> None:
    steps(
        lambda _site, asset: Told(
            f"{asset}.", checks=(failed_rule(refuse=False),) if asset == "validated_cases" else ()
        )
    )
    assert run(NORTH)[NORTH].result == "done"
    assert checks_of(NORTH)["person_present"].severity == dg.AssetCheckSeverity.WARN


def test_a_rule_newer_than_the_definitions_is_told_in_the_log(
    steps: Callable[..., None], run: Callable[..., Any]
) -> None:
    new = failed_rule(refuse=False).model_copy(update={"rule": "of_tomorrow"})
    steps(lambda _site, asset: Told(f"{asset}.", checks=(new,) if asset == "validated_cases" else ()))
    assert run(NORTH)[NORTH].result == "done"


def test_what_a_refusal_says_is_what_people_read(steps: Callable[..., None], run: Callable[..., Any]) -> None:
    def no_file(_site: PilotSite, asset: str) -> Told:
        raise Refusal("The drop has no file cases.csv.", "Ask for it.")

    steps(no_file)
    outcome = run(NORTH)[NORTH]
    assert (outcome.result, outcome.words) == ("refused", "The drop has no file cases.csv. Ask for it.")


def broken(site: PilotSite | Pilot, asset: str) -> Told:
    """Fail as libraries do: with a person's value in the message, in its cause and in the variables around it."""
    person = CANARY
    try:
        duckdb.sql(f"SELECT CAST('{person}' AS INTEGER)").fetchall()
    except duckdb.Error as error:
        raise ValueError(f"could not convert {person!r}") from error
    return Told("never")


@pytest.mark.slow
def test_no_exception_carries_a_value_out(
    assets: ModuleType,
    steps: Callable[..., None],
    run: Callable[..., Any],
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from assets.running import run_pilots

    steps(broken)
    monkeypatch.setattr("pipelines.synthesis.synthesise", lambda pilot: broken(pilot, "synthesis_pilot"))
    monkeypatch.setattr("pipelines.reporting.publish.publish_pilot", lambda pilot: broken(pilot, "synthesis_report"))
    for name in sorted(key.to_user_string() for key in assets.defs.resolve_asset_graph().get_all_asset_keys()):
        if name.startswith("synthesis_"):
            (outcome,) = run_pilots(workspace, ["first-pilot"], lambda _key, _step: None, (name,))
        else:
            outcome = run(NORTH, only=(name,))[NORTH]
        assert outcome.result == "failed"
        assert "ValueError" in outcome.words
        assert CANARY not in outcome.words + outcome.where
    printed = capfd.readouterr()
    assert CANARY not in printed.out + printed.err
    assert not holds(workspace.dagster_home, CANARY)


def test_the_scan_would_find_a_value(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "runs.db") as database:
        database.execute("CREATE TABLE t AS SELECT ? AS x", [f"could not convert {CANARY}"])
    database.close()
    assert holds(tmp_path, CANARY)


def holds(folder: Path, words: str) -> bool:
    """Scan every byte below a folder."""
    return any(words.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_run_leaves_no_data_and_no_logs_of_libraries_behind(
    steps: Callable[..., None], run: Callable[..., Any], workspace: Workspace
) -> None:
    steps(south_is_refused)
    run()
    files = [path for path in workspace.dagster_home.rglob("*") if path.is_file()]
    locks = [path for path in files if path.parent.name == FOLDER]  # of runs at work: they hold nothing
    assert all(path.stat().st_size == 0 for path in locks)
    assert {path.suffix for path in files if path not in locks} <= {".db", ".yaml", ".db-wal", ".db-shm"}


def test_a_refused_site_keeps_its_earlier_report(
    steps: Callable[..., None],
    workspace: Workspace,
    assets: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from assets.cli import main

    earlier = workspace.reports_folder / SOUTH / "report.html"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("as it was")
    steps(south_is_refused)
    monkeypatch.setattr("sys.argv", ["pilotlens", "run", "first-pilot"])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert ended.value.code == STOPPED
    assert earlier.read_text() == "as it was"
    assert "the earlier one" in printed.out
    assert WORDS in printed.err
