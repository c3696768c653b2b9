"""Great Expectations, kept quiet. What belongs here: starting it, asking it, reading its counts and row keys.

Nothing of it is imported until a rule runs (about two CPU seconds), nothing is written, sent or logged, and no cell is
in what it returns: values are excluded, and errors lose their text on the way out (`without_values`).
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, TypeVar

import duckdb

from pipelines.validation.compile import Asked
from pipelines.validation.result import ValidationBroken

Answer = TypeVar("Answer")
LOGGERS = ("great_expectations", "sqlalchemy")


FORMAT: dict[str, Any] = {
    "result_format": "SUMMARY",
    "exclude_unexpected_values": True,
    "include_unexpected_rows": False,
    "return_unexpected_index_query": False,
    "partial_unexpected_count": 0,
}
"""The only result format in use: counts. Row keys we fetch ourselves (see compile.Asked)."""


def without_values(work: Callable[[], Answer], says: str) -> Answer:
    """Do the work; if it breaks, raise our own words. The error is left behind, not chained: it may quote a cell."""
    try:
        return work()
    except ValidationBroken:
        raise
    except Exception as error:  # whatever GX, SQLAlchemy or DuckDB raise
        kind = type(error).__name__
    raise ValidationBroken(f"{says} ({kind})") from None


@contextmanager
def quiet() -> Iterator[None]:
    """Silence loggers that quote statements and values, and let them speak again.

    Each change of a logger's level would empty what all loggers remember, some ten thousand of them in all.
    """
    _great_expectations()  # some of its loggers are made at import
    before = {logger: logger.disabled for logger in _loggers()}
    for logger in before:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in before.items():
            logger.disabled = disabled


def _loggers() -> list[logging.Logger]:
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in LOGGERS]
    return [logging.getLogger(name) for name in {*LOGGERS, *names}]


def _great_expectations() -> ModuleType:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read once, at import
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of modules that it imports
        import great_expectations

        from pipelines.validation import failing_rows  # noqa: F401 - Great Expectations knows what it has seen
    return great_expectations


def _context(gx: ModuleType) -> Any:
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)  # the default plans a folder for Data Docs
    context = gx.get_context(mode="ephemeral", project_config=DataContextConfig(store_backend_defaults=stores))
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


class Session:
    """Great Expectations on one table of an open connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> None:
        self._gx = _great_expectations()
        self._connection = connection
        self._batch = self._open(_context(self._gx), schema, table)

    def _open(self, context: Any, schema: str, table: str) -> Any:
        from pipelines.validation.dialect import URL, borrow

        source = context.data_sources.add_sql(
            "warehouse",
            connection_string=URL,
            create_temp_table=False,
            kwargs={"creator": borrow(self._connection), "hide_parameters": True},
        )
        with warnings.catch_warnings():
            # GX would have one schema per data source, named in its URL; ours has no URL to name one in.
            warnings.filterwarnings("ignore", "`schema_name` is deprecated", DeprecationWarning)
            asset = source.add_table_asset(table, table_name=table, schema_name=schema)
        return asset.add_batch_definition_whole_table("all").get_batch()

    def _expectation(self, asked: Asked, name: str) -> Any:
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

        return ExpectationConfiguration(type=asked.type, kwargs=asked.kwargs, meta={"rule": name}).to_domain_obj()

    def counts(self, asked: Mapping[str, Asked]) -> dict[str, int | None]:
        """Count failing rows by rule, in as few scans as GX can; None where GX could not tell."""
        counts = self._count(asked)
        # A scan that breaks takes every rule in it along; asked alone, only the culprit stays silent.
        alone = [name for name in asked if counts.get(name) is None] if len(asked) > 1 else []
        return counts | {name: self._count({name: asked[name]}).get(name) for name in alone}

    def _count(self, asked: Mapping[str, Asked]) -> dict[str, int | None]:
        suite = self._gx.ExpectationSuite(name="rules")
        suite.expectations = [self._expectation(each, name) for name, each in asked.items()]
        answers = self._batch.validate(suite, result_format=FORMAT).results
        return {answer.expectation_config.meta["rule"]: _count(answer) for answer in answers}

    def total(self, asked: Asked) -> int | None:
        """Count what failures are counted out of, where that is not the table."""
        if asked.total is None:
            return None
        return int(self._connection.execute(asked.total).fetchall()[0][0])

    def keys(self, asked: Asked) -> list[str]:
        """Fetch the keys of a rule's failing rows, in order."""
        rows = self._connection.execute(f"SELECT key::VARCHAR FROM ({asked.keys}) AS failing(key) ORDER BY 1")
        return [key for (key,) in rows.fetchall()]


def _count(answer: Any) -> int | None:
    if not answer.result:  # GX caught an error, whose text may quote a cell: it is not looked at
        return None
    if answer.expectation_config.type == "expect_table_row_count_to_be_between":
        return 0 if answer.success else 1
    found = answer.result.get("unexpected_count", answer.result.get("observed_value"))
    return int(found or 0)  # a sum over no rows is NULL
