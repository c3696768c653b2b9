"""The release list of the synthetic pilot: which quotes a person has passed for publication.

Two things are wrong on purpose: one quote has somebody's own name in it, and one person later withdrew. The list alone
lets them through; whatever publishes quotes has to stop them.
"""

import csv
import hashlib
import io
from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd

from pipelines.demo.frame import FRAME
from pipelines.demo.interviews import Interview
from pipelines.demo.truths import FIRST_DROP, SEED
from pipelines.demo.world import World

SHARE_APPROVED = 0.5
APPROVED = (date(2026, 4, 14), date(2026, 7, 13))
APPROVER = "Evaluation lead"


def release_list(world: World) -> bytes:
    """Return quotes.csv: sha256 of the exact quote in UTF-8, who passed it, and when."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["sha256", "approved_by", "approved_on"])
    for quote, day in approved_quotes(world):
        writer.writerow([hashlib.sha256(quote.encode()).hexdigest(), APPROVER, day.isoformat()])
    return buffer.getvalue().encode()


def approved_quotes(world: World) -> Iterator[tuple[str, date]]:
    """Yield each approved quote and the day on which it was approved."""
    consents = {row["case_number"]: row for _, row in world.pooled("consents").iterrows()}
    for interview in (interview for site in world.sites for interview in site.interviews):
        day = APPROVED[interview.held > FIRST_DROP]
        if _publishable(consents[interview.speaker], day):
            yield from ((quote, day) for quote in _chosen(interview))


def _publishable(consent: pd.Series, day: date) -> bool:
    withdrawn = not pd.isna(consent["withdrawn_on"]) and consent["withdrawn_on"].date() <= day
    return bool(consent["may_quote"] and consent["may_publish"] and not withdrawn)


def _chosen(interview: Interview) -> Iterator[str]:
    rng = np.random.default_rng([SEED, 6, *interview.number.encode()])
    for passage, draw in zip(interview.passages, rng.random(len(interview.passages)), strict=True):
        planted = interview.says_name and passage == interview.passages[0]
        if planted or draw < SHARE_APPROVED:
            yield interview.text[passage.start : passage.end]


def codebook() -> bytes:
    """Return codebook.csv: one row per code."""
    buffer = io.StringIO()
    columns = ["group", "name", "definition", "include", "exclude", "good_help"]
    writer = csv.DictWriter(buffer, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(vars(code) for code in FRAME)
    return buffer.getvalue().encode()
