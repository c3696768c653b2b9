"""What imports what: pipelines without Dagster, definitions without anything heavy, help without either."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.workspace import ROOT

BLOCK_DAGSTER = """
import importlib, importlib.abc, pkgutil, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0].startswith("dagster"):
            raise ModuleNotFoundError(f"{name} is not installed")

sys.meta_path.insert(0, Absent())
import pipelines
for module in pkgutil.walk_packages(pipelines.__path__, "pipelines."):
    importlib.import_module(module.name)
"""


def python(code: str, workspace: Path) -> str:
    """Run code in a new interpreter from the checkout; return what it printed."""
    environment = {"PATH": "/usr/bin:/bin", "PILOTLENS_WORKSPACE": str(workspace), "HOME": str(workspace)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pipelines_work_where_dagster_is_absent(tmp_path: Path) -> None:
    python(BLOCK_DAGSTER, tmp_path)


def test_nothing_outside_assets_imports_dagster_or_assets() -> None:
    for path in [*(ROOT / "pipelines").rglob("*.py"), *(ROOT / "reports").rglob("*.py")]:
        assert not _imported(path) & {"dagster", "assets", "dagster_webserver", "dagster_shared"}, path


def _imported(path: Path) -> set[str]:
    """Return the packages that a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_definitions_load_nothing_heavy_and_need_no_workspace(tmp_path: Path) -> None:
    heavy = ("great_expectations", "statsmodels", "linearmodels", "matplotlib", "scipy", "IPython", "pandas")
    code = f"import sys, assets.definitions; print([name for name in {heavy} if name in sys.modules])"
    assert python(code, tmp_path / "nowhere") == "[]\n"
    assert not (tmp_path / "nowhere").exists()


def test_warnings_of_definitions_are_errors(tmp_path: Path) -> None:
    python("import warnings; warnings.simplefilter('error'); import assets.definitions", tmp_path)


@pytest.mark.parametrize("module", ["dagster", "pydantic", "duckdb"])
def test_help_waits_for_nothing(tmp_path: Path, module: str) -> None:
    code = f"""
import sys
from assets.cli import main
sys.argv = ["pilotlens", "--help"]
try:
    main()
except SystemExit:
    print("{module}" in sys.modules)
"""
    assert python(code, tmp_path).endswith("False\n")


@pytest.mark.parametrize(
    "name", ["raw", "validated", "analysis", "findings", "released", "reports", "synthesis", "binding"]
)
def test_assets_are_small_and_hold_neither_sql_nor_numbers(name: str) -> None:
    path = ROOT / "assets" / f"{name}.py"
    text = path.read_text(encoding="utf-8")
    assert "SELECT" not in text
    for node in ast.walk(ast.parse(text)):
        # bind holds the whole step, so that it is measured without it and the step by itself.
        if isinstance(node, ast.FunctionDef) and node.name != "bind":
            first, last = node.body[0].lineno, node.body[-1].end_lineno or 0
            assert last - first < 15, node.name
