"""What runs by the calendar."""

from collections.abc import Iterator

import dagster as dg

from assets.jobs import evaluate_site
from assets.partitions import SITES


# Running from the start: the same drop gives the same numbers again, so a refresh can only pick up an amended protocol
# or a better program, and say that a drop is overdue. It can be switched off in the UI under Automation.
@dg.schedule(
    job=evaluate_site,
    cron_schedule="0 6 1 * *",
    execution_timezone="Europe/London",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the first of each month at 6 in the morning, runs every site again from its newest drop.",
)
def monthly_refresh(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """Ask for one run of each site."""
    for key in SITES.get_partition_keys():
        yield dg.RunRequest(run_key=f"{context.scheduled_execution_time:%Y-%m}:{key}", partition_key=key)
