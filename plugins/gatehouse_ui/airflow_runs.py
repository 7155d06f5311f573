"""What Airflow's own tables know: which record a run is about, what runs now, what comes next, which review waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.hitl import HITLDetail
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select

from gatehouse_airflow.dag_defaults import DagKind
from gatehouse_airflow.dag_defaults import dag_id as dag_of
from gatehouse_ui.airflow_calls import start_run
from gatehouse_ui.run_failures import RunFailure, failure_of

STAGES = tuple(stage for stage in DagKind if stage is not DagKind.MAINTENANCE)
BATCH_STAGES = (DagKind.INGEST, DagKind.MONITOR)
DECIDING = (DagKind.RETRAIN, DagKind.JUDGE)  # whose runs decide, and ask a person
NOW = ("queued", "running")


@dataclass(frozen=True)
class RunSubject:
    """What a run is about. `batch` is like `2013-03.r1`; `decision` is known only where the run's own tasks tell it."""

    use_case: str
    stage: str
    batch: str = ""
    request: str = ""
    decision: str = ""


@dataclass(frozen=True)
class PendingReview:
    """Airflow's review of a decision: where it waits, and how it was answered."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    options: tuple[str, ...]
    answered_by: str

    @property
    def api(self) -> str:
        """The path of the public API that answers it."""
        where = f"dags/{quote(self.dag_id)}/dagRuns/{quote(self.run_id)}/taskInstances/{quote(self.task_id)}"
        return f"/api/v2/{where}/{self.map_index}/hitlDetails"


class AirflowRuns:
    """Questions to Airflow's metadata database, in short sessions of their own, and the one thing that is started."""

    async def watch(self, use_case: str, batch: str, credentials: str) -> int:
        """Start the watch of a batch (`2013-03.r1`) that was just released, as its user; gives the HTTP status. Where
        that is refused or fails, maintenance wakes it within some minutes."""
        return await start_run(use_case, DagKind.MONITOR, {"batch": batch}, "", credentials)

    async def judge(self, use_case: str, decision: str, note: str, credentials: str) -> int:
        """Start the run that decides again, as its user; gives the HTTP status."""
        return await start_run(use_case, DagKind.JUDGE, {"decision": decision}, note, credentials)

    def failure(self, dag_id: str, run_id: str) -> RunFailure | None:
        """What failed in a run; None when it has not failed."""
        return failure_of(dag_id, run_id)

    def subject(self, dag_id: str, run_id: str, task_id: str, map_index: int) -> RunSubject | None:
        """What the run is about; None when the DAG is not one of a use case."""
        use_case, _, stage = dag_id.rpartition("__")
        if not use_case or stage not in STAGES:
            return None
        with create_session() as session:
            run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
            if run is None:
                return None
            key, told = run.partition_key or "", _told(session, dag_id, run_id)
        if stage in BATCH_STAGES:
            return RunSubject(
                use_case, stage, batch=key if stage == "monitor" and key else _batch(told, task_id, map_index)
            )
        decision = told.get(("judge", "decision"), "")
        if stage == DagKind.JUDGE:
            return RunSubject(use_case, stage, decision=decision or key)
        if stage == DagKind.RETRAIN:
            return RunSubject(use_case, stage, request=key or told.get(("claim", "request"), ""), decision=decision)
        return RunSubject(use_case, stage)

    def review(self, use_case: str, decision: str) -> PendingReview | None:
        """The newest review of a decision in Airflow, answered or not; None when no run holds one."""
        with create_session() as session:
            found = session.execute(
                select(HITLDetail, TaskInstance)
                .join(TaskInstance, TaskInstance.id == HITLDetail.ti_id)
                .where(TaskInstance.dag_id.in_(_deciding(use_case)), TaskInstance.task_id == "review")
                .order_by(HITLDetail.created_at.desc())
                .limit(50)
            ).all()
            for detail, instance in found:
                if _told(session, instance.dag_id, instance.run_id).get(("judge", "decision")) == decision:
                    by = (detail.responded_by or {}).get("name", "") or ("nobody" if detail.responded_at else "")
                    where = (instance.dag_id, instance.run_id, instance.task_id, instance.map_index)
                    return PendingReview(*where, tuple(detail.options or ()), by)
        return None

    def of_request(self, use_case: str, request: str) -> tuple[str, str] | None:
        """The DAG and the newest run of it for a request, by its partition key; None when there is none."""
        dag_id = dag_of(use_case, DagKind.RETRAIN)
        with create_session() as session:
            found = session.scalar(
                select(DagRun.run_id)
                .where(DagRun.dag_id == dag_id, DagRun.partition_key == request)
                .order_by(DagRun.id.desc())
                .limit(1)
            )
        return (dag_id, found) if found else None

    def running(self, use_case: str) -> list[dict[str, Any]]:
        """The runs of a use case that are at work or queued, at most twenty."""
        ids = [dag_of(use_case, stage) for stage in STAGES]
        with create_session() as session:
            found = session.scalars(
                select(DagRun).where(DagRun.dag_id.in_(ids), DagRun.state.in_(NOW)).order_by(DagRun.id.desc()).limit(20)
            ).all()
            return [
                {"dag_id": run.dag_id, "run_id": run.run_id, "state": str(run.state), "key": run.partition_key or "",
                 "since": run.start_date or run.queued_at}
                for run in found
            ]  # fmt: skip

    def next_runs(self, use_cases: Iterable[str]) -> dict[str, tuple[datetime | None, bool]]:
        """For each use case when its ingest runs next (None: when something wakes it), and whether it is paused."""
        ids = {dag_of(name, DagKind.INGEST): name for name in use_cases}
        with create_session() as session:
            found = session.execute(
                select(DagModel.dag_id, DagModel.next_dagrun_create_after, DagModel.is_paused).where(
                    DagModel.dag_id.in_(list(ids)), ~DagModel.is_stale
                )
            ).all()
        return {ids[dag_id]: (at, paused) for dag_id, at, paused in found}


def _deciding(use_case: str) -> list[str]:
    return [dag_of(use_case, stage) for stage in DECIDING]


def _told(session: Any, dag_id: str, run_id: str) -> dict[tuple[str, str], Any]:
    """What the run's tasks have told each other, by task and key; mapped tasks tell nothing that is asked for here."""
    wanted = select(XComModel).where(
        XComModel.dag_id == dag_id,
        XComModel.run_id == run_id,
        XComModel.map_index == -1,
        XComModel.task_id.in_(["claim", "judge", "land", "score"]),
        XComModel.key.in_(["request", "decision", "return_value"]),
    )
    return {(row.task_id, row.key): XComModel.deserialize_value(row) for row in session.scalars(wanted.limit(20))}


def _batch(told: dict[tuple[str, str], Any], task_id: str, map_index: int) -> str:
    """The batch that an ingest or a hand-started watch run is about: the mapped task's own, or the only one."""
    scored, landed = told.get(("score", "return_value")), told.get(("land", "return_value")) or []
    if isinstance(scored, str):
        return scored
    if task_id == "validate" and 0 <= map_index < len(landed):
        return str(landed[map_index])
    return str(landed[-1]) if landed else ""


def link(dag_id: str, run_id: str, task_id: str = "", map_index: int = -1) -> str:
    """The run's page in the Airflow UI, or that of one of its tasks with its log."""
    run = f"/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"
    task = f"/tasks/{quote(task_id, safe='')}" if task_id else ""
    return f"{run}{task}{f'/mapped/{map_index}' if task and map_index >= 0 else ''}"
