"""**Backfill**: take a range of batches that nobody took yet, oldest first. A form: from, to, why, and whether it may promote.

| | |
|---|---|
| makes | landed, validated, scored and watched batches, one after the other; ticked, one training after the last |
| never | a training for each batch: what they would ask for is held back and stands in their watch reports |
| woken by | a person |
| owner | data engineer |
| red means | a key is none or nothing waits there, the source fails, or a training is under way: the rest of the range waits |
| do | read the task's last line; start it again with the same values, it goes on where it was |
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from gatehouse.use_case import UseCase
from gatehouse_airflow.dag_defaults import TRAINING_TIMEOUT, DagKind, dag_kwargs, emit_partitions, retrain_requests
from gatehouse_airflow.params import MAY_PROMOTE, REASON, end_of_range


def build(case: UseCase) -> None:
    """The backfill DAG of one use case."""
    folder, wakes, kind = str(case.folder), retrain_requests(case.name), case.contract.frequency

    @dag(
        **dag_kwargs(case, DagKind.BACKFILL, __doc__),
        schedule=None,
        is_paused_upon_creation=False,
        max_active_runs=1,  # the ledger allows one backfill at a time
        params={
            "first": end_of_range(kind, "From", "oldest"),
            "last": end_of_range(kind, "To", "newest"),
            "reason": REASON,
            "promote": MAY_PROMOTE,
        },
    )
    def backfill() -> None:
        @task(task_id="backfill", outlets=[wakes], execution_timeout=TRAINING_TIMEOUT)
        def take(params: Any = None, dag_run: Any = None) -> Any:
            from gatehouse_airflow.tasks import context, manual

            told, asked = manual.backfill(folder, params, context.triggered_by(dag_run))
            emit_partitions(wakes, asked)
            return told

        take()

    backfill()
