"""Findings from how the interviews were coded: agreement, code book, saturation, frames, codes together, who said what.

Computing belongs in pipelines.qualitative, themes in pipelines.findings.themes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.disclosure.voices import anybody, spread
from pipelines.estimation.proportions import clopper_pearson
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.findings.coded import (
    AgreementResult,
    CodeAgreement,
    CodebookResult,
    CodePair,
    CodeWording,
    ElementPresence,
    FidelityResult,
    ReadingDifference,
    SaturationResult,
    SaturationRun,
    Standing,
    TogetherResult,
    WhoSaid,
    WhoSaidResult,
)
from pipelines.findings.making import Making
from pipelines.findings.models import Finding
from pipelines.protocol.interviews import Agreement
from pipelines.protocol.models import Plan
from pipelines.qualitative import agreement as agreed
from pipelines.qualitative.alpha_u import alpha_u_overall
from pipelines.qualitative.cases import case_matrix, shares
from pipelines.qualitative.codebook import code_histories
from pipelines.qualitative.cooccurrence import cooccurrence
from pipelines.qualitative.deductive_frames import Frame, frame
from pipelines.qualitative.fidelity import TOGETHER, Presence, presence
from pipelines.qualitative.ratings import Coefficient
from pipelines.qualitative.saturation import saturation
from pipelines.qualitative.units import CodedTwice, coded_twice
from pipelines.warehouse import columns_of, named

# Speakers of one transcript share its text, and so do two coders' copies of it.
TEXTS = """
    SELECT if(text = '', document_key, md5(text)) AS transcript_key, document_key, text,
           drop_id, source_file, source_row
    FROM (SELECT * REPLACE (coalesce(text, '') AS text) FROM validated.documents)
    SEMI JOIN analysis.themes USING (document_key)
"""
TRANSCRIPTS = f"""
    SELECT transcript_key AS document_key, any_value(text) AS text
    FROM ({TEXTS}) GROUP BY transcript_key
    ORDER BY min(row(drop_id, source_file, source_row)), transcript_key
"""
PASSAGES = f"""
    SELECT DISTINCT t.transcript_key AS document_key, c.coder_key, c.code_path, c.start_at AS start, c.end_at AS "end",
           c.checked IN ('whole-document', 'no-text') AS whole
    FROM validated.codings c JOIN ({TEXTS}) t USING (document_key)
    ORDER BY ALL
"""
# Interviews with one participant are one source; without a participant, those with the same other speaker.
SPEAKERS = f"""
    SELECT DISTINCT t.transcript_key, s.speaker_key
    FROM ({TEXTS}) t JOIN analysis.themes s USING (document_key)
    QUALIFY s.role = 'participant' OR NOT bool_or(s.role = 'participant') OVER (PARTITION BY t.transcript_key)
    ORDER BY ALL
"""
ROLES = """
    SELECT coder_key, min(coder_role) AS role FROM validated.codings WHERE coder_role IS NOT NULL
    GROUP BY coder_key ORDER BY coder_key
"""
WORDINGS = """
    SELECT DISTINCT code_path, code_name, definition, drop_id AS wave
    FROM validated.codings SEMI JOIN analysis.themes USING (document_key)
    ORDER BY ALL
"""
LINKED = """
    SELECT DISTINCT d.speaker_key, c.{column} AS level
    FROM validated.documents d
    SEMI JOIN (SELECT * FROM analysis.themes WHERE role = 'participant') t USING (document_key)
    JOIN validated.cases c ON c.person_key = d.person_key
    JOIN validated.consents s ON s.person_key = d.person_key
    WHERE c.{column} IS NOT NULL AND s.may_link AND s.withdrawn_on IS NULL
    ORDER BY ALL
"""
BELOW = "coders agree on it less than the plan asks for"
UNKNOWN = "how far coders agree on it could not be computed"
ALONE = "no interview was coded by two people, and the plan asks for that"


@dataclass(frozen=True)
class Coding:
    """What the coded interviews of a site hold.

    Parameters
    ----------
    counted : DataFrame
        Rows of analysis.themes.
    passages : DataFrame
        Rows of `PASSAGES`.
    texts : mapping of a transcript's key to its text, in the order of the deliveries
    titles : mapping of a code's path to its name
    agreement : AgreementResult
        How far coders agree.
    uncounted : mapping of a code's path to the reason why it may not be counted
    """

    counted: Any
    passages: Any
    texts: Mapping[str, str] = field(repr=False)
    titles: Mapping[str, str]
    agreement: AgreementResult
    uncounted: Mapping[str, str]


def read_coding(making: Making, counted: Any) -> Coding:
    """Return what the coded interviews hold, with agreement on each code; `counted` is analysis.themes, not empty."""
    passages, transcripts = making.frame(PASSAGES), making.frame(TRANSCRIPTS)
    texts = dict(zip(transcripts["document_key"], transcripts["text"], strict=True))
    titles = counted.groupby("code_path")["code_name"].min().to_dict()
    result = _agreement(making, passages, texts, titles)
    return Coding(counted, passages, texts, titles, result, _uncounted(result, titles))


def coding_findings(making: Making, coding: Coding, harmless: Callable[[object], str]) -> list[Finding]:
    """Return the findings; `harmless` leaves out a definition in which somebody is named."""
    asked = "interviews that two people or more coded, of those who have not withdrawn"
    everybody = "everybody interviewed who has not withdrawn"
    made = [
        making.finding("agreement/codes", coding.agreement, population=asked),
        making.finding("codebook/definitions", _codebook(making, harmless), population=everybody),
        making.finding("together/codes", _together(making.plan, coding), population=everybody),
    ]
    if making.plan.codebook.made:
        made.append(making.finding("saturation/interviews", _saturation(making.plan, coding), population=everybody))
    made += [
        making.finding(f"frame/{key}", _fidelity(making.plan, frame(key), coding), subject=key, population=everybody)
        for key in making.plan.frames
    ]
    linked = "participants interviewed who agreed that interview and case file be linked"
    made += [
        making.finding(f"who_said/{key}", _who_said(making, key, coding), subject=key, population=linked)
        for key in making.plan.codebook.compare_by
    ]
    return made


# ---- agreement -------------------------------------------------------------------------------------------------------


def _agreement(making: Making, passages: Any, texts: Mapping[str, str], titles: Mapping[str, str]) -> AgreementResult:
    plan, declared = making.plan, making.plan.agreement
    coded = coded_twice(passages, texts, declared.unit, sources_of(making.frame(SPEAKERS).itertuples(index=False)))
    known = passages[passages["coder_key"] != ""]
    base = AgreementResult(
        unit=declared.unit,
        measure=declared.measure,
        floor=declared.floor,
        coders=int(known["coder_key"].nunique()),
        documents=len(coded.documents),
    )
    if not coded.documents:
        return base
    rows = [
        agreed.code_agreement(coded, code, declared.measure, seed=plan.seed, level=plan.confidence_level)
        for code in sorted(titles)
    ]
    overall = alpha_u_overall([agreed.continuum(d, code) for d in coded.documents] for code in sorted(titles))
    update = {
        "kappa_of": rows[0].kappa_of,
        "overall_alpha_u": overall.value,
        "codes": tuple(_row(row, declared, titles) for row in rows),
        "differences": _differences(making, coded, titles),
        "disagreements": len(agreed.disagreements(coded, sorted(titles))),
    }
    return base.model_copy(update=update)


def sources_of(spoken: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the source of each transcript: those that share a speaker, directly or by way of others, have one source.

    Parameters
    ----------
    spoken : pairs of a transcript's and a speaker's key
        Each of them names a source by its first transcript, so that the order of pairs does not matter.
    """
    sources: dict[str, str] = {}
    latest: dict[str, str] = {}
    for transcript, speaker in sorted(spoken):
        first = _first(sources, transcript)
        other = _first(sources, latest.setdefault(speaker, transcript))
        sources[max(first, other)] = min(first, other)
    return {transcript: _first(sources, transcript) for transcript in sorted(sources)}


def _first(sources: dict[str, str], transcript: str) -> str:
    while sources.setdefault(transcript, transcript) != transcript:
        transcript = sources[transcript]
    return transcript


def _row(found: agreed.CodeAgreement, declared: Agreement, titles: Mapping[str, str]) -> CodeAgreement:
    chosen = found.by(declared.measure)
    lower, upper = found.interval or (None, None)
    beside = ("percent", "kappa", "alpha", "alpha_u", "ac1", "jaccard", "prevalence")
    return CodeAgreement(
        code=found.code,
        title=titles[found.code],
        value=chosen.value,
        lower=lower if chosen.value is not None else None,
        upper=upper if chosen.value is not None else None,
        standing=_standing(chosen, declared.floor),
        undefined=chosen.undefined,
        coded=round(found.coded),
        **{name: getattr(found, name).value for name in beside},
    )


def _standing(chosen: Coefficient, floor: float | None) -> Standing:
    if floor is None:
        return "no floor"
    if chosen.value is None:
        return "unknown"
    return "reached" if chosen.value >= floor else "below"


def _uncounted(result: AgreementResult, titles: Mapping[str, str]) -> dict[str, str]:
    if result.floor is None:
        return {}
    if not result.codes:
        return dict.fromkeys(titles, ALONE)
    reasons = {"below": BELOW, "unknown": UNKNOWN}
    return {row.code: reasons[row.standing] for row in result.codes if row.standing in reasons}


def _differences(making: Making, coded: CodedTwice, titles: Mapping[str, str]) -> tuple[ReadingDifference, ...]:
    found = agreed.group_differences(
        coded, sorted(titles), _roles(making), seed=making.plan.seed, level=making.plan.confidence_level
    )
    return tuple(
        ReadingDifference(
            code=one.code,
            title=titles[one.code],
            first=one.first,
            second=one.second,
            share_first=one.share_first,
            share_second=one.share_second,
            jaccard=one.jaccard.value,
            differ=one.differ,
            coded=round(one.coded),
        )
        for one in found
        if one.coded
    )


def _roles(making: Making) -> dict[str, str]:
    """Return the declared role of each coder; nothing where codings came without."""
    if "coder_role" not in dict(columns_of(making.connection, "validated.codings")):
        return {}
    return dict(making.connection.execute(ROLES).fetchall())


# ---- code book, saturation, codes together ---------------------------------------------------------------------------


def _codebook(making: Making, harmless: Callable[[object], str]) -> CodebookResult:
    rows = tuple(
        CodeWording(
            code=one.code,
            title=one.title,
            wordings=tuple(dict.fromkeys(filter(None, (harmless(version.definition) for version in one.versions)))),
        )
        for one in code_histories(making.frame(WORDINGS))
    )
    return CodebookResult(made=making.plan.codebook.made or "", codes=rows)


def _saturation(plan: Plan, coding: Coding) -> SaturationResult:
    rule = plan.codebook.saturation
    base = SaturationResult(base=rule.base, run=rule.run, threshold=rule.threshold)
    found_in = coding.passages.groupby("document_key")["code_path"].agg(set).to_dict()
    interviews = [found_in.get(key, set()) for key in coding.texts]
    try:
        found = saturation(
            interviews, base=rule.base, run=rule.run, threshold=rule.threshold, codebook=plan.codebook.made or ""
        )
    except EstimationRefusal as refusal:
        return base.model_copy(update={"refused": f"{refusal.reason} {refusal.alternative}"})
    runs = tuple(SaturationRun(after=one.after, new=one.new, share=one.share) for one in found.runs)
    update = {
        "reached": found.reached_after is not None,
        "interviews": found.interviews,
        "base_codes": found.base_codes,
        "runs": runs,
    }
    return base.model_copy(update=update)


def _together(plan: Plan, coding: Coding) -> TogetherResult:
    used = coding.passages[~coding.passages["code_path"].isin(list(coding.uncounted))]
    rule = plan.codebook.together
    if rule != "same document":
        used = used[~used["whole"].astype(bool)]
    said = f"near: at most {plan.codebook.near} characters apart" if rule == "near" else rule
    pairs = tuple(
        CodePair(
            first=one.first,
            second=one.second,
            titles=(coding.titles[one.first], coding.titles[one.second]),
            together=one.together,
            n_first=one.n_first,
            n_second=one.n_second,
            c=one.c,
        )
        for one in cooccurrence(used, rule, plan.codebook.near)
    )
    return TogetherResult(rule=said, pairs=pairs)


# ---- frames and attributes -------------------------------------------------------------------------------------------


def _fidelity(plan: Plan, held: Frame, coding: Coding) -> FidelityResult:
    mapped = plan.frames[held.key].elements  # type: ignore[index]
    rows = presence(coding.counted, held, mapped)
    return FidelityResult(
        frame=held.key,
        title=held.title,
        source=held.source,
        elements=tuple(_present(plan, held, one, set(mapped), coding) for one in rows),
    )


def _present(plan: Plan, held: Frame, one: Presence, mapped: set[str], coding: Coding) -> ElementPresence:
    titles = {element.key: element.title for element in held.elements} | {TOGETHER: "All of them in one case"}
    counted = not coding.uncounted.keys() & set(one.codes)
    people, asked = one.share
    lower, upper = clopper_pearson(people, asked, plan.confidence_level) if counted else (None, None)
    return ElementPresence(
        element=one.element,
        title=titles[one.element],
        role=one.role,
        people=people if counted else None,
        interviewed=asked,
        share=people / asked if counted else None,
        lower=lower,
        upper=upper,
        spread=spread(people, asked) if counted else anybody(people),
        codes=one.codes,
        looked_for=bool(one.codes) or one.element in mapped,
        counted=counted,
    )


def _who_said(making: Making, key: str, coding: Coding) -> WhoSaidResult:
    covariate = making.plan.covariates[key]
    empty = WhoSaidResult(attribute=key, title=covariate.title, rows=())
    if "may_link" not in dict(columns_of(making.connection, "validated.consents")):
        return empty
    levels = making.frame(LINKED.replace("{column}", named(key)))
    words = {"True": "yes", "False": "no"} | dict(covariate.labels)
    groups = {row.speaker_key: words.get(str(row.level), str(row.level)) for row in levels.itertuples()}
    participants = coding.counted[coding.counted["role"] == "participant"]
    told = participants[~participants["code_path"].isin(list(coding.uncounted))]
    if told.empty or not groups:
        return empty
    table = shares(case_matrix(told), groups)
    rows = tuple(
        WhoSaid(code=code, title=coding.titles[code], level=level, people=share.cases, interviewed=share.of_cases)
        for (code, level), share in table.items()
    )
    return empty.model_copy(update={"rows": rows, "linked": len(groups)})
