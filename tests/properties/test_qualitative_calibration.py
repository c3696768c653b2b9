"""Every known way of counting positions is found out, and positions that mean nothing are never taken over.

Short here; 500 cases for each producer with PILOTLENS_ALL_SIMULATIONS=1.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.random import PCG64, Generator

from pipelines.qualitative.models import Calibration
from pipelines.qualitative.offsets import source_text
from pipelines.qualitative.positions import Placed, Refused, Selection, Selections, calibrate, trials
from tests.properties.transcripts import PRODUCERS, Producer, copy_of, delivered, passages, transcript

ALL = os.environ.get("PILOTLENS_ALL_SIMULATIONS") == "1"
CASES = 500 if ALL else 12
LONGEST, MOST = (200_000, 2_000) if ALL else (20_000, 400)

Span = tuple[int, int]
Made = tuple[str, list[Span], str, list[Selection]]
Result = tuple[Calibration, tuple[Placed | Refused, ...]]


def made_up(producer: Producer, seed: int, *, shortest: int = 200, fewest: int = 5) -> Made:
    """Return a text, its passages, and both as a producer delivers them."""
    rng = Generator(PCG64([seed, 5]))
    text = transcript(rng, int(shortest * (LONGEST / shortest) ** rng.random()))
    spans = passages(rng, text, int(fewest * (MOST / fewest) ** rng.random()))
    raw, places = delivered(text, producer)
    selections = [Selection(places[s], places[e] - producer.inclusive, copy_of(text[s:e], producer)) for s, e in spans]
    return text, spans, raw, selections


def inked(text: str, span: Span) -> Span:
    """Return a span without blanks at its ends."""
    passage = text[slice(*span)]
    return span[0] + len(passage) - len(passage.lstrip()), span[1] - len(passage) + len(passage.rstrip())


def judged(text: str, spans: Sequence[Span], result: Result) -> str:
    """Say how a case went: a passage placed wrong outweighs one refused."""
    calibration, places = result
    for span, place in zip(spans, places, strict=True):
        if isinstance(place, Placed) and inked(text, (place.start, place.end)) != inked(text, span):
            return "wrong"
    placed = sum(isinstance(place, Placed) for place in places)
    if placed < len(places):
        return "partly refused" if placed else "refused"
    return "identified" if calibration.verified else "unverified"


@pytest.mark.parametrize("name", PRODUCERS)
def test_each_producers_way_of_counting_is_found(name: str) -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(CASES):
        text, spans, raw, selections = made_up(PRODUCERS[name], seed)
        outcomes[judged(text, spans, calibrate("d", source_text(raw), selections))] += 1
    print(name, dict(outcomes))
    assert outcomes["wrong"] == 0
    assert outcomes["identified"] >= 0.99 * CASES - (not ALL)


def accepted(text: str, spans: Sequence[Span], result: Result) -> int:
    """Count passages that were placed where their words are not, without being flagged."""
    return sum(
        isinstance(place, Placed)
        and place.checked != "failed"
        and inked(text, (place.start, place.end)) != inked(text, span)
        for span, place in zip(spans, result[1], strict=True)
    )


def one_end_at_random(rng: Generator, raw: str, selections: list[Selection]) -> list[Selection]:
    """Starts anywhere in the text, passages as long as before."""
    moved = rng.integers(0, len(raw), len(selections)).tolist()
    return [Selection(s, s + x.end - x.start, x.copy) for s, x in zip(moved, selections, strict=True)]


def both_ends_at_random(rng: Generator, raw: str, selections: list[Selection]) -> list[Selection]:
    """Both ends anywhere in the text."""
    ends = np.sort(rng.integers(0, len(raw), (len(selections), 2)), axis=1).tolist()
    return [Selection(s, e, x.copy) for (s, e), x in zip(ends, selections, strict=True)]


def of_a_longer_text(_: Generator, __: str, selections: list[Selection]) -> list[Selection]:
    """Positions of a text three per cent longer."""
    return [Selection(x.start * 103 // 100 + 7, x.end * 103 // 100 + 7, x.copy) for x in selections]


@pytest.mark.parametrize("meaningless", [one_end_at_random, both_ends_at_random, of_a_longer_text])
def test_positions_that_mean_nothing_are_never_accepted(
    meaningless: Callable[[Generator, str, list[Selection]], list[Selection]],
) -> None:
    outcomes: Counter[str] = Counter()
    for name, producer in PRODUCERS.items():
        for seed in range(CASES // 4):
            text, spans, raw, selections = made_up(producer, seed)
            moved = meaningless(Generator(PCG64([seed, 7])), raw, selections)
            result = calibrate("d", source_text(raw), moved)
            outcomes["cases"] += 1
            outcomes[f"accepted: {name}"] += accepted(text, spans, result) > 0
            outcomes[f"verified: {name}"] += result[0].verified
    print(meaningless.__name__, {key: count for key, count in outcomes.items() if count})
    assert {key for key, count in outcomes.items() if count} == {"cases"}


def say_the_same(text: str, place: Placed | Refused, copy: str | None) -> bool:
    """Whether the very words of a copy stand where it was placed: then two documents agree, and nobody could tell."""
    if not isinstance(place, Placed) or copy is None:
        return False
    return " ".join(text[place.start : place.end].split()) == " ".join(copy.split())


def test_positions_of_another_document_are_never_accepted() -> None:
    cases = agree = 0
    for name, producer in PRODUCERS.items():
        for seed in range(CASES // 4):
            text, spans, raw, _ = made_up(producer, seed)
            *_, others = made_up(producer, seed + 1000)
            pairs = list(zip(spans, others, strict=False))
            calibration, places = calibrate("d", source_text(raw), [other for _, other in pairs])
            own = [say_the_same(text, place, x.copy) for place, (_, x) in zip(places, pairs, strict=True)]
            left = [(span, place) for (span, _), place, same in zip(pairs, places, own, strict=True) if not same]
            result = calibration, tuple(place for _, place in left)
            assert (name, seed, accepted(text, [span for span, _ in left], result)) == (name, seed, 0)
            cases, agree = cases + 1, agree + (len(left) < len(pairs))
    print(f"another document: {cases} cases, in {agree} of them both documents say the same at some place")
    assert agree <= cases / 50


@pytest.mark.parametrize("by", [1, 2, -1, -2, 17, -31])
def test_positions_that_are_all_off_by_as_much_are_never_accepted(by: int) -> None:
    # In texts long enough that no other way of counting is off by as much everywhere.
    for name, producer in PRODUCERS.items():
        for seed in range(CASES // 6):
            text, spans, raw, selections = made_up(producer, seed, shortest=3000, fewest=20)
            moved = [Selection(x.start + by, x.end + by, x.copy) for x in selections]
            assert (name, seed, accepted(text, spans, calibrate("d", source_text(raw), moved))) == (name, seed, 0)


@pytest.mark.parametrize("name", PRODUCERS)
def test_single_wrong_passages_are_refused_or_flagged(name: str) -> None:
    wrong = 0
    for seed in range(CASES // 2):
        text, spans, raw, selections = made_up(PRODUCERS[name], seed, fewest=10)
        first, second, third, *rest = selections
        broken = [
            Selection(first.end, first.start, first.copy),
            Selection(second.start, second.end + len(raw) * 4, second.copy),
            Selection(third.start + 3, third.end - 2, third.copy),
        ]
        _, places = result = calibrate("d", source_text(raw), [*broken, *rest])
        assert isinstance(places[0], Refused) or first.start == first.end
        assert isinstance(places[1], Refused)
        wrong += accepted(text, spans, result)
    # Where there is no copy, a passage cut short by whole words looks like any other.
    assert wrong <= (0 if PRODUCERS[name].copies == "whole" else CASES // 8)


def test_documents_that_are_looked_at_together_are_judged_one_by_one() -> None:
    made = [made_up(PRODUCERS[name], seed, fewest=1) for seed in range(2) for name in PRODUCERS]
    sources = [(source_text(raw), selections) for _, _, raw, selections in made]
    sources += [(source_text(""), [Selection(0, 0)]), (source_text("😀\r\n"), [Selection(0, 4), Selection(-3, 2**70)])]
    alone = [calibrate("d", text, selections) for text, selections in sources]
    together = trials([(text, Selections.of(selections)) for text, selections in sources])
    assert [each.verdict("d") for each in together] == alone


def test_a_copy_cut_where_only_a_blank_follows_is_the_passages() -> None:
    producer = PRODUCERS["ATLAS.ti"]
    text, spans, _, _ = made_up(producer, 3, shortest=3000, fewest=20)
    end = next(k for k in range(300, len(text)) if text[k] == " " and text[k - 1].isalpha() and text[k - 100].isalpha())
    spans = [*spans, (end - 100, end + 1)]  # a hundred characters and the blank behind them
    raw, places = delivered(text, producer)
    selections = [Selection(places[s], places[e] - producer.inclusive, copy_of(text[s:e], producer)) for s, e in spans]
    assert selections[-1].copy.endswith("…")
    *_, place = calibrate("d", source_text(raw), selections)[1]
    assert isinstance(place, Placed)
    assert (place.start, place.checked) == (end - 100, "snippet")
