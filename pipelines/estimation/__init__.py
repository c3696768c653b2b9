"""From a frame of participants and a frozen design to a frozen estimate.

Belongs here: estimators and the rules that choose between them. Does not belong here: files, clocks, logging, Dagster,
DuckDB, and decisions about disclosure (results carry counts in fields, so that `pipelines.disclosure` can decide).

Importing this package imports nothing heavy: `estimate` loads the engine that it needs when it is called.
"""

from pipelines.estimation.design import Design
from pipelines.estimation.engines import estimate
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import ArmSummary, CurvePoint, EffectSize, Estimate, Inference, OtherEstimate

__all__ = [
    "ArmSummary",
    "CurvePoint",
    "Design",
    "EffectSize",
    "Estimate",
    "EstimationRefusal",
    "Inference",
    "OtherEstimate",
    "estimate",
]
