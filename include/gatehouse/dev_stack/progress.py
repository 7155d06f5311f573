"""Whether a walk can still go on: decided by what Airflow has queued and running, however long that takes."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gatehouse.errors import GatehouseError

if TYPE_CHECKING:
    from gatehouse.context import UseCaseContext
    from gatehouse.dev_stack.airflow_api import AirflowApi

QUIET_SECONDS = 20.0  # between two looks at Airflow's runs
TOLD_SECONDS = 60.0  # without a batch that settles, and a line says which runs it waits for
SWEEPS = 4  # of maintenance after which nothing has moved: it starts again whatever was lost
READ_TWICE = 3  # times of reading maintenance's file: the one before the wait, and two in it
MAINTENANCE = "gatehouse__maintenance"
STAGES = ("ingest", "monitor", "retrain")


class Progress:
    """Watches a walk. Only when nothing is queued or running does it let maintenance look, and at last say that all is stuck."""

    def __init__(self, api: AirflowApi, ctx: UseCaseContext) -> None:
        self._api, self._ctx = api, ctx
        self._dags = [*(f"{ctx.name}__{stage}" for stage in (*STAGES, "judge")), MAINTENANCE]
        self.moved()

    def moved(self) -> None:
        """A batch has settled."""
        self._looked = self._told = time.monotonic()
        self._sweeps = 0

    def look(self, key: str) -> None:
        """Look whether something can still settle the batch `key`; GatehouseError when nothing can."""
        if time.monotonic() - self._looked < QUIET_SECONDS:
            return
        self._looked = time.monotonic()
        runs = [run for dag in self._dags for run in self._api.unfinished(dag)]
        if runs and self._looked - self._told >= TOLD_SECONDS:
            self._told = self._looked
            _tell(f"waiting for batch {key}: {', '.join(map(_words, runs))}")
        if runs:
            return
        if self._sweeps < SWEEPS:
            self._sweeps += 1
            self._api.trigger(MAINTENANCE, f"walk__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}", {})
            return
        raise GatehouseError(self._stuck(key))

    def _stuck(self, key: str) -> str:
        red = [
            _words(run)
            for stage in STAGES
            for run in self._api.runs(f"{self._ctx.name}__{stage}", 20)
            if run["state"] == "failed"
        ]
        return (
            f"batch {key} of {self._ctx.name} has not settled, no run is queued or running, and {SWEEPS} runs of {MAINTENANCE} "
            f"found nothing to start; failed runs: {', '.join(red) or 'none'}; look at {self._api.base}, at "
            "`gatehouse dev status`, and start `make run` again when it is mended"
        )


def wait_for_dags(api: AirflowApi, ctx: UseCaseContext) -> None:
    """Wait until Airflow knows the DAGs of a use case, and let them run. GatehouseError when it has read every file again
    and does not: maintenance's own file, which comes round with the others, tells how often that was."""
    wanted = {MAINTENANCE, *(f"{ctx.name}__{stage}" for stage in STAGES)}
    read: set[str] = set()
    while not wanted <= (known := api.dags()).keys():
        read |= {known[MAINTENANCE]} if MAINTENANCE in known else set()
        if len(read) >= READ_TWICE:
            errors = "; ".join(error.strip().splitlines()[-1] for error in api.import_errors())
            missing = ", ".join(sorted(wanted - known.keys()))
            raise GatehouseError(
                f"Airflow has read its files and does not know {missing}: {errors or 'no import error is shown'}"
            )
        time.sleep(0.5)
    for dag_id in sorted(wanted):
        api.unpause(dag_id)


def hand_over(api: AirflowApi, ctx: UseCaseContext, key: str) -> None:
    """Let a run ingest a batch. A run of an earlier walk is left to it, unless it has failed."""
    dag_id, run_id = f"{ctx.name}__ingest", f"walk__{key}"
    if not api.trigger(dag_id, run_id, {"batch": key}) and api.run(dag_id, run_id)["state"] == "failed":
        api.trigger(dag_id, f"{run_id}__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}", {"batch": key})


def _words(run: dict[str, Any]) -> str:
    return f"{run['dag_id']} {run['dag_run_id']}"


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
