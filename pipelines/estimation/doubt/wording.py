"""Numbers as they stand in a sentence. No statistics, and no sentence, belongs here."""


def figure(value: float) -> str:
    """Return a number with about three figures and a real minus sign."""
    size = abs(value)
    places = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.095 or size == 0 else 3 if size >= 0.0095 else 4
    text = f"{size:,.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"−{text}" if value < 0 and text.strip("0.,") else text


def share(value: float) -> str:
    """Return a proportion as a percentage, never rounded to an end that it does not reach."""
    percent = 100 * value
    if 0 < percent < 0.1:
        return "less than 0.1%"
    if 99.9 < percent < 100:
        return "more than 99.9%"
    return f"{percent:.1f}%".replace(".0%", "%")


def interval(lower: float | None, upper: float | None) -> str:
    """Return 'a to b', naming a side that has no limit."""
    if lower is None and upper is None:
        return "no limit on either side"
    if lower is None or upper is None:
        return f"no lower limit, up to {figure(upper or 0.0)}" if lower is None else f"{figure(lower)}, no upper limit"
    return f"{figure(lower)} to {figure(upper)}"


def counted(n: int, one: str, many: str) -> str:
    """Return a count with its noun."""
    return f"{n:,} {one if n == 1 else many}"


def confidence(level: float) -> str:
    """Return a confidence level, such as '95%'."""
    return share(level)
