"""**Maintenance**: every ten minutes, a task for each use case. It starts what no event started and checks ledger and MLflow.

| | |
|---|---|
| makes | runs for work that has none, the end of expired overrides, repairs, a verdict on the ledger, notifications |
| woken by | the clock |
| owner | on-call engineer |
| red means | an invariant is broken, an override ended, the alias in MLflow was moved, or a use case's sweep failed |
| do | `gatehouse audit verify`; the use case's RUNBOOK.md |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import dag, task

from gatehouse_airflow.dag_defaults import DEFAULT_ARGS, MAINTENANCE_TIMEOUT, DagKind, assets_of, cron_timetable, tags
from gatehouse_airflow.notification_tasks import tell
from gatehouse_airflow.use_cases import START


def build(folders: Mapping[str, str], broken: Mapping[str, str]) -> None:
    """The one maintenance DAG: `folders` by the names of the use cases, and what is wrong with those that are `broken`."""
    outlets = [asset for name in folders for asset in assets_of(name).values()]

    @dag(
        dag_id="gatehouse__maintenance",
        dag_display_name="Gatehouse: maintenance",
        schedule=cron_timetable("*/10 * * * *"),
        start_date=START,
        catchup=False,
        is_paused_upon_creation=False,
        max_active_runs=4,  # a use case that holds up one run holds up no other; no use case is swept twice at once
        description=__doc__.partition("\n")[0].replace("**", ""),
        doc_md=__doc__,
        default_args=DEFAULT_ARGS,
        tags=tags("all", DagKind.MAINTENANCE),
    )
    def run_maintenance() -> None:
        @task(outlets=outlets, map_index_template="{{ use_case }}", execution_timeout=MAINTENANCE_TIMEOUT)
        def sweep(name: str) -> Any:
            from gatehouse_airflow.tasks import maintenance

            return maintenance.sweep_and_wake(name, folders)

        @task(trigger_rule="all_done")
        def check(swept: Any) -> None:
            from gatehouse_airflow.tasks import maintenance

            maintenance.check_installation(swept, folders, broken)

        check(sweep.expand(name=list(folders))) >> tell(dict(folders))

    run_maintenance()
