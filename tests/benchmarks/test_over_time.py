"""What staggered adoption costs against one least-squares fit of the same rows: 100,000 units in 10 periods.

Prints ratios of times within one run; the machine is shared, so a test never asserts seconds.
"""

import time
import tracemalloc

import numpy as np

from pipelines.estimation.over_time.group_time import Staggered
from pipelines.estimation.over_time.panel import make_panel
from pipelines.estimation.over_time.staggered import staggered

UNITS, PERIODS = 100_000, 10


def seconds(work):
    start = time.perf_counter()
    answer = work()
    return time.perf_counter() - start, answer


def test_a_hundred_thousand_units_in_ten_periods():
    draw = np.random.default_rng(0)
    cohort = draw.choice([3, 5, 7, 9, np.nan], UNITS)
    unit, period = np.divmod(np.arange(UNITS * PERIODS), PERIODS)
    X = draw.normal(size=UNITS)[unit]
    y = draw.normal(size=UNITS * PERIODS) + (period >= cohort[unit]) + 0.1 * X * period
    columns = np.column_stack([np.ones(len(y)), X, period >= cohort[unit], *(period == t for t in range(1, PERIODS))])
    fit, _ = seconds(lambda: np.linalg.lstsq(columns, y, rcond=None))
    made, panel = seconds(lambda: make_panel(unit, period, cohort[unit], y, X))
    tracemalloc.start()
    plain, found = seconds(lambda: staggered(panel, Staggered(draws=0, method="regression")))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    banded, _ = seconds(lambda: staggered(panel, Staggered(draws=999, method="regression")))
    times = f"panel {made / fit:.1f}, estimates {plain / fit:.1f}, with 999 bootstrap draws {banded / fit:.1f}"
    print(f"\nleast squares of {len(y):,} x {columns.shape[1]}: 1.0; {times}; peak {peak / 2**20:.0f} MiB")
    assert abs(found.simple.overall.value - 1) < 0.05
    assert peak < 1024 * 2**20
    assert plain < 100 * fit
