"""When and where the steps of pipelines run: the only Dagster code, and the command that people type."""
