"""A real Airflow with small use cases, for the faults that want one: batches are triggered, waited for, and told."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from faults.cases import Edits, use_case
from faults.orders import Orders, plant
from gatehouse.bootstrap import InstalledContext, verify_installation
from gatehouse.dev_stack import process, stack
from gatehouse.dev_stack.stack import Stack
from gatehouse.errors import GatehouseError
from gatehouse.use_case import find

PARSE_SECONDS, SETTLE_SECONDS = 120.0, 1500.0


class Live:
    """A stack that runs, with its use cases by name."""

    def __init__(self, running: Stack, names: Sequence[str]) -> None:
        self.running, self.names, self._api = running, names, running.airflow()

    @property
    def orders(self) -> Orders:
        """What a planted Airflow is ordered, and tells."""
        return Orders(self.running.home.airflow)

    def ctx(self, name: str) -> InstalledContext:
        return InstalledContext(find(name, self.running.settings), self.running.settings)

    def keys(self, name: str) -> list[str]:
        """The keys that the source of a use case has."""
        return self.ctx(name).source.available()

    def parsed(self) -> None:
        """Wait until Airflow has read the DAGs of all use cases."""
        deadline = time.monotonic() + PARSE_SECONDS
        while not {f"{name}__ingest" for name in self.names} <= set(self._api.dag_ids()):
            assert time.monotonic() < deadline, f"Airflow has not parsed {self.names}: {self._api.import_errors()}"
            time.sleep(1)

    def trigger(self, name: str, key: str) -> None:
        """Trigger until Airflow has taken it: who asks again in a minute is no hand that helps."""
        for _ in range(60):
            try:
                self._api.trigger(f"{name}__ingest", f"proof__{key}", {"batch": key})
            except (GatehouseError, httpx.HTTPError):
                time.sleep(2)
            else:
                return
        raise AssertionError(f"Airflow took no run of {name} for two minutes")

    def settle(self, asked: Sequence[tuple[str, str]], seconds: float = SETTLE_SECONDS) -> list[str]:
        """Wait until these batches are watched and their requests ended; those that were not in time. Maintenance's schedule is
        all the help there is."""
        deadline = time.monotonic() + seconds
        waiting = set(asked)
        while waiting and time.monotonic() < deadline:
            for name in {name for name, _ in waiting}:
                ledger = self.ctx(name).ledger
                if ledger.requests.pending(name) is None:
                    waiting -= {(name, report.batch.key) for report in ledger.batches.watches(name)}
            time.sleep(1)
        late = f"was not watched, or its request not ended, within {seconds:g} s"
        return [f"{name} {key} {late}" for name, key in sorted(waiting)]

    def runs(self, name: str, stage: str) -> list[dict[str, Any]]:
        """Airflow's runs of one of the use case's DAGs."""
        return self._api.runs(f"{name}__{stage}")

    def tasks(self, name: str, stages: Collection[str]) -> list[str]:
        """The tasks that have run, as `DAG.TASK`."""
        found = []
        for dag in (f"{name}__{stage}" for stage in stages):
            for run in self._api.runs(dag):
                found += [f"{dag}.{each['task_id']}" for each in self._api.tasks(dag, run["dag_run_id"])]
        return sorted(set(found))

    def ended(self, stages: Collection[str]) -> bool:
        """Whether no run of these DAGs is waiting or running."""
        over = ("success", "failed")
        return all(run["state"] in over for name in self.names for stage in stages for run in self.runs(name, stage))

    def broken(self) -> list[str]:
        """The invariants that do not hold."""
        found = verify_installation(self.running.settings)
        return [f"{finding.invariant}: {breach}" for finding in found for breach in finding.breaches]


@contextmanager
def live(names: Sequence[str], batches: int, edits: Edits | None = None, planted: Path | None = None) -> Iterator[Live]:
    """A stack of its own with these use cases, of that many small months from 2024 on, whose models need no review. A planted
    one carries out orders."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            use_case(Path(folder) / name, batches, edits)
        with live_in(Path(folder), names, planted) as made:
            yield made


@contextmanager
def live_in(folder: Path, names: Sequence[str], planted: Path | None = None) -> Iterator[Live]:
    """A stack of its own with these use cases of the folder. A planted one carries out orders."""
    with tempfile.TemporaryDirectory() as home:
        if planted:
            plant(Path(home) / "home" / "airflow", planted)
        others = {"GATEHOUSE_USECASES": str(folder)}
        with patch.dict(os.environ, others), stack.running(Path(home) / "home") as running:
            made = Live(running, names)
            made.parsed()
            yield made


def left_over(running: Stack) -> tuple[str, ...]:
    """Processes that outlive their stack."""
    return tuple(f"{each}" for each in process.tagged(running.home.mark))
