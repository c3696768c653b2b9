"""The shape of the graph: what hangs on what, and what a researcher reads about it."""

from graphlib import TopologicalSorter
from types import ModuleType

import dagster as dg
import pytest

from pipelines.workspace import Workspace
from tests.assets.conftest import PILOT

VALIDATED = {
    "cases",
    "events",
    "assessments",
    "series",
    "outcomes",
    "contacts",
    "spend",
    "consents",
    "documents",
    "codings",
}
FINDINGS = {"participants", "outcomes", "delivery", "themes", "questions", "quality", "deliveries", "learning"}
FINDINGS |= {"progression", "protocol"}
DEPS = {
    **{f"raw_{noun}": set() for noun in VALIDATED - {"outcomes"}},
    "validated_cases": {"raw_cases"},
    "validated_events": {"raw_events", "validated_cases", "validated_consents"},
    "validated_assessments": {"raw_assessments", "validated_cases", "validated_consents"},
    "validated_series": {"raw_series"},
    "validated_outcomes": {"raw_cases", "validated_cases", "validated_consents", "validated_events"},
    "validated_contacts": {"raw_contacts", "validated_cases", "validated_consents"},
    "validated_spend": {"raw_spend", "validated_cases", "validated_consents"},
    "validated_consents": {"raw_consents", "validated_cases"},
    "validated_documents": {"raw_documents", "validated_cases", "validated_consents"},
    "validated_codings": {"raw_codings", "validated_documents"},
    "analysis_participants": {"validated_cases", "validated_outcomes"},
    "analysis_flow": {"analysis_participants"},
    "analysis_doses": {"validated_cases", "validated_contacts", "validated_spend"},
    "analysis_themes": {"validated_documents", "validated_codings", "validated_consents"},
    "findings_participants": {"analysis_flow", "validated_cases"},
    "findings_outcomes": {"analysis_participants", "validated_assessments", "validated_series"},
    "findings_delivery": {"analysis_doses"},
    "findings_themes": {"analysis_themes", "analysis_participants"},
    "findings_questions": {"findings_outcomes", "findings_themes"},
    "findings_quality": {f"validated_{noun}" for noun in VALIDATED},
    "findings_learning": {
        *("validated_cases", "validated_contacts", "validated_spend", "validated_consents", "analysis_doses"),
        *("findings_participants", "findings_delivery"),
    },
    "findings_deliveries": {"findings_participants", "findings_delivery", "findings_outcomes", "findings_themes"},
    "findings_progression": {
        f"findings_{noun}" for noun in ("participants", "delivery", "outcomes", "themes", "deliveries")
    },
    "findings_protocol": {"findings_outcomes"},
    "released_evidence": {f"findings_{noun}" for noun in FINDINGS},
    "reports_site": {"released_evidence"},
    "reports_funder": {"released_evidence"},
    "synthesis_pilot": {"released_evidence"},
    "synthesis_report": {"synthesis_pilot"},
}
OVER_SITES = {"synthesis_pilot", "synthesis_report"}


@pytest.fixture
def specs(assets: ModuleType) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in assets.defs.resolve_all_asset_specs()}


def test_the_graph_is_the_design(specs: dict[str, dg.AssetSpec]) -> None:
    found = {name: {dep.asset_key.to_user_string() for dep in spec.deps} for name, spec in specs.items()}
    assert found == DEPS


def test_there_is_an_order(specs: dict[str, dg.AssetSpec]) -> None:
    assert len(tuple(TopologicalSorter(DEPS).static_order())) == len(specs)


def test_every_asset_is_run_by_site_or_over_the_sites_of_a_pilot(specs: dict[str, dg.AssetSpec]) -> None:
    for name, spec in specs.items():
        keys = ["first-pilot"] if name in OVER_SITES else ["first-pilot/north", "first-pilot/south"]
        assert spec.partitions_def is not None
        assert spec.partitions_def.get_partition_keys() == keys


def test_a_pilot_follows_all_of_its_sites_and_no_others(specs: dict[str, dg.AssetSpec]) -> None:
    (dep,) = specs["synthesis_pilot"].deps
    assert isinstance(dep.partition_mapping, dg.StaticPartitionMapping)
    mapped = dep.partition_mapping.downstream_partition_keys_by_upstream_partition_key
    assert mapped == {"first-pilot/north": "first-pilot", "first-pilot/south": "first-pilot"}


def test_every_asset_says_what_one_row_is(specs: dict[str, dg.AssetSpec]) -> None:
    for name, spec in specs.items():
        assert spec.description
        assert spec.description.startswith("One row is one") or name.startswith(("reports_", "synthesis_r"))


def test_every_asset_is_in_the_group_of_its_layer(specs: dict[str, dg.AssetSpec]) -> None:
    for name, spec in specs.items():
        assert spec.group_name
        assert spec.group_name[2:] == name.partition("_")[0]


def test_every_validated_table_has_the_rules_of_its_pilots_as_checks_in_words(
    assets: ModuleType, workspace: Workspace
) -> None:
    from pipelines.validation.protocol_rules import rule_ids, rules_asked

    protocol = workspace.protocol(PILOT)

    checks = assets.defs.resolve_asset_graph().asset_check_keys
    for noun in VALIDATED:
        names = {key.name for key in checks if key.asset_key == dg.AssetKey(f"validated_{noun}")}
        assert names == {rule.id for site in protocol.sites for rule in rules_asked(protocol, noun, site)}
        assert names <= {name for name, _words in rule_ids(noun)}
        assert all(words for _name, words in rule_ids(noun))


def test_checks_are_kept_by_site(assets: ModuleType) -> None:
    """A preview of this release of Dagster; without it the check of one site would overwrite that of another."""
    for asset in assets.validated.ASSETS:
        assert all(spec.partitions_def is not None for spec in asset.check_specs)


def test_two_jobs_run_everything_sites_and_what_lies_over_them(assets: ModuleType) -> None:
    for name, expected in (("evaluate_site", set(DEPS) - OVER_SITES), ("synthesise_pilot", OVER_SITES)):
        job = assets.defs.resolve_job_def(name)
        assert {key.to_user_string() for key in job.asset_layer.executable_asset_keys} == expected


def test_the_monthly_schedule_asks_for_every_site(assets: ModuleType) -> None:
    import datetime as dt

    context = dg.build_schedule_context(scheduled_execution_time=dt.datetime(2026, 2, 1, 6, tzinfo=dt.UTC))
    requests = list(assets.monthly_refresh(context))
    assert [request.partition_key for request in requests] == ["first-pilot/north", "first-pilot/south"]
    assert len({request.run_key for request in requests}) == 2
