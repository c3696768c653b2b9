"""Sentences on framework matrix, negative cases, close reading and stories, built from results as they are shown."""

from __future__ import annotations

from pipelines.findings.coded_words import listed, number, people
from pipelines.findings.heard import Against, CloseReadingResult, ContrastResult, FrameworkResult, StoriesResult


def framework_words(result: FrameworkResult) -> str:
    """Say how many themes the matrix has and on which of them nobody has anything."""
    titles = list(dict.fromkeys(cell.title for cell in result.cells))
    filled = {cell.title for cell in result.cells if cell.state != "empty"}
    empty = [f"“{title}”" for title in titles if title not in filled]
    told = [f"The framework matrix has {_several(len(titles), 'theme')}."]
    told += [f"Nobody has anything on {listed(empty)}."] if empty else []
    summaries = sum(one.kind == "summary" for one in result.quotes)
    if summaries:
        told.append(f"{_several(summaries, 'summary', 'summaries').capitalize()} may be shown.")
    elif result.held_back:
        told.append("None of its summaries may be shown.")
    return " ".join(told)


def contrast_words(result: ContrastResult) -> str:
    """Say of each pair of codes how many spoke against the theme alone, where that may be told."""
    told = [_against(row) for row in result.rows if row.against is not None]
    if not told:
        return "How many spoke against a theme and never for it is not shown: too few people, or too few of them."
    return " ".join(told)


def _against(row: Against) -> str:
    who = people(row.role)
    return (
        f"Of {row.interviewed:,} {who}, {row.against:,} spoke of “{row.opposite_title}” and never of “{row.title}”; "
        f"{row.both:,} spoke of both."
    )


def close_reading_words(result: CloseReadingResult) -> str:
    """Say whose words are read closely, or why nobody's are."""
    if result.refused:
        return f"No interviews were picked by {_within(result.title)}. {result.refused}"
    said = (
        f"By {_within(result.title)}, {number(result.each)} people were picked whose outcome was about as expected in "
        f"their group, {number(result.each)} whose was better by most, and "
        f"{number(result.each)} whose was worse by most."
    )
    return said if result.quotes else f"{said} None of their words may be shown."


def stories_words(result: StoriesResult) -> str:
    """Say how many stories are told."""
    if not result.stories:
        return "No story that people told themselves may be shown yet."
    told = f"{_several(len(result.stories), 'story', 'stories').capitalize()}, told and edited by those who lived it."
    return f"{told} Others are held back." if result.held_back else told


def _several(count: int, one: str, many: str = "") -> str:
    return f"{number(count)} {one if count == 1 else many or f'{one}s'}"


def _within(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
