"""The one exception that an evaluator sees: what is wrong, where, and what to do. Never a person's value."""

from __future__ import annotations


class Refusal(Exception):
    """A step that cannot go on, in plain words; nothing was written, and what was there before still stands.

    Parameters
    ----------
    problem : what is wrong, naming file, row and column where there are any.
    remedy : what to do about it.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(f"{problem} {remedy}".strip())
