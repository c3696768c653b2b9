"""From the lights of the criteria to one verdict, by the rule that was agreed beforehand. Who decides is a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.progression.lights import Light

Verdict = Literal["go", "amend", "stop", "open"]
Kind = Literal["any_red_stops", "all_green", "custom"]


@dataclass(frozen=True)
class Rule:
    """How lights are combined.

    Parameters
    ----------
    kind : {"any_red_stops", "all_green", "custom"}
        `any_red_stops`: one red stops, all green go, anything else amends. `all_green`: all green go, all red stop,
        anything else amends. `custom`: by the two counts.
    go_when_green : int
        For `custom`: so many green go, unless it stops.
    stop_when_red : int
        For `custom`: so many red stop.

    Raises
    ------
    ValueError
        If a custom rule lacks one of its counts.
    """

    kind: Kind = "any_red_stops"
    go_when_green: int = 0
    stop_when_red: int = 0

    def __post_init__(self) -> None:
        """Refuse a custom rule that says nothing."""
        if self.kind == "custom" and (self.go_when_green < 1 or self.stop_when_red < 1):
            raise ValueError("A custom rule says how many green go and how many red stop.")


def combine(lights: Sequence[Light | None], rule: Rule) -> Verdict:
    """Return what the rule makes of the lights of the required criteria.

    Parameters
    ----------
    lights : sequence of light or None
        One for each required criterion; None where it is not known yet.
    rule : Rule

    Returns
    -------
    {"go", "amend", "stop", "open"}
        `open` when what is not known yet could still change the verdict; both kinds of amber count as amber.

    Raises
    ------
    ValueError
        If there is no criterion.

    References
    ----------
    Avery et al. 2017, BMJ Open 7:e013537 (traffic lights for internal pilots).
    """
    if not lights:
        raise ValueError("There is nothing to combine without a required criterion.")
    unknown = sum(light is None for light in lights)
    red, green = (sum(light == colour for light in lights) for colour in ("red", "green"))
    # The verdict is monotone in each light: only all-red and all-green for the unknown ones need to be tried.
    least = _verdict(red + unknown, green, len(lights), rule)
    most = _verdict(red, green + unknown, len(lights), rule)
    return least if least == most else "open"


def _verdict(red: int, green: int, of: int, rule: Rule) -> Verdict:
    if rule.kind == "any_red_stops":
        stop, go = red > 0, green == of
    elif rule.kind == "all_green":
        stop, go = red == of, green == of
    else:
        stop, go = red >= rule.stop_when_red, green >= rule.go_when_green
    return "stop" if stop else "go" if go else "amend"
