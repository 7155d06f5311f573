"""Requests a second and their times: `gatehouse serve` beside `mlflow models serve`, the same model in the same run."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.http_load import load
from benchmarks.table import Table
from gatehouse.adapters.ledger import migrate
from gatehouse.adapters.mlflow.mlflow_model_dir import write_model_folder
from gatehouse.backtest.context import NullTracking
from gatehouse.bootstrap import InstalledContext
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.types import ModelVersion
from gatehouse.dev_stack.stack_dir import free_port
from gatehouse.dev_stack.temp_postgres import temporary_postgres
from gatehouse.pipeline import choose, fit, gather, land, outcomes, promote, score
from gatehouse.pipeline.judge import judge_challenger
from gatehouse.pipeline.monitor import monitor_batch
from gatehouse.pipeline.validate import validate
from gatehouse.ports import Registration
from gatehouse.settings import ROOT, Settings
from gatehouse.use_case import load as load_use_case

MONTHS = ("2024-01", "2024-02", "2024-03")
SECONDS = 5.0
CASES = ((1, 1), (10, 1), (1000, 1), (1, 32))  # rows a request, clients
METHOD = (
    "The template's use case and its champion, a linear model. Each server is one process with its default settings. "
    f"Each gets raw rows as JSON, so `features()` runs in both. {SECONDS:.0f} s each, one after the other. "
    "`gatehouse serve` also checks the contract and logs each answer. BentoML is not installed, so it was not measured."
)


class _Kept(NullTracking):
    """Keeps what a version is registered with."""

    keeps_models = True
    registered: Registration | None = None

    def register(self, model: ModelVersion, registered: Registration) -> None:
        self.registered = registered


def measure() -> Table:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with _world(folder) as (environment, tracking):
            assert tracking.registered is not None
            write_model_folder(folder / "model", tracking.registered)
            rows = [_request_rows(folder, count) for count, _ in CASES]
            found = [*_gatehouse(environment, rows), *_mlflow(folder / "model", rows)]
    return Table(
        "Serving, beside MLflow", METHOD,
        ("server", "rows a request", "clients", "p50, ms", "p99, ms", "requests a second", "rows a second"), found,
    )  # fmt: skip


def _gatehouse(environment: Mapping[str, str], rows: list[Any]) -> list[tuple[str, ...]]:
    port = free_port(8290, set())
    command = [sys.executable, "-m", "gatehouse", "serve", "bench", "--port", str(port)]
    with _running(command, environment, f"http://127.0.0.1:{port}/readyz"):
        return _measured("gatehouse serve", port, "/v1/bench/predictions", [{"rows": each} for each in rows])


def _mlflow(model: Path, rows: list[Any]) -> list[tuple[str, ...]]:
    port = free_port(8290, set())
    options = ["-m", str(model), "--env-manager", "local", "--port", str(port), "--host", "127.0.0.1"]
    command = [sys.executable, "-m", "mlflow", "models", "serve", *options]
    bodies = [{"dataframe_records": [{"tables": {"rows": each}}]} for each in rows]
    with _running(command, {}, f"http://127.0.0.1:{port}/ping"):
        return _measured("mlflow models serve", port, "/invocations", bodies)


def _measured(server: str, port: int, path: str, bodies: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    found = []
    for (rows, clients), body in zip(CASES, bodies):
        load(port, path, body, rows, clients, 1.0)
        one = load(port, path, body, rows, clients, SECONDS)
        numbers = (one.milliseconds(50), one.milliseconds(99))
        rates = (f"{one.requests_per_second:,.0f}", f"{one.rows_per_second:,.0f}")
        found.append((server, f"{rows:,}", str(clients), *(f"{each:.1f}" for each in numbers), *rates))
    return found


def _request_rows(folder: Path, count: int) -> Any:
    """The first rows of a month, as a client sends them."""
    from gatehouse.adapters.sources import open_source

    case = load_use_case(folder / "cases" / "bench")
    month = batch_interval("month", MONTHS[0])
    table = open_source(case.contract, case.folder).fetch(MONTHS[0], month)["rows"].head(count)
    return json.loads(table.to_json(orient="records", date_format="iso"))


@contextlib.contextmanager
def _world(folder: Path) -> Iterator[tuple[dict[str, str], _Kept]]:
    """A ledger in which the template's use case has a champion, and what that was registered with."""
    case, template = folder / "cases" / "bench", ROOT / "include" / "gatehouse" / "cli" / "template"
    shutil.copytree(template, case, ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in (("contract.yaml", "template", "bench"), ("gate.yaml", "template", "bench")):
        text = (case / name).read_text().replace(f"use_case: {old}", f"use_case: {new}")
        (case / name).write_text(text.replace("no_champion: review", "no_champion: promote"))
    with temporary_postgres(folder / "postgres") as server:
        migrate.upgrade(server.url("ledger", "ledger_owner"), "ledger")
        environment = {
            "GATEHOUSE_LEDGER_URL": server.url("ledger", "ledger"),
            "GATEHOUSE_LAKE": str(folder / "lake"),
            "GATEHOUSE_USECASES": str(folder / "cases"),
        }
        ctx, tracking = InstalledContext(load_use_case(case), Settings.from_environment(environment)), _Kept()
        ctx.tracking = tracking
        for key in MONTHS:
            _take(ctx, key)
        yield environment, tracking


def _take(ctx: InstalledContext, key: str) -> None:
    batch = land.land(ctx, key)
    outcomes.collect(ctx, key)
    validate(ctx, batch.id)
    score.score(ctx, batch.id)
    request = monitor_batch.monitor_batch(ctx, batch.id)
    if request is None:
        return
    gather.build_training_set(ctx, gather.claim(ctx, request.id))
    for name in fit.candidate_names(ctx, request):
        fit.fit(ctx, request.id, name)
    choose.choose(ctx, request.id)
    promote.promote(ctx, judge_challenger.judge(ctx, request.id).id)


@contextlib.contextmanager
def _running(command: list[str], environment: Mapping[str, str], ready: str) -> Iterator[None]:
    """The server, from when it answers."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            for _ in range(600):
                with suppress(urllib.error.URLError, OSError):
                    if urllib.request.urlopen(ready, timeout=5).status == 200:
                        break
                if process.poll() is not None:
                    log.seek(0)
                    raise RuntimeError(log.read().decode()[-2000:])
                time.sleep(0.2)
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)
