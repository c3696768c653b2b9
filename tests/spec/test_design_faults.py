"""Faults of the design by example: each choice that could not be carried out, with its line and its remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.protocol import ProtocolFaults, designs, load_text
from pipelines.protocol.speech import KINDS

MATCHED = """\
pilot: first
title: First pilot
question: Does it work?
concept: {name: Fund}
sites:
  north: {title: North}
population: {description: people}
intervention: {name: Fund}
arms:
  treatment: {title: Offered, codes: [fund]}
  comparison: {title: Usual, codes: [usual]}
  assignment: not_randomised
design:
  kind: matched
covariates:
  age: {title: Age}
  need: {title: Need}
adjust_for: [age, need]
outcomes:
  days:
    title: Days in work
    type: continuous
    better: higher
    value: days
extracts:
  people:
    noun: cases
    file: cases.csv
    columns:
      person: Case number
      arm: Group
      age: Age
      need: Need
      days: Days
"""
VISITS = """\
  visits:
    noun: assessments
    file: visits.csv
    columns:
      person: Case number
      period: Wave
      score: Score
"""
ASSESSED = MATCHED.replace("    value: days\n", "    value: score\n    noun: assessments\n").replace(
    "      days: Days\n", ""
)
RANDOMISED = MATCHED.replace("  assignment: not_randomised\n", "").replace("kind: matched", "kind: randomised")
SERIES = """\
pilot: first
title: First pilot
question: Does it work?
concept: {name: Fund}
sites:
  north: {title: North}
population: {description: months, unit: area}
intervention: {name: Fund}
design:
  kind: interrupted_time_series
  began: "13"
outcomes:
  calls:
    title: Calls
    type: count
    noun: series
    better: lower
    value: calls
extracts:
  months:
    noun: series
    file: months.csv
    columns:
      period: Month
      calls: Calls
"""


def text(base: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert base.count(old) == 1, f"{old!r} stands {base.count(old)} times in the protocol"
        base = base.replace(old, new)
    # A column is only mapped where something uses it
    return (
        base.replace("      need: Need\n", "      need: Need\n      office: Office\n") if ": office" in base else base
    )


def faults(base: str, *changes: tuple[str, str]) -> list[str]:
    with pytest.raises(ProtocolFaults) as raised:
        load_text(text(base, *changes))
    assert "Traceback" not in str(raised.value)
    return [fault.spoken("protocol.yml") for fault in raised.value.faults]


@pytest.mark.parametrize(
    "sound", [MATCHED, ASSESSED + VISITS, RANDOMISED, SERIES], ids=["cases", "visits", "chance", "series"]
)
def test_the_protocols_that_faults_are_made_of_are_sound(sound: str) -> None:
    assert load_text(sound).design is not None


KIND = ("  kind: matched\n", "  kind: {}\n")


@pytest.mark.parametrize(
    ("base", "changes", "said"),
    [
        # Who decided the groups, and what the design says of it
        (
            MATCHED,
            [("kind: matched", "kind: randomised")],
            ["line 14 (design.kind)", "declared as not_randomised", "arms.assignment"],
        ),
        (
            MATCHED,
            [("kind: matched", "kind: cluster_randomised\n  clusters: office")],
            ["line 14 (design.kind)", "declared as not_randomised"],
        ),
        (
            RANDOMISED,
            [("kind: randomised", "kind: matched")],
            ["line 13 (design.kind)", "throw the randomisation away", "`randomised` or `cluster_randomised`"],
        ),
        (RANDOMISED, [("kind: randomised", "kind: doubly_robust")], ["throw the randomisation away"]),
        (
            SERIES,
            [
                ('kind: interrupted_time_series\n  began: "13"', "kind: matched_pairs\n  pairs: pair"),
                ("    noun: series\n    better", "    better"),
                ("noun: series\n    file", "noun: cases\n    file"),
                ("      period: Month\n", "      person: Id\n      pair: Pair\n"),
            ],
            ["(design.kind)", "compares two groups", "Declare `arms`"],
        ),
        (
            MATCHED,
            [("kind: matched", "kind: before_after"), ("    value: days\n", "    value: days\n    baseline: need\n")],
            ["(design.kind)", "nobody is compared", "Delete `arms`"],
        ),
        # Covariates
        (
            MATCHED,
            [("kind: matched", "kind: matched\n  by: [aeg]")],
            ["line 15 (design.by.0)", "no such covariate", 'Did you mean "age"?'],
        ),
        (
            MATCHED,
            [("kind: matched", "kind: matched\n  exactly: [nead]")],
            ["line 15 (design.exactly.0)", 'Did you mean "need"?'],
        ),
        (
            MATCHED,
            [("adjust_for: [age, need]\n", "")],
            ["line 14 (design.kind)", "none is named", "`design.by`", "`adjust_for`"],
        ),
        (MATCHED, [("kind: matched", "kind: weighted"), ("adjust_for: [age, need]\n", "")], ["none is named"]),
        (
            MATCHED,
            [("outcomes:", "doubts: {benchmarks: [aeg]}\noutcomes:")],
            ["(doubts.benchmarks.0)", 'Did you mean "age"?'],
        ),
        (
            MATCHED,
            [("outcomes:", "doubts: {auxiliary: [age, x]}\noutcomes:")],
            ["(doubts.auxiliary.1)", "no such covariate"],
        ),
        (
            MATCHED,
            [("outcomes:", "doubts: {covariate_sets: [[], [age, nead]]}\noutcomes:")],
            ["(doubts.covariate_sets.1.1)", 'Did you mean "need"?'],
        ),
        (
            RANDOMISED,
            [("kind: randomised", "kind: randomised\n  adjusted: true"), ("adjust_for: [age, need]\n", "")],
            ["line 14 (design.adjusted)", "none is named", "`adjust_for`"],
        ),
        # Where outcomes stand
        (
            SERIES,
            [("    noun: series\n    better", "    noun: cases\n    better")],
            ["(outcomes.calls", "reads its outcomes in the series", "`noun: series`"],
        ),
        (
            MATCHED,
            [("    value: days\n", "    value: days\n    noun: series\n")],
            ["line 25 (outcomes.days.noun)", "only an interrupted_time_series"],
        ),
        (ASSESSED, [], ["(outcomes.days.noun)", "no extract holds the assessments", "`noun: assessments`"]),
        # Periods
        (
            SERIES,
            [('began: "13"', 'began: "13"\n  family: poisson\n  lags: 2\n  errors: averaged')],
            ["(design.lags)", "averaged errors have no lags", "Delete it"],
        ),
        (
            SERIES,
            [('began: "13"', 'began: "13"\n  errors: averagd')],
            ["line 12 (design.errors)", 'Did you mean "averaged"?'],
        ),
        (
            ASSESSED + VISITS,
            [("      period: Wave\n", "")],
            ["(extracts.visits.columns)", "`period_date`", "Map one of them"],
        ),
        (
            ASSESSED + VISITS,
            [("      period: Wave\n", "      period: Wave\n      period_date: {column: Date, format: dd/mm/yyyy}\n")],
            ["(extracts.visits.columns)", "either the field `period`"],
        ),
        (
            ASSESSED + VISITS,
            [
                ("      period: Wave\n", "      period_date: {column: Date, format: dd/mm/yyyy}\n"),
                ("    noun: assessments\nextracts", "    noun: assessments\n    at: 3\nextracts"),
            ],
            ["(extracts.visits.columns.period_date)", "are numbers", "`period` instead"],
        ),
        (SERIES, [("      period: Month\n", "")], ["(extracts.months.columns)", "series need either"]),
        (
            SERIES,
            [('  began: "13"', '  began: "13"\n  control: true')],
            ["(extracts.months.columns)", "control series needs the field `arm`", "Map it"],
        ),
        # A change needs a before
        (
            MATCHED,
            [("kind: matched", "kind: difference_in_differences")],
            ["line 20 (outcomes.days)", "before the start", "`baseline`", "`noun: assessments`"],
        ),
        # Choices of matching and weighting
        (
            MATCHED,
            [("kind: matched", "kind: matched\n  distance: mahalanobis\n  order: largest")],
            ["line 16 (design.order)", "no score to choose by", "Delete it"],
        ),
        (
            MATCHED,
            [("kind: matched", "kind: matched\n  search: matchit_4_5\n  caliper: 0.2")],
            ["line 15 (design.search)", "ignored calipers", "delete the caliper"],
        ),
        (
            MATCHED,
            [("kind: matched", "kind: matched\n  search: matchit_4_5\n  distance: mahalanobis")],
            ["(design.search)", "matched on a score"],
        ),
        (
            MATCHED,
            [("kind: matched", "kind: weighted\n  estimand: everyone")],
            ["line 15 (design.estimand)", "`method: inverse_probability`"],
        ),
        (
            MATCHED,
            [("kind: matched", "kind: weighted\n  trim: 0.05")],
            ["line 15 (design.trim)", "only `method: inverse_probability` has it"],
        ),
        (
            MATCHED,
            [("kind: matched", "kind: weighted\n  method: overlap\n  moments: 2")],
            ["line 16 (design.moments)", "only `method: entropy` has it"],
        ),
        # Time at risk
        (
            MATCHED,
            [("type: continuous", "type: count"), ("    value: days\n", "    value: days\n    exposure: need\n")],
            ["line 25 (outcomes.days.exposure)", "cannot use a time at risk", "divide by it"],
        ),
        (
            RANDOMISED,
            [
                ("kind: randomised", "kind: randomised\n  clusters: office"),
                ("type: continuous", "type: count"),
                ("    value: days\n", "    value: days\n    exposure: need\n"),
            ],
            ["(outcomes.days.exposure)", "cannot use a time at risk"],
        ),
        # What makes the groups is no outcome
        (
            RANDOMISED,
            [("kind: randomised", "kind: cluster_randomised\n  clusters: days")],
            ["line 14 (design.clusters)", "an outcome is made from this field"],
        ),
        (
            RANDOMISED,
            [("kind: randomised", "kind: randomised\n  blocks: days")],
            ["line 14 (design.blocks)", "an outcome is made from this field"],
        ),
        (
            MATCHED,
            [("kind: matched", "kind: matched_pairs\n  pairs: days")],
            ["line 15 (design.pairs)", "an outcome is made from this field"],
        ),
    ],
)
def test_each_fault_says_where_it_is_and_what_would_be_right(
    base: str, changes: list[tuple[str, str]], said: list[str]
) -> None:
    found = faults(base, *changes)
    told = [fault for fault in found if said[0] in fault]
    assert len(told) == 1, found
    assert [words for words in said if words not in told[0]] == []
    # What follows from the same slip elsewhere in the protocol may be told beside it, and nothing else
    assert len(found) <= 2, found


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("ratio: 2", ["line 13 (design.kind)", "is missing", "matched_pairs"]),
        ("kind: matchd", ["line 14", 'Did you mean "matched"?']),
        ("kind: matched\n  ratoi: 2", ["line 15 (design.ratoi)", 'Did you mean "ratio"?']),
        ("kind: matched\n  ratio: 0", ["line 15 (design.ratio)"]),
        ("kind: matched\n  caliper: -1", ["line 15 (design.caliper)"]),
        ("kind: matched\n  distance: mahalonobis", ["line 15 (design.distance)", 'Did you mean "mahalanobis"?']),
        ("kind: weighted\n  trim: 0.5", ["line 15 (design.trim)"]),
        ("kind: matched_pairs", ["line 13", 'the key "pairs" is missing']),
    ],
)
def test_faults_of_form_name_the_key_of_the_design(new: str, said: list[str]) -> None:
    found = " ".join(faults(MATCHED, ("kind: matched", new)))
    assert [words for words in said if words not in found] == []


@pytest.mark.parametrize(
    ("type_", "keys", "said"),
    [
        ("ordinal", "", "an ordinal outcome needs `value`"),
        ("continuous", "value: days, exposure: need", "only a count has an `exposure`"),
        ("continuous", "value: days, competing: need", "only a time_to_event outcome has a `competing` event"),
        ("continuous", "value: days, at: 3", "add `noun: assessments`"),
        ("continuous", "value: score, noun: assessments, baseline: need", "it is `baseline_at`"),
    ],
)
def test_fields_of_an_outcome_that_would_never_be_read(type_: str, keys: str, said: str) -> None:
    more = f"  more: {{title: More, type: {type_}, better: higher{', ' + keys if keys else ''}}}\nextracts:"
    assert said in " ".join(faults(MATCHED + VISITS, ("extracts:", more)))


def test_chance_within_pairs_may_be_declared_either_way() -> None:
    for base in (MATCHED, RANDOMISED):
        kind = "kind: matched" if base is MATCHED else "kind: randomised"
        assert load_text(text(base, (kind, "kind: matched_pairs\n  pairs: office"))).design is not None


def test_several_faults_are_told_at_once() -> None:
    found = faults(
        RANDOMISED, ("kind: randomised", "kind: matched\n  by: [aeg]\n  distance: mahalanobis\n  order: largest")
    )
    assert len(found) == 3


PAGE = Path(designs.__file__).with_name("DESIGNS.md").read_text(encoding="utf-8")
HEAD, *FRAGMENTS = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda text: re.search(r"kind: (\w+)", text).group(1))
def test_every_protocol_of_the_page_on_designs_loads(fragment: str) -> None:
    assert load_text(HEAD + fragment).design is not None


def test_the_page_on_designs_has_every_kind() -> None:
    kinds = re.findall(r"design: \{kind: (\w+)", PAGE)
    assert set(kinds) == set(KINDS)
    assert all(f"](#{kind})" in PAGE for kind in KINDS)


def test_different_people_each_time_stand_in_the_assessments() -> None:
    different = "kind: difference_in_differences\n  same_people: false"
    told = " ".join(faults(MATCHED, ("kind: matched", different)))
    assert "measured once each" in told
    assert "Write `noun: assessments`" in told


def test_a_level_series_has_no_slope_to_change() -> None:
    told = " ".join(faults(SERIES, ("kind: interrupted_time_series", "kind: interrupted_time_series\n  trend: false")))
    assert "a slope that may change is a trend" in told
