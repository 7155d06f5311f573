"""An Airflow that has nothing of this repository but its wheel, in an empty environment; an MLflow that runs elsewhere."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from gatehouse.dev_stack import process
from gatehouse.dev_stack.airflow_api import AirflowApi
from gatehouse.dev_stack.postgres import PostgresServer
from gatehouse.settings import ROOT

START_SECONDS = 300.0
MLFLOW_USER, MLFLOW_PASSWORD = "ann", "correct-horse-battery"
DAG_FILE = 'from gatehouse_airflow import build_dags\nbuild_dags("use_cases/")\n'


@dataclass(frozen=True)
class OwnAirflow:
    """The environment, its AIRFLOW_HOME, and the variables that its processes have."""

    binaries: Path
    home: Path
    environment: dict[str, str]

    def run(self, *command: str) -> str:
        """What one of the environment's programs prints; its errors where it fails."""
        line = [str(self.binaries / command[0]), *command[1:]]
        done = subprocess.run(line, cwd=self.home / "dags", env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
        return done.stdout


def install(folder: Path, version: str, server: PostgresServer) -> OwnAirflow:
    """Airflow alone, then the wheel beside that very version, with the ledger by a connection of Airflow's."""
    binaries, home = folder / "venv" / "bin", folder / "airflow"
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    pip = [str(binaries / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input"]
    subprocess.run([*pip, f"apache-airflow=={version}"], check=True)
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT, check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, f"apache-airflow=={version}", str(wheel)], check=True)
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "models.py").write_text(DAG_FILE)
    ports = {name: _free_port() for name in ("airflow", "mlflow", "health")}
    return OwnAirflow(binaries, home, _variables(binaries, home, server, ports))


def _variables(binaries: Path, home: Path, server: PostgresServer, ports: dict[str, int]) -> dict[str, str]:
    base = f"http://127.0.0.1:{ports['airflow']}"
    return {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{base}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(ports["airflow"]),
        "AIRFLOW__API__BASE_URL": base,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(ports["health"]),
        "AIRFLOW_CONN_GATEHOUSE_MLFLOW": f"http://{MLFLOW_USER}:{MLFLOW_PASSWORD}@127.0.0.1:{ports['mlflow']}/http",
        "AIRFLOW_CONN_GATEHOUSE_LEDGER": server.url("ledger", "ledger").replace("postgresql://", "postgres://"),
    }


@contextmanager
def standalone(own: OwnAirflow) -> Iterator[AirflowApi]:
    """`airflow standalone`, and MLflow's server with a login, which runs in this environment and so elsewhere. Both end with
    the block; the API is that of the one user whom Airflow makes."""
    base, mlflow = own.environment["AIRFLOW__API__BASE_URL"], _mlflow_port(own)
    with ExitStack() as ends:
        for name, (line, variables) in {
            "mlflow": _mlflow_server(own, mlflow),
            "airflow": ([str(own.binaries / "airflow"), "standalone"], own.environment),
        }.items():
            started = process.start(line, own.home / f"{name}.log", variables)
            ends.callback(process.end, started.pid, 20)
        health = (f"http://127.0.0.1:{mlflow}/health", f"{base}/api/v2/monitor/health")
        wait(lambda: all(map(_answers, health)), START_SECONDS)
        (passwords,) = own.home.glob("*passwords.json.generated")
        ((user, password),) = json.loads(passwords.read_text()).items()
        yield AirflowApi(base, user, password)


def _mlflow_port(own: OwnAirflow) -> int:
    return urlsplit(own.environment["AIRFLOW_CONN_GATEHOUSE_MLFLOW"]).port or 0


def _mlflow_server(own: OwnAirflow, port: int) -> tuple[list[str], dict[str, str]]:
    config = own.home / "auth.ini"
    config.write_text(
        f"[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = sqlite:///{own.home}/auth.db\n"
        f"admin_username = {MLFLOW_USER}\nadmin_password = {MLFLOW_PASSWORD}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    line = [str(Path(sys.executable).parent / "mlflow"), "server", "--app-name", "basic-auth", "--host", "127.0.0.1",
            "--port", str(port), "--workers", "1", "--backend-store-uri", f"sqlite:///{own.home}/mlflow.db",
            "--serve-artifacts", "--artifacts-destination", str(own.home / "artifacts")]  # fmt: skip
    variables = {
        "PATH": os.environ["PATH"],
        "MLFLOW_AUTH_CONFIG_PATH": str(config),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": MLFLOW_PASSWORD,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    return [sys.executable, *line], variables


def wait(known: Callable[[], bool], seconds: float) -> None:
    """Return as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not known():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(2)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
