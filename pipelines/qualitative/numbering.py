"""Positions of a table that count the first character as 1, told by the passages' own words, and put right.

Ways of counting that differ in their units are found out in positions.py; this shift would hide among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipelines.qualitative.refi_elements import Deviations
from pipelines.qualitative.segments import Segment
from pipelines.qualitative.transcripts import Transcripts

FROM_ONE = ((1, 0), (1, 1))
"""What is too much at the start and at the end: the last character is named, or the first one behind the passage."""
FEWEST, LONG_ENOUGH = 2, 10
"""Passages with words that are needed, or how long a single one must be."""
SAID = "positions count from 1, as the passages' own words show; read so"


def from_zero(segments: Sequence[Segment], transcripts: Transcripts, deviations: Deviations) -> list[Segment]:
    """Return passages whose positions count from 0.

    Parameters
    ----------
    segments
        n passages; all of one file count alike.
    transcripts
        Gives documents' texts: positions are tried in code points over them.
    deviations
        Told where positions were changed: only if every passage with words is found one place earlier, and none of them
        where its positions say.

    Returns
    -------
    list of Segment
        n passages in the same order.
    """
    told = [each for each in segments if each.start is not None and each.end is not None and each.quote.strip()]
    texts = {name: text for name in dict.fromkeys(each.document for each in told) if (text := transcripts(name))}
    tried = [(each, texts[each.document].canonical) for each in told if each.document in texts]
    enough = len(tried) >= FEWEST or any(len(each.quote.strip()) >= LONG_ENOUGH for each, _ in tried)
    if not enough or any(_is_there(each, text, 0, 0) for each, text in tried):
        return list(segments)
    for first, last in FROM_ONE:
        if all(_is_there(each, text, first, last) for each, text in tried):
            deviations.add(SAID)
            return [_moved(each, first, last) for each in segments]
    return list(segments)


def _is_there(segment: Segment, text: str, first: int, last: int) -> bool:
    start, end = (segment.start or 0) - first, (segment.end or 0) - last
    return 0 <= start < end and text[start:end].split() == segment.quote.split()


def _moved(segment: Segment, first: int, last: int) -> Segment:
    if segment.start is None or segment.end is None or segment.start < first:
        return segment
    return replace(segment, start=segment.start - first, end=segment.end - last)
