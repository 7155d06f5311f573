"""The stack's components: what each is started with, and how its health is asked."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatehouse.dev_stack.health import AirflowHealth, Health, answers
from gatehouse.dev_stack.postgres import STOP, PostgresServer
from gatehouse.dev_stack.process import MARK
from gatehouse.dev_stack.stack_dir import USERS, StackDirectory
from gatehouse.library_settings import MLFLOW_CLIENT, THREADS
from gatehouse.settings import ROOT

# --skip-serve-logs: these servers would listen on all interfaces, and the api-server reads the files itself
AIRFLOW_PARTS = {
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


@dataclass(frozen=True)
class Component:
    """A program of the stack. `needs` names the components that must be healthy before it starts, `stop` is the signal
    on which it ends at once and in order."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    healthy: Health
    needs: tuple[str, ...] = ()
    user: tuple[int, int] | None = None
    address: str = ""
    stop: signal.Signals = signal.SIGTERM


def components(
    home: StackDirectory, server: PostgresServer, ports: Mapping[str, int], secrets: Mapping[str, Any]
) -> list[Component]:
    """All components, in the order of their needs."""
    environment = stack_environment(home, server, ports, secrets)
    mlflow_url, airflow_url = environment["MLFLOW_TRACKING_URI"], environment["AIRFLOW__API__BASE_URL"]
    mlflow = (
        *_program("mlflow"), "server", "--host", "127.0.0.1", "--port", str(ports["mlflow"]), "--workers", "1",
        "--serve-artifacts", "--artifacts-destination", str(home.artifacts),
    )  # fmt: skip
    airflow, health = _program("airflow"), AirflowHealth(airflow_url)
    parts = [
        Component("postgres", tuple(server.command()), _bare(home), lambda _started: server.healthy(),
                  user=server.user, address=f"127.0.0.1:{server.port}", stop=STOP),
        Component("mlflow", mlflow, environment | _mlflow_server(server, ports, secrets),
                  answers(f"{mlflow_url}/health"), ("postgres",), address=mlflow_url),
        Component("api-server", (*airflow, "api-server"), environment, health.server, ("postgres",),
                  address=airflow_url),
    ]  # fmt: skip
    for name, command in AIRFLOW_PARTS.items():
        healthy = health.part(name.replace("-", "_"))
        parts.append(Component(name, (*airflow, *command), environment, healthy, ("postgres",)))
    return parts


def stack_environment(
    home: StackDirectory, server: PostgresServer, ports: Mapping[str, int], secrets: Mapping[str, Any]
) -> dict[str, str]:
    """What every Airflow component, task and command of this stack runs with. Passwords are in the environment and in
    files of the owner, never on a command line."""
    keys, base = secrets["keys"], f"http://127.0.0.1:{ports['airflow']}"
    return _bare(home) | {
        "PYTHONPATH": str(ROOT / "include"),
        "GATEHOUSE_STATE_DIR": str(home.root),
        "GATEHOUSE_LAKE": str(home.lake),
        "GATEHOUSE_CLI_IDENTITY": "machine",
        "GATEHOUSE_ANCHOR_KEY_FILE": str(home.anchor_key()),
        "GATEHOUSE_LEDGER_URL": server.url("ledger", "ledger"),
        "GATEHOUSE_USECASES": os.environ.get("GATEHOUSE_USECASES", str(ROOT / "include" / "usecases")),
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{ports['mlflow']}",
        **MLFLOW_CLIENT,
        **THREADS,
        "AIRFLOW_HOME": str(home.airflow),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "gatehouse_airflow.executor.WarmLocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "3",
        "AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT": "3",
        "AIRFLOW__CORE__FERNET_KEY": keys["fernet"],
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{base}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home.airflow / "passwords.json"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": server.url("airflow", "airflow").replace("://", "+psycopg2://"),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(ports["airflow"]),
        "AIRFLOW__API__BASE_URL": base,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": keys["api"],
        "AIRFLOW__API__EXPOSE_CONFIG": "False",
        "AIRFLOW__API__ENABLE_SWAGGER_UI": "False",
        "AIRFLOW__API_AUTH__JWT_SECRET": keys["jwt"],
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(ports["scheduler-health"]),
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "75",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",  # so long a task's place stays taken after its process is gone
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        **telemetry_env(os.environ),
        **notification_env(os.environ),
    }


WATCHERS = ("AIRFLOW__METRICS__", "AIRFLOW__OPENLINEAGE__", "OPENLINEAGE_", "GATEHOUSE_SCRAPE_TOKEN_FILE")
TELLERS = ("GATEHOUSE_NOTIFY_FILE", "AIRFLOW_CONN_")  # who is told, and the connections that a person has set


def telemetry_env(environment: Mapping[str, str]) -> dict[str, str]:
    """What the caller says about who watches: metrics, lineage, the scrape token's file (docs/how-to/observability.md)."""
    return {name: value for name, value in environment.items() if name.startswith(WATCHERS)}


def notification_env(environment: Mapping[str, str]) -> dict[str, str]:
    """What the caller says about who is told: the file, and connections of Airflow's (docs/how-to/notifications.md)."""
    return {name: value for name, value in environment.items() if name.startswith(TELLERS)}


def _mlflow_server(server: PostgresServer, ports: Mapping[str, int], secrets: Mapping[str, Any]) -> dict[str, str]:
    hosts = f"127.0.0.1:{ports['mlflow']},localhost:{ports['mlflow']}"
    return {
        "MLFLOW_BACKEND_STORE_URI": server.url("mlflow", "mlflow").replace("://", "+psycopg2://"),
        "MLFLOW_SERVER_ALLOWED_HOSTS": hosts,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_MODEL_CATALOG_URI": "",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets["keys"]["mlflow_flask"],
    }


def _bare(home: StackDirectory) -> dict[str, str]:
    """The caller's environment without what would leak in from another Airflow, MLflow or Gatehouse, and with the mark.

    SPT_NOENV: Airflow writes its processes' titles over their environment, and so over the mark, unless told not to.
    """
    foreign = ("AIRFLOW", "MLFLOW_", "GATEHOUSE_", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return own | {MARK: home.mark, "SPT_NOENV": "1", "PYTHONUNBUFFERED": "1"}


def _program(name: str) -> tuple[str, ...]:
    """A console script of this very environment, run by this very interpreter: the script's first line may be stale."""
    return sys.executable, str(Path(sys.executable).parent / name)
