"""What has to be there before anything serves: roles and databases, their newest schemas, people and permissions.

python -m gatehouse.deploy.prepare [roles]

Everything may be done again: an upgrade and a changed secret are both a second run. `roles` stops after the first step,
for a restore, which brings the tables itself.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gatehouse.adapters.ledger import migrate
from gatehouse.deploy import mlflow_users
from gatehouse.deploy.container_env import database, role_passwords, secret, secrets_dir
from gatehouse.dev_stack import postgres
from gatehouse.dev_stack.stack_dir import ROLES

WAIT_SECONDS = 60.0


def server() -> postgres.PostgresServer:
    """The stack's PostgreSQL, as its superuser and every role."""
    host, port = secrets_dir()
    return postgres.PostgresServer(Path(), Path(), port, role_passwords(secret), host=host)


def prepare_databases() -> None:
    """Roles with their present passwords, a database each for Airflow, MLflow and the ledger."""
    found = server()
    postgres.wait_for(found, Path("/dev/null"), WAIT_SECONDS)
    postgres.prepare(found)
    print("roles and databases: ", ", ".join(ROLES))


def migrate_all() -> None:
    """Bring the three schemas to this version's."""
    migrate.upgrade(database("ledger", "ledger_owner", secret), "ledger")
    print("the ledger's schema is the newest")
    subprocess.run(["airflow", "db", "migrate"], check=True)
    print("Airflow's schema is the newest")
    mlflow_users.upgrade(database("mlflow", "mlflow", secret, "+psycopg2"))
    print("MLflow's schemas are the newest")


def main(arguments: list[str]) -> None:
    """Run the steps in their order."""
    prepare_databases()
    if arguments == ["roles"]:
        return
    migrate_all()
    mlflow_users.prepare(database("mlflow", "mlflow", secret, "+psycopg2"), secret)
    subprocess.run([sys.executable, "-m", "gatehouse_airflow.bootstrap_users"], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
