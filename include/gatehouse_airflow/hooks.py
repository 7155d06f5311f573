"""The two connections of Gatehouse as types of their own: which fields their forms have, and what their test button tries."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseHook, Connection

from gatehouse.errors import GatehouseError
from gatehouse_airflow.configure import LEDGER, MLFLOW, ledger_variables, mlflow_variables


class LedgerHook(BaseHook):
    """The ledger's database."""

    conn_type = "gatehouse_ledger"
    hook_name = "Gatehouse ledger"
    conn_name_attr = "ledger_conn_id"
    default_conn_name = LEDGER

    def __init__(self, ledger_conn_id: str = LEDGER, **more: Any) -> None:
        super().__init__(**more)
        self.ledger_conn_id = ledger_conn_id

    def test_connection(self) -> tuple[bool, str]:
        """Whether the database answers and holds this version's tables."""
        from gatehouse.adapters.ledger.connection import Database

        address = ledger_variables(Connection.get(self.ledger_conn_id))["GATEHOUSE_LEDGER_URL"]
        try:
            with Database(address, pauses=()).transaction() as rows:
                (found,) = rows.all("SELECT count(*) AS entries FROM audit_log")
        except GatehouseError as error:
            return False, str(error)
        return True, f"the ledger answers; its audit log has {found['entries']:,} entries"


class MlflowHook(BaseHook):
    """MLflow's server."""

    conn_type = "gatehouse_mlflow"
    hook_name = "Gatehouse MLflow"
    conn_name_attr = "mlflow_conn_id"
    default_conn_name = MLFLOW

    def __init__(self, mlflow_conn_id: str = MLFLOW, **more: Any) -> None:
        super().__init__(**more)
        self.mlflow_conn_id = mlflow_conn_id

    def test_connection(self) -> tuple[bool, str]:
        """Whether the server answers, and takes the login."""
        import httpx

        found = mlflow_variables(Connection.get(self.mlflow_conn_id))
        login = (found.get("MLFLOW_TRACKING_USERNAME", ""), found.get("MLFLOW_TRACKING_PASSWORD", ""))
        address = f"{found['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/experiments/search"
        try:
            answer = httpx.post(address, json={"max_results": 1}, auth=login if login[0] else None, timeout=20)
        except httpx.HTTPError as error:
            return False, f"MLflow at {found['MLFLOW_TRACKING_URI']} does not answer: {type(error).__name__}"
        good = answer.is_success
        return good, f"MLflow at {found['MLFLOW_TRACKING_URI']} answers {answer.status_code}"
