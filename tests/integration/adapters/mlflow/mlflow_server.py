"""A real MLflow server for the tests of one file."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gatehouse.dev_stack import process

FOLDERS: dict[str, Path] = {}  # where the server at an address keeps its database and its artefacts


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """A server that answers, over what is in the folder; whoever starts it ends it."""
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "artifacts"),
    ]  # fmt: skip
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    started = process.start(command, folder / "log", environment)
    deadline = time.monotonic() + 90
    while not _answers(f"http://127.0.0.1:{port}"):
        if time.monotonic() > deadline:
            stop(started)
            pytest.fail((folder / "log").read_text()[-2000:])
        time.sleep(0.2)
    return started


def stop(started: subprocess.Popen[bytes]) -> None:
    """End a server that `start` made."""
    process.end(started.pid, grace=5)
    started.wait()


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address."""
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    started = start(folder, port)
    address = f"http://127.0.0.1:{port}"
    FOLDERS[address] = folder
    yield address
    stop(started)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False
