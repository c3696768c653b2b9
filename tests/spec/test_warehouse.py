"""The encrypted files of a site: keys, locks, damage, whole replacement, and a hash of what is in a table."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import duckdb
import pytest

from pipelines import encrypted_files, keys, warehouse
from pipelines.protocol import load_text
from pipelines.refusal import Refusal
from pipelines.workspace import PilotSite, Workspace

CANARY = "Wilhelmina Quartermaine"
PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites: {north: {title: North}}
population: {description: people}
intervention: {name: x}
extracts: {people: {file: cases.csv, columns: {person: id}}}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PilotSite:
    for purpose in keys.PURPOSES:
        monkeypatch.delenv(f"PILOTLENS_{purpose.upper()}_KEY", raising=False)
    return made(tmp_path / "work space's")


def made(root: Path) -> PilotSite:
    """Return a site whose keys are there, so that a test may put any file in a database's place."""
    site = PilotSite(Workspace(root), load_text(PROTOCOL), "north")
    keys.key(site.workspace, "warehouse")
    return site


def filled(site: PilotSite, rows: int = 3) -> None:
    with warehouse.open_warehouse(site) as connection:
        warehouse.replace_table(connection, "raw.cases", f"SELECT range AS a, '{CANARY}' AS b FROM range({rows})")


def count(site: PilotSite) -> int:
    with warehouse.open_warehouse(site, read_only=True) as connection:
        return int(connection.execute("SELECT count(*) FROM raw.cases").fetchone()[0])


def refusal(site: PilotSite, **options: object) -> str:
    with pytest.raises(Refusal) as raised, warehouse.open_warehouse(site, **options):  # type: ignore[arg-type]
        pass
    assert raised.value.__context__ is None
    assert raised.value.__cause__ is None
    assert keys.key(site.workspace, "warehouse") not in str(raised.value)
    return str(raised.value)


def test_what_is_written_is_encrypted_and_only_the_owner_enters(site: PilotSite) -> None:
    filled(site)
    for path in site.workspace.root.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or path.suffix == ".duckdb", path
        assert not path.is_file() or CANARY.encode() not in path.read_bytes()
    assert count(site) == 3


def test_an_open_write_leaves_nothing_in_clear_beside_the_file(site: PilotSite) -> None:
    with warehouse.open_warehouse(site) as connection:
        connection.execute(f"CREATE TABLE raw.x AS SELECT '{CANARY}' || range AS b FROM range(100)")
        beside = list(site.warehouse_file.parent.glob("*"))
        assert any(path.suffix == ".wal" for path in beside)
        assert not [path for path in beside if CANARY.encode() in path.read_bytes()]


def test_what_does_not_fit_into_memory_is_encrypted_too(site: PilotSite) -> None:
    with warehouse.open_warehouse(site) as connection:
        connection.execute("SET memory_limit = '60MB'")
        connection.execute(
            f"CREATE TEMP TABLE big AS SELECT '{CANARY}' || range AS a, hash(range) AS b FROM range(2000000)"
        )
        spilt = [path for path in (site.workspace.root / "warehouse" / ".spill").glob("*/*") if path.stat().st_size]
        assert spilt, "nothing was spilt, so nothing was tested"
        assert not [path for path in spilt if CANARY.encode() in path.read_bytes()]


# ---- keys -----------------------------------------------------------------------------------------------------------


def test_a_wrong_key_is_said_plainly(site: PilotSite) -> None:
    filled(site)
    (site.workspace.keys_folder / "warehouse.key").write_text("0" * 64)
    assert "warehouse/first/north.duckdb cannot be opened with the key" in refusal(site)


def test_a_missing_key_is_not_replaced_while_there_are_data(site: PilotSite) -> None:
    filled(site)
    for purpose in keys.PURPOSES:
        before = (path := site.workspace.keys_folder / f"{purpose}.key").read_text()
        path.unlink()
        with pytest.raises(Refusal, match=f"{purpose}.key is missing"):
            keys.key(site.workspace, purpose)
        path.write_text(before)
    assert count(site) == 3


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64, b"g" * 64])
def test_a_damaged_key_is_refused(site: PilotSite, content: bytes) -> None:
    keys.key(site.workspace, "warehouse")
    (site.workspace.keys_folder / "warehouse.key").write_bytes(content)
    with pytest.raises(Refusal, match=r"The key .* in the folder keys cannot be read") as raised:
        keys.key(site.workspace, "warehouse")
    assert raised.value.__context__ is None


def test_keys_are_made_once_and_only_the_owner_reads_them(site: PilotSite) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(keys.key(site.workspace, "vault"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert {path.stat().st_mode & 0o777 for path in site.workspace.keys_folder.iterdir()} == {0o600}
    assert len({path.read_text() for path in site.workspace.keys_folder.iterdir()}) == 3


def test_the_environment_goes_before_the_file(site: PilotSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTLENS_WAREHOUSE_KEY", "from the safe")
    filled(site)
    monkeypatch.setenv("PILOTLENS_WAREHOUSE_KEY", "from another safe")
    assert "cannot be opened with the key" in refusal(site)
    monkeypatch.delenv("PILOTLENS_WAREHOUSE_KEY")
    (site.workspace.keys_folder / "warehouse.key").unlink(missing_ok=True)
    with pytest.raises(Refusal, match="is missing"), warehouse.open_warehouse(site):
        pass


# ---- files that are not as they should be ---------------------------------------------------------------------------


def test_a_plaintext_file_in_its_place_is_refused(site: PilotSite) -> None:
    connection = warehouse.connect(site)
    site.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(f"ATTACH '{warehouse.quoted(str(site.warehouse_file))}' AS plain")
    connection.execute("CREATE TABLE plain.x AS SELECT 1 AS a")
    connection.close()
    assert "is not encrypted, so it was not made here" in refusal(site)


@pytest.mark.parametrize("content", [b"", b"garbage" * 4000, b"PK\x03\x04"])
def test_a_damaged_file_is_said_so(site: PilotSite, content: bytes) -> None:
    site.warehouse_file.parent.mkdir(parents=True)
    site.warehouse_file.write_bytes(content)
    assert "north.duckdb is damaged. Move the file away and run the pilot again" in refusal(site)
    assert site.warehouse_file.read_bytes() == content


def test_a_file_cut_short_or_overwritten_is_refused(site: PilotSite) -> None:
    filled(site, 10_000)
    whole = site.warehouse_file.read_bytes()
    site.warehouse_file.write_bytes(whole[:9000])
    assert "is damaged" in refusal(site)
    site.warehouse_file.write_bytes(whole[:9000] + b"\0" * 100 + whole[9100:])
    assert "is damaged" in refusal(site)


def test_there_is_nothing_to_read_yet(site: PilotSite) -> None:
    assert "does not exist yet. Run the pilot first." in refusal(site, read_only=True)
    assert not site.warehouse_file.exists()


@pytest.mark.parametrize("name", ["locked key conflict", "already attached"])
def test_words_in_the_path_are_not_taken_for_the_reason(tmp_path: Path, name: str) -> None:
    site = made(tmp_path / name)
    site.warehouse_file.parent.mkdir(parents=True)
    site.warehouse_file.write_bytes(b"garbage" * 4000)
    assert "is damaged" in refusal(site, wait=60.0)


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "warehouse").write_text("a file where a folder should be")
    site = PilotSite(Workspace(tmp_path / "workspace"), load_text(PROTOCOL), "north")
    assert "cannot be made in the workspace" in refusal(site)


def test_keys_that_cannot_be_written_are_said_so(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file where a folder should be")
    with pytest.raises(Refusal, match="The keys cannot be written") as raised:
        keys.key(Workspace(tmp_path), "vault")
    assert raised.value.__context__ is None


# ---- one at a time ---------------------------------------------------------------------------------------------------

HOLDER = """
    import sys
    from pathlib import Path
    sys.path.insert(0, {root!r})
    from pipelines import warehouse
    from pipelines.protocol import load_text
    from pipelines.workspace import PilotSite, Workspace
    site = PilotSite(Workspace(Path({folder!r})), load_text({protocol!r}), "north")
    with warehouse.open_warehouse(site) as connection:
        print("open", flush=True)
        sys.stdin.readline()
"""


def holder(site: PilotSite) -> subprocess.Popen[str]:
    code = HOLDER.format(root=str(warehouse.ROOT), folder=str(site.workspace.root), protocol=PROTOCOL)
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "open"
    return process


def test_a_file_that_another_program_holds_is_waited_for_and_then_refused(site: PilotSite) -> None:
    filled(site)
    with holder(site) as process:
        said = refusal(site, wait=0.5)
        assert "is in use by another program" in said
        assert "Nothing was changed" in said
        release = threading.Timer(0.5, process.communicate, ["\n"])
        release.start()
        with warehouse.open_warehouse(site, wait=20.0) as connection:
            assert connection.execute("SELECT count(*) FROM raw.cases").fetchone() == (3,)
        release.join()


def test_two_threads_take_turns(site: PilotSite) -> None:
    filled(site)
    with warehouse.open_warehouse(site):
        assert "is in use by another program" in refusal(site, wait=0.3)


# ---- whole or not at all ---------------------------------------------------------------------------------------------


def replaced_and_stopped(site: PilotSite, stop: type[BaseException]) -> None:
    with warehouse.open_warehouse(site) as connection, warehouse.transaction(connection):
        warehouse.replace_table(connection, "raw.cases", "SELECT 1 AS other")
        raise stop


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_stops_in_the_middle_leaves_the_old_table(site: PilotSite, stop: type[BaseException]) -> None:
    filled(site)
    with pytest.raises(stop):
        replaced_and_stopped(site, stop)
    assert count(site) == 3


def test_a_select_that_fails_leaves_the_old_table(site: PilotSite) -> None:
    filled(site)
    with warehouse.open_warehouse(site) as connection:
        select = "SELECT CASE WHEN range = 99999 THEN CAST('x' AS INTEGER) ELSE 1 END AS a FROM range(100000)"
        with pytest.raises(Exception, match="Conversion"):
            warehouse.replace_table(connection, "raw.cases", select)
    assert count(site) == 3


def test_a_killed_process_leaves_the_old_table(site: PilotSite) -> None:
    filled(site)
    code = HOLDER.replace(
        'print("open", flush=True)',
        'connection.execute("BEGIN"); connection.execute("CREATE OR REPLACE TABLE raw.cases AS SELECT 1 AS a");'
        ' print("open", flush=True)',
    )
    text = code.format(root=str(warehouse.ROOT), folder=str(site.workspace.root), protocol=PROTOCOL)
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "open"
        process.kill()
    assert count(site) == 3


def test_duckdbs_own_words_do_not_pass(site: PilotSite) -> None:
    with warehouse.open_warehouse(site) as connection, pytest.raises(RuntimeError) as raised:
        warehouse.without_values(lambda: connection.execute(f"SELECT CAST('{CANARY}' AS DATE)").fetchall())
    assert CANARY not in str(raised.value)
    assert raised.value.__context__ is None


# ---- the hash of a table ---------------------------------------------------------------------------------------------


def hashes(site: PilotSite, *selects: str) -> list[str]:
    with warehouse.open_warehouse(site) as connection:
        found = []
        for select in selects:
            warehouse.replace_table(connection, "raw.hashed", select)
            found.append(warehouse.table_hash(connection, "raw.hashed"))
        return found


def test_the_order_of_rows_does_not_matter_and_everything_else_does(site: PilotSite) -> None:
    rows = "SELECT range AS t, range % 7 AS b FROM range(5000)"
    first, *others = hashes(
        site,
        f"{rows} ORDER BY hash(range)",
        f"{rows} ORDER BY range DESC",
        f"{rows} UNION ALL SELECT 1, 1",
        f"SELECT t, b + 1 AS b FROM ({rows})",
        f"SELECT t AS u, b FROM ({rows})",
        f"SELECT t, b::INTEGER AS b FROM ({rows})",
        f"SELECT t, CASE WHEN t <> 17 THEN b END AS b FROM ({rows})",
    )
    assert others[0] == first
    assert first not in others[1:]
    assert len(set(others)) == len(others)


def test_no_rows_have_a_hash_too(site: PilotSite) -> None:
    empty, one = hashes(site, "SELECT 1 AS a LIMIT 0", "SELECT 1 AS a")
    assert len(empty) == 64
    assert empty != one


def test_the_hash_is_the_same_in_another_process(site: PilotSite) -> None:
    (here,) = hashes(site, "SELECT range AS a, 'é' || range AS b, range / 3 AS c, NULL::DATE AS d FROM range(3000)")
    code = HOLDER.replace('print("open", flush=True)', 'print(warehouse.table_hash(connection, "raw.hashed"))')
    text = code.format(root=str(warehouse.ROOT), folder=str(site.workspace.root), protocol=PROTOCOL)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text)], input="\n", capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == here


def test_rows_are_inserted_as_they_are(site: PilotSite) -> None:
    rows: list[tuple[object, ...]] = [(None, index) for index in range(3000)]
    rows[2501] = ("007", 2501)
    with warehouse.open_warehouse(site) as connection:
        connection.execute("CREATE TABLE raw.x (a VARCHAR, b BIGINT)")
        warehouse.insert(connection, "raw.x", rows)
        warehouse.insert(connection, "raw.x", [])
        assert connection.execute("SELECT count(*), count(a), max(a) FROM raw.x").fetchone() == (3000, 1, "007")


def test_the_extension_that_encrypts_is_verified_once_and_no_other_is_let_in(site, monkeypatch):
    monkeypatch.setattr(encrypted_files, "_verified", set())
    allowed = "SELECT current_setting('allow_unsigned_extensions')"
    for _ in range(2):
        with warehouse.connect(site) as connection:
            assert connection.execute(allowed).fetchone() == (False,)
            with pytest.raises(duckdb.InvalidInputException, match="Cannot change allow_unsigned_extensions"):
                connection.execute("SET allow_unsigned_extensions = true")
    assert len(encrypted_files._verified) == 1


def test_a_file_that_was_touched_is_verified_again(tmp_path):
    extension = tmp_path / "x.duckdb_extension"
    extension.write_bytes(b"as it was")
    before = encrypted_files._looks(extension)
    assert encrypted_files._looks(extension) == before
    time.sleep(0.05)  # the clock of a file system may stand still for some thousandths of a second
    extension.write_bytes(b"otherwise")
    os.utime(extension, ns=(before[3], before[3]))
    assert encrypted_files._looks(extension) != before, "of one length and with the old date, but changed since"
