"""Findings: results with an id, in which numbers and voices meet. Their models, and the functions that make them."""
