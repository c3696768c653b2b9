"""What a pilot could show, from its protocol alone and before any data. Statistics belong in pipelines.progression."""
