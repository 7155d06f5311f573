"""MLflow's schemas, identities and permissions, written to its database before its server starts.

`trainer` may register versions of the installed use cases' models, `promoter` may move and remove their aliases. MLflow
knows one permission for registering and for setting an alias, so it cannot keep a trainer from setting one; the ledger,
which nobody but the gate writes champions to, is what decides, and the maintenance reports and repairs a moved alias.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gatehouse.deploy.container_env import IDENTITIES
from gatehouse.settings import Settings
from gatehouse.use_case import folders

ARTIFACTS = "mlflow-artifacts:/"  # artefacts go through the server, so that nobody needs the key of their store
GRANTS = {
    "trainer": {"experiment": "EDIT", "registered_model": "EDIT"},
    "promoter": {"experiment": "READ", "registered_model": "MANAGE"},
}


def upgrade(address: str) -> None:
    """Bring the schemas of tracking, registry and login to this version's."""
    from mlflow.db import upgrade as command

    upgrade_tracking: Any = command.callback  # what `mlflow db upgrade` does, without the password on a command line
    upgrade_tracking(address)
    _users(address)


def prepare(address: str, secret: Callable[[str], str]) -> None:
    """Identities with their present passwords, and for each use case an experiment, a registered model and the grants."""
    users = _users(address)
    for name in IDENTITIES:
        password = secret(f"mlflow_{name}_password")
        if users.has_user(name):
            users.update_user(name, password=password)
        else:
            users.create_user(name, password, is_admin=name == "admin")
    names = [folder.name for folder in folders(Settings.from_environment().usecases)]
    for name in names:
        _grant(users, "experiment", _experiment(address, f"gatehouse/{name}"))
        _grant(users, "registered_model", _model(address, name))
    print("MLflow's identities:", ", ".join(IDENTITIES), "for", ", ".join(names))


def _users(address: str) -> Any:
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

    store: Any = SqlAlchemyStore()
    store.init_db(address)
    return store


def _open(store: Any, *arguments: str) -> Any:
    return store(*arguments)


def _experiment(address: str, name: str) -> str:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store: Any = _open(SqlAlchemyStore, address, ARTIFACTS)
    found = store.get_experiment_by_name(name)
    if found is None:
        return str(store.create_experiment(name))
    if found.lifecycle_stage == "deleted":  # only an administrator may restore what an administrator deleted
        store.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _model(address: str, name: str) -> str:
    from mlflow.exceptions import MlflowException
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    store: Any = _open(SqlAlchemyStore, address)
    try:
        store.get_registered_model(name)
    except MlflowException:
        store.create_registered_model(name, description="Kept by Gatehouse; the ledger says which version serves.")
    return name


def _grant(users: Any, kind: str, resource: str) -> None:
    from mlflow.exceptions import MlflowException

    for user, permissions in GRANTS.items():
        try:
            users.grant_user_resource_permission(user, kind, resource, permissions[kind])
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
