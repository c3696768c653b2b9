"""Where numbers and voices meet: one joint-display row for each question the protocol declared.

The rules, so that anybody can check a row:

numbers support the expectation when every estimated outcome of the question lies wholly on the good side, speak against
it when every one lies on the bad side, are silent when nothing is estimated, and leave it open otherwise;
voices support it when at least a third of the participants interviewed (of everybody interviewed, where no participant
was) voiced a supporting code and at least twice as
many as voiced a countering one; against it is the mirror image; silent when nobody voiced either; else mixed, and also
where somebody voiced a code on which coders agree too little for it to be counted;
the fit is agreement when both point the same way, dissonance when they point in opposite ways, silence when one side is
silent, and partial otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pipelines.findings.making import Making
from pipelines.findings.models import EffectResult, Finding, JointResult, QuestionAsked, ThemeResult
from pipelines.findings.sentences import meaning_of, voices
from pipelines.protocol.models import Question

TABLES = ("analysis.participants", "analysis.themes")
NOT_MEASURED = "No outcome was measured for this question."
SEALED = "The outcomes of this question have not been looked at: they are sealed."
NumberDirection = Literal["supports", "against", "open", "silent"]
VoiceDirection = Literal["supports", "against", "mixed", "silent"]
Fit = Literal["agree", "partial", "silent", "dissonant"]


def question_findings(making: Making, findings: Sequence[Finding]) -> list[Finding]:
    """Return one joint row for each question, from the findings of outcomes and themes."""
    return [_finding(making, key, question, findings) for key, question in making.plan.questions.items()]


def _finding(making: Making, key: str, question: Question, findings: Sequence[Finding]) -> Finding:
    effects = _effects(findings, question)
    supporting, countering = (_themes(findings, codes) for codes in (question.supporting, question.countering))
    voice = _uncertain(supporting, countering) or voice_direction(*_voices(making, supporting, countering))
    asked = QuestionAsked(id=key, text=question.text, expectation=question.expectation)
    receipts = tuple(dict.fromkeys(f.id for f in (*effects, *supporting, *countering)))
    result = joint_of(question, findings, voice)
    return making.finding(
        f"joint/{key}", result, subject=key, question=asked, receipts=receipts, sentence=result.meaning
    )


def joint_of(question: Question, findings: Sequence[Finding], voice: VoiceDirection) -> JointResult:
    """Return a question's joint row; made again from the released findings, so that it says no more than they do."""
    effects = _effects(findings, question)
    supporting, countering = (
        _results(_themes(findings, codes)) for codes in (question.supporting, question.countering)
    )
    number = number_direction([f.result for f in effects if isinstance(f.result, EffectResult)])
    how = fit(number, voice)
    return JointResult(
        number=" ".join(f.sentence for f in effects) or (SEALED if question.quantitative else NOT_MEASURED),
        number_direction=number,
        voice=voices(supporting, countering),
        voice_direction=voice,
        fit=how,
        meaning=meaning_of(number, voice, how),
    )


def _effects(findings: Sequence[Finding], question: Question) -> list[Finding]:
    return [f for f in findings if isinstance(f.result, EffectResult) and f.scope.subject in question.quantitative]


def _results(findings: Sequence[Finding]) -> list[ThemeResult]:
    return [f.result for f in findings if isinstance(f.result, ThemeResult)]


def _themes(findings: Sequence[Finding], codes: Sequence[str]) -> list[Finding]:
    """Return the themes of codes that the protocol names by their name or their path."""
    wanted = {code.casefold() for code in codes}
    found = [f for f in findings if isinstance(f.result, ThemeResult)]
    return [
        f
        for f in found
        if isinstance(f.result, ThemeResult) and {f.result.title.casefold(), f.result.code.casefold()} & wanted
    ]


def _uncertain(supporting: Sequence[Finding], countering: Sequence[Finding]) -> VoiceDirection | None:
    """Return `mixed` when a direction would rest on a count that coders do not agree on."""
    themes = _results([*supporting, *countering])
    open_counts = any(not theme.counted and set(theme.spread.values()) - {"nobody"} for theme in themes)
    return "mixed" if open_counts else None


def _voices(making: Making, supporting: Sequence[Finding], countering: Sequence[Finding]) -> tuple[float, float]:
    """Return the shares of interviewed participants who voiced a supporting and a countering code."""
    return _share(making, supporting), _share(making, countering)


def _share(making: Making, themes: Sequence[Finding]) -> float:
    query = """
        SELECT coalesce(count(DISTINCT speaker_key) FILTER (passages > 0 AND list_contains($codes, code_path))
                        / nullif(count(DISTINCT speaker_key), 0), 0) AS share
        FROM analysis.themes
        -- Participants decide; where none was interviewed, everybody who was.
        WHERE role = 'participant' OR NOT EXISTS (FROM analysis.themes WHERE role = 'participant')
    """
    codes: list[Any] = [theme.scope.subject for theme in themes]
    return float(making.connection.execute(query, {"codes": codes or [""]}).fetchone()[0])


def number_direction(effects: Sequence[EffectResult]) -> NumberDirection:
    """Return where the numbers point."""
    verdicts = {effect.verdict for effect in effects if effect.verdict != "described"}
    if not verdicts:
        return "silent"
    if verdicts == {"better"}:
        return "supports"
    return "against" if verdicts == {"worse"} else "open"


def voice_direction(supporting: float, countering: float) -> VoiceDirection:
    """Return where the voices point, from the shares of participants who voiced either kind of code."""
    if supporting == countering == 0:
        return "silent"
    if supporting >= 1 / 3 and supporting >= 2 * countering:
        return "supports"
    return "against" if countering >= 1 / 3 and countering >= 2 * supporting else "mixed"


def fit(number: NumberDirection, voice: VoiceDirection) -> Fit:
    """Return how numbers and voices meet."""
    if "silent" in (number, voice):
        return "silent"
    if number in ("supports", "against") and voice in ("supports", "against"):
        return "agree" if number == voice else "dissonant"
    return "partial"
