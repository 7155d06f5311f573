"""**Maintenance**: every ten minutes, for all use cases. It starts what no event started and checks ledger and MLflow.

| | |
|---|---|
| makes | runs for work that has none, the end of expired overrides, repairs, a verdict on the ledger, notifications |
| woken by | the clock |
| owner | on-call engineer |
| red means | an invariant is broken, an override ended, or the alias in MLflow was moved: recorded, repaired, in the log |
| do | `gatehouse audit verify`; the use case's RUNBOOK.md |
"""

from __future__ import annotations

from airflow.sdk import dag, task

from gatehouse_airflow.dag_defaults import DEFAULT_ARGS, DagKind, assets_of, cron_timetable, emit_partitions, tags
from gatehouse_airflow.notification_tasks import tell
from gatehouse_airflow.use_cases import START, BrokenUseCase, installed

CASES = {case.name: str(case.folder) for case in installed() if not isinstance(case, BrokenUseCase)}
BROKEN = {case.name: case.error for case in installed() if isinstance(case, BrokenUseCase)}
OUTLETS = [asset for name in CASES for asset in assets_of(name).values()]


@dag(
    dag_id="gatehouse__maintenance",
    dag_display_name="Gatehouse: maintenance",
    schedule=cron_timetable("*/10 * * * *"),
    start_date=START,
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,  # two at once would start everything twice
    doc_md=__doc__,
    default_args=DEFAULT_ARGS,
    tags=tags("all", DagKind.MAINTENANCE),
)
def run_maintenance():
    @task(outlets=OUTLETS)
    def sweep():
        from gatehouse_airflow.tasks import maintenance

        found = maintenance.sweep(CASES)
        for name, pending in found.items():
            for kind, asset in assets_of(name).items():
                emit_partitions(asset, pending[kind])
        return found

    @task
    def check(found):
        from gatehouse_airflow.tasks import maintenance

        maintenance.check_installation(found, BROKEN)

    check(sweep()) >> tell(CASES)


run_maintenance()
