"""Airflow's own configuration, made known to Gatehouse: the section `[gatehouse]` and two connections.

What a variable of the environment says already (GATEHOUSE_LEDGER_URL, ...) stays as it is.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from gatehouse.library_settings import MLFLOW_CLIENT, THREADS
from gatehouse.settings import IN_CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Mapping

OPTIONS = {  # of the section [gatehouse], and the variables that they stand for
    "use_cases": "GATEHOUSE_USECASES",
    "ledger_url": "GATEHOUSE_LEDGER_URL",
    "mlflow_uri": "MLFLOW_TRACKING_URI",
    "state_dir": "GATEHOUSE_STATE_DIR",
    "lake": "GATEHOUSE_LAKE",
    "notify_file": "GATEHOUSE_NOTIFY_FILE",
    "train_queue": "GATEHOUSE_TRAIN_QUEUE",
}
LEDGER, MLFLOW = "gatehouse_ledger", "gatehouse_mlflow"  # the ids of the connections


def configure() -> None:
    """Set the variables that Airflow's configuration names. In a task's process, which may read connections, those too."""
    from airflow.configuration import AIRFLOW_HOME, conf
    from airflow.sdk import get_parsing_context

    for option, variable in OPTIONS.items():
        _settle({variable: conf.get("gatehouse", option, fallback="") or ""})
    if not IN_CHECKOUT:
        folder, home = Path(conf.get("core", "dags_folder")) / "use_cases", Path(AIRFLOW_HOME) / "gatehouse"
        _settle({"GATEHOUSE_USECASES": str(folder), "GATEHOUSE_STATE_DIR": str(home)})
    _settle(MLFLOW_CLIENT | THREADS)
    if get_parsing_context().dag_id is not None:
        use_connections()


def use_connections() -> None:
    """Set the addresses of ledger and MLflow that connections hold, where nothing else names them."""
    from airflow.exceptions import AirflowNotFoundException
    from airflow.sdk import Connection

    for variable, connection, read in (
        ("GATEHOUSE_LEDGER_URL", LEDGER, ledger_variables),
        ("MLFLOW_TRACKING_URI", MLFLOW, mlflow_variables),
    ):
        if not os.environ.get(variable):
            with suppress(AirflowNotFoundException):
                _settle(read(Connection.get(connection)))


def ledger_variables(connection: Any) -> dict[str, str]:
    """The ledger's address. Further fields of the connection (`sslmode`, ...) are parameters of it."""
    port = f":{connection.port}" if connection.port else ""
    login = f"{quote(connection.login or '', '')}:{quote(connection.password or '', '')}@"
    more = f"?{urlencode(connection.extra_dejson)}" if connection.extra_dejson else ""
    address = f"postgresql://{login}{connection.host or ''}{port}/{quote(connection.schema or '', '')}{more}"
    return {"GATEHOUSE_LEDGER_URL": address}


def mlflow_variables(connection: Any) -> dict[str, str]:
    """MLflow's address, and beside it who signs in there: an address with a password would be in every log."""
    host, port = connection.host or "", f":{connection.port}" if connection.port else ""
    scheme = "" if "://" in host else f"{connection.schema or 'https'}://"
    found = {"MLFLOW_TRACKING_URI": f"{scheme}{host}{port}"}
    if connection.login:
        found |= {"MLFLOW_TRACKING_USERNAME": connection.login, "MLFLOW_TRACKING_PASSWORD": connection.password or ""}
    return found


def _settle(variables: Mapping[str, str]) -> None:
    """Set what is not set."""
    for name, value in variables.items():
        if value and not os.environ.get(name):
            os.environ[name] = value
