"""Which unfinished runs are at which work: what maintenance asks of Airflow, so that it need not guess from ages.

A second run for the same work does no harm. The ledger takes the newest attempt, and `newest_attempt` ends the older one
as skipped. Asking first spares the work that would be done twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from gatehouse.errors import StaleAttemptError
from gatehouse_airflow.dag_defaults import DagKind, dag_id

if TYPE_CHECKING:
    from gatehouse.context import UseCaseContext

UNFINISHED = ["queued", "running"]  # states of a run; one whose task waits in the triggerer is running
ACTIVE = frozenset({"queued", "running", "deferred", "restarting", "up_for_retry", "up_for_reschedule"})
UNDER_WAY = ACTIVE | {None, "scheduled", "awaiting_input"}  # states of a task that has not ended
TRAINING = ("claim", "fit", "choose", "judge")
DECIDING = (DagKind.RETRAIN, DagKind.JUDGE)
CARRYING_OUT = ("promote", "review", "answer")


def batches(ctx: UseCaseContext) -> set[str]:
    """The batches (`2013-03.r1`) that a watch run is for, or waits for the turn of."""
    runs = [_run(ctx, DagKind.MONITOR, run) for run in _at_work(ctx, DagKind.MONITOR)]
    return {key for run in runs if (key := run.partition_key or (run.conf or {}).get("batch"))}


def requests(ctx: UseCaseContext) -> set[str]:
    """The requests that a retrain run is training for. A run that a person started takes the pending one."""
    pending = ctx.ledger.requests.pending(ctx.name)
    if pending is None:
        return set()
    runs = [_run(ctx, DagKind.RETRAIN, run) for run in _at_work(ctx, DagKind.RETRAIN, TRAINING)]
    return {run.partition_key or pending.id for run in runs}


def decisions(ctx: UseCaseContext) -> set[str]:
    """The decisions whose run is about to carry them out, waits for a reviewer, or brings a reviewer's answer."""
    attended: set[str] = set()
    for stage in DECIDING:
        for run, states in _states(ctx, stage, ("judge", *CARRYING_OUT)).items():
            if states.get("judge") in ACTIVE:  # which decision it makes is not known yet
                return {decision.id for decision in ctx.ledger.decisions.list(ctx.name)}
            if states.get("judge") == "success" and any(
                states.get(task, "removed") in UNDER_WAY for task in CARRYING_OUT
            ):
                pulled = _ti().xcom_pull(dag_id=dag_id(ctx.name, stage), run_id=run, task_ids="judge", key="decision")
                attended.add(str(pulled))
    return attended


def validating(ctx: UseCaseContext) -> bool:
    """Whether runs are under way that validate batches."""
    return any(_count(ctx, stage) for stage in (DagKind.INGEST, DagKind.REVALIDATE))


def older_training(ctx: UseCaseContext, request: str) -> str:
    """The older run that is training for the same request as this task's run; empty when there is none."""
    if _count(ctx, DagKind.RETRAIN) <= 1:
        return ""
    mine = get_current_context()["dag_run"]
    for name in _at_work(ctx, DagKind.RETRAIN, TRAINING):
        run = _run(ctx, DagKind.RETRAIN, name)
        same = (run.partition_key or request) == request
        if same and (run.run_after, run.run_id) < (mine.run_after, mine.run_id):
            return str(run.run_id)
    return ""


@contextmanager
def newest_attempt() -> Iterator[None]:
    """Skip the task whose work a newer attempt has taken over: that one finishes it, and nothing is wrong."""
    try:
        yield
    except StaleAttemptError as error:
        raise AirflowSkipException(f"{error}; the newer attempt finishes this work") from error


def _ti() -> Any:
    return get_current_context()["ti"]


def _count(ctx: UseCaseContext, stage: DagKind) -> int:
    return int(_ti().get_dr_count(dag_id=dag_id(ctx.name, stage), states=UNFINISHED))


def _states(ctx: UseCaseContext, stage: DagKind, tasks: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """The states of tasks by run and task; nothing when no run of the DAG is unfinished."""
    if not _count(ctx, stage):
        return {}
    found = _ti().get_task_states(dag_id=dag_id(ctx.name, stage), task_ids=list(tasks) or None)
    return dict(found)


def _at_work(ctx: UseCaseContext, stage: DagKind, tasks: Sequence[str] = ()) -> list[str]:
    """The runs in which one of these tasks, or any task, has not ended."""
    states = _states(ctx, stage, tasks)
    return [run for run, tasks in states.items() if any(state in UNDER_WAY for state in tasks.values())]


def _run(ctx: UseCaseContext, stage: DagKind, run_id: str) -> Any:
    """A run with its partition key and its form. The SDK has the question and no function for it."""
    from airflow.sdk.execution_time.comms import GetDagRun
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    return SUPERVISOR_COMMS.send(GetDagRun(dag_id=dag_id(ctx.name, stage), run_id=run_id))
