"""What it costs to read a drop, as ratios within one run: against DuckDB alone, and with one site against fifty.

The rows are made here. PILOTLENS_BENCHMARK_ROWS sets how many; where the time goes is printed with the ratios.
"""

from __future__ import annotations

import os
import resource
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pipelines.encrypted_files import connect
from pipelines.ingest import receive
from pipelines.protocol import load_text
from pipelines.validation.publish import publish
from pipelines.workspace import PilotSite, Workspace

ROWS = int(os.environ.get("PILOTLENS_BENCHMARK_ROWS", "100000"))
SITES = 50
NUMBERS, COUNTS, ANSWERS, KINDS = 8, 4, 3, 2
NAMES = [
    *("case_number", "area", "name", "born", "arm", "referral", "start", "end"),
    *(f"n{k}" for k in range(NUMBERS)),
    *(f"k{k}" for k in range(COUNTS)),
    *(f"y{k}" for k in range(ANSWERS)),
    *(f"c{k}" for k in range(KINDS)),
]
TYPES = [
    *("VARCHAR", "VARCHAR", "VARCHAR", "DATE", "VARCHAR", "DATE", "DATE", "DATE"),
    *["DOUBLE"] * NUMBERS,
    *["INTEGER"] * COUNTS,
    *["BOOLEAN"] * ANSWERS,
    *["VARCHAR"] * KINDS,
]


def protocol(sites: int) -> str:
    """Return a protocol of some sites for the made-up file; each has some of the fifty areas in it."""
    areas = [[f"area{a}" for a in range(SITES) if a % sites == number] for number in range(sites)]
    numbers = [f"n{k}" for k in range(1, NUMBERS)] + [f"k{k}" for k in range(COUNTS)]
    covariates = [f"  {name}: {{title: {name}}}" for name in numbers]
    covariates += [f"  y{k}: {{title: y{k}, type: yes_no}}" for k in range(1, ANSWERS)]
    covariates += [f"  c{k}: {{title: c{k}, type: category}}" for k in range(KINDS)]
    measured = [f"      {name}: {name}" for name in NAMES[8:]]
    return "\n".join(
        [
            "pilot: big",
            "title: Big",
            "question: What does it cost?",
            "concept: {name: x}",
            "sites:",
            *(f"  s{number}: {{title: S, codes: [{', '.join(codes)}]}}" for number, codes in enumerate(areas)),
            "population: {description: people}",
            "intervention: {name: x}",
            "arms: {treatment: {title: Offered, codes: [T]}, comparison: {title: Usual, codes: [C]}}",
            "outcomes:",
            "  y: {title: were housed, type: binary, better: higher, value: y0}",
            "  d: {title: Days, type: continuous, better: higher, value: n0}",
            "covariates:",
            *covariates,
            "extracts:",
            "  people:",
            "    file: cases.csv",
            "    identifiers: {name: name, date_of_birth: born}",
            "    columns:",
            "      person: case_number",
            "      site: area",
            "      arm: arm",
            "      referral_date: {column: referral, format: yyyy-mm-dd}",
            "      start_date: {column: start, format: yyyy-mm-dd}",
            "      end_date: {column: end, format: yyyy-mm-dd}",
            *measured,
        ]
    )


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the file: 25 columns of text, dates, numbers with gaps, codes."""
    import duckdb

    path = tmp_path_factory.mktemp("made") / "cases.csv"
    columns = [
        "'P' || lpad(i::VARCHAR, 9, '0')",
        f"'area' || (i % {SITES})",
        "'name' || (hash(i) % 100000)",
        "DATE '1950-01-01' + (hash(i, 1) % 20000)::INT",
        "CASE WHEN hash(i, 2) % 2 = 0 THEN 'T' ELSE 'C' END",
        "DATE '2024-01-01' + (hash(i, 3) % 300)::INT",
        "DATE '2024-11-01' + (hash(i, 3) % 300)::INT",
        "DATE '2025-08-29' + (hash(i, 4) % 300)::INT",
        *(f"CASE WHEN hash(i, {k}) % 20 = 0 THEN NULL ELSE (hash(i, {k + 50}) % 10000) / 100.0 END" for k in range(8)),
        *(f"(hash(i, {k + 100}) % 100)::INT" for k in range(COUNTS)),
        *(f"CASE WHEN hash(i, {k + 200}) % 2 = 0 THEN 'yes' ELSE 'no' END" for k in range(ANSWERS)),
        *(f"'category ' || (hash(i, {k + 300}) % 12)" for k in range(KINDS)),
    ]
    listed = ", ".join(f'{made} AS "{name}"' for made, name in zip(columns, NAMES, strict=True))
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT {listed} FROM range({ROWS}) t(i)) TO '{path}' (HEADER)")
    return path


def pilot(root: Path, cases: Path, sites: int) -> list[PilotSite]:
    """Return the sites of a pilot whose one drop is the file."""
    drop = root / "pilots" / "big" / "drops" / "2026-06-30"
    drop.mkdir(parents=True)
    os.link(cases, drop / "cases.csv")
    os.utime(drop / "cases.csv", (time.time() - 60,) * 2)
    plan = load_text(protocol(sites))
    return [PilotSite(Workspace(root), plan, key) for key in plan.sites]


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return the processor's and the wall clock's time."""
    began, clock = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - began, time.perf_counter() - clock


def duckdb_alone(site: PilotSite, cases: Path) -> None:
    """Read the same file with explicit types into an encrypted table, and do nothing else."""
    target = site.workspace.root / "alone.duckdb"
    types = dict(zip(NAMES, TYPES, strict=True))
    connection = connect(site)
    connection.execute(f"ATTACH '{target}' AS alone (ENCRYPTION_KEY 'only for a benchmark')")
    options = f"header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', columns = {types}"
    connection.execute(f"CREATE TABLE alone.cases AS SELECT * FROM read_csv('{cases}', {options})")
    connection.close()
    target.unlink()


def test_from_drop_to_validated_table(cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    warm = pilot(tmp_path / "warm", cases, 1)[0]  # imports are not what is measured
    receive(warm, "cases")
    publish(warm, "cases")
    parts: dict[str, list[tuple[float, float]]] = {"alone": [], "receive": [], "publish": []}
    for turn in range(3):
        (site,) = pilot(tmp_path / str(turn), cases, 1)
        parts["alone"].append(seconds(partial(duckdb_alone, site, cases)))
        parts["receive"].append(seconds(partial(receive, site, "cases")))
        parts["publish"].append(seconds(partial(publish, site, "cases")))
    cpu, wall = ({k: statistics.median(t[i] for t in times) for k, times in parts.items()} for i in (0, 1))
    ratio = (cpu["receive"] + cpu["publish"]) / cpu["alone"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    with capsys.disabled():
        print(
            f"\n{ROWS:,} rows x {len(NAMES)} columns: drop to validated table / DuckDB alone = {ratio:.2f} of the"
            f" processor's time, {(wall['receive'] + wall['publish']) / wall['alone']:.2f} of the clock's"
            f" (reading {cpu['receive'] / cpu['alone']:.2f}, checking {cpu['publish'] / cpu['alone']:.2f});"
            f" at most {memory:.1f} GiB in memory"
        )
    assert memory < 4
    if ROWS >= 1_000_000:  # with fewer rows, what each run costs anyway outweighs them
        assert ratio < 6


def test_fifty_sites_cost_rows_not_sites(cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of fifty sites is read once: what remains per site is opening its own two files."""
    receive(pilot(tmp_path / "warm", cases, 1)[0], "cases")
    one, fifty = pilot(tmp_path / "one", cases, 1), pilot(tmp_path / "fifty", cases, SITES)
    alone = seconds(lambda: receive(one[0], "cases"))[0]
    first = seconds(lambda: receive(fifty[0], "cases"))[0]
    others = [seconds(partial(receive, site, "cases"))[0] for site in fifty[1:]]
    with capsys.disabled():
        print(
            f"\n{ROWS:,} rows: one site 1.00; of fifty sites the first {first / alone:.2f},"
            f" each of the others {statistics.mean(others) / alone:.3f}, all {(first + sum(others)) / alone:.2f}"
        )
    assert statistics.median(others) < first
