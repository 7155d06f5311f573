"""**Rollback**: make an earlier champion the champion again. A form: version, reason, dry run first.

| | |
|---|---|
| makes | a change of champion with your name and reason; with *Dry run* only what it would change, in the task's log and XCom |
| woken by | a person |
| owner | on-call engineer, risk owner |
| red means | the version was never a champion, or a name or reason is missing: nothing has changed |
| do | `gatehouse champion show USECASE`, then start it again |
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from gatehouse.use_case import UseCase
from gatehouse_airflow.dag_defaults import DagKind, dag_kwargs
from gatehouse_airflow.params import DRY_RUN, REASON, VERSION


def build(case: UseCase) -> None:
    """The rollback DAG of one use case."""
    folder = str(case.folder)

    @dag(
        **dag_kwargs(case, DagKind.ROLLBACK, __doc__),
        schedule=None,
        is_paused_upon_creation=False,
        max_active_runs=1,  # each plan is made against the champion that the one before left
        params={"version": VERSION, "reason": REASON, "dry_run": DRY_RUN},
    )
    def rollback() -> None:
        @task(task_id="rollback")
        def roll_back(params: Any = None, dag_run: Any = None) -> Any:
            from gatehouse_airflow.tasks import context, manual

            actor = context.triggered_by(dag_run)
            return manual.rollback(folder, params["version"], actor, params["reason"], params["dry_run"])

        roll_back()

    rollback()
