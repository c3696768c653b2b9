"""What stands beside an effect by instruments: how strong they are, what holds if they are weak, whether they agree."""

from collections.abc import Iterator
from dataclasses import replace
from math import inf, isfinite

from pipelines.estimation.designs.inferred import reading_of
from pipelines.estimation.doubt.wording import figure
from pipelines.estimation.result import Estimate, Inference, Reading
from pipelines.estimation.take_up.compliance import WEAK_BELOW
from pipelines.estimation.take_up.instrumental import CONTRADICT, InstrumentalEffect
from pipelines.estimation.take_up.weak_instruments import Shape

STRONG = "The instruments move the dose clearly: the estimate and its usual interval can be trusted as far as they can."
WEAK = (
    "The instruments hardly move the dose: only Anderson and Rubin's interval holds, and the estimate itself may lie "
    "near that of least squares."
)
MIDDLING = (
    "The instruments move the dose, but not so clearly that the estimate could not be pulled towards that of least "
    "squares by a tenth or more: read Anderson and Rubin's interval beside it."
)
CRITICAL = "Effective F that rules out a pull of a tenth or more"
SETS: dict[Shape, str] = {
    "interval": (
        "However little the instruments move the dose, effects from {lower} to {upper} agree with the data (Anderson "
        "and Rubin's interval)."
    ),
    "pieces": (
        "However little the instruments move the dose, only effects from {lower} to {upper} agree with the data, and "
        "not all of these (Anderson and Rubin's set)."
    ),
    "two_rays": (
        "However large an effect, Anderson and Rubin's test does not rule it out: the instruments move the dose too "
        "little, and what they rule out lies in between."
    ),
    "everything": (
        "Anderson and Rubin's test rules no effect out, however large: the instruments move the dose too little."
    ),
    "empty": (
        "Anderson and Rubin's test rejects every effect: the instruments contradict each other, or one of them moves "
        "the outcome in another way than through the dose."
    ),
}
EXCLUSION = (
    "If the instrument moved the outcome by {figure} in any other way than through the dose, nothing would be left of "
    "the estimate."
)
DIFFERS = "The instruments give another answer than least squares of the dose itself, clearly so (Wu-Hausman)."
SAME = "The instruments do not give clearly another answer than least squares of the dose itself (Wu-Hausman)."
AGREE = (
    "The instruments do not clearly contradict each other (over-identification). That does not show that any is right: "
    "they may be wrong in the same way."
)


def readings(found: InstrumentalEffect, few: int, measure: str, about: Estimate) -> tuple[Reading, ...]:
    """Return everything that stands beside an effect by instruments.

    Parameters
    ----------
    found : InstrumentalEffect
        The answer.
    few : int
        Fewest people that figures rest on, for disclosure control.
    measure : str
        Of the effect.
    about : Estimate
        Unit, scale and level.
    """
    figures: dict[str, str | float] = {"measure": measure, "unit": about.unit, "scale": about.scale}
    return (
        *_strength(found, few),
        _anderson_rubin(found, few, figures, about),
        *_reduced_form(found, few, figures, about),
        *_tests(found, few, about.level),
    )


def _strength(found: InstrumentalEffect, few: int) -> Iterator[Reading]:
    firm = found.strength
    weak, strong = firm.effective < WEAK_BELOW, firm.effective >= firm.critical
    said = WEAK if weak else STRONG if strong else MIDDLING
    yield _plain("first_stage", "Strength of the instruments", "effective first-stage F", firm.effective, few, said)
    yield _plain("first_stage_critical", CRITICAL, "critical value", firm.critical, few)
    if found.instruments > 1:
        yield _plain("first_stage_robust", "Of all instruments together", "robust first-stage F", firm.robust, few)
    yield _plain("first_stage_classical", "For errors of one size", "first-stage F", firm.classical, few)
    share = "share of variance"
    yield _plain("first_stage_share", "Of what varies in the dose, moved by them", share, firm.explained, few)


def _plain(key: str, title: str, measure: str, value: float, few: int, sentence: str = "") -> Reading:
    shown = value if isfinite(value) else None
    return Reading(key=key, title=title, measure=measure, value=shown, n=few, sentence=sentence)


def _anderson_rubin(found: InstrumentalEffect, few: int, figures: dict[str, str | float], about: Estimate) -> Reading:
    shown = found.anderson_rubin
    bounded = shown.shape in ("interval", "pieces")
    lower, upper = (shown.pieces[0][0], shown.pieces[-1][1]) if bounded else (-inf, inf)
    value = found.result.value if bounded and shown.holds(found.result.value or 0.0) else None
    limits = Inference(value, None, lower if bounded else None, upper if bounded else None, p=shown.p)
    reading = reading_of("anderson_rubin", "Anderson-Rubin interval of the effect", limits, few, figures)
    scale, unit = about.scale, f" {about.unit}" if about.unit else ""
    said = SETS[shown.shape].format(lower=figure(scale * lower), upper=f"{figure(scale * upper)}{unit}")
    return replace(reading, sentence=said)


def _reduced_form(
    found: InstrumentalEffect, few: int, figures: dict[str, str | float], about: Estimate
) -> Iterator[Reading]:
    if found.reduced_form is not None:
        title = "Outcome for one more of the instrument"
        size = abs(found.reduced_form.value or 0.0) * about.scale
        said = f"{figure(size)} {about.unit}".strip()
        reading = reading_of("reduced_form", title, found.reduced_form, few, figures)
        yield replace(reading, measure=_instead(figures), sentence=EXCLUSION.format(figure=said))


def _instead(figures: dict[str, str | float]) -> str:
    return "risk difference" if figures["scale"] != 1.0 else "difference for one more of the instrument"


def _tests(found: InstrumentalEffect, few: int, level: float) -> Iterator[Reading]:
    tests = found.tests
    for key, title, one in (
        ("wu_hausman", "Against least squares (Wu-Hausman, robust)", tests.differs),
        ("wu_hausman_classical", "Against least squares, for errors of one size", tests.differs_classical),
    ):
        if one is not None and one.statistic is not None:
            said = (DIFFERS if (one.p or 0.0) < 1 - level else SAME) if key == "wu_hausman" else ""
            yield Reading(
                key=key, title=title, measure="F", value=one.statistic**2, df=one.df, p=one.p, n=few, sentence=said
            )
    for key, title, one in (
        ("hansen", "Do the instruments agree? (Hansen's J, robust)", tests.hansen),
        ("sargan", "Do the instruments agree? (Sargan)", tests.sargan),
    ):
        if one is not None:
            said = (CONTRADICT if (one.p or 0.0) < 1 - level else AGREE) if key == "hansen" else ""
            yield Reading(
                key=key,
                title=title,
                measure="chi-square",
                value=one.statistic,
                df=one.df,
                p=one.p,
                n=few,
                sentence=said,
            )
