"""The folder of one local stack: its paths, its generated credentials (0600) and the ports it has settled on."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

PREFERRED_PORTS = {"postgres": 5433, "mlflow": 5000, "airflow": 8080, "scheduler-health": 8974}
ROLES = ("postgres", "airflow", "mlflow", "ledger_owner", "ledger", "ledger_trainer", "ledger_reader")
USERS = {"admin": "admin", "reviewer": "op", "viewer": "viewer"}
SECRETS = ("jwt", "api", "mlflow_flask")


@dataclass(frozen=True)
class StackDirectory:
    """Paths below `root`; everything in it is readable by its owner only."""

    root: Path

    def prepare(self) -> StackDirectory:
        """Create the folders; returns itself."""
        for folder in (self.root, self.logs, self.airflow, self.lake, self.artifacts):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def airflow(self) -> Path:
        return self.root / "airflow"

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def artifacts(self) -> Path:
        return self.root / "mlflow-artifacts"

    @property
    def state(self) -> Path:
        return self.root / "state.json"

    @property
    def lock(self) -> Path:
        return self.root / "supervisor.lock"

    @property
    def turn(self) -> Path:
        """The lock of the commands that start or end the stack: one of them at a time."""
        return self.root / "command.lock"

    def contents(self) -> list[Path]:
        """Everything that a stack keeps below its root."""
        folders = (self.logs, self.airflow, self.lake, self.artifacts, self.root / "postgres")
        files = (self.root / name for name in ("ports.json", "credentials.json", "anchor.key"))
        return [*folders, self.state, self.lock, self.turn, *files]

    @property
    def mark(self) -> str:
        """What every process of this stack carries in its environment, so that none can be overlooked."""
        return hashlib.sha256(str(self.root.resolve()).encode()).hexdigest()[:16]

    def credentials(self) -> tuple[dict[str, dict[str, str]], bool]:
        """The stack's passwords and keys, and whether they were generated just now."""
        path = self.root / "credentials.json"
        if path.is_file():
            known = json.loads(path.read_text())
            missing = [role for role in ROLES if role not in known["roles"]]  # a role of a later version
            if missing:
                known["roles"] |= {role: secrets.token_urlsafe(24) for role in missing}
                write_private(path, json.dumps(known, indent=2))
            return known, False
        made = {
            "roles": {role: secrets.token_urlsafe(24) for role in ROLES},
            "users": {user: secrets.token_urlsafe(12) for user in USERS},
            "keys": {name: secrets.token_urlsafe(48) for name in SECRETS}
            | {"fernet": base64.urlsafe_b64encode(os.urandom(32)).decode()},
        }
        write_private(path, json.dumps(made, indent=2))
        return made, True

    def anchor_key(self) -> Path:
        """The file with the key that signs anchors of the audit log; it is made when there is none."""
        path = self.root / "anchor.key"
        if not path.is_file():
            write_private(path, secrets.token_urlsafe(32))
        return path

    def ports(self) -> dict[str, int]:
        """The ports of this stack: those it had before while they are free, else the preferred ones, else the next free."""
        path = self.root / "ports.json"
        wanted = PREFERRED_PORTS | (json.loads(path.read_text()) if path.is_file() else {})
        taken: set[int] = set()
        for name, port in wanted.items():
            wanted[name] = free_port(port, taken)
            taken.add(wanted[name])
        write_private(path, json.dumps(wanted))
        return wanted


def free_port(port: int, taken: set[int]) -> int:
    """The first port from `port` upwards on 127.0.0.1 that nobody listens on."""
    while port in taken or not _is_free(port):
        port += 1
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    temporary.replace(path)
