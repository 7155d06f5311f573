"""A real Airflow with small use cases, for the faults that want one: batches are triggered, waited for, and told."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from faults import scenario
from gatehouse.errors import GatehouseError
from gatehouse.local import process, stack
from gatehouse.local.stack import Stack
from gatehouse.usecase import find
from gatehouse.wiring import InstalledSite, verify_installation
from stages.rides import TEMPLATE

PLANTED = Path(__file__).parent / "planted" / "airflow_local_settings.py"
PARSE_SECONDS, SETTLE_SECONDS = 120.0, 1500.0
MARKS = 12  # of a hash, in what is told


class Live:
    """A stack that runs, with its use cases by name."""

    def __init__(self, running: Stack, names: Sequence[str]) -> None:
        self.running, self.names, self._api = running, names, running.airflow()

    @property
    def orders(self) -> Path:
        """Where a planted Airflow looks for orders."""
        return self.running.home.airflow / "orders"

    def site(self, name: str) -> InstalledSite:
        return InstalledSite(find(name, self.running.settings), self.running.settings)

    def keys(self, name: str) -> list[str]:
        """The keys that the source of a use case has."""
        return self.site(name).source.available()

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
        """Wait until these batches are watched and their requests ended; those that were not in time. Upkeep's schedule is
        all the help there is."""
        deadline = time.monotonic() + seconds
        waiting = set(asked)
        while waiting and time.monotonic() < deadline:
            for name in {name for name, _ in waiting}:
                ledger = self.site(name).ledger
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

    def broken(self) -> list[str]:
        """The invariants that do not hold."""
        found = verify_installation(self.running.settings)
        return [f"{finding.invariant}: {breach}" for finding in found for breach in finding.breaches]


@contextmanager
def live(
    names: Sequence[str], batches: int, edits: Mapping[str, Mapping[str, str]] | None = None, planted: bool = False
) -> Iterator[Live]:
    """A stack of its own with these use cases, of that many small months from 2024 on, whose models need no review. A planted
    one carries out orders."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            use_case(Path(folder) / "usecases" / name, batches, edits or {})
        config = Path(folder) / "home" / "airflow" / "config"
        config.mkdir(parents=True)
        (config.parent / "orders").mkdir()
        if planted:
            shutil.copy(PLANTED, config)
        others = {"GATEHOUSE_USECASES": str(Path(folder) / "usecases")}
        with patch.dict(os.environ, others), stack.running(Path(folder) / "home") as running:
            made = Live(running, names)
            made.parsed()
            yield made


def use_case(folder: Path, batches: int, edits: Mapping[str, Mapping[str, str]]) -> None:
    """The template's use case under the folder's name."""
    year, month = 2024 + (batches - 1) // 12, (batches - 1) % 12 + 1
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    named = {"use_case: template": f"use_case: {folder.name}"}
    own = {
        "contract.yaml": named,
        "gate.yaml": {**named, "first_model: review": "first_model: promote"},
        "source.py": {'"2024-08"': f'"{year}-{month:02}"'},
    }
    for changes in (own, edits):
        for file, replaced in changes.items():
            scenario.edit(folder / file, dict(replaced))


def left_over(running: Stack) -> tuple[str, ...]:
    """Processes that outlive their stack."""
    return tuple(f"{each}" for each in process.marked(running.home.mark))


def effects(site: InstalledSite) -> dict[str, Any]:
    """All that a life has come to, without what two lives may have otherwise: moments, seconds, and MLflow's own names."""
    name, ledger = site.name, site.ledger
    requests, models = ledger.requests.list(name), ledger.models.list(name)
    candidates = [each for request in requests for each in ledger.requests.candidates(request.id)]
    told = {
        "batches": [(str(b.id), b.state, b.reason, _files(b.tables.values())) for b in ledger.batches.list(name)],
        "predictions": [(str(p.batch), p.version, p.epoch, p.file.sha256) for p in ledger.batches.predictions(name)],
        "watches": [(str(each.batch), each.body) for each in ledger.batches.watches(name)],
        "requests": [(r.id, r.state, [each.sentence for each in r.reasons], r.closing) for r in requests],
        "candidates": sorted((c.request, c.name, c.metrics, c.file and c.file.sha256, c.reason) for c in candidates),
        "models": [(m.version, m.candidate, m.file.sha256, m.request) for m in models],
        "decisions": [(d.version, d.verdict) for d in ledger.decisions.list(name)],
        "promotions": [(p.epoch, p.version, p.actor) for p in ledger.models.promotions(name)],
        "journal": Counter(entry.kind for entry in ledger.journal.entries(limit=100_000) if name in entry.subject),
        "mlflow": _in_mlflow(site),
    }
    return {part: json.loads(json.dumps(value, default=str)) for part, value in told.items()}


def _files(tables: Collection[Any]) -> list[str]:
    return sorted(part.accepted.sha256[:MARKS] for part in tables if part.accepted)


def _in_mlflow(site: InstalledSite) -> dict[str, Any]:
    """How many runs of which flag there are, which versions, and where the alias points."""
    from mlflow import MlflowClient

    client = MlflowClient(site.settings.require("mlflow_uri"))
    experiment = client.get_experiment_by_name(f"gatehouse/{site.name}")
    runs = client.search_runs([experiment.experiment_id], max_results=1000) if experiment else []
    versions = client.search_model_versions(f"name='{site.name}'")
    return {
        "runs": Counter(f"{run.info.status} {run.data.tags.get('gatehouse.flag')}" for run in runs),
        "versions": sorted((each.version, each.tags.get("gatehouse.sha256")) for each in versions),
        "champion": site.tracking.champion_alias(site.name),
    }
