"""Coded interviews: readers of qualitative tools' exports, positions, themes, quotes. No Dagster, no DuckDB."""
