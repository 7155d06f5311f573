"""**Monitor**: the champion scores an accepted batch. Then the drift of the batch and the decay of the champion are measured.

| | |
|---|---|
| makes | predictions, one watch verdict a batch, a retrain request when there is a reason |
| woken by | an accepted batch (one run each); `maintenance` for what no event woke; a person |
| waits for | earlier batches and the open retrain request, without a worker (docs/adr/0006) |
| owner | data scientist |
| red means | the model's code raised, or a file's sha256 is not the ledger's; an *alarm* is green and is in the report |
| do | read the task's last line; `gatehouse request list USECASE`; the use case's RUNBOOK.md |
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import PartitionedAssetTimetable, dag, task

from gatehouse.use_case import UseCase
from gatehouse_airflow.batch_order_trigger import ScoreInOrderOperator
from gatehouse_airflow.dag_defaults import DagKind, accepted_batches, dag_kwargs, emit_partitions, retrain_requests
from gatehouse_airflow.params import BATCH_REF
from gatehouse_airflow.partitioned_tasks import partitioned_scoring


def build(case: UseCase) -> None:
    """The monitor DAG of one use case."""
    folder, wakes = str(case.folder), retrain_requests(case.name)

    @dag(
        **dag_kwargs(case, DagKind.MONITOR, __doc__, priority=10),
        schedule=PartitionedAssetTimetable(assets=accepted_batches(case.name)),
        is_paused_upon_creation=False,
        max_active_runs=32,  # runs of a backlog wait side by side in the triggerer; the ledger says whose turn it is
        params={"batch": BATCH_REF},
    )
    def monitor() -> None:
        @task(task_id="watch", outlets=[wakes], trigger_rule="none_failed_min_one_success")
        def watch_batch(ref: str, done: Any = None) -> Any:
            from gatehouse_airflow.tasks import batches

            request = batches.watch(folder, ref, done)
            emit_partitions(wakes, [request] if request else [])
            return request

        ref = ScoreInOrderOperator(task_id="score", folder=folder).output
        watch_batch(ref, **partitioned_scoring(case, ref))

    monitor()
