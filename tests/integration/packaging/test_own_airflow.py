"""The trial of docs/how-to/use-your-own-airflow.md: an empty environment, Airflow, the wheel, and a use case to its champion.

It downloads some 200 packages and takes a quarter of an hour, so it runs only where GATEHOUSE_TRY_AIRFLOW names a version:

    GATEHOUSE_TRY_AIRFLOW=3.3.2 .venv/bin/python -m pytest -n 0 tests/integration/packaging/test_own_airflow.py
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from gatehouse.adapters.ledger import open_ledger
from gatehouse.dev_stack.airflow_api import AirflowApi
from gatehouse.dev_stack.temp_postgres import temporary_postgres
from gatehouse.errors import GatehouseError
from support.own_airflow import install, standalone, wait

VERSION = os.environ.get("GATEHOUSE_TRY_AIRFLOW", "")
RUN_SECONDS = 1200.0


@pytest.mark.skipif(not VERSION, reason="GATEHOUSE_TRY_AIRFLOW names no version of Airflow to install")
@pytest.mark.timeout(3600)
def test_a_use_case_comes_to_its_champion_in_an_airflow_that_has_only_the_wheel(tmp_path: Path) -> None:
    """Two lines of DAG file and a connection are all that Airflow gets. Every month is ingested and monitored, a training
    starts by itself, a person approves the review in Airflow, and the page of the use case answers."""
    with temporary_postgres(tmp_path / "postgres") as server:
        own = install(tmp_path, VERSION, server)
        url = server.url("ledger", "ledger")
        owner = own.environment | {
            "GATEHOUSE_LEDGER_URL": url,
            "GATEHOUSE_LEDGER_OWNER_URL": server.url("ledger", "ledger_owner"),
        }
        type(own)(own.binaries, own.home, owner).run("gatehouse", "db", "migrate")
        own.run("gatehouse", "use-case", "new", "orders")
        gate = own.home / "dags" / "use_cases" / "orders" / "gate.yaml"
        gate.write_text(gate.read_text().replace("no_champion: promote", "no_champion: review"))
        assert "gatehouse" in own.run("airflow", "providers", "list")
        with standalone(own) as api:
            wait(lambda: "orders__ingest" in api.dag_ids(), RUN_SECONDS)
            assert api.import_errors() == []
            api.unpause("orders__ingest")
            api.trigger("orders__ingest", "first", {})
            wait(lambda: _asked(api), RUN_SECONDS)
            (run,) = api.runs("orders__retrain")
            wait(lambda: _approved(api, run["dag_run_id"]), RUN_SECONDS)
            wait(lambda: len(open_ledger(url).batches.watches("orders")) == 8, RUN_SECONDS)
            assert open_ledger(url).models.champion("orders") is not None
            token = httpx.post(f"{api.base}/auth/token", json={"username": api.user, "password": api._password}).json()
            page = httpx.get(
                f"{api.base}/gatehouse/use-cases/orders", headers={"Authorization": f"Bearer {token['access_token']}"}
            )
            assert page.status_code == 200


def _asked(api: AirflowApi) -> bool:
    """Whether the retrain run waits for a person."""
    runs = api.runs("orders__retrain")
    return any(
        task["task_id"] == "review" and task["state"] in ("awaiting_input", "deferred")
        for run in runs
        for task in api.tasks("orders__retrain", run["dag_run_id"])
    )


def _approved(api: AirflowApi, run: str) -> bool:
    """Whether the run has ended well. Airflow may ask again where an answer came within seconds of the question: it is
    answered again."""
    state = api.run("orders__retrain", run)["state"]
    if state != "success" and _asked(api):
        with suppress(GatehouseError):  # it has its answer already
            api.answer("orders__retrain", run, "review", "Approve", {"reason": "the first model is needed"})
    assert state != "failed"
    return state == "success"
