"""**Re-validate**: hold a batch against its contract as it reads now. A form: which batch, and why.

| | |
|---|---|
| makes | a record of what the contract says now; a quarantined batch that keeps it is accepted, and then scored and watched |
| changes | nothing of an accepted batch, whatever is found: what was scored, trained and judged with it stays (docs/adr/0009) |
| woken by | a person, after a change of contract.yaml |
| owner | data engineer |
| red means | there is no such batch, it was discarded or has a newer revision, or the reason is no sentence: nothing changed |
| do | read the task's last line or its XCom; `gatehouse batch list USECASE`; the batch's page has the report |
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from gatehouse.use_case import UseCase
from gatehouse_airflow.dag_defaults import DagKind, accepted_batches, dag_kwargs, emit_partitions
from gatehouse_airflow.params import REASON, known_batch


def build(case: UseCase) -> None:
    """The re-validation DAG of one use case."""
    folder, wakes = str(case.folder), accepted_batches(case.name)

    @dag(
        **dag_kwargs(case, DagKind.REVALIDATE, __doc__),
        schedule=None,
        is_paused_upon_creation=False,
        max_active_runs=4,  # each is about one batch, and the ledger serialises what they record
        params={"batch": known_batch(case.contract.frequency), "reason": REASON},
    )
    def revalidate() -> None:
        @task(task_id="revalidate", outlets=[wakes])
        def check_again(params: Any = None, dag_run: Any = None) -> Any:
            from gatehouse_airflow.tasks import context, manual

            found, freed = manual.revalidate(folder, params["batch"], context.triggered_by(dag_run), params["reason"])
            emit_partitions(wakes, freed)
            return found

        check_again()

    revalidate()
