"""The protocol: the pre-registered plan of a pilot, its models, its loader and its faults."""

from pipelines.protocol.faults import Fault, ProtocolFaults
from pipelines.protocol.load import load, load_text
from pipelines.protocol.models import Plan, Protocol

__all__ = ["Fault", "Plan", "Protocol", "ProtocolFaults", "load", "load_text"]
