"""**Upkeep**: every ten minutes, for all use cases: wake what no event woke, compare MLflow with the ledger, check the ledger.

| | |
|---|---|
| makes | wake-ups for what nobody took up, the end of expired overrides, repairs, a verdict on the ledger, messages to people |
| woken by | the clock |
| owner | on-call engineer |
| red means | an invariant is broken, an override ended, or somebody went round the gate: journaled, repaired, in the log |
| do | `gatehouse audit verify`; the use case's RUNBOOK.md |
"""

from __future__ import annotations

from airflow.sdk import dag, task

from gatehouse_airflow.dag_defaults import (
    DEFAULT_ARGS,
    DagKind,
    Urgency,
    accepted_batches,
    cron_timetable,
    decisions_to_revisit,
    emit_partitions,
    retrain_requests,
    tags,
)
from gatehouse_airflow.notification_tasks import tell
from gatehouse_airflow.use_cases import START, BrokenUseCase, installed

CASES = {case.name: str(case.folder) for case in installed() if not isinstance(case, BrokenUseCase)}
BROKEN = {case.name: case.error for case in installed() if isinstance(case, BrokenUseCase)}
OUTLETS = [asset(name) for name in CASES for asset in (accepted_batches, retrain_requests, decisions_to_revisit)]


@dag(
    dag_id="gatehouse__maintenance",
    dag_display_name="Gatehouse: upkeep",
    schedule=cron_timetable("*/10 * * * *"),
    start_date=START,
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,  # two sweeps at once would wake everything twice
    doc_md=__doc__,
    default_args=DEFAULT_ARGS,
    tags=tags("all", DagKind.MAINTENANCE, Urgency.PAGE),
)
def upkeep():
    @task(outlets=OUTLETS)
    def sweep():
        from gatehouse_airflow.tasks import maintenance

        found = maintenance.sweep(CASES)
        for name, pending in found.items():
            emit_partitions(accepted_batches(name), pending["accepted"])
            emit_partitions(retrain_requests(name), pending["requested"])
            emit_partitions(decisions_to_revisit(name), pending["unsettled"])
        return found

    @task
    def check(found):
        from gatehouse_airflow.tasks import maintenance

        maintenance.check_installation(found, BROKEN)

    check(sweep()) >> tell(CASES)


upkeep()
