"""**Override**: a named person's word against the gate. A form: the decision, *override* or *confirm*, a whole sentence why.

| | |
|---|---|
| makes | a champion that a HOLD, REVIEW or BLOCK kept back, until the override expires; or the second person's word for it |
| woken by | a person, who must be one of the approvers that `gate.yaml` names |
| owner | risk owner |
| red means | the policy does not allow it to this person, or the champion has changed since: nothing has changed |
| do | `gatehouse decision explain DECISION`, then start it again |
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from gatehouse.use_case import UseCase
from gatehouse_airflow.dag_defaults import DagKind, dag_kwargs
from gatehouse_airflow.params import OVERRIDDEN, OVERRIDE_ACT, REASON


def build(case: UseCase) -> None:
    """The override DAG of one use case."""
    folder = str(case.folder)

    @dag(
        **dag_kwargs(case, DagKind.OVERRIDE, __doc__),
        schedule=None,
        is_paused_upon_creation=False,
        max_active_runs=1,  # each word is about the champion that the one before left
        params={"decision": OVERRIDDEN, "act": OVERRIDE_ACT, "reason": REASON},
    )
    def override() -> None:
        @task(task_id="override")
        def overrule(params: Any = None, dag_run: Any = None) -> Any:
            from gatehouse_airflow.tasks import context, manual

            return manual.override(
                folder, params["act"], params["decision"], context.triggered_by(dag_run), params["reason"]
            )

        overrule()

    override()
