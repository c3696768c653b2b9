"""Three bundles as a release would write them: aid on release, residential treatment (site A), personal fund."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipelines.findings.models import (
    ArmSummary,
    BaselineResult,
    BaselineRow,
    Change,
    CheckSummary,
    DataQualityResult,
    DifferenceResult,
    Disclosed,
    DoseResult,
    EffectResult,
    EvidenceLevelResult,
    FieldChange,
    Finding,
    FlowResult,
    FlowStage,
    Inputs,
    Interval,
    JointResult,
    LimitResult,
    LinkageResult,
    OtherEstimate,
    QuestionAsked,
    QuoteShown,
    Scope,
    Step,
    ThemeResult,
)
from pipelines.findings.received_words import difference_words, linkage_words
from pipelines.protocol.models import Plan
from pipelines.release.bundle import DropFacts, Evidence, Provenance

HASH = "3f1c9a0b5e7d2468ace013579bdf02468ace13579bdf02468ace13579bdf0246"
INPUTS = Inputs(drop="2026-06-30", drop_hash=HASH, protocol_hash=HASH, tables={}, code=HASH)


def write_bundle(evidence: Evidence, folder: Path) -> Path:
    """Write a bundle's evidence.json; reports read nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evidence.json").write_text(evidence.model_dump_json(indent=2), "utf-8")
    return folder


def life() -> Evidence:
    """A randomised pilot without interviews: 48 of 216 against 66 of 216."""
    plan = Plan.model_validate(LIFE_PLAN)
    return _evidence(plan, "baltimore", _life_findings())


def uis() -> Evidence:
    """A randomised pilot with time to an event and a dose; still open."""
    plan = Plan.model_validate(UIS_PLAN)
    return _evidence(plan, "site-a", _uis_findings())


def personal_fund() -> Evidence:
    """A synthetic pilot with interviews, quotes and withheld counts."""
    plan = Plan.model_validate(FUND_PLAN)
    changes = (
        Change(cell="theme/not_for_me/people.staff", rule="minimum count", action="withheld"),
        Change(cell="effect/reconvicted_180d/primary/arms.treatment.events", rule="minimum count", action="withheld"),
    )
    return _evidence(plan, "northmoor", _fund_findings(), changes)


def _evidence(plan: Plan, site: str, findings: Iterable[Finding], changes: tuple[Change, ...] = ()) -> Evidence:
    return Evidence(
        release="2026-06-30-3f1c9a0b",
        site=site,
        plan=plan,
        drop=DropFacts(name="2026-06-30", sha256=HASH),
        provenance=Provenance(
            protocol=HASH, policy=HASH[::-1], code=HASH, environment=HASH[::-1], python="3.11.9", seed=20260331
        ),
        disclosure=Disclosed(profile="standard", changes=changes),
        findings=tuple(findings),
    )


def _finding(finding_id: str, result: object, sentence: str, subject: str = "", **more: object) -> Finding:
    scope = Scope(pilot="pilot", site="site", subject=subject, population="everyone assigned whose outcome is known")
    return Finding(id=finding_id, scope=scope, result=result, sentence=sentence, inputs=INPUTS, **more)


def _arm(title: str, n: int | None, **more: float | int | None) -> ArmSummary:
    return ArmSummary(title=title, n=n, **more)


# --- Transitional aid -------------------------------------------------------------------------------------------------

AID, NO_AID = "Weekly financial aid", "No aid"

LIFE_PLAN = {
    "pilot": "transitional-aid",
    "title": "Transitional aid for people leaving prison",
    "question": "Are fewer people arrested again when they get weekly financial aid after release?",
    "concept": {
        "name": "Transitional aid",
        "description": "Money in the first weeks after prison, so that nobody has to steal to live.",
    },
    "contact": "Pilot evaluation team, pilots@example.org",
    "sources": [
        {
            "citation": "Rossi, P. H., Berk, R. A. and Lenihan, K. J. (1980). Money, Work, and Crime. Academic Press.",
            "licence": "MIT (as shipped in lifelines)",
        }
    ],
    "sites": {"baltimore": {"title": "Baltimore, Maryland"}},
    "population": {
        "description": "men leaving Maryland state prisons at high risk of theft",
        "eligibility": ["under 45 years old", "at least one earlier arrest for a property offence", "little saved"],
        "planned_per_site": {"baltimore": 432},
    },
    "theory_of_change": [
        "Money arrives every week from the day of release.",
        "Rent and food can be paid without stealing.",
        "There is time to look for work.",
        "Fewer men are arrested in the first year.",
    ],
    "intervention": {
        "name": "Weekly financial aid on release",
        "why": "The first weeks after prison are the poorest, and the riskiest.",
        "materials": "60 dollars a week.",
        "procedures": "Paid weekly; paid more slowly to men who found work rather than taken away.",
        "when_and_how_much": "13 weeks, 780 dollars in all.",
        "components": {
            "payments": {"title": "Weekly payments", "measure": "spend", "planned": 780, "unit": "dollars"},
        },
    },
    "arms": {
        "treatment": {"title": AID, "codes": ["1"]},
        "comparison": {"title": NO_AID, "codes": ["0"]},
        "assignment": "randomised",
    },
    "outcomes": {
        "rearrest_52w": {
            "title": "were arrested within 52 weeks of release",
            "type": "binary",
            "tier": "primary",
            "better": "lower",
            "definition": "First arrest for any offence, from police records",
            "unit": "weeks",
            "time": "week",
            "event": "arrest",
            "horizon": 52,
            "minimum_important_difference": 0.05,
        },
        "weeks_free": {
            "title": "Weeks without arrest in the first year",
            "type": "time_to_event",
            "better": "higher",
            "definition": "Weeks from release to first arrest, up to week 52",
            "unit": "weeks",
            "time": "week",
            "event": "arrest",
            "horizon": 52,
        },
    },
    "questions": {
        "less_arrest": {
            "text": "Are fewer men arrested again?",
            "expectation": "Fewer men with aid are arrested within a year.",
            "quantitative": ["rearrest_52w"],
        }
    },
    "cannot_say": ["Nothing here speaks for women, or for people at lower risk."],
}


def _life_findings() -> list[Finding]:
    return [
        _finding(
            "flow/participants",
            FlowResult(
                stages=(
                    FlowStage(
                        title="Assigned by chance", counts={"everyone": 432, "treatment": 216, "comparison": 216}
                    ),
                    FlowStage(title="Followed for 52 weeks", counts={"treatment": 216, "comparison": 216}),
                    FlowStage(title="Outcome known", counts={"treatment": 216, "comparison": 216}),
                )
            ),
            "432 men were assigned by chance; the outcome is known for 216 with aid and 216 without.",
        ),
        _finding("baseline/people", _life_baseline(), "The groups were alike at the start, but for marriage and work."),
        _finding("effect/rearrest_52w/primary", life_effect(), "Fewer men with aid were arrested.", "rearrest_52w"),
        _finding(
            "effect/weeks_free/secondary",
            _life_weeks(),
            "It is open whether the time without arrest differs.",
            "weeks_free",
        ),
        _finding(
            "data_quality/checks",
            DataQualityResult(
                checks=(
                    CheckSummary(
                        noun="cases", rule="id_unique", passed=True, severity="block", sentence="Each id stands once."
                    ),
                    CheckSummary(
                        noun="cases",
                        rule="age_range",
                        passed=True,
                        severity="warn",
                        sentence="Ages lie between 17 and 44.",
                    ),
                    CheckSummary(
                        noun="cases",
                        rule="sample_size",
                        passed=False,
                        severity="note",
                        sentence="What each man was paid is not in the file, so the dose cannot be measured.",
                    ),
                ),
                rows={"cases": 432},
                set_aside={"cases": 0},
            ),
            "2 of 3 checks held.",
        ),
        _finding("evidence_level/design", _level(5, 3), "Level 5 on the Maryland scale.", receipts=()),
        _finding(
            "limit/1", LimitResult(origin="protocol"), "Nothing here speaks for women, or for people at lower risk."
        ),
        _finding(
            "limit/2", LimitResult(origin="data"), "What each man was paid is unknown, so there is no measure of dose."
        ),
    ]


def _level(maryland: int, nesta: int) -> EvidenceLevelResult:
    return EvidenceLevelResult(
        maryland=maryland,
        nesta=nesta,
        reason="Chance decided who was offered the aid, and everybody was followed.",
        raise_it="The same result at a second site, with the dose measured.",
    )


def _life_baseline() -> BaselineResult:
    rows = [
        ("Age", "years", "mean", 24.2, 24.9, 5.7, 6.5, -0.1185, "red"),
        ("Convictions before", "", "mean", 2.99, 2.98, 2.96, 2.8, 0.0016, "green"),
        ("Black", "", "share", 0.8796, 0.8750, None, None, 0.0141, "green"),
        ("Married at release", "", "share", 0.1435, 0.1019, None, None, 0.1276, "red"),
        ("Full-time work before prison", "", "share", 0.5694, 0.5741, None, None, -0.0094, "green"),
        ("Released on parole", "", "share", 0.6204, 0.6157, None, None, 0.0095, "green"),
        ("Left school early", "", "share", 0.41, 0.38, None, None, 0.0614, "amber"),
    ]
    return BaselineResult(
        rows=tuple(
            BaselineRow(
                title=title,
                unit=unit,
                measure=measure,
                arms={
                    "treatment": _arm(
                        AID, 216, average=a, spread=sa, events=round(216 * a) if measure == "share" else None
                    ),
                    "comparison": _arm(
                        NO_AID, 216, average=b, spread=sb, events=round(216 * b) if measure == "share" else None
                    ),
                },
                difference=smd,
                light=light,
            )
            for title, unit, measure, a, b, sa, sb, smd, light in rows
        ),
        formula="Standardised difference: means minus each other, over the pooled standard deviation (Cohen).",
    )


def life_effect(**changes: object) -> EffectResult:
    """The LIFE risk difference; a test may change any field."""
    fields: dict[str, object] = {
        "title": "were arrested within 52 weeks of release",
        "tier": "primary",
        "better": "lower",
        "outcome_type": "binary",
        "measure": "risk difference",
        "unit": "share",
        "horizon": 52.0,
        "arms": {
            "treatment": _arm(AID, 216, events=48, average=0.222222, lower=0.1718, upper=0.2822),
            "comparison": _arm(NO_AID, 216, events=66, average=0.305556, lower=0.2481, upper=0.3699),
        },
        "value": -0.083333,
        "se": 0.04225,
        "lower": -0.166316,
        "upper": -0.000351,
        "level": 0.95,
        "df": 430.0,
        "p": 0.0491,
        "engine": "linear regression on assignment with HC2 standard errors",
        "why": "With randomised groups the difference of shares is unbiased whatever the covariates.",
        "effect_size": Interval(name="risk ratio", value=0.7273, lower=0.5276, upper=1.0024),
        "others": (
            OtherEstimate(engine="Newcombe", measure="risk difference", value=-0.083333, lower=-0.165, upper=-0.0003),
            OtherEstimate(
                engine="Lin", measure="risk difference", value=-0.0812, se=0.0419, lower=-0.1636, upper=0.0011, p=0.0532
            ),
            OtherEstimate(engine="Cox", measure="hazard ratio", value=0.684, lower=0.471, upper=0.996, p=0.0474),
        ),
        "detectable": 0.1184,
        "minimum_important_difference": 0.05,
        "verdict": "better",
        "warnings": ("The interval ends very close to no difference.",),
    }
    return EffectResult.model_validate({**fields, **changes})


def _life_weeks() -> EffectResult:
    return EffectResult(
        title="Weeks without arrest in the first year",
        tier="secondary",
        better="higher",
        outcome_type="time_to_event",
        measure="difference in restricted mean survival time",
        unit="weeks",
        horizon=52.0,
        arms={
            "treatment": _arm(AID, 216, events=48, average=47.8241, lower=46.5, upper=49.1),
            "comparison": _arm(NO_AID, 216, events=66, average=45.7824, lower=44.2, upper=47.3),
        },
        value=2.0417,
        se=1.0442,
        lower=-0.0049,
        upper=4.0882,
        level=0.95,
        p=0.0506,
        engine="Kaplan-Meier, restricted mean",
        why="It needs no assumption of proportional hazards.",
        effect_size=Interval(name="ratio of restricted means", value=1.0446, lower=0.9999, upper=1.0914),
        curves=_curves(0.777778, 0.694444, 52),
        detectable=2.9255,
        verdict="inconclusive",
    )


def _curves(end_treatment: float, end_comparison: float, horizon: int, points: int = 14) -> dict[str, tuple[Step, ...]]:
    def curve(end: float) -> tuple[Step, ...]:
        return tuple(
            Step(time=round(horizon * i / points, 2), share=round(1 - (1 - end) * (i / points) ** 1.1, 6))
            for i in range(points + 1)
        )

    return {"treatment": curve(end_treatment), "comparison": curve(end_comparison)}


# --- Residential treatment --------------------------------------------------------------------------------------------

LONG, SHORT = "Six-month stay", "Three-month stay"

UIS_PLAN = {
    "pilot": "residential-treatment",
    "title": "Longer residential drug treatment",
    "question": "Do people stay off drugs longer when their planned stay is six months instead of three?",
    "concept": {"name": "Longer stay", "description": "A residential programme that plans twice the usual time."},
    "sites": {"site-a": {"title": "Site A"}},
    "population": {"description": "adults in residential drug treatment"},
    "intervention": {
        "name": "Planned stay of six months",
        "why": "Three months may be too short to change habits.",
        "components": {"stay": {"title": "Stay", "measure": "cases.len", "planned": 180, "unit": "days"}},
    },
    "arms": {
        "treatment": {"title": LONG, "codes": ["1"]},
        "comparison": {"title": SHORT, "codes": ["0"]},
    },
    "outcomes": {
        "days_drug_free": {
            "title": "Days without drugs in the first year",
            "type": "time_to_event",
            "tier": "primary",
            "better": "higher",
            "unit": "days",
            "time": "time",
            "event": "censor",
            "horizon": 365,
        }
    },
    "cannot_say": ["A return to drugs and losing touch cannot be told apart in these records."],
}


def _uis_findings() -> list[Finding]:
    effect = EffectResult(
        title="Days without drugs in the first year",
        tier="primary",
        better="higher",
        outcome_type="time_to_event",
        measure="difference in restricted mean survival time",
        unit="days",
        horizon=365.0,
        arms={
            "treatment": _arm(LONG, 198, events=147, average=219.44, lower=201.2, upper=237.7),
            "comparison": _arm(SHORT, 200, events=163, average=196.51, lower=178.9, upper=214.1),
        },
        value=22.93,
        se=12.94,
        lower=-2.43,
        upper=48.29,
        level=0.95,
        p=0.0764,
        engine="Kaplan-Meier, restricted mean",
        why="It needs no assumption of proportional hazards.",
        effect_size=Interval(name="ratio of restricted means", value=1.1167, lower=0.987, upper=1.263),
        curves=_curves(0.257, 0.185, 365, 40),
        detectable=36.25,
        minimum_important_difference=30.0,
        verdict="inconclusive",
        warnings=("A return to drugs and losing touch count the same here.",),
    )
    dose = DoseResult(
        title="Stay",
        unit="days",
        planned=180.0,
        arms={
            "treatment": _arm(LONG, 198, events=198, average=97.2, spread=67.1),
            "comparison": _arm(SHORT, 200, events=200, average=62.4, spread=33.5),
        },
    )
    stages = (
        FlowStage(title="Admitted and assigned", counts={"treatment": 220, "comparison": 224}),
        FlowStage(title="Complete records", counts={"treatment": 198, "comparison": 200}),
    )
    return [
        _finding("flow/participants", FlowResult(stages=stages), "198 and 200 people have complete records."),
        _finding(
            "dose/stay", dose, "People in the longer programme stayed 97 days on average, of 180 planned.", "stay"
        ),
        _finding(
            "effect/days_drug_free/primary",
            effect,
            "It is open whether the time without drugs differs.",
            "days_drug_free",
        ),
        _finding("evidence_level/design", _level(5, 3), "Level 5 on the Maryland scale."),
        _finding(
            "limit/1",
            LimitResult(origin="protocol"),
            "A return to drugs and losing touch cannot be told apart in these records.",
        ),
    ]


# --- Personal fund ----------------------------------------------------------------------------------------------------

FUND, USUAL = "Offered the fund", "Usual support"

FUND_PLAN = {
    "pilot": "personal-fund",
    "title": "A personal fund on probation",
    "question": "Do people on probation do better when they and their worker can spend a personal fund?",
    "concept": {
        "name": "Enabling fund",
        "description": "Up to £1,000 for each person, spent with a key worker on what the person says would help.",
    },
    "phase": "proof_of_concept",
    "synthetic": True,
    "contact": "Pilot evaluation team, pilots@example.org",
    "sites": {"northmoor": {"title": "Northmoor"}},
    "population": {
        "description": "people on probation in the area",
        "eligibility": ["aged 18 or over", "at least six months of the order left"],
        "planned_per_site": {"northmoor": 240},
    },
    "theory_of_change": [
        "A worker and a person talk about what would help.",
        "The fund pays for it within days.",
        "The person sees that somebody takes them seriously.",
        "They find and keep work, training and a home.",
    ],
    "intervention": {
        "name": "Personal fund with enabling conversations",
        "why": "Small sums at the right moment can remove what stands in the way.",
        "materials": "Payment card of the service; a one-page plan.",
        "procedures": "Six conversations; purchases agreed in them.",
        "who": "Probation officers trained for two days.",
        "how": "Face to face, one to one.",
        "where": "Where the person prefers.",
        "when_and_how_much": "Six conversations in 180 days; up to £1,000.",
        "tailoring": "What is bought is the person's choice.",
        "how_well_planned": "Contacts and spend are counted.",
        "components": {
            "conversations": {"title": "Conversations", "measure": "contacts", "planned": 6, "unit": "contacts"},
            "spend": {"title": "Money spent", "measure": "spend", "unit": "pounds"},
        },
    },
    "arms": {
        "treatment": {"title": FUND, "codes": ["fund"]},
        "comparison": {"title": USUAL, "codes": ["usual"]},
        "assignment": "randomised",
    },
    "outcomes": {
        "eet_180d": {
            "title": "were in work, education or training after 180 days",
            "type": "binary",
            "tier": "primary",
            "better": "higher",
            "definition": "From the case record at day 180",
            "value": "eet",
            "minimum_important_difference": 0.1,
        },
        "housing_days": {
            "title": "Days in stable housing",
            "type": "continuous",
            "tier": "primary",
            "better": "higher",
            "unit": "days",
            "value": "housing_days",
            "minimum_important_difference": 10,
        },
        "reconvicted_180d": {
            "title": "were convicted again within 180 days",
            "type": "binary",
            "better": "lower",
            "value": "reconvicted",
        },
    },
    "questions": {
        "work": {
            "text": "Do more people find work or training?",
            "expectation": "More people offered the fund are in work or training after 180 days.",
            "quantitative": ["eet_180d"],
            "supporting": ["agency / my choice"],
            "countering": ["barriers / not for me"],
        },
        "home": {
            "text": "Do people keep a home?",
            "expectation": "People offered the fund spend more days in stable housing.",
            "quantitative": ["housing_days"],
            "supporting": ["home / deposit paid"],
        },
    },
    "cannot_say": ["Whether anything lasts beyond 180 days.", "Whether another area would see the same."],
}


def _fund_findings() -> list[Finding]:
    return [
        _finding("flow/participants", _fund_flow(), "Of 312 people referred, 118 and 115 are analysed."),
        _finding("baseline/people", _fund_baseline(), "The groups were alike at the start."),
        *_fund_deliveries(),
        *_fund_doses(),
        *_fund_effects(),
        *_fund_themes(),
        *_fund_answers(),
        _finding("data_quality/checks", _fund_quality(), "12 of 14 checks held."),
        _finding("evidence_level/design", _level(5, 3), "Level 5 on the Maryland scale."),
        _finding("limit/1", LimitResult(origin="protocol"), "Whether anything lasts beyond 180 days."),
        _finding("limit/2", LimitResult(origin="protocol"), "Whether another area would see the same."),
        _finding("limit/3", LimitResult(origin="data"), "The outcome is unknown for more people with usual support."),
    ]


def _fund_flow() -> FlowResult:
    return FlowResult(
        stages=(
            FlowStage(title="Referred", counts={"everyone": 312}),
            FlowStage(title="Eligible", counts={"everyone": 274}),
            FlowStage(title="Consented to linkage", counts={"everyone": 251}),
            FlowStage(title="Assigned by chance", counts={"treatment": 126, "comparison": 125}),
            FlowStage(title="Outcome known", counts={"treatment": 118, "comparison": 115}),
        )
    )


def _fund_baseline() -> BaselineResult:
    return BaselineResult(
        rows=(
            BaselineRow(
                title="Age",
                unit="years",
                measure="mean",
                arms={
                    "treatment": _arm(FUND, 126, average=33.1, spread=9.4),
                    "comparison": _arm(USUAL, 125, average=33.6, spread=9.9),
                },
                difference=-0.052,
                light="amber",
            ),
            BaselineRow(
                title="Accommodation: street homeless",
                measure="share",
                arms={
                    "treatment": _arm(FUND, 126, events=None, average=None),
                    "comparison": _arm(USUAL, 125, events=None, average=None),
                },
                difference=None,
                light="none",
            ),
        ),
        formula="Standardised difference: means minus each other, over the pooled standard deviation (Cohen).",
    )


def _fund_deliveries() -> list[Finding]:
    cases = DifferenceResult(
        noun="cases",
        earlier="2026-03-31",
        newest="2026-06-30",
        rows_before=None,
        rows_now=312,
        people_before=None,
        people_now=312,
        both=None,
        added=None,
        vanished=None,
        changes=(
            FieldChange(field="arm", title="Group", group="arm", changed=None, filled=14, emptied=0, extent="few"),
            FieldChange(field="age", title="Age", group="covariate", changed=0, filled=0, emptied=0),
            FieldChange(field="eet", title="were in work", group="outcome", changed=11, filled=48, emptied=None),
        ),
    )
    talks = DifferenceResult(
        noun="contacts",
        earlier="2026-03-31",
        newest="2026-06-30",
        rows_before=1204,
        rows_now=1533,
        people_before=None,
        people_now=None,
        both=None,
        added=None,
        vanished=None,
    )
    return [
        _finding("difference/cases", cases, difference_words(cases, 10), "cases"),
        _finding("difference/contacts", talks, difference_words(talks, 10), "contacts"),
        *_fund_linkages(),
    ]


def _fund_linkages() -> list[Finding]:
    found, lost = "Found there", "Not found there"
    groups = (
        BaselineRow(
            title="Group: Personal fund",
            covariate="arm",
            level="treatment",
            measure="share",
            arms={"linked": _arm(found, 233, events=118, average=0.506), "without": _arm(lost, 18, events=None)},
        ),
        BaselineRow(
            title="Age",
            covariate="age",
            unit="years",
            measure="mean",
            arms={
                "linked": _arm(found, 233, average=33.9, spread=9.6),
                "without": _arm(lost, 18, average=28.2, spread=7.1),
            },
            difference=0.675,
            light="red",
        ),
    )
    base = {"people": 251, "linked": 233, "without": 18}
    results = (
        LinkageResult(noun="outcomes", extract="eet", title="Outcome “in work”", expected=True, groups=groups, **base),
        LinkageResult(noun="consents", title="Consents", expected=True, people=None, linked=None, without=None),
        LinkageResult(
            noun="contacts", title="Contacts", expected=False, people=251, linked=113, without=138, strangers=None
        ),
    )
    keys = ("outcomes/eet", "consents", "contacts")
    return [_finding(f"linkage/{key}", r, linkage_words(r, 10), r.noun) for key, r in zip(keys, results, strict=True)]


def _fund_doses() -> list[Finding]:
    talks = DoseResult(
        title="Conversations",
        unit="contacts",
        planned=6.0,
        arms={
            "treatment": _arm(FUND, 126, events=109, average=4.13, spread=1.92),
            "comparison": _arm(USUAL, 125, events=None, average=None, spread=None),
        },
    )
    spend = DoseResult(
        title="Money spent",
        unit="pounds",
        planned=None,
        arms={"treatment": _arm(FUND, 126, events=97, average=281.4, spread=204.9)},
    )
    return [
        _finding(
            "dose/conversations",
            talks,
            "People offered the fund had 4.1 conversations on average, of 6 planned.",
            "conversations",
        ),
        _finding("dose/spend", spend, "281 pounds were spent for each person offered the fund, on average.", "spend"),
    ]


def _fund_effects() -> list[Finding]:
    work = life_effect(
        title="were in work, education or training after 180 days",
        better="higher",
        horizon=180.0,
        arms={
            "treatment": _arm(FUND, 118, events=52, average=0.440678, lower=0.354, upper=0.531),
            "comparison": _arm(USUAL, 115, events=38, average=0.330435, lower=0.251, upper=0.421),
        },
        value=0.110243,
        se=0.0636,
        lower=-0.015,
        upper=0.2355,
        df=231.0,
        p=0.0844,
        effect_size=Interval(name="risk ratio", value=1.3336, lower=0.957, upper=1.858),
        others=(),
        detectable=0.178,
        minimum_important_difference=0.1,
        verdict="inconclusive",
        warnings=("The outcome is unknown for 8 in every 100 people with usual support.",),
    )
    home = EffectResult(
        title="Days in stable housing",
        tier="primary",
        better="higher",
        outcome_type="continuous",
        measure="difference in means",
        unit="days",
        arms={
            "treatment": _arm(FUND, 121, average=128.4, spread=41.2),
            "comparison": _arm(USUAL, 119, average=113.7, spread=46.8),
        },
        value=14.7,
        se=5.69,
        lower=3.49,
        upper=25.91,
        level=0.95,
        df=233.1,
        p=0.0104,
        engine="Welch's t",
        why="The groups need not vary alike.",
        effect_size=Interval(name="Hedges' g", value=0.333, lower=0.079, upper=0.587),
        detectable=15.94,
        minimum_important_difference=10.0,
        verdict="better",
    )
    crime = life_effect(
        title="were convicted again within 180 days",
        tier="secondary",
        better="lower",
        arms={
            "treatment": _arm(FUND, 126, events=None, average=None),
            "comparison": _arm(USUAL, 125, events=None, average=None),
        },
        value=None,
        se=None,
        lower=None,
        upper=None,
        df=None,
        p=None,
        effect_size=None,
        others=(),
        detectable=None,
        minimum_important_difference=None,
        verdict="described",
        described_because="Too few people had the event for an estimate.",
        warnings=(),
    )
    return [
        _finding("effect/eet_180d/primary", work, "It is open whether more people found work or training.", "eet_180d"),
        _finding(
            "effect/housing_days/primary",
            home,
            "People offered the fund spent more days in stable housing.",
            "housing_days",
        ),
        _finding("effect/reconvicted_180d/secondary", crime, "Reconvictions are described only.", "reconvicted_180d"),
    ]


def _quote(text: str, theme: str, speaker: str = "participant") -> QuoteShown:
    return QuoteShown(
        text=text, sha256=HASH, speaker=speaker, theme=theme, approved_by="A. Checker", approved_on="2026-07-02"
    )


def _theme(code: str, title: str, definition: str, people: dict[str, int | None], **more: object) -> Finding:
    result = ThemeResult(
        code=code,
        title=title,
        definition=definition,
        people=people,
        interviewed={"participants": 24, "staff": 10},
        spread={"participants": "some", "staff": "few"},
        **more,
    )
    return _finding(
        f"theme/{code.replace(' / ', '/').replace(' ', '_')}", result, f"“{title}” came up again and again.", code
    )


def _fund_themes() -> list[Finding]:
    choice, hard = "agency / my choice", "barriers / not for me"
    return [
        _theme(
            choice,
            "My choice",
            "Deciding oneself what the money is for.",
            {"participants": 17, "staff": None},
            passages=41,
            agreement=0.88,
            quotes=(
                _quote(
                    "First time someone asked *me* what I'd need. I said boots [size 9], and that was that.", choice
                ),
                _quote("It's £60 -- but nobody had ever trusted me with £60 before.", choice),
            ),
            withheld_quotes=3,
        ),
        _theme(
            "home / deposit paid",
            "A deposit paid",
            "The fund paid what stood between the person and a home.",
            {"participants": 11, "staff": None},
            passages=19,
            agreement=0.94,
            quotes=(_quote("The deposit, that was the wall. Then it wasn't there.", "home / deposit paid"),),
        ),
        _theme(
            hard,
            "Not for me",
            "Feeling that the fund is meant for others.",
            {"participants": 10, "staff": None},
            passages=14,
            agreement=0.79,
            quotes=(_quote("I didn't ask for any. You ask, they write it down, it comes back at you.", hard),),
            withheld_quotes=1,
        ),
    ]


def _fund_answers() -> list[Finding]:
    questions = FUND_PLAN["questions"]
    asked = {key: QuestionAsked(id=key, text=q["text"], expectation=q["expectation"]) for key, q in questions.items()}
    work = JointResult(
        number="44.1% against 33.0%; the interval runs from −1.5 to 23.6 points.",
        number_direction="open",
        voice="17 of 24 participants spoke of their own choice; 10 of 24 felt it was not for them.",
        voice_direction="mixed",
        fit="dissonant",
        meaning="Some gained a footing and some stayed away; who stays away is worth asking before the next pilot.",
    )
    home = JointResult(
        number="14.7 days more in stable housing; the interval lies wholly on the better side.",
        number_direction="supports",
        voice="11 of 24 participants named a deposit that the fund paid.",
        voice_direction="supports",
        fit="agree",
        meaning="The fund seems to work for homes through deposits.",
    )
    return [
        _finding("joint/work", work, "Numbers and voices part on work.", "work", question=asked["work"]),
        _finding("joint/home", home, "Numbers and voices agree on homes.", "home", question=asked["home"]),
    ]


def _fund_quality() -> DataQualityResult:
    held = [
        CheckSummary(noun="cases", rule=f"rule_{n}", passed=True, severity="warn", sentence="It held.")
        for n in range(1, 13)
    ]
    return DataQualityResult(
        checks=(
            *held,
            CheckSummary(
                noun="spend",
                rule="cap",
                passed=False,
                severity="warn",
                sentence="Entries above the largest amount the fund may pay were set aside.",
            ),
            CheckSummary(
                noun="contacts", rule="dates", passed=False, severity="note", sentence="Some contacts have no end time."
            ),
        ),
        rows={"cases": 251, "contacts": 1284, "spend": 402},
        set_aside={"cases": 0, "contacts": 17, "spend": None},
    )
