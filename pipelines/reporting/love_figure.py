"""The Love plot: standardised differences before and after, held against the lines at which they count as small."""

from __future__ import annotations

from pipelines.findings.exhibits import AlikeRow, ComparisonResult
from pipelines.reporting import figures, numbers

_ROW = 0.26
LINES = (0.05, 0.1)


def love_figure(finding_id: str, result: ComparisonResult) -> figures.Picture | None:
    """Draw the differences of every characteristic; nothing where none may be shown."""
    rows = [row for row in result.rows if row.difference_before is not None and row.difference_after is not None]
    if not rows:
        return None
    from matplotlib.figure import Figure

    with figures.styled():
        height = 0.9 + _ROW * len(rows)
        figure = Figure(figsize=(figures.WIDTH, height), layout="constrained")
        axes = figure.add_subplot()
        _draw(axes, rows)
        return figures.saved(figure, f"love-{finding_id.replace('/', '-')}", _title(result), _alt(rows))


def _draw(axes, rows: list[AlikeRow]) -> None:  # type: ignore[no-untyped-def]
    places = range(len(rows) - 1, -1, -1)
    before, after = ([getattr(row, name) for row in rows] for name in ("difference_before", "difference_after"))
    for line in (*LINES, *(-one for one in LINES)):
        axes.axvline(line, color=figures.PALE, linewidth=0.8, linestyle="--" if abs(line) > 0.07 else ":")
    axes.axvline(0, color=figures.QUIET, linewidth=1)
    hollow = {"facecolors": "white", "edgecolors": figures.INK}
    axes.scatter(before, places, marker="o", s=34, label="before", zorder=3, **hollow)
    axes.scatter(after, places, marker="D", s=30, color=figures.COLOURS["treatment"], label="after", zorder=4)
    axes.set_yticks(list(places), [figures.wrapped(row.title, 34) for row in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel("Standardised difference; the lines stand at 0.05 and 0.1")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)


def _title(result: ComparisonResult) -> str:
    worst = max(abs(row.difference_after) for row in result.rows if row.difference_after is not None)
    return f"The largest difference that is left is {numbers.decimal(worst, 2)} standard deviations"


def _alt(rows: list[AlikeRow]) -> str:
    told = [
        f"{row.title} {numbers.decimal(row.difference_before, 2)} before, {numbers.decimal(row.difference_after, 2)} "
        "after"
        for row in rows
    ]
    return f"Standardised differences between the groups: {'; '.join(told)}."
