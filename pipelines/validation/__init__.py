"""Rules about validated tables, their check by Great Expectations, and the decision to publish or refuse.

What belongs here: reading `expectations/<noun>.yml`, running rules on a table of an open DuckDB connection, saying the
outcome in plain words, and deciding. What does not: building tables, publishing them, and writing correction lists.
"""

from pipelines.validation.decide import Verdict, decide
from pipelines.validation.load import RulesUnreadable, load_rules
from pipelines.validation.result import CheckResult, Decision, ValidationBroken
from pipelines.validation.rule import Level, Rule, Severity
from pipelines.validation.rules import between, not_null_share, one_of, required, unique
from pipelines.validation.run import run_rules

__all__ = [
    "CheckResult",
    "Decision",
    "Level",
    "Rule",
    "RulesUnreadable",
    "Severity",
    "ValidationBroken",
    "Verdict",
    "between",
    "decide",
    "load_rules",
    "not_null_share",
    "one_of",
    "required",
    "run_rules",
    "unique",
]
