"""The tasks of a retrain run."""

from __future__ import annotations

from typing import Any

from airflow.sdk import get_current_context, task

from airflow_glue import tasks


@task(multiple_outputs=True)
def claim(folder: str) -> dict[str, Any]:
    """Claim the request and build its training set; gives the request and the names of the candidates."""
    return tasks.claim(folder, get_current_context())


@task
def fit(folder: str, request: str, name: str) -> dict[str, float]:
    """Fit one candidate, measure it, log it to MLflow."""
    return tasks.fit(folder, request, name)


@task
def choose(folder: str, request: str) -> int:
    """Register the best candidate; flag the others with why they lost."""
    return tasks.choose(folder, request)


@task.branch
def judge(folder: str, request: str) -> list[str]:
    """Let the gate decide, and take the way that the verdict opens; HOLD and BLOCK open none."""
    told = tasks.judge(folder, request)
    instance = get_current_context()["ti"]
    for key, value in told.items():
        instance.xcom_push(key=key, value=value)
    return {"PROMOTE": ["promote"], "REVIEW": ["review"]}.get(told["verdict"], [])


@task
def promote(folder: str) -> str:
    """Make the challenger the champion: the ledger is read again, the epoch compared and set."""
    return tasks.promote(folder, _decision())


@task
def answer(folder: str, response: dict[str, Any]) -> str:
    """Copy the reviewer's answer into the ledger and carry it out."""
    return tasks.answer(folder, _decision(), response)


def _decision() -> str:
    return str(get_current_context()["ti"].xcom_pull(task_ids="judge", key="decision"))
