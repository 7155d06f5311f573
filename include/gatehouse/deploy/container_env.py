"""What each container starts with: its secrets, read from files, in the variables that Airflow, MLflow and Gatehouse read.

A container is given the secrets of its part and no others, so task code on a worker can reach the ledger as the
application's role, MLflow as one identity and the broker: neither Airflow's database nor the keys that sign its tokens.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

from gatehouse.dev_stack.stack_dir import ROLES
from gatehouse.errors import ConfigurationError
from gatehouse.settings import Settings

FOLDER = Path("/run/secrets")
SHORTEST = 12  # what MLflow asks of a password, and a floor for all of them
Read = Callable[[str], str]
Variables = dict[str, str]


def secret(name: str, folder: Path = FOLDER) -> str:
    """A secret's value; ConfigurationError when its file is missing, unreadable, empty or too short."""
    path = folder / name
    try:
        value = path.read_text().strip()
    except OSError as error:
        raise ConfigurationError(
            f"the secret {name} cannot be read",
            where=str(path),
            found=type(error).__name__,
            allowed="a file made by `make secrets`, mounted by docker-compose.yaml",
        ) from None
    if len(value) < SHORTEST or any(letter.isspace() for letter in value):
        allowed = f"{SHORTEST} characters or more, without spaces; remove the file and run `make secrets`"
        raise ConfigurationError(f"the secret {name} is no secret", where=str(path), allowed=allowed)
    return value


def secrets_dir() -> tuple[str, int]:
    """Where PostgreSQL answers."""
    host, _, port = os.environ.get("GATEHOUSE_POSTGRES", "postgres:5432").partition(":")
    return host, int(port or 5432)


def database(name: str, role: str, read: Read, driver: str = "") -> str:
    """The address of one of the databases as a role."""
    host, port = secrets_dir()
    password = quote(read(f"{SECRET_OF.get(role, role)}_password"), safe="")
    return f"postgresql{driver}://{role}:{password}@{host}:{port}/{name}"


SECRET_OF = {"airflow": "airflow_db", "mlflow": "mlflow_db"}


def airflow(read: Read) -> Variables:
    """Airflow's own database and the key that its connections are encrypted with."""
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database("airflow", "airflow", read, "+psycopg2"),
        "AIRFLOW__CORE__FERNET_KEY": read("airflow_fernet_key"),
    }


def tokens(read: Read) -> Variables:
    """The keys that sign sessions and task tokens."""
    return {
        "AIRFLOW__API__SECRET_KEY": read("airflow_api_key"),
        "AIRFLOW__API_AUTH__JWT_SECRET": read("airflow_jwt_key"),
    }


def broker(read: Read) -> Variables:
    """Redis for messages and for results: a worker needs no way into Airflow's database."""
    address = f"redis://:{quote(read('redis_password'), safe='')}@{os.environ.get('GATEHOUSE_REDIS', 'redis:6379')}"
    return {"AIRFLOW__CELERY__BROKER_URL": f"{address}/0", "AIRFLOW__CELERY__RESULT_BACKEND": f"{address}/1"}


def ledger(read: Read) -> Variables:
    """The ledger as the application: it may read all and append, not change what is there."""
    return {"GATEHOUSE_LEDGER_URL": database("ledger", "ledger", read)}


def ledger_trainer(read: Read) -> Variables:
    """The ledger as the trainer: it writes trainings and decisions, and no answer, champion or batch."""
    return {"GATEHOUSE_LEDGER_URL": database("ledger", "ledger_trainer", read)}


def ledger_reader(read: Read) -> Variables:
    """The ledger as the reader, which writes nothing: for a server that answers whoever asks."""
    return {"GATEHOUSE_LEDGER_URL": database("ledger", "ledger_reader", read)}


def mlflow_credentials(user: str) -> Callable[[Read], Variables]:
    """MLflow as one of its users."""

    def variables(read: Read) -> Variables:
        return {"MLFLOW_TRACKING_USERNAME": user, "MLFLOW_TRACKING_PASSWORD": read(f"mlflow_{user}_password")}

    return variables


def mlflow_server(read: Read) -> Variables:
    """MLflow's database, and a file for its login, which takes the database's address from nowhere else."""
    address = database("mlflow", "mlflow", read, "+psycopg2")
    return {
        "MLFLOW_BACKEND_STORE_URI": address,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": read("mlflow_flask_key"),
        "MLFLOW_AUTH_ADMIN_USERNAME": "admin",
        "MLFLOW_AUTH_ADMIN_PASSWORD": read("mlflow_admin_password"),
        "GATEHOUSE_MLFLOW_AUTH_DATABASE": address,
    }


def administrator(read: Read) -> Variables:
    """Airflow's administrator, for `gatehouse dev demo`."""
    return {"GATEHOUSE_AIRFLOW_PASSWORD": read("airflow_admin_password")}


def scrape(read: Read) -> Variables:
    """The token that Prometheus shows; the pages read its file at each scrape."""
    read("scrape_token")
    return {"GATEHOUSE_SCRAPE_TOKEN_FILE": str(FOLDER / "scrape_token")}


def anchors(read: Read) -> Variables:
    """The key that signs anchors of the audit log: for those who change the champion, and for the hourly anchor."""
    read("anchor_key")
    return {"GATEHOUSE_ANCHOR_KEY_FILE": str(FOLDER / "anchor_key")}


def serving(read: Read) -> Variables:
    """The token that requests show; a server reads its file again when it changes."""
    read("serving_token")
    return {"GATEHOUSE_SERVING_TOKENS_FILE": str(FOLDER / "serving_token")}


def role_passwords(read: Read) -> dict[str, str]:
    """The password of each of the databases' roles, for `init`."""
    return {role: read(f"{SECRET_OF.get(role, role)}_password") for role in ROLES}


PEOPLE = ("admin", "reviewer", "viewer")
IDENTITIES = ("admin", "trainer", "promoter")
FOR_INIT = tuple(f"{SECRET_OF.get(role, role)}_password" for role in ROLES) + tuple(
    [f"airflow_{name}_password" for name in PEOPLE] + [f"mlflow_{name}_password" for name in IDENTITIES]
)


def init_variables(read: Read) -> Variables:
    """What `init` reads by itself is looked at before it begins."""
    for name in FOR_INIT:
        read(name)
    return {}


PARTS: dict[str, tuple[Callable[[Read], Variables], ...]] = {
    "init": (airflow, tokens, ledger, mlflow_server, init_variables),
    "api-server": (airflow, tokens, ledger, mlflow_credentials("promoter"), scrape, anchors),
    "scheduler": (airflow, tokens, broker),
    "dag-processor": (airflow, tokens),
    "triggerer": (airflow, tokens, ledger),
    "worker-light": (broker, ledger, mlflow_credentials("promoter"), anchors),
    "worker-train": (broker, ledger_trainer, mlflow_credentials("trainer")),
    "serving": (ledger_reader, serving, scrape),
    "mlflow": (mlflow_server,),
    "cli": (ledger, mlflow_credentials("promoter"), administrator, anchors),
    "s3-check": (),
}
TOUCHES_THE_LAKE = (
    "init",
    "api-server",
    "triggerer",
    "worker-light",
    "worker-train",
    "serving",
    "mlflow",
    "cli",
    "s3-check",
)


def secrets_of(part: str) -> set[str]:
    """The names of the secrets that a part is given."""
    asked: set[str] = set(S3) if part in TOUCHES_THE_LAKE else set()

    def read(name: str) -> str:
        asked.add(name)
        return "x"

    for variables in PARTS[part]:
        variables(read)
    return asked


S3 = {"s3_access_key": "AWS_ACCESS_KEY_ID", "s3_secret_key": "AWS_SECRET_ACCESS_KEY"}


def object_store(env: Mapping[str, str], read: Read) -> Variables:
    """The keys of the object store, where the lake or MLflow's artefacts are in one."""
    places = (env.get("GATEHOUSE_LAKE", ""), env.get("GATEHOUSE_MLFLOW_ARTIFACTS", ""))
    if not any(place.startswith("s3://") for place in places):
        return {}
    return {variable: read(name) for name, variable in S3.items()}


def environment_of(part: str, env: Mapping[str, str], folder: Path = FOLDER) -> Variables:
    """The variables of a part; ConfigurationError with one sentence for each value that is missing or wrong."""
    found: Variables = {}
    wrong = Settings.problems(env)
    groups: Iterable[Callable[[Read], Variables]] = PARTS[part]
    if part in TOUCHES_THE_LAKE:
        groups = (*groups, lambda read: object_store(env, read))
    said: set[str] = set()

    def read(name: str) -> str:
        try:
            return secret(name, folder)
        except ConfigurationError as error:
            said.add(str(error))
            return ""

    for variables in groups:
        found |= variables(read)
    if wrong or said:
        raise ConfigurationError("\n".join([*wrong, *sorted(said)]))
    return found
