"""Airflow's FAB auth manager, with reviews assigned by user name.

A review is assigned to the approvers that `gate.yaml` names. FAB compares them with the number of a user in its database,
which no file of a use case can know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.providers.fab.auth_manager.fab_auth_manager import FabAuthManager

if TYPE_CHECKING:
    from airflow.providers.fab.auth_manager.models import User


class NamedFabAuthManager(FabAuthManager):
    """A user is an assigned one when their user name is; the permission to answer reviews is asked for besides."""

    def is_authorized_hitl_task(self, *, assigned_users: set[str], user: User) -> bool:
        """Whether the user is among those a review is assigned to."""
        return user.get_name() in assigned_users
