"""People and pools in Airflow's database, for an installation that is shared: the role Reviewer, the first users, the pools.

python -m gatehouse_airflow.bootstrap_users

| role | may |
|---|---|
| Viewer | read DAGs, runs, logs and every page of Gatehouse's |
| Reviewer | besides: answer reviews and start Gatehouse's DAGs; `gate.yaml` says which reviewers count as approvers |
| Admin | everything |
"""

from __future__ import annotations

import os
from typing import Any

from airflow.models.pool import Pool
from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
from airflow.utils.session import create_session

from gatehouse.deploy.container_env import PEOPLE, secret

REVIEWER = "Reviewer"
ROLE_OF = {"admin": "Admin", "reviewer": REVIEWER, "viewer": "Viewer"}
# Beyond a Viewer's: an answer under Required Actions, and runs of the DAGs (a rollback, a retraining). Not the states of
# tasks, which Airflow's own role User may change: nobody but an administrator marks a review as done.
MORE = (("can_edit", "HITL Detail"), ("can_create", "DAG Runs"), ("can_edit", "DAGs"))


def make_reviewer_role(manager: Any) -> None:
    """A Viewer's permissions and `MORE`; a permission taken away by an administrator is given back."""
    role = manager.add_role(REVIEWER)
    wanted = [(p.action.name, p.resource.name) for p in manager.find_role("Viewer").permissions]
    for action, resource in (*wanted, *MORE):
        manager.add_permission_to_role(role, manager.create_permission(action, resource))


def make_users(manager: Any) -> None:
    """The first users with their present passwords; whoever else there is stays as they are."""
    for name in PEOPLE:
        password, user = secret(f"airflow_{name}_password"), manager.find_user(username=name)
        if user is None:
            role = manager.find_role(ROLE_OF[name])
            user = manager.add_user(name, name, "", f"{name}@gatehouse.invalid", role, password)
        if not user:
            raise SystemExit(f"Airflow did not take the user {name}")
        manager.reset_password(user.id, password)


def make_pools(light: int, train: int) -> None:
    """As many slots as the workers have, so that what is queued starts at once and a lost message is noticed soon."""
    with create_session() as session:
        for name, slots in (("default_pool", light), ("train", train)):
            Pool.create_or_update_pool(name, slots, "set by Gatehouse's init", False, session=session)


def main() -> None:
    """Everything, as often as wanted."""
    with get_application_builder() as builder:
        manager = builder.sm
        manager.sync_roles()
        make_reviewer_role(manager)
        make_users(manager)
    make_pools(int(os.environ["GATEHOUSE_DEFAULT_SLOTS"]), int(os.environ["GATEHOUSE_TRAIN_SLOTS"]))
    print("Airflow's users:", ", ".join(f"{name} ({role})" for name, role in ROLE_OF.items()))


if __name__ == "__main__":
    main()
