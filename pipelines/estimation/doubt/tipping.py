"""Tipping point of a yes-or-no outcome: how many events among the missing would change the conclusion."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from pipelines.estimation.doubt.wording import share
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

Conclusion = Literal["higher", "lower", "unclear"]
CONCLUSIONS: tuple[Conclusion, ...] = ("lower", "unclear", "higher")
MOST_POINTS = 101


@dataclass(frozen=True)
class TippingPoint:
    """The conclusion for every number of events among the people whose outcome is missing.

    Parameters
    ----------
    conclusion : {'higher', 'lower', 'unclear'}
        Among people whose outcome is known: the risk in the treatment arm against the comparison arm, by whether
        Newcombe's interval of the difference leaves out zero.
    missing_treatment, missing_comparison : int
        People whose outcome is not known.
    events_treatment, events_comparison : tuple of int
        Numbers of events among them that were tried; all, unless more than 101, then evenly spread with both ends.
    conclusions : tuple of tuple of str
        One row per entry of `events_treatment`, one column per entry of `events_comparison`.
    expected_treatment, expected_comparison : float
        Events among the missing if they were like the known of their arm.
    first : tuple of int or None
        The pair of numbers nearest to the expected ones that changes the conclusion; None when none does.
    level : float
        Confidence level of the interval.
    """

    conclusion: Conclusion
    missing_treatment: int
    missing_comparison: int
    events_treatment: tuple[int, ...]
    events_comparison: tuple[int, ...]
    conclusions: tuple[tuple[Conclusion, ...], ...]
    expected_treatment: float
    expected_comparison: float
    first: tuple[int, int] | None
    level: float

    @property
    def sentence(self) -> str:
        """What would change the conclusion, for a manager."""
        if self.missing_treatment == self.missing_comparison == 0:
            return "Every outcome is known, so nothing missing could change the conclusion."
        if self.first is None:
            return "No outcome that the missing people could have had would change the conclusion."
        sides = (
            ("treatment", self.first[0], self.expected_treatment, self.missing_treatment),
            ("comparison", self.first[1], self.expected_comparison, self.missing_comparison),
        )
        parts = " and ".join(
            f"{share(tips / n)} of the missing in the {arm} arm (among the known it was {share(expected / n)})"
            for arm, tips, expected, n in sides
            if n
        )
        return f"The conclusion would change if the event had come to {parts}."


def tipping_point(
    events: tuple[int, int], known: tuple[int, int], missing: tuple[int, int], level: float = 0.95
) -> TippingPoint:
    """Try every number of events among the missing.

    Parameters
    ----------
    events, known, missing : tuple of int
        Events and people among those whose outcome is known, and people whose outcome is not; treatment first.
    level : float
        Confidence level of Newcombe's interval, which decides.

    Returns
    -------
    TippingPoint

    Raises
    ------
    EstimationRefusal
        If no outcome is known in an arm.
    ValueError
        If a count is impossible.

    References
    ----------
    Yan, Lee & Li 2009, Journal of Biopharmaceutical Statistics 19:1085-1098; Newcombe 1998, Statistics in Medicine
    17:873-890, method 10.
    """
    if min(known) == 0:
        raise EstimationRefusal("An arm has no known outcome.", "Wait for outcomes, or report how many are missing.")
    if min(*missing, *events) < 0 or any(e > n for e, n in zip(events, known, strict=True)):
        raise ValueError("Events must lie between 0 and the number of people.")
    tried = [_tried(n) for n in missing]
    totals = known[0] + missing[0], known[1] + missing[1]
    codes = _codes(events[0] + tried[0][:, None], totals[0], events[1] + tried[1][None, :], totals[1], level)
    now = int(_codes(np.array([events[0]]), known[0], np.array([events[1]]), known[1], level)[0])
    expected = tuple(m * e / n for m, e, n in zip(missing, events, known, strict=True))
    rows = tuple(tuple(CONCLUSIONS[code] for code in row) for row in codes.tolist())
    first = _first(codes != now, tried, expected)
    events_treatment, events_comparison = (tuple(int(x) for x in axis) for axis in tried)
    return TippingPoint(
        conclusion=CONCLUSIONS[now],
        missing_treatment=missing[0],
        missing_comparison=missing[1],
        events_treatment=events_treatment,
        events_comparison=events_comparison,
        conclusions=rows,
        expected_treatment=expected[0],
        expected_comparison=expected[1],
        first=first,
        level=level,
    )


def _tried(missing: int) -> NDArray[np.int64]:
    return np.unique(np.rint(np.linspace(0, missing, min(missing + 1, MOST_POINTS))).astype(int))


def _codes(a: NDArray, n: int, c: NDArray, m: int, level: float) -> NDArray[np.int64]:
    """0 where Newcombe's interval lies below zero, 2 where above, 1 where it holds zero."""
    z = float(norm.ppf(0.5 + level / 2))
    (p, low, high), (q, low_c, high_c) = _wilson(a / n, n, z), _wilson(c / m, m, z)
    lower = p - q - np.sqrt((p - low) ** 2 + (high_c - q) ** 2)
    upper = p - q + np.sqrt((high - p) ** 2 + (q - low_c) ** 2)
    return np.asarray(1 + (lower > 0).astype(int) - (upper < 0).astype(int))


def _wilson(p: Array, n: int, z: float) -> tuple[Array, Array, Array]:
    centre, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return p, (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)


def _first(
    changed: NDArray[np.bool_], tried: list[NDArray[np.int64]], expected: tuple[float, ...]
) -> tuple[int, int] | None:
    """Return the changing pair with the smallest total departure from the expected; then the fewest events."""
    if not changed.any():
        return None
    departure = np.abs(tried[0][:, None] - expected[0]) + np.abs(tried[1][None, :] - expected[1])
    row, column = np.unravel_index(int(np.where(changed, departure, np.inf).argmin()), changed.shape)
    return int(tried[0][row]), int(tried[1][column])
