"""One production stack with a name, ports, secrets and settings of its own; and what is asked of it over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[2]
CASE = "flight_delays"
PEOPLE = ("viewer", "reviewer", "admin")
Killed = tuple[set[tuple[str, int]], datetime]  # the fits (run, candidate) that a killed worker was in, and when


class Failed(Exception):
    """The step says what was expected and what was found."""


def expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Failed(f"{what}: found {found!r}, expected {wanted!r}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Run:
    """The stack that is tried: the first one, and from `project` on another, with other containers and volumes."""

    def __init__(self, folder: Path) -> None:
        self.began = time.monotonic()
        self.folder = folder
        self.airflow, self.mlflow = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.environment = os.environ | {
            "GATEHOUSE_ENV": str(folder / "env"),
            "GATEHOUSE_SECRETS": str(folder / "secrets"),
            "GATEHOUSE_AIRFLOW_PORT": self.airflow.rpartition(":")[2],
            "GATEHOUSE_MLFLOW_PORT": self.mlflow.rpartition(":")[2],
            "GATEHOUSE_AIRFLOW_URL": self.airflow,
            "GATEHOUSE_MLFLOW_URL": self.mlflow,
        }
        self.processes = ""  # what process lists showed while batches were under way
        self.killed: Killed = (set(), datetime.now(UTC))
        self.project("gatehouse-run")

    def project(self, name: str) -> None:
        self.environment["COMPOSE_PROJECT_NAME"] = f"{name}-{os.getpid()}"

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self.began:5.0f} s] {text}", flush=True)

    def compose(self, *arguments: str, check: bool = True) -> str:
        """What compose prints; Failed with the end of it when it does not succeed."""
        return self.call([str(ROOT / "bin/compose"), *arguments], check)

    def call(self, command: list[str], check: bool = True, given: str = "") -> str:
        """What a command prints; `given` is its standard input, where no process list shows it."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, input=given)
        if check and done.returncode:
            raise Failed(f"{' '.join(command)}: exit {done.returncode}: {(done.stdout + done.stderr)[-3000:]}")
        return done.stdout + ("" if check else done.stderr)

    def inside(self, service: str, *command: str, check: bool = True, given: str = "") -> str:
        """What a command prints in the first container of a service."""
        return self.call(["docker", "exec", "-i", self.containers(service)[0], *command], check, given)

    def gatehouse(self, *arguments: str) -> str:
        """What a `gatehouse` command prints inside the stack."""
        return self.compose("run", "--rm", "-T", "cli", *arguments)

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text()

    def secrets(self) -> dict[str, str]:
        """The values of all secrets that have one."""
        found = {path.name: path.read_text() for path in (self.folder / "secrets").iterdir()}
        return {name: value for name, value in found.items() if value}

    def containers(self, *services: str) -> list[str]:
        return self.compose("ps", "-q", *services).split()

    def token(self, user: str) -> str:
        """A session of one of Airflow's users."""
        asked = {"username": user, "password": self.secret(f"airflow_{user}_password")}
        return str(json.loads(ask(f"{self.airflow}/auth/token", body=asked).text)["access_token"])

    def api(self, path: str, method: str = "GET", body: object = None) -> dict:
        """Airflow's REST API as its administrator; Failed unless it answers with success."""
        answer = ask(f"{self.airflow}/api/v2/{path}", bearer=self.token("admin"), body=body, method=method)
        expect(f"{method} {path}: {answer.text[:300]}: a success", answer.status < 300, True)
        return dict(json.loads(answer.text or "{}"))


@dataclass(frozen=True)
class Answer:
    """What an address answered."""

    status: int
    text: str


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """An answer that leads elsewhere is that answer."""

    def redirect_request(self, *args: object) -> None:
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)


def ask(
    url: str,
    bearer: str = "",
    basic: tuple[str, str] | None = None,
    body: object = None,
    form: dict[str, str] | None = None,
    method: str = "",
) -> Answer:
    """One request, with a session, a user and password, or as a stranger; `body` goes as JSON, `form` as a page's."""
    headers = {"Content-Type": "application/json"} if form is None else {}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    if basic:
        headers["Authorization"] = "Basic " + b64encode(":".join(basic).encode()).decode()
    data = None if body is None else json.dumps(body).encode()
    if form is not None:
        data = urlencode(form).encode()
    request = urllib.request.Request(url, data, headers, method=method or ("POST" if data else "GET"))
    try:
        with OPENER.open(request, timeout=60) as answer:
            return Answer(answer.status, answer.read().decode(errors="replace"))
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode(errors="replace"))
