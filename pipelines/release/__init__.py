"""Release: what may leave the evaluation team, written once and never changed."""
