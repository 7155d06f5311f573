"""**Rollback**: make an earlier champion the champion again. A form: version, reason, dry run first.

| | |
|---|---|
| makes | a change of champion with your name and reason, or with *Dry run* only a sentence about it |
| woken by | a person |
| owner | on-call engineer, risk owner |
| red means | the version was never a champion, or a name or reason is missing: nothing has changed |
| do | `gatehouse champion USECASE`, then start it again |
"""

from __future__ import annotations

from airflow.sdk import Param, dag, task

from airflow_glue.forms import REASON
from airflow_glue.installed import START, use_cases
from airflow_glue.wiring import DEFAULT_ARGS, Impact, Stage, dag_id, tags


def build(case):
    """The rollback DAG of one use case."""
    folder = str(case.folder)

    @dag(
        dag_id=dag_id(case.name, Stage.ROLLBACK),
        dag_display_name=f"{case.contract.title}: rollback",
        schedule=None,
        start_date=START,
        catchup=False,
        is_paused_upon_creation=False,
        max_active_runs=1,  # each plan is made against the champion that the one before left
        doc_md=__doc__,
        default_args=DEFAULT_ARGS,
        tags=tags(case.name, Stage.ROLLBACK, Impact.OFFICE_HOURS),
        params={
            "version": Param(
                None,
                type=["null", "integer"],
                minimum=1,
                title="Version",
                description="The earlier champion to go back to; empty takes the one before the present.",
            ),
            "reason": REASON,
            "dry_run": Param(True, type="boolean", title="Dry run", description="Only say what would change."),
        },
    )
    def rollback():
        @task(task_id="rollback")
        def roll_back(params=None, dag_run=None):
            from airflow_glue import tasks

            actor = dag_run.triggering_user_name or "airflow"
            return tasks.rollback(folder, params["version"], actor, params["reason"], params["dry_run"])

        roll_back()

    rollback()


for use_case in use_cases():
    build(use_case)
