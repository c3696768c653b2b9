"""Findings that show people's words by rule: framework matrix, negative cases, close reading, reporters' stories.

Which words may be shown at all is decided in themes; counting belongs in pipelines.qualitative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.disclosure.policy import minimum_count
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.findings.coding import Coding
from pipelines.findings.heard import (
    Against,
    CellState,
    CloseReadingResult,
    ContrastResult,
    FrameworkResult,
    FrameworkTheme,
    Group,
    Kind,
    StoriesResult,
    Story,
    Words,
)
from pipelines.findings.making import Making
from pipelines.findings.models import Finding
from pipelines.findings.outcomes import held_back
from pipelines.findings.speakers import FEWEST_OF_A_ROLE, speakers_named
from pipelines.findings.withdrawn import gone_since
from pipelines.protocol.interviews import CloseReading
from pipelines.protocol.models import Plan
from pipelines.protocol_lock import note_seen, sealed
from pipelines.qualitative import contrast as contrasted
from pipelines.qualitative.cases import case_matrix, codes_under
from pipelines.qualitative.framework import FILLED, ONLY_SUMMARY, ONLY_WORDS, framework_matrix
from pipelines.qualitative.quotes import quote_hash
from pipelines.qualitative.release_list import Approval
from pipelines.qualitative.themes import typical_quotes
from pipelines.warehouse import columns_of, has_table

MOST_WORDS = 3
"""Passages beside one summary, and passages of one group in a close reading."""
LONGEST_CREDIT = 80
LINKED = """
    SELECT DISTINCT d.speaker_key
    FROM validated.documents d
    SEMI JOIN (SELECT * FROM analysis.themes WHERE role = 'participant') t USING (document_key)
    JOIN validated.cases c ON c.person_key = d.person_key
    JOIN validated.consents s ON s.person_key = d.person_key
    WHERE s.may_link AND s.withdrawn_on IS NULL AND NOT list_contains($gone, d.speaker_key)
    ORDER BY ALL
"""
OUTCOMES = """
    SELECT person_key, coalesce(arm, '') AS arm, value FROM analysis.participants
    WHERE outcome = $outcome AND known AND value IS NOT NULL ORDER BY ALL
"""
FEW_LINKED = (
    "Too few of those interviewed agreed that interview and outcome be linked: whose words they are could be guessed. "
    "Choose interviews to read closely by theme instead."
)
FEW_COMPARED = "Too few people have a known outcome to say what was to be expected in each group."
ALL_ALIKE = "Everybody's outcome is as near to what was expected as everybody else's, so nobody stands out."


@dataclass(frozen=True)
class Heard:
    """Words that may be shown.

    Parameters
    ----------
    shown : DataFrame
        Coded passages: document_key, case_key, code_path, coder_key, start, end, quote, role, shown.
    beside : DataFrame
        Summaries, stories and replies, all of those who have not withdrawn (`pipelines.findings.words_beside`).
    beside_shown : DataFrame
        Those among them that may be shown, with `shown`.
    approvals : mapping of the hash of exact words to who passed them
    harmless : callable
        Returns a name as it may be shown; nothing when it holds somebody's name.
    is_clean : callable
        Whether words hold nobody's name, number or address.
    """

    shown: Any = field(repr=False)
    beside: Any = field(repr=False)
    beside_shown: Any = field(repr=False)
    approvals: dict[str, Approval] = field(repr=False)
    harmless: Callable[[object], str]
    is_clean: Callable[[str], bool]


Noted = list[tuple[str, str]]
"""Whose words are shown: a person's pseudonym, and the words."""


def heard_findings(making: Making, coding: Coding, heard: Heard, opposites: Mapping[str, str]) -> list[Finding]:
    """Return the findings for which the protocol asks or something was delivered."""
    everybody = "everybody interviewed who has not withdrawn"
    made = []
    if (heard.beside["kind"] == "summary").any():
        made.append(making.finding("framework/cells", _framework(making.plan, coding, heard), population=everybody))
    if rows := tuple(_contrast(coding, opposites)):
        made.append(making.finding("contrast/opposites", ContrastResult(rows=rows), population=everybody))
    declared = making.plan.codebook.close_reading
    if declared is not None and not sealed(making.site):
        linked = "participants interviewed who agreed that interview and outcome be linked"
        held = held_back(making, declared.outcome)
        if held:
            title = making.plan.outcomes[declared.outcome].title
            result = CloseReadingResult(outcome=declared.outcome, title=title, each=declared.each, refused=held)
        else:
            result = _close_reading(making, declared, heard)
            note_seen(making.site)
        finding_id = f"close_reading/{declared.outcome}"
        made.append(making.finding(finding_id, result, subject=declared.outcome, population=linked))
    return made


def _words(row: Mapping[Any, Any], heard: Heard, kind: Kind, **further: Any) -> Words:
    approval = heard.approvals[quote_hash(row["quote"])]
    return Words(
        kind=kind,
        text=row["shown"],
        sha256=quote_hash(row["shown"]),
        edited=row["shown"] != row["quote"],
        approved_by=approval.by,
        approved_on=approval.on,
        **further,
    )


# ---- framework matrix ------------------------------------------------------------------------------------------------


def _framework(plan: Plan, coding: Coding, heard: Heard) -> FrameworkResult:
    summaries = heard.beside[heard.beside["kind"] == "summary"]
    titles = [title for title in sorted(set(summaries["code_path"])) if heard.harmless(title)]
    groups = _groups(plan, coding)
    cells = _cells(coding, summaries, titles, groups)
    states: dict[tuple[str, str], set[str]] = {}
    for cell in cells.itertuples():
        states.setdefault((cell.code_path, groups[cell.case_key]), set()).add(cell.state)
    shown = heard.beside_shown[heard.beside_shown["kind"] == "summary"]
    shown = shown[shown["code_path"].isin(titles) & shown["case_key"].isin(list(groups))]
    return FrameworkResult(
        cells=tuple(
            FrameworkTheme(title=title, code=_code(coding, title), group=group, state=_state(found))
            for (title, group), found in sorted(states.items())
        ),
        quotes=tuple(_summaries(shown, heard, coding, groups)),
        held_back=len(shown) < len(summaries),
    )


def _groups(plan: Plan, coding: Coding) -> dict[str, str]:
    """Return how each person interviewed is called, no closer than may be."""
    people = coding.counted.groupby("speaker_key")["role"].min()
    asked = coding.counted.groupby("role")["speaker_key"].nunique().to_dict()
    named = speakers_named(plan, {str(role): int(count) for role, count in asked.items()})
    return {str(key): named[role] for key, role in people.items()}


def _cells(coding: Coding, summaries: Any, titles: list[str], groups: Mapping[str, str]) -> Any:
    import pandas as pd

    matrix = pd.DataFrame(0, index=sorted(groups), columns=titles)
    spoken = coding.counted[coding.counted["passages"] > 0]
    found = [
        pd.DataFrame({"case_key": rows["speaker_key"], "document_key": rows["document_key"], "code_path": title})
        for title in titles
        for rows in [spoken[spoken["code_path"].isin(codes_under(list(coding.titles), [title]))]]
    ]
    passages = pd.concat(found, ignore_index=True).assign(start=0, end=0, quote="")
    known = summaries[summaries["case_key"].isin(list(groups)) & summaries["code_path"].isin(titles)]
    texts = {(row.case_key, row.code_path): row.quote for row in known.itertuples()}
    return framework_matrix(matrix, passages, texts)


def _state(found: set[str]) -> CellState:
    """Return what the cells of a group hold between them."""
    summary, words = bool({FILLED, ONLY_SUMMARY} & found), bool({FILLED, ONLY_WORDS} & found)
    states: dict[tuple[bool, bool], CellState] = {
        (True, True): "summary and words",
        (False, True): "words without a summary",
        (True, False): "summary without words",
    }
    return states.get((summary, words), "empty")


def _code(coding: Coding, title: str) -> str:
    return next(iter(codes_under(list(coding.titles), [title])), "")


def _summaries(shown: Any, heard: Heard, coding: Coding, groups: Mapping[str, str]) -> Iterator[Words]:
    """Yield each summary with the words of its cell; the order is that of hashes, and tells nothing of people."""
    rows = sorted(
        shown.to_dict("records"), key=lambda row: (row["code_path"], quote_hash(row["shown"]), row["case_key"])
    )
    for place, row in enumerate(rows, start=1):
        place_of = {"theme": row["code_path"], "group": groups[row["case_key"]], "place": place}
        yield _words(row, heard, "summary", **place_of)
        said = heard.shown[heard.shown["case_key"] == row["case_key"]]
        said = said[said["code_path"].isin(codes_under(list(coding.titles), [row["code_path"]]))]
        own = {quote_hash(one["shown"]): one for one in said.to_dict("records")}
        for _, one in sorted(own.items())[:MOST_WORDS]:
            yield _words(one, heard, "words", **place_of)


# ---- negative cases --------------------------------------------------------------------------------------------------


def _contrast(coding: Coding, opposites: Mapping[str, str]) -> Iterator[Against]:
    for role in sorted(set(coding.counted["role"])):
        matrix = case_matrix(coding.counted[coding.counted["role"] == role])
        for path, other in sorted(opposites.items()):
            if not codes_under([path], [other]) and not codes_under([other], [path]):
                yield _against(coding, matrix[[path, other]], role)


def _against(coding: Coding, matrix: Any, role: str) -> Against:
    path, other = matrix.columns
    negative = contrasted.negative_cases(matrix, {path: other})
    why = negative[negative["code_path"] == path]["why"].value_counts()
    both, against, neither = (int(why.get(key, 0)) for key in ("both", "opposite", "without"))
    counted = not coding.uncounted.keys() & {path, other}
    return Against(
        code=path,
        title=coding.titles[path],
        opposite=other,
        opposite_title=coding.titles[other],
        role=role,
        interviewed=len(matrix),
        only=len(matrix) - both - against - neither,
        both=both,
        against=against,
        neither=neither,
        counted=counted,
    )


# ---- close reading ---------------------------------------------------------------------------------------------------


def _close_reading(making: Making, declared: CloseReading, heard: Heard) -> CloseReadingResult:
    outcome = making.plan.outcomes[declared.outcome]
    fewest = max(FEWEST_OF_A_ROLE, making.plan.disclosure.minimum_count or 0, declared.each)
    base = CloseReadingResult(outcome=declared.outcome, title=outcome.title, each=fewest)
    linked, values, groups = _known(making, declared.outcome)
    sizes = {group: sum(one == group for one in groups.values()) for group in set(groups.values())}
    if not sizes or min(sizes.values()) < minimum_count(making.plan):
        return base.model_copy(update={"refused": FEW_COMPARED})
    try:
        picked = contrasted.close_reading(
            values, groups, linked, each=fewest, higher_is_better=outcome.better == "higher"
        )
    except EstimationRefusal:
        return base.model_copy(update={"refused": FEW_LINKED})
    if len({values[key] for key in (*picked.better, *picked.worse)}) < 2:
        return base.model_copy(update={"refused": ALL_ALIKE})
    quotes = [one for group in ("typical", "better", "worse") for one in _picked(group, picked, heard)]
    return base.model_copy(update={"quotes": tuple(quotes)})


def _known(making: Making, outcome: str) -> tuple[list[str], dict[str, float], dict[str, str]]:
    """Return who may be linked, and of everybody with a known outcome its value and their group."""
    if not has_table(making.connection, "analysis", "participants"):
        return [], {}, {}
    rows = making.outcomes(OUTCOMES, outcome=outcome).df()
    values = dict(zip(rows["person_key"], rows["value"].astype(float), strict=True))
    groups = dict(zip(rows["person_key"], rows["arm"], strict=True))
    if "may_link" not in dict(columns_of(making.connection, "validated.consents")):
        return [], values, groups
    linked = making.frame(LINKED, gone=sorted(gone_since(making.site)))["speaker_key"]
    return sorted(set(linked) & values.keys()), values, groups


def _picked(group: Group, picked: contrasted.CloseReading, heard: Heard) -> Iterator[Words]:
    """Yield words of a group's people, chosen by the rule for themes: whoever was quoted least, and so on."""
    rows = heard.shown[heard.shown["case_key"].isin(getattr(picked, group))]
    if rows.empty:
        return
    chosen = typical_quotes(rows, {quote_hash(quote) for quote in rows["quote"]})
    first = chosen.drop_duplicates("quote_hash").head(MOST_WORDS)
    words = dict(zip(rows["quote"], rows["shown"], strict=True))
    for row in sorted(first.to_dict("records"), key=lambda row: row["quote_hash"]):
        told = {"quote": row["quote"], "shown": words[row["quote"]]}
        yield _words(told, heard, "words", theme=row["code_path"], group=group)


# ---- stories ---------------------------------------------------------------------------------------------------------


def story_findings(making: Making, heard: Heard) -> list[Finding]:
    """Return the finding with people's own stories; none where none were delivered."""
    delivered = heard.beside[heard.beside["kind"] == "story"].drop_duplicates("document_key")
    if delivered.empty:
        return []
    shown = heard.beside_shown.drop_duplicates(["kind", "document_key"])
    told = sorted(shown[shown["kind"] == "story"].to_dict("records"), key=lambda row: quote_hash(row["shown"]))
    replies = {row["document_key"]: row for row in shown[shown["kind"] == "reply"].to_dict("records")}
    replied = set(heard.beside[heard.beside["kind"] == "reply"]["document_key"])
    stories, quotes = [], []
    for place, row in enumerate(told, start=1):
        key = row["document_key"]
        stories.append(_story(row, place, key in replied, heard))
        quotes.append(_words(row, heard, "story", place=place))
        quotes += [_words(replies[key], heard, "reply", place=place)] if key in replies else []
    result = StoriesResult(stories=tuple(stories), quotes=tuple(quotes), held_back=len(told) < len(delivered))
    return [making.finding("stories/told", result, population="people who told and edited their own story")]


def _story(row: Mapping[Any, Any], place: int, replied: bool, heard: Heard) -> Story:
    """Return a story with its authorship; a name that the case file has is anonymous, whatever was chosen."""
    credit, curated = row["credit"], row["round"]
    return Story(
        place=place,
        credit=credit if credit and len(credit) <= LONGEST_CREDIT and heard.is_clean(credit) else "",
        round=curated if len(curated) <= LONGEST_CREDIT and heard.is_clean(curated) else "",
        reply="given" if replied else "offered",
    )


def shown_of(findings: list[Finding], heard: Heard) -> Any:
    """Return whose words the findings show, for the vault: case_key and shown."""
    import pandas as pd

    hashes = {one.sha256 for finding in findings for one in getattr(finding.result, "quotes", ())}
    both = pd.concat([heard.shown[["case_key", "shown"]], heard.beside_shown[["case_key", "shown"]]], ignore_index=True)
    return both.loc[both["shown"].map(lambda words: quote_hash(words) in hashes).astype(bool)]
