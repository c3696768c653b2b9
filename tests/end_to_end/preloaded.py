"""What a run imports before it does anything of its own; a process that has done so can be forked again and again.

Nothing of `assets`: its definitions look at the workspace when they are imported, and each command has its own.
"""

import gc
import importlib
import pkgutil

import pipelines
from pipelines.validation.engine import quiet

LIBRARIES = (
    "dagster",
    "dagster._core.instance.factory",
    "dagster._core.storage.event_log.sqlite",
    "dagster._core.storage.runs.sqlite",
    "dagster._core.storage.schedules.sqlite",
    "duckdb",
    "great_tables",
    "IPython",
    "jupytext",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "pandas",
    "pypandoc",
    "scipy.optimize",
    "scipy.stats",
    "typst",
)

for name in LIBRARIES:
    importlib.import_module(name)
for module in pkgutil.walk_packages(pipelines.__path__, "pipelines."):
    importlib.import_module(module.name)
with quiet():  # Great Expectations, imported with the settings that a run gives it
    pass
gc.freeze()  # a child need not look through all this for garbage
