"""An expectation of our own, for Great Expectations: a figure of SQL that counts the rows that fail a rule.

What belongs here: the metric and the expectation, as Great Expectations wants them. As an aggregate over the table the
metric joins the one query that its SQL engine makes of all such metrics; its own expectation for SQL sends two queries
for each rule, one of which fetches rows. Imported by engine only, because it imports Great Expectations.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider


class FailingRows(TableMetricProvider):
    """The number of rows that fail; `failing` is an aggregate over the table, or a scalar subquery."""

    metric_name = "table.failing_rows"
    value_keys = ("failing",)

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sqlalchemy(
        cls,  # noqa: N805 - the decorator makes it a class method
        execution_engine: Any,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        return sa.literal_column(metric_value_kwargs["failing"]), metric_domain_kwargs, {}


class NoRowsFail(BatchExpectation):
    """Expect that no rows fail; Great Expectations knows it as `no_rows_fail`."""

    failing: str
    metric_dependencies: ClassVar[tuple[str, ...]] = ("table.failing_rows",)
    success_keys: ClassVar[tuple[str, ...]] = ("failing",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: dict[str, Any] | None = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        count = int(metrics["table.failing_rows"] or 0)
        return {"success": count == 0, "result": {"observed_value": count}}
