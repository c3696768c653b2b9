"""Results of the analysis of coded interviews: agreement, code book, frames, saturation, codes together, who said what.

Themes themselves belong in models. What may be shown of these belongs in pipelines.disclosure.
"""

from __future__ import annotations

from typing import Literal

from pipelines.findings.record import Count, Figure, Record

Spread = Literal["nobody", "few", "some", "many", "most"]
Standing = Literal["reached", "below", "unknown", "no floor"]


class OfCode(Record):
    """What is told of one code."""

    code: str
    """Path of the code."""
    title: str
    """Name of the code."""


class CodeAgreement(OfCode):
    """How far coders agree on one code. Figures have two decimals, one where they rest on few units."""

    value: Figure = None
    """The measure that the protocol chose."""
    lower: Figure = None
    """Lower limit of its bootstrap interval over documents; None where there are too few documents."""
    upper: Figure = None
    """Upper limit."""
    standing: Standing
    """Whether it reaches the declared floor; `unknown` where it could not be computed."""
    undefined: str = ""
    """Why the measure could not be computed."""
    percent: Figure = None
    """Share of agreeing pairs of coders, over units."""
    kappa: Figure = None
    """Cohen's kappa, or Fleiss' with more than two coders."""
    alpha: Figure = None
    """Krippendorff's alpha, nominal."""
    alpha_u: Figure = None
    """Krippendorff's alpha_U: agreement on where passages begin and end."""
    ac1: Figure = None
    """Gwet's AC1; large wherever most text lacks the code."""
    jaccard: Figure = None
    """Units in which both coders found it, of those in which either did."""
    prevalence: Figure = None
    """Share of units in which a coder found it, on average; withheld where it rests on few units, and for documents."""
    coded: Count = None
    """Units in which any coder found it."""


class ReadingDifference(OfCode):
    """How two groups of coders read one code, in what both worked through: a finding, not an error."""

    first: str
    """One group, for example `peer_researcher`."""
    second: str
    """The other group."""
    share_first: Figure = None
    """Share of units in which the first group found it."""
    share_second: Figure = None
    """Share of units in which the second group found it."""
    jaccard: Figure = None
    """Units in which both found it, of those in which either did."""
    differ: bool = False
    """Whether the bootstrap interval of the difference of the shares leaves out zero."""
    coded: Count = None
    """Units in which either group found it."""


class AgreementResult(Record):
    """How far those who coded the interviews agree, code by code, and where groups of coders read differently."""

    kind: Literal["agreement"] = "agreement"
    unit: str
    """What coders were compared on, as declared."""
    measure: str
    """The measure that was chosen, as declared."""
    floor: Figure = None
    """Lowest value at which a code may be counted; None when none was declared."""
    coders: int
    """How many people coded."""
    documents: Count
    """Interviews that two coders or more worked through."""
    kappa_of: str = ""
    """Whose kappa it is: Cohen's or Fleiss'."""
    overall_alpha_u: Figure = None
    """alpha_U over all codes together."""
    codes: tuple[CodeAgreement, ...] = ()
    """One row a code; none when no interview was coded twice."""
    differences: tuple[ReadingDifference, ...] = ()
    """One row for each code and pair of groups of coders."""
    disagreements: Count = None
    """Entries of the worklist: stretches of text on which coders differ about a code."""


class CodeWording(OfCode):
    """A code with every wording of its definition, the first one first."""

    wordings: tuple[str, ...]
    """Its definitions, each time the words changed; a wording that names somebody is left out."""


class CodebookResult(Record):
    """What the codes mean, and which meanings changed while the interviews were coded."""

    kind: Literal["codebook"] = "codebook"
    made: str = ""
    """How it came about, as declared; empty when nothing was said."""
    codes: tuple[CodeWording, ...]
    """Every code that was used."""


class SaturationRun(Record):
    """A run of interviews after the base."""

    after: int
    """Interviews before the run."""
    new: int
    """Codes in it that no interview before it had."""
    share: float
    """New codes over the codes of the base."""


class SaturationResult(Record):
    """Whether further interviews still brought new codes (Guest, Namey & Chen 2020)."""

    kind: Literal["saturation"] = "saturation"
    base: int
    """Interviews whose codes are the base."""
    run: int
    """Interviews looked at together."""
    threshold: float
    """Largest share of new codes that counts as nothing new."""
    reached: bool | None = None
    """Whether a run brought nothing new; None where that was not assessed."""
    refused: str = ""
    """Why it was not assessed."""
    interviews: Count = None
    """Interviews looked at."""
    base_codes: Count = None
    """Codes in the base."""
    runs: tuple[SaturationRun, ...] = ()
    """Runs in the order of the interviews in the coded project, until nothing new came or none was left; withheld with
    the number of interviews."""


class ElementPresence(Record):
    """One element of a frame among those interviewed of one role."""

    element: str
    """Key of the element, or `together` for all elements in one person's interviews."""
    title: str
    """Name of the element."""
    role: str
    """Role of those interviewed."""
    people: Count
    """People whose interviews show it."""
    interviewed: Count
    """People of the role interviewed."""
    share: Figure = None
    """People over those interviewed, from the counts as shown."""
    lower: Figure = None
    """Lower limit of the exact interval of the share (Clopper & Pearson 1934)."""
    upper: Figure = None
    """Upper limit."""
    spread: Spread
    """How many of those interviewed that is, in a word, as for themes."""
    codes: tuple[str, ...] = ()
    """Paths of the codes that stand for it and were used."""
    looked_for: bool = True
    """False when no code stands for the element, so that its absence says nothing."""
    counted: bool = True
    """False when coders agree too little on one of its codes."""


class FidelityResult(Record):
    """How far what people said shows the elements of a frame."""

    kind: Literal["fidelity"] = "fidelity"
    frame: str
    """Key of the frame."""
    title: str
    """Name of the frame."""
    source: str
    """Where the frame comes from."""
    elements: tuple[ElementPresence, ...]
    """One row for each element and role."""


class CodePair(Record):
    """Two codes that go together."""

    first: str
    """Path of the one code."""
    second: str
    """Path of the other."""
    titles: tuple[str, str]
    """Their names."""
    together: Count
    """Times they meet, n12."""
    n_first: Count
    """Places of the first code, n1: what overlaps counts once, whoever coded it."""
    n_second: Count
    """Places of the second code, n2."""
    c: Figure = None
    """n12 / (n1 + n2 - n12); withheld with the counts."""


class TogetherResult(Record):
    """Which codes go together, by the rule that the protocol declares."""

    kind: Literal["together"] = "together"
    rule: str
    """When two codes meet."""
    pairs: tuple[CodePair, ...]
    """Pairs that meet often enough to be told, the closest first; the others are left out."""


class WhoSaid(OfCode):
    """One theme in one category of an attribute."""

    level: str
    """The category, in words."""
    people: Count
    """Participants of the category who spoke of it."""
    interviewed: Count
    """Participants of the category interviewed."""


class WhoSaidResult(Record):
    """Themes by a category of those who spoke, counted in people who agreed that interview and case file be linked."""

    kind: Literal["who_said"] = "who_said"
    attribute: str
    """Key of the covariate."""
    title: str
    """Name of the covariate."""
    rows: tuple[WhoSaid, ...]
    """One row for each theme and category; none where a category has too few people."""
    linked: Count = None
    """Participants in the table."""
