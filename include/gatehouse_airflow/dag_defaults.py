"""Names, wake-ups, tags and retries that all DAGs share."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum
from typing import Any

from airflow.sdk import Asset, CronTriggerTimetable, get_current_context
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

from gatehouse.settings import Settings
from gatehouse.use_case import UseCase
from gatehouse_airflow.use_cases import START


class DagKind(StrEnum):
    """The stages that have a DAG; also their tag."""

    INGEST = "ingest"
    MONITOR = "monitor"
    RETRAIN = "retrain"
    JUDGE = "judge"
    OVERRIDE = "override"
    ROLLBACK = "rollback"
    REVALIDATE = "revalidate"
    BACKFILL = "backfill"
    MAINTENANCE = "maintenance"
    CONFIGURATION = "configuration"


class Urgency(StrEnum):
    """Whom a red run wakes; a tag of every DAG."""

    PAGE = "impact:page"
    OFFICE_HOURS = "impact:office-hours"


def dag_id(use_case: str, stage: DagKind) -> str:
    """The id of a use case's DAG of that stage."""
    return f"{use_case}__{stage}"


PAGING = frozenset({DagKind.MONITOR, DagKind.RETRAIN, DagKind.JUDGE, DagKind.MAINTENANCE})


def tags(use_case: str, stage: DagKind) -> list[str]:
    """The tags of a DAG: product, use case, stage, and whom a red run wakes."""
    urgency = Urgency.PAGE if stage in PAGING else Urgency.OFFICE_HOURS
    return ["gatehouse", f"use-case:{use_case}", f"stage:{stage}", urgency]


def accepted_batches(use_case: str) -> Asset:
    """Wakes the watch: a partition is an accepted batch (`2013-03.r1`)."""
    return Asset(f"{use_case}_accepted_batches", uri=f"gatehouse://{use_case}/accepted-batches")


def retrain_requests(use_case: str) -> Asset:
    """Wakes the retraining: a partition is a retrain request."""
    return Asset(f"{use_case}_retrain_requests", uri=f"gatehouse://{use_case}/retrain-requests")


def decisions_to_revisit(use_case: str) -> Asset:
    """Wakes the judging again: a partition is a decision that more rows, or a lost review, ask for anew."""
    return Asset(f"{use_case}_decisions_to_revisit", uri=f"gatehouse://{use_case}/decisions-to-revisit")


def assets_of(use_case: str) -> dict[str, Asset]:
    """The assets of a use case by what maintenance finds pending for them."""
    return {
        "accepted": accepted_batches(use_case),
        "requested": retrain_requests(use_case),
        "unsettled": decisions_to_revisit(use_case),
    }


def emit_partitions(asset: Asset, keys: Collection[str]) -> None:
    """Emit one event a key from the running task, or none at all.

    A task that adds no partition would emit an event with its run's own key, and wake the next DAG for a batch instead
    of a request; taking the asset off the finished task's outlets is how Airflow emits nothing.
    """
    context = get_current_context()
    for key in keys:
        context["outlet_events"][asset].add_partitions(key)
    if not keys:
        task = context["ti"].task
        task.outlets = [outlet for outlet in task.outlets if outlet != asset]


def cron_timetable(cron: str | None) -> CronTriggerTimetable | None:
    """A contract's schedule in UTC; without one the DAG runs when somebody or something triggers it."""
    return CronTriggerTimetable(cron, timezone="UTC") if cron else None


TASK_TIMEOUT = timedelta(days=1)  # of every task but those below: no machine is so slow
TRAINING_TIMEOUT = timedelta(days=14)  # of tasks that fit estimators: `limits.fit` in retrain.yaml ends each fit before
MAINTENANCE_TIMEOUT = timedelta(minutes=30)  # of one use case's part of maintenance; the next run goes on with it
RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="airflow.sdk.exceptions.AirflowTaskTimeout",
            action=RetryAction.FAIL,
            reason="the task took all the time that it may: trying again would take it again",
        ),
        RetryRule(
            exception="gatehouse.errors.ServiceUnavailableError",
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=15),
            reason="a service does not answer; it may come back",
        ),
        RetryRule(
            exception="gatehouse.errors.StaleAttemptError",
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=15),
            reason="a newer attempt is at the same work; the next try finds what it did",
        ),
        RetryRule(
            exception="gatehouse.errors.SourceVanishedError",
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=15),
            reason="a file was replaced while it was read; it may be whole in a moment",
        ),
        RetryRule(
            exception="gatehouse.errors.GatehouseError",
            action=RetryAction.FAIL,
            reason="a named error: trying again gives the same answer",
        ),
    ]
)
DEFAULT_ARGS = {
    "owner": "gatehouse",
    "retries": 8,  # two minutes without a service; the first after seconds, for a process that was killed
    "retry_delay": timedelta(seconds=3),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(seconds=20),
    "retry_policy": RETRIES,
    "execution_timeout": TASK_TIMEOUT,
}


def training_task() -> dict[str, Any]:
    """Where training tasks run and for how long: on the queue, and out of the pool, that the installation names for them;
    anywhere without."""
    queue = Settings.from_environment().train_queue
    return {"execution_timeout": TRAINING_TIMEOUT} | ({"queue": queue, "pool": queue} if queue else {})


def summary(documentation: str) -> str:
    """The first line of a DAG's documentation, as the description in Airflow's list of DAGs."""
    return documentation.strip().partition("\n")[0].replace("**", "")


def dag_kwargs(case: UseCase, stage: DagKind, documentation: str, priority: int = 1) -> dict[str, Any]:
    """What a use case's DAG of a stage has in common with every other: names, tags, documentation, start, retries."""
    return {
        "dag_id": dag_id(case.name, stage),
        "dag_display_name": f"{case.contract.title}: {stage}",
        "start_date": START,
        "catchup": False,
        "description": summary(documentation),
        "doc_md": documentation,
        "default_args": DEFAULT_ARGS | {"priority_weight": priority},
        "tags": tags(case.name, stage),
    }
