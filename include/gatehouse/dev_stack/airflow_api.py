"""Airflow's REST API as the walk, the tests and the benchmarks use it: trigger, look, wait, answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import httpx

from gatehouse.errors import GatehouseError, ServiceUnavailableError

FINISHED = ("success", "failed")
CONNECT_RETRIES = 6  # with httpx's growing pauses about 15 s: an api-server that has just been restarted is waited for


class AirflowApi:
    """A user's session; the token is renewed when it has run out."""

    def __init__(self, base: str, user: str, password: str) -> None:
        self.base, self.user, self._password = base, user, password
        transport = httpx.HTTPTransport(retries=CONNECT_RETRIES)
        self._client = httpx.Client(base_url=base, timeout=30, trust_env=False, transport=transport)
        self._token = ""

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One call below `/api/v2`. ServiceUnavailableError when nobody answers; any other failure is a GatehouseError
        with Airflow's own detail."""
        for attempt in (1, 2):
            answer = self._send(method, path, body)
            if answer.status_code == httpx.codes.UNAUTHORIZED and attempt == 1:
                self._token = ""
                continue
            break
        if answer.is_error:
            raise GatehouseError(f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:300]}")
        return answer.json() if answer.content else None

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        try:
            if not self._token:
                asked = {"username": self.user, "password": self._password}
                self._token = self._client.post("/auth/token", json=asked).raise_for_status().json()["access_token"]
            headers = {"Authorization": f"Bearer {self._token}"}
            return self._client.request(method, f"/api/v2/{path}", json=body, headers=headers)
        except httpx.TransportError as error:
            raise ServiceUnavailableError(f"Airflow at {self.base} does not answer: {error}") from error

    def dags(self) -> dict[str, str]:
        """The DAGs that have been parsed, each with the time at which that was last done."""
        return {dag["dag_id"]: dag["last_parsed_time"] for dag in self.call("GET", "dags?limit=1000")["dags"]}

    def dag_ids(self) -> list[str]:
        """The DAGs that have been parsed."""
        return list(self.dags())

    def import_errors(self) -> list[str]:
        """What Airflow could not parse."""
        return [error["stack_trace"] for error in self.call("GET", "importErrors")["import_errors"]]

    def unpause(self, dag_id: str) -> None:
        """Let a DAG run."""
        self.call("PATCH", f"dags/{dag_id}", {"is_paused": False})

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, Any], partition_key: str | None = None) -> bool:
        """Trigger a run; False when a run of that id is there already."""
        body: dict[str, Any] = {"logical_date": None, "dag_run_id": run_id, "conf": dict(conf)}
        if partition_key:
            body["partition_key"] = partition_key
        try:
            self.call("POST", f"dags/{dag_id}/dagRuns", body)
        except GatehouseError as error:
            if "answered 409" in str(error):
                return False
            raise
        return True

    def runs(self, dag_id: str, limit: int = 100) -> list[dict[str, Any]]:
        """The newest runs of a DAG, the newest first."""
        return list(self.call("GET", f"dags/{dag_id}/dagRuns?limit={limit}&order_by=-run_after")["dag_runs"])

    def unfinished(self, dag_id: str) -> list[dict[str, Any]]:
        """The runs of a DAG that are queued, waiting or running."""
        return list(self.call("GET", f"dags/{dag_id}/dagRuns?state=queued&state=running&limit=50")["dag_runs"])

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """One run."""
        return dict(self.call("GET", f"dags/{dag_id}/dagRuns/{run_id}"))

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run."""
        return list(self.call("GET", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=200")["task_instances"])

    def wait(self, dag_id: str, run_id: str, seconds: float) -> str:
        """The state that a run ends in; GatehouseError when it has not ended in time."""
        deadline = time.monotonic() + seconds
        while (state := self.run(dag_id, run_id)["state"]) not in FINISHED:
            if time.monotonic() > deadline:
                raise GatehouseError(f"run {run_id} of {dag_id} is still {state} after {seconds:g} s")
            time.sleep(0.5)
        return str(state)

    def answer(self, dag_id: str, run_id: str, task_id: str, option: str, params: Mapping[str, Any]) -> None:
        """Answer a review that waits under Required Actions."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
        self.call("PATCH", path, {"chosen_options": [option], "params_input": dict(params)})
