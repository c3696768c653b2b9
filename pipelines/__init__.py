"""What each step of an evaluation does, as plain functions: nothing in here knows of Dagster."""
