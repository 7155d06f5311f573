"""A container's first program: checks what it was given, then becomes its command.

python -m gatehouse.deploy.entrypoint PART COMMAND ARGUMENT...
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gatehouse.deploy.container_env import PARTS, environment_of
from gatehouse.errors import ConfigurationError

AUTH_FILE = Path("/tmp/mlflow-auth.ini")  # noqa: S108 - a memory of this container alone; no other path is writable


def main(part: str, command: list[str]) -> int:
    """Replace this process by the command; returns only when something is missing or wrong, each said in a sentence."""
    try:
        if part not in PARTS:
            raise ConfigurationError("no such part", found=part, allowed=", ".join(PARTS))
        os.environ.update(environment_of(part, os.environ))
    except ConfigurationError as error:
        print(f"gatehouse {part} does not start:\n{error}", file=sys.stderr)
        return 1
    address = os.environ.pop("GATEHOUSE_MLFLOW_AUTH_DATABASE", "")
    if part == "mlflow":
        write_auth_file(AUTH_FILE, address)
        os.environ["MLFLOW_AUTH_CONFIG_PATH"] = str(AUTH_FILE)
    os.execvp(command[0], command)  # noqa: S606 - the command is the image's or the operator's own


def write_auth_file(path: Path, address: str) -> None:
    """MLflow's login: nothing is allowed that was not granted."""
    text = (
        "[mlflow]\n"
        "default_permission = NO_PERMISSIONS\n"
        f"database_uri = {address.replace('%', '%%')}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
