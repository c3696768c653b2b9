"""Making a finding: its scope, its inputs and its sentence. Which findings there are belongs in the other modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.disclosure.policy import minimum_count
from pipelines.findings.models import Finding, Inputs, QuestionAsked, Result, Scope
from pipelines.findings.sentences import sentence_of
from pipelines.ingest.tables import delivered
from pipelines.protocol.load import protocol_hash
from pipelines.protocol.models import Plan
from pipelines.protocol_lock import open_outcomes
from pipelines.provenance import code_hash
from pipelines.validation.seal import insist_not_under_seal
from pipelines.warehouse import has_table, table_hash
from pipelines.workspace import PilotSite


@dataclass(frozen=True)
class Making:
    """What all findings of one table of findings have in common."""

    site: PilotSite
    connection: Any
    inputs: Inputs

    @property
    def plan(self) -> Plan:
        """The pilot's plan."""
        return self.site.protocol

    def finding(
        self,
        finding_id: str,
        result: Result,
        subject: str = "",
        population: str = "",
        question: QuestionAsked | None = None,
        receipts: tuple[str, ...] = (),
        sentence: str = "",
    ) -> Finding:
        """Return a finding; its sentence follows from the result unless it is given."""
        scope = Scope(pilot=self.site.pilot, site=self.site.site, subject=subject, population=population)
        said = sentence or sentence_of(result, self.plan)
        return Finding(
            id=finding_id,
            scope=scope,
            question=question,
            result=result,
            sentence=said,
            inputs=self.inputs,
            receipts=receipts,
        )

    def frame(self, sql: str, **parameters: object) -> Any:
        """Return the rows of a query as a frame; of one that reads outcomes, see `outcomes`."""
        return self.connection.execute(sql, parameters).df()

    def outcomes(self, sql: str, **parameters: object) -> Any:
        """Return the connection after a query that reads outcomes; raise Refusal while they are sealed.

        The one way to an outcome: whatever shows more of one than whether it is known comes through here, and the first
        to come locks the protocol.
        """
        open_outcomes(self.site)
        insist_not_under_seal(self.connection)
        return self.connection.execute(sql, parameters)


def making(site: PilotSite, connection: Any, tables: tuple[str, ...]) -> Making:
    """Return the making of findings that are computed from some tables, named `layer.noun`."""
    drop, drop_hash = delivered(connection)
    hashes = {t: table_hash(connection, t) for t in tables if has_table(connection, *t.split("."))}
    inputs = Inputs(
        drop=drop,
        drop_hash=drop_hash,
        protocol_hash=protocol_hash(site.protocol),
        tables=hashes,
        code=code_hash(),
    )
    return Making(site, connection, inputs)


def question_of(plan: Plan, outcome: str) -> QuestionAsked | None:
    """Return the first question that an outcome answers."""
    for key, question in plan.questions.items():
        if outcome in question.quantitative:
            return QuestionAsked(id=key, text=question.text, expectation=question.expectation)
    return None


def fewest_per_arm(plan: Plan) -> int:
    """Return the fewest people (or areas) in a group for which an effect is estimated."""
    if plan.population.unit == "area" and "people_per_arm" not in plan.limits.model_fields_set:
        return 2  # Areas are few by nature: only a floor that was declared holds for them.
    # Of fewer than disclosure control allows nothing would be shown, and the reason given would tell how few.
    return max(plan.limits.people_per_arm, minimum_count(plan))
