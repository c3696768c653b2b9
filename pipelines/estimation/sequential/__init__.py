"""Repeated looks at one estimate: spending of error, boundaries, repeated intervals, confidence sequences.

What belongs here: numbers that depend on how much is known and how often somebody looked, never on who looked or when.
What counts as a look belongs in pipelines.findings.
"""

from __future__ import annotations

from pipelines.estimation.sequential.boundaries import Boundary as Boundary
from pipelines.estimation.sequential.boundaries import boundaries as boundaries
from pipelines.estimation.sequential.confidence_sequences import always_valid_p as always_valid_p
from pipelines.estimation.sequential.confidence_sequences import beta_binomial_sequence as beta_binomial_sequence
from pipelines.estimation.sequential.confidence_sequences import mixture_multiplier as mixture_multiplier
from pipelines.estimation.sequential.constants import ever_crossed as ever_crossed
from pipelines.estimation.sequential.constants import obrien_fleming_constant as obrien_fleming_constant
from pipelines.estimation.sequential.constants import pocock_constant as pocock_constant
from pipelines.estimation.sequential.repeated import level_at as level_at
from pipelines.estimation.sequential.repeated import repeated_interval as repeated_interval
from pipelines.estimation.sequential.repeated import repeated_p as repeated_p
from pipelines.estimation.sequential.spending import spent as spent
from pipelines.estimation.sequential.standing import Seen as Seen
from pipelines.estimation.sequential.standing import Standing as Standing
from pipelines.estimation.sequential.standing import is_due as is_due
from pipelines.estimation.sequential.standing import open_standing as open_standing
from pipelines.estimation.sequential.standing import planned_standing as planned_standing
