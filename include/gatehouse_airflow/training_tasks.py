"""The tasks of a retrain run."""

from __future__ import annotations

from typing import Any

from airflow.sdk import get_current_context, task

from gatehouse_airflow.dag_defaults import training_task
from gatehouse_airflow.tasks import decisions
from gatehouse_airflow.tasks import training as training_module


@task(**training_task())
def claim(folder: str) -> list[str]:
    """Claim the request and build its training set; gives the names of the candidates to fit."""
    context = get_current_context()
    request, candidates = training_module.claim(folder, context)
    context["ti"].xcom_push(key="request", value=request)
    return candidates


@task(map_index_template="{{ candidate }}", **training_task())
def fit(folder: str, name: str) -> dict[str, float]:
    """Fit one candidate, measure it, log it to MLflow."""
    get_current_context()["candidate"] = name  # the grid shows it instead of a number
    return training_module.fit(folder, _pulled("claim", "request"), name)


@task(**training_task())
def choose(folder: str) -> int:
    """Register the best candidate; flag the others with why they lost."""
    return training_module.choose(folder, _pulled("claim", "request"))


@task.branch(**training_task())
def judge(folder: str) -> list[str]:
    """Let the gate decide, and take the way that the verdict opens; HOLD and BLOCK open none."""
    return _opened(decisions.judge(folder, _pulled("claim", "request")))


@task.branch(task_id="judge", **training_task())
def judge_again(folder: str) -> list[str]:
    """Let the gate decide again on all rows that have matured, and take the way that the verdict opens."""
    context = get_current_context()
    return _opened(decisions.judge_again(folder, context["dag_run"].partition_key or context["params"]["decision"]))


def _opened(told: dict[str, str]) -> list[str]:
    """Keep what the later tasks and the reviewer read, and name the task that the verdict leads to."""
    instance = get_current_context()["ti"]
    for key, value in told.items():
        instance.xcom_push(key=key, value=value)
    return {"PROMOTE": ["promote"], "REVIEW": ["review"]}.get(told["verdict"], [])


@task
def promote(folder: str) -> str:
    """Make the challenger the champion: the ledger is read again, the generation compared and set."""
    return decisions.promote(folder, _pulled("judge", "decision"))


@task
def answer(folder: str, response: dict[str, Any]) -> str:
    """Copy the reviewer's answer into the ledger and carry it out."""
    return decisions.answer(folder, _pulled("judge", "decision"), response)


def _pulled(task_id: str, key: str) -> str:
    return str(get_current_context()["ti"].xcom_pull(task_ids=task_id, key=key))
