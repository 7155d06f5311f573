"""What failed in a run of Airflow's, and whether a later run made up for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select


@dataclass(frozen=True)
class FailedTask:
    """A task that failed, with the number of its last attempt."""

    task_id: str
    map_index: int
    attempt: int
    ended: datetime | None


@dataclass(frozen=True)
class RunFailure:
    """A failed run: its tasks that failed, and the later run of the same partition that succeeded (empty: none did)."""

    dag_id: str
    run_id: str
    key: str
    tasks: tuple[FailedTask, ...]
    recovered: str


def failure_of(dag_id: str, run_id: str) -> RunFailure | None:
    """What failed in a run; None when it has not failed."""
    with create_session() as session:
        run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        if run is None or str(run.state) != "failed":
            return None
        failed = session.scalars(
            select(TaskInstance)
            .where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id, TaskInstance.state == "failed")
            .order_by(TaskInstance.end_date, TaskInstance.task_id)
            .limit(20)
        ).all()
        later = select(DagRun.run_id).where(
            DagRun.dag_id == dag_id,
            DagRun.state == "success",
            DagRun.id > run.id,
            DagRun.partition_key == run.partition_key,
        )
        recovered = session.scalar(later.order_by(DagRun.id).limit(1)) if run.partition_key else None
        tasks = tuple(FailedTask(each.task_id, each.map_index, each.try_number, each.end_date) for each in failed)
        return RunFailure(dag_id, run_id, run.partition_key or "", tasks, recovered or "")
