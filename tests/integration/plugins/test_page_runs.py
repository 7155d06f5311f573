"""From Airflow's runs to records: against Airflow's own tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from gatehouse.core.types import Verdict
from support.pages_world import CASE, World, airflow_home, world  # noqa: F401 - fixtures


@pytest.fixture
def airflow(airflow_home: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes runs, XComs and reviews in Airflow's metadata database, and takes them away afterwards."""
    for name, value in airflow_home.items():
        monkeypatch.setenv(name, value)
    from airflow.models import DagRun
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from airflow.utils.types import DagRunTriggeredByType, DagRunType
    from sqlalchemy import insert, select

    class Airflow:
        def run(self, stage: str, run_id: str, key: str | None = None, state: str = "success", **told: Any) -> None:
            with create_session() as session:
                run = DagRun(
                    dag_id=f"{CASE}__{stage}", run_id=run_id, run_type=DagRunType.MANUAL, partition_key=key, state=state,
                    run_after=datetime(2026, 1, 1, tzinfo=UTC), triggered_by=DagRunTriggeredByType.TEST,
                )  # fmt: skip
                session.add(run)
                session.flush()
                for task in {name.partition("__")[0] for name in told}:
                    instance = {"task_id": task, "dag_id": run.dag_id, "run_id": run_id, "pool": "any", "pool_slots": 1}
                    session.execute(insert(TaskInstance.__table__).values(map_index=-1, **instance))
                for name, value in told.items():
                    task, _, xcom = name.partition("__")
                    row = XComModel(
                        dag_run_id=run.id, task_id=task, map_index=-1, key=xcom, dag_id=run.dag_id, run_id=run_id
                    )
                    row.value, row.timestamp = value, run.run_after
                    session.add(row)

        def review(self, stage: str, run_id: str, by: str = "") -> None:
            """The review task of a run waits for a person, or has been answered by one."""
            with create_session() as session:
                task = select(TaskInstance.id).where(
                    TaskInstance.dag_id == f"{CASE}__{stage}",
                    TaskInstance.run_id == run_id,
                    TaskInstance.task_id == "review",
                )
                answered = {"responded_at": datetime.now(UTC), "responded_by": {"id": by, "name": by}} if by else {}
                options = {"options": ["Approve", "Reject"], "subject": "promote the challenger?"}
                session.merge(HITLDetail(ti_id=session.scalar(task), **options, **answered))

        def dag(self, stage: str, at: datetime | None, paused: bool) -> None:
            with create_session() as session:
                session.merge(DagBundleModel(name="tests"))
                session.flush()
                session.add(
                    DagModel(
                        dag_id=f"{CASE}__{stage}",
                        next_dagrun_create_after=at,
                        is_paused=paused,
                        bundle_name="tests",
                        is_stale=False,
                    )
                )

    yield Airflow()
    with create_session() as session:
        for table in (HITLDetail, XComModel, TaskInstance, DagRun, DagModel):
            session.query(table).delete()


def test_a_run_leads_to_its_record(airflow: Any) -> None:
    """A watch run to its batch, a retrain run to its request and decision, an ingest task to the batch it validated, a
    judge run to the decision it made, or before that to the one it makes again."""
    from gatehouse_ui.airflow_runs import AirflowRuns, RunSubject

    airflow.run("monitor", "w", key="2013-03.r1")
    airflow.run("monitor", "w-by-hand", score__return_value="2013-04.r1")
    airflow.run("retrain", "r", key="request-1")
    airflow.run("retrain", "r-by-hand", claim__request="request-2", judge__decision="decision-2")
    airflow.run("ingest", "i", land__return_value=["2013-05.r1", "2013-06.r2"])
    airflow.run("rollback", "b")
    airflow.run("judge", "j", key="decision-2")
    airflow.run("judge", "j-done", key="decision-2", judge__decision="decision-3")
    runs = AirflowRuns()

    def of(stage: str, run: str, task: str = "", index: int = -1) -> RunSubject | None:
        return runs.subject(f"{CASE}__{stage}", run, task, index)

    assert of("monitor", "w") == RunSubject(CASE, "monitor", batch="2013-03.r1")
    assert of("monitor", "w-by-hand") == RunSubject(CASE, "monitor", batch="2013-04.r1")
    assert of("retrain", "r") == RunSubject(CASE, "retrain", request="request-1")
    assert of("retrain", "r-by-hand") == RunSubject(CASE, "retrain", request="request-2", decision="decision-2")
    assert of("ingest", "i", "validate", 0) == RunSubject(CASE, "ingest", batch="2013-05.r1")
    assert of("ingest", "i") == RunSubject(CASE, "ingest", batch="2013-06.r2")
    assert of("rollback", "b") == RunSubject(CASE, "rollback")
    assert of("judge", "j") == RunSubject(CASE, "judge", decision="decision-2")
    assert of("judge", "j-done") == RunSubject(CASE, "judge", decision="decision-3")
    assert of("monitor", "never-was") is None
    assert runs.subject("somebody_elses", "w", "", -1) is None
    assert runs.subject("gatehouse__maintenance", "u", "", -1) is None


@pytest.mark.parametrize("stage", ["retrain", "judge"])
def test_a_review_is_found_wherever_it_waits(airflow: Any, stage: str) -> None:
    """In the run that decided and in one that decided again; with the name of who answered, once somebody has."""
    from gatehouse_ui.airflow_runs import AirflowRuns

    airflow.run(stage, "r", judge__decision="decision-1", review__any="")
    assert AirflowRuns().review(CASE, "decision-1") is None
    airflow.review(stage, "r")
    review = AirflowRuns().review(CASE, "decision-1")
    assert review is not None
    assert (review.dag_id, review.run_id, review.answered_by) == (f"{CASE}__{stage}", "r", "")
    assert AirflowRuns().review(CASE, "decision-2") is None
    airflow.review(stage, "r", by="Ada")
    assert AirflowRuns().review(CASE, "decision-1").answered_by == "Ada"  # type: ignore[union-attr]


def test_what_runs_now_and_next(airflow: Any) -> None:
    """Running and queued runs of the use case only; when its ingest runs next, and whether it is paused."""
    from gatehouse_ui.airflow_runs import AirflowRuns

    airflow.run("monitor", "busy", key="2013-03.r1", state="running")
    airflow.run("monitor", "over")
    moment = datetime(2027, 1, 1, tzinfo=UTC)
    airflow.dag("ingest", moment, True)
    assert [(run["run_id"], run["key"]) for run in AirflowRuns().running(CASE)] == [("busy", "2013-03.r1")]
    assert AirflowRuns().running("other") == []
    assert AirflowRuns().next_runs([CASE, "other"]) == {CASE: (moment, True)}
    airflow.run("retrain", "of-it", key="request-1")
    assert AirflowRuns().of_request(CASE, "request-1") == (f"{CASE}__retrain", "of-it")
    assert AirflowRuns().of_request(CASE, "request-9") is None


def test_the_tab_of_a_run_opens_its_decision(world: World) -> None:
    """A retrain run's tab shows that run's decision, also when only the request is known; a watch run's its batch."""
    from gatehouse_ui.airflow_runs import RunSubject

    model = world.story.challenger(world.story.accept("2013-01"), world.story.accept("2013-02"))
    decision = world.story.decide(model, Verdict.BLOCK)
    world.runs.subjects = {
        "decided": RunSubject(CASE, "retrain", request=model.request), "told": RunSubject(CASE, "retrain", decision=decision.id),
        "early": RunSubject(CASE, "retrain", request="no model yet"), "watched": RunSubject(CASE, "monitor", batch="2013-01.r1"),
        "back": RunSubject(CASE, "rollback"),
    }  # fmt: skip
    client = world.client("viewer")

    def tab(run: str) -> Any:
        return client.get(f"/gatehouse/run?dag_id={CASE}__retrain&run_id={run}&task_id=judge&map_index=-1")

    for run in ("decided", "told"):
        assert tab(run).headers["location"] == f"/gatehouse/decisions/{decision.id}"
    assert tab("watched").headers["location"] == f"/gatehouse/batches/{CASE}/2013-01.r1"
    assert tab("back").headers["location"] == f"/gatehouse/use-cases/{CASE}"
    assert "has not made a record yet" in tab("early").text
    assert "not the DAG of a use case" in tab("somebody's").text


def test_tasks_link_to_mlflow(airflow: Any, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge's task to the challenger's run and its registered model, a fit's to its own candidate's run, and no
    other task anywhere."""
    from types import SimpleNamespace

    from gatehouse_ui import links

    request = world.story.challenger(world.story.accept("2013-01"), world.story.accept("2013-02")).request
    airflow.run("retrain", "r", key=request)
    monkeypatch.setattr(links, "_database", lambda: world.desk.database)

    def link(kind: Any, task: str, index: int = -1, dag: str = f"{CASE}__retrain") -> str:
        return kind().get_link(None, ti_key=SimpleNamespace(dag_id=dag, run_id="r", task_id=task, map_index=index))

    assert link(links.MlflowRun, "judge") == "http://mlflow.test/#/experiments/0/runs/run-linear"
    assert link(links.MlflowRun, "fit", 0) == "http://mlflow.test/#/experiments/0/runs/run-linear"
    assert link(links.MlflowRun, "fit", 7) == ""
    assert link(links.ModelVersion, "judge") == f"http://mlflow.test/#/models/{CASE}"
    assert link(links.ModelVersion, "fit", 0) == ""
    assert link(links.MlflowRun, "claim") == ""
    assert link(links.MlflowRun, "judge", dag="other__monitor") == ""
    decision = world.story.decide(world.story.ledger.models.list(CASE)[0])
    airflow.run("judge", "r", key=decision.id)
    assert link(links.MlflowRun, "judge", dag=f"{CASE}__judge") == "http://mlflow.test/#/experiments/0/runs/run-linear"
    monkeypatch.setattr(links, "_database", lambda: 1 / 0)
    assert link(links.MlflowRun, "judge") == ""


def test_the_plugin_is_cheap_until_somebody_asks(airflow_home: dict[str, str]) -> None:
    """Airflow imports the plugin in each task's process: nothing of the pages is imported with it."""
    import os
    import subprocess
    import sys

    from gatehouse.settings import ROOT

    code = (
        "import sys; import gatehouse_plugin as p; heavy = [m for m in sys.modules if m == 'gatehouse_ui.app' or m.split('.')[0] in "
        "('matplotlib', 'pandas', 'pyarrow')]; assert not heavy, heavy; "
        "assert len(p.GatehousePlugin.external_views) == 3; assert p.GatehousePlugin.global_operator_extra_links[0].name"
    )
    path = os.pathsep.join([str(ROOT / "include"), str(ROOT / "plugins")])
    environment = {**airflow_home, "PATH": os.environ["PATH"], "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-1500:]


def test_a_failed_run_and_what_recovered_it(airflow: Any) -> None:
    """Its failed tasks, and the later run of the same partition that succeeded; a run that did not fail has none."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import update

    from gatehouse_ui.airflow_runs import AirflowRuns

    airflow.run("monitor", "red", key="2013-03.r1", state="failed", score__any="")
    airflow.run("monitor", "green", key="2013-04.r1")
    with create_session() as session:
        session.execute(update(TaskInstance).where(TaskInstance.run_id == "red").values(state="failed", try_number=2))
    runs, dag = AirflowRuns(), f"{CASE}__monitor"
    found = runs.failure(dag, "red")
    assert found is not None
    assert [(task.task_id, task.attempt) for task in found.tasks] == [("score", 2)]
    assert found.recovered == ""
    assert runs.failure(dag, "green") is None
    airflow.run("monitor", "again", key="2013-03.r1")
    recovered = runs.failure(dag, "red")
    assert recovered is not None
    assert recovered.recovered == "again"
