"""What a clear result of a weak design is worth: the chance of a wrong sign and by how much it exaggerates."""

from dataclasses import dataclass
from math import inf, isfinite

from scipy.stats import norm
from scipy.stats import t as student

from pipelines.estimation.doubt.wording import figure, share


@dataclass(frozen=True)
class SignAndSize:
    """Type S and type M errors, were the true effect `effect`.

    Parameters
    ----------
    effect, se : float
        True effect supposed, from outside the data, and standard error, in one unit.
    df : float
        Degrees of freedom; infinite for the normal distribution.
    level : float
        Confidence level at which a result is called clear.
    power : float
        Chance that the interval leaves out zero.
    wrong_sign : float
        Type S: share of such results whose sign is wrong.
    exaggeration : float
        Type M: average size of such results over the true size; infinite when df is 1.
    """

    effect: float
    se: float
    df: float
    level: float
    power: float
    wrong_sign: float
    exaggeration: float

    @property
    def sentence(self) -> str:
        """What to make of a clear result, for a manager."""
        return (
            f"If the true difference were {figure(self.effect)}, a study like this would give a clear result "
            f"{share(self.power)} of the time; such a result would on average be {figure(self.exaggeration)} times as "
            f"large as the truth, and point the wrong way {share(self.wrong_sign)} of the time."
        )


def sign_and_size(effect: float, se: float, df: float = inf, level: float = 0.95) -> SignAndSize:
    """Type S and M errors in closed form.

    The estimate is taken as effect + se T, T being Student's t on `df` degrees of freedom, as in the paper.

    Parameters
    ----------
    effect : float
        True effect supposed; not zero.
    se : float
        Standard error of the estimate, above zero.
    df : float
        Degrees of freedom, above zero; infinite for the normal distribution.
    level : float
        Confidence level.

    Returns
    -------
    SignAndSize

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Gelman & Carlin 2014, Perspectives on Psychological Science 9:641-651; Lu, Qiu & Deng 2019, British Journal of
    Mathematical and Statistical Psychology 72:1-17 (closed form, normal).
    """
    if effect == 0 or not isfinite(effect) or not 0 < se < inf or not df > 0 or not 0 < level < 1:
        raise ValueError("Suppose an effect other than zero, a standard error above zero, and a level below 1.")
    shift = abs(effect) / se
    law = norm if df == inf else student(df)
    cut = float(law.ppf(0.5 + level / 2))
    right, wrong = float(law.sf(cut - shift)), float(law.cdf(-cut - shift))
    size = shift * (right - wrong) + _beyond(cut - shift, df) + _beyond(cut + shift, df)
    power = right + wrong
    return SignAndSize(effect, se, df, level, power, wrong / power, size / power / shift)


def _beyond(cut: float, df: float) -> float:
    """Integral of t f(t) from `cut` to infinity."""
    if df == inf:
        return float(norm.pdf(cut))
    return float(student.pdf(cut, df)) * (df + cut * cut) / (df - 1) if df > 1 else inf
