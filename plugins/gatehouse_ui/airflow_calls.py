"""Calls of Airflow's public API, in this process, as the user whose credentials are given."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

from gatehouse_airflow.dag_defaults import DagKind
from gatehouse_airflow.dag_defaults import dag_id as dag_of


async def start_run(use_case: str, kind: DagKind, conf: dict[str, Any], note: str, credentials: str) -> int:
    """Start a run of a use case as its user; gives the HTTP status."""
    path = f"/api/v2/dags/{quote(dag_of(use_case, kind), safe='')}/dagRuns"
    told = {"note": note[:1000]} if note else {}
    return await _call("POST", path, {"logical_date": None, "conf": conf, **told}, credentials)


async def answer(api: str, approve: bool, reason: str, credentials: str) -> int:
    """Answer the review at that path of the API: the same checks, the same record and the same line in Airflow's audit log
    as a click under Required Actions. Gives the HTTP status."""
    body = {"chosen_options": ["Approve" if approve else "Reject"], "params_input": {"reason": reason}}
    return await _call("PATCH", api, body, credentials)


async def _call(method: str, path: str, body: dict[str, Any], credentials: str) -> int:
    """One call of Airflow's public API, in this process; gives the HTTP status."""
    import httpx
    from airflow.api_fastapi.app import cached_app

    root = cached_app(apps=os.environ.get("AIRFLOW_API_APPS", "all"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=root), base_url="http://airflow") as client:
        response = await client.request(method, path, json=body, headers={"Authorization": f"Bearer {credentials}"})
    return response.status_code
