"""Links from tasks to what they made: the decision's page, the MLflow run, the registered model version."""

from __future__ import annotations

import os
from abc import abstractmethod
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

DECIDING = ("retrain", "judge")
TASKS = ("fit", "choose", "judge", "review", "promote", "answer")


class _Link(BaseOperatorLink):
    """A link of a deciding run's tasks; empty for every other task, which Airflow then does not show."""

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address, computed when a person looks at the task."""
        use_case, _, stage = ti_key.dag_id.rpartition("__")
        if not use_case or stage not in DECIDING or ti_key.task_id not in TASKS:
            return ""
        try:
            return self.address(ti_key)
        except Exception:  # Airflow asks while it renders a task: a ledger that is away must not break its page
            return ""

    @abstractmethod
    def address(self, ti_key: Any) -> str:
        """The address for a task that decided; empty when nothing was made."""


class MlflowRun(_Link):
    """The candidate's run in MLflow."""

    name = "MLflow run"

    def address(self, ti_key: Any) -> str:
        found = made_by(ti_key)
        return mlflow_run(found["experiment"], found["run_id"]) if found else ""


class ModelVersion(_Link):
    """The challenger in MLflow's registry."""

    name = "MLflow model version"

    def address(self, ti_key: Any) -> str:
        found = made_by(ti_key)
        return mlflow_model(found["use_case"]) if found and found["version"] and ti_key.task_id != "fit" else ""


LINKS = (MlflowRun, ModelVersion)
_MODEL = """
    SELECT m.version, m.run_id FROM model_versions m LEFT JOIN decisions d USING (use_case, version)
    WHERE m.request = %s OR d.id = %s LIMIT 1"""


def mlflow_run(experiment: str, run_id: str) -> str:
    """A run's page. MLflow takes any experiment in the address and shows the run's own."""
    return f"{_mlflow()}/#/experiments/{quote(experiment)}/runs/{quote(run_id)}" if _mlflow() and run_id else ""


def mlflow_model(use_case: str) -> str:
    """The registered model's page, where versions carry the ledger's number as a tag."""
    return f"{_mlflow()}/#/models/{quote(use_case)}" if _mlflow() else ""


def _mlflow() -> str:
    """Where a browser finds MLflow; the server may reach it under another name."""
    return (os.environ.get("GATEHOUSE_MLFLOW_URL") or os.environ.get("MLFLOW_TRACKING_URI", "")).rstrip("/")


def made_by(ti_key: Any) -> dict[str, Any] | None:
    """The MLflow run and the version that the task's run made: a candidate's own for `fit`, else the challenger's."""
    from gatehouse_ui.airflow_runs import AirflowRuns

    subject = AirflowRuns().subject(ti_key.dag_id, ti_key.run_id, ti_key.task_id, ti_key.map_index)
    if subject is None or not (subject.request or subject.decision):
        return None
    of = {"use_case": subject.use_case, "experiment": "0"}
    with _database().snapshot() as rows:
        if ti_key.task_id == "fit":
            fitted = rows.all("SELECT run_id FROM candidates WHERE request = %s ORDER BY name", subject.request)
            one = fitted[ti_key.map_index] if 0 <= ti_key.map_index < len(fitted) else None
            return {**of, "version": None, **one} if one else None
        model = rows.one(_MODEL, subject.request, subject.decision)
    return {**of, **model} if model else None


@lru_cache(maxsize=1)
def _database() -> Any:
    from gatehouse_ui.data_access import DataAccess

    return DataAccess().database
