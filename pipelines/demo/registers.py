"""The registers of the synthetic pilot's team: cycles, adaptations, lessons and challenges, all made up.

Owners are roles. What a register may hold belongs in pipelines.learning.
"""

import csv
import io

from pipelines.learning.registers import REGISTERS

Rows = tuple[dict[str, str], ...]

PDSA: Rows = (
    {
        "id": "texts",
        "title": "A text message the day before",
        "start": "2026-01-05",
        "plan": "Workers in all sites send a text message the afternoon before a fund conversation.",
        "prediction": "People keep more of their conversations: half as many again for each person seen in a month.",
        "end": "2026-03-27",
        "did": "Messages went out in all three sites; a few people had no working telephone.",
        "studied": "See the chart: what chance would do is drawn around it.",
        "decision": "adapt",
        "chart": "contacts_per_person",
    },
    {
        "id": "texts-2",
        "title": "The message names a choice of places",
        "start": "2026-04-13",
        "plan": "The message asks where to meet: office, a public place, or by telephone.",
        "prediction": "More conversations are kept where the office is far away.",
        "chart": "contacts_per_person",
    },
    {
        "id": "first-call",
        "title": "A call within two days of referral",
        "start": "2025-11-03",
        "plan": "A worker calls within two days of the referral and agrees the first conversation.",
        "prediction": "People start a week earlier.",
        "end": "2026-01-30",
        "did": "Calls were made for most referrals; evenings worked best.",
        "studied": "Days to the start moved no more than chance would have it.",
        "decision": "abandon",
        "chart": "days_to_start",
        "site": "northmoor",
    },
)
ADAPTATIONS: Rows = (
    {
        "id": "approval",
        "date": "2025-10-01",
        "what": "Workers decide alone up to 100 pounds.",
        "why": "Two signatures made people wait for small things.",
        "planned": "no",
        "core_kept": "yes",
        "decided_by": "Site manager",
        "site": "northmoor",
    },
    {
        "id": "home-visits",
        "date": "2026-02-02",
        "what": "Fund conversations may be home visits in the evening.",
        "why": "People who found work could not come in office hours.",
        "planned": "no",
        "core_kept": "yes",
        "decided_by": "Site managers together",
    },
)
LEARNING: Rows = (
    {
        "id": "waiting",
        "date": "2025-12-10",
        "question": "Why do purchases take weeks?",
        "evidence": "The ledger of the fund, and what people said in interviews.",
        "decision": "Small purchases go on a prepaid card.",
        "owner": "Finance lead",
    },
    {
        "id": "conversations",
        "date": "2026-04-02",
        "question": "Does a message the day before help people to come?",
        "evidence": "The chart of conversations kept, before and since.",
        "decision": "Keep the message, and ask in it where to meet.",
        "owner": "Pilot coordinator",
    },
)
HUNDRED_DAYS: Rows = (
    {
        "id": "kept",
        "goal": "Nine of ten fund conversations are kept",
        "start": "2026-02-02",
        "measure": "Share of conversations kept in the last four weeks",
        "target": "0.9",
        "begins_at": "0.7",
        "latest": "0.78",
        "latest_on": "2026-03-23",
        "mid_point": "Messages help where people have a telephone; the offer of other places begins now.",
        "end_review": "Better than before, and short of the goal. The messages stay.",
        "reached": "partly",
    },
    {
        "id": "cards",
        "goal": "Small purchases within five working days",
        "start": "2026-05-05",
        "measure": "Working days from the plan to the purchase, median of the month",
        "target": "5",
        "begins_at": "15",
        "latest": "9.5",
        "latest_on": "2026-06-26",
        "mid_point": "Cards are in use in two of three sites; the third waits for its bank.",
    },
)
ROWS = {"pdsa": PDSA, "adaptations": ADAPTATIONS, "learning_log": LEARNING, "hundred_days": HUNDRED_DAYS}


def registers() -> dict[str, bytes]:
    """Return every register by the name of its file."""
    return {REGISTERS[kind].file: _written(kind, rows) for kind, rows in ROWS.items()}


def _written(kind: str, rows: Rows) -> bytes:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [one.name for one in REGISTERS[kind].fields], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()
