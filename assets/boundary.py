"""Where a step's exceptions stop: what goes into Dagster's records is plain words, never a person's value.

pandas and DuckDB put the offending cell, DuckDB even the whole line, into their messages; Dagster keeps messages,
causes and tracebacks in its database. So nothing of a foreign exception passes but its type and lines of our own code.
"""

import traceback
from collections.abc import Callable
from typing import TypeVar

import dagster as dg

from pipelines.protocol import ProtocolFaults
from pipelines.refusal import Refusal, Unusable, of_the_system

T = TypeVar("T")

WHERE = "Where in the program"
"""Metadata of a failure that is the program's fault; a refusal has none."""
WORKSPACE = "What stands in the way"
"""Metadata of a failure for which neither data nor program are to blame."""


def in_plain_words(work: Callable[[], T]) -> T:
    """Do the work of a step; turn whatever goes wrong into dg.Failure without values."""
    try:
        return work()
    except Unusable as unusable:
        failure = waiting(unusable)
    except (Refusal, ProtocolFaults) as refusal:
        failure = refused(str(refusal))
    except OSError as error:
        known = of_the_system(error)
        failure = waiting(known) if known else broken(error)
    except Exception as error:
        failure = broken(error)
    # Raised outside the handlers, so that no context, and with it no message of the first exception, hangs on to it.
    raise failure from None


def refused(words: str) -> dg.Failure:
    """Return the failure of a step that refuses to go on: trying again would not help."""
    return dg.Failure(description=words, allow_retries=False)


def waiting(unusable: Unusable) -> dg.Failure:
    """Return the failure of a step that the workspace, not the data, stands in the way of."""
    return dg.Failure(description=str(unusable), metadata={WORKSPACE: "the workspace"}, allow_retries=False)


def broken(error: Exception) -> dg.Failure:
    """Return the failure of a step that has a fault in its program."""
    frames = own_frames(error)
    words = (
        f"This step stopped on a fault in the program: {type(error).__name__} at {frames[-1]}. What was published"
        " before still stands. Please send this line to the people who look after Pilotlens; it holds nobody's data."
    )
    return dg.Failure(description=words, metadata={WHERE: " > ".join(frames)}, allow_retries=False)


def own_frames(error: BaseException) -> tuple[str, ...]:
    """Name the lines of our own code that the exception came through, outermost first: `pipelines.ingest.files:31`."""
    walk = ((frame.f_globals.get("__name__", ""), line) for frame, line in traceback.walk_tb(error.__traceback__))
    ours = [f"{module}:{line}" for module, line in walk if module.partition(".")[0] in ("pipelines", "assets")]
    return tuple(ours) or ("a line outside Pilotlens",)
