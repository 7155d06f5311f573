"""**Ingest**: fetch what the source has, make it immutable, validate it against the contract.

| | |
|---|---|
| makes | an accepted or quarantined batch for each new key or corrected delivery; outcomes that are due |
| woken by | the contract's schedule, or a person (with or without a key) |
| owner | data engineer |
| red means | the source cannot be read, or PostgreSQL is away; a *quarantined* batch is green. `fetched` names batches left out |
| do | read the task's last line; `gatehouse batch list USECASE`; the use case's RUNBOOK.md |
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, get_current_context, task

from gatehouse.use_case import UseCase
from gatehouse_airflow.dag_defaults import DagKind, accepted_batches, cron_timetable, dag_kwargs, emit_partitions
from gatehouse_airflow.params import batch_key
from gatehouse_airflow.partitioned_tasks import partitioned_validation
from gatehouse_airflow.tasks import batches


def build(case: UseCase) -> None:
    """The ingest DAG of one use case."""
    folder, wakes = str(case.folder), accepted_batches(case.name)

    @dag(
        **dag_kwargs(case, DagKind.INGEST, __doc__),
        schedule=cron_timetable(case.contract.schedule),
        is_paused_upon_creation=case.contract.schedule is not None,  # a person switches a feed on
        max_active_runs=1,  # two runs would validate each other's batches, and the fence would refuse one of them
        params={"batch": batch_key(case.contract.frequency)},
    )
    def ingest() -> None:
        @task
        def land(params: Any = None) -> list[str]:
            return batches.land(folder, params["batch"])

        @task
        def fetched(refs: list[str]) -> None:
            batches.check_fetched(folder)  # red for what could not be fetched, beside the batches that could

        @task
        def outcomes(refs: list[str]) -> Any:
            return batches.collect_outcomes(folder, refs)

        @task(outlets=[wakes], map_index_template="{{ batch }}", trigger_rule="none_failed")
        def validate(ref: str, checked: Any = None, profiled: Any = None) -> None:
            get_current_context()["batch"] = ref  # the grid shows it instead of a number
            emit_partitions(wakes, [ref] if batches.validate(folder, ref, checked, profiled) else [])

        fetched(landed := land())
        checked = validate.partial(**partitioned_validation(case, landed)).expand(ref=landed)
        outcomes(landed) >> checked  # due ones first

    ingest()
