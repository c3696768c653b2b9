"""A reading from an inference: the one way in which a figure beside an estimate takes over its numbers."""

from pipelines.estimation.result import Inference, Reading


def reading_of(key: str, title: str, result: Inference, n: int, about: dict[str, str | float]) -> Reading:
    """Return a reading with an inference's figures.

    Parameters
    ----------
    key, title : str
        As in `Reading`.
    result : Inference
        Its figures.
    n : int
        Fewest people that they rest on, for disclosure control.
    about : mapping
        `measure`, `unit` and `scale`.

    Returns
    -------
    Reading
        Without a sentence.
    """
    return Reading(
        key=key,
        title=title,
        measure=str(about["measure"]),
        value=result.value,
        se=result.se,
        lower=result.lower,
        upper=result.upper,
        df=result.df,
        p=result.p,
        unit=str(about["unit"]),
        scale=float(about["scale"]),
        n=n,
    )
