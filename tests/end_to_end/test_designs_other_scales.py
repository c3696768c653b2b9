"""Ordered outcomes and forestalled events of groups that chance did not make, from protocol and drop to evidence."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.estimation import Design, estimate
from pipelines.protocol import designs
from tests.end_to_end import studies_other_scales as studies
from tests.end_to_end.command import pilotlens
from tests.end_to_end.test_designs_over_time import beside, findings


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("scales") / "workspace"
    root.mkdir()
    studies.forestalled(root)
    studies.ordered(root)
    done = pilotlens(root, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def framed(data: pd.DataFrame, **columns: str) -> pd.DataFrame:
    arm = np.where(data["arm"] == 1, "treatment", "comparison")
    return data.rename(columns={field: name for name, field in columns.items()}).assign(arm=arm)


def test_relapse_that_death_forestalls(workspace: Path) -> None:
    """Unweighted, Gray's test gives p 0.09068 (Scrucca, Santucci & Aversa 2010); weighted, the function's answer."""
    effect = findings(workspace, "transplants")["effect/relapse/primary"]
    assert beside(effect)["Gray"]["p"] == pytest.approx(0.09067592, rel=1e-6)
    declared = designs.Weighted(kind="weighted", method="inverse_probability", estimand="everyone")
    asked = Design(
        "time_to_event",
        "months",
        horizon=12,
        covariates=("age", "sex", "phase"),
        assignment="not_randomised",
        kind="weighted",
        declared=declared,
    )
    frame = framed(studies.transplants(), time="months", event="relapsed", competing="died")
    own = estimate(frame, asked, beside=False)
    assert effect["measure"] == "difference in the share without the event"
    for name in ("value", "se", "lower", "upper", "p"):
        assert effect[name] == pytest.approx(getattr(own, name), rel=1e-8)


def test_grades_are_compared_by_their_order(workspace: Path) -> None:
    found = findings(workspace, "tumours")
    effect = found["effect/grade/primary"]
    asked = Design(
        "ordinal",
        "",
        covariates=("age", "nodes"),
        assignment="not_randomised",
        kind="weighted",
        declared=designs.Weighted(kind="weighted"),
    )
    own = estimate(framed(studies.tumours(), value="grade"), asked, beside=False)
    for name in ("value", "se", "lower", "upper", "p"):
        assert effect[name] == pytest.approx(getattr(own, name), rel=1e-8)
    assert {"unadjusted", "proportional odds"} <= beside(effect).keys()
    assert "comparison/grade" in found
    assert next((workspace / "reports" / "tumours").rglob("report.pdf")).stat().st_size > 10_000
